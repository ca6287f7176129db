import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises"
import { basename, dirname, extname, join } from "node:path"
import * as z from "zod"
import { ASSET_ROLES } from "../../../shared/protocol/recording.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { mediaTypeOf } from "../../sdk/media-types.js"
import { writeDurably } from "../../sdk/node/files.js"
import { PeakCollector } from "../../sdk/waveform.js"
import { inputOptions, runFfmpeg } from "./ffmpeg.js"
import { type MediaInfo, probeMedia } from "./probe.js"

const preparedSchema = z.object({
  files: z.array(z.object({ role: z.enum(ASSET_ROLES), path: z.string(), mediaType: z.string() })).min(1),
  durationMs: z.number().int().min(0).nullable(),
  prepared: z.enum(["as-is", "remuxed"]),
  /** What was skipped, and why: for the person. */
  notes: z.array(z.string()),
})

export type PreparedMedia = Readonly<z.infer<typeof preparedSchema>>
export type PreparedFile = Readonly<PreparedMedia["files"][number]>

/** What goes along as captions. */
type Captions = (path: string) => Promise<readonly PreparedFile[]>

const REMUX_TIMEOUT_MS = 4 * 3_600_000
const POSTER_TIMEOUT_MS = 120_000
const WAVEFORM_TIMEOUT_MS = 3_600_000
/** In Hz: enough for peaks, and quick. */
const WAVEFORM_RATE = 8_000
const WEBM_CODECS = new Set(["vp8", "vp9", "av1", "opus", "vorbis"])
const MP4_CODECS = new Set(["h264", "hevc", "av1", "vp9", "mpeg4", "aac", "mp3", "opus", "ac3", "alac", "flac"])
const DONE = "prepared.json"

/**
 * Makes a file ready to be watched: remuxed, without re-encoding, to what can be seeked; a poster, a waveform, and captions that lie beside it.
 * Results stay in `folder`, so that an interrupted upload finds the same bytes again.
 * @param captions gives others than those beside it.
 */
export async function prepareMedia(
  path: string,
  folder: string,
  ffmpeg: string | null,
  signal: AbortSignal,
  captions: Captions = findCaptions,
): Promise<PreparedMedia> {
  const donePath = join(folder, DONE)
  const done = await readDone(donePath)
  if (done !== null) return done
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const prepared = await prepareAnew(path, folder, ffmpeg, signal, captions)
  // Durable before they are said to be done: an upload that goes on after a power cut must not find less of them.
  for (const file of prepared.files) if (dirname(file.path) === folder) await fsyncFile(file.path)
  await writeDurably(donePath, Buffer.from(JSON.stringify(prepared)))
  return prepared
}

/** What an earlier call prepared; `null` where it did not come to its end, or what it left can't be read. */
async function readDone(path: string): Promise<PreparedMedia | null> {
  try {
    return preparedSchema.parse(JSON.parse(await readFile(path, "utf8")))
  } catch {
    return null
  }
}

async function prepareAnew(
  path: string,
  folder: string,
  ffmpeg: string | null,
  signal: AbortSignal,
  captionsOf: Captions,
): Promise<PreparedMedia> {
  const name = basename(path)
  const captions = await captionsOf(path)
  const captionNotes = captions.map((file) => `${basename(file.path)} goes along as captions`)
  const original: PreparedFile = { role: "media", path, mediaType: mediaTypeOf(path) }
  const asIs = (note: string): PreparedMedia => ({
    files: [original, ...captions],
    durationMs: null,
    prepared: "as-is",
    notes: [note, ...captionNotes],
  })
  if (ffmpeg === null)
    return asIs(
      "no ffmpeg that runs was found (install it, or set FFMPEG_BIN): the file is stored as it is, without remuxing, length, poster and waveform",
    )
  const info = await tolerant(() => probeMedia(ffmpeg, path, { signal }))
  if (info === null) return asIs(`${name} is no video or sound that ffmpeg knows: it is stored as it is`)
  const remuxed = await tolerant(() => remux(path, folder, ffmpeg, info, signal))
  const media = remuxed ?? original
  const notes: string[] = []
  if (remuxed === null)
    notes.push(
      `${name} can't be remuxed without re-encoding (${[info.video, info.audio].filter(Boolean).join(", ")}): it is stored as it is`,
    )
  else if (info.hasSubtitles) notes.push(`the subtitles inside ${name} are left out; --as-is would keep them`)
  const extras: PreparedFile[] = []
  for (const [what, make] of [
    ["poster", makePoster],
    ["waveform", makeWaveform],
  ] as const) {
    const extra = await tolerant(() => make(media.path, folder, ffmpeg, info, signal))
    if (extra !== null) extras.push(extra)
    else if ((what === "poster" ? info.video : info.audio) !== null) notes.push(`no ${what} could be made of ${name}`)
  }
  return {
    files: [media, ...extras, ...captions],
    durationMs: info.durationMs,
    prepared: remuxed === null ? "as-is" : "remuxed",
    notes: [...notes, ...captionNotes],
  }
}

/** `null` where a step fails: a recording without it is none the worse. @throws {@link ArchiveError} `interrupted`. */
async function tolerant<T>(step: () => Promise<T | null>): Promise<T | null> {
  try {
    return await step()
  } catch (error) {
    if (!isArchiveError(error) || error.code === "interrupted") throw error
    return null
  }
}

async function fsyncFile(path: string): Promise<void> {
  const file = await open(path, "r")
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** MP4 with its index in front, or WebM with cues in front: both start and seek by ranges. */
async function remux(
  path: string,
  folder: string,
  ffmpeg: string,
  info: MediaInfo,
  signal: AbortSignal,
): Promise<PreparedFile | null> {
  const codecs = [info.video, info.audio].filter((codec) => codec !== null)
  const isMatroska = info.container.includes("matroska") || info.container.includes("webm")
  const target =
    isMatroska && codecs.every((codec) => WEBM_CODECS.has(codec))
      ? { name: "media.webm", options: ["-f", "webm", "-cues_to_front", "1"], kind: "webm" }
      : codecs.every((codec) => MP4_CODECS.has(codec))
        ? { name: "media.mp4", options: ["-f", "mp4", "-movflags", "+faststart"], kind: "mp4" }
        : null
  if (target === null) return null
  const [making, made] = [join(folder, `making-${target.name}`), join(folder, target.name)]
  const result = await runFfmpeg(
    ffmpeg,
    ["-y", ...inputOptions(path), "-map", "0:V?", "-map", "0:a?", "-c", "copy", ...target.options, `file:${making}`],
    { signal, timeoutMs: REMUX_TIMEOUT_MS },
  )
  if (result.exitCode !== 0 || ((await stat(making).catch(() => null))?.size ?? 0) === 0) {
    await rm(making, { force: true })
    return null
  }
  await rename(making, made)
  return { role: "media", path: made, mediaType: `${info.video === null ? "audio" : "video"}/${target.kind}` }
}

async function makePoster(
  mediaPath: string,
  folder: string,
  ffmpeg: string,
  info: MediaInfo,
  signal: AbortSignal,
): Promise<PreparedFile | null> {
  if (info.video === null) return null
  const path = join(folder, "poster.jpg")
  const atSeconds = Math.min(3, (info.durationMs ?? 0) / 10_000)
  const options = [
    "-y",
    "-ss",
    atSeconds.toFixed(3),
    ...inputOptions(mediaPath),
    "-frames:v",
    "1",
    "-vf",
    "scale='min(1280,iw)':-2",
    "-q:v",
    "4",
    "-f",
    "mjpeg",
    `file:${path}`,
  ]
  const result = await runFfmpeg(ffmpeg, options, { signal, timeoutMs: POSTER_TIMEOUT_MS })
  const sizeBytes = (await stat(path).catch(() => null))?.size ?? 0
  return result.exitCode === 0 && sizeBytes > 0 ? { role: "poster", path, mediaType: "image/jpeg" } : null
}

async function makeWaveform(
  mediaPath: string,
  folder: string,
  ffmpeg: string,
  info: MediaInfo,
  signal: AbortSignal,
): Promise<PreparedFile | null> {
  if (info.audio === null) return null
  const peaks = new PeakCollector(WAVEFORM_RATE)
  const options = [
    ...inputOptions(mediaPath),
    "-map",
    "0:a:0",
    "-ac",
    "1",
    "-ar",
    String(WAVEFORM_RATE),
    "-f",
    "s16le",
    "pipe:1",
  ]
  const result = await runFfmpeg(ffmpeg, options, {
    signal,
    timeoutMs: WAVEFORM_TIMEOUT_MS,
    onOutput: (bytes) => {
      peaks.add(bytes)
    },
  })
  if (result.exitCode !== 0 || peaks.isEmpty) return null
  const path = join(folder, "waveform.json")
  await writeDurably(path, Buffer.from(JSON.stringify(peaks.toDocument())))
  return { role: "waveform", path, mediaType: "application/json" }
}

async function findCaptions(path: string): Promise<readonly PreparedFile[]> {
  const stem = join(dirname(path), basename(path, extname(path)))
  for (const ending of [".vtt", ".srt"]) {
    const captions = `${stem}${ending}`
    if (captions !== path && (await stat(captions).catch(() => null))?.isFile() === true)
      return [{ role: "captions", path: captions, mediaType: mediaTypeOf(captions) }]
  }
  return []
}

/** One file, untouched. */
export function asItIs(path: string, captions: readonly PreparedFile[] = []): PreparedMedia {
  return {
    files: [{ role: "media", path, mediaType: mediaTypeOf(path) }, ...captions],
    durationMs: null,
    prepared: "as-is",
    notes: [],
  }
}
