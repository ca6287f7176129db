import { once } from "node:events"
import { lstat, rename, stat } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import type { Command } from "commander"
import { toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { fsyncFolder } from "../../sdk/node/files.js"
import { withLock } from "../../sdk/node/lock.js"
import type { AssetReader } from "../../sdk/reader/asset-reader.js"
import { findRecording, readAsset } from "../../sdk/recordings.js"
import { type ByteRange, readByteRange, readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { defaultFileName } from "../../sdk/saved-name.js"
import type { Action } from "../main.js"
import { formatSize } from "../output.js"
import { BufferedWriter, keptBytes, openPartial } from "../partial-file.js"
import { createMeter } from "../progress.js"

interface DownloadFlags {
  readonly output?: string
  readonly range?: string
  readonly force?: boolean
}

export function addDownloadCommand(program: Command, run: (action: Action) => Promise<void>): void {
  program
    .command("download <recording>")
    .description("fetch, verify and open a recording. Called again after an interruption, it goes on where it was")
    .option(
      "-o, --output <file>",
      "where to: a file, a folder, or - for standard output; otherwise the title in this folder",
    )
    .option("--range <start-end>", "only these bytes, inclusive, counted from 0")
    .option("--force", "replace an existing file")
    .addHelpText(
      "after",
      "\nExample:\n  taciturn download rec_… -o standup.mp4\n  taciturn download rec_… -o - | ffplay -",
    )
    .action(async (recording: string, flags: DownloadFlags) => {
      await run(async (context) => {
        await download(context, recording, flags)
        return undefined
      })
    })
}

async function download(context: CommandContext, id: string, flags: DownloadFlags): Promise<void> {
  const recordingId = readId("recording", id)
  const wanted = flags.range === undefined ? null : readByteRange(flags.range)
  if (flags.output === "-" && context.output.json)
    throw new ArchiveError("usage", "with --json standard output carries the result: name a file")
  const client = await context.openClient()
  const found = await findRecording(client, recordingId)
  const reader = readAsset(client, found, found.media, {
    onWait: (error, waitMs) => {
      context.output.progress(`waiting ${Math.ceil(waitMs / 1_000)} s, ${error.message}`)
    },
  })
  if (wanted !== null && wanted.end >= reader.sizeBytes)
    throw new ArchiveError("usage", `the recording has ${reader.sizeBytes} bytes, 0 to ${reader.sizeBytes - 1}`)
  const range = wanted ?? { start: 0, end: reader.sizeBytes - 1 }
  if (flags.output === "-") {
    await writeToOutput(context, reader, range)
    return
  }
  const name = defaultFileName(found.details.title, found.details.fileName, found.media.mediaType)
  const path = await findPlace(flags.output, name)
  await saveTo(context, reader, { assetId: found.media.header.assetId, range, path, mayReplace: flags.force === true })
  const sizeBytes = range.end - range.start + 1
  context.output.result({ recording: id, file: path, sizeBytes }, [`${path}  ${formatSize(sizeBytes)}  verified`])
}

export interface SavedPlace {
  readonly assetId: Uint8Array
  readonly range: ByteRange
  readonly path: string
  readonly mayReplace: boolean
}

/** Fetches, verifies and opens it beside its place, going on where an earlier call was interrupted; the file is there once it is whole. @throws {@link ArchiveError} `exists`. */
export async function saveTo(
  context: CommandContext,
  reader: AssetReader,
  { assetId, range, path, mayReplace }: SavedPlace,
): Promise<void> {
  const partial = join(dirname(path), `.${toHex(assetId)}-${range.start}-${range.end}.partial`)
  await withLock(
    partial,
    async () => {
      await assertFree(path, mayReplace)
      await fetchTo(context, reader, range, partial)
      await assertFree(path, mayReplace)
      await rename(partial, path)
      await fsyncFolder(dirname(path))
    },
    { wait: false },
  )
}

async function writeToOutput(context: CommandContext, reader: AssetReader, range: ByteRange): Promise<void> {
  for await (const bytes of reader.read(range.start, Math.max(0, range.end), context.signal)) {
    // What was read is valid until the next is asked for; a stream keeps what it is given.
    if (process.stdout.write(bytes.slice())) continue
    await once(process.stdout, "drain", { signal: context.signal })
  }
}

/** The file's final name: as given, in a given folder, or the title in this folder. */
async function findPlace(output: string | undefined, name: string): Promise<string> {
  const path = resolve(output ?? name)
  const place = output !== undefined && (await stat(path).catch(() => null))?.isDirectory() ? join(path, name) : path
  if ((await stat(dirname(place)).catch(() => null))?.isDirectory() !== true)
    throw new ArchiveError("usage", `${dirname(place)} is no folder`)
  return place
}

async function assertFree(path: string, mayReplace: boolean): Promise<void> {
  const existing = await lstat(path).catch(() => null)
  if (existing === null || (mayReplace && existing.isFile())) return
  if (mayReplace) throw new ArchiveError("exists", `${path} exists, and is no file that could be replaced`)
  throw new ArchiveError("exists", `${path} exists: give --force to replace it, or -o another`)
}

/** Only verified bytes are ever written to the partial file. */
export async function fetchTo(
  context: CommandContext,
  reader: AssetReader,
  range: ByteRange,
  partial: string,
): Promise<void> {
  const file = await openPartial(partial)
  const meter = createMeter()
  try {
    const total = range.end - range.start + 1
    const kept = await keptBytes(file, reader, range, context.signal)
    await file.truncate(kept)
    // The last segment and the padding are verified in any case, also where the file was complete but for its name.
    const start = total === 0 ? 0 : Math.min(range.start + kept, range.end)
    let done = start - range.start
    const writer = new BufferedWriter(file, done)
    try {
      for await (const bytes of reader.read(start, Math.max(0, range.end), context.signal)) {
        await writer.write(bytes)
        done += bytes.length
        const line = meter(done, total)
        if (line !== null) context.output.progress(line)
      }
    } finally {
      await writer.flush()
    }
    await file.datasync()
  } finally {
    await file.close()
  }
  context.output.progress(null)
}
