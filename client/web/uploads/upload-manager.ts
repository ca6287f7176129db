import { toBase64Url } from "../../../shared/protocol/bytes.js"
import type { MeetingId, RecordingId } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { openJournal } from "../platform/journal-store.js"
import { nextTask } from "../platform/next-task.js"
import { PageHold } from "../platform/page-hold.js"
import { takeLock } from "../platform/take-lock.js"
import { KeptFileWriter } from "../prepare/kept-files.js"
import type { PreparedAsset } from "../prepare/prepared.js"
import type { ChosenRecording } from "./chosen-files.js"
import { fileFacts, UploadJob, type UploadFiles } from "./upload-job.js"
import { type UploadRecord, uploadRecords } from "./upload-record.js"
import { isUnderWay, type UploadState, type UploadView } from "./upload-view.js"

/** While one waits for its receipt, another is sent. */
const PARALLEL = 2
const ID_BYTES = 16

/** All uploads of this tab: begun, gone on with after a reload, sent two at a time. It outlives the screens that show it. */
export class UploadManager {
  readonly #client: Client
  readonly #listeners = new Set<() => void>()
  readonly #hold = new PageHold()
  #jobs: readonly UploadJob[] = []
  #views: readonly UploadView[] = []
  #asked = false
  #isTelling = false

  constructor(client: Client) {
    this.#client = client
  }

  get views(): readonly UploadView[] {
    return this.#views
  }

  /** @returns what ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Takes up what was begun here and isn't finished, unless another tab has it. */
  async restore(): Promise<void> {
    for (const id of await uploadRecords.list()) {
      if (this.#jobs.some((job) => job.id === id)) continue
      const release = await takeLock(lockName(id))
      if (release === null) continue
      // One that can't be read keeps none of the others from going on.
      const record = await uploadRecords.load(id).catch(() => null)
      if (record === null) release()
      else this.#take(id, record, null, await restoredState(id, record), release)
    }
    this.#changed()
  }

  async add(meetingId: MeetingId, chosen: readonly ChosenRecording[]): Promise<void> {
    if (!this.#asked) {
      this.#asked = true
      // So that a browser that is short of room does not throw away what is kept of uploads. Its answer changes nothing here.
      void navigator.storage.persist()
    }
    for (const { file, captions, chapters, title, capturedAtMs } of chosen) {
      const id = toBase64Url(this.#client.random(ID_BYTES))
      const release = await takeLock(lockName(id))
      if (release === null) continue
      const facts = { file: fileFacts(file), recovers: null, beside: [], isPaused: false, prepared: null }
      const record: UploadRecord = { version: 1, meetingId, title, capturedAtMs, ...facts }
      await uploadRecords.save(id, record)
      this.#take(id, record, { media: file, captions, chapters }, { kind: "waiting" }, release)
    }
    this.#changed()
  }

  /** Brings in what was recorded elsewhere, with what lay beside it and where it came from. */
  async addImport(
    meetingId: MeetingId,
    {
      file,
      title,
      capturedAtMs,
      beside,
    }: Pick<ChosenRecording, "file" | "title" | "capturedAtMs"> & {
      readonly beside: readonly (Pick<PreparedAsset, "role" | "mediaType"> & { readonly bytes: Uint8Array })[]
    },
  ): Promise<void> {
    const id = toBase64Url(this.#client.random(ID_BYTES))
    const release = await takeLock(lockName(id))
    if (release === null) return
    const kept: PreparedAsset[] = []
    for (const [index, { role, mediaType, bytes }] of beside.entries()) {
      const keptName = `beside-${index}`
      const writer = new KeptFileWriter(id, keptName)
      await writer.write(0, bytes)
      kept.push({ role, mediaType, sizeBytes: await writer.close(), keptName })
    }
    const facts = { file: fileFacts(file), recovers: null, beside: kept, isPaused: false, prepared: null }
    const record: UploadRecord = { version: 1, meetingId, title, capturedAtMs, ...facts }
    await uploadRecords.save(id, record)
    this.#take(id, record, { media: file, captions: null, chapters: null }, { kind: "waiting" }, release)
    this.#changed()
  }

  /** Saves what there is of a capture whose recorder is gone, as a recording of this account's own. */
  async recover(
    meetingId: MeetingId,
    capture: Pick<UploadRecord, "title" | "capturedAtMs"> & { readonly recordingId: RecordingId },
  ): Promise<void> {
    const id = toBase64Url(this.#client.random(ID_BYTES))
    const release = await takeLock(lockName(id))
    if (release === null) return
    const { title, capturedAtMs, recordingId: recovers } = capture
    const record: UploadRecord = {
      version: 1,
      meetingId,
      title,
      capturedAtMs,
      file: null,
      recovers,
      beside: [],
      isPaused: false,
      prepared: null,
    }
    await uploadRecords.save(id, record)
    this.#take(id, record, null, { kind: "waiting" }, release)
    this.#changed()
  }

  async pause(id: string): Promise<void> {
    await this.#jobOf(id)?.pause()
    this.#changed()
  }

  /** Goes on with what was paused or failed. @param acceptsNotRenewed although no admin confirmed the meeting's members of late. */
  async resume(id: string, acceptsNotRenewed = false): Promise<void> {
    await this.#jobOf(id)?.resume(acceptsNotRenewed)
    this.#changed()
  }

  async giveFile(id: string, files: UploadFiles): Promise<void> {
    await this.#jobOf(id)?.giveFile(files)
    this.#changed()
  }

  /** What is published already goes on to its end instead. @throws {@link ArchiveError} as {@link UploadJob.cancel}. */
  async cancel(id: string): Promise<void> {
    if ((await this.#jobOf(id)?.cancel()) === true) this.dismiss(id)
    else this.#changed()
  }

  /** Shows no more what is done. */
  dismiss(id: string): void {
    this.#jobs = this.#jobs.filter((job) => job.id !== id)
    this.#changed()
  }

  #jobOf(id: string): UploadJob | undefined {
    return this.#jobs.find((job) => job.id === id)
  }

  #take(id: string, record: UploadRecord, files: UploadFiles | null, state: UploadState, release: () => void): void {
    const job = new UploadJob(this.#client, { id, record, files, state, release }, () => {
      this.#changed()
    })
    this.#jobs = [...this.#jobs, job]
  }

  #changed(): void {
    for (const job of this.#jobs) {
      if (this.#jobs.filter(({ isRunning }) => isRunning).length >= PARALLEL) break
      if (job.view.state.kind === "waiting" && !job.isRunning) job.start()
    }
    this.#views = this.#jobs.map(({ view }) => view)
    this.#hold.hold(this.#views.some(isUnderWay))
    void this.#tell()
  }

  /** In a task of its own, of all that changed until then: what is drawn does not stand in the way of what is sent. */
  async #tell(): Promise<void> {
    if (this.#isTelling) return
    this.#isTelling = true
    await nextTask()
    this.#isTelling = false
    for (const listener of this.#listeners) listener()
  }
}

async function restoredState(id: string, { isPaused, prepared, recovers }: UploadRecord): Promise<UploadState> {
  const journal = await openJournal(id).load()
  const isThere =
    prepared !== null &&
    prepared.assets.every(({ keptName }, index) => keptName !== null || journal?.assets[index]?.done != null)
  return !isThere && recovers === null ? { kind: "needs-file" } : isPaused ? { kind: "paused" } : { kind: "waiting" }
}

/** One tab has an upload at a time. */
function lockName(id: string): string {
  return `taciturn-upload ${id}`
}
