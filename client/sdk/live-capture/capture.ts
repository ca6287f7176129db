import { ASSET_SALT_BYTES, assetHeaderHash, encodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { concatBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { asId, idOfHash, type MeetingId, type RecordingId } from "../../../shared/protocol/ids.js"
import { SEGMENTS_PER_CHUNK } from "../../../shared/protocol/sizes.js"
import { deviceSigner } from "../../crypto/account-keys.js"
import { sealLiveSecret } from "../../crypto/live.js"
import type { Client } from "../client.js"
import { announceCapture } from "../consent.js"
import { readMeeting } from "../meetings.js"
import { appendNote } from "../notes.js"
import { prepareToSeal, type SealingOptions } from "../standing.js"
import type { AssetSource, JournalStore } from "../upload/journal.js"
import { sourceOf } from "../upload/once-source.js"
import {
  type NewUpload,
  type UploadedRecording,
  type UploadOptions,
  uploadRecording,
} from "../upload/upload-recording.js"
import { type CaptureJournal, LiveSealer, loadCapture, type SealingParts } from "./sealing.js"
import { LiveSender } from "./sender.js"

/** What is recorded while others follow it: kept sealed here first, and then sent. SPEC.md §4.5, §7.6. */

export interface CaptureState {
  /** `sending`: nothing more is taken, the rest is on its way; `stored`: the server gave its receipt. */
  readonly phase: "capturing" | "sending" | "stored" | "failed"
  readonly keptBytes: number
  readonly keptSegments: number
  readonly sentSegments: number
  /** Whether the server can't be reached now; it goes on by itself. */
  readonly isWaiting: boolean
  /** Who may follow has changed: this capture ended by itself, and what comes next needs another one. */
  readonly mustRestart: boolean
  readonly failure: ArchiveError | null
}

export interface CaptureOptions extends SealingOptions {
  readonly onState?: (state: CaptureState) => void
  readonly signal?: AbortSignal
}

export interface NewCapture {
  readonly title: string
  readonly mediaType: string
  readonly capturedAtMs: number
}

export interface Capture {
  readonly recordingId: RecordingId
  /** Takes what was captured next. */
  write(bytes: Uint8Array): void
  /**
   * Durable when it resolves; then it is sent, as soon as that is possible. To be called about once a second.
   * @param clockMs where the recording's clock stands at the end of what was written; who halts it says so. Else the time since it was begun.
   */
  flush(clockMs?: number): Promise<void>
  /** Says that the log may have changed. */
  look(): void
  /** Ends it. @throws {@link ArchiveError} what keeps it from being stored; what was flushed is kept, and `finishCapture` goes on. */
  stop(): Promise<void>
}

/** How long a capture goes on without a server: longer than anybody records. */
const PATIENCE_MS = 7 * 24 * 60 * 60 * 1000
/** A new epoch is looked for this often, at least, while the server can be reached. */
const LOOK_MS = 5_000

/**
 * Announces a capture (CO6), lets it go live for the members of the epoch in force, and begins it.
 * @throws {@link ArchiveError} `exists` where the journal is in use; what keeps a client from sealing.
 */
export async function startCapture(
  client: Client,
  meetingId: MeetingId,
  store: JournalStore,
  capture: NewCapture,
  options: CaptureOptions = {},
): Promise<Capture> {
  if ((await store.load()) !== null) throw new ArchiveError("exists", "something else is kept here already")
  const { meetingHash, current } = await prepareToSeal(client, await readMeeting(client, meetingId), options)
  const journal = newJournal(client, meetingHash, current.keys.epoch, capture)
  await store.save(journal)
  const recordingId = asId("recording", journal.recordingId)
  const [media] = journal.assets
  if (media === undefined) throw new ArchiveError("internal", "a capture without media")
  await announceCapture(client, meetingId, { headerHash: assetHeaderHash(media.rawHeader), recordingId }, options)
  const { live } = journal
  await appendNote(client, meetingId, (log) => {
    if (log.current.keys.epoch !== journal.captureEpoch)
      throw new ArchiveError("conflict", "who is in this meeting changed just now: begin anew")
    const { contentKey, rawHeader, mediaType } = live
    const { title, capturedAtMs } = capture
    const secret = { contentKey, title, capturedAtMs }
    const sealedKey = sealLiveSecret(rawHeader, secret, log.meetingHash, log.current.keys, client.random)
    const deviceKey = deviceSigner(client.state.current.secrets).publicKey
    return { type: "live", recordingId, rawHeader, deviceKey, mediaType, sealedKey }
  })
  const running = new RunningCapture(client, meetingId, store, journal, options)
  await running.begin()
  return running
}

function newJournal(
  client: Client,
  meetingHash: Uint8Array,
  captureEpoch: number,
  capture: NewCapture,
): CaptureJournal {
  const { title, mediaType, capturedAtMs } = capture
  return {
    version: 1,
    recordingId: client.random(16),
    meetingHash,
    captureEpoch,
    details: { title, fileName: null, capturedAtMs, durationMs: null, prepared: "remuxed" },
    assets: [{ role: "media", mediaType, ...freshKeys(client, "file"), trueBytes: null, done: null }],
    rawEvent: null,
    live: { mediaType, ...freshKeys(client, "live"), endSegments: null, isStored: false },
  }
}

function freshKeys(
  { random }: Client,
  kind: "file" | "live",
): { readonly rawHeader: Uint8Array; readonly contentKey: Uint8Array; readonly uploadSecret: Uint8Array } {
  const rawHeader = encodeAssetHeader({ kind, assetId: asId("asset", random(16)), salt: random(ASSET_SALT_BYTES) })
  return { rawHeader, contentKey: random(32), uploadSecret: random(32) }
}

class RunningCapture implements Capture {
  readonly recordingId: RecordingId
  readonly #client: Client
  readonly #meetingId: MeetingId
  readonly #store: JournalStore
  readonly #journal: CaptureJournal
  readonly #options: CaptureOptions
  readonly #pending: Uint8Array[] = []
  #state: CaptureState = {
    phase: "capturing",
    keptBytes: 0,
    keptSegments: 0,
    sentSegments: 0,
    isWaiting: false,
    mustRestart: false,
    failure: null,
  }
  #sealer: LiveSealer | null = null
  #keeping: Promise<void> = Promise.resolve()
  #stopping: Promise<void> | null = null
  #sending: Promise<void> | null = null
  #sender: LiveSender | null = null
  #isSendDue = false
  #lookedMs = performance.now()
  #beganMs = performance.now()

  constructor(
    client: Client,
    meetingId: MeetingId,
    store: JournalStore,
    journal: CaptureJournal,
    options: CaptureOptions,
  ) {
    this.recordingId = asId("recording", journal.recordingId)
    this.#client = client
    this.#meetingId = meetingId
    this.#store = store
    this.#journal = journal
    this.#options = options
  }

  async begin(): Promise<void> {
    this.#sealer = await LiveSealer.open(this.#client, this.#store, this.#journal.live)
    const onWait = (): void => {
      this.#change({ isWaiting: true })
    }
    const retry = { patienceMs: PATIENCE_MS, signal: this.#options.signal, onWait }
    this.#sender = new LiveSender(this.#client, this.#meetingId, this.#journal.live, this.#sealer, retry)
    this.#beganMs = performance.now()
  }

  write(bytes: Uint8Array): void {
    if (this.#stopping !== null) return
    this.#pending.push(bytes)
  }

  async flush(clockMs = performance.now() - this.#beganMs): Promise<void> {
    const { sealer } = this.#parts()
    this.#keeping = this.#keeping.then(async () => {
      const bytes = concatBytes(...this.#pending.splice(0))
      if (bytes.length === 0) return
      await sealer.append(bytes, { timeMs: this.#client.clock.nowMs(), clockMs: Math.round(clockMs) }, false)
      this.#change({ keptBytes: this.#state.keptBytes + bytes.length, keptSegments: sealer.segments })
    })
    await this.#keeping
    if (this.#stopping === null) this.#send()
  }

  look(): void {
    this.#lookedMs = -Infinity
    if (this.#stopping === null) this.#send()
  }

  async stop(): Promise<void> {
    this.#stopping ??= this.#end()
    await this.#stopping
  }

  async #end(): Promise<void> {
    try {
      this.#change({ phase: "sending" })
      await this.flush()
      await this.#sending
      const { sealer, sender } = this.#parts()
      await endCapture(this.#store, this.#journal, sealer, sender, this.#client.clock.nowMs())
      this.#change({ phase: "stored", keptSegments: sealer.segments, sentSegments: sender.sentSegments })
    } catch (error) {
      this.#change({ phase: "failed", failure: isArchiveError(error) ? error : null })
      throw error
    }
  }

  /** Sends in the background, one after another. */
  #send(): void {
    this.#isSendDue = true
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null
      // What came between the last look and this.
      if (this.#isSendDue && this.#stopping === null) this.#send()
    })
  }

  async #sendAll(): Promise<void> {
    const { sender } = this.#parts()
    try {
      while (this.#isSendDue) {
        this.#isSendDue = false
        // Who was taken out must not be given what comes now: so it is looked before it is sent.
        if (await this.#isSuperseded()) {
          this.#change({ mustRestart: true })
          void this.stop().catch(() => undefined)
          return
        }
        await sender.send(null)
        this.#change({ sentSegments: sender.sentSegments, isWaiting: false, failure: null })
      }
    } catch (error) {
      this.#change({ failure: isArchiveError(error) ? error : new ArchiveError("internal", "unexpected") })
    }
  }

  async #isSuperseded(): Promise<boolean> {
    if (performance.now() - this.#lookedMs < LOOK_MS) return false
    const log = await readMeeting(this.#client, this.#meetingId).catch((error: unknown) => {
      if (!isArchiveError(error)) throw error
      return error.retryable ? "unknown" : null
    })
    if (log === "unknown") return false
    this.#lookedMs = performance.now()
    return log?.isMember !== true || log.newestEpochSeen !== this.#journal.captureEpoch
  }

  #parts(): { readonly sealer: LiveSealer; readonly sender: LiveSender } {
    if (this.#sealer === null || this.#sender === null)
      throw new ArchiveError("internal", "a capture that did not begin")
    return { sealer: this.#sealer, sender: this.#sender }
  }

  #change(changes: Partial<CaptureState>): void {
    this.#state = { ...this.#state, ...changes }
    this.#options.onState?.(this.#state)
  }
}

/** The last segment is empty, and its place is noted before it is sealed: sealed again, it is the same. */
async function endCapture(
  store: JournalStore,
  journal: CaptureJournal,
  sealer: LiveSealer,
  sender: LiveSender,
  nowMs: number,
): Promise<void> {
  if (journal.live.isStored) return
  const endSegments = journal.live.endSegments ?? sealer.segments + 1
  const ended = { ...journal, live: { ...journal.live, endSegments } }
  if (journal.live.endSegments === null) await store.save(ended)
  const { clockMs = 0 } = sealer.flushes.at(-1) ?? {}
  if (sealer.segments < endSegments) await sealer.append(new Uint8Array(0), { timeMs: nowMs, clockMs }, true)
  await sender.send(endSegments)
  await sender.finish()
  await store.save({ ...ended, live: { ...ended.live, isStored: true } })
}

/** Sends what a capture kept before it was cut off, and ends it. @throws {@link ArchiveError} `not-found`; `interrupted`; `unavailable`. */
export async function finishCapture(client: Client, store: JournalStore, options: UploadOptions = {}): Promise<void> {
  const journal = await loadCapture(store)
  const sealer = await LiveSealer.open(client, store, journal.live)
  const { signal, onWait, patienceMs = PATIENCE_MS } = options
  const meetingId = idOfHash("meeting", journal.meetingHash)
  const sender = new LiveSender(client, meetingId, journal.live, sealer, { signal, onWait, patienceMs })
  await endCapture(store, journal, sealer, sender, client.clock.nowMs())
}

/** All that a capture kept on this device. It can be opened again and again. @throws {@link ArchiveError} `not-found`. */
export async function capturedSource(client: Client, store: JournalStore): Promise<AssetSource> {
  const { live } = await loadCapture(store)
  const sealer = await LiveSealer.open(client, store, live)
  async function* all(): AsyncGenerator<Uint8Array> {
    for (let next = 0; next < sealer.segments;) {
      const parts = await sealer.plaintextsFrom(next)
      yield concatBytes(...parts)
      next += parts.length
    }
  }
  return { sizeBytes: null, open: () => Promise.resolve({ ...sourceOf(all()), close: () => Promise.resolve() }) }
}

/** What a capture kept on this device, read at any place. */
export interface CapturedFile {
  readonly sizeBytes: number
  /** The bytes from `start` to before `end`, fewer where it ends. */
  read(start: number, end: number): Promise<Uint8Array>
}

/** Opens all of it once, to learn what is where; then one chunk of it is in memory. @throws {@link ArchiveError} `not-found`, `integrity`. */
export async function openCaptured(client: SealingParts, store: JournalStore): Promise<CapturedFile> {
  const { live } = await loadCapture(store)
  const sealer = await LiveSealer.open(client, store, live)
  /** Where each chunk's bytes begin. */
  const starts: number[] = []
  let sizeBytes = 0
  for (let first = 0; first < sealer.segments; first += SEGMENTS_PER_CHUNK) {
    starts.push(sizeBytes)
    for (const part of await sealer.plaintextsFrom(first)) sizeBytes += part.length
  }
  let open = { chunk: -1, bytes: new Uint8Array(0) }
  const chunkOf = async (chunk: number): Promise<Uint8Array> => {
    if (open.chunk !== chunk) {
      const bytes = new Uint8Array(concatBytes(...(await sealer.plaintextsFrom(chunk * SEGMENTS_PER_CHUNK))))
      open = { chunk, bytes }
    }
    return open.bytes
  }
  return {
    sizeBytes,
    read: async (start, end) => {
      const parts: Uint8Array[] = []
      for (let at = start; at < Math.min(end, sizeBytes);) {
        const chunk = starts.findLastIndex((first) => first <= at)
        const within = at - (starts[chunk] ?? 0)
        const part = (await chunkOf(chunk)).slice(within, within + Math.min(end, sizeBytes) - at)
        parts.push(part)
        at += part.length
      }
      return concatBytes(...parts)
    },
  }
}

/**
 * Publishes the recording that a capture was announced as; then the live asset is deleted, and the journal with it.
 * @param upload its first asset is the media, seekable.
 */
export async function archiveCapture(
  client: Client,
  store: JournalStore,
  upload: NewUpload,
  options: UploadOptions = {},
): Promise<UploadedRecording> {
  const journal = await loadCapture(store)
  const [media] = journal.assets
  if (media === undefined) throw new ArchiveError("internal", "a capture without media")
  if (journal.rawEvent === null && media.done === null) {
    const assets = upload.assets.map(({ role, mediaType }, index) => {
      const kept = journal.assets[index] ?? { ...freshKeys(client, "file"), trueBytes: null, done: null }
      return { ...kept, role, mediaType: typeof mediaType === "string" ? mediaType : media.mediaType }
    })
    await store.save({ ...journal, details: upload.details, assets })
  }
  return await uploadRecording(client, idOfHash("meeting", journal.meetingHash), store, upload, options)
}
