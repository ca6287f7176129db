import { utf8 } from "../../../shared/protocol/bytes.js"

/** What stands for itself: attr-char of RFC 8187 §3.2.1. */
const ATTR_CHAR = /^[A-Za-z0-9!#$&+.^_`|~-]$/

/** `attachment` with a file's name, in ASCII for old browsers and whole for all others. RFC 6266 §4.1, appendix D. */
export function attachmentNamed(fileName: string): string {
  // Control characters, and what ends or escapes a quoted string; `%`, which some browsers decode there.
  const plain = fileName.replace(/[^\x20-\x7e]|["\\%]/gu, "_")
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded(fileName)}`
}

function encoded(text: string): string {
  let result = ""
  for (const byte of utf8(text)) {
    const character = String.fromCharCode(byte)
    result += ATTR_CHAR.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
  }
  return result
}
