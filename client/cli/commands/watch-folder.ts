import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import type { Command } from "commander"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { type FoundFile, planImport, type PlannedRecording } from "../../sdk/imports/plan.js"
import { readCount, readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { EXIT } from "../exit-codes.js"
import { importOne, type ImportRun, lookInto } from "../import/import-one.js"
import { scanFolder } from "../import/scan-folder.js"
import type { Action } from "../main.js"
import { findFfmpeg } from "../media/ffmpeg.js"
import { probeMedia } from "../media/probe.js"
import { PATIENCE_MS } from "./upload.js"

const LOOK_MS = 2_000
const MS_PER_S = 1_000

interface WatchFlags {
  readonly meeting: string
  readonly settle: string
  readonly once?: boolean
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
    .option("--once", "upload what is finished, and end: for a recorder that calls this when it has")
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

class FolderWatcher {
  readonly #run: ImportRun
  readonly #settleMs: number
  /** When each file was first seen as it is, by what it is. */
  readonly #since = new Map<string, number>()
  /** Recordings that were dealt with, by what their files are. */
  readonly #done = new Set<string>()
  hasFailed = false

  constructor(run: ImportRun, settleMs: number) {
    this.#run = run
    this.#settleMs = settleMs
  }

  /** Uploads what has been finished. @returns whether something is still being written. */
  async look(): Promise<boolean> {
    const { context, root } = this.#run
    const { files, name } = await scanFolder(root)
    const now = performance.now()
    for (const file of files) if (!this.#since.has(keyOf(file))) this.#since.set(keyOf(file), now)
    let isWaiting = false
    for (const planned of planImport("folder", name, files).recordings) {
      if (context.signal.aborted) return isWaiting
      const parts = partsOf(planned)
      const key = parts.map(keyOf).join("\n")
      if (this.#done.has(key)) continue
      const isSettled = parts.every((file) => now - (this.#since.get(keyOf(file)) ?? now) >= this.#settleMs)
      if (!isSettled || !(await this.#isFinished(planned))) {
        isWaiting = true
        continue
      }
      if (await this.#upload(planned, key)) this.#done.add(key)
      else isWaiting = true
    }
    return isWaiting
  }

  /** A recorder that pauses writes nothing; but the length of what it makes stands in it only when it has finished. */
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
      const { ready } = await lookInto(this.#run, planned)
      if (ready === null) return false
      const { recordingId, isKnown } = await importOne(this.#run, ready)
      output.progress(null)
      const state = isKnown ? "known" : "uploaded"
      const recording = formatId("recording", recordingId)
      output.result({ file, recording, state }, [
        `${recording}  ${file}  ${isKnown ? "was there already" : "stored, receipt verified"}`,
      ])
      return true
    } catch (error) {
      if (context.signal.aborted || !isArchiveError(error)) throw error
      if (error.code === "not-renewed")
        throw new ArchiveError(error.code, `${error.message}, or give --not-renewed`, { cause: error })
      if (error.retryable) {
        output.note(`${file} waits: ${error.message}`)
        return false
      }
      this.hasFailed = true
      this.#done.add(key)
      output.result({ file, error: { code: error.code, message: error.message, retryable: false } }, [
        `failed: ${file}: ${error.message}`,
      ])
      return true
    }
  }
}

function partsOf({ media, captions, chats }: PlannedRecording): readonly FoundFile[] {
  return [...(media === null ? [] : [media]), ...captions, ...chats]
}

function keyOf({ path, sizeBytes, mtimeMs }: FoundFile): string {
  return `${path}\0${sizeBytes}\0${mtimeMs}`
}
