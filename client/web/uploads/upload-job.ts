import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import type { Client } from "../../sdk/client.js"
import type { AssetSource } from "../../sdk/upload/journal.js"
import { abandonUpload } from "../../sdk/upload/unfinished.js"
import { type UploadAsset, uploadRecording } from "../../sdk/upload/upload-recording.js"
import { fileSource } from "../platform/file-source.js"
import { openJournal } from "../platform/journal-store.js"
import { forgetKept, keptFileSource } from "../prepare/kept-files.js"
import { prepareFile } from "../prepare/prepare-file.js"
import type { PrepareRequest } from "../prepare/prepare-messages.js"
import type { Prepared, PreparedAsset } from "../prepare/prepared.js"
import { recoverHere } from "./recover-here.js"
import { SpeedMeter } from "./speed-meter.js"
import { type UploadRecord, uploadRecords } from "./upload-record.js"
import type { UploadState, UploadView } from "./upload-view.js"

/** Somebody may close the lid for the night: what waits for a network goes on in the morning. */
const PATIENCE_MS = 12 * 3_600_000

/** The files of an upload as they were chosen: a page that was loaded anew has none. */
export interface UploadFiles {
  readonly media: File
  readonly captions: File | null
  readonly chapters: File | null
}

/** One upload, from the chosen file to the published recording. Its journal and its record are in this browser. */
export class UploadJob {
  readonly id: string
  readonly #client: Client
  readonly #onChange: () => void
  /** Lets other tabs have it. */
  readonly #release: () => void
  #record: UploadRecord
  #files: UploadFiles | null
  #view: UploadView
  #stop: AbortController | null = null
  #running: Promise<void> = Promise.resolve()
  #acceptsNotRenewed = false

  constructor(
    client: Client,
    given: {
      readonly id: string
      readonly record: UploadRecord
      readonly files: UploadFiles | null
      readonly state: UploadState
      readonly release: () => void
    },
    onChange: () => void,
  ) {
    this.#client = client
    this.#onChange = onChange
    this.#release = given.release
    this.id = given.id
    this.#record = given.record
    this.#files = given.files
    const { meetingId, title, file } = given.record
    this.#view = { id: given.id, meetingId, title, file, state: given.state, beganAnew: false }
  }

  get view(): UploadView {
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

  async pause(): Promise<void> {
    await this.#halt()
    if (this.#isDone()) return
    this.#show({ kind: "paused" })
    await this.#save({ ...this.#record, isPaused: true })
  }

  /** It is to go on when its turn comes. */
  async resume(acceptsNotRenewed: boolean): Promise<void> {
    this.#acceptsNotRenewed ||= acceptsNotRenewed
    const { state } = this.#view
    if (this.#record.recovers !== null && state.kind === "failed" && isChanged(state.error)) {
      // What was fetched is not whole any more: it is fetched anew.
      await this.#abandon()
      this.#record = { ...this.#record, prepared: null }
    }
    await this.#save({ ...this.#record, isPaused: false })
    this.#show({ kind: "waiting" })
  }

  /**
   * The file was chosen again. Another one than before is sent from its beginning, under new keys.
   * @throws {@link ArchiveError} `changed` for another one than was imported: what lay beside that does not belong to it.
   */
  async giveFile(files: UploadFiles): Promise<void> {
    const { state } = this.#view
    const { media } = files
    const { file } = this.#record
    const isSame = media.size === file?.sizeBytes && media.lastModified === file.modifiedMs
    if (this.#record.beside.length > 0 && (!isSame || state.kind === "failed"))
      throw new ArchiveError(
        "changed",
        "what is imported goes on with its own file alone: cancel this, and give the folder again",
      )
    this.#files = files
    if (!isSame || state.kind === "failed") {
      await this.#abandon()
      this.#view = { ...this.#view, file: fileFacts(media), beganAnew: !isSame }
      this.#record = { ...this.#record, file: fileFacts(media), prepared: null }
    }
    await this.resume(false)
  }

  /**
   * Gives it up, at the server and here.
   * @returns false where it is published already, or nearly: then it goes on to its end.
   * @throws {@link ArchiveError} `unavailable` and others: then it is paused.
   */
  async cancel(): Promise<boolean> {
    if (this.#isDone()) return false
    this.#show({ kind: "cancelling" })
    await this.#halt()
    if (this.#isDone()) return false
    try {
      await this.#abandon()
    } catch (error) {
      const isPublished = isArchiveError(error) && error.code === "exists"
      this.#show({ kind: isPublished ? "waiting" : "paused" })
      if (isPublished) return false
      throw error
    }
    this.#release()
    return true
  }

  /** It may have come to its end while it was being stopped. */
  #isDone(): boolean {
    return this.#view.state.kind === "done"
  }

  async #halt(): Promise<void> {
    this.#stop?.abort()
    await this.#running
  }

  async #abandon(): Promise<void> {
    const store = openJournal(this.id)
    const journal = await store.load()
    if (journal === null) await store.remove()
    else await abandonUpload(this.#client, store, journal)
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      const prepared = this.#record.prepared ?? (await this.#prepare(signal))
      const recordingId = await this.#send(prepared, signal)
      this.#show({ kind: "done", recordingId })
      this.#files = null
      this.#release()
    } catch (error) {
      if (!signal.aborted) this.#show({ kind: "failed", error })
    }
  }

  async #prepare(signal: AbortSignal): Promise<Prepared> {
    const { recovers, meetingId } = this.#record
    const recovered =
      recovers === null
        ? null
        : await recoverHere(this.#client, this.id, meetingId, recovers, signal, (fraction) => {
            this.#show({ kind: "recovering", fraction })
          })
    const original = recovered ?? this.#original()
    this.#show({ kind: "preparing", fraction: 0 })
    const { beside } = this.#record
    const media = await prepareFile(
      { uploadId: this.id, original, captions: this.#files?.captions ?? null, chapters: this.#files?.chapters ?? null },
      (fraction) => {
        this.#show({ kind: "preparing", fraction })
      },
      signal,
    )
    const prepared = { ...media, assets: [...media.assets, ...beside] }
    await this.#save({ ...this.#record, prepared })
    if (recovered !== null && prepared.assets.every(({ keptName }) => keptName !== recovered.name))
      await forgetKept(this.id, recovered.name, recovered.sizeBytes)
    return prepared
  }

  #original(): PrepareRequest["original"] {
    if (this.#files === null) throw new ArchiveError("changed", "the file has to be chosen again")
    return { kind: "file", file: this.#files.media }
  }

  async #send(prepared: Prepared, signal: AbortSignal) {
    const { meetingId, title, capturedAtMs, file } = this.#record
    const assets = prepared.assets.map((asset): UploadAsset => {
      const { role, mediaType } = asset
      return { role, mediaType, source: this.#sourceOf(asset) }
    })
    const { durationMs, prepared: how } = prepared
    const details = { title, fileName: file?.name ?? null, capturedAtMs, durationMs, prepared: how }
    const meter = new SpeedMeter()
    let shown: Extract<UploadState, { kind: "sending" }> = {
      kind: "sending",
      progress: null,
      speed: null,
      obstacle: null,
    }
    const show = (changes: Partial<typeof shown>): void => {
      shown = { ...shown, ...changes }
      this.#show(shown)
    }
    show({})
    const { recordingId } = await uploadRecording(
      this.#client,
      meetingId,
      openJournal(this.id),
      { details, assets },
      {
        signal,
        patienceMs: PATIENCE_MS,
        acceptsNotRenewed: this.#acceptsNotRenewed,
        onProgress: (progress) => {
          const speed = meter.add(performance.now(), progress.sentBytes, progress.totalBytes)
          show({ progress, speed, obstacle: null })
        },
        onWait: (obstacle) => {
          meter.forget()
          show({ obstacle, speed: null })
        },
      },
    )
    return recordingId
  }

  #sourceOf({ keptName, sizeBytes }: PreparedAsset): AssetSource {
    if (keptName !== null) return keptFileSource(this.id, keptName, sizeBytes)
    if (this.#files !== null) return fileSource(this.#files.media)
    // Never opened where all of it was sent already.
    return { sizeBytes, open: () => Promise.reject(new ArchiveError("usage", "the file has to be chosen again")) }
  }

  async #save(record: UploadRecord): Promise<void> {
    this.#record = record
    await uploadRecords.save(this.id, record)
  }

  #show(state: UploadState): void {
    this.#view = { ...this.#view, state }
    this.#onChange()
  }
}

export function fileFacts({ name, size, lastModified }: File): NonNullable<UploadRecord["file"]> {
  return { name, sizeBytes: size, modifiedMs: lastModified }
}

/** Whether only the file itself helps: the browser has lost it, or what was kept of it. */
export function wantsFile({ state, file }: UploadView): boolean {
  return state.kind === "needs-file" || (file !== null && state.kind === "failed" && isChanged(state.error))
}

function isChanged(error: unknown): boolean {
  return isArchiveError(error) && error.code === "changed"
}
