import { equalBytes, toHex } from "./bytes.js"
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js"

/** Bytes to 32 bytes. Where much data passes, callers give the platform's faster SHA-256. */
export type HashFunction = (bytes: Uint8Array) => Uint8Array

export const HASH_BYTES = 32
export const ZERO_HASH: Uint8Array = new Uint8Array(HASH_BYTES)
export const ID_BYTES = 16

export const sha256: HashFunction = (bytes) => nobleSha256(bytes)

/** Of what comes in portions. */
export function beginSha256(): { update(bytes: Uint8Array): void; digest(): Uint8Array } {
  const state = nobleSha256.create()
  return {
    update: (bytes) => {
      state.update(bytes)
    },
    digest: () => state.digest(),
  }
}

/** Of a refusal by a pin, so that whoever reads it can show both to somebody else. */
export function bothHeads(known: Uint8Array, served: Uint8Array | undefined): string {
  return `known ${toHex(known)}, served ${served === undefined ? "nothing" : toHex(served)}`
}

export function includesHash(hashes: readonly Uint8Array[], hash: Uint8Array): boolean {
  return hashes.some((candidate) => equalBytes(candidate, hash))
}
