import sodium from "libsodium-wrappers"
import type { Signer, VerifySignature } from "../protocol/envelope.js"

/** The only file of the server that touches libsodium: Ed25519, judged exactly as clients judge it. Await once before use. */
export async function signaturesReady(): Promise<void> {
  await sodium.ready
}

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
