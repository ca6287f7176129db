import { decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { HASH_BYTES } from "../../../shared/protocol/hash.js"
import { storedBytesOfFile } from "../../../shared/protocol/padding.js"
import {
  chunkCount,
  chunkSize,
  SEGMENT_BYTES,
  SEGMENT_PLAINTEXT_BYTES,
  SEGMENTS_PER_CHUNK,
} from "../../../shared/protocol/sizes.js"
import type { AssetKey } from "../../crypto/segments.js"
import type { SegmentWork } from "../segment-work.js"
import type { JournalAsset, JournalStore } from "./journal.js"
import type { BufferPool, PlaintextSource, StreamPiece } from "./pieces.js"

/** A source that comes once: what came of it is kept sealed beside the journal, and is read from there where it is needed again. */

/** The kept pieces of an asset whose source ended, as they were sealed. */
export async function* keptPieces(
  store: JournalStore,
  asset: JournalAsset,
  trueBytes: number,
  pool: BufferPool,
): AsyncGenerator<StreamPiece> {
  const { assetId } = decodeAssetHeader(asset.rawHeader)
  const leaves = await store.loadLeaves(assetId)
  const storedBytes = storedBytesOfFile(trueBytes)
  for (let chunk = 0; chunk < chunkCount(storedBytes); chunk++) {
    const sealedBytes = chunkSize(chunk, storedBytes)
    const buffer = pool.take()
    const isLast = chunk === chunkCount(storedBytes) - 1
    await store.loadSealed(assetId, chunk * buffer.length, buffer.subarray(0, sealedBytes))
    const first = chunk * SEGMENTS_PER_CHUNK * HASH_BYTES
    yield {
      startBytes: chunk * buffer.length,
      sealedBytes,
      buffer,
      leaves: leaves.slice(first, first + SEGMENTS_PER_CHUNK * HASH_BYTES),
      isLast,
      trueBytes,
    }
  }
}

export type Comparison =
  /** Nothing came, or the very bytes that were kept. */
  | { readonly isNew: false }
  /** Other bytes: the source from its beginning, as it came this time. */
  | { readonly isNew: true; readonly source: PlaintextSource }

/**
 * Compares what comes now with what an earlier call kept as a whole.
 * @param pieces the source, sealed under the kept asset's key; nothing of it is sent or written.
 */
export async function compareWithKept(
  pieces: AsyncGenerator<StreamPiece>,
  asset: JournalAsset,
  store: JournalStore,
  work: SegmentWork,
  pool: BufferPool,
): Promise<Comparison> {
  const { assetId } = decodeAssetHeader(asset.rawHeader)
  const leaves = await store.loadLeaves(assetId)
  for (;;) {
    const next = await pieces.next()
    if (next.done === true) throw new ArchiveError("internal", "a stream without a last piece")
    const piece = next.value
    if (piece.trueBytes === 0) return { isNew: false }
    const from = (piece.startBytes / SEGMENT_BYTES) * HASH_BYTES
    const isLastKept = from + piece.leaves.length === leaves.length
    if (!equalBytes(leaves.subarray(from, from + piece.leaves.length), piece.leaves) || piece.isLast !== isLastKept) {
      return { isNew: true, source: reopenedSource(piece, pieces, asset, store, work, pool) }
    }
    pool.give(piece.buffer)
    if (piece.isLast) return { isNew: false }
  }
}

/**
 * The plaintext of a source that came once, from its beginning: of the pieces that were kept before `current`, of that one, and of those that follow.
 * `asset` is the one that all of them were sealed for.
 */
export function reopenedSource(
  current: StreamPiece,
  following: AsyncGenerator<StreamPiece>,
  asset: JournalAsset,
  store: JournalStore,
  work: SegmentWork,
  pool: BufferPool,
): PlaintextSource {
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* keptPlaintext(store, asset, current.startBytes, work, pool)
    yield* plaintextOf(current, asset, work, pool)
    for await (const piece of following) yield* plaintextOf(piece, asset, work, pool)
  }
  return sourceOf(all())
}

/** All that was kept of a source that ended, as a source. */
export function keptSource(
  asset: JournalAsset,
  trueBytes: number,
  store: JournalStore,
  work: SegmentWork,
  pool: BufferPool,
): PlaintextSource {
  async function* all(): AsyncGenerator<Uint8Array> {
    for await (const piece of keptPieces(store, asset, trueBytes, pool)) yield* plaintextOf(piece, asset, work, pool)
  }
  return sourceOf(all())
}

/** Plaintext of the kept sealed bytes before `endBytes`, whole pieces that all stand before the stream's end. */
async function* keptPlaintext(
  store: JournalStore,
  asset: AssetKey,
  endBytes: number,
  work: SegmentWork,
  pool: BufferPool,
): AsyncGenerator<Uint8Array> {
  const { assetId } = decodeAssetHeader(asset.rawHeader)
  const leaves = await store.loadLeaves(assetId)
  for (let startBytes = 0; startBytes < endBytes;) {
    const buffer = pool.take()
    await store.loadSealed(assetId, startBytes, buffer)
    const first = (startBytes / SEGMENT_BYTES) * HASH_BYTES
    const piece = {
      startBytes,
      sealedBytes: buffer.length,
      buffer,
      leaves: leaves.slice(first, first + SEGMENTS_PER_CHUNK * HASH_BYTES),
      isLast: false,
      trueBytes: null,
    }
    startBytes += buffer.length
    yield* plaintextOf(piece, asset, work, pool)
  }
}

async function* plaintextOf(
  piece: StreamPiece,
  asset: AssetKey,
  work: SegmentWork,
  pool: BufferPool,
): AsyncGenerator<Uint8Array> {
  const firstSegment = piece.startBytes / SEGMENT_BYTES
  const opened = await work.open({
    asset,
    firstSegment,
    isLast: piece.isLast,
    sealedBytes: piece.sealedBytes,
    leaves: piece.leaves,
    buffer: piece.buffer,
  })
  const endBytes =
    piece.trueBytes === null
      ? opened.plaintextBytes
      : Math.min(opened.plaintextBytes, Math.max(0, piece.trueBytes - firstSegment * SEGMENT_PLAINTEXT_BYTES))
  yield opened.buffer.subarray(0, endBytes)
  pool.give(opened.buffer)
}

/** Chunks of bytes, read in any portions. */
export function sourceOf(chunks: AsyncIterable<Uint8Array>): PlaintextSource {
  const iterator = chunks[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array(0)
  return {
    read: async (into) => {
      let filled = 0
      while (filled < into.length) {
        if (rest.length === 0) {
          const next = await iterator.next()
          if (next.done === true) break
          rest = next.value
          continue
        }
        const taken = rest.subarray(0, into.length - filled)
        into.set(taken, filled)
        filled += taken.length
        rest = rest.subarray(taken.length)
      }
      return filled
    },
  }
}
