import { createCipheriv, randomBytes } from "node:crypto"

/** Poly1305's prime and its wrap, RFC 8439 §2.5. */
const PRIME = 2n ** 130n - 5n
const TAGS = 2n ** 128n
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn
const BLOCK_BYTES = 16

interface OneTimeKey {
  readonly r: bigint
  readonly s: bigint
}

/**
 * Ciphertext, of 32 bytes or of more blocks, and one tag that ChaCha20-Poly1305 accepts under both keys: why a bare AEAD commits to no key.
 * Len, Grubbs, Ristenpart, "Partitioning Oracle Attacks" (2021), §3: the tags are linear in a block, which is solved for.
 */
export function sealForTwoKeys(
  first: Uint8Array,
  second: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertextBytes = 2 * BLOCK_BYTES,
): Uint8Array {
  const keys = [oneTimeKey(first, nonce), oneTimeKey(second, nonce)] as const
  for (;;) {
    const free = randomBytes(ciphertextBytes - BLOCK_BYTES)
    const blocks = (solved: bigint): readonly bigint[] => [
      ...padded(aad),
      ...padded(free),
      solved,
      TAGS + littleEndian(lengths(aad.length, ciphertextBytes)),
    ]
    const without = keys.map((key) => accumulate(key.r, blocks(0n)) + key.s) as [bigint, bigint]
    // The solved block stands last but one, so it is multiplied by r².
    const factor = modulo(keys[0].r ** 2n - keys[1].r ** 2n)
    const solved = modulo((without[1] - without[0]) * inverse(factor))
    if (solved < TAGS || solved >= 2n * TAGS) continue
    const tags = keys.map((key) => (accumulate(key.r, blocks(solved)) + key.s) % TAGS) as [bigint, bigint]
    if (tags[0] === tags[1]) return Buffer.concat([free, bytesOf(solved - TAGS), bytesOf(tags[0])])
  }
}

function oneTimeKey(key: Uint8Array, nonce: Uint8Array): OneTimeKey {
  const stream = createCipheriv("chacha20", key, Buffer.concat([new Uint8Array(4), nonce])).update(new Uint8Array(32))
  return { r: littleEndian(stream.subarray(0, 16)) & CLAMP, s: littleEndian(stream.subarray(16)) }
}

function padded(bytes: Uint8Array): readonly bigint[] {
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES)
  return Array.from({ length: blocks }, (_, index) => {
    return TAGS + littleEndian(bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES))
  })
}

function lengths(aadBytes: number, ciphertextBytes: number): Uint8Array {
  const block = Buffer.alloc(BLOCK_BYTES)
  block.writeBigUInt64LE(BigInt(aadBytes))
  block.writeBigUInt64LE(BigInt(ciphertextBytes), 8)
  return block
}

function accumulate(r: bigint, blocks: readonly bigint[]): bigint {
  return blocks.reduce((sum, block) => modulo((sum + block) * r), 0n)
}

function modulo(value: bigint): bigint {
  return ((value % PRIME) + PRIME) % PRIME
}

/** By Fermat: value^(p - 2). */
function inverse(value: bigint): bigint {
  let [result, base] = [1n, value]
  for (let exponent = PRIME - 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = modulo(result * base)
    base = modulo(base * base)
  }
  return result
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n)
}

function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from({ length: BLOCK_BYTES }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn))
}
