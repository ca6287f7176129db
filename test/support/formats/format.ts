import { createPrivateKey, sign } from "node:crypto"
import { signerOfSeed } from "../../../client/crypto/sodium.js"
import type { RandomBytes } from "../../../shared/protocol/ambient.js"
import { concatBytes, u32, utf8 } from "../../../shared/protocol/bytes.js"
import { type CborValue, decodeCbor, encodeCbor } from "../../../shared/protocol/cbor.js"
import type { Signer } from "../../../shared/protocol/envelope.js"
import { type ErrorCode, isArchiveError } from "../../../shared/protocol/errors.js"
import { sha256 } from "../../../shared/protocol/hash.js"

/** A variant of a format that its decoder must refuse. */
export interface Refusal {
  readonly name: string
  readonly code: ErrorCode
  readonly raw: Uint8Array
}

/** One format as its vectors and its fuzzing need it: deterministic, so that it can be frozen. */
export interface Format {
  /** Also the name of its vectors' file. */
  readonly name: string
  /** Where SPEC.md has it. */
  readonly section: string
  /** Every code with which the decoder says that it refuses. */
  readonly codes: readonly ErrorCode[]
  readonly limitBytes: number
  /** What is signed or sealed; the whole where nothing is. */
  readonly material: Uint8Array
  /** Signs and seals any material again, right or wrong. */
  readonly assemble: (material: Uint8Array) => Uint8Array
  readonly decode: (raw: Uint8Array) => unknown
  /** Whether every byte is under a signature, a seal or a root, so that no other bytes may be accepted. */
  readonly vouched: boolean
  readonly refusals: readonly Refusal[]
}

export const NOTHING = new Uint8Array(0)

/** Bytes that look random and are the same in every run. */
export function seededBytes(seed: string): RandomBytes {
  let counter = 0
  let pool: Uint8Array = NOTHING
  return (count) => {
    while (pool.length < count) pool = concatBytes(pool, sha256(concatBytes(utf8(seed), u32(counter++))))
    const bytes = pool.slice(0, count)
    pool = pool.slice(count)
    return bytes
  }
}

export function bytesOf(seed: string, count = 32): Uint8Array {
  return seededBytes(seed)(count)
}

const signers = new Map<string, Signer>()

/** One signer per name. Node's Ed25519 signs faster than libsodium's, and the same. */
export function signerOf(name: string): Signer {
  const signer = signers.get(name) ?? nativeSignerOf(bytesOf(name))
  signers.set(name, signer)
  return signer
}

/** PKCS #8 (RFC 8410) around the seed of an Ed25519 key. */
const PKCS8_PREFIX = "302e020100300506032b657004220420"

export function nativeSignerOf(seed: Uint8Array): Signer {
  const key = createPrivateKey({
    key: Buffer.concat([Buffer.from(PKCS8_PREFIX, "hex"), seed]),
    format: "der",
    type: "pkcs8",
  })
  return { publicKey: signerOfSeed(seed).publicKey, sign: (message) => new Uint8Array(sign(null, message, key)) }
}

/** Writes as a function, so that a format's material is made once. */
export const unchanged = (material: Uint8Array): Uint8Array => material

/** `raw` with the value at `path` put in place of what stands there. */
export function edit(raw: Uint8Array, path: readonly number[], value: CborValue): Uint8Array {
  return encodeCbor(replaceAt(decodeCbor(raw, Number.MAX_SAFE_INTEGER), path, value))
}

export function valueAt(raw: Uint8Array, path: readonly number[]): CborValue {
  return path.reduce<CborValue>(
    (value, index) => itemsOf(value)[index] ?? null,
    decodeCbor(raw, Number.MAX_SAFE_INTEGER),
  )
}

function replaceAt(value: CborValue, path: readonly number[], replacement: CborValue): CborValue {
  const [index, ...rest] = path
  if (index === undefined) return replacement
  const items = [...itemsOf(value)]
  items[index] = replaceAt(items[index] ?? null, rest, replacement)
  return items
}

export function itemsOf(value: CborValue): readonly CborValue[] {
  if (!Array.isArray(value)) throw new TypeError("a test edits what is no array")
  return value as readonly CborValue[]
}

/** `raw` with one bit of one byte turned; negative offsets count from the end. */
export function flip(raw: Uint8Array, offset: number): Uint8Array {
  const flipped = raw.slice()
  const at = offset < 0 ? raw.length + offset : offset
  flipped[at] = (flipped[at] ?? 0) ^ 1
  return flipped
}

export function longerThan(limitBytes: number): Uint8Array {
  return new Uint8Array(limitBytes + 1)
}

/** What every CBOR structure with a version refuses. */
export function commonRefusals(
  raw: Uint8Array,
  material: Uint8Array,
  limitBytes: number,
  assemble: (material: Uint8Array) => Uint8Array,
): readonly Refusal[] {
  return [
    { name: "nothing", code: "malformed", raw: NOTHING },
    { name: "cut short by one byte", code: "malformed", raw: raw.slice(0, -1) },
    { name: "followed by a byte", code: "malformed", raw: concatBytes(raw, Uint8Array.of(0)) },
    { name: "version 2", code: "unsupported-version", raw: assemble(edit(material, [0], 2)) },
    { name: "a version that is no number", code: "malformed", raw: assemble(edit(material, [0], null)) },
    {
      name: "one item more",
      code: "malformed",
      raw: assemble(encodeCbor([...itemsOf(decodeCbor(material, Number.MAX_SAFE_INTEGER)), 0])),
    },
    // Beyond a kilobyte a vector of zeros tells nobody anything; the fuzzing has them all.
    ...(limitBytes <= 1_024
      ? [{ name: "longer than allowed", code: "too-large" as const, raw: longerThan(limitBytes) }]
      : []),
  ]
}

/** What every envelope refuses. */
export function envelopeRefusals(
  raw: Uint8Array,
  signerKeyPath: readonly number[],
  material: Uint8Array,
  assemble: (material: Uint8Array) => Uint8Array,
): readonly Refusal[] {
  return [
    {
      name: "a signature with one bit turned",
      code: "bad-signature",
      raw: edit(raw, [1], flip(valueAt(raw, [1]) as Uint8Array, 5)),
    },
    { name: "another public key", code: "bad-signature", raw: edit(raw, [0], signerOf("somebody else").publicKey) },
    {
      name: "a statement with one bit turned",
      code: "bad-signature",
      raw: edit(raw, [2], flip(valueAt(raw, [2]) as Uint8Array, -1)),
    },
    {
      name: "a statement that names another key",
      code: "bad-signature",
      raw: assemble(edit(material, signerKeyPath, signerOf("somebody else").publicKey)),
    },
  ]
}

/** The items of an array in CBOR, or `null` where `raw` is none. */
export function arrayOf(raw: Uint8Array, limitBytes = Number.MAX_SAFE_INTEGER): readonly CborValue[] | null {
  try {
    const value = decodeCbor(raw, limitBytes)
    return Array.isArray(value) ? (value as readonly CborValue[]) : null
  } catch (error) {
    if (isArchiveError(error)) return null
    throw error
  }
}
