import {
  ASSET_SALT_BYTES,
  assetHeaderHash,
  decodeAssetHeader,
  encodeAssetHeader,
} from "../../../shared/protocol/asset-header.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { asId, type MeetingId, type RecordingId } from "../../../shared/protocol/ids.js"
import type { AssetRole, RecordingDetails } from "../../../shared/protocol/recording.js"
import type { Client } from "../client.js"
import { announceCapture } from "../consent.js"
import { readMeeting } from "../meetings.js"
import { prepareToSeal, type SealingOptions } from "../standing.js"
import { type RetryOptions, withRetry } from "../retry.js"
import type { AssetSource, Journal, JournalAsset, JournalStore } from "./journal.js"
import { compareWithKept, keptSource } from "./once-source.js"
import { abandonAsset } from "./abandon-asset.js"
import { BufferPool, type PlaintextSource, sealPieces } from "./pieces.js"
import { ProgressMeter, type UploadProgress } from "./progress.js"
import { publishRecording, rememberPublished } from "./publish.js"
import { cancelUpload } from "./tus.js"
import { type AssetInput, type AssetRun, handleOf, SourceChanged, uploadAsset } from "./upload-asset.js"

export interface UploadAsset {
  readonly role: AssetRole
  /** Of a source that comes once it may be asked for: that is done when the capture was announced, as its first bytes tell. */
  readonly mediaType: string | (() => Promise<string>)
  readonly source: AssetSource
}

export interface UploadOptions extends SealingOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: UploadProgress) => void
  readonly onWait?: RetryOptions["onWait"]
  /** How long to wait for a server that says "not now". */
  readonly patienceMs?: number
}

export interface UploadedRecording {
  readonly recordingId: RecordingId
  readonly storedBytes: number
  readonly trueBytes: number
  /** The media's receipt. */
  readonly receipt: Uint8Array
}

export interface NewUpload {
  readonly details: RecordingDetails
  readonly assets: readonly UploadAsset[]
}

/** One asset of a recording: where its bytes come from, and where the journal has it. */
interface AssetPlace {
  readonly source: AssetSource
  readonly asset: () => JournalAsset
  readonly change: (changes: Partial<JournalAsset>) => Promise<void>
}

const PATIENCE_MS = 600_000
/** How often an asset begins anew because its source changed, or the server gave it up. */
const ATTEMPTS = 3

/**
 * Seals, sends, waits for the receipts, and publishes. Called again with the same journal after any interruption, it goes on: sources are sealed
 * again and compared with the journal's hashes, and only what the server has not acknowledged is sent. SPEC.md §4, §8.
 *
 * A source that comes once is announced in the meeting before its first byte is read (§7.5), and is kept sealed in the journal. Once it has ended, a later call needs nothing of it: that call publishes what was kept, and
 * then looks at its own source. Empty, or the same again, it is done; anything else is another recording, and is uploaded too.
 * @throws {@link ArchiveError} `interrupted`; `unavailable` after `patienceMs`; `changed` for a source that keeps changing; `bad-receipt`; what keeps a client from sealing.
 */
export async function uploadRecording(
  client: Client,
  meetingId: MeetingId,
  store: JournalStore,
  upload: NewUpload,
  options: UploadOptions = {},
): Promise<UploadedRecording> {
  if (upload.assets.length !== 1 && upload.assets.some(({ source }) => source.comesOnce === true))
    throw new ArchiveError("usage", "a source that comes once is a recording's only one")
  return await new RecordingUpload(client, meetingId, store, upload, options).run()
}

/** Stands in the journal until the source was asked. */
const UNDETECTED = "application/octet-stream"

async function mediaTypeOf({ mediaType }: UploadAsset): Promise<string> {
  return typeof mediaType === "string" ? mediaType : await mediaType()
}

class RecordingUpload {
  readonly #client: Client
  readonly #meetingId: MeetingId
  readonly #store: JournalStore
  readonly #upload: NewUpload
  readonly #options: UploadOptions
  readonly #retry: RetryOptions
  readonly #pool = new BufferPool()
  /** What is left of a source that comes once, where it was opened already. */
  #opened: PlaintextSource | null = null
  /** What it is, where its first bytes were asked already. */
  #detected: string | null = null

  constructor(client: Client, meetingId: MeetingId, store: JournalStore, upload: NewUpload, options: UploadOptions) {
    this.#client = client
    this.#meetingId = meetingId
    this.#store = store
    this.#upload = upload
    this.#options = options
    this.#retry = { patienceMs: options.patienceMs ?? PATIENCE_MS, signal: options.signal, onWait: options.onWait }
  }

  async run(): Promise<UploadedRecording> {
    const log = await withRetry(async () => await readMeeting(this.#client, this.#meetingId), this.#retry)
    const known = await this.#store.load()
    const fits =
      known !== null &&
      equalBytes(known.meetingHash, log.meetingHash) &&
      known.assets.length === this.#upload.assets.length
    let uploaded: UploadedRecording | null = null
    if (fits) {
      uploaded = await this.#finish(known)
      if (!(await this.#hasMore(known))) return await this.#close(uploaded)
    }
    const { meetingHash, current } = await withRetry(
      async () => await prepareToSeal(this.#client, log, this.#options),
      this.#retry,
    )
    return await this.#close(await this.#finish(await this.#begin(meetingHash, current.keys.epoch)))
  }

  async #close(uploaded: UploadedRecording): Promise<UploadedRecording> {
    const { live } = (await this.#store.load()) ?? {}
    // The recording stands in its place now.
    if (live != null)
      await withRetry(async () => {
        await abandonAsset(this.#client, this.#meetingId, live)
      }, this.#retry)
    await this.#store.remove()
    this.#client.failpoint("upload.journal-removed")
    return uploaded
  }

  /** Whether a source that comes once, after an earlier call's was published from what was kept, brings something else. */
  async #hasMore(known: Journal): Promise<boolean> {
    const [asset, given] = [known.assets[0], this.#upload.assets[0]]
    if (asset === undefined || given?.source.comesOnce !== true || asset.trueBytes === null || this.#opened !== null)
      return false
    const { segmentWork } = this.#client
    this.#detected = await mediaTypeOf(given)
    const pieces = sealPieces(asset, await given.source.open(), null, segmentWork, this.#pool)
    const comparison = await compareWithKept(pieces, asset, this.#store, segmentWork, this.#pool)
    if (!comparison.isNew) return false
    this.#opened = comparison.source
    return true
  }

  async #begin(meetingHash: Uint8Array, captureEpoch: number): Promise<Journal> {
    const assets = this.#upload.assets.map(({ role, mediaType, source }) => ({
      role,
      mediaType: typeof mediaType === "string" ? mediaType : (this.#detected ?? UNDETECTED),
      ...this.#freshKeys(),
      trueBytes: source.sizeBytes,
      done: null,
    }))
    const journal: Journal = {
      version: 1,
      recordingId: this.#client.random(16),
      meetingHash,
      captureEpoch,
      details: this.#upload.details,
      assets,
      rawEvent: null,
      live: null,
    }
    await this.#store.save(journal)
    this.#client.failpoint("upload.journal-kept")
    return journal
  }

  /** From where the journal stands to the published recording. */
  async #finish(begun: Journal): Promise<UploadedRecording> {
    let journal = begun
    const save = async (changed: Journal): Promise<Journal> => {
      await this.#store.save(changed)
      journal = changed
      return changed
    }
    await this.#announce(begun)
    const meter = new ProgressMeter(() => journal.assets, this.#options.onProgress)
    for (const [index, given] of this.#upload.assets.entries()) {
      const { source } = given
      const place: AssetPlace = {
        source,
        asset: () => {
          const asset = journal.assets[index]
          if (asset === undefined) throw new ArchiveError("internal", "no such asset")
          return asset
        },
        change: async (changes) => {
          await save({
            ...journal,
            assets: journal.assets.map((other, at) => (at === index ? { ...other, ...changes } : other)),
          })
        },
      }
      const run: AssetRun = {
        client: this.#client,
        meetingId: this.#meetingId,
        store: this.#store,
        pool: this.#pool,
        retry: this.#retry,
        report: (progress) => {
          meter.report(index, progress)
        },
      }
      if (typeof given.mediaType !== "string" && place.asset().trueBytes === null && this.#opened === null)
        await place.change({ mediaType: await mediaTypeOf(given) })
      for (let attempt = 1; place.asset().done === null; attempt++) await this.#attempt(run, place, attempt)
      this.#client.failpoint("upload.receipt-kept")
    }
    meter.publishing()
    await publishRecording(this.#client, this.#meetingId, journal, save, this.#retry, this.#options)
    await rememberPublished(this.#client, journal)
    this.#client.failpoint("upload.published")
    const [media] = journal.assets
    if (media?.done == null || media.trueBytes === null) throw new ArchiveError("internal", "a recording without media")
    return {
      recordingId: asId("recording", journal.recordingId),
      storedBytes: media.done.storedBytes,
      trueBytes: media.trueBytes,
      receipt: media.done.receipt,
    }
  }

  /**
   * Announces what comes but once, before its first byte is read. What was read from already is never announced: that would say that all of it had
   * been. SPEC.md §7.5, CO6.
   */
  async #announce({ recordingId, assets }: Journal): Promise<void> {
    const [media] = assets
    const isLive = this.#upload.assets[0]?.source.comesOnce === true
    if (!isLive || media === undefined || media.trueBytes !== null || this.#opened !== null) return
    const { assetId } = decodeAssetHeader(media.rawHeader)
    if ((await this.#store.loadLeaves(assetId)).length > 0) return
    const capture = { headerHash: assetHeaderHash(media.rawHeader), recordingId: asId("recording", recordingId) }
    await withRetry(async () => {
      await announceCapture(this.#client, this.#meetingId, capture, this.#options)
    }, this.#retry)
    this.#client.failpoint("upload.announced")
  }

  /** Brings an asset to its receipt, or gives it fresh keys where it is to begin anew. */
  async #attempt(run: AssetRun, place: AssetPlace, attempt: number): Promise<void> {
    const opened = await this.#open(place)
    try {
      const { receipt, root, storedBytes, trueBytes } = await uploadAsset(run, place.asset(), opened.input)
      await place.change({ trueBytes, done: { storedBytes, root, receipt } })
    } catch (error) {
      const isLost = isArchiveError(error) && error.place === "upload"
      const isChanged = isArchiveError(error) && error.code === "changed"
      if ((!isLost && !isChanged) || attempt === ATTEMPTS) throw error
      const asset = place.asset()
      if (error instanceof SourceChanged && error.source !== null) this.#opened = error.source
      else if (place.source.comesOnce === true && asset.trueBytes !== null)
        this.#opened = keptSource(asset, asset.trueBytes, this.#store, this.#client.segmentWork, this.#pool)
      // What was sealed under the old key is given up; nothing is ever sealed twice under it.
      await cancelUpload(handleOf(run, asset)).catch(() => undefined)
      await place.change({ ...this.#freshKeys(), trueBytes: place.source.sizeBytes })
    } finally {
      await opened.close()
    }
  }

  async #open({ source, asset, change }: AssetPlace): Promise<{ readonly input: AssetInput; close(): Promise<void> }> {
    const { trueBytes } = asset()
    const close = (): Promise<void> => Promise.resolve()
    if (source.comesOnce !== true) {
      const reader = await source.open()
      return {
        input: { kind: "source", source: reader, comesOnce: false, onEnded: close },
        close: () => reader.close(),
      }
    }
    if (trueBytes !== null) return { input: { kind: "kept", trueBytes }, close }
    this.#opened ??= await source.open()
    const onEnded = async (endedAt: number): Promise<void> => {
      await change({ trueBytes: endedAt })
    }
    return { input: { kind: "source", source: this.#opened, comesOnce: true, onEnded }, close }
  }

  #freshKeys(): Pick<JournalAsset, "rawHeader" | "contentKey" | "uploadSecret"> {
    const { random } = this.#client
    const rawHeader = encodeAssetHeader({
      kind: "file",
      assetId: asId("asset", random(16)),
      salt: random(ASSET_SALT_BYTES),
    })
    return { rawHeader, contentKey: random(32), uploadSecret: random(32) }
  }
}
