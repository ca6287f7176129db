import { base32 } from "@scure/base"
import { concatBytes, equalBytes, utf8 } from "./bytes.js"
import { ArchiveError } from "./errors.js"
import { sha256 } from "./hash.js"

/** Bytes as people copy them: a prefix and lower-case base32 (RFC 4648, no padding) with a check value. SPEC.md §1. */

const CHECK_BYTES = 4
const BITS_PER_DIGIT = 5

export function formatChecked(prefix: string, bytes: Uint8Array): string {
  return `${prefix}${base32
    .encode(concatBytes(bytes, checkOf(prefix, bytes)))
    .replace(/=+$/, "")
    .toLowerCase()}`
}

/** @throws {@link ArchiveError} `malformed` for another prefix, length, alphabet or check value. */
export function parseChecked(prefix: string, text: string, sizeBytes: number): Uint8Array {
  const digits = text.slice(prefix.length)
  const count = Math.ceil(((sizeBytes + CHECK_BYTES) * 8) / BITS_PER_DIGIT)
  if (!text.startsWith(prefix) || digits.length !== count || !/^[A-Za-z2-7]*$/.test(digits))
    throw new ArchiveError("malformed", `${count} letters and digits behind ${prefix} are needed`)
  const raw = decode(digits.toUpperCase())
  const bytes = raw.slice(0, sizeBytes)
  if (!equalBytes(raw.slice(sizeBytes), checkOf(prefix, bytes)))
    throw new ArchiveError("malformed", `a typing error behind ${prefix}`)
  return bytes
}

/** The library wants its padding. */
function decode(digits: string): Uint8Array {
  try {
    return base32.decode(digits.padEnd(Math.ceil(digits.length / 8) * 8, "="))
  } catch (cause) {
    throw new ArchiveError("malformed", "no base32", { cause })
  }
}

function checkOf(prefix: string, bytes: Uint8Array): Uint8Array {
  return sha256(concatBytes(utf8(prefix), bytes)).slice(0, CHECK_BYTES)
}
