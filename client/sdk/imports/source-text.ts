/** What a text file says, whatever program wrote it. */
export interface SourceText {
  readonly text: string
  readonly encoding: "utf-8" | "utf-16le" | "utf-16be" | "windows-1252"
  /** Whether some bytes are no text in that encoding. They became U+FFFD. */
  readonly isDamaged: boolean
}

/** So many bytes at the beginning tell whether every second one is zero. */
const SAMPLE_BYTES = 4_096
const MOSTLY = 0.4

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
  const zeros = (parity: number): number => sample.filter((byte, index) => byte === 0 && index % 2 === parity).length
  const half = sample.length / 2
  if (half > 0 && zeros(1) / half > MOSTLY && zeros(0) === 0) return "utf-16le"
  if (half > 0 && zeros(0) / half > MOSTLY && zeros(1) === 0) return "utf-16be"
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
