import { equalBytes } from "../../../shared/protocol/bytes.js"
import { formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import type { RecordingPlace } from "../../../shared/protocol/message-content.js"
import type { Client } from "../../sdk/client.js"
import { openJournal } from "../platform/journal-store.js"
import { PageHold } from "../platform/page-hold.js"
import { takeLock } from "../platform/take-lock.js"
import { markPage } from "../ui/page-title.js"
import type { CaptureJob } from "./capture-job.js"
import { captureLock } from "./capture-lock.js"
import { type CaptureRecord, captureRecords } from "./capture-record.js"
import { type CaptureView, isUnderWay } from "./capture-view.js"
import type { RecordedPart } from "./recorded-part.js"
import type { EndedRecording, NewRecording, Recorder, RunningView } from "./recorder.js"
import type { Sources } from "./sources.js"

export interface RecordingsView {
  readonly running: RunningView | null
  /** How the last one of this page ended, until another begins or somebody has read it. */
  readonly ended: EndedRecording | null
  /** What is behind a recording, or was left behind. */
  readonly captures: readonly CaptureView[]
}

/** All that this tab records, and finishes: it outlives the screens that show it. What only records or finishes is loaded when it is needed. */
export class RecordingManager {
  readonly #client: Client
  readonly #listeners = new Set<() => void>()
  readonly #hold = new PageHold()
  #recorder: Recorder | null = null
  #jobs: readonly CaptureJob[] = []
  #ended: EndedRecording | null = null
  #view: RecordingsView = { running: null, ended: null, captures: [] }
  #restoring: Promise<void> = Promise.resolve()

  constructor(client: Client) {
    this.#client = client
  }

  get view(): RecordingsView {
    return this.#view
  }

  /** The devices of what is recorded now. */
  get sources(): Sources | null {
    return this.#recorder?.sources ?? null
  }

  /** How much was recorded until now; it changes without a word. */
  elapsedMs(): number {
    return this.#recorder?.elapsedMs() ?? 0
  }

  /** Where a recording of this meeting stands that is being made here; `null` where none is. */
  placeIn(meetingId: MeetingId): RecordingPlace | null {
    const recorder = this.#recorder
    return recorder !== null && equalBytes(recorder.view.meetingId, meetingId) ? recorder.place : null
  }

  /** @returns what ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Takes up what was recorded here and isn't published, unless another tab has it. */
  async restore(): Promise<void> {
    // One after another: two at once would take each for the other tab.
    this.#restoring = this.#restoring.then(async () => {
      await this.#restoreAll().catch(() => undefined)
    })
    await this.#restoring
  }

  async #restoreAll(): Promise<void> {
    for (const id of await captureRecords.list()) {
      if (this.#jobs.some((job) => job.id === id)) continue
      const release = await takeLock(captureLock(id))
      if (release === null) continue
      // One that can't be read keeps none of the others from being shown.
      const record = await captureRecords.load(id).catch(() => null)
      const journal = record === null ? null : await openJournal(id).load()
      if (record !== null && journal !== null) await this.#take(id, record, null, release)
      else {
        // It ended before it began.
        if (record !== null) await openJournal(id).remove()
        release()
      }
    }
  }

  /**
   * Announces a recording in its meeting, and begins it.
   * @returns false where another tab records in this meeting. @throws {@link ArchiveError} what keeps a client from sealing.
   */
  async start(recording: NewRecording): Promise<boolean> {
    if (this.#recorder !== null) return false
    const release = await takeLock(`taciturn-recorder ${formatId("meeting", recording.meetingId)}`)
    if (release === null) return false
    this.#ended = null
    try {
      // So that a browser that is short of room does not throw away what is kept. Its answer changes nothing here.
      void navigator.storage.persist()
      // What finishes it is fetched before it is needed: there may be no network then.
      const [{ Recorder }] = await Promise.all([import("./recorder.js"), import("./capture-job.js")])
      this.#recorder = await Recorder.start(this.#client, recording, {
        onChange: () => {
          this.#changed()
        },
        onPartEnded: (part) => {
          this.#take(part.id, part.record, part, part.release).catch(() => undefined)
        },
        onEnded: (ended) => {
          this.#recorder = null
          this.#ended = ended
          release()
          this.#changed()
        },
      })
      recording.sources.onEnded = (kind) => {
        // Whoever ends it in the browser's own bar means the recording.
        if (kind === "screen") void this.#recorder?.stop("screen")
        // Silence alone is nothing that somebody wants recorded.
        else if (recording.sources.tracks().length === 0) this.pause()
      }
      this.#changed()
      return true
    } finally {
      if (this.#recorder === null) release()
    }
  }

  pause(): void {
    this.#recorder?.pause()
  }

  resume(): void {
    this.#recorder?.resume()
  }

  /** What was recorded is on the disk when this resolves; then it is finished and published. */
  async stop(): Promise<void> {
    await this.#recorder?.stop()
  }

  /** Says that the members of a meeting may have changed. */
  look(meetingId: MeetingId): void {
    const recorder = this.#recorder
    if (recorder !== null && equalBytes(recorder.view.meetingId, meetingId)) recorder.look()
  }

  /** Publishes what was left behind, or goes on with what failed. @param acceptsNotRenewed although no admin confirmed the meeting's members of late. */
  async finish(id: string, acceptsNotRenewed = false): Promise<void> {
    await this.#jobOf(id)?.finish(acceptsNotRenewed)
    this.#changed()
  }

  /** Gives a person the opened file of what can't be published. */
  async save(id: string): Promise<void> {
    await this.#jobOf(id)?.save()
  }

  /** @throws {@link ArchiveError} as {@link CaptureJob.discard}. */
  async discard(id: string): Promise<void> {
    await this.#jobOf(id)?.discard()
    this.#changed()
  }

  /** Says no more how the last one ended. */
  forgetEnd(): void {
    this.#ended = null
    this.#changed()
  }

  /** Shows no more what is done. */
  dismiss(id: string): void {
    this.#jobs = this.#jobs.filter((job) => job.id !== id)
    this.#changed()
  }

  #jobOf(id: string): CaptureJob | undefined {
    return this.#jobs.find((job) => job.id === id)
  }

  async #take(id: string, record: CaptureRecord, running: RecordedPart | null, release: () => void): Promise<void> {
    const { CaptureJob } = await import("./capture-job.js")
    const job = new CaptureJob(this.#client, { id, record, running, release }, () => {
      this.#changed()
    })
    this.#jobs = [...this.#jobs, job]
    this.#changed()
  }

  #changed(): void {
    const running = this.#recorder?.view ?? null
    this.#jobs = this.#jobs.filter(({ view }) => view.state.kind !== "gone")
    // One at a time, and none beside a recording: making an archive takes what the recorder needs.
    if (running === null && !this.#jobs.some(({ isRunning }) => isRunning))
      this.#jobs.find(({ view }) => view.state.kind === "waiting")?.start()
    this.#view = { running, ended: this.#ended, captures: this.#jobs.map(({ view }) => view) }
    this.#hold.hold(running !== null || this.#view.captures.some(isUnderWay))
    markPage(running !== null)
    for (const listener of this.#listeners) listener()
  }
}
