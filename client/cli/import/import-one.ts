import { mkdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import * as z from "zod"
import { equalBytes, toHex, utf8 } from "../../../shared/protocol/bytes.js"
import {
  encodeImportRecord,
  IMPORT_MEDIA_TYPE,
  type ImportClock,
  splitImportedLines,
} from "../../../shared/protocol/import-record.js"
import type { MeetingId, RecordingId } from "../../../shared/protocol/ids.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { Client } from "../../sdk/client.js"
import type { FoundFile, LeftOut, PlannedRecording, Platform } from "../../sdk/imports/plan.js"
import { readImported } from "../../sdk/imports/read-imported.js"
import { readMeeting } from "../../sdk/meetings.js"
import { writeDurably } from "../../sdk/node/files.js"
import { openJournalFolder } from "../../sdk/node/journal-folder.js"
import { withLock } from "../../sdk/node/lock.js"
import { openRecordingOf } from "../../sdk/recordings.js"
import { journalFolder, uploadPrepared } from "../commands/upload.js"
import type { CommandContext } from "../context.js"
import { asItIs, type PreparedFile, prepareMedia } from "../media/prepare.js"
import { probeMedia } from "../media/probe.js"
import { type Beside, readBeside } from "./read-beside.js"
import { hashFile } from "./scan-folder.js"

/** What an import has in hand for all of its recordings. */
export interface ImportRun {
  readonly context: CommandContext
  readonly client: Client
  readonly meetingId: MeetingId
  readonly platform: Platform
  readonly root: string
  /** `null` without one. */
  readonly ffmpeg: string | null
  readonly givenOffsetMs: number | null
  readonly notRenewed: boolean | undefined
}

/** A planned recording, looked into. */
export interface ReadyImport {
  readonly title: string
  /** What is stored as its media: the chat, where there is nothing else. */
  readonly main: FoundFile
  readonly isMedia: boolean
  readonly capturedAtMs: number
  readonly durationMs: number | null
  readonly beside: Beside
}

const SOURCES: Record<Platform, string> = { zoom: "zoom", bbb: "bigbluebutton", folder: "folder" }

/** @returns `null` where nothing is left of it that could be stored. */
export async function lookInto(run: ImportRun, planned: PlannedRecording): Promise<ReadyImport | null> {
  const { context, root, platform, ffmpeg, givenOffsetMs } = run
  const { media } = planned
  const info =
    media === null || ffmpeg === null
      ? null
      : await probeMedia(ffmpeg, join(root, media.path), { signal: context.signal })
  const beside = await readBeside(root, platform, planned, info?.durationMs ?? null, givenOffsetMs)
  const main = media ?? planned.chats.find(({ path }) => beside.files.some(({ name }) => name === recordName(path)))
  if (main === undefined) return null
  const { started } = planned
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
    durationMs: info?.durationMs ?? null,
    beside,
  }
}

export interface ImportedOne {
  readonly recordingId: RecordingId
  /** Whether it was there before. */
  readonly isKnown: boolean
  readonly clock: ImportClock | null
  readonly leftOut: readonly LeftOut[]
  readonly notes: readonly string[]
}

/** Imports a recording once: who has imported the same file into this meeting before, gets that. Called again after an interruption, it goes on. */
export async function importOne(run: ImportRun, ready: ReadyImport): Promise<ImportedOne> {
  const { context, client, meetingId, root } = run
  const { main, beside } = ready
  const path = join(root, main.path)
  const sha256 = await hashFile(path, context.signal)
  const folder = journalFolder(context, client, meetingId, [
    "import",
    run.platform,
    toHex(sha256),
    String(run.givenOffsetMs),
    ...beside.files.map((file) => toHex(file.sha256)),
  ])
  return await withLock(
    folder,
    async () => {
      const known = await findImported(run, await readMeeting(client, meetingId), sha256)
      if (known !== null) {
        const leftOut = beside.files
          .filter((file) => file.use !== "media" && !known.hashes.some((hash) => equalBytes(hash, file.sha256)))
          .map(({ name }) => ({
            path: name,
            reason: "its recording was imported without it: delete that one, and import again",
          }))
        return { recordingId: known.recordingId, isKnown: true, clock: known.clock, leftOut, notes: [] }
      }
      const journal = await openJournalFolder(folder)
      const records = await keepRecords(run, ready, sha256, folder)
      context.output.progress(`${main.path}: preparing`)
      const prepared = ready.isMedia
        ? await prepareMedia(
            path,
            join(folder, "prepared"),
            run.ffmpeg,
            context.signal,
            async () => await keepCaptions(beside, folder),
          )
        : asItIs(path)
      const { recordingId } = await uploadPrepared(
        context,
        client,
        meetingId,
        journal,
        {
          name: main.path,
          files: [...prepared.files, ...records],
          details: {
            title: ready.title,
            fileName: recordName(main.path.slice(main.path.lastIndexOf("/") + 1)),
            capturedAtMs: ready.capturedAtMs,
            durationMs: prepared.durationMs,
            prepared: prepared.prepared,
          },
        },
        { notRenewed: run.notRenewed },
      )
      return {
        recordingId,
        isKnown: false,
        clock: beside.clock,
        leftOut: [],
        notes: prepared.notes.filter((note) => !note.endsWith("goes along as captions")),
      }
    },
    { wait: false },
  )
}

interface KnownImport {
  readonly recordingId: RecordingId
  readonly clock: ImportClock | null
  readonly hashes: readonly Uint8Array[]
}

/** A recording of the meeting that somebody made of this very file. */
async function findImported(run: ImportRun, log: MeetingLog, sha256: Uint8Array): Promise<KnownImport | null> {
  for (const recording of log.recordings) {
    const assets = recording.opened?.assets ?? []
    if (recording.withdrawal !== null || !assets.some(({ role }) => role === "import")) continue
    const imported = await readImported(run.client, openRecordingOf(run.client, log, recording), run.context.signal)
    const main = imported?.files.find(({ sha256: hash }) => equalBytes(hash, sha256))
    if (imported !== null && main !== undefined && main === imported.files[0])
      return {
        recordingId: recording.fields.recordingId,
        clock: imported.clock,
        hashes: imported.files.map((file) => file.sha256),
      }
  }
  return null
}

const keptSchema = z.object({ parts: z.number().int().min(1) })

/** Made once for each journal: the time of the import stands in it, and what was sealed must not change. */
async function keepRecords(
  run: ImportRun,
  { main, beside }: ReadyImport,
  sha256: Uint8Array,
  folder: string,
): Promise<readonly PreparedFile[]> {
  const place = join(folder, "import")
  const partPath = (part: number): string => join(place, `${part}.cbor`)
  const donePath = join(place, "parts.json")
  const files = (parts: number): readonly PreparedFile[] =>
    Array.from({ length: parts }, (_, part) => ({ role: "import", path: partPath(part), mediaType: IMPORT_MEDIA_TYPE }))
  const kept = await readFile(donePath, "utf8").catch(() => null)
  if (kept !== null) return files(keptSchema.parse(JSON.parse(kept)).parts)
  await mkdir(place, { recursive: true, mode: 0o700 })
  const importedAtMs = run.client.clock.nowMs()
  const parts = splitImportedLines(beside.lines)
  const own = { name: recordName(main.path), sizeBytes: main.sizeBytes, sha256, use: "media" as const }
  for (const [part, lines] of parts.entries())
    await writeDurably(
      partPath(part),
      encodeImportRecord({
        source: SOURCES[run.platform],
        importedAtMs,
        files: [own, ...beside.files].slice(0, LIMITS.importFiles),
        people: part === 0 ? beside.people : [],
        clock: beside.clock,
        lines,
      }),
    )
  await writeDurably(donePath, utf8(JSON.stringify({ parts: parts.length })))
  return files(parts.length)
}

async function keepCaptions({ captions }: Beside, folder: string): Promise<readonly PreparedFile[]> {
  const files: PreparedFile[] = []
  for (const [index, { mediaType, bytes }] of captions.entries()) {
    const path = join(folder, "import", `${index}.${mediaType === "text/vtt" ? "vtt" : "srt"}`)
    await writeDurably(path, bytes)
    files.push({ role: "captions", path, mediaType })
  }
  return files
}

/** A path as a record names it: whole where it fits, else its end. */
export function recordName(path: string): string {
  return shortened(path, (text) => text.slice(1))
}

function shortened(text: string, less = (given: string): string => [...given].slice(0, -1).join("")): string {
  let short = text
  while (utf8(short).length > LIMITS.titleBytes) short = less(short)
  return short
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
