import { ArchiveError } from "../../../shared/protocol/errors.js"

/** WebM, since what was flushed of it plays although its end never came. VP9 and Opus where the browser makes them. */
const MEDIA_TYPES = {
  picture: ["video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/webm"],
  sound: ["audio/webm;codecs=opus", "audio/webm"],
} as const
/** What a crash may cost is at most this, and what it takes to write. */
const SLICE_MS = 1000

export interface ByteRecorder {
  /** With its codecs, as players are told it. */
  readonly mediaType: string
  pause(): void
  resume(): void
  /** Milliseconds that were recorded, without pauses. */
  recordedMs(): number
  /** Resolves when the last bytes were handed over. */
  stop(): Promise<void>
}

/** What a recorder of this stream would give. @throws {@link ArchiveError} `unsupported`. */
export function mediaTypeFor(stream: MediaStream): string {
  const kind = stream.getVideoTracks().length > 0 ? "picture" : "sound"
  const mediaType = MEDIA_TYPES[kind].find((candidate) => MediaRecorder.isTypeSupported(candidate))
  if (mediaType === undefined) throw new ArchiveError("unsupported", "this browser records no WebM")
  return mediaType
}

/**
 * Records a stream. Every slice is handed to `onBytes` in order, one after another: the next waits until the one before was taken.
 * @param onFailure told once of what ended the recording before `stop` did.
 */
export function recordBytes(
  stream: MediaStream,
  onBytes: (bytes: Uint8Array, atMs: number) => Promise<void>,
  onFailure: (error: unknown) => void,
): ByteRecorder {
  const mediaType = mediaTypeFor(stream)
  const recorder = new MediaRecorder(stream, { mimeType: mediaType })
  let [runningSince, recordedBefore]: [number | null, number] = [performance.now(), 0]
  const recordedMs = (): number => recordedBefore + (runningSince === null ? 0 : performance.now() - runningSince)
  let handed = Promise.resolve()
  const ended = new Promise<void>((resolve) => {
    recorder.addEventListener("stop", () => {
      resolve()
    })
  })
  recorder.addEventListener("dataavailable", ({ data }) => {
    const atMs = recordedMs()
    handed = handed.then(async () => {
      if (data.size > 0) await onBytes(new Uint8Array(await data.arrayBuffer()), atMs)
    })
    handed.catch(onFailure)
  })
  recorder.addEventListener("error", (event) => {
    onFailure(new ArchiveError("internal", "the browser stopped recording", { cause: event }))
  })
  recorder.start(SLICE_MS)
  return {
    mediaType,
    recordedMs,
    pause: () => {
      if (recorder.state !== "recording") return
      recorder.pause()
      recordedBefore = recordedMs()
      runningSince = null
    },
    resume: () => {
      if (recorder.state !== "paused") return
      recorder.resume()
      runningSince = performance.now()
    },
    stop: async () => {
      if (recorder.state !== "inactive") {
        recorder.stop()
        await ended
      }
      await handed
    },
  }
}
