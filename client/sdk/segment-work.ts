import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { HASH_BYTES } from "../../shared/protocol/hash.js"
import {
  SEGMENT_BYTES,
  SEGMENT_OVERHEAD_BYTES,
  SEGMENT_PLAINTEXT_BYTES,
  SEGMENTS_PER_CHUNK,
  sealedBytes,
  segmentCount,
} from "../../shared/protocol/sizes.js"
import type { SegmentPrimitives } from "../crypto/primitives.js"
import { type AssetKey, createSegmentOpener, createSegmentSealer } from "../crypto/segments.js"

/**
 * The work on many segments at once, in one buffer that is read and written in place, so that it can be handed to another thread and back.
 * Whoever gives a buffer has it no more until it comes back.
 */

/** Where a piece's plaintext begins in its buffer: behind the room by which its segments grow. */
export const PIECE_PLAINTEXT_OFFSET = SEGMENTS_PER_CHUNK * SEGMENT_OVERHEAD_BYTES

export type PieceBuffer = Uint8Array<ArrayBuffer>

export interface PlaintextPiece {
  readonly asset: AssetKey
  readonly firstSegment: number
  /** Whether the stream ends with this piece. */
  readonly isLast: boolean
  readonly plaintextBytes: number
  /** The plaintext, from {@link PIECE_PLAINTEXT_OFFSET} on. */
  readonly buffer: PieceBuffer
}

export interface SealedPiece {
  /** The sealed segments, from the buffer's beginning. */
  readonly buffer: PieceBuffer
  readonly sealedBytes: number
  /** 32 bytes per segment. */
  readonly leaves: Uint8Array
}

export interface SealedWindow {
  readonly asset: AssetKey
  readonly firstSegment: number
  readonly isLast: boolean
  readonly sealedBytes: number
  /** The verified leaf hashes of these segments, 32 bytes each. */
  readonly leaves: Uint8Array
  /** The sealed segments, from the beginning. */
  readonly buffer: PieceBuffer
}

export interface OpenedWindow {
  /** The plaintext, from the buffer's beginning; every byte of it was verified. */
  readonly buffer: PieceBuffer
  readonly plaintextBytes: number
}

export interface SegmentWork {
  seal(piece: PlaintextPiece): Promise<SealedPiece>
  /** @throws {@link ArchiveError} `integrity`, with the place; then the buffer is gone. */
  open(window: SealedWindow): Promise<OpenedWindow>
}

/** In this thread. */
export function inlineSegmentWork(primitives: SegmentPrimitives): SegmentWork {
  return {
    seal: async (piece) => {
      // Lets sockets and signals be served between two pieces.
      await new Promise((resolve) => setTimeout(resolve, 0))
      return sealPiece(piece, primitives)
    },
    open: (window) => {
      return new Promise((resolve) => {
        resolve(openWindow(window, primitives))
      })
    },
  }
}

/** Seals a piece in its own buffer: each segment ends before the next one's plaintext begins. SPEC.md §4.3. */
export function sealPiece(piece: PlaintextPiece, primitives: SegmentPrimitives): SealedPiece {
  const { buffer, plaintextBytes, firstSegment, isLast } = piece
  const sealer = createSegmentSealer(piece.asset, primitives)
  const size = sealedBytes(plaintextBytes)
  const count = segmentCount(size)
  const leaves = new Uint8Array(count * HASH_BYTES)
  for (let index = 0; index < count; index++) {
    const start = index * SEGMENT_PLAINTEXT_BYTES
    const plaintext = buffer.subarray(
      PIECE_PLAINTEXT_OFFSET + start,
      PIECE_PLAINTEXT_OFFSET + Math.min(start + SEGMENT_PLAINTEXT_BYTES, plaintextBytes),
    )
    const out = buffer.subarray(index * SEGMENT_BYTES, Math.min((index + 1) * SEGMENT_BYTES, size))
    sealer.seal(firstSegment + index, isLast && index === count - 1, plaintext, out)
    leaves.set(primitives.leafHash(out), index * HASH_BYTES)
  }
  return { buffer, sealedBytes: size, leaves }
}

/** Checks each segment against its leaf, opens it, and moves its plaintext up to the one before. SPEC.md §4.3, §4.4. */
export function openWindow(window: SealedWindow, primitives: SegmentPrimitives): OpenedWindow {
  const { buffer, firstSegment, isLast, leaves } = window
  const opener = createSegmentOpener(window.asset, primitives)
  const count = segmentCount(window.sealedBytes)
  let plaintextBytes = 0
  for (let index = 0; index < count; index++) {
    const segment = firstSegment + index
    const sealed = buffer.subarray(index * SEGMENT_BYTES, Math.min((index + 1) * SEGMENT_BYTES, window.sealedBytes))
    if (!equalBytes(primitives.leafHash(sealed), leaves.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES))) {
      throw new ArchiveError("integrity", "a segment that is not what was published", { place: `segment ${segment}` })
    }
    const plaintext = opener.open(segment, isLast && index === count - 1, sealed)
    buffer.set(plaintext, plaintextBytes)
    plaintextBytes += plaintext.length
  }
  return { buffer, plaintextBytes }
}
