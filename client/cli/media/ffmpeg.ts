import { spawn } from "node:child_process"
import { access, constants } from "node:fs/promises"
import { createRequire } from "node:module"
import { delimiter, join } from "node:path"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { CliConfig } from "../config.js"

const PROBE_TIMEOUT_MS = 10_000
const SAID_BYTES = 64 * 1024

/** A working ffmpeg: the one that FFMPEG_BIN names, or else ffmpeg-static's, or else the one on the search path; `null` where there is none. */
export async function findFfmpeg(
  config: Pick<CliConfig, "ffmpegPath" | "searchPath">,
  signal: AbortSignal,
): Promise<string | null> {
  const onPath = config.searchPath
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, process.platform === "win32" ? "ffmpeg.exe" : "ffmpeg"))
  const candidates = config.ffmpegPath === null ? [shippedFfmpeg(), ...onPath] : [config.ffmpegPath]
  for (const candidate of candidates) {
    if (candidate !== null && (await isExecutable(candidate)) && (await runs(candidate, signal))) return candidate
  }
  return null
}

function shippedFfmpeg(): string | null {
  const shipped: unknown = createRequire(import.meta.url)("ffmpeg-static")
  return typeof shipped === "string" ? shipped : null
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

async function runs(path: string, signal: AbortSignal): Promise<boolean> {
  return await runFfmpeg(path, ["-version"], { signal, timeoutMs: PROBE_TIMEOUT_MS }).then(
    (result) => result.exitCode === 0,
    () => false,
  )
}

export interface FfmpegResult {
  readonly exitCode: number
  readonly stderr: string
}

export interface FfmpegRun {
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly onOutput?: (bytes: Uint8Array) => void
}

/** Runs ffmpeg without a terminal or a network, and ends it with the signal. @throws {@link ArchiveError} `interrupted`, `timeout`. */
export async function runFfmpeg(path: string, options: readonly string[], run: FfmpegRun): Promise<FfmpegResult> {
  const timeout = AbortSignal.timeout(run.timeoutMs)
  const child = spawn(path, ["-nostdin", "-hide_banner", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
    signal: AbortSignal.any([run.signal, timeout]),
    killSignal: "SIGKILL",
  })
  let stderr = ""
  child.stderr.on("data", (bytes: Buffer) => (stderr = (stderr + bytes.toString("utf8")).slice(-SAID_BYTES)))
  child.stdout.on("data", (bytes: Buffer) => run.onOutput?.(bytes))
  return await new Promise<FfmpegResult>((resolve, reject) => {
    child.once("error", (cause) => {
      if (run.signal.aborted)
        reject(new ArchiveError("interrupted", "interrupted: call again to go on from here", { cause }))
      else if (timeout.aborted) reject(new ArchiveError("timeout", "ffmpeg took too long", { cause, retryable: false }))
      else reject(new ArchiveError("unsupported", "ffmpeg does not run", { cause }))
    })
    child.once("close", (code) => {
      resolve({ exitCode: code ?? -1, stderr })
    })
  })
}

/** Containers of recordings. What is not among them, such as a playlist, could name other files to be read. */
const CONTAINERS = [
  [
    "aac",
    "ac3",
    "aiff",
    "amr",
    "asf",
    "avi",
    "caf",
    "flac",
    "flv",
    "matroska",
    "webm",
    "mov",
    "mp4",
    "m4a",
    "3gp",
    "3g2",
  ],
  ["mj2", "mp3", "mpeg", "mpegts", "ogg", "wav", "w64"],
]
  .flat()
  .join(",")

/** Input options that keep a crafted file from making ffmpeg open anything else. */
export function inputOptions(path: string): readonly string[] {
  return ["-protocol_whitelist", "file,pipe", "-format_whitelist", CONTAINERS, "-i", `file:${path}`]
}
