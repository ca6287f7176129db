import { ALL_FORMATS, CustomSource, Input } from "mediabunny"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import type { AssetRole } from "../../../shared/protocol/recording.js"
import { mediaTypeOf, UNKNOWN_MEDIA_TYPE } from "../../sdk/media-types.js"
import { freeBuffer } from "../platform/free-buffer.js"
import { isSeekable, type ReadRange } from "./container-layout.js"
import { KeptFileWriter, readKept } from "./kept-files.js"
import type { PrepareRequest } from "./prepare-messages.js"
import type { Prepared, PreparedAsset } from "./prepared.js"
import { makePoster, makeWaveform } from "./pictures-and-sound.js"
import { targetOf } from "../../verifier/packet-lanes.js"
import { asChapters } from "./chapters.js"
import { remux } from "./remux.js"
import { WINDOW_BYTES, windowed } from "./windowed.js"

/** What is left free for everything else on the disk. */
const SPARE_BYTES = 256 * 1024 * 1024
const PORTION_BYTES = 1024 * 1024
/** Of the whole preparation: reading and writing it once. */
const MEDIA_SHARE = 0.5
const PROGRESS_MS = 100
/** More are not titles of chapters. */
const MOST_CHAPTER_BYTES = 1024 * 1024

/** What is prepared, wherever it lies. */
interface Original {
  readonly sizeBytes: number
  readonly mediaType: string
  readonly read: ReadRange
}

/**
 * Makes a file or a capture ready to be watched, as the command does: remuxed, without re-encoding, where it can't be seeked in as it is; a poster, a waveform, captions.
 * All of it is kept in this browser, sealed, so that an upload goes on after a reload. What there is no room for is taken from where it lies.
 * @throws {@link ArchiveError} `changed` where the original can't be read.
 */
export async function prepareMedia(
  { uploadId, original, captions, chapters }: PrepareRequest,
  onProgress: (fraction: number) => void,
): Promise<Prepared> {
  const assets: PreparedAsset[] = []
  const keep = async (
    role: AssetRole,
    mediaType: string,
    fill: (into: KeptFileWriter) => Promise<void>,
  ): Promise<void> => {
    const keptName = `kept-${assets.length}`
    const writer = new KeptFileWriter(uploadId, keptName)
    await fill(writer)
    assets.push({ role, mediaType, sizeBytes: await writer.close(), keptName })
  }
  const tell = throttled(onProgress)
  const { sizeBytes, mediaType: originalType, read } = await openOriginal(uploadId, original)
  const keptName = original.kind === "kept" ? original.name : null
  const hasRoom = await hasRoomFor(sizeBytes)
  const source = { getSize: () => sizeBytes, read: windowed(read, sizeBytes), maxCacheSize: WINDOW_BYTES }
  using input = new Input({ source: new CustomSource(source), formats: ALL_FORMATS })
  const found = await tolerant(async () => await probe(input))
  let prepared: Prepared["prepared"] = "as-is"
  const target = found === null || (await isSeekable(read)) ? null : found.target
  if (found !== null && target !== null && hasRoom) {
    const isDone = await tolerant(async () => {
      const mediaType = `${found.video === null ? "audio" : "video"}/${target}`
      await keep("media", mediaType, async (into) => {
        await remux(found.tracks, target, into, found.durationS, (fraction) => {
          tell(fraction * MEDIA_SHARE)
        })
      })
      return true
    })
    if (isDone === true) prepared = "remuxed"
  }
  if (prepared === "as-is") {
    if (hasRoom)
      await keep("media", originalType, async (into) => {
        await copy(read, sizeBytes, into, (fraction) => {
          tell(fraction * MEDIA_SHARE)
        })
      })
    else assets.push({ role: "media", mediaType: originalType, sizeBytes, keptName })
  }
  if (found !== null) {
    const { video, audio, durationS } = found
    const pictured = async (withinS: number): Promise<Uint8Array | null> =>
      video === null ? null : await tolerant(async () => await makePoster(video, withinS))
    // Where that place can't be decoded, the very beginning may be: a browser also takes its decoders back at times.
    const poster = (await pictured(durationS)) ?? (await pictured(0))
    if (poster !== null)
      await keep("poster", "image/jpeg", async (into) => {
        await into.write(0, poster)
      })
    const waveform =
      audio === null
        ? null
        : await tolerant(
            async () =>
              await makeWaveform(audio, durationS, (fraction) => {
                tell(MEDIA_SHARE + fraction * (1 - MEDIA_SHARE))
              }),
          )
    if (waveform !== null)
      await keep("waveform", "application/json", async (into) => {
        await into.write(0, waveform)
      })
  }
  if (captions !== null)
    await keep("captions", mediaTypeOf(captions.name), async (into) => {
      await copy(reader(captions), captions.size, into, () => undefined)
    })
  const marked = chapters === null ? null : asChapters(await reader(chapters)(0, MOST_CHAPTER_BYTES))
  if (marked !== null)
    await keep("captions", "text/vtt", async (into) => {
      await into.write(0, marked)
    })
  return { assets, durationMs: found === null ? null : Math.round(found.durationS * 1_000), prepared }
}

async function probe(input: Input) {
  if (!(await input.canRead())) return null
  const [videos, audios] = [await input.getVideoTracks(), await input.getAudioTracks()]
  const tracks = [...videos, ...audios]
  if (tracks.length === 0) return null
  const durationS = (await input.getDurationFromMetadata()) ?? (await input.computeDuration())
  return {
    tracks,
    video: videos[0] ?? null,
    audio: audios[0] ?? null,
    durationS,
    target: await targetOf(input, tracks),
  }
}

/** `null` where a step fails: a recording without it is none the worse. What the disk or the file says is no such failure. */
async function tolerant<T>(step: () => Promise<T | null>): Promise<T | null> {
  try {
    return await step()
  } catch (error) {
    if (isArchiveError(error)) throw error
    return null
  }
}

async function hasRoomFor(sizeBytes: number): Promise<boolean> {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate()
  return quota - usage > sizeBytes + SPARE_BYTES
}

async function openOriginal(uploadId: string, original: PrepareRequest["original"]): Promise<Original> {
  if (original.kind === "file") {
    const { file } = original
    return { sizeBytes: file.size, mediaType: typeOf(file), read: reader(file) }
  }
  if (original.kind === "kept") {
    const { name, sizeBytes, mediaType } = original
    return {
      sizeBytes,
      mediaType,
      read: async (start, end) => await readKept(uploadId, name, sizeBytes, start, end),
    }
  }
  // What opens it is large, and files that are uploaded need none of it.
  const { openCapturedHere } = await import("../record/captured-original.js")
  return { ...(await openCapturedHere(uploadId)), mediaType: original.mediaType }
}

async function copy(
  read: ReadRange,
  sizeBytes: number,
  into: KeptFileWriter,
  onProgress: (fraction: number) => void,
): Promise<void> {
  for (let at = 0; at < sizeBytes; at += PORTION_BYTES) {
    const portion = await read(at, Math.min(sizeBytes, at + PORTION_BYTES))
    await into.write(at, portion)
    freeBuffer(portion)
    onProgress(at / sizeBytes)
  }
}

function reader(file: File): (start: number, end: number) => Promise<Uint8Array> {
  return async (start, end) => {
    try {
      return new Uint8Array(await file.slice(start, end).arrayBuffer())
    } catch (cause) {
      throw new ArchiveError("changed", "the file was changed, moved or deleted since it was chosen: choose it again", {
        cause,
      })
    }
  }
}

/** By its name, as the command does; else what the browser takes it for. */
function typeOf(file: File): string {
  const named = mediaTypeOf(file.name)
  return named === UNKNOWN_MEDIA_TYPE && file.type !== "" ? file.type : named
}

function throttled(tell: (fraction: number) => void): (fraction: number) => void {
  let toldAt = 0
  return (fraction) => {
    const now = performance.now()
    if (now - toldAt < PROGRESS_MS) return
    toldAt = now
    tell(fraction)
  }
}
