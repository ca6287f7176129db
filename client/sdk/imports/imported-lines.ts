import { fromUtf8, utf8 } from "../../../shared/protocol/bytes.js"
import type { ImportedLine } from "../../../shared/protocol/import-record.js"
import { LIMITS } from "../../../shared/protocol/limits.js"

/** Lines that could not be read, as they were. */
export function unreadLine(text: string): ImportedLine {
  return { type: "unread", clockMs: null, author: null, to: null, about: null, text }
}

/** Whether a platform's name for somebody fits a record. */
export function isName(text: string): boolean {
  return text !== "" && utf8(text).length <= LIMITS.importNameBytes
}

/** The same line as often as its text needs, so that none of it is lost. SPEC.md §8.1, IM4. */
export function fitted(line: ImportedLine): readonly ImportedLine[] {
  const { about } = line
  if (about !== null && utf8(about).length > LIMITS.importTextBytes)
    return [...fitted({ ...line, about: null, text: about }), ...fitted({ ...line, about: null })]
  return cut(line.text, LIMITS.importTextBytes, line.type === "unread").map((text) => ({ ...line, text }))
}

/** How many lines of a chat these are, and how many of them could not be read: what stands as one may have been many. */
export function countLines(lines: readonly ImportedLine[]): { readonly lines: number; readonly unread: number } {
  let unread = 0
  let read = 0
  for (const { type, text } of lines)
    if (type === "unread") unread += text.split("\n").filter((line) => line.trim() !== "").length
    else read += 1
  return { lines: read + unread, unread }
}

/** Cuts between code points, so that each part is text, or behind the last line that fits. */
function cut(text: string, mostBytes: number, isByLines: boolean): readonly string[] {
  const bytes = utf8(text)
  const parts: string[] = []
  for (let start = 0; start < bytes.length || parts.length === 0;) {
    let end = Math.min(start + mostBytes, bytes.length)
    while (isContinuation(bytes[end])) end -= 1
    const lineEnd = isByLines && end < bytes.length ? bytes.lastIndexOf(NEWLINE, end - 1) : -1
    if (lineEnd >= start) end = lineEnd + 1
    parts.push(fromUtf8(bytes.subarray(start, end)))
    start = end
  }
  return parts
}

const NEWLINE = 0x0a

/** Of UTF-8, RFC 3629 §3. */
function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

/** A path as a record names it: whole where it fits, else its end. */
export function recordName(path: string): string {
  return shortened(path, (text) => text.slice(1))
}

/** Less of a text, until a record takes it. */
export function shortened(text: string, less = (given: string): string => [...given].slice(0, -1).join("")): string {
  let short = text
  while (utf8(short).length > LIMITS.titleBytes) short = less(short)
  return short
}
