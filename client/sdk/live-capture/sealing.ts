import { decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { concatBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { HASH_BYTES } from "../../../shared/protocol/hash.js"
import type { AssetId } from "../../../shared/protocol/ids.js"
import {
  decodeLiveSegment,
  encodeLiveSegment,
  LIVE_CLOCK_MAX_MS,
  LIVE_FLUSHES,
  LIVE_SEGMENT_BYTES,
  type LiveFlush,
} from "../../../shared/protocol/live-asset.js"
import { MerkleAccumulator } from "../../../shared/protocol/merkle.js"
import { SEGMENT_BYTES, SEGMENT_PLAINTEXT_BYTES, SEGMENTS_PER_CHUNK } from "../../../shared/protocol/sizes.js"
import { createSegmentOpener } from "../../crypto/segments.js"
import type { Client } from "../client.js"
import { PIECE_PLAINTEXT_OFFSET } from "../segment-work.js"
import type { Journal, JournalLive, JournalStore } from "../upload/journal.js"
import { BufferPool } from "../upload/pieces.js"

/** A journal that a capture began, or a capture's that was archived but not removed yet. */
export type CaptureJournal = Journal & { readonly live: JournalLive }

export function isCapture(journal: Journal): journal is CaptureJournal {
  return journal.live !== null
}

/** @throws {@link ArchiveError} `not-found` where the journal is no capture's. */
export async function loadCapture(store: JournalStore): Promise<CaptureJournal> {
  const journal = await store.load()
  if (journal === null || !isCapture(journal)) throw new ArchiveError("not-found", "no capture is kept here")
  return journal
}

/** What sealing and opening need of a client: a worker has it without an account. */
export type SealingParts = Pick<Client, "segmentWork" | "primitives">

/** What was captured, sealed and kept in the journal, in order. SPEC.md §4.5. */
export class LiveSealer {
  readonly #client: SealingParts
  readonly #store: JournalStore
  readonly #live: JournalLive
  readonly #pool = new BufferPool()
  readonly #leaves: Uint8Array[] = []
  #tree = new MerkleAccumulator()
  readonly flushes: LiveFlush[] = []

  private constructor(client: SealingParts, store: JournalStore, live: JournalLive) {
    this.#client = client
    this.#store = store
    this.#live = live
  }

  /** Goes on where the journal ends. */
  static async open(client: SealingParts, store: JournalStore, live: JournalLive): Promise<LiveSealer> {
    const sealer = new LiveSealer(client, store, live)
    sealer.#take(await store.loadLeaves(sealer.assetId))
    // Sealed bytes are kept before their leaves: what was cut off between the two is taken as it is, and nothing is sealed twice for its place.
    for (let found = await sealer.#unlisted(); found !== null; found = await sealer.#unlisted()) {
      await store.saveLeaves(sealer.assetId, sealer.segments, found)
      sealer.#take(found)
    }
    return sealer
  }

  get assetId(): AssetId {
    return decodeAssetHeader(this.#live.rawHeader).assetId
  }

  get segments(): number {
    return this.#leaves.length
  }

  /** The Merkle root over the first `segments` of them; asked for more and more, it costs little. */
  rootOf(segments: number): Uint8Array {
    if (this.#tree.count > segments) this.#tree = new MerkleAccumulator()
    for (const leaf of this.#leaves.slice(this.#tree.count, segments)) this.#tree.add(leaf)
    return this.#tree.root()
  }

  /** Seals bytes into whole segments; durable when it resolves. The last may be empty. */
  async append(
    bytes: Uint8Array,
    { timeMs, clockMs }: Pick<LiveFlush, "timeMs" | "clockMs">,
    isLast: boolean,
  ): Promise<void> {
    const count = Math.max(isLast ? 1 : 0, Math.ceil(bytes.length / LIVE_SEGMENT_BYTES))
    if (count > 0) this.#note({ segment: this.segments, timeMs, clockMs: Math.min(clockMs, LIVE_CLOCK_MAX_MS) })
    for (let at = 0; at < count; at += SEGMENTS_PER_CHUNK) {
      const end = Math.min(count, at + SEGMENTS_PER_CHUNK)
      const buffer = this.#pool.take()
      for (let index = at; index < end; index++) {
        const part = bytes.subarray(index * LIVE_SEGMENT_BYTES, (index + 1) * LIVE_SEGMENT_BYTES)
        buffer.set(encodeLiveSegment(part), PIECE_PLAINTEXT_OFFSET + (index - at) * SEGMENT_PLAINTEXT_BYTES)
      }
      const firstSegment = this.segments
      const sealed = await this.#client.segmentWork.seal({
        asset: this.#live,
        firstSegment,
        isLast: isLast && end === count,
        plaintextBytes: (end - at) * SEGMENT_PLAINTEXT_BYTES,
        buffer,
      })
      const stored = sealed.buffer.subarray(0, sealed.sealedBytes)
      await this.#store.saveSealed(this.assetId, firstSegment * SEGMENT_BYTES, stored)
      await this.#store.saveLeaves(this.assetId, firstSegment, sealed.leaves)
      this.#take(sealed.leaves)
      this.#pool.give(sealed.buffer)
    }
  }

  /** The sealed bytes of segments from `first` on: what is sent next, of one chunk. */
  async sealedFrom(first: number): Promise<Uint8Array> {
    const end = Math.min(this.segments, (Math.floor(first / SEGMENTS_PER_CHUNK) + 1) * SEGMENTS_PER_CHUNK)
    const sealed = new Uint8Array((end - first) * SEGMENT_BYTES)
    await this.#store.loadSealed(this.assetId, first * SEGMENT_BYTES, sealed)
    return sealed
  }

  /** The captured bytes of the kept segments from `first` to the end of its chunk, one after another. */
  async plaintextsFrom(first: number): Promise<readonly Uint8Array[]> {
    const end = Math.min(this.segments, (Math.floor(first / SEGMENTS_PER_CHUNK) + 1) * SEGMENTS_PER_CHUNK)
    const sealedBytes = (end - first) * SEGMENT_BYTES
    const buffer = this.#pool.take()
    await this.#store.loadSealed(this.assetId, first * SEGMENT_BYTES, buffer.subarray(0, sealedBytes))
    const leaves = concatBytes(...this.#leaves.slice(first, end))
    const isLast = end === this.#live.endSegments
    const opened = await this.#client.segmentWork.open({
      asset: this.#live,
      firstSegment: first,
      isLast,
      sealedBytes,
      leaves,
      buffer,
    })
    const parts = Array.from({ length: end - first }, (_, index) => {
      const at = index * SEGMENT_PLAINTEXT_BYTES
      return decodeLiveSegment(opened.buffer.slice(at, at + SEGMENT_PLAINTEXT_BYTES))
    })
    this.#pool.give(opened.buffer)
    return parts
  }

  /** The leaf of the segment behind the last listed one, where it is kept as a whole. */
  async #unlisted(): Promise<Uint8Array | null> {
    const buffer = this.#pool.take()
    const sealed = buffer.subarray(0, SEGMENT_BYTES)
    try {
      await this.#store.loadSealed(this.assetId, this.segments * SEGMENT_BYTES, sealed)
      const leaf = this.#client.primitives.leafHash(sealed)
      createSegmentOpener(this.#live, this.#client.primitives).open(this.segments, false, sealed)
      return leaf
    } catch (error) {
      if (isArchiveError(error) && (error.code === "changed" || error.code === "integrity")) return null
      throw error
    }
  }

  #take(leaves: Uint8Array): void {
    for (let at = 0; at < leaves.length; at += HASH_BYTES) this.#leaves.push(leaves.slice(at, at + HASH_BYTES))
  }

  #note(flush: LiveFlush): void {
    this.flushes.push(flush)
    if (this.flushes.length > LIVE_FLUSHES) this.flushes.shift()
  }
}
