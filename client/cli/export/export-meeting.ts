import { mkdir, readFile, rename, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { isoTimeOf } from "../../../shared/protocol/ambient.js"
import { decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { utf8 } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import type { AssetRole } from "../../../shared/protocol/recording.js"
import type { MeetingLog, PublishedRecording } from "../../crypto/meeting-log.js"
import type { StandingMessage } from "../../crypto/chat-order.js"
import type { OpenedAsset } from "../../crypto/recording-event.js"
import { type Cue, parseCaptions } from "../../sdk/captions.js"
import type { ChatLine } from "../../sdk/chat/fold.js"
import { ChatReader } from "../../sdk/chat/read.js"
import type { Client } from "../../sdk/client.js"
import { type Imported, importedOf } from "../../sdk/imports/read-imported.js"
import { currentCapability, readMeeting } from "../../sdk/meetings.js"
import { fsyncFolder, writeDurably } from "../../sdk/node/files.js"
import { fileProofs } from "../../sdk/openings/file-proof.js"
import { makeMessageOpening, openable } from "../../sdk/openings/message-opening.js"
import { type AssetReader, openAsset, type ReaderOptions, type WithToken } from "../../sdk/reader/asset-reader.js"
import { openRecordingOf, readAsset, titleOf } from "../../sdk/recordings.js"
import { defaultFileName, sanitiseFileName } from "../../sdk/saved-name.js"
import { chatDocument, foldedChat } from "../chat-lines.js"
import { chatPage } from "../chat-page.js"
import { importedDocument } from "../commands/chat-imported.js"
import { fetchTo } from "../commands/download.js"
import { isImported } from "../commands/recording.js"
import type { CommandContext } from "../context.js"
import { accountOf } from "../describe.js"
import { type ExportedFile, type ExportedMeeting, type ExportedRecording, folderName, hashOf } from "./manifest.js"
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

/**
 * Writes everything of a meeting that this account can open. What an earlier call wrote whole is not fetched again.
 * @param before what the earlier call wrote; `keep` is given each state that the list of the export should have.
 * @throws {@link ArchiveError} as `readMeeting`; what one recording can't be had for is in `missing`.
 */
export async function exportMeeting(
  run: ExportRun,
  meetingId: MeetingId,
  before: ExportedMeeting | null,
  keep: (meeting: ExportedMeeting) => Promise<void>,
): Promise<ExportedMeeting> {
  const { client, context } = run
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
    missing: [],
  }
  const shown: ShownRecording[] = []
  for (const recording of log.recordings) {
    const recordingId = formatId("recording", recording.fields.recordingId)
    const known = meeting.recordings.find((other) => other.recording === recordingId)
    try {
      const done = await exportRecording(run, log, recording, meeting.folder, known)
      if (done === null) continue
      shown.push(done)
      const others = meeting.recordings.filter((other) => other.recording !== recordingId)
      meeting = { ...meeting, recordings: [...others, done.exported] }
      await keep(meeting)
    } catch (error) {
      if (!isArchiveError(error) || context.signal.aborted || error.retryable) throw error
      meeting = {
        ...meeting,
        missing: [...meeting.missing, { what: recordingId, code: error.code, reason: error.message }],
      }
    }
  }
  const { lines, messages, chatTitle } = await readChat(run, log)
  const page = { meeting: id, title: chatTitle }
  const sent = await exportSentFiles(run, log, lines, meeting)
  meeting = { ...meeting, messages: lines.length, missing: [...meeting.missing, ...sent.missing] }
  const proofs = await proveChat(run, messages.log, messages.all, meeting.folder)
  const files: ExportedFile[] = [...sent.files, ...proofs]
  for (const [name, text] of [
    ["chat.json", `${JSON.stringify({ ...page, messages: lines.map((line) => chatDocument(client, line)) })}\n`],
    ["chat.html", chatPage(client, page, lines)],
    ["index.html", meetingPage(client, log, meeting, shown)],
  ] as const)
    files.push(await writeText(run, `${meeting.folder}/${name}`, text))
  meeting = { ...meeting, files, chatProofs: proofs.map(({ path }) => path) }
  await keep(meeting)
  return meeting
}

interface ReadChat {
  readonly lines: readonly ChatLine[]
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
  for (let start = 0; start < all.length; start += LIMITS.openingMessages) {
    const messages = all.slice(start, start + LIMITS.openingMessages).map((message) => openable(log, message))
    run.context.output.progress(`chat: proofs of ${start + messages.length} of ${all.length} messages`)
    const path = `${folder}/proofs/chat-${String(files.length).padStart(4, "0")}.opening`
    files.push(await writeBytes(run, path, await makeMessageOpening(run.client, { log, messages, others: 0 })))
  }
  return files
}

/** @returns `null` for one that is of no concern: closed to this account, or withdrawn before it was exported. */
async function exportRecording(
  run: ExportRun,
  log: MeetingLog,
  recording: PublishedRecording,
  meetingFolder: string,
  known: ExportedRecording | undefined,
): Promise<ShownRecording | null> {
  const { client, context } = run
  const id = formatId("recording", recording.fields.recordingId)
  const title = titleOf(recording)
  if (recording.withdrawal !== null)
    // What was exported before stays, and says what became of it.
    return known === undefined
      ? null
      : { exported: { ...known, isWithdrawn: true }, durationMs: null, cues: [], imported: null }
  if (recording.opened === null || title === null) return null
  const opened = openRecordingOf(client, log, recording)
  const folder = known?.folder ?? `${meetingFolder}/${folderName(title, id)}`
  await mkdir(join(run.root, folder), { recursive: true, mode: 0o700 })
  let proofOf: Awaited<ReturnType<typeof fileProofs>> | null = null
  const files: ExportedFile[] = []
  for (const [index, asset] of opened.assets.entries()) {
    const path = `${folder}/${fileNameOf(asset, index, title, recording.opened.details.fileName)}`
    const proof = `${path}.opening`
    const done = known?.files.find((file) => file.path === path && file.sizeBytes === asset.trueBytes)
    if (done !== undefined && (await isThere(run, done)) && (await isThere(run, { path: proof, sizeBytes: null }))) {
      files.push(done)
      continue
    }
    proofOf ??= await fileProofs(client, opened, context.signal)
    const parts: Uint8Array[] = []
    for await (const part of proofOf(asset)) parts.push(part)
    await writeDurably(join(run.root, proof), Buffer.concat(parts))
    await fetchFile(run, readAsset(client, opened, asset, waiting(run, title)), path)
    files.push({ path, ...(await hashOf(join(run.root, path))), proof })
  }
  // From what was written, so that a second run asks for none of it.
  const bytesOf = async (role: AssetRole): Promise<readonly Uint8Array[]> =>
    await Promise.all(
      files
        .filter((_, index) => opened.assets[index]?.role === role)
        .map(async ({ path }) => new Uint8Array(await readFile(join(run.root, path)))),
    )
  const cues = (await bytesOf("captions")).flatMap((raw) => parseCaptions(raw).cues)
  const imported = importedOf(await bytesOf("import"), recording.authorGenesisHash)
  if (imported !== null)
    files.push(await writeText(run, `${folder}/imported.json`, `${JSON.stringify(importedDocument(imported))}\n`))
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
  return { exported, durationMs: recording.opened.details.durationMs, cues, imported }
}

function waiting({ context }: ExportRun, name: string): ReaderOptions {
  return {
    onWait: (error, waitMs) => {
      context.output.progress(`${name}: waiting ${Math.ceil(waitMs / 1_000)} s, ${error.message}`)
    },
  }
}

/** A file has its name only once all of it was verified and is there; until then an interrupted call goes on with what it has. */
async function fetchFile({ context, root }: ExportRun, reader: AssetReader, path: string): Promise<void> {
  const partial = join(root, `${path}.partial`)
  if (reader.sizeBytes === 0) await writeDurably(partial, new Uint8Array(0))
  else await fetchTo(context, reader, { start: 0, end: reader.sizeBytes - 1 }, partial)
  await rename(partial, join(root, path))
  await fsyncFolder(dirname(join(root, path)))
}

/** What was sent with messages. Its key stands in the message that was signed; a proof of its own it has not. */
async function exportSentFiles(
  run: ExportRun,
  log: MeetingLog,
  lines: readonly ChatLine[],
  before: ExportedMeeting,
): Promise<{ readonly files: readonly ExportedFile[]; readonly missing: ExportedMeeting["missing"] }> {
  const { client, root, context } = run
  const files: ExportedFile[] = []
  const missing: ExportedMeeting["missing"] = []
  const withToken: WithToken = async (call) => await client.tokens.with(client.http, currentCapability(log), call)
  for (const line of lines) {
    if (line.kind !== "text" || line.text === null) continue
    const id = formatId("message", line.message.messageId)
    for (const [index, sent] of line.content.files.entries()) {
      const path = `${before.folder}/files/${id.slice(-8)}-${index} ${sanitiseFileName(sent.fileName)}`
      const done = before.files.find((file) => file.path === path && file.sizeBytes === sent.trueBytes)
      try {
        await mkdir(dirname(join(root, path)), { recursive: true, mode: 0o700 })
        if (done === undefined || !(await isThere(run, done))) {
          const asset = { ...sent, role: "media" as const, header: decodeAssetHeader(sent.rawHeader) }
          await fetchFile(run, openAsset(client, withToken, asset, waiting(run, sent.fileName)), path)
        }
        files.push(done ?? { path, ...(await hashOf(join(root, path))), proof: null })
      } catch (error) {
        if (!isArchiveError(error) || context.signal.aborted || error.retryable) throw error
        missing.push({ what: `${id}, file ${sent.fileName}`, code: error.code, reason: error.message })
      }
    }
  }
  return { files, missing }
}

function fileNameOf({ role, mediaType }: OpenedAsset, index: number, title: string, fileName: string | null): string {
  switch (role) {
    case "media":
      return defaultFileName(title, fileName, mediaType)
    case "captions":
      return `captions-${index}.${mediaType === "text/vtt" ? "vtt" : "srt"}`
    case "poster":
      return `poster-${index}.jpg`
    case "waveform":
      return `waveform-${index}.json`
    case "import":
      return `import-${index}.cbor`
  }
}

async function isThere(
  { root }: ExportRun,
  file: { readonly path: string; readonly sizeBytes: number | null },
): Promise<boolean> {
  const info = await stat(join(root, file.path)).catch(() => null)
  return info?.isFile() === true && (file.sizeBytes === null || info.size === file.sizeBytes)
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
