import { decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { HASH_BYTES } from "../../../shared/protocol/hash.js"
import { asId, type RecordingId } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { archiveCapture, finishCapture } from "../../sdk/live-capture/capture.js"
import { isCapture } from "../../sdk/live-capture/sealing.js"
import type { AssetSource, JournalStore } from "../../sdk/upload/journal.js"
import { abandonUpload } from "../../sdk/upload/unfinished.js"
import { openJournal } from "../platform/journal-store.js"
import { keptFileSource } from "../prepare/kept-files.js"
import { prepareFile } from "../prepare/prepare-file.js"
import type { Prepared, PreparedAsset } from "../prepare/prepared.js"
import { type CaptureRecord, captureRecords } from "./capture-record.js"
import { openTail } from "./capture-tail.js"
import type { CaptureStage, CaptureView } from "./capture-view.js"
import { openCapturedOriginal } from "./captured-original.js"
import { saveCapture } from "./save-capture.js"

/** Somebody may close the lid for the night: what waits for a network goes on in the morning. */
const PATIENCE_MS = 12 * 3_600_000

/** A capture that was recorded in this page. */
interface RunningCapture {
  stop(): Promise<void>
  /** Sends nothing more. */
  abort(): void
}

/** One capture, from its last byte to the recording that stands in its place. Its journal and its record are in this browser. */
export class CaptureJob {
  readonly id: string
  readonly #client: Client
  readonly #onChange: () => void
  readonly #store: JournalStore
  /** Lets other tabs have it. */
  readonly #release: () => void
  #record: CaptureRecord
  /** As long as it can still be ended where it was recorded. */
  #capture: RunningCapture | null
  #view: CaptureView
  #stop: AbortController | null = null
  #running: Promise<void> = Promise.resolve()
  #acceptsNotRenewed = false

  constructor(
    client: Client,
    given: {
      readonly id: string
      readonly record: CaptureRecord
      readonly running: RunningCapture | null
      readonly release: () => void
    },
    onChange: () => void,
  ) {
    this.#client = client
    this.#onChange = onChange
    this.id = given.id
    this.#store = openJournal(given.id)
    this.#record = given.record
    this.#capture = given.running
    this.#release = given.release
    const { meetingId, title, keptMs, isEnded } = given.record
    this.#view = { id: given.id, meetingId, title, keptMs, state: { kind: isEnded ? "waiting" : "left" } }
  }

  get view(): CaptureView {
    return this.#view
  }

  get isRunning(): boolean {
    return this.#stop !== null
  }

  /** Goes on until it is published, stopped, or fails; then `onChange` was told. */
  start(): void {
    const stop = new AbortController()
    this.#stop = stop
    this.#running = this.#run(stop.signal).finally(() => {
      this.#stop = null
      this.#onChange()
    })
  }

  /** It is to be published when its turn comes. */
  async finish(acceptsNotRenewed: boolean): Promise<void> {
    this.#acceptsNotRenewed ||= acceptsNotRenewed
    await this.#save({ ...this.#record, isEnded: true })
    this.#show({ kind: "waiting" })
  }

  /** Gives a person the opened file, as it was recorded. @throws {@link ArchiveError} `integrity`, `out-of-space`. */
  async save(): Promise<void> {
    const { title, mediaType } = this.#record
    await saveCapture(title, mediaType, async () => await openCapturedOriginal(this.#client, this.id))
  }

  /**
   * Gives it up, at the server and here.
   * @throws {@link ArchiveError} `unavailable` and others: then all of it is still here. What is published already goes on to its end instead.
   */
  async discard(): Promise<void> {
    const before = this.#view.state
    this.#show({ kind: "discarding" })
    this.#stop?.abort()
    this.#capture?.abort()
    await this.#running
    if (this.#isOver()) return
    this.#show({ kind: "discarding" })
    try {
      await this.#abandon()
    } catch (error) {
      const isPublished = isArchiveError(error) && error.code === "exists"
      this.#show(isPublished ? { kind: "waiting" } : before)
      if (!isPublished) throw error
    }
  }

  #isOver(): boolean {
    return this.#view.state.kind === "done" || this.#view.state.kind === "gone"
  }

  async #abandon(): Promise<void> {
    const journal = await this.#store.load()
    if (journal === null) await this.#store.remove()
    else await abandonUpload(this.#client, this.#store, journal)
    this.#show({ kind: "gone" })
    this.#release()
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      if (await this.#isEmpty()) {
        await this.#abandon()
        return
      }
      await this.#endCapture(signal)
      const prepared = this.#record.prepared ?? (await this.#prepare(signal))
      const recordingId = await this.#archive(prepared, signal)
      this.#show({ kind: "done", recordingId })
      this.#release()
    } catch (error) {
      if (!signal.aborted) this.#show({ kind: "failed", error })
    }
  }

  /** Whether it was begun, and nothing came. */
  async #isEmpty(): Promise<boolean> {
    const journal = await this.#store.load()
    if (journal === null || !isCapture(journal)) return journal === null
    const { assetId } = decodeAssetHeader(journal.live.rawHeader)
    const leaves = await this.#store.loadLeaves(assetId)
    // The last of what is ended says only that.
    const segments = journal.live.endSegments === null ? leaves.length / HASH_BYTES : journal.live.endSegments - 1
    return segments === 0 && (await openTail(this.id)).sizeBytes === 0
  }

  async #endCapture(signal: AbortSignal): Promise<void> {
    this.#show({ kind: "ending", obstacle: null })
    const capture = this.#capture
    this.#capture = null
    try {
      if (capture !== null) {
        signal.addEventListener("abort", capture.abort)
        await capture.stop()
        return
      }
    } catch (error) {
      // What it kept is finished from its journal, whatever became of the capture itself.
      if (signal.aborted) throw error
    }
    await finishCapture(this.#client, this.#store, {
      signal,
      patienceMs: PATIENCE_MS,
      onWait: (obstacle) => {
        this.#show({ kind: "ending", obstacle })
      },
    })
  }

  async #prepare(signal: AbortSignal): Promise<Prepared> {
    this.#show({ kind: "preparing", fraction: 0 })
    const { mediaType } = this.#record
    const prepared = await prepareFile(
      { uploadId: this.id, original: { kind: "capture", mediaType }, captions: null, chapters: null },
      (fraction) => {
        this.#show({ kind: "preparing", fraction })
      },
      signal,
    )
    await this.#save({ ...this.#record, prepared })
    return prepared
  }

  async #archive({ assets, durationMs, prepared }: Prepared, signal: AbortSignal): Promise<RecordingId> {
    const { title, capturedAtMs } = this.#record
    const details = { title, fileName: null, capturedAtMs, durationMs, prepared }
    const given = assets.map((asset) => {
      const { role, mediaType } = asset
      return { role, mediaType, source: this.#sourceOf(asset) }
    })
    let shown: Extract<CaptureStage, { kind: "sending" }> = { kind: "sending", progress: null, obstacle: null }
    const show = (changes: Partial<typeof shown>): void => {
      shown = { ...shown, ...changes }
      this.#show(shown)
    }
    show({})
    const { recordingId } = await archiveCapture(
      this.#client,
      this.#store,
      { details, assets: given },
      {
        signal,
        patienceMs: PATIENCE_MS,
        acceptsNotRenewed: this.#acceptsNotRenewed,
        onProgress: (progress) => {
          show({ progress, obstacle: null })
        },
        onWait: (obstacle) => {
          show({ obstacle })
        },
      },
    )
    return asId("recording", recordingId)
  }

  #sourceOf({ keptName, sizeBytes }: PreparedAsset): AssetSource {
    if (keptName !== null) return keptFileSource(this.id, keptName, sizeBytes)
    // There was no room for an archive beside it: it goes as it was recorded.
    return {
      sizeBytes,
      open: async () => {
        const original = await openCapturedOriginal(this.#client, this.id)
        let position = 0
        return {
          read: async (into) => {
            const bytes = await original.read(position, position + into.length)
            into.set(bytes)
            position += bytes.length
            return bytes.length
          },
          close: () => Promise.resolve(),
        }
      },
    }
  }

  async #save(record: CaptureRecord): Promise<void> {
    this.#record = record
    await captureRecords.save(this.id, record)
  }

  #show(state: CaptureStage): void {
    this.#view = { ...this.#view, state }
    this.#onChange()
  }
}
