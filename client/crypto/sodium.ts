import sodium from "libsodium-wrappers"
import { ArchiveError } from "../../shared/protocol/errors.js"
import type { Signer, VerifySignature } from "../../shared/protocol/envelope.js"

/** The only file of the client that touches libsodium. Await {@link sodiumReady} once before anything else here. */
export async function sodiumReady(): Promise<void> {
  await sodium.ready
}

/** Keyed BLAKE2b (RFC 7693) with a result of `outBytes` (16 to 64). */
export function blake2b(outBytes: number, key: Uint8Array, message: Uint8Array): Uint8Array {
  return sodium.crypto_generichash(outBytes, message, key)
}

/** Ed25519 pair of a 32-byte seed, as something that signs. */
export function signerOfSeed(seed: Uint8Array): Signer {
  const { publicKey, privateKey } = sodium.crypto_sign_seed_keypair(seed)
  return { publicKey, sign: (message) => sodium.crypto_sign_detached(message, privateKey) }
}

export const verifySignature: VerifySignature = (signature, message, publicKey) => {
  try {
    return sodium.crypto_sign_verify_detached(signature, message, publicKey)
  } catch {
    return false
  }
}

/** X-Wing public key (1,216 bytes) of a 32-byte seed. */
export function xwingPublicKey(seed: Uint8Array): Uint8Array {
  return sodium.crypto_kem_xwing_seed_keypair(seed).publicKey
}

export interface Encapsulation {
  readonly ciphertext: Uint8Array
  readonly sharedSecret: Uint8Array
}

/**
 * X-Wing encapsulation with given coins (64 bytes): whoever has the coins computes the same.
 * @throws {@link ArchiveError} `malformed` if `publicKey` is no X-Wing key.
 */
export function xwingEncapsulate(publicKey: Uint8Array, coins: Uint8Array): Encapsulation {
  try {
    return sodium.crypto_kem_xwing_enc_deterministic(publicKey, coins)
  } catch (cause) {
    throw new ArchiveError("malformed", "not an X-Wing public key", { cause })
  }
}

/** @throws {@link ArchiveError} `cannot-open`. */
export function xwingDecapsulate(seed: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  try {
    // An X-Wing secret key is its 32-byte seed (draft-connolly-cfrg-xwing-kem §5.2).
    return sodium.crypto_kem_xwing_dec(ciphertext, seed)
  } catch (cause) {
    throw new ArchiveError("cannot-open", "this cannot be opened", { cause })
  }
}

/** ChaCha20-Poly1305 (RFC 8439): ciphertext ‖ tag. */
export function chachaSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  return sodium.crypto_aead_chacha20poly1305_ietf_encrypt(plaintext, aad, null, nonce, key)
}

/** `null` where the tag does not fit. */
export function chachaOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  try {
    return sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null, sealed, aad, nonce, key)
  } catch {
    return null
  }
}
