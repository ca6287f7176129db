import { leafHash } from "../../shared/protocol/merkle.js"
import { chachaOpen, chachaSeal } from "./sodium.js"

/** What runs over every byte of a recording, so that each platform can give its fastest: the results are the same bytes. */
export interface SegmentPrimitives {
  /** Writes ciphertext ‖ tag (plaintext.length + 16 bytes) into `out`. */
  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, out: Uint8Array): void
  /** The plaintext, or `null` where the tag does not fit. */
  open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | null
  /** RFC 6962 leaf hash of a sealed segment. */
  leafHash(segment: Uint8Array): Uint8Array
}

/** libsodium's: for browsers. */
export const sodiumPrimitives: SegmentPrimitives = {
  seal: (key, nonce, aad, plaintext, out) => {
    const sealed = chachaSeal(key, nonce, aad, plaintext)
    out.set(sealed)
    // Left to itself a browser frees it late: its garbage collector hardly counts what lies outside its heap.
    if ("transfer" in sealed.buffer) sealed.buffer.transfer(0)
  },
  open: chachaOpen,
  leafHash: (segment) => leafHash(segment),
}
