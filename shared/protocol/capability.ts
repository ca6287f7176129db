import { encodeCbor } from "./cbor.js"
import { signedBytes } from "./envelope.js"
import { LABELS } from "./labels.js"

export type CapabilityScope = "access" | "admin" | "device"

/** A challenge as it is answered. SPEC.md §11. */
export interface ChallengeAnswer {
  /** Scheme and authority of the URL that the client uses: `https://archive.example`. */
  readonly origin: string
  /** Meeting id or account id, 16 bytes. */
  readonly subject: Uint8Array
  readonly scope: CapabilityScope
  /** 0 for an account. */
  readonly epoch: number
  readonly nonce: Uint8Array
  readonly expiresAtMs: number
}

/** The bytes that the access, admin or device key signs. SPEC.md §11. */
export function challengeBytes(answer: ChallengeAnswer): Uint8Array {
  const { origin, subject, scope, epoch, nonce, expiresAtMs } = answer
  return signedBytes(LABELS.signChallenge, encodeCbor([1, origin, subject, scope, epoch, nonce, expiresAtMs]))
}
