import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import type { Command } from "commander"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import {
  type FoundFile,
  type LeftOut,
  type LeftOutReason,
  planImport,
  type PlannedRecording,
} from "../../sdk/imports/plan.js"
import { mediaTypeOf } from "../../sdk/media-types.js"
import { readCount, readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { accountOf } from "../describe.js"
import { EXIT } from "../exit-codes.js"
import { AGAIN_FLAG, importOne, type ImportRun, knownText, lookInto } from "../import/import-one.js"
import { leftOutText } from "../import/left-out-text.js"
import { scanFolder } from "../import/scan-folder.js"
import type { Action } from "../main.js"
import { findFfmpeg } from "../media/ffmpeg.js"
import { probeMedia } from "../media/probe.js"
import { WrittenFiles } from "../written-files.js"
import { PATIENCE_MS } from "./upload.js"

const LOOK_MS = 2_000
const MS_PER_S = 1_000

interface WatchFlags {
  readonly meeting: string
  readonly settle: string
  readonly once?: boolean
  readonly again?: boolean
  readonly notRenewed?: boolean
}

export function addWatchFolderCommand(program: Command, run: (action: Action) => Promise<void>): void {
  program
    .command("watch <folder>")
    .description(
      "upload what a recorder finishes writing in a folder, with the .vtt, .srt and .txt of the same name, until Ctrl-C; what is there already, once",
    )
    .requiredOption("--meeting <meeting>", "the meeting that it belongs to")
    .option("--settle <seconds>", "for so long a file must not have changed", "15")
    .option(
      "--once",
      "upload what is finished, and end, with 1 where something is not as it should be: for a recorder that calls this when it has",
    )
    .option(...AGAIN_FLAG)
    .option("--not-renewed", "although no admin has vouched for the meeting's members in the last 30 days")
    .addHelpText(
      "after",
      "\nExample:\n  taciturn watch ~/Videos --meeting mtg_…\n  taciturn watch /srv/recordings/abc --meeting mtg_… --once --settle 1",
    )
    .action(async (folder: string, flags: WatchFlags) => {
      await run(async (context) => await watch(context, folder, flags))
    })
}

async function watch(context: CommandContext, folder: string, flags: WatchFlags): Promise<number> {
  const { output, signal } = context
  const meetingId = readId("meeting", flags.meeting)
  const settleMs = readCount(flags.settle, "--settle") * MS_PER_S
  // Before anything is asked of the server: a folder that isn't there never will have anything.
  const { root } = await scanFolder(folder)
  const client = await context.openClient({ patienceMs: PATIENCE_MS })
  const ffmpeg = await findFfmpeg(context.config, signal)
  const run: ImportRun = {
    context,
    client,
    meetingId,
    platform: "folder",
    root,
    ffmpeg,
    givenOffsetMs: null,
    notRenewed: flags.notRenewed,
    known: new Map(),
    isAgain: flags.again === true,
  }
  const watcher = new FolderWatcher(run, settleMs)
  if (flags.once !== true) output.note(`watching ${root}; Ctrl-C ends it`)
  for (;;) {
    const waits = await watcher.look()
    if (signal.aborted) return EXIT.done
    if (flags.once === true && !waits) return watcher.hasFailed ? EXIT.failed : EXIT.done
    await delay(Math.min(LOOK_MS, settleMs), undefined, { signal }).catch(() => undefined)
    // What is recorded elsewhere lies there no less for being interrupted.
    if (isAborted(signal)) return EXIT.done
  }
}

/** A signal changes while something else is waited for. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}

/** What is of no concern to who watches a folder. */
const QUIETLY_LEFT: ReadonlySet<LeftOutReason> = new Set(["hidden", "unknown-kind"])

class FolderWatcher {
  readonly #run: ImportRun
  readonly #settleMs: number
  /** When each file was first seen as it is, by what it is. */
  readonly #since = new Map<string, number>()
  /** Recordings that were dealt with, by what their files are; and what was said to be left out. */
  readonly #done = new Set<string>()
  readonly #written = new WrittenFiles()
  hasFailed = false

  constructor(run: ImportRun, settleMs: number) {
    this.#run = run
    this.#settleMs = settleMs
  }

  /** Uploads what has been finished. @returns whether something is still being written. */
  async look(): Promise<boolean> {
    const { context, root } = this.#run
    const { files, name, leftOut } = await scanFolder(root)
    const now = performance.now()
    for (const file of files) if (!this.#since.has(keyOf(file))) this.#since.set(keyOf(file), now)
    const isQuiet = async (parts: readonly FoundFile[]): Promise<boolean> =>
      parts.every((file) => now - (this.#since.get(keyOf(file)) ?? now) >= this.#settleMs) &&
      !(await this.#written.has(parts.map(({ path }) => join(root, path))))
    let isWaiting = false
    const plan = planImport("folder", name, files)
    for (const planned of plan.recordings) {
      if (context.signal.aborted) return isWaiting
      const parts = partsOf(planned)
      const key = parts.map(keyOf).join("\n")
      if (this.#done.has(key)) continue
      if (!(await isQuiet(parts))) isWaiting = true
      else if (!(await this.#isFinished(planned))) this.#fail(key, parts[0]?.path ?? "", UNFINISHED)
      else if (await this.#upload(planned, key)) this.#done.add(key)
      else isWaiting = true
    }
    for (const left of [...leftOut, ...plan.leftOut]) {
      if (QUIETLY_LEFT.has(left.reason)) continue
      const parts = files.filter(({ path }) => path === left.path)
      const key = [left.reason, left.path, ...parts.map(keyOf)].join("\n")
      if (this.#done.has(key)) continue
      if (!(await isQuiet(parts))) isWaiting = true
      else if (left.reason === "empty" && isMedia(left.path))
        this.#fail(key, left.path, new ArchiveError("malformed", leftOutText(left)))
      else this.#leave(key, left)
    }
    return isWaiting
  }

  /** A recorder writes the length of what it makes when it ends. What was cut off before is not what it recorded, and may never be. */
  async #isFinished({ media }: PlannedRecording): Promise<boolean> {
    const { ffmpeg, root, context } = this.#run
    if (ffmpeg === null || media === null) return true
    const info = await probeMedia(ffmpeg, join(root, media.path), { signal: context.signal })
    return info !== null && info.durationMs !== null
  }

  /** @returns whether it is dealt with: a server that is away is asked again. */
  async #upload(planned: PlannedRecording, key: string): Promise<boolean> {
    const { context } = this.#run
    const { output } = context
    const [file = ""] = partsOf(planned).map(({ path }) => path)
    try {
      const { ready, leftOut: unread } = await lookInto(this.#run, planned)
      if (ready === null) throw new ArchiveError("malformed", "nothing of it can be read")
      const { recordingId, known, leftOut, notes } = await importOne(this.#run, ready)
      output.progress(null)
      const recording = formatId("recording", recordingId)
      const [state, importedBy, said] =
        known === null
          ? ["uploaded", null, "stored, receipt verified"]
          : ["known", accountOf(known.importedBy), knownText(this.#run.client, known)]
      output.result({ file, recording, state, importedBy }, [`${recording}  ${file}  ${said}`])
      for (const note of [...ready.beside.notes, ...notes]) output.note(`${file}: ${note}`)
      for (const left of [...unread, ...leftOut]) this.#leave(`${key}\n${left.path}`, left)
      return true
    } catch (error) {
      if (context.signal.aborted || !isArchiveError(error)) throw error
      if (error.code === "not-renewed")
        throw new ArchiveError(error.code, `${error.message}, or give --not-renewed`, { cause: error })
      if (error.retryable) {
        output.note(`${file} waits: ${error.message}`)
        return false
      }
      this.#fail(key, file, error)
      return true
    }
  }

  /** Until it changes, it is not looked at again. */
  #fail(key: string, file: string, { code, message }: ArchiveError): void {
    this.hasFailed = true
    this.#done.add(key)
    this.#run.context.output.result({ file, error: { code, message, retryable: false } }, [
      `failed: ${file}: ${message}`,
    ])
  }

  #leave(key: string, left: LeftOut): void {
    this.#done.add(key)
    const reason = leftOutText(left)
    this.#run.context.output.result({ file: left.path, state: "left-out", reason }, [
      `not uploaded: ${left.path}: ${reason}`,
    ])
  }
}

const UNFINISHED = new ArchiveError(
  "malformed",
  "its length does not stand in it, so it is not finished: its recorder was ended before it could write that, or is paused. It is left until it changes; `taciturn upload` takes it as it is",
)

function partsOf({ media, captions, chats }: PlannedRecording): readonly FoundFile[] {
  return [...(media === null ? [] : [media]), ...captions, ...chats]
}

function isMedia(path: string): boolean {
  return /^(?:video|audio)\//.test(mediaTypeOf(path))
}

function keyOf({ path, sizeBytes, mtimeMs }: FoundFile): string {
  return `${path}\0${sizeBytes}\0${mtimeMs}`
}
