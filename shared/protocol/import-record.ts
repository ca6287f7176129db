import {
  type CborValue,
  decodeCbor,
  encodeCbor,
  readArray,
  readBoolean,
  readBytes,
  readNullable,
  readText,
  readUint,
  readVersioned,
} from "./cbor.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES } from "./hash.js"
import { LIMITS } from "./limits.js"

/** What goes along with a recording that was brought in from elsewhere: where it came from, and what was said beside it there. SPEC.md §8.1. */

/** What an import asset's media type is. */
export const IMPORT_MEDIA_TYPE = "application/vnd.taciturn.import+cbor"

export const IMPORT_FILE_USES = ["media", "captions", "chat", "participants"] as const
export type ImportFileUse = (typeof IMPORT_FILE_USES)[number]

/** A file as it lay there. */
export interface ImportFile {
  readonly name: string
  readonly sizeBytes: number
  readonly sha256: Uint8Array
  readonly use: ImportFileUse
}

/** Somebody whom the platform named. Nothing vouches for it. */
export interface ImportedPerson {
  readonly name: string
  readonly address: string | null
  readonly minutes: number | null
}

const CLOCK_BASES = ["recording", "wall", "given"] as const

/** How the platform's clock stands to the recording's. */
export interface ImportClock {
  /** Whether the times counted from the recording's start, were those of a clock on a wall, or were set right by a person. */
  readonly basis: (typeof CLOCK_BASES)[number]
  /** What the chat's clock showed when the recording began, in milliseconds; negative where its zero came later. */
  readonly startMs: number
}

/**
 * A line as the platform had it. `author`, `to` (`null`: to everybody) and `about` (what it answers or reacts to) are text that the platform wrote: no account stands behind them.
 * Types: `message`, `reply`, `reaction`, `reaction-removed`, and `unread` for lines that could not be read, as they were; a reader keeps others.
 */
export interface ImportedLine {
  readonly type: string
  /** By the platform's clock; `null` where the line had no time. */
  readonly clockMs: number | null
  readonly author: string | null
  readonly to: string | null
  readonly about: string | null
  readonly text: string
}

export interface ImportRecord {
  /** The platform, as `zoom`. */
  readonly source: string
  readonly importedAtMs: number
  readonly files: readonly ImportFile[]
  readonly people: readonly ImportedPerson[]
  /** `null` where nothing tells how the clocks stand to each other: then no line has a place. */
  readonly clock: ImportClock | null
  readonly lines: readonly ImportedLine[]
}

export function encodeImportRecord({ source, importedAtMs, files, people, clock, lines }: ImportRecord): Uint8Array {
  return encodeCbor([
    1,
    source,
    importedAtMs,
    files.map(({ name, sizeBytes, sha256, use }) => [name, sizeBytes, sha256, use]),
    people.map(({ name, address, minutes }) => [name, address, minutes]),
    clock === null ? null : [clock.basis, clock.startMs < 0, Math.abs(clock.startMs)],
    lines.map(({ type, clockMs, author, to, about, text }) => [type, clockMs, author, to, about, text]),
  ])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`. IM1. */
export function decodeImportRecord(raw: Uint8Array): ImportRecord {
  const [, source, importedAtMs, files, people, clock, lines] = readVersioned(
    decodeCbor(raw, LIMITS.importRecordBytes),
    "import record",
    7,
  )
  return {
    source: readFilled(source, "source", LIMITS.importTypeBytes),
    importedAtMs: readUint(importedAtMs, "time of the import"),
    files: readList(files, "files", LIMITS.importFiles).map(readFile),
    people: readList(people, "people", LIMITS.importPeople).map(readPerson),
    clock: readNullable(clock, readClock),
    lines: readList(lines, "lines", LIMITS.importLines).map(readLine),
  }
}

/** What of a record's lines is at most one asset's: their bytes are counted as they are encoded. */
export function splitImportedLines(lines: readonly ImportedLine[]): readonly (readonly ImportedLine[])[] {
  const parts: ImportedLine[][] = [[]]
  let bytes = 0
  for (const line of lines) {
    const lineBytes = encodeCbor([line.type, line.clockMs, line.author, line.to, line.about, line.text]).length
    if (bytes + lineBytes > LIMITS.importLinesBytes || parts.at(-1)?.length === LIMITS.importLines) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(line)
    bytes += lineBytes
  }
  return parts
}

/** The first of them that fit into a record: their bytes are counted as they are encoded. */
export function fittingPeople(people: readonly ImportedPerson[]): readonly ImportedPerson[] {
  let bytes = 0
  const beyond = people.findIndex(({ name, address, minutes }, index) => {
    bytes += encodeCbor([name, address, minutes]).length
    return index === LIMITS.importPeople || bytes > LIMITS.importPeopleBytes
  })
  return beyond < 0 ? people : people.slice(0, beyond)
}

function readList(value: CborValue | undefined, what: string, most: number): readonly CborValue[] {
  const items = readArray(value, what)
  if (items.length > most) throw new ArchiveError("malformed", `${items.length} ${what}`)
  return items
}

function readFilled(value: CborValue | undefined, what: string, maxBytes: number): string {
  const text = readText(value, what, maxBytes)
  if (text === "") throw new ArchiveError("malformed", `${what} is empty`)
  return text
}

function readFile(raw: CborValue): ImportFile {
  const [name, sizeBytes, sha256, rawUse] = readArray(raw, "file", 4)
  const use = IMPORT_FILE_USES.find((known) => known === rawUse)
  if (use === undefined) throw new ArchiveError("malformed", "a file of unknown use")
  return {
    name: readFilled(name, "file name", LIMITS.fileNameBytes),
    sizeBytes: readUint(sizeBytes, "size of a file"),
    sha256: readBytes(sha256, "hash of a file", HASH_BYTES),
    use,
  }
}

function readPerson(raw: CborValue): ImportedPerson {
  const [name, address, minutes] = readArray(raw, "person", 3)
  return {
    name: readText(name, "name", LIMITS.importNameBytes),
    address: readNullable(address, (value) => readText(value, "address", LIMITS.importNameBytes)),
    minutes: readNullable(minutes, (value) => readUint(value, "minutes")),
  }
}

function readClock(raw: CborValue | undefined): ImportClock {
  const [rawBasis, isNegative, ms] = readArray(raw, "clock", 3)
  const basis = CLOCK_BASES.find((known) => known === rawBasis)
  if (basis === undefined) throw new ArchiveError("malformed", "a clock of unknown basis")
  const startMs = readUint(ms, "start by the clock")
  const isBefore = readBoolean(isNegative, "whether it is negative")
  if (isBefore && startMs === 0) throw new ArchiveError("malformed", "a zero that is negative")
  return { basis, startMs: isBefore ? -startMs : startMs }
}

function readLine(raw: CborValue): ImportedLine {
  const [type, clockMs, author, to, about, text] = readArray(raw, "line", 6)
  const name = (value: CborValue | undefined, what: string): string | null =>
    readNullable(value, (given) => readText(given, what, LIMITS.importNameBytes))
  return {
    type: readFilled(type, "type of a line", LIMITS.importTypeBytes),
    clockMs: readNullable(clockMs, (value) => readUint(value, "time of a line")),
    author: name(author, "author"),
    to: name(to, "whom it is to"),
    about: readNullable(about, (value) => readText(value, "what it is about", LIMITS.importTextBytes)),
    text: readText(text, "text", LIMITS.importTextBytes),
  }
}
