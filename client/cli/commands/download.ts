import { type FileHandle, open, rename, rm, stat } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import type { Command } from "commander"
import { toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { fsyncFolder } from "../../sdk/node/files.js"
import { withLock } from "../../sdk/node/lock.js"
import type { AssetReader } from "../../sdk/reader/asset-reader.js"
import { findRecording, readAsset } from "../../sdk/recordings.js"
import { readByteRange, readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { defaultFileName } from "../file-names.js"
import type { Action } from "../main.js"
import { formatSize } from "../output.js"
import { createMeter } from "../progress.js"

interface DownloadFlags {
  readonly output?: string
  readonly range?: string
  readonly force?: boolean
}

/** A file that is written in full gets its name only then. */
const WRITE_BYTES = 1 << 20

export function addDownloadCommand(program: Command, run: (action: Action) => Promise<void>): void {
  program
    .command("download <recording>")
    .description("fetch, verify and open a recording. Called again after an interruption, it goes on where it was")
    .option("-o, --output <file>", "where to (- is standard output); otherwise the title in this folder")
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
  if (flags.output === "-" && context.output.json)
    throw new ArchiveError("usage", "with --json standard output carries the result: name a file")
  const client = await context.openClient()
  const found = await findRecording(client, recordingId)
  const reader = readAsset(client, found, found.media, {
    onWait: (error, waitMs) => {
      context.output.progress(`waiting ${Math.ceil(waitMs / 1_000)} s, ${error.message}`)
    },
  })
  const range =
    flags.range === undefined ? { start: 0, end: reader.sizeBytes - 1 } : readByteRange(flags.range, reader.sizeBytes)
  if (flags.output === "-") {
    for await (const bytes of reader.read(range.start, Math.max(0, range.end), context.signal)) {
      if (!process.stdout.write(bytes)) await new Promise((resolved) => process.stdout.once("drain", resolved))
    }
    return
  }
  const path = resolve(
    flags.output ?? defaultFileName(found.details.title, found.details.fileName, found.media.mediaType),
  )
  const partial = join(dirname(path), `.${toHex(found.media.header.assetId)}-${range.start}-${range.end}.partial`)
  await withLock(
    `${partial}.lock`,
    async () => {
      if (flags.force !== true && (await stat(path).catch(() => null)) !== null)
        throw new ArchiveError("exists", `${path} exists: give --force to replace it, or -o another`)
      await fetchTo(context, reader, range, partial)
      await rename(partial, path)
      await fsyncFolder(dirname(path))
    },
    { wait: false },
  )
  const sizeBytes = range.end - range.start + 1
  context.output.result({ recording: id, file: path, sizeBytes }, [`${path}  ${formatSize(sizeBytes)}  verified`])
}

/** Verified bytes only are ever in the partial file, so what it holds needs not be fetched again. */
async function fetchTo(
  context: CommandContext,
  reader: AssetReader,
  range: { readonly start: number; readonly end: number },
  partial: string,
): Promise<void> {
  const file = await openPartial(partial)
  const meter = createMeter()
  try {
    const total = range.end - range.start + 1
    let done = Math.min((await file.stat()).size, total)
    await file.truncate(done)
    // The whole padding and the last segment are verified in any case, also of a file that was complete but for its name.
    const start = total === 0 ? 0 : Math.min(range.start + done, range.end)
    done = start - range.start
    const buffered = new BufferedWriter(file, done)
    for await (const bytes of reader.read(start, Math.max(0, range.end), context.signal)) {
      await buffered.write(bytes)
      done += bytes.length
      const line = meter(done, total)
      if (line !== null) context.output.progress(line)
    }
    await buffered.flush()
    await file.datasync()
  } finally {
    await file.close()
  }
  context.output.progress(null)
}

async function openPartial(partial: string): Promise<FileHandle> {
  try {
    return await open(partial, (await stat(partial).catch(() => null))?.isFile() === true ? "r+" : "wx", 0o600)
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => undefined)
    throw new ArchiveError("usage", `nothing can be written in ${dirname(partial)}`, { cause })
  }
}

/** Few large writes instead of many small ones. */
class BufferedWriter {
  readonly #file: FileHandle
  readonly #buffer = new Uint8Array(WRITE_BYTES)
  #filled = 0
  #position: number

  constructor(file: FileHandle, position: number) {
    this.#file = file
    this.#position = position
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#filled + bytes.length > this.#buffer.length) await this.flush()
    this.#buffer.set(bytes, this.#filled)
    this.#filled += bytes.length
  }

  async flush(): Promise<void> {
    for (let written = 0; written < this.#filled;) {
      const { bytesWritten } = await this.#file.write(
        this.#buffer,
        written,
        this.#filled - written,
        this.#position + written,
      )
      written += bytesWritten
    }
    this.#position += this.#filled
    this.#filled = 0
  }
}
