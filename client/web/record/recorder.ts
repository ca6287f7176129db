import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingId, RecordingId } from "../../../shared/protocol/ids.js"
import type { RecordingPlace } from "../../../shared/protocol/message-content.js"
import type { Client } from "../../sdk/client.js"
import type { CaptureState } from "../../sdk/live-capture/capture.js"
import { strings } from "../strings.js"
import { RecordedPart } from "./recorded-part.js"
import { RunningTime } from "./running-time.js"
import type { Sources } from "./sources.js"

/** How much a closed page can lose. */
const TIMESLICE_MS = 1_000
/** What a screen with writing on it needs; a camera needs less. */
const PICTURE_BITS_PER_SECOND = 2_500_000
const SOUND_BITS_PER_SECOND = 128_000
/** Whoever begins to watch waits for a key frame. Not every browser knows it: https://www.w3.org/TR/mediastream-recording/#dom-mediarecorderoptions-videokeyframeintervalduration */
const KEY_FRAMES = { videoKeyFrameIntervalDuration: 2_000 }
/** Between two attempts to begin the next part, at most. */
const LONGEST_WAIT_MS = 10_000

export interface RunningView {
  readonly meetingId: MeetingId
  readonly title: string
  readonly phase: "recording" | "paused" | "stopping"
  /** Counts up with each new epoch. */
  readonly part: number
  readonly recordingId: RecordingId
  readonly capture: CaptureState
  /** How much is kept on this device. */
  readonly keptMs: number
  /** Whether the members changed, and the next part is being begun. */
  readonly isTurning: boolean
}

/** What ended a recording: a person here or in the browser's own bar, its devices, or a failure. */
export type EndReason = "asked" | "screen" | "devices" | "failed"

export interface EndedRecording {
  readonly meetingId: MeetingId
  readonly why: EndReason
  /** What failed; `null` where nothing did. */
  readonly failure: unknown
}

interface Told {
  readonly onChange: () => void
  readonly onPartEnded: (part: RecordedPart) => void
  readonly onEnded: (ended: EndedRecording) => void
}

export interface NewRecording {
  readonly meetingId: MeetingId
  readonly title: string
  readonly mediaType: string
  readonly sources: Sources
  readonly acceptsNotRenewed: boolean
}

/** What is recorded now, part after part: a new epoch ends a capture, and the next goes on with the same screen, camera and microphone. */
export class Recorder {
  readonly #client: Client
  readonly #recording: NewRecording
  readonly #told: Told
  readonly #time = new RunningTime()
  /** Where the present part begins in the time of the whole. */
  #partStartMs = 0
  #part: RecordedPart
  #media: MediaRecorder
  #view: RunningView
  #stopping: Promise<void> | null = null

  private constructor(client: Client, recording: NewRecording, part: RecordedPart, told: Told) {
    this.#client = client
    this.#recording = recording
    this.#told = told
    this.#part = part
    this.#view = {
      meetingId: recording.meetingId,
      title: recording.title,
      phase: "recording",
      part: 1,
      recordingId: part.capture.recordingId,
      capture: part.state,
      keptMs: 0,
      isTurning: false,
    }
    this.#time.go()
    this.#media = this.#startMedia(part)
  }

  /** Announces, and then records. @throws {@link ArchiveError} as {@link RecordedPart.begin}; then the sources stay with whoever called. */
  static async start(client: Client, recording: NewRecording, told: Told): Promise<Recorder> {
    let recorder: Recorder | null = null
    const part = await RecordedPart.begin(client, recording, (changed) => {
      recorder?.partChanged(changed)
    })
    recorder = new Recorder(client, recording, part, told)
    return recorder
  }

  get view(): RunningView {
    return this.#view
  }

  get sources(): Sources {
    return this.#recording.sources
  }

  /** How much was recorded until now; pauses don't count. */
  elapsedMs(): number {
    return this.#time.elapsedMs()
  }

  /** Where the recording stands that is being made of it. */
  get place(): RecordingPlace {
    return { recordingId: this.#view.recordingId, offsetMs: Math.round(this.elapsedMs() - this.#partStartMs) }
  }

  pause(): void {
    if (this.#view.phase !== "recording") return
    this.#media.pause()
    this.#time.halt()
    this.#show({ phase: "paused" })
  }

  resume(): void {
    if (this.#view.phase !== "paused") return
    this.#media.resume()
    this.#time.go()
    this.#show({ phase: "recording" })
  }

  /** Says that the members may have changed. */
  look(): void {
    if (!this.#view.isTurning) this.#part.capture.look()
  }

  /** Ends it; it is on the disk when this resolves, and what is left to do is done behind it. */
  async stop(why: EndReason = "asked", failure: unknown = null): Promise<void> {
    this.#stopping ??= this.#end({ meetingId: this.#recording.meetingId, why, failure })
    await this.#stopping
  }

  async #end(ended: EndedRecording): Promise<void> {
    this.#time.halt()
    this.#show({ phase: "stopping" })
    await stopped(this.#media)
    // Where even that can't be noted, the next visit asks what becomes of it.
    await this.#part.end().catch(() => undefined)
    this.#recording.sources.close()
    this.#told.onPartEnded(this.#part)
    this.#told.onEnded(ended)
  }

  partChanged(part: RecordedPart): void {
    if (part !== this.#part) return
    this.#show({ capture: part.state })
    if (part.state.mustRestart && !this.#view.isTurning && this.#stopping === null) void this.#turn(part)
  }

  /** Goes on with the next part. What comes until it is announced belongs to the one before. */
  async #turn(before: RecordedPart): Promise<void> {
    this.#show({ isTurning: true })
    const number = this.#view.part + 1
    const next = await this.#beginNext(number)
    if (next === null) return
    if (this.#stopping !== null) {
      // It was announced, and nothing is recorded in it: it is given up again by whoever looks through what is kept.
      await next.end()
      this.#told.onPartEnded(next)
      return
    }
    const media = this.#media
    this.#part = next
    this.#partStartMs = this.elapsedMs()
    this.#media = this.#startMedia(next)
    if (this.#view.phase === "paused") this.#media.pause()
    this.#show({
      part: number,
      recordingId: next.capture.recordingId,
      capture: next.state,
      isTurning: false,
    })
    await stopped(media)
    await before.end()
    this.#told.onPartEnded(before)
    // It may have ended with yet another epoch meanwhile.
    this.partChanged(next)
  }

  /** `null` where it ends before that. */
  async #beginNext(number: number): Promise<RecordedPart | null> {
    for (let waitMs = TIMESLICE_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      if (this.#stopping !== null) return null
      try {
        const title = strings.record.partTitle(this.#recording.title, number)
        return await RecordedPart.begin(this.#client, { ...this.#recording, title }, (part) => {
          this.partChanged(part)
        })
      } catch (error) {
        if (!isArchiveError(error) || (!error.retryable && error.code !== "conflict")) {
          void this.stop("failed", error)
          return null
        }
        await new Promise((resolve) => setTimeout(resolve, waitMs))
      }
    }
  }

  #startMedia(part: RecordedPart): MediaRecorder {
    const media = new MediaRecorder(new MediaStream([...this.#recording.sources.tracks()]), {
      mimeType: this.#recording.mediaType,
      videoBitsPerSecond: PICTURE_BITS_PER_SECOND,
      audioBitsPerSecond: SOUND_BITS_PER_SECOND,
      ...KEY_FRAMES,
    })
    const startMs = this.#partStartMs
    media.addEventListener("dataavailable", ({ data }) => {
      const untilMs = this.elapsedMs()
      part.keep(data, Math.round(untilMs - startMs)).then(
        () => {
          this.#show({ keptMs: Math.max(this.#view.keptMs, untilMs) })
        },
        (error: unknown) => {
          // What was kept before is safe; nothing more is.
          part.abort()
          void this.stop("failed", error)
        },
      )
    })
    // Every track ended, or the browser's encoder did.
    const ended = (): void => {
      if (media === this.#media) void this.stop("devices")
    }
    media.addEventListener("stop", ended)
    media.addEventListener("error", ended)
    media.start(TIMESLICE_MS)
    return media
  }

  #show(changes: Partial<RunningView>): void {
    this.#view = { ...this.#view, ...changes }
    this.#told.onChange()
  }
}

/** Once its last bytes were given out. */
async function stopped(media: MediaRecorder): Promise<void> {
  if (media.state === "inactive") return
  await new Promise<void>((resolve) => {
    media.addEventListener("stop", () => {
      resolve()
    })
    media.stop()
  })
}
