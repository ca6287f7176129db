import { type FfmpegRun, inputOptions, runFfmpeg } from "./ffmpeg.js"

/** What ffmpeg sees in a file. */
export interface MediaInfo {
  readonly container: string
  readonly durationMs: number | null
  readonly video: string | null
  readonly audio: string | null
  readonly hasSubtitles: boolean
}

const PROBE_TIMEOUT_MS = 60_000

/** `null` where the file holds no video and no sound. */
export async function probeMedia(
  ffmpeg: string,
  path: string,
  run: Pick<FfmpegRun, "signal">,
): Promise<MediaInfo | null> {
  const { stderr } = await runFfmpeg(ffmpeg, inputOptions(path), { ...run, timeoutMs: PROBE_TIMEOUT_MS })
  return parseProbe(stderr)
}

/** Reads what ffmpeg says of its input; ffprobe is not always there beside it. */
export function parseProbe(text: string): MediaInfo | null {
  const container = /^Input #0, ([a-z0-9_,]+), from /m.exec(text)?.[1]
  if (container === undefined) return null
  const codec = (kind: string): string | null => {
    const streams = [...text.matchAll(new RegExp(`^ +Stream #0:[^\\n]*: ${kind}: ([a-z0-9_]+)([^\\n]*)`, "gm"))]
    return streams.find((stream) => !(stream[2] ?? "").includes("attached pic"))?.[1] ?? null
  }
  const [video, audio] = [codec("Video"), codec("Audio")]
  if (video === null && audio === null) return null
  const [, hours, minutes, seconds] = /^ +Duration: (\d+):(\d\d):(\d\d\.\d+)/m.exec(text) ?? []
  const durationMs =
    hours === undefined ? null : Math.round((Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000)
  return { container, durationMs, video, audio, hasSubtitles: codec("Subtitle") !== null }
}
