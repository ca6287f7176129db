import type { ErrorCode } from "../../shared/protocol/errors.js"

/** What the shell is told. */
export const EXIT = { done: 0, failed: 1, usage: 2, integrity: 3, tryLater: 4, interrupted: 130 } as const

/** One exit code per error; a code that is missing does not compile. */
export const EXIT_CODES: Record<ErrorCode, number> = {
  malformed: EXIT.integrity,
  "too-large": EXIT.failed,
  "unsupported-version": EXIT.integrity,
  "cannot-open": EXIT.failed,
  "bad-signature": EXIT.integrity,
  "bad-chain": EXIT.integrity,
  "bad-boxes": EXIT.integrity,
  fork: EXIT.integrity,
  rollback: EXIT.integrity,
  "not-authorised": EXIT.failed,
  integrity: EXIT.integrity,
  truncated: EXIT.integrity,
  replayed: EXIT.integrity,
  "bad-receipt": EXIT.integrity,
  "instance-changed": EXIT.integrity,
  "not-found": EXIT.failed,
  gone: EXIT.failed,
  conflict: EXIT.tryLater,
  exists: EXIT.failed,
  unauthenticated: EXIT.failed,
  forbidden: EXIT.failed,
  "rate-limited": EXIT.tryLater,
  unavailable: EXIT.tryLater,
  "out-of-space": EXIT.tryLater,
  "quota-exceeded": EXIT.failed,
  "inbox-full": EXIT.tryLater,
  "not-accepted": EXIT.failed,
  "not-renewed": EXIT.failed,
  timeout: EXIT.tryLater,
  interrupted: EXIT.interrupted,
  usage: EXIT.usage,
  changed: EXIT.failed,
  unsupported: EXIT.failed,
  internal: EXIT.failed,
}
