/** Every way in which Taciturn refuses or fails. A map over these codes that lacks one does not compile. */
export const ERROR_CODES = [
  "malformed",
  "too-large",
  "unsupported-version",
  "cannot-open",
  "bad-signature",
  "bad-chain",
  "bad-boxes",
  "fork",
  "rollback",
  "not-authorised",
  "integrity",
  "truncated",
  "replayed",
  "bad-receipt",
  "instance-changed",
  "not-found",
  "gone",
  "conflict",
  "exists",
  "unauthenticated",
  "forbidden",
  "rate-limited",
  "unavailable",
  "out-of-space",
  "quota-exceeded",
  "inbox-full",
  "not-accepted",
  "not-renewed",
  "timeout",
  "interrupted",
  "usage",
  "changed",
  "unsupported",
  "internal",
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

const RETRYABLE: ReadonlySet<ErrorCode> = new Set(["unavailable", "out-of-space", "rate-limited", "timeout"])

export interface ArchiveErrorOptions {
  readonly cause?: unknown
  /** Where in the input the refusal happened, such as `segment 17`. */
  readonly place?: string
  readonly retryable?: boolean
  /** How long to wait before a retry, where the server said so. */
  readonly retryAfterMs?: number
}

/** The one error class that crosses module borders. */
export class ArchiveError extends Error {
  readonly code: ErrorCode
  readonly place: string | undefined
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, message: string, options: ArchiveErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = "ArchiveError"
    this.code = code
    this.place = options.place
    this.retryable = options.retryable ?? RETRYABLE.has(code)
    this.retryAfterMs = options.retryAfterMs
  }
}

export function isArchiveError(error: unknown): error is ArchiveError {
  return error instanceof ArchiveError
}
