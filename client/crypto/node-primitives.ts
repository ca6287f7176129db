import { createCipheriv, createDecipheriv, createHash } from "node:crypto"
import type { SegmentPrimitives } from "./primitives.js"

const TAG_BYTES = 16
const LEAF_PREFIX = Uint8Array.of(0)
const OPTIONS = { authTagLength: TAG_BYTES }

/** Node's: four to five times faster than wasm, the same bytes. */
export const nodePrimitives: SegmentPrimitives = {
  seal: (key, nonce, aad, plaintext, out) => {
    const cipher = createCipheriv("chacha20-poly1305", key, nonce, OPTIONS)
    cipher.setAAD(aad, { plaintextLength: plaintext.length })
    out.set(cipher.update(plaintext))
    cipher.final()
    out.set(cipher.getAuthTag(), plaintext.length)
  },
  open: (key, nonce, aad, sealed) => {
    const end = sealed.length - TAG_BYTES
    const decipher = createDecipheriv("chacha20-poly1305", key, nonce, OPTIONS)
    decipher.setAAD(aad, { plaintextLength: end })
    decipher.setAuthTag(sealed.subarray(end))
    const plaintext = decipher.update(sealed.subarray(0, end))
    try {
      decipher.final()
    } catch {
      return null
    }
    return plaintext
  },
  leafHash: (segment) => createHash("sha256").update(LEAF_PREFIX).update(segment).digest(),
}
