/** Elements of EBML, in which Matroska and WebM are written. RFC 8794. */

export interface Element {
  readonly id: number
  /** Where its body begins and ends; `Number.MAX_SAFE_INTEGER` where no end is said. */
  readonly start: number
  readonly end: number
}

/** The first of this id among the whole elements from `start` to before `end`. */
export function findElement(bytes: Uint8Array, start: number, end: number, id: number): Element | null {
  for (let at = start; at < end;) {
    const element = parseElement(bytes, at)
    if (element === null || element.end > bytes.length) return null
    if (element.id === id) return element
    at = element.end
  }
  return null
}

/** `null` for what is no element, or not there as far as its body. RFC 8794 §4, §5: the leading zeros of the first byte tell how long an id or a size is. */
export function parseElement(bytes: Uint8Array, at: number): Element | null {
  const idBytes = Math.clz32(bytes[at] ?? 0) - 23
  const sizeAt = at + idBytes
  const sizeBytes = Math.clz32(bytes[sizeAt] ?? 0) - 23
  if (idBytes > 4 || sizeBytes > 8 || sizeAt + sizeBytes > bytes.length) return null
  const id = numberAt(bytes, at, idBytes)
  // Without the bit that tells its length: with that, eight bytes are more than a number holds exactly.
  const first = bytes[sizeAt] ?? 0
  const size = (first - 2 ** (8 - sizeBytes)) * 256 ** (sizeBytes - 1) + numberAt(bytes, sizeAt + 1, sizeBytes - 1)
  const start = sizeAt + sizeBytes
  // All ones: it ends where the file does.
  const isOpen = size >= Math.min(2 ** (7 * sizeBytes) - 1, Number.MAX_SAFE_INTEGER)
  return { id, start, end: isOpen ? Number.MAX_SAFE_INTEGER : start + size }
}

/** An unsigned integer of so many bytes. */
export function numberAt(bytes: Uint8Array, at: number, count: number): number {
  return bytes.subarray(at, at + count).reduce((value, byte) => value * 256 + byte, 0)
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The whole elements that stand in there, one after another, as far as they can be read. */
export function* elementsIn(bytes: Uint8Array, start: number, end: number): Generator<Element> {
  for (let at = start; at < end;) {
    const element = parseElement(bytes, at)
    if (element === null || element.end > end) return
    yield element
    at = element.end
  }
}
