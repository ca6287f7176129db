import { createHash, randomBytes } from "node:crypto"
import type { RandomBytes } from "../protocol/ambient.js"
import type { HashFunction } from "../protocol/hash.js"

export const secureRandom: RandomBytes = (count) => new Uint8Array(randomBytes(count))

/** The platform's SHA-256: faster than the pure one by far. */
export const nodeSha256: HashFunction = (bytes) => createHash("sha256").update(bytes).digest()
