import { ArchiveError } from "./errors.js"

/** SPEC.md §4.2. 64 KiB starts and seeks like plaintext on a 20 Mbit/s line; 1 MiB was measured three times slower. */
export const SEGMENT_BYTES = 65_536
/** Commitment (32) and tag (16). */
export const SEGMENT_OVERHEAD_BYTES = 48
export const SEGMENT_PLAINTEXT_BYTES = SEGMENT_BYTES - SEGMENT_OVERHEAD_BYTES
export const SEGMENTS_PER_CHUNK = 128
export const CHUNK_BYTES = SEGMENT_BYTES * SEGMENTS_PER_CHUNK
export const MAX_STREAM_BYTES = 2 ** 43
const MIN_LAST_SEGMENT_BYTES = SEGMENT_OVERHEAD_BYTES + 1

/** Sealed bytes of a stream of `plaintext` bytes. SPEC.md §4.2. */
export function sealedBytes(plaintext: number): number {
  return plaintext + SEGMENT_OVERHEAD_BYTES * Math.max(1, Math.ceil(plaintext / SEGMENT_PLAINTEXT_BYTES))
}

/**
 * Whether a stream can be `bytes` long. Needs no key, so a server can check it. SPEC.md §4.2.
 * A `file` is padded to at least one whole segment.
 */
export function isStreamSize(bytes: number, kind: "file" | "live"): boolean {
  if (!Number.isSafeInteger(bytes) || bytes > MAX_STREAM_BYTES) return false
  if (kind === "live") return bytes >= SEGMENT_BYTES && bytes % SEGMENT_BYTES === 0
  const last = bytes % SEGMENT_BYTES
  return bytes >= SEGMENT_BYTES && (last === 0 || last >= MIN_LAST_SEGMENT_BYTES)
}

/** Plaintext bytes (padding included) in a stream of `sealed` bytes. @throws {@link ArchiveError} `malformed` if no file has that length. */
export function plaintextBytes(sealed: number): number {
  if (!isStreamSize(sealed, "file")) throw new ArchiveError("malformed", `no stream is ${sealed} bytes long`)
  return sealed - segmentCount(sealed) * SEGMENT_OVERHEAD_BYTES
}

export function segmentCount(sealed: number): number {
  return Math.ceil(sealed / SEGMENT_BYTES)
}

export function chunkCount(sealed: number): number {
  return Math.ceil(sealed / CHUNK_BYTES)
}

/** Bytes of segment `index` in a stream of `sealed` bytes. */
export function segmentSize(index: number, sealed: number): number {
  return Math.min(SEGMENT_BYTES, sealed - index * SEGMENT_BYTES)
}

/** Bytes of chunk `index` in a stream of `sealed` bytes. */
export function chunkSize(index: number, sealed: number): number {
  return Math.min(CHUNK_BYTES, sealed - index * CHUNK_BYTES)
}

/** How many segments stand in chunk `index`. */
export function segmentsInChunk(index: number, sealed: number): number {
  return segmentCount(chunkSize(index, sealed))
}

/** The segment that holds plaintext byte `offset`. */
export function segmentOfPlaintext(offset: number): number {
  return Math.floor(offset / SEGMENT_PLAINTEXT_BYTES)
}
