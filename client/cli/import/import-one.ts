import { mkdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import * as z from "zod"
import { equalBytes, toHex, utf8 } from "../../../shared/protocol/bytes.js"
import { IMPORT_MEDIA_TYPE, type ImportClock } from "../../../shared/protocol/import-record.js"
import type { MeetingId, RecordingId } from "../../../shared/protocol/ids.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { Client } from "../../sdk/client.js"
import { findImported, type KnownImport } from "../../sdk/imports/find-imported.js"
import type { LeftOut, PlannedRecording, Platform } from "../../sdk/imports/plan.js"
import { type Beside, readBeside, type ReadSmall } from "../../sdk/imports/read-beside.js"
import { recordName } from "../../sdk/imports/imported-lines.js"
import { importRecords, readyImport, type ReadyImport } from "../../sdk/imports/ready.js"
import { readMeeting } from "../../sdk/meetings.js"
import { writeDurably } from "../../sdk/node/files.js"
import { openJournalFolder } from "../../sdk/node/journal-folder.js"
import { withLock } from "../../sdk/node/lock.js"
import type { JournalStore } from "../../sdk/upload/journal.js"
import { isPublished } from "../../sdk/upload/publish.js"
import { abandonUpload, closePublished } from "../../sdk/upload/unfinished.js"
import { journalFolder, uploadPrepared } from "../commands/upload.js"
import type { CommandContext } from "../context.js"
import { accountOf, nameText } from "../describe.js"
import { asItIs, type PreparedFile, prepareMedia } from "../media/prepare.js"
import { probeMedia } from "../media/probe.js"
import { hashFile, readSmallFile } from "./scan-folder.js"

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
  /** What recordings of the meeting were made of, as far as it was read, by their ids: it changes no more. */
  readonly known: Map<string, KnownImport | null>
  /** Whether also what somebody else says to have imported is imported. */
  readonly isAgain: boolean
}

export const AGAIN_FLAG = ["--again", "import also what another member says to have imported already"] as const

export interface LookedInto {
  /** `null` where nothing is left of it that could be stored. */
  readonly ready: ReadyImport | null
  /** What of its files can't be imported. */
  readonly leftOut: readonly LeftOut[]
}

/** Reads what lies beside a recording. */
export async function lookInto(run: ImportRun, planned: PlannedRecording): Promise<LookedInto> {
  const { context, root, platform, ffmpeg, givenOffsetMs } = run
  const { media } = planned
  const info =
    media === null || ffmpeg === null
      ? null
      : await probeMedia(ffmpeg, join(root, media.path), { signal: context.signal })
  const readSmall: ReadSmall = async ({ path }, limitBytes) => await readSmallFile(join(root, path), limitBytes)
  const beside = await readBeside(readSmall, platform, planned, info?.durationMs ?? null, givenOffsetMs)
  return { ready: readyImport(planned, beside), leftOut: beside.leftOut }
}

export interface ImportedOne {
  readonly recordingId: RecordingId
  /** What was there before; `null` where it was imported now. */
  readonly known: KnownImport | null
  readonly clock: ImportClock | null
  readonly leftOut: readonly LeftOut[]
  readonly notes: readonly string[]
}

/** Imports a recording once: who has imported the same file into this meeting before, or to whom another member says so, gets that. Called again after an interruption, it goes on. */
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
      const log = await readMeeting(client, meetingId)
      const search = { known: run.known, isOwnOnly: run.isAgain }
      const known = await findImported(client, log, sha256, context.signal, search)
      const journal = await openJournalFolder(folder)
      if (known !== null) {
        await endJournal(client, log, journal)
        const leftOut = beside.files
          .filter((file) => file.use !== "media" && !known.hashes.some((hash) => equalBytes(hash, file.sha256)))
          .map(({ name }): LeftOut => ({
            path: name,
            reason: "imported-without",
          }))
        return { recordingId: known.recordingId, known, clock: known.clock, leftOut, notes: [] }
      }
      const records = await keepRecords(run, ready, sha256, folder)
      context.output.progress(`${main.path}: preparing`)
      const captions = async (): Promise<readonly PreparedFile[]> => await keepCaptions(beside, folder)
      const prepared = ready.isMedia
        ? await prepareMedia(path, join(folder, "prepared"), run.ffmpeg, context.signal, captions)
        : asItIs(path, await captions())
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
        known: null,
        clock: beside.clock,
        leftOut: [],
        notes: prepared.notes.filter((note) => !note.endsWith("goes along as captions")),
      }
    },
    { wait: false },
  )
}

/** What an interrupted call left, where its file's recording is there: keys and all that was made of it. Somebody else's may have come before it. */
async function endJournal(client: Client, log: MeetingLog, store: JournalStore): Promise<void> {
  const journal = await store.load().catch((error: unknown) => {
    // Nothing could go on with it.
    if (isArchiveError(error) && error.code === "malformed") return null
    throw error
  })
  if (journal === null) await store.remove()
  else if (isPublished(log, journal)) await closePublished(client, store, journal)
  else await abandonUpload(client, store, journal)
}

const keptSchema = z.object({ parts: z.number().int().min(1) })

/** Made once for each journal: the time of the import stands in it, and what was sealed must not change. */
async function keepRecords(
  run: ImportRun,
  ready: ReadyImport,
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
  const parts = importRecords(run.platform, ready, { sha256, importedAtMs })
  for (const [part, raw] of parts.entries()) await writeDurably(partPath(part), raw)
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

/** Behind what was there already: by whom, where that is somebody else's word. IM6. */
export function knownText(client: Client, { importedBy, isOwn }: KnownImport): string {
  return isOwn
    ? "was there already"
    : `was there already, as ${accountOf(importedBy)}${nameText(client, importedBy)} says, who imported it: look at it, or give --again to import it all the same`
}
