import { toBase64Url } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { type Capture, type CaptureState, startCapture } from "../../sdk/live-capture/capture.js"
import { openJournal } from "../platform/journal-store.js"
import { takeLock } from "../platform/take-lock.js"
import { captureLock } from "./capture-lock.js"
import { type CaptureRecord, captureRecords } from "./capture-record.js"
import { keepTail } from "./capture-tail.js"

const ID_BYTES = 16

export interface NewPart {
  readonly meetingId: MeetingId
  readonly title: string
  readonly mediaType: string
  readonly acceptsNotRenewed: boolean
}

/** What is recorded within one epoch: one capture, its journal and its record. */
export class RecordedPart {
  readonly id: string
  readonly capture: Capture
  /** Lets other tabs have it. */
  readonly release: () => void
  readonly #stop: AbortController
  #record: CaptureRecord
  #state: CaptureState
  /** Its capture takes nothing more; what comes goes behind it. */
  #hasTail = false
  #tailParts = 0
  readonly #coming: Blob[] = []
  #comingMs = 0
  #keeping: Promise<void> = Promise.resolve()

  private constructor(
    id: string,
    record: CaptureRecord,
    begun: {
      readonly capture: Capture
      readonly state: CaptureState
      readonly stop: AbortController
      readonly release: () => void
    },
  ) {
    this.id = id
    this.#record = record
    this.capture = begun.capture
    this.#state = begun.state
    this.#stop = begun.stop
    this.release = begun.release
  }

  /**
   * Announces it, and begins. Nothing was recorded before this resolves. CO6.
   * @param onState told of each change, and of the end that a new epoch brings.
   * @throws {@link ArchiveError} what keeps a client from sealing; `out-of-space`; then nothing is left of it here.
   */
  static async begin(client: Client, part: NewPart, onState: (part: RecordedPart) => void): Promise<RecordedPart> {
    const { meetingId, title, mediaType, acceptsNotRenewed } = part
    const id = toBase64Url(client.random(ID_BYTES))
    const release = await takeLock(captureLock(id))
    if (release === null) throw new ArchiveError("internal", "another tab drew the same random id")
    const capturedAtMs = client.clock.nowMs()
    const record: CaptureRecord = {
      version: 1,
      meetingId,
      title,
      mediaType,
      capturedAtMs,
      keptMs: 0,
      isEnded: false,
      prepared: null,
    }
    const stop = new AbortController()
    let begun: RecordedPart | null = null
    let state: CaptureState = {
      phase: "capturing",
      keptBytes: 0,
      keptSegments: 0,
      sentSegments: 0,
      isWaiting: false,
      mustRestart: false,
      failure: null,
    }
    const store = openJournal(id)
    try {
      await captureRecords.save(id, record)
      const capture = await startCapture(
        client,
        meetingId,
        store,
        { title, mediaType, capturedAtMs },
        {
          signal: stop.signal,
          acceptsNotRenewed,
          onState: (changed) => {
            state = changed
            if (begun !== null) begun.#take(changed, onState)
          },
        },
      )
      begun = new RecordedPart(id, record, { capture, state, stop, release })
      return begun
    } catch (error) {
      await store.remove().catch(() => undefined)
      release()
      throw error
    }
  }

  get record(): CaptureRecord {
    return this.#record
  }

  get state(): CaptureState {
    return this.#state
  }

  /** Keeps what a recorder brought; durable when it resolves. @param keptMs how much of this part is kept then. @throws {@link ArchiveError} `out-of-space`, `unavailable`. */
  async keep(blob: Blob, keptMs: number): Promise<void> {
    this.#coming.push(blob)
    this.#comingMs = keptMs
    this.#keeping = this.#keeping.then(async () => {
      await this.#keepAll()
    })
    await this.#keeping
  }

  /** All that came while a busy disk kept what was before: so one that is slower than a second for each second never falls behind. */
  async #keepAll(): Promise<void> {
    const [blobs, keptMs] = [this.#coming.splice(0), this.#comingMs]
    if (blobs.length === 0) return
    const bytes = new Uint8Array(await new Blob(blobs).arrayBuffer())
    if (bytes.length > 0) {
      if (this.#hasTail) {
        await keepTail(this.id, this.#tailParts, bytes)
        this.#tailParts += 1
      } else {
        this.capture.write(bytes)
        await this.capture.flush(keptMs)
      }
    }
    this.#record = { ...this.#record, keptMs }
    await captureRecords.save(this.id, this.#record, "relaxed")
  }

  /** Notes that nothing more comes: whoever visits next goes on to publish it. */
  async end(): Promise<void> {
    await this.#keeping.catch(() => undefined)
    this.#record = { ...this.#record, isEnded: true }
    await captureRecords.save(this.id, this.#record)
  }

  /** Ends the capture at the server. @throws {@link ArchiveError} what keeps it from being stored; then it is finished from its journal. */
  async stop(): Promise<void> {
    await this.capture.stop()
  }

  /** Sends nothing more: what is kept is finished from its journal. */
  readonly abort = (): void => {
    this.#stop.abort()
  }

  #take(state: CaptureState, onState: (part: RecordedPart) => void): void {
    this.#state = state
    // Said before the capture takes nothing more: not a byte falls between.
    if (state.mustRestart) this.#hasTail = true
    onState(this)
  }
}
