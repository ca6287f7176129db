import {
  decodeImportRecord,
  type ImportClock,
  type ImportedLine,
  type ImportedPerson,
  type ImportFile,
} from "../../../shared/protocol/import-record.js"
import type { Client } from "../client.js"
import { countLines } from "./imported-lines.js"
import { readWhole } from "../reader/read-whole.js"
import type { OpenRecording } from "../recordings.js"

/** A line beside its recording. Its author is a name that the platform wrote, and never somebody's account. */
export interface PlacedLine extends ImportedLine {
  /** On the recording's clock, in milliseconds: below 0 it came before the recording, above its length behind it; `null` where nothing tells. */
  readonly placeMs: number | null
}

/** What a recording's importer says of where it came from. All of it is that person's word, and the platform's. SPEC.md §8.1. */
export interface Imported {
  /** Genesis hash of who brought it in: the recording's author. */
  readonly importedBy: Uint8Array
  readonly source: string
  readonly importedAtMs: number
  readonly files: readonly ImportFile[]
  readonly people: readonly ImportedPerson[]
  readonly clock: ImportClock | null
  /** In the order in which the platform had them. */
  readonly lines: readonly PlacedLine[]
  /** How many lines could not be read. They are among the others, as they were. */
  readonly unreadCount: number
}

/**
 * What goes along with a recording that was imported; `null` with one that was not.
 * @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`, and as `read` of an asset's reader.
 */
export async function readImported(
  client: Client,
  recording: OpenRecording,
  signal: AbortSignal = new AbortController().signal,
): Promise<Imported | null> {
  const raw: Uint8Array[] = []
  for (const asset of recording.assets.filter(({ role }) => role === "import"))
    raw.push(await readWhole(client, recording, asset, signal))
  return importedOf(raw, recording.recording.authorGenesisHash)
}

/**
 * The lines that {@link readImported} has, in the same order, while no more than those of one asset are held.
 * @throws {@link ArchiveError} as {@link readImported}, once it comes to what can't be read.
 */
export async function* readImportedLines(
  client: Client,
  recording: OpenRecording,
  signal: AbortSignal,
): AsyncGenerator<PlacedLine> {
  for (const asset of recording.assets.filter(({ role }) => role === "import")) {
    const { lines, clock } = decodeImportRecord(await readWhole(client, recording, asset, signal))
    for (const line of lines) yield placeLine(line, clock)
  }
}

/** What the bytes of a recording's `import` assets say, in their order; `null` where there are none. @throws {@link ArchiveError} as `readImported`. */
export function importedOf(rawRecords: readonly Uint8Array[], importedBy: Uint8Array): Imported | null {
  const records = rawRecords.map(decodeImportRecord)
  const [first] = records
  if (first === undefined) return null
  const { source, importedAtMs, clock, files, people } = first
  const lines = records.flatMap((record) => record.lines.map((line) => placeLine(line, record.clock)))
  const { unread: unreadCount } = countLines(lines)
  return { importedBy, source, importedAtMs, files, people, clock, lines, unreadCount }
}

/** IM5. */
export function placeLine(line: ImportedLine, clock: ImportClock | null): PlacedLine {
  return { ...line, placeMs: line.clockMs === null || clock === null ? null : line.clockMs - clock.startMs }
}
