import { ArchiveError } from "../../../shared/protocol/errors.js"
import { PADDING_MARK, paddedPlaintextBytes } from "../../../shared/protocol/padding.js"
import { CHUNK_BYTES, SEGMENT_PLAINTEXT_BYTES, SEGMENTS_PER_CHUNK } from "../../../shared/protocol/sizes.js"
import type { AssetKey } from "../../crypto/segments.js"
import { PIECE_PLAINTEXT_OFFSET, type PieceBuffer, type SegmentWork } from "../segment-work.js"

/** Bytes to be sealed, from the beginning on. */
export interface PlaintextSource {
  /** Fills `into` as far as the source goes; fewer bytes mean that it ended. */
  read(into: Uint8Array): Promise<number>
}

/** Whole segments of one chunk, sealed. */
export interface StreamPiece {
  readonly startBytes: number
  readonly sealedBytes: number
  /** The sealed bytes, from its beginning. */
  readonly buffer: PieceBuffer
  /** 32 bytes per segment. */
  readonly leaves: Uint8Array
  readonly isLast: boolean
  /** Known once the source ended. */
  readonly trueBytes: number | null
}

const PLAINTEXT_BYTES = SEGMENT_PLAINTEXT_BYTES * SEGMENTS_PER_CHUNK

/** Buffers of one chunk each, used again and again, so that memory is flat at any size. */
export class BufferPool {
  readonly #spare: PieceBuffer[] = []

  take(): PieceBuffer {
    return this.#spare.pop() ?? new Uint8Array(CHUNK_BYTES)
  }

  give(buffer: PieceBuffer): void {
    this.#spare.push(buffer)
  }
}

/**
 * Seals a source piece by piece, a chunk each, padded as SPEC.md §4.2 says; the next is being sealed while the caller has one.
 * A piece's buffer is the caller's to give back to the pool.
 * @param sizeBytes `null` where the source's length is not known before it ends.
 * @throws {@link ArchiveError} `changed` where the source ends before `sizeBytes`.
 */
export async function* sealPieces(
  asset: AssetKey,
  source: PlaintextSource,
  sizeBytes: number | null,
  work: SegmentWork,
  pool: BufferPool,
): AsyncGenerator<StreamPiece> {
  let ahead: Promise<StreamPiece> | null = null
  for await (const { chunk, buffer, plaintextBytes, isLast, trueBytes } of readPieces(source, sizeBytes, pool)) {
    const sealing: Promise<StreamPiece> = work
      .seal({ asset, firstSegment: chunk * SEGMENTS_PER_CHUNK, isLast, plaintextBytes, buffer })
      .then((sealed) => ({ ...sealed, startBytes: chunk * CHUNK_BYTES, isLast, trueBytes }))
    // Its failure is thrown when it is awaited.
    sealing.catch(() => undefined)
    if (ahead !== null) yield await ahead
    ahead = sealing
  }
  if (ahead !== null) yield await ahead
}

interface ReadPiece {
  readonly chunk: number
  readonly buffer: PieceBuffer
  readonly plaintextBytes: number
  readonly isLast: boolean
  readonly trueBytes: number | null
}

async function* readPieces(
  source: PlaintextSource,
  sizeBytes: number | null,
  pool: BufferPool,
): AsyncGenerator<ReadPiece> {
  const read = async (buffer: PieceBuffer, at: number): Promise<number> => {
    const wanted = sizeBytes === null ? PLAINTEXT_BYTES : Math.min(PLAINTEXT_BYTES, Math.max(0, sizeBytes - at))
    const count = wanted === 0 ? 0 : await source.read(plaintextOf(buffer).subarray(0, wanted))
    if (sizeBytes !== null && count < wanted)
      throw new ArchiveError("changed", "the file became shorter while it was read")
    return count
  }
  let next: { readonly buffer: PieceBuffer; readonly filled: number } | null = null
  let trueBytes = sizeBytes
  for (let chunk = 0; ; chunk++) {
    const start = chunk * PLAINTEXT_BYTES
    const buffer: PieceBuffer = next?.buffer ?? pool.take()
    const filled: number = next?.filled ?? (await read(buffer, start))
    next = null
    if (trueBytes === null && filled < PLAINTEXT_BYTES) trueBytes = start + filled
    if (trueBytes === null) {
      // Only behind a full piece is it known whether the source ended with it, and so what padding follows.
      const behind = pool.take()
      next = { buffer: behind, filled: await read(behind, start + PLAINTEXT_BYTES) }
      if (next.filled < PLAINTEXT_BYTES) trueBytes = start + PLAINTEXT_BYTES + next.filled
    }
    const totalBytes = trueBytes === null ? null : paddedPlaintextBytes(trueBytes)
    const plaintextBytes = totalBytes === null ? PLAINTEXT_BYTES : Math.min(PLAINTEXT_BYTES, totalBytes - start)
    if (filled < plaintextBytes) {
      const plaintext = plaintextOf(buffer)
      plaintext.fill(0, filled, plaintextBytes)
      if (trueBytes !== null && trueBytes >= start) plaintext[trueBytes - start] = PADDING_MARK
    }
    const isLast = totalBytes !== null && start + plaintextBytes === totalBytes
    yield { chunk, buffer, plaintextBytes, isLast, trueBytes }
    if (isLast) {
      if (next !== null) pool.give(next.buffer)
      return
    }
  }
}

function plaintextOf(buffer: PieceBuffer): PieceBuffer {
  return buffer.subarray(PIECE_PLAINTEXT_OFFSET, PIECE_PLAINTEXT_OFFSET + PLAINTEXT_BYTES)
}
