import type { ErrorCode } from "../../shared/protocol/errors.js"

const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "malformed",
  "too-large",
  "unsupported-version",
  "bad-signature",
  "bad-chain",
  "bad-receipt",
  "not-authorised",
  "integrity",
  "truncated",
  "cannot-open",
  "instance-changed",
])

/** Whether what was given is not what it says it is, or damaged; else it could not be checked. */
export function isRefusal(code: ErrorCode): boolean {
  return REFUSALS.has(code)
}
