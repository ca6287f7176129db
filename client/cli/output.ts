import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { EXIT_CODES } from "./exit-codes.js"
import { shownText } from "./shown-text.js"

/** Of a terminal that does not say how wide it is. */
const DEFAULT_COLUMNS = 80

/** Where a command's results go: for people, or as one JSON document that stands alone on stdout. */
export interface Output {
  readonly json: boolean
  /** The command's one result. */
  result(document: Readonly<Record<string, unknown>>, lines: readonly string[]): void
  /** For a person, beside the result: on stderr, and never in JSON. */
  note(text: string): void
  /** A line that replaces itself, where stderr is a terminal. */
  progress(text: string | null): void
}

export function createOutput(json: boolean): Output {
  let hasProgress = false
  const clear = (): void => {
    if (hasProgress) process.stderr.write("\r\u001b[K")
    hasProgress = false
  }
  return {
    json,
    result: (document, lines) => {
      clear()
      process.stdout.write(
        json ? `${JSON.stringify(document)}\n` : lines.map((line) => `${printable(line)}\n`).join(""),
      )
    },
    note: (text) => {
      clear()
      process.stderr.write(`${printable(text)}\n`)
    },
    progress: (text) => {
      if (!process.stderr.isTTY) return
      clear()
      if (text === null) return
      process.stderr.write(
        printable(text)
          .replaceAll("\t", " ")
          .slice(0, (process.stderr.columns > 0 ? process.stderr.columns : DEFAULT_COLUMNS) - 1),
      )
      hasProgress = true
    },
  }
}

/** Says what failed, and gives the exit code. */
export function reportFailure(error: unknown, json: boolean): number {
  const known = isArchiveError(error)
    ? error
    : new ArchiveError("internal", error instanceof Error ? error.message : "something failed that should not have", {
        cause: error,
      })
  const { code, message, retryable, place } = known
  if (json)
    process.stdout.write(
      `${JSON.stringify({ error: { code, message, retryable, ...(place === undefined ? {} : { place }) } })}\n`,
    )
  else
    process.stderr.write(
      `${process.stderr.isTTY ? "\r\u001b[K" : ""}taciturn: ${printable(message)}${place === undefined ? "" : ` (${place})`}\n`,
    )
  return EXIT_CODES[code]
}

/** A title is another member's text: it must not move the cursor, hide, or turn the line around. */
export function printable(text: string): string {
  return shownText(text).replaceAll("\n", "\u{fffd}")
}

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const

export function formatSize(sizeBytes: number): string {
  const exponent = sizeBytes < 1_024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(sizeBytes) / 10))
  const amount = sizeBytes / 1_024 ** exponent
  return `${exponent === 0 ? String(amount) : amount.toFixed(1)} ${UNITS[exponent] ?? ""}`
}

export function formatDuration(seconds: number | null): string {
  if (seconds === null) return "—"
  const [hours, minutes, rest] = [
    Math.floor(seconds / 3_600),
    Math.floor((seconds % 3_600) / 60),
    Math.floor(seconds % 60),
  ]
  return `${hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}` : String(minutes)}:${String(rest).padStart(2, "0")}`
}
