import { decode, encode, rfc8949EncodeOptions } from "cborg"
import { compareBytes, equalBytes } from "./bytes.js"
import { ArchiveError } from "./errors.js"

/** What signed and sealed structures are made of. SPEC.md §1. */
export type CborValue = number | string | boolean | null | Uint8Array | readonly CborValue[]

/** Deterministic CBOR (RFC 8949 §4.2.1) of `value`. */
export function encodeCbor(value: CborValue): Uint8Array {
  return encode(value, rfc8949EncodeOptions)
}

/**
 * Decodes one deterministic CBOR value.
 * @throws {@link ArchiveError} `too-large` above `limitBytes`, before anything is allocated; `malformed` for trailing bytes,
 * maps, floats, tags, negative or unsafe integers, indefinite lengths, and every other non-canonical form.
 */
export function decodeCbor(raw: Uint8Array, limitBytes: number): CborValue {
  if (raw.length > limitBytes) throw new ArchiveError("too-large", `${raw.length} bytes where at most ${limitBytes} are allowed`)
  let value: unknown
  try {
    assertShallow(raw)
    value = decode(raw, {
      allowIndefinite: false,
      allowUndefined: false,
      allowInfinity: false,
      allowNaN: false,
      allowBigInt: false,
      strict: true,
      useMaps: false,
    })
    assertPlain(value)
    if (!equalBytes(encodeCbor(value), raw)) throw new ArchiveError("malformed", "not deterministic CBOR")
  } catch (error) {
    if (error instanceof ArchiveError) throw error
    throw new ArchiveError("malformed", "not deterministic CBOR", { cause: error })
  }
  return value
}

const MAX_DEPTH = 16
/** An item costs up to 32 bytes of memory where it took one byte of input: all together stay within the largest structure's limit. */
const MAX_ITEMS = 262_144

/** Bounds nesting and items, and refuses counts that the input can't hold, before the decoder sees them. */
function assertShallow(raw: Uint8Array): void {
  const open: number[] = []
  let offset = 0
  let items = 0
  while (offset < raw.length) {
    if (++items > MAX_ITEMS) throw new ArchiveError("malformed", "more items than any structure has")
    const initial = raw[offset] ?? 0
    const major = initial >> 5
    const [argument, next] = readArgument(raw, offset, initial & 31)
    offset = next
    if (major === 2 || major === 3) {
      if (argument > raw.length - offset) throw new ArchiveError("malformed", "a string is longer than its input")
      offset += argument
    } else if (major === 4) {
      if (argument > raw.length - offset) throw new ArchiveError("malformed", "an array is longer than its input")
      if (argument > 0) {
        open.push(argument)
        if (open.length > MAX_DEPTH) throw new ArchiveError("malformed", "nested too deeply")
        continue
      }
    } else if (major !== 0 && major !== 7) {
      throw new ArchiveError("malformed", "a type that is not used here")
    }
    while (open.length > 0) {
      const left = (open.pop() ?? 1) - 1
      if (left > 0) {
        open.push(left)
        break
      }
    }
    if (open.length === 0) break
  }
  if (offset !== raw.length || open.length > 0) throw new ArchiveError("malformed", "cut short, or followed by other bytes")
}

function readArgument(raw: Uint8Array, offset: number, additional: number): [argument: number, next: number] {
  if (additional < 24) return [additional, offset + 1]
  if (additional > 27) throw new ArchiveError("malformed", "an indefinite length")
  const width = 2 ** (additional - 24)
  if (offset + 1 + width > raw.length) throw new ArchiveError("malformed", "cut short")
  let argument = 0
  for (let index = 1; index <= width; index++) argument = argument * 256 + (raw[offset + index] ?? 0)
  return [argument, offset + 1 + width]
}

function assertPlain(value: unknown): asserts value is CborValue {
  if (value === null || typeof value === "string" || typeof value === "boolean" || value instanceof Uint8Array) return
  if (typeof value === "number") {
    if (Number.isSafeInteger(value) && value >= 0) return
    throw new ArchiveError("malformed", "a number that is no unsigned integer")
  }
  if (!Array.isArray(value)) throw new ArchiveError("malformed", "a type that is not used here")
  for (const item of value as readonly unknown[]) assertPlain(item)
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
  if (items[0] !== 1) throw new ArchiveError("unsupported-version", `${what} has version ${items[0]}; this program knows version 1`)
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
  if (value.length < min || value.length > max) throw new ArchiveError("malformed", `${what} is ${value.length} bytes long`)
  return value
}

/** @throws {@link ArchiveError} `malformed` unless `value` is an unsigned integer up to `max`. */
export function readUint(value: CborValue | undefined, what: string, max: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== "number" || value > max) throw new ArchiveError("malformed", `${what} is no unsigned integer up to ${max}`)
  return value
}

/** @throws {@link ArchiveError} `malformed` unless `value` is text of at most `maxBytes` UTF-8 bytes. */
export function readText(value: CborValue | undefined, what: string, maxBytes: number): string {
  if (typeof value !== "string" || new TextEncoder().encode(value).length > maxBytes) {
    throw new ArchiveError("malformed", `${what} is no text of at most ${maxBytes} bytes`)
  }
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
