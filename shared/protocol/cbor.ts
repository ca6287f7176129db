import { encode, rfc8949EncodeOptions } from "cborg"
import { compareBytes, fromUtf8 } from "./bytes.js"
import { ArchiveError } from "./errors.js"

/** What signed and sealed structures are made of. SPEC.md §1. */
export type CborValue = number | string | boolean | null | Uint8Array | readonly CborValue[]

/** Deterministic CBOR (RFC 8949 §4.2.1) of `value`. */
export function encodeCbor(value: CborValue): Uint8Array {
  return encode(value, rfc8949EncodeOptions)
}

/** Levels of arrays that a structure may have. */
const MAX_DEPTH = 16
/** No structure has more items than this. */
const MAX_ITEMS = 262_144
/** An item costs up to 32 bytes of memory: so many bytes of a structure's limit allow one, and decoding costs no more than a few times the limit. */
const LIMIT_BYTES_PER_ITEM = 16
const MIN_ITEMS = 64

function mostItemsIn(limitBytes: number): number {
  return Math.min(MAX_ITEMS, Math.max(MIN_ITEMS, Math.floor(limitBytes / LIMIT_BYTES_PER_ITEM)))
}

interface Cursor {
  readonly raw: Uint8Array
  offset: number
  itemsLeft: number
}

/**
 * Decodes one deterministic CBOR value (RFC 8949 §4.2.1): what is accepted has no second encoding. Byte strings are copies. SPEC.md §1.
 * Not cborg's decoder, since that makes a token of some 200 bytes for every byte that a liar sends.
 * @param mostItems more than the limit allows are for what a program wrote itself.
 * @throws {@link ArchiveError} `too-large` above `limitBytes`, before anything is allocated; `malformed` for trailing bytes,
 * maps, floats, tags, negative or unsafe integers, indefinite lengths, and every other non-canonical form.
 */
export function decodeCbor(raw: Uint8Array, limitBytes: number, mostItems = mostItemsIn(limitBytes)): CborValue {
  if (raw.length > limitBytes)
    throw new ArchiveError("too-large", `${raw.length} bytes where at most ${limitBytes} are allowed`)
  const cursor: Cursor = { raw, offset: 0, itemsLeft: mostItems }
  const value = readItem(cursor, 0)
  if (cursor.offset !== raw.length) throw new ArchiveError("malformed", "followed by other bytes")
  return value
}

function readItem(cursor: Cursor, depth: number): CborValue {
  if (cursor.itemsLeft-- === 0) throw new ArchiveError("malformed", "more items than its structure has")
  const initial = cursor.raw[cursor.offset++]
  if (initial === undefined) throw new ArchiveError("malformed", "cut short")
  switch (initial >> 5) {
    case 0:
      return readArgument(cursor, initial)
    case 2:
      // A copy: what is kept of a structure must not change, nor be kept alive, with what it came in.
      return new Uint8Array(readString(cursor, initial))
    case 3:
      return fromUtf8(readString(cursor, initial))
    case 4:
      return readItems(cursor, initial, depth)
    case 7:
      return readSimple(initial)
    default:
      throw new ArchiveError("malformed", "a type that is not used here")
  }
}

function readItems(cursor: Cursor, initial: number, depth: number): readonly CborValue[] {
  const count = readArgument(cursor, initial)
  if (count > cursor.raw.length - cursor.offset)
    throw new ArchiveError("malformed", "an array is longer than its input")
  if (depth === MAX_DEPTH) throw new ArchiveError("malformed", "nested too deeply")
  const items: CborValue[] = []
  while (items.length < count) items.push(readItem(cursor, depth + 1))
  return items
}

function readString(cursor: Cursor, initial: number): Uint8Array {
  const length = readArgument(cursor, initial)
  const start = cursor.offset
  if (length > cursor.raw.length - start) throw new ArchiveError("malformed", "a string is longer than its input")
  cursor.offset += length
  return cursor.raw.subarray(start, cursor.offset)
}

/** The number in an item's head, in the shortest form that holds it. */
function readArgument(cursor: Cursor, initial: number): number {
  const additional = initial & 31
  if (additional < 24) return additional
  if (additional > 27) throw new ArchiveError("malformed", "an indefinite length")
  const width = 2 ** (additional - 24)
  const end = cursor.offset + width
  if (end > cursor.raw.length) throw new ArchiveError("malformed", "cut short")
  let argument = 0
  while (cursor.offset < end) argument = argument * 256 + (cursor.raw[cursor.offset++] ?? 0)
  const smallest = width === 1 ? 24 : 2 ** (4 * width)
  if (argument < smallest) throw new ArchiveError("malformed", "a number that has a shorter form")
  if (!Number.isSafeInteger(argument)) throw new ArchiveError("malformed", "a number above 2^53-1")
  return argument
}

function readSimple(initial: number): boolean | null {
  if (initial === 0xf4) return false
  if (initial === 0xf5) return true
  if (initial === 0xf6) return null
  throw new ArchiveError("malformed", "a type that is not used here")
}

/** @throws {@link ArchiveError} `malformed` unless `value` is an array (of `length` items, where given). */
export function readArray(value: CborValue | undefined, what: string, length?: number): readonly CborValue[] {
  if (!isArray(value)) throw new ArchiveError("malformed", `${what} is no array`)
  if (length !== undefined && value.length !== length) {
    throw new ArchiveError("malformed", `${what} has ${value.length} items instead of ${length}`)
  }
  return value
}

/**
 * An array that begins with version 1.
 * @throws {@link ArchiveError} `unsupported-version`, or `malformed` as {@link readArray}.
 */
export function readVersioned(value: CborValue, what: string, length: number): readonly CborValue[] {
  const items = readArray(value, what)
  if (typeof items[0] !== "number") throw new ArchiveError("malformed", `${what} has no version`)
  if (items[0] !== 1)
    throw new ArchiveError("unsupported-version", `${what} has version ${items[0]}; this program knows version 1`)
  return readArray(items, what, length)
}

/** @throws {@link ArchiveError} `malformed` unless `value` is a byte string of `length` bytes, or of `min` to `max`. */
export function readBytes(
  value: CborValue | undefined,
  what: string,
  length: number | { readonly min: number; readonly max: number },
): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new ArchiveError("malformed", `${what} is no byte string`)
  const { min, max } = typeof length === "number" ? { min: length, max: length } : length
  if (value.length < min || value.length > max)
    throw new ArchiveError("malformed", `${what} is ${value.length} bytes long`)
  return value
}

/** @throws {@link ArchiveError} `malformed` unless `value` is an unsigned integer up to `max`. */
export function readUint(value: CborValue | undefined, what: string, max: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== "number" || value > max)
    throw new ArchiveError("malformed", `${what} is no unsigned integer up to ${max}`)
  return value
}

/** @throws {@link ArchiveError} `malformed` unless `value` is text of at most `maxBytes` UTF-8 bytes. */
export function readText(value: CborValue | undefined, what: string, maxBytes: number): string {
  if (typeof value !== "string" || new TextEncoder().encode(value).length > maxBytes) {
    throw new ArchiveError("malformed", `${what} is no text of at most ${maxBytes} bytes`)
  }
  return value
}

/** @throws {@link ArchiveError} `malformed` unless `value` is `true` or `false`. */
export function readBoolean(value: CborValue | undefined, what: string): boolean {
  if (typeof value !== "boolean") throw new ArchiveError("malformed", `${what} is neither true nor false`)
  return value
}

/** `null` stays `null`; everything else is read. */
export function readNullable<T>(value: CborValue | undefined, read: (value: CborValue | undefined) => T): T | null {
  return value === null ? null : read(value)
}

/** @throws {@link ArchiveError} `malformed` unless `items` are strictly ascending bytewise. */
export function assertAscending(items: readonly Uint8Array[], what: string): void {
  for (let index = 1; index < items.length; index++) {
    const [before, here] = [items[index - 1], items[index]]
    if (before === undefined || here === undefined || compareBytes(before, here) >= 0) {
      throw new ArchiveError("malformed", `${what} are not sorted, or one stands twice`)
    }
  }
}

function isArray(value: CborValue | undefined): value is readonly CborValue[] {
  return Array.isArray(value)
}
