/** What a text file says, whatever program wrote it. */
export interface SourceText {
  readonly text: string
  readonly encoding: "utf-8" | "utf-16le" | "utf-16be" | "windows-1252"
  /** Whether some bytes are no text in that encoding. They became U+FFFD. */
  readonly isDamaged: boolean
}

/** So many bytes at the beginning tell whether many of every second one are zero, as times, spaces and line ends have it in UTF-16. */
const SAMPLE_BYTES = 4_096
const MANY = 0.1
/** And so many times as many as of those between them, of which U+4E00 and its like make some zero. */
const SKEW = 1.5

/** Decodes by the byte order mark, else by what the bytes look like; line ends become `\n`. */
export function decodeSourceText(raw: Uint8Array): SourceText {
  const encoding = encodingOf(raw)
  const text = new TextDecoder(encoding).decode(raw).replaceAll(/\r\n?/g, "\n")
  return { text, encoding, isDamaged: text.includes("\u{fffd}") }
}

function encodingOf(raw: Uint8Array): SourceText["encoding"] {
  const [first, second] = raw
  if (first === 0xff && second === 0xfe) return "utf-16le"
  if (first === 0xfe && second === 0xff) return "utf-16be"
  if (first === 0xef && second === 0xbb && raw[2] === 0xbf) return "utf-8"
  const sample = raw.subarray(0, SAMPLE_BYTES)
  const zeros = [0, 0]
  for (const [index, byte] of sample.entries()) if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1
  const [even = 0, odd = 0] = zeros
  const many = (sample.length / 2) * MANY
  if (odd > many && odd >= even * SKEW) return "utf-16le"
  if (even > many && even >= odd * SKEW) return "utf-16be"
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(raw)
    return "utf-8"
  } catch {
    // An older program's; but what has mostly whole UTF-8 in it is that, damaged.
    const damaged = new TextDecoder().decode(raw)
    const wholes = damaged.match(/[^\0-\x7f\ufffd]/g)?.length ?? 0
    const broken = damaged.match(/\ufffd/g)?.length ?? 0
    return wholes >= broken ? "utf-8" : "windows-1252"
  }
}
