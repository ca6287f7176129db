import { decodeImportRecord, encodeImportRecord, splitImportedLines } from "../../../shared/protocol/import-record.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { recordName, shortened } from "./imported-lines.js"
import type { FoundFile, PlannedRecording, Platform } from "./plan.js"
import type { Beside } from "./read-beside.js"

/** A planned recording, looked into. */
export interface ReadyImport {
  readonly title: string
  /** What is stored as its media: its chat, captions or list of people, where there is nothing else. */
  readonly main: FoundFile
  readonly isMedia: boolean
  readonly capturedAtMs: number
  readonly beside: Beside
}

const SOURCES: Record<Platform, string> = { zoom: "zoom", bbb: "bigbluebutton", folder: "folder" }

/** @returns `null` where nothing is left of it that could be stored. */
export function readyImport(planned: PlannedRecording, beside: Beside): ReadyImport | null {
  const { media, started } = planned
  const beginsWith = [...planned.chats, ...planned.captions, ...planned.participants]
  const main = media ?? beginsWith.find(({ path }) => beside.files.some(({ name }) => name === recordName(path)))
  if (main === undefined) return null
  const local = started ?? (beside.startedLocalMs === null ? null : { ms: beside.startedLocalMs, isUtc: false })
  return {
    // The name that a folder got from its meeting goes before a list's.
    title: shortened(started === null ? (beside.topic ?? planned.title) : planned.title),
    main,
    isMedia: media !== null,
    capturedAtMs: Math.max(
      0,
      Math.round(local === null ? main.mtimeMs : local.isUtc ? local.ms : ofThisZone(local.ms)),
    ),
    beside,
  }
}

/**
 * What goes along with a recording that is imported, as the bytes of its `import` assets, in their order. SPEC.md §8.1.
 * @throws {@link ArchiveError} before anything is sealed, where nobody could read them.
 */
export function importRecords(
  platform: Platform,
  { main, beside }: ReadyImport,
  { sha256, importedAtMs }: { readonly sha256: Uint8Array; readonly importedAtMs: number },
): readonly Uint8Array[] {
  const own = { name: recordName(main.path), sizeBytes: main.sizeBytes, sha256, use: "media" as const }
  return splitImportedLines(beside.lines).map((lines, part) => {
    const raw = encodeImportRecord({
      source: SOURCES[platform],
      importedAtMs,
      files: [own, ...beside.files].slice(0, LIMITS.importFiles),
      people: part === 0 ? beside.people : [],
      clock: beside.clock,
      lines,
    })
    decodeImportRecord(raw)
    return raw
  })
}

/** A time by clocks of where this is, given as if it were UTC. */
function ofThisZone(ms: number): number {
  const day = new Date(ms)
  return new Date(
    day.getUTCFullYear(),
    day.getUTCMonth(),
    day.getUTCDate(),
    day.getUTCHours(),
    day.getUTCMinutes(),
    day.getUTCSeconds(),
  ).getTime()
}
