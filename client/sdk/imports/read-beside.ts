import {
  fittingPeople,
  type ImportClock,
  type ImportedLine,
  type ImportedPerson,
  type ImportFile,
} from "../../../shared/protocol/import-record.js"
import { sha256 } from "../../../shared/protocol/hash.js"
import { parseCaptions } from "../captions.js"
import { parseBbbChat } from "./bbb.js"
import { workOutClock } from "./chat-clock.js"
import { countLines, recordName } from "./imported-lines.js"
import type { FoundFile, LeftOut, PlannedRecording, Platform } from "./plan.js"
import { decodeSourceText, type SourceText } from "./source-text.js"
import { type ParsedChat, parseZoomChat } from "./zoom-chat.js"
import { parseZoomPeople } from "./zoom-people.js"

/** Longer texts are not read: hours of talk are a hundredth of it. */
export const TEXT_LIMIT_BYTES = 8 * 1024 * 1024
const DAY_MS = 86_400_000
const MS_PER_S = 1_000
/** A recording has no more assets, and some are its media's and record's. */
export const MOST_CAPTIONS = 16

/** Captions as they go along. */
export interface BesideCaptions {
  readonly mediaType: "text/vtt" | "application/x-subrip"
  /** What is stored: the file's bytes, or its text in UTF-8 where they are in another encoding. */
  readonly bytes: Uint8Array
  readonly cues: number
}

/** What lies beside a recording, read. */
export interface Beside {
  readonly topic: string | null
  /** When the meeting began, by the clock of whoever listed its people. */
  readonly startedLocalMs: number | null
  readonly captions: readonly BesideCaptions[]
  readonly lines: readonly ImportedLine[]
  /** As the platform had them: of those that can't be read, many may stand as one. */
  readonly lineCount: number
  readonly unreadCount: number
  readonly people: readonly ImportedPerson[]
  readonly clock: ImportClock | null
  readonly files: readonly ImportFile[]
  readonly leftOut: readonly LeftOut[]
  readonly notes: readonly string[]
}

/** All of a small file; `null` where it is larger. Rejects where it can't be read. */
export type ReadSmall = (file: FoundFile, limitBytes: number) => Promise<Uint8Array | null>

/**
 * Reads chats, captions and lists of people. What can't be read of them is named, and keeps nothing else from being imported.
 * @param lengthMs of the recording, `null` where that is unknown.
 */
export async function readBeside(
  readSmall: ReadSmall,
  platform: Platform,
  planned: PlannedRecording,
  lengthMs: number | null,
  givenOffsetMs: number | null,
): Promise<Beside> {
  const leftOut: LeftOut[] = []
  const notes: string[] = []
  const files: ImportFile[] = []
  const read = async (file: FoundFile, use: ImportFile["use"]): Promise<SourceText | null> => {
    const raw = await readSmall(file, TEXT_LIMIT_BYTES).catch(() => undefined)
    if (raw == null) {
      leftOut.push({ path: file.path, reason: raw === null ? "too-long" : "unreadable" })
      return null
    }
    const text = decodeSourceText(raw)
    files.push({ name: recordName(file.path), sizeBytes: raw.length, sha256: sha256(raw), use })
    if (text.isDamaged) notes.push(`${file.path} holds bytes that are no text: they are shown as \u{fffd}`)
    else if (text.encoding !== "utf-8") notes.push(`${file.path} was read as ${text.encoding}`)
    return text
  }

  const captions: BesideCaptions[] = []
  let captionsEndMs = 0
  for (const file of planned.captions) {
    if (captions.length === MOST_CAPTIONS) {
      leftOut.push({ path: file.path, reason: "captions-too-many" })
      continue
    }
    const text = await read(file, "captions")
    if (text === null) continue
    if (!text.text.includes("-->")) {
      files.pop()
      leftOut.push({ path: file.path, reason: "no-captions" })
      continue
    }
    const bytes = new TextEncoder().encode(text.text.replace(/^\u{feff}/u, ""))
    const { cues } = parseCaptions(bytes)
    captionsEndMs = cues.reduce((latest, cue) => Math.max(latest, cue.endS * MS_PER_S), captionsEndMs)
    captions.push({ mediaType: bytesBeginVtt(bytes) ? "text/vtt" : "application/x-subrip", bytes, cues: cues.length })
  }

  let people: readonly ImportedPerson[] = []
  let [topic, startedLocalMs]: [string | null, number | null] = [null, null]
  for (const file of planned.participants) {
    const text = await read(file, "participants")
    if (text === null) continue
    const parsed = parseZoomPeople(text.text)
    const named = people.length + parsed.people.length
    people = fittingPeople([...people, ...parsed.people])
    const tooMany = named - people.length
    topic ??= parsed.topic
    startedLocalMs ??= parsed.startedLocalMs
    if (parsed.leftOut + tooMany > 0)
      notes.push(`${parsed.leftOut + tooMany} rows of ${file.path} are too long or too many, and left out`)
  }

  const chats: ParsedChat[] = []
  for (const file of planned.chats) {
    const text = await read(file, "chat")
    if (text !== null) chats.push(platform === "bbb" ? parseBbbChat(text.text) : parseZoomChat(text.text, people))
  }

  const lines = chats.flatMap((chat) => chat.lines)
  const { started } = planned
  const wallMs = started === null ? startedLocalMs : started.isUtc ? null : started.ms
  const clock = workOutClock(lines, {
    givenOffsetMs,
    lengthMs: Math.max(lengthMs ?? 0, captionsEndMs),
    wallStartMs: wallMs === null ? null : wallMs % DAY_MS,
    hasTabs: chats.some(({ hasTabs }) => hasTabs),
  })
  const { lines: lineCount, unread: unreadCount } = countLines(lines)
  return { topic, startedLocalMs, captions, lines, lineCount, unreadCount, people, clock, files, leftOut, notes }
}

function bytesBeginVtt(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes.subarray(0, 16)).startsWith("WEBVTT")
}
