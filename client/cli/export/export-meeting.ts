import { mkdir, readFile, rename, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { isoTimeOf } from "../../../shared/protocol/ambient.js"
import { decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { utf8 } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import type { MeetingLog, PublishedRecording } from "../../crypto/meeting-log.js"
import type { StandingMessage } from "../../crypto/chat-order.js"
import type { OpenedAsset } from "../../crypto/recording-event.js"
import { type Cue, parseCaptions, webVttOf } from "../../sdk/captions.js"
import { ChatReader } from "../../sdk/chat/read.js"
import type { Client } from "../../sdk/client.js"
import { type Imported, importedOf } from "../../sdk/imports/read-imported.js"
import { currentCapability, readMeeting } from "../../sdk/meetings.js"
import { fsyncFolder, writeDurably } from "../../sdk/node/files.js"
import { fileProofs } from "../../sdk/openings/file-proof.js"
import { makeMessageOpening, openable, splitIntoOpenings } from "../../sdk/openings/message-opening.js"
import { type AssetReader, openAsset, type ReaderOptions, type WithToken } from "../../sdk/reader/asset-reader.js"
import { openRecordingOf, readAsset, titleOf } from "../../sdk/recordings.js"
import { defaultFileName, sanitiseFileName } from "../../sdk/saved-name.js"
import { chatDocument, foldedChat, type ShownLine } from "../chat-lines.js"
import { chatPage, sentKey, type SentPlaces } from "../chat-page.js"
import { importedDocument } from "../commands/chat-imported.js"
import { fetchTo } from "../commands/download.js"
import { isImported } from "../commands/recording.js"
import type { CommandContext } from "../context.js"
import { accountOf } from "../describe.js"
import {
  type ExportedFile,
  type ExportedMeeting,
  type ExportedRecording,
  folderName,
  hashOf,
  IMPORTED,
  mediaFileName,
  mediaOf,
  missingPart,
} from "./manifest.js"
import { meetingPage } from "./meeting-page.js"

export interface ExportRun {
  readonly context: CommandContext
  readonly client: Client
  /** The export's folder. */
  readonly root: string
}

/** A recording as its page shows it. */
export interface ShownRecording {
  readonly exported: ExportedRecording
  readonly durationMs: number | null
  readonly cues: readonly Cue[]
  readonly imported: Imported | null
}

type Missing = ExportedMeeting["missing"][number]

/**
 * Writes everything of a meeting that this account can open. What an earlier call wrote whole is not fetched again.
 * @param before what the earlier call wrote; `keep` is given each state that the list of the export should have.
 * @throws {@link ArchiveError} as `readMeeting`; what of a recording or message can't be had is in `missing`.
 */
export async function exportMeeting(
  run: ExportRun,
  meetingId: MeetingId,
  before: ExportedMeeting | null,
  keep: (meeting: ExportedMeeting) => Promise<void>,
): Promise<ExportedMeeting> {
  const { client } = run
  const log = await readMeeting(client, meetingId)
  const id = formatId("meeting", meetingId)
  const { title } = log.current
  let meeting: ExportedMeeting = {
    meeting: id,
    title,
    folder: before?.folder ?? folderName(title, id),
    messages: before?.messages ?? 0,
    recordings: before?.recordings ?? [],
    files: before?.files ?? [],
    chatProofs: before?.chatProofs ?? [],
    former: before?.former ?? [],
    missing: [],
  }
  const shown: ShownRecording[] = []
  for (const recording of log.recordings) {
    const done = await exportRecording(run, log, recording, { ...meeting, missing: before?.missing ?? [] })
    if (done === null) continue
    meeting = { ...meeting, missing: [...meeting.missing, ...done.missing] }
    if (done.shown !== null) {
      const { exported } = done.shown
      shown.push(done.shown)
      const others = meeting.recordings.filter((other) => other.recording !== exported.recording)
      meeting = { ...meeting, recordings: [...others, exported] }
    }
    await keep(meeting)
  }
  const { lines, messages, chatTitle } = await readChat(run, log)
  const page = { meeting: id, title: chatTitle }
  const sent = await exportSentFiles(run, log, lines, meeting)
  meeting = { ...meeting, messages: lines.length, missing: [...meeting.missing, ...sent.missing] }
  const proofs = await proveChat(run, messages.log, messages.all, meeting.folder)
  const files: ExportedFile[] = [...sent.files, ...proofs]
  for (const [name, text] of [
    [
      "chat.json",
      `${JSON.stringify({ ...page, messages: lines.map((line) => lineDocument(client, line, sent.places)) })}\n`,
    ],
    ["chat.html", chatPage(client, page, lines, sent.places)],
    ["index.html", meetingPage(client, log, meeting, shown)],
  ] as const)
    files.push(await writeText(run, `${meeting.folder}/${name}`, text))
  const all = [...files, ...meeting.recordings.flatMap((recording) => recording.files)]
  const former = before === null ? [] : await formerFiles(run, before, all)
  meeting = { ...meeting, files, chatProofs: proofs.map(({ path }) => path), former }
  await keep(meeting)
  return meeting
}

/** What earlier calls wrote, and this one has no place for. It stays, since it may be the last that there is of it. */
async function formerFiles(
  run: ExportRun,
  before: ExportedMeeting,
  current: readonly ExportedFile[],
): Promise<ExportedFile[]> {
  const named = new Set(current.flatMap(({ path, proof }) => [path, proof]))
  const former: ExportedFile[] = []
  for (const file of [...before.former, ...before.files, ...before.recordings.flatMap(({ files }) => files)]) {
    if (named.has(file.path) || !(await isThere(run, file))) continue
    named.add(file.path)
    former.push(file)
  }
  return former
}

/** As `chat list` gives it, and for each file where it lies from the meeting's folder on; `null` for one that could not be had. */
function lineDocument(client: Client, line: ShownLine, places: SentPlaces): Readonly<Record<string, unknown>> {
  const document = chatDocument(client, line)
  if (line.kind !== "text") return document
  const files = line.content.files.map(({ fileName, trueBytes }, index) => ({
    fileName,
    sizeBytes: trueBytes,
    path: places.get(sentKey(line, index)) ?? null,
  }))
  return { ...document, files }
}

interface ReadChat {
  readonly lines: readonly ShownLine[]
  readonly chatTitle: string
  /** All that somebody can be told to have signed, with the log by which they open. */
  readonly messages: { readonly log: MeetingLog; readonly all: readonly StandingMessage[] }
}

async function readChat({ client, context }: ExportRun, log: MeetingLog): Promise<ReadChat> {
  const reader = await ChatReader.open(client, log.meetingId, { log, signal: context.signal })
  while (await reader.readOlder()) context.output.progress(`chat: read back to message ${reader.from}`)
  const all = reader.entries().filter((entry) => entry.kind === "authentic")
  return { lines: foldedChat(reader), chatTitle: reader.log.current.title, messages: { log: reader.log, all } }
}

/** Openings of all messages, edits and deletions among them, so that what the chat says can be held against what was signed. */
async function proveChat(
  run: ExportRun,
  log: MeetingLog,
  all: readonly StandingMessage[],
  folder: string,
): Promise<readonly ExportedFile[]> {
  const files: ExportedFile[] = []
  let done = 0
  for (const some of splitIntoOpenings(all)) {
    const messages = some.map((message) => openable(log, message, { isWhole: true }))
    done += messages.length
    run.context.output.progress(`chat: proofs of ${done} of ${all.length} messages`)
    const path = `${folder}/proofs/chat-${String(files.length).padStart(4, "0")}.opening`
    files.push(await writeBytes(run, path, await makeMessageOpening(run.client, { log, messages, others: 0 })))
  }
  return files
}

interface ExportedOne {
  /** `null` where none of it could be had. */
  readonly shown: ShownRecording | null
  readonly missing: readonly Missing[]
}

/**
 * What can't be had of it takes nothing else of it away.
 * @param before of its meeting, what an earlier call wrote.
 * @returns `null` for one that is of no concern: closed to this account, or withdrawn before it was exported.
 */
async function exportRecording(
  run: ExportRun,
  log: MeetingLog,
  recording: PublishedRecording,
  before: ExportedMeeting,
): Promise<ExportedOne | null> {
  const { client, context } = run
  const id = formatId("recording", recording.fields.recordingId)
  const title = titleOf(recording)
  const known = before.recordings.find((other) => other.recording === id)
  if (recording.withdrawal !== null)
    // What was exported before stays, and says what became of it.
    return known === undefined
      ? null
      : {
          shown: { exported: { ...known, isWithdrawn: true }, durationMs: null, cues: [], imported: null },
          missing: before.missing.filter(({ what }) => what.startsWith(id)),
        }
  if (recording.opened === null || title === null) return null
  const opened = openRecordingOf(client, log, recording)
  const folder = known?.folder ?? `${before.folder}/${folderName(title, id)}`
  await mkdir(join(run.root, folder), { recursive: true, mode: 0o700 })
  const missing: Missing[] = []
  const files: ExportedFile[] = []
  const had = new Map<OpenedAsset, string>()
  let proofOf: ReturnType<typeof fileProofs> | null = null
  for (const [index, asset] of opened.assets.entries()) {
    const name = fileNameOf(asset, index, title, recording.opened.details.fileName)
    // A recording may have got another title since.
    const path = (asset.role === "media" ? mediaOf(known?.files ?? [])?.path : undefined) ?? `${folder}/${name}`
    const file = known?.files.find((other) => other.path === path && other.sizeBytes === asset.trueBytes)
    const isDone = file !== undefined && (await isThere(run, file)) && (await isThere(run, { path: proofPath(path) }))
    const done = isDone
      ? file
      : await attempt(run, missing, missingPart(id, asset.role), async () => {
          proofOf ??= fileProofs(client, opened, context.signal)
          const reader = readAsset(client, opened, asset, waiting(run, title))
          return await exportAsset(run, reader, path, (await proofOf)(asset))
        })
    if (done === null) continue
    had.set(asset, done.path)
    files.push(done)
  }
  const [first] = missing
  if (had.size === 0 && first !== undefined) return { shown: null, missing: [{ ...first, what: id }] }
  // From what was written, so that a second run asks for none of it.
  const bytesOf = async (asset: OpenedAsset): Promise<Uint8Array> =>
    new Uint8Array(await readFile(join(run.root, had.get(asset) ?? "")))
  const cues: Cue[] = []
  for (const [index, asset] of opened.assets.entries()) {
    if (asset.role !== "captions" || !had.has(asset)) continue
    const read = parseCaptions(await bytesOf(asset))
    cues.push(...read.cues)
    // Players of pages and television sets read WebVTT; what was signed lies beside it as it is.
    if (asset.mediaType !== "text/vtt")
      files.push(await writeBytes(run, `${folder}/${captionsName(index, "vtt")}`, webVttOf(read)))
  }
  const records = opened.assets.filter(({ role }) => role === "import")
  const imported = records.every((asset) => had.has(asset))
    ? await attempt(run, missing, `${id}, ${IMPORTED}`, async () =>
        importedOf(await Promise.all(records.map(bytesOf)), recording.authorGenesisHash),
      )
    : null
  if (imported !== null)
    files.push(await writeText(run, `${folder}/${IMPORTED}`, `${JSON.stringify(importedDocument(imported))}\n`))
  const exported = {
    recording: id,
    title,
    folder,
    author: accountOf(recording.authorGenesisHash),
    published: isoTimeOf(recording.timeMs),
    isImported: isImported(recording.fields.assets),
    isWithdrawn: false,
    files,
  }
  return { shown: { exported, durationMs: recording.opened.details.durationMs, cues, imported }, missing }
}

function waiting({ context }: ExportRun, name: string): ReaderOptions {
  return {
    onWait: (error, waitMs) => {
      context.output.progress(`${name}: waiting ${Math.ceil(waitMs / 1_000)} s, ${error.message}`)
    },
  }
}

/** What can't be had, by the server's doing or another member's, is named; what would keep everything else away, too, ends the call. */
async function attempt<Result>(
  { context }: ExportRun,
  missing: Missing[],
  what: string,
  work: () => Promise<Result>,
): Promise<Result | null> {
  try {
    return await work()
  } catch (error) {
    if (!isArchiveError(error) || context.signal.aborted || error.retryable || error.code === "out-of-space")
      throw error
    missing.push({ what, code: error.code, reason: error.message })
    return null
  }
}

async function exportAsset(
  run: ExportRun,
  reader: AssetReader,
  path: string,
  proof: AsyncIterable<Uint8Array>,
): Promise<ExportedFile> {
  const parts: Uint8Array[] = []
  for await (const part of proof) parts.push(part)
  await writeDurably(join(run.root, proofPath(path)), Buffer.concat(parts))
  await fetchFile(run, reader, path)
  return { path, ...(await hashOf(join(run.root, path))), proof: proofPath(path) }
}

function proofPath(path: string): string {
  return `${path}.opening`
}

/** A file has its name only once all of it was verified and is there; until then an interrupted call goes on with what it has. */
async function fetchFile({ context, client, root }: ExportRun, reader: AssetReader, path: string): Promise<void> {
  const [place, partial] = [join(root, path), join(root, `${path}.partial`)]
  // It was there when an earlier call was interrupted, and is not in the list: what of it is right need not be fetched again.
  if ((await isThere({ root }, { path })) && !(await isThere({ root }, { path: `${path}.partial` })))
    await rename(place, partial)
  if (reader.sizeBytes === 0) await writeDurably(partial, new Uint8Array(0))
  else await fetchTo(context, reader, { start: 0, end: reader.sizeBytes - 1 }, partial)
  await rename(partial, place)
  await fsyncFolder(dirname(place))
  client.failpoint("export.file-named")
}

/** What was sent with messages. Its key stands in the message that was signed, whose proof is its own. */
async function exportSentFiles(
  run: ExportRun,
  log: MeetingLog,
  lines: readonly ShownLine[],
  before: ExportedMeeting,
): Promise<{
  readonly files: readonly ExportedFile[]
  readonly places: SentPlaces
  readonly missing: readonly Missing[]
}> {
  const { client, root } = run
  const files: ExportedFile[] = []
  const places = new Map<string, string>()
  const missing: Missing[] = []
  const withToken: WithToken = async (call) => await client.tokens.with(client.http, currentCapability(log), call)
  for (const line of lines) {
    if (line.kind !== "text" || line.text === null) continue
    for (const [index, sent] of line.content.files.entries()) {
      const key = sentKey(line, index)
      const place = `files/${key} ${sanitiseFileName(sent.fileName)}`
      const path = `${before.folder}/${place}`
      const known = before.files.find((file) => file.path === path && file.sizeBytes === sent.trueBytes)
      const done =
        known !== undefined && (await isThere(run, known))
          ? known
          : await attempt(run, missing, `${key}, file ${sent.fileName}`, async (): Promise<ExportedFile> => {
              await mkdir(dirname(join(root, path)), { recursive: true, mode: 0o700 })
              const asset = { ...sent, role: "media" as const, header: decodeAssetHeader(sent.rawHeader) }
              await fetchFile(run, openAsset(client, withToken, asset, waiting(run, sent.fileName)), path)
              return { path, ...(await hashOf(join(root, path))), proof: null }
            })
      if (done === null) continue
      files.push(done)
      places.set(key, place)
    }
  }
  return { files, places, missing }
}

function fileNameOf({ role, mediaType }: OpenedAsset, index: number, title: string, fileName: string | null): string {
  switch (role) {
    case "media":
      return mediaFileName(defaultFileName(title, fileName, mediaType))
    case "captions":
      return captionsName(index, mediaType === "text/vtt" ? "vtt" : "srt")
    case "poster":
      return `poster-${index}.jpg`
    case "waveform":
      return `waveform-${index}.json`
    case "import":
      return `import-${index}.cbor`
  }
}

function captionsName(index: number, ending: "vtt" | "srt"): string {
  return `captions-${index}.${ending}`
}

async function isThere(
  { root }: Pick<ExportRun, "root">,
  file: { readonly path: string; readonly sizeBytes?: number },
): Promise<boolean> {
  const info = await stat(join(root, file.path)).catch(() => null)
  return info?.isFile() === true && (file.sizeBytes === undefined || info.size === file.sizeBytes)
}

/** What was made here, and by itself proves nothing. */
async function writeText(run: ExportRun, path: string, text: string): Promise<ExportedFile> {
  return await writeBytes(run, path, utf8(text))
}

async function writeBytes({ root }: ExportRun, path: string, bytes: Uint8Array): Promise<ExportedFile> {
  const place = join(root, path)
  await writeDurably(place, bytes)
  return { path, ...(await hashOf(place)), proof: null }
}
