import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { assetHeaderHash, decodeAssetHeader } from "../../shared/protocol/asset-header.js"
import { decodeAssetRecord } from "../../shared/protocol/asset-record.js"
import { concatBytes, equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { HASH_BYTES } from "../../shared/protocol/hash.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { leafHash, MerkleAccumulator } from "../../shared/protocol/merkle.js"
import { verifyReceipt } from "../../shared/protocol/receipt.js"
import { CHUNK_BYTES, chunkCount, chunkSize, SEGMENT_BYTES } from "../../shared/protocol/sizes.js"
import { nodeSha256 } from "../../shared/server/ambient.js"
import { verifySignature } from "../../shared/server/signatures.js"
import { refused } from "./bag-reader.js"
import type { ProducedRow } from "./record-reader.js"

/** The largest that a bag can hold is an asset record. SPEC.md §13. */
const MAX_OBJECT_BYTES = LIMITS.assetRecordBytes

/** Whether an asset in this state is one that its meeting counts. */
export function isCounted(state: string): boolean {
  return state === "stored" || state === "marked"
}

/** Whether it had its receipt, and so all of its bytes. What a hold keeps is in state `purging`. */
export function wasStored(state: string): boolean {
  return isCounted(state) || state === "purging"
}

/** Follows one asset's rows and bytes. SPEC.md §12, 6 and 7. */
export class AssetCheck {
  readonly row: ProducedRow<"assets">
  readonly headerHash: Uint8Array
  readonly #folder: string
  readonly #payload: Map<string, number>
  readonly #id: string
  readonly #tree = new MerkleAccumulator()
  readonly #chunkHashes: Uint8Array[] = []
  /** Stretches of the stream whose bytes are in the bag. */
  readonly #present: { readonly start: number; end: number }[] = []
  /** Complete chunks that are not in the store yet, and the leaf hashes of the pieces that make them. */
  readonly #waiting = new Map<number, ProducedRow<"chunks">>()
  readonly #pieceLeaves = new Map<number, Uint8Array[]>()
  #nextChunk = 0
  #chunkBytes = 0

  /** `payload` is emptied of the files that belong to the asset. */
  constructor(row: ProducedRow<"assets">, folder: string, payload: Map<string, number>) {
    this.row = row
    this.#folder = folder
    this.#payload = payload
    this.#id = toHex(row.asset_id)
    this.headerHash = assetHeaderHash(row.header)
    const { assetId } = decodeAssetHeader(row.header)
    if (!equalBytes(assetId, row.asset_id) || !equalBytes(this.headerHash, row.header_hash))
      throw refused("an asset whose header is another's", `asset ${this.#id}`)
  }

  async chunk(row: ProducedRow<"chunks">): Promise<void> {
    const place = `asset ${this.#id} chunk ${row.n}`
    if (!equalBytes(row.asset_id, this.row.asset_id) || row.n !== this.#nextChunk)
      throw refused(`chunk ${this.#nextChunk} is missing`, place)
    this.#nextChunk += 1
    this.#chunkBytes += row.size_bytes
    for (let at = 0; at < row.leaf_hashes.length; at += HASH_BYTES)
      this.#tree.add(row.leaf_hashes.slice(at, at + HASH_BYTES))
    if (!row.stored) {
      this.#waiting.set(row.n, row)
      return
    }
    if (row.sha256 === null) throw refused("a stored chunk without its hash", place)
    this.#chunkHashes.push(row.sha256)
    await this.#checkBytes(`data/objects/${this.#id}/${row.n}`, row.n * CHUNK_BYTES, row.sha256, row, place)
  }

  async piece(row: ProducedRow<"pieces">): Promise<void> {
    const place = `asset ${this.#id} piece ${row.start_bytes}`
    if (!equalBytes(row.asset_id, this.row.asset_id)) throw refused("a piece of another asset", place)
    const n = Math.floor(row.start_bytes / CHUNK_BYTES)
    this.#pieceLeaves.set(n, [...(this.#pieceLeaves.get(n) ?? []), row.leaf_hashes])
    const path = `data/pieces/${this.#id}/${row.start_bytes}`
    await this.#checkBytes(path, row.start_bytes, row.sha256, row, place)
  }

  /** After the asset's last row. */
  async finish(instanceKey: Uint8Array, serverKeys: readonly Uint8Array[]): Promise<void> {
    const { state, removing, size_bytes: sizeBytes, root, receipt, offset_bytes: offsetBytes } = this.row
    const place = `asset ${this.#id}`
    if (removing) {
      this.#payload.delete(`data/objects/${this.#id}/asset.cbor`)
      return
    }
    this.#assertPresent(offsetBytes, place)
    this.#assertComplete(offsetBytes, sizeBytes, place)
    if (!wasStored(state)) return
    if (sizeBytes === null || root === null || receipt === null || sizeBytes !== offsetBytes)
      throw refused("a stored asset without size, root or receipt", place)
    const complete = this.#chunkHashes.length === this.#nextChunk && this.#chunkBytes === sizeBytes
    if (!complete) throw refused("chunks are missing", place)
    if (!equalBytes(this.#tree.root(), root)) throw refused("leaf hashes that do not lead to the root", place)
    verifyReceipt(
      receipt,
      { headerHash: this.headerHash, storedBytes: sizeBytes, root, instanceKey },
      serverKeys,
      verifySignature,
    )
    const record = decodeAssetRecord(await this.#read(`data/objects/${this.#id}/asset.cbor`, place))
    const fits =
      equalBytes(record.header, this.row.header) &&
      equalBytes(record.meetingId, this.row.meeting_id) &&
      record.storedBytes === sizeBytes &&
      equalBytes(record.root, root) &&
      equalBytes(record.chunkHashes, concatBytes(...this.#chunkHashes))
    if (!fits) throw refused("an asset record that is not its asset's", place)
  }

  #assertPresent(offsetBytes: number, place: string): void {
    let covered = 0
    for (const { start, end } of this.#present.toSorted((a, b) => a.start - b.start)) {
      if (start > covered) break
      covered = Math.max(covered, end)
    }
    if (covered < offsetBytes) throw refused(`bytes ${covered} to ${offsetBytes - 1} are missing`, place)
    if (covered > offsetBytes) throw refused("more bytes than were acknowledged", place)
  }

  /** A chunk has its row as soon as all its bytes were acknowledged. */
  #assertComplete(offsetBytes: number, sizeBytes: number | null, place: string): void {
    const complete = sizeBytes === offsetBytes ? chunkCount(sizeBytes) : Math.floor(offsetBytes / CHUNK_BYTES)
    if (this.#nextChunk !== complete) throw refused(`${this.#nextChunk} chunks where ${complete} are complete`, place)
    for (const [n, { size_bytes: chunkBytes, leaf_hashes: leaves }] of this.#waiting) {
      const fits =
        chunkBytes === chunkSize(n, offsetBytes) && equalBytes(leaves, concatBytes(...(this.#pieceLeaves.get(n) ?? [])))
      if (!fits) throw refused("a chunk that is not made of its pieces", `${place} chunk ${n}`)
    }
  }

  /** Bytes that begin at `start` of the stream, against the hashes of their row. */
  async #checkBytes(
    path: string,
    start: number,
    sha256: Uint8Array,
    row: { readonly size_bytes: number; readonly leaf_hashes: Uint8Array },
    place: string,
  ): Promise<void> {
    const leaves = row.leaf_hashes
    if (this.row.removing && !this.#payload.has(path)) return
    const bytes = await this.#read(path, place)
    if (bytes.length !== row.size_bytes || !equalBytes(createHash("sha256").update(bytes).digest(), sha256))
      throw refused("bytes that are not what their row says", place)
    if (leaves.length !== Math.ceil(bytes.length / SEGMENT_BYTES) * HASH_BYTES)
      throw refused("a row with other leaf hashes than segments", place)
    for (let segment = 0; segment * SEGMENT_BYTES < bytes.length; segment++) {
      const sealed = bytes.subarray(segment * SEGMENT_BYTES, (segment + 1) * SEGMENT_BYTES)
      const leaf = leaves.subarray(segment * HASH_BYTES, (segment + 1) * HASH_BYTES)
      if (!equalBytes(leafHash(sealed, nodeSha256), leaf))
        throw refused("a segment that is not what its leaf hash says", `${place} segment ${segment}`)
    }
    this.#note(start, start + bytes.length)
  }

  /** Chunks come in order, so one stretch mostly grows. */
  #note(start: number, end: number): void {
    const last = this.#present.at(-1)
    if (last?.end === start) last.end = end
    else this.#present.push({ start, end })
  }

  async #read(path: string, place: string): Promise<Uint8Array> {
    const sizeBytes = this.#payload.get(path)
    if (sizeBytes === undefined) throw refused(`${path} is missing`, place)
    if (sizeBytes > MAX_OBJECT_BYTES) throw refused("an object larger than any can be", place)
    this.#payload.delete(path)
    return await readFile(join(this.#folder, path))
  }
}
