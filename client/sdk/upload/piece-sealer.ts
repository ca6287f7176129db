import { PADDING_MARK, paddedPlaintextBytes } from "../../../shared/protocol/padding.js"
import {
  SEGMENT_BYTES,
  SEGMENT_OVERHEAD_BYTES,
  SEGMENT_PLAINTEXT_BYTES,
  SEGMENTS_PER_CHUNK,
  sealedBytes,
  segmentCount,
} from "../../../shared/protocol/sizes.js"
import type { SegmentPrimitives } from "../../crypto/primitives.js"
import { type AssetKey, createSegmentSealer } from "../../crypto/segments.js"

/** Bytes to be sealed, from the beginning on. */
export interface PlaintextSource {
  /** Fills `into` as far as the source goes; fewer bytes mean that it ended. */
  read(into: Uint8Array): Promise<number>
}

/** Whole segments of one chunk, sealed. */
export interface SealedPiece {
  readonly startBytes: number
  readonly sealed: Uint8Array
  /** 32 bytes per segment. */
  readonly leaves: Uint8Array
  readonly isLast: boolean
  /** Known once the source ended. */
  readonly trueBytes: number | null
}

/** How often sealing lets the event loop run, so that sockets and signals are served. */
const SEGMENTS_PER_TURN = 16
const LEAF_BYTES = 32

/**
 * Seals a source piece by piece, a chunk each, padded as SPEC.md §4.2 says. The source's length need not be known before.
 * A piece's bytes are the caller's to keep.
 */
export async function* sealPieces(
  asset: AssetKey,
  source: PlaintextSource,
  primitives: SegmentPrimitives,
): AsyncGenerator<SealedPiece> {
  const sealer = createSegmentSealer(asset, primitives)
  const chunkPlaintextBytes = SEGMENT_PLAINTEXT_BYTES * SEGMENTS_PER_CHUNK
  // One more byte than a chunk holds is read ahead, so that a source which ends at a border is known to.
  let plaintext: Uint8Array = new Uint8Array(chunkPlaintextBytes)
  let next: Uint8Array = new Uint8Array(chunkPlaintextBytes)
  let filled = await source.read(plaintext)
  let readBytes = filled
  let trueBytes = filled < chunkPlaintextBytes ? filled : null
  for (let chunk = 0; ; chunk++) {
    const start = chunk * chunkPlaintextBytes
    let nextFilled = 0
    if (trueBytes === null) {
      nextFilled = await source.read(next)
      readBytes += nextFilled
      if (nextFilled < chunkPlaintextBytes) trueBytes = readBytes
    }
    const totalBytes = trueBytes === null ? null : paddedPlaintextBytes(trueBytes)
    const pieceBytes = totalBytes === null ? chunkPlaintextBytes : Math.min(chunkPlaintextBytes, totalBytes - start)
    if (filled < pieceBytes) {
      plaintext.fill(0, filled, pieceBytes)
      if (trueBytes !== null && trueBytes >= start) plaintext[trueBytes - start] = PADDING_MARK
    }
    const isLast = totalBytes !== null && start + pieceBytes === totalBytes
    yield {
      startBytes: chunk * SEGMENTS_PER_CHUNK * SEGMENT_BYTES,
      ...(await sealSegments(plaintext.subarray(0, pieceBytes), chunk * SEGMENTS_PER_CHUNK, isLast)),
      isLast,
      trueBytes,
    }
    if (isLast) return
    ;[plaintext, next] = [next, plaintext]
    filled = nextFilled
  }

  async function sealSegments(
    bytes: Uint8Array,
    firstSegment: number,
    isLast: boolean,
  ): Promise<{ readonly sealed: Uint8Array; readonly leaves: Uint8Array }> {
    const sealed = new Uint8Array(sealedBytes(bytes.length))
    const count = segmentCount(sealed.length)
    const leaves = new Uint8Array(count * LEAF_BYTES)
    for (let index = 0; index < count; index++) {
      const segment = bytes.subarray(index * SEGMENT_PLAINTEXT_BYTES, (index + 1) * SEGMENT_PLAINTEXT_BYTES)
      const out = sealed.subarray(
        index * SEGMENT_BYTES,
        index * SEGMENT_BYTES + segment.length + SEGMENT_OVERHEAD_BYTES,
      )
      sealer.seal(firstSegment + index, isLast && index === count - 1, segment, out)
      leaves.set(primitives.leafHash(out), index * LEAF_BYTES)
      if (index % SEGMENTS_PER_TURN === SEGMENTS_PER_TURN - 1) await new Promise(setImmediate)
    }
    return { sealed, leaves }
  }
}
