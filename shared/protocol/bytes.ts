import { ArchiveError } from "./errors.js"

/** The parts one after another. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((total, part) => total + part.length, 0))
  let offset = 0
  for (const part of parts) {
    result.set(part, offset)
    offset += part.length
  }
  return result
}

/** Whether `a` and `b` are the same bytes, in time that depends on the lengths alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0)
  return difference === 0
}

/** Bytewise order, shorter first where one begins the other. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function u8(value: number): Uint8Array {
  return Uint8Array.of(value)
}

/** Four bytes, big-endian. SPEC.md §1. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** Eight bytes, big-endian. SPEC.md §1. */
export function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

/** `u32(len(x)) ‖ x`, SPEC.md §1. */
export function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  return concatBytes(u32(bytes.length), bytes)
}

const encoder = new TextEncoder()

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** @throws {@link ArchiveError} `malformed`. */
export function fromUtf8(raw: Uint8Array): string {
  try {
    return decoder.decode(raw)
  } catch (cause) {
    throw new ArchiveError("malformed", "a text that is not UTF-8", { cause })
  }
}

export function toHex(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += HEX_OF_BYTES[byte] ?? ""
  return text
}

const HEX_OF_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/** @throws {@link ArchiveError} `malformed` unless `text` is an even number of lower-case hex digits. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || /[^0-9a-f]/.test(text)) throw new ArchiveError("malformed", "not lower-case hexadecimal")
  const bytes = new Uint8Array(text.length / 2)
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16)
  return bytes
}

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const BASE64URL_VALUES = new Int16Array(128).fill(-1)
for (let index = 0; index < 64; index++) BASE64URL_VALUES[BASE64URL.charCodeAt(index)] = index

/** RFC 4648 §5, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil((bytes.length * 4) / 3))
  let at = 0
  for (let index = 0; index < bytes.length; index += 3) {
    const group = ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0)
    for (let shift = 18; shift >= 0 && at < text.length; shift -= 6)
      text[at++] = BASE64URL.charCodeAt((group >> shift) & 63)
  }
  return decoder.decode(text)
}

/** @throws {@link ArchiveError} `malformed` unless `text` is canonical unpadded base64url. */
export function fromBase64Url(text: string): Uint8Array {
  const rest = text.length % 4
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let bits = 0
  let bitCount = 0
  let offset = 0
  for (let index = 0; index < text.length; index++) {
    const value = BASE64URL_VALUES[text.charCodeAt(index)] ?? -1
    if (value < 0) throw new ArchiveError("malformed", "not base64url")
    bits = ((bits << 6) | value) & 0xffffff
    bitCount += 6
    if (bitCount >= 8) {
      bitCount -= 8
      bytes[offset++] = (bits >> bitCount) & 0xff
    }
  }
  if (rest === 1 || (bits & ((1 << bitCount) - 1)) !== 0) throw new ArchiveError("malformed", "not canonical base64url")
  return bytes
}
