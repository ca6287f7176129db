import { sha256, sha512 } from "@noble/hashes/sha2.js"

/** In the place of `node:crypto`. */
export function createHash(
  name: "sha256" | "sha512",
): ReturnType<typeof sha256.create> | ReturnType<typeof sha512.create> {
  return name === "sha256" ? sha256.create() : sha512.create()
}

export function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count))
}
