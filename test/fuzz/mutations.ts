import { concatBytes } from "../../shared/protocol/bytes.js"
import { type CborValue, decodeCbor, encodeCbor } from "../../shared/protocol/cbor.js"
import type { Chance } from "../support/chance.js"

/** Heads that claim far more than there is, and forms that are not canonical. */
export const LYING_HEADS: readonly Uint8Array[] = [
  [0x5a, 0x7f, 0xff, 0xff, 0xff],
  [0x5b, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00],
  [0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x7a, 0x7f, 0xff, 0xff, 0xff],
  [0x9a, 0x7f, 0xff, 0xff, 0xff],
  [0x9a, 0x00, 0xff, 0xff, 0xff],
  [0x9b, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00],
  [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xba, 0x00, 0xff, 0xff, 0xff],
  [0x9f],
  [0x5f],
  [0x18, 0x01],
  [0xc2],
  [0xf7],
  [0xfb, 0x40, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18],
].map((head) => Uint8Array.from(head))

const NUMBERS = [
  0,
  1,
  2,
  23,
  24,
  255,
  256,
  65_535,
  65_536,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 43,
  Number.MAX_SAFE_INTEGER,
] as const

/** One to three changes of bytes: turned, dropped, doubled, cut, or put in. */
export function mutateBytes(raw: Uint8Array, chance: Chance): Uint8Array {
  let changed = raw
  for (let left = 1 + chance.below(3); left > 0; left--) changed = mutateBytesOnce(changed, chance)
  return changed
}

function mutateBytesOnce(raw: Uint8Array, chance: Chance): Uint8Array {
  const at = chance.below(raw.length + 1)
  const [before, after] = [raw.subarray(0, at), raw.subarray(at)]
  switch (chance.below(7)) {
    case 0:
      return before.slice()
    case 1:
      return concatBytes(before, after.subarray(1 + chance.below(8)))
    case 2:
      return concatBytes(before, chance.bytes(1 + chance.below(8)), after)
    case 3:
      return concatBytes(before, chance.pick(LYING_HEADS), after.subarray(chance.below(9)))
    case 4:
      return concatBytes(before, raw.subarray(chance.below(raw.length + 1)).subarray(0, 64), after)
    default: {
      const turned = raw.slice()
      if (at < turned.length) turned[at] = (turned[at] ?? 0) ^ (1 << chance.below(8))
      return turned
    }
  }
}

/** A CBOR structure with one or two of its values changed to others; other bytes are changed as bytes. */
export function mutateMaterial(raw: Uint8Array, chance: Chance): Uint8Array {
  const value = chance.oneIn(4) ? null : decodeOrNull(raw)
  if (value === null) return mutateBytes(raw, chance)
  const once = mutateSomewhere(value, chance)
  return encodeCbor(chance.oneIn(3) ? mutateSomewhere(once, chance) : once)
}

function decodeOrNull(raw: Uint8Array): readonly CborValue[] | null {
  try {
    const value = decodeCbor(raw, Number.MAX_SAFE_INTEGER)
    return isArray(value) ? value : null
  } catch {
    return null
  }
}

function mutateSomewhere(value: CborValue, chance: Chance): CborValue {
  if (!isArray(value) || value.length === 0 || chance.oneIn(8)) return mutateValue(value, chance)
  const index = chance.below(value.length)
  return value.with(index, mutateSomewhere(value[index] ?? null, chance))
}

function mutateValue(value: CborValue, chance: Chance): CborValue {
  if (chance.oneIn(6))
    return chance.pick<CborValue>([
      null,
      true,
      0,
      "",
      "text",
      new Uint8Array(0),
      new Uint8Array(32),
      [],
      [[]],
      [1, null],
    ])
  if (value instanceof Uint8Array) return mutateString(value, chance)
  if (typeof value === "number")
    return chance.oneIn(2)
      ? chance.pick(NUMBERS)
      : Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, value + chance.below(5) - 2))
  if (typeof value === "string")
    return chance.pick([
      value + value,
      value.slice(1),
      `${value}\u0000`,
      "ä".repeat(chance.below(600)),
      value.toUpperCase(),
    ])
  return isArray(value) ? mutateArray(value, chance) : chance.pick<CborValue>([false, 1, "", []])
}

function mutateString(value: Uint8Array, chance: Chance): Uint8Array {
  switch (chance.below(5)) {
    case 0:
      return value.slice(0, chance.below(value.length + 1))
    case 1:
      return concatBytes(value, chance.bytes(1 + chance.below(4)))
    case 2:
      return chance.bytes(value.length)
    default:
      return mutateBytesOnce(value, chance)
  }
}

function mutateArray(items: readonly CborValue[], chance: Chance): CborValue {
  const index = chance.below(items.length + 1)
  const item = items[index] ?? 0
  switch (chance.below(5)) {
    case 0:
      return items.toSpliced(index, 1)
    case 1:
      return items.toSpliced(index, 0, item)
    case 2:
      return items.toReversed()
    case 3:
      return [...items, ...items]
    default:
      return items.toSpliced(index, 0, chance.below(100))
  }
}

function isArray(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value)
}
