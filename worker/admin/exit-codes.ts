import { type ErrorCode, isArchiveError } from "../../shared/protocol/errors.js"

export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, tryLater: 4, interrupted: 130 } as const

const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  "integrity",
  "truncated",
  "bad-signature",
  "bad-chain",
  "bad-receipt",
  "malformed",
  "too-large",
  "unsupported-version",
  "instance-changed",
])

export function exitCodeOf(error: unknown): number {
  if (!isArchiveError(error)) return EXIT.failed
  if (error.code === "usage") return EXIT.usage
  if (REFUSALS.has(error.code)) return EXIT.refused
  return error.retryable ? EXIT.tryLater : EXIT.failed
}
