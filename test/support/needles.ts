/** Looks for known plaintext in every form in which a careless program might have left it. */

export interface Needle {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Each by the name that it has there. */
export function textNeedles(texts: Readonly<Record<string, string>>): readonly Needle[] {
  return Object.entries(texts).map(([name, text]) => ({ name, bytes: Buffer.from(text) }))
}

interface Pattern {
  readonly name: string
  readonly bytes: Buffer
}

const SHORTEST_BYTES = 8
/** Memory that nothing was written to: most of what a process has. */
const ZEROS = Buffer.alloc(64 * 1024)

/** A needle as it is, as UTF-16, base64 at three alignments, hexadecimal and percent-encoding. */
export function encodingsOf(needle: Needle): readonly Pattern[] {
  const raw = Buffer.from(needle.bytes)
  const hex = raw.toString("hex")
  const percent = hex.replaceAll(/../g, (byte) => `%${byte}`)
  const text = raw.toString("utf8")
  const isText = Buffer.from(text, "utf8").equals(raw)
  const utf16 = Buffer.from(isText ? text : raw.toString("latin1"), "utf16le")
  const forms: [string, Buffer][] = [
    ["as it is", raw],
    ["UTF-16LE", utf16],
    ["UTF-16BE", Buffer.from(utf16).swap16()],
    ["hex", Buffer.from(hex)],
    ["HEX", Buffer.from(hex.toUpperCase())],
    ["percent", Buffer.from(percent)],
    ["PERCENT", Buffer.from(percent.toUpperCase())],
    ...(isText ? [["URI component", Buffer.from(encodeURIComponent(text))] as [string, Buffer]] : []),
    ...[0, 1, 2].flatMap((shift): [string, Buffer][] => {
      const middle = base64Middle(raw, shift)
      return [
        [`base64 at ${shift}`, Buffer.from(middle)],
        [`base64url at ${shift}`, Buffer.from(middle.replaceAll("+", "-").replaceAll("/", "_"))],
      ]
    }),
  ]
  const seen = new Set<string>()
  return forms
    .filter(
      ([, bytes]) =>
        bytes.length >= SHORTEST_BYTES && !seen.has(bytes.toString("latin1")) && seen.add(bytes.toString("latin1")),
    )
    .map(([form, bytes]) => ({ name: `${needle.name}, ${form}`, bytes }))
}

/** The characters of a base64 text that depend on the needle alone, when `shift` bytes stand before it in its group. */
function base64Middle(raw: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), raw])
    .toString("base64")
    .replaceAll("=", "")
  const whole = Math.floor(((shift + raw.length) * 8) / 6)
  return text.slice(Math.ceil((shift * 8) / 6), whole)
}

/** Finds any of many patterns in one pass. */
export class Haystack {
  readonly #byPrefix = new Map<number, Pattern[]>()
  readonly #starts = new Uint8Array(1 << 16)
  readonly found = new Set<string>()
  readonly overlapBytes: number
  scannedBytes = 0

  constructor(needles: readonly Needle[]) {
    const patterns = needles.flatMap(encodingsOf)
    for (const pattern of patterns) {
      this.#starts[pattern.bytes.readUInt16LE(0)] = 1
      const prefix = pattern.bytes.readUInt32LE(0)
      this.#byPrefix.set(prefix, [...(this.#byPrefix.get(prefix) ?? []), pattern])
    }
    this.overlapBytes = Math.max(...patterns.map((pattern) => pattern.bytes.length))
  }

  /** Adds the names of what is found; `where` is put before them. */
  scan(where: string, bytes: Buffer): void {
    this.scannedBytes += bytes.length
    for (let at = 0; at < bytes.length; at += ZEROS.length) {
      const end = Math.min(at + ZEROS.length, bytes.length)
      const isEmpty = end - at === ZEROS.length && bytes.compare(ZEROS, 0, ZEROS.length, at, end) === 0
      // What begins with zeros may begin here, and go on behind.
      this.#scanFrom(where, bytes, isEmpty ? end - this.overlapBytes : at, end)
    }
  }

  #scanFrom(where: string, bytes: Buffer, from: number, end: number): void {
    const starts = this.#starts
    let previous = bytes[from]!
    for (let at = from; at < end; at++) {
      const next = bytes[at + 1] ?? 0
      if (starts[previous | (next << 8)] === 1) this.#compare(where, bytes, at)
      previous = next
    }
  }

  #compare(where: string, bytes: Buffer, at: number): void {
    if (at + 4 > bytes.length) return
    for (const pattern of this.#byPrefix.get(bytes.readUInt32LE(at)) ?? []) {
      if (bytes.subarray(at, at + pattern.bytes.length).equals(pattern.bytes))
        this.found.add(`${where}: ${pattern.name}`)
    }
  }
}
