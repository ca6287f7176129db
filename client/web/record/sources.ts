import { ArchiveError } from "../../../shared/protocol/errors.js"

/** What is captured: pictures of the screen or of the camera, and the voices of this room and of the meeting. */

export interface SourceChoice {
  readonly picture: "screen" | "camera" | "none"
  readonly microphone: boolean
  /** The microphone or camera that was chosen; the browser's own choice where it is `null`. */
  readonly microphoneId: string | null
  readonly cameraId: string | null
}

export interface OpenSources {
  /** One track of each kind at most: what is recorded. */
  readonly stream: MediaStream
  /** How loud it is now, from 0 to 1. */
  level(): number
  /** Called once what was captured ended by itself, as when somebody stops to share the screen. */
  onEnded(listener: () => void): void
  close(): void
}

const LEVEL_SAMPLES = 1024

/**
 * Asks for what was chosen. The browser asks the person in its own words.
 * @throws {@link ArchiveError} `not-authorised` where it was refused, `not-found` where there is no such device, `unsupported`.
 */
export async function openSources(choice: SourceChoice): Promise<OpenSources> {
  const opened: MediaStream[] = []
  const stop = (): void => {
    for (const track of opened.flatMap((stream) => stream.getTracks())) track.stop()
  }
  try {
    if (choice.picture === "screen")
      opened.push(await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 30 }, audio: true }))
    if (choice.picture === "camera" || choice.microphone)
      opened.push(
        await navigator.mediaDevices.getUserMedia({
          video: choice.picture === "camera" ? deviceOf(choice.cameraId) : false,
          audio: choice.microphone ? deviceOf(choice.microphoneId) : false,
        }),
      )
  } catch (cause) {
    stop()
    throw captureError(cause)
  }
  const sound = mixSound(opened)
  const picture = opened.flatMap((stream) => stream.getVideoTracks()).slice(0, 1)
  const stream = new MediaStream([...picture, ...(sound === null ? [] : [sound.track])])
  return {
    stream,
    level: () => sound?.level() ?? 0,
    onEnded: (listener) => {
      for (const track of opened.flatMap((source) => source.getTracks()))
        track.addEventListener("ended", listener, { once: true })
    },
    close: () => {
      stop()
      sound?.close()
    },
  }
}

function deviceOf(id: string | null): MediaTrackConstraints | true {
  return id === null ? true : { deviceId: { exact: id } }
}

interface MixedSound {
  readonly track: MediaStreamTrack
  level(): number
  close(): void
}

/** A recorder takes one track of sound: what is shared and what is said become one. */
function mixSound(streams: readonly MediaStream[]): MixedSound | null {
  const tracks = streams.flatMap((stream) => stream.getAudioTracks())
  if (tracks.length === 0) return null
  const context = new AudioContext()
  const mixed = context.createMediaStreamDestination()
  const analyser = context.createAnalyser()
  analyser.fftSize = LEVEL_SAMPLES
  for (const track of tracks) {
    const source = context.createMediaStreamSource(new MediaStream([track]))
    source.connect(mixed)
    source.connect(analyser)
  }
  const samples = new Float32Array(LEVEL_SAMPLES)
  const [track] = mixed.stream.getAudioTracks()
  if (track === undefined) throw new ArchiveError("unsupported", "this browser mixes no sound")
  return {
    track,
    level: () => {
      analyser.getFloatTimeDomainData(samples)
      return Math.min(
        1,
        samples.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0),
      )
    },
    close: () => {
      void context.close()
    },
  }
}

function captureError(cause: unknown): ArchiveError {
  const name = cause instanceof DOMException ? cause.name : ""
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return new ArchiveError("not-authorised", "the browser was not allowed to capture that", { cause })
    case "NotFoundError":
    case "OverconstrainedError":
      return new ArchiveError("not-found", "there is no such camera or microphone", { cause })
    case "NotReadableError":
    case "AbortError":
      return new ArchiveError("unavailable", "the camera or microphone is in use elsewhere", {
        cause,
        retryable: false,
      })
    default:
      return new ArchiveError("unsupported", "this browser captures nothing", { cause })
  }
}

/** The cameras and microphones that there are; their names are known once one was allowed. */
export async function listCaptureDevices(): Promise<{
  readonly cameras: readonly MediaDeviceInfo[]
  readonly microphones: readonly MediaDeviceInfo[]
}> {
  const devices = await navigator.mediaDevices.enumerateDevices()
  const named = devices.filter(({ deviceId, label }) => deviceId !== "" && label !== "")
  return {
    cameras: named.filter(({ kind }) => kind === "videoinput"),
    microphones: named.filter(({ kind }) => kind === "audioinput"),
  }
}
