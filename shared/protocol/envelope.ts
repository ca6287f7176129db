import { concatBytes, u8, utf8 } from "./bytes.js"
import { decodeCbor, encodeCbor, readArray, readBytes } from "./cbor.js"
import { ArchiveError } from "./errors.js"
import type { Label } from "./labels.js"

export const PUBLIC_KEY_BYTES = 32
export const SIGNATURE_BYTES = 64

/** Ed25519 (RFC 8032), refusing small-order keys and non-canonical S, as libsodium does. */
export type VerifySignature = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean

/** A key that signs, without its secret being seen. */
export interface Signer {
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Uint8Array
}

export interface Envelope {
  readonly publicKey: Uint8Array
  readonly signature: Uint8Array
  readonly statement: Uint8Array
}

/** `label ‖ 0x00 ‖ statement`: what a signature covers. SPEC.md §3. */
export function signedBytes(label: Label, statement: Uint8Array): Uint8Array {
  return concatBytes(utf8(label), u8(0), statement)
}

export function makeEnvelope(label: Label, signer: Signer, statement: Uint8Array): Uint8Array {
  return encodeCbor([signer.publicKey, signer.sign(signedBytes(label, statement)), statement])
}

/**
 * Verifies the signature over the statement as received, and only then gives the statement out.
 * The caller must check that the key inside the statement equals `publicKey`. SPEC.md §3.
 * @throws {@link ArchiveError} `malformed`, `too-large`, `bad-signature`.
 */
export function openEnvelope(raw: Uint8Array, label: Label, verify: VerifySignature, limitBytes: number): Envelope {
  const items = readArray(decodeCbor(raw, limitBytes), "envelope", 3)
  const publicKey = readBytes(items[0], "public key", PUBLIC_KEY_BYTES)
  const signature = readBytes(items[1], "signature", SIGNATURE_BYTES)
  const statement = readBytes(items[2], "statement", { min: 1, max: limitBytes })
  if (!verify(signature, signedBytes(label, statement), publicKey)) {
    throw new ArchiveError("bad-signature", "a signature that does not fit what it stands under")
  }
  return { publicKey, signature, statement }
}
