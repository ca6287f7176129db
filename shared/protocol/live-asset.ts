import { concatBytes, u32 } from "./bytes.js"
import { decodeCbor, encodeCbor, readArray, readBoolean, readBytes, readUint, readVersioned } from "./cbor.js"
import { PUBLIC_KEY_BYTES } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES } from "./hash.js"
import { SEGMENT_PLAINTEXT_BYTES } from "./sizes.js"

/** An asset of kind live: what a segment holds, and the signed head that says how far the asset is. SPEC.md §4.5. */

const COUNT_BYTES = 4
/** Bytes of the capture in one segment, at most. */
export const LIVE_SEGMENT_BYTES = SEGMENT_PLAINTEXT_BYTES - COUNT_BYTES

/** A segment's plaintext: `u32 used ‖ bytes ‖ zeros`. @throws {@link ArchiveError} `too-large` for more than a segment holds. */
export function encodeLiveSegment(bytes: Uint8Array): Uint8Array {
  if (bytes.length > LIVE_SEGMENT_BYTES) throw new ArchiveError("too-large", "more than a live segment holds")
  return concatBytes(u32(bytes.length), bytes, new Uint8Array(LIVE_SEGMENT_BYTES - bytes.length))
}

/** @throws {@link ArchiveError} `malformed` for another size, a count beyond it, or other bytes than zeros behind. A8. */
export function decodeLiveSegment(plaintext: Uint8Array): Uint8Array {
  const view = new DataView(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength)
  if (plaintext.length !== SEGMENT_PLAINTEXT_BYTES)
    throw new ArchiveError("malformed", "a live segment of another size")
  const used = view.getUint32(0)
  if (used > LIVE_SEGMENT_BYTES || plaintext.subarray(COUNT_BYTES + used).some((byte) => byte !== 0))
    throw new ArchiveError("malformed", "a live segment that says another count than it holds")
  return plaintext.subarray(COUNT_BYTES, COUNT_BYTES + used)
}

/** Where a flush begins, and when it was made. */
export interface LiveFlush {
  readonly segment: number
  readonly timeMs: number
  /** Where the recording's clock stood then, which halts while the recording does. */
  readonly clockMs: number
}

/** How far a live asset is, as its recorder signs it. */
export interface LiveHead {
  readonly headerHash: Uint8Array
  readonly deviceKey: Uint8Array
  readonly segments: number
  readonly root: Uint8Array
  readonly timeMs: number
  /** Whether the last of these segments ends the asset. */
  readonly isLast: boolean
  /** The newest flushes, in order. */
  readonly flushes: readonly LiveFlush[]
}

/** A head names so many flushes, at most. */
export const LIVE_FLUSHES = 12
/** Every head is sealed in so many bytes: that it is one, and no more, is what it tells. */
export const LIVE_HEAD_BYTES = 592
/** What is sealed, before the padding of §2. */
export const LIVE_HEAD_PLAINTEXT_BYTES = 511
/** As many segments as the longest stream has. */
const MAX_SEGMENTS = 2 ** 27
/** Seven weeks: so twelve flushes have room in a head. */
export const LIVE_CLOCK_MAX_MS = 2 ** 32 - 1

export function encodeLiveHead(head: LiveHead): Uint8Array {
  const { headerHash, deviceKey, segments, root, timeMs, isLast } = head
  const flushes = head.flushes.map((flush) => [flush.segment, flush.timeMs, flush.clockMs])
  return encodeCbor([1, headerHash, deviceKey, segments, root, timeMs, isLast, flushes])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`. LH1. */
export function decodeLiveHead(raw: Uint8Array): LiveHead {
  const items = readVersioned(decodeCbor(raw, LIVE_HEAD_PLAINTEXT_BYTES), "live head", 8)
  const segments = readUint(items[3], "segments", MAX_SEGMENTS)
  const flushes = readArray(items[7], "flushes").map((item) => {
    const [segment, timeMs, clockMs] = readArray(item, "flush", 3)
    return {
      segment: readUint(segment, "segment", MAX_SEGMENTS),
      timeMs: readUint(timeMs, "time"),
      clockMs: readUint(clockMs, "clock", LIVE_CLOCK_MAX_MS),
    }
  })
  const isAscending = flushes.every(
    ({ segment }, index) => segment < segments && segment > (flushes[index - 1]?.segment ?? -1),
  )
  if (segments === 0 || flushes.length > LIVE_FLUSHES || !isAscending)
    throw new ArchiveError("malformed", "a head of flushes that it does not have")
  return {
    headerHash: readBytes(items[1], "header hash", HASH_BYTES),
    deviceKey: readBytes(items[2], "device key", PUBLIC_KEY_BYTES),
    segments,
    root: readBytes(items[4], "root", HASH_BYTES),
    timeMs: readUint(items[5], "time"),
    isLast: readBoolean(items[6], "whether it is the last"),
    flushes,
  }
}
