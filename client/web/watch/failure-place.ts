import { SEGMENT_PLAINTEXT_BYTES, SEGMENTS_PER_CHUNK } from "../../../shared/protocol/sizes.js"

/** Where in a recording something is wrong. */
export interface FailurePlace {
  /** Bytes of the opened file, inclusive. */
  readonly firstByte: number
  readonly lastByte: number
  /** About where that is played: bytes are spread over a recording's length, more or less evenly. `null` where the length is unknown. */
  readonly about: { readonly fromMs: number; readonly toMs: number } | null
}

/** @param place as the reader's errors name it: `segment 12`, `chunk 0`. */
export function failurePlace(
  place: string | undefined,
  trueBytes: number,
  durationMs: number | null,
): FailurePlace | null {
  const found = /^(segment|chunk) (\d+)$/.exec(place ?? "")
  if (found === null) return null
  const span = SEGMENT_PLAINTEXT_BYTES * (found[1] === "chunk" ? SEGMENTS_PER_CHUNK : 1)
  const firstByte = Math.min(Number(found[2]) * span, trueBytes)
  const lastByte = Math.max(firstByte, Math.min(firstByte + span, trueBytes) - 1)
  if (durationMs === null || durationMs <= 0 || trueBytes === 0) return { firstByte, lastByte, about: null }
  const timeOf = (byte: number): number => (byte / trueBytes) * durationMs
  return { firstByte, lastByte, about: { fromMs: timeOf(firstByte), toMs: timeOf(lastByte) } }
}
