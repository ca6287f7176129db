import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { assetHeaderHash, decodeAssetHeader } from "../../shared/protocol/asset-header.js"
import { decodeAssetRecord } from "../../shared/protocol/asset-record.js"
import { concatBytes, equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { leafHash, MerkleAccumulator } from "../../shared/protocol/merkle.js"
import { verifyReceipt } from "../../shared/protocol/receipt.js"
import { CHUNK_BYTES, chunkCount, chunkSize, SEGMENT_BYTES } from "../../shared/protocol/sizes.js"
import { nodeSha256 } from "../../shared/server/ambient.js"
import { verifySignature } from "../../shared/server/signatures.js"
import { refused } from "./bag-reader.js"
import type { ProducedRow } from "./record-reader.js"

/** Follows one asset's rows and bytes. SPEC.md §12, 6 and 7. */
export class AssetCheck {
  readonly row: ProducedRow<"assets">
  readonly headerHash: Uint8Array
  readonly #folder: string
  readonly #payload: Set<string>
  readonly #id: string
  readonly #tree = new MerkleAccumulator()
  readonly #chunkHashes: Uint8Array[] = []
  /** Bytes up to which chunks and pieces account for the asset. */
  #coveredBytes = 0
  #nextChunk = 0

  /** `payload` is emptied of the files that belong to the asset. */
  constructor(row: ProducedRow<"assets">, folder: string, payload: Set<string>) {
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
    this.#coveredBytes = row.n * CHUNK_BYTES + row.size_bytes
    const segments = Math.ceil(row.size_bytes / SEGMENT_BYTES)
    if (row.leaf_hashes.length !== segments * 32) throw refused("a chunk with other leaf hashes than segments", place)
    for (let at = 0; at < row.leaf_hashes.length; at += 32) this.#tree.add(row.leaf_hashes.slice(at, at + 32))
    if (!row.stored) return
    if (row.sha256 === null) throw refused("a stored chunk without its hash", place)
    this.#chunkHashes.push(row.sha256)
    await this.#checkBytes(`data/objects/${this.#id}/${row.n}`, row.size_bytes, row.sha256, row.leaf_hashes, place)
  }

  async piece(row: ProducedRow<"pieces">): Promise<void> {
    const place = `asset ${this.#id} piece ${row.start_bytes}`
    if (!equalBytes(row.asset_id, this.row.asset_id)) throw refused("a piece of another asset", place)
    if (row.start_bytes > this.#coveredBytes) throw refused("bytes before this piece are missing", place)
    this.#coveredBytes = Math.max(this.#coveredBytes, row.start_bytes + row.size_bytes)
    await this.#checkBytes(
      `data/pieces/${this.#id}/${row.start_bytes}`,
      row.size_bytes,
      row.sha256,
      row.leaf_hashes,
      place,
    )
  }

  /** After the asset's last row. */
  async finish(instanceKey: Uint8Array, serverKeys: readonly Uint8Array[]): Promise<void> {
    const { state, size_bytes: sizeBytes, root, receipt, offset_bytes: offsetBytes } = this.row
    const place = `asset ${this.#id}`
    if (state === "cancelled") return
    if (this.#coveredBytes !== offsetBytes)
      throw refused(`bytes ${this.#coveredBytes} to ${offsetBytes - 1} are missing`, place)
    if (state !== "stored") return
    if (sizeBytes === null || root === null || receipt === null)
      throw refused("a stored asset without size, root or receipt", place)
    const complete =
      this.#nextChunk === chunkCount(sizeBytes) &&
      this.#coveredBytes === sizeBytes &&
      this.#chunkHashes.length === this.#nextChunk
    if (
      !complete ||
      this.#nextChunk === 0 ||
      chunkSize(this.#nextChunk - 1, sizeBytes) !== sizeBytes - (this.#nextChunk - 1) * CHUNK_BYTES
    )
      throw refused("chunks are missing", place)
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

  async #checkBytes(
    path: string,
    sizeBytes: number,
    sha256: Uint8Array,
    leaves: Uint8Array,
    place: string,
  ): Promise<void> {
    const bytes = await this.#read(path, place)
    if (bytes.length !== sizeBytes || !equalBytes(createHash("sha256").update(bytes).digest(), sha256))
      throw refused("bytes that are not what their row says", place)
    for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) {
      const segment = at / SEGMENT_BYTES
      if (
        !equalBytes(
          leafHash(bytes.subarray(at, at + SEGMENT_BYTES), nodeSha256),
          leaves.subarray(segment * 32, segment * 32 + 32),
        )
      ) {
        throw refused("a segment that is not what its leaf hash says", `${place} segment ${segment}`)
      }
    }
  }

  async #read(path: string, place: string): Promise<Uint8Array> {
    if (!this.#payload.delete(path)) throw refused(`${path} is missing`, place)
    return await readFile(join(this.#folder, path))
  }
}
