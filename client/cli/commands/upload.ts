import { createHash } from "node:crypto"
import { access, constants, realpath, stat } from "node:fs/promises"
import { basename, extname, join } from "node:path"
import type { Command } from "commander"
import { decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { toBase64Url } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import type { RecordingDetails } from "../../../shared/protocol/recording.js"
import type { Client } from "../../sdk/client.js"
import { openJournalFolder } from "../../sdk/node/journal-folder.js"
import { withLock } from "../../sdk/node/lock.js"
import type { JournalStore } from "../../sdk/upload/journal.js"
import { type UploadAsset, type UploadedRecording, uploadRecording } from "../../sdk/upload/upload-recording.js"
import { readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { EXIT } from "../exit-codes.js"
import { mediaTypeOfBytes } from "../file-names.js"
import type { Action } from "../main.js"
import { uploadsFolder } from "../home.js"
import { findFfmpeg } from "../media/ffmpeg.js"
import { asItIs, type PreparedFile, prepareMedia } from "../media/prepare.js"
import { formatSize } from "../output.js"
import { reportUpload } from "../progress.js"
import { fileSource, inputSource, peek } from "../sources.js"

/** A long upload is worth waiting for. */
export const PATIENCE_MS = 600_000

interface UploadFlags {
  readonly title?: string
  readonly asIs?: boolean
  readonly notRenewed?: boolean
}

export function addUploadCommand(program: Command, run: (action: Action) => Promise<void>): void {
  program
    .command("upload <meeting> <file...>")
    .description(
      "seal, upload and publish recordings; - is standard input. Called again after an interruption, it goes on where it was",
    )
    .option("--title <title>", "title of the recording (of one file)")
    .option("--as-is", "store the file's bytes untouched, without poster and waveform")
    .option("--not-renewed", "although no admin has vouched for the meeting's members in the last 30 days")
    .addHelpText(
      "after",
      '\nExample:\n  taciturn upload mtg_… standup.mp4\n  ffmpeg … -f matroska - | taciturn upload mtg_… - --title "Standup" --as-is',
    )
    .action(async (meeting: string, files: string[], flags: UploadFlags) => {
      await run(async (context) => await upload(context, meeting, files, flags))
    })
}

interface Uploaded {
  readonly file: string
  readonly recording: string
  readonly sizeBytes: number
  readonly receipt: string
}

async function upload(
  context: CommandContext,
  meeting: string,
  files: readonly string[],
  flags: UploadFlags,
): Promise<number> {
  const meetingId = readId("meeting", meeting)
  if (flags.title !== undefined && files.length > 1)
    throw new ArchiveError("usage", "--title names one recording, and several files were given")
  if (files.filter((file) => file === "-").length > 1)
    throw new ArchiveError("usage", "standard input can be given once")
  const client = await context.openClient({ patienceMs: PATIENCE_MS })
  const done: Uploaded[] = []
  const failures: {
    readonly file: string
    readonly error: { readonly code: string; readonly message: string; readonly retryable: boolean }
  }[] = []
  for (const file of files) {
    try {
      const uploaded =
        file === "-"
          ? await uploadInput(context, client, meetingId, flags)
          : await uploadFile(context, client, meetingId, file, flags)
      context.output.progress(null)
      done.push({
        file,
        recording: formatId("recording", uploaded.recordingId),
        sizeBytes: uploaded.trueBytes,
        receipt: toBase64Url(uploaded.receipt),
      })
    } catch (error) {
      if (isArchiveError(error) && error.code === "not-renewed")
        throw new ArchiveError(error.code, `${error.message}, or give --not-renewed`, { cause: error })
      if (files.length === 1 || !isArchiveError(error) || context.signal.aborted) throw error
      failures.push({ file, error: { code: error.code, message: error.message, retryable: error.retryable } })
    }
  }
  const lines = [
    ...done.map((item) => `${item.recording}  ${formatSize(item.sizeBytes)}  ${item.file}  stored, receipt verified`),
    ...failures.map((item) => `failed: ${item.file}: ${item.error.message}`),
  ]
  const [only] = done
  const document = files.length === 1 && only !== undefined ? { ...only } : { recordings: [...done, ...failures] }
  context.output.result(document, lines)
  return failures.length > 0 ? EXIT.failed : EXIT.done
}

async function uploadFile(
  context: CommandContext,
  client: Client,
  meetingId: MeetingId,
  file: string,
  flags: UploadFlags,
): Promise<UploadedRecording> {
  const path = await realpath(file).catch((cause: unknown) => {
    throw new ArchiveError("usage", `${file} can't be read: does it exist?`, { cause })
  })
  const info = await stat(path)
  if (!info.isFile()) throw new ArchiveError("usage", `${file} is no file`)
  await access(path, constants.R_OK).catch((cause: unknown) => {
    throw new ArchiveError("usage", `${file} can't be read: may you read it?`, { cause })
  })
  const isAsIs = flags.asIs === true
  const folder = journalFolder(context, client, meetingId, [
    path,
    String(info.size),
    String(info.mtimeMs),
    isAsIs ? "as-is" : "prepared",
    flags.title ?? "",
  ])
  return await withLock(
    folder,
    async () => {
      const journal = await openJournalFolder(folder)
      if (!isAsIs) context.output.progress(`${file}: preparing`)
      const prepared = isAsIs
        ? asItIs(path)
        : await prepareMedia(
            path,
            join(folder, "prepared"),
            await findFfmpeg(context.config, context.signal),
            context.signal,
          )
      for (const note of prepared.notes) context.output.note(note)
      const details = {
        title: flags.title ?? basename(file, extname(file)),
        fileName: basename(file),
        capturedAtMs: Math.max(0, Math.round(info.mtimeMs)),
        durationMs: prepared.durationMs,
        prepared: prepared.prepared,
      }
      return await uploadPrepared(
        context,
        client,
        meetingId,
        journal,
        { name: file, files: prepared.files, details },
        flags,
      )
    },
    { wait: false },
  )
}

/** What stands ready on disk: sealed, sent, published. */
export async function uploadPrepared(
  context: CommandContext,
  client: Client,
  meetingId: MeetingId,
  journal: JournalStore,
  ready: { readonly name: string; readonly files: readonly PreparedFile[]; readonly details: RecordingDetails },
  flags: { readonly notRenewed?: boolean | undefined },
): Promise<UploadedRecording> {
  const assets: UploadAsset[] = []
  for (const { role, mediaType, path } of ready.files)
    assets.push({ role, mediaType, source: fileSource(path, (await stat(path)).size) })
  return await uploadRecording(
    client,
    meetingId,
    journal,
    { details: ready.details, assets },
    { ...reportUpload(context, ready.name), acceptsNotRenewed: flags.notRenewed },
  )
}

async function uploadInput(
  context: CommandContext,
  client: Client,
  meetingId: MeetingId,
  flags: UploadFlags,
): Promise<UploadedRecording> {
  if (process.stdin.isTTY)
    throw new ArchiveError("usage", "standard input is a terminal: pipe a recording into this command")
  const title = flags.title ?? `Recording of ${new Date().toISOString().slice(0, 16).replace("T", " ")}`
  const folder = journalFolder(context, client, meetingId, ["standard input", flags.title ?? ""])
  const source = inputSource(process.stdin, context.signal)
  return await withLock(
    folder,
    async () => {
      const journal = await openJournalFolder(folder)
      // An earlier call may have kept all that its own input gave; then this one needs none.
      const [begun] = (await journal.load())?.assets ?? []
      const isFirst =
        begun === undefined || (await journal.loadLeaves(decodeAssetHeader(begun.rawHeader).assetId)).length === 0
      const mediaType = async (): Promise<string> => {
        const start = await peek(process.stdin)
        if (start.length > 0 || !isFirst) return mediaTypeOfBytes(start)
        await journal.remove()
        throw new ArchiveError("usage", "nothing came on standard input: nothing was uploaded")
      }
      const details = {
        title,
        fileName: null,
        capturedAtMs: Date.now(),
        durationMs: null,
        prepared: "as-is" as const,
      }
      const assets: UploadAsset[] = [{ role: "media", mediaType, source }]
      return await uploadRecording(
        client,
        meetingId,
        journal,
        { details, assets },
        { ...reportUpload(context, "standard input"), acceptsNotRenewed: flags.notRenewed },
      )
    },
    { wait: false },
  )
}

/** Where an upload's journal is: by server, meeting and file, so that the same call finds it again and another never does. */
export function journalFolder(
  context: CommandContext,
  client: Client,
  meetingId: MeetingId,
  parts: readonly string[],
): string {
  const hash = createHash("sha256")
  for (const part of [client.http.baseUrl, formatId("meeting", meetingId), ...parts])
    hash.update(`${Buffer.byteLength(part)}:${part},`)
  return join(uploadsFolder(context), hash.digest("hex").slice(0, 40))
}
