import { concatBytes, equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { HASH_BYTES } from "../../../shared/protocol/hash.js"
import { storedBytesOfFile } from "../../../shared/protocol/padding.js"
import { chunkCount, chunkSize, SEGMENT_BYTES, SEGMENT_PLAINTEXT_BYTES, SEGMENTS_PER_CHUNK } from "../../../shared/protocol/sizes.js"
import type { AssetKey } from "../../crypto/segments.js"
import type { SegmentWork } from "../segment-work.js"
import { decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import type { JournalAsset, JournalStore } from "./journal.js"
import type { BufferPool, PlaintextSource, StreamPiece } from "./pieces.js"

/** A source that comes once: what came of it is kept sealed beside the journal, and is read from there where it is needed again. */

/** The kept pieces of an asset whose source ended, as they were sealed. */
export async function* keptPieces(store: JournalStore, asset: JournalAsset, trueBytes: number, pool: BufferPool): AsyncGenerator<StreamPiece> {
  const { assetId } = decodeAssetHeader(asset.rawHeader)
  const leaves = await store.loadLeaves(assetId)
  const storedBytes = storedBytesOfFile(trueBytes)
  for (let chunk = 0; chunk < chunkCount(storedBytes); chunk++) {
    const sealedBytes = chunkSize(chunk, storedBytes)
    const buffer = pool.take()
    const isLast = chunk === chunkCount(storedBytes) - 1
    await store.loadSealed(assetId, chunk * buffer.length, buffer.subarray(0, sealedBytes))
    const first = chunk * SEGMENTS_PER_CHUNK * HASH_BYTES
    yield { startBytes: chunk * buffer.length, sealedBytes, buffer, leaves: leaves.slice(first, first + SEGMENTS_PER_CHUNK * HASH_BYTES), isLast, trueBytes }
  }
}

export type Comparison =
  /** Nothing came. */
  | { readonly outcome: "empty" }
  /** The very bytes that were kept. */
  | { readonly outcome: "same" }
  /** Other bytes: the source from its beginning, as it came this time. */
  | { readonly outcome: "other"; readonly source: PlaintextSource }

/**
 * Compares what comes now with what was kept of an earlier call. `pieces` is the source, sealed under the kept asset's key; nothing of it is sent or written.
 * @param kept the leaf hashes that were kept; `isWhole` says whether they are those of the whole stream.
 */
export async function compareWithKept(
  pieces: AsyncGenerator<StreamPiece>,
  kept: { readonly asset: JournalAsset; readonly leaves: Uint8Array; readonly isWhole: boolean },
  store: JournalStore,
  work: SegmentWork,
  pool: BufferPool,
): Promise<Comparison> {
  let equalBytesUpTo = 0
  for (;;) {
    const next = await pieces.next()
    if (next.done === true) throw new ArchiveError("internal", "a stream without a last piece")
    const piece = next.value
    if (piece.startBytes === 0 && piece.trueBytes === 0) return { outcome: "empty" }
    const from = (piece.startBytes / SEGMENT_BYTES) * HASH_BYTES
    const expected = kept.leaves.subarray(from, from + piece.leaves.length)
    const isLastKept = from + piece.leaves.length === kept.leaves.length
    if (equalBytes(expected, piece.leaves) && (!kept.isWhole || piece.isLast === isLastKept)) {
      pool.give(piece.buffer)
      equalBytesUpTo = piece.startBytes + piece.sealedBytes
      if (piece.isLast) return { outcome: "same" }
      continue
    }
    return { outcome: "other", source: reopened(keptPlaintext(store, kept.asset, equalBytesUpTo, work, pool), piece, pieces, kept.asset, work, pool) }
  }
}

/** Plaintext of the kept sealed bytes before `endBytes`, whole pieces that all stand before the stream's end. */
async function* keptPlaintext(store: JournalStore, asset: AssetKey, endBytes: number, work: SegmentWork, pool: BufferPool): AsyncGenerator<Uint8Array> {
  const { assetId } = decodeAssetHeader(asset.rawHeader)
  const leaves = await store.loadLeaves(assetId)
  for (let startBytes = 0; startBytes < endBytes; ) {
    const buffer = pool.take()
    await store.loadSealed(assetId, startBytes, buffer)
    const first = (startBytes / SEGMENT_BYTES) * HASH_BYTES
    const piece = { startBytes, sealedBytes: buffer.length, buffer, leaves: leaves.slice(first, first + SEGMENTS_PER_CHUNK * HASH_BYTES), isLast: false, trueBytes: null }
    startBytes += buffer.length
    yield* plaintextOf(piece, asset, work, pool)
  }
}

async function* plaintextOf(piece: StreamPiece, asset: AssetKey, work: SegmentWork, pool: BufferPool): AsyncGenerator<Uint8Array> {
  const firstSegment = piece.startBytes / SEGMENT_BYTES
  const opened = await work.open({ asset, firstSegment, isLast: piece.isLast, sealedBytes: piece.sealedBytes, leaves: piece.leaves, buffer: piece.buffer })
  const endBytes = piece.trueBytes === null ? opened.plaintextBytes : Math.min(opened.plaintextBytes, Math.max(0, piece.trueBytes - firstSegment * SEGMENT_PLAINTEXT_BYTES))
  yield opened.buffer.subarray(0, endBytes)
  pool.give(opened.buffer)
}

function reopened(before: AsyncGenerator<Uint8Array>, current: StreamPiece, after: AsyncGenerator<StreamPiece>, asset: AssetKey, work: SegmentWork, pool: BufferPool): PlaintextSource {
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* before
    yield* plaintextOf(current, asset, work, pool)
    for await (const piece of after) yield* plaintextOf(piece, asset, work, pool)
  }
  return sourceOf(all())
}

/** Chunks of bytes, read in any portions. */
export function sourceOf(chunks: AsyncIterable<Uint8Array>): PlaintextSource {
  const iterator = chunks[Symbol.asyncIterator]()
  let rest: Uint8Array = concatBytes()
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
