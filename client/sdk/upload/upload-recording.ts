import {
  ASSET_SALT_BYTES,
  assetHeaderHash,
  decodeAssetHeader,
  encodeAssetHeader,
} from "../../../shared/protocol/asset-header.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { sha256 } from "../../../shared/protocol/hash.js"
import { asId, formatId, type MeetingId, type RecordingId } from "../../../shared/protocol/ids.js"
import { MerkleAccumulator } from "../../../shared/protocol/merkle.js"
import { storedBytesOfFile } from "../../../shared/protocol/padding.js"
import { verifyReceipt } from "../../../shared/protocol/receipt.js"
import type { AssetRole, RecordingDetails } from "../../../shared/protocol/recording.js"
import { SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { verifySignature } from "../../crypto/sodium.js"
import type { Client } from "../client.js"
import { fetchInstance } from "../instance.js"
import { assertMaySeal, currentCapability, readMeeting } from "../meetings.js"
import { assertNotAborted, type RetryOptions, sleep, withRetry } from "../retry.js"
import type { AssetSource, Journal, JournalAsset, JournalStore } from "./journal.js"
import { sealPieces, type SealedPiece } from "./piece-sealer.js"
import { publishRecording } from "./publish.js"
import { acknowledgedBytes, cancelUpload, createUpload, finishUpload, sendPiece, type UploadHandle } from "./tus.js"

export interface UploadAsset {
  readonly role: AssetRole
  readonly mediaType: string
  readonly source: AssetSource
}

export interface UploadProgress {
  readonly phase: "sealing" | "sending" | "storing" | "publishing"
  /** Sealed bytes that the server acknowledged, and in the end all of them; `totalBytes` is `null` while unknown. */
  readonly sentBytes: number
  readonly storedBytes: number
  readonly totalBytes: number | null
}

export interface UploadOptions {
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

const LEAF_BYTES = 32
const PATIENCE_MS = 600_000
const POLL_MS = 100
const LONGEST_POLL_MS = 2_000

/**
 * Seals, sends, waits for the receipts, and publishes. Called again with the same journal after any interruption, it goes on: sources are sealed
 * again and compared with the journal's hashes, and only what the server has not acknowledged is sent. SPEC.md §4, §8.
 * @throws {@link ArchiveError} `interrupted`; `unavailable` after `patienceMs`; `bad-receipt`, and what keeps a client from sealing.
 */
export async function uploadRecording(
  client: Client,
  meetingId: MeetingId,
  journalStore: JournalStore,
  recording: { readonly details: RecordingDetails; readonly assets: readonly UploadAsset[] },
  options: UploadOptions = {},
): Promise<UploadedRecording> {
  const run = new UploadRun(client, meetingId, journalStore, options)
  return await run.upload(recording.details, recording.assets)
}

class UploadRun {
  readonly #client: Client
  readonly #meetingId: MeetingId
  readonly #store: JournalStore
  readonly #options: UploadOptions
  readonly #retry: RetryOptions

  constructor(client: Client, meetingId: MeetingId, store: JournalStore, options: UploadOptions) {
    this.#client = client
    this.#meetingId = meetingId
    this.#store = store
    this.#options = options
    this.#retry = { patienceMs: options.patienceMs ?? PATIENCE_MS, signal: options.signal, onWait: options.onWait }
  }

  async upload(details: RecordingDetails, assets: readonly UploadAsset[]): Promise<UploadedRecording> {
    let journal = await this.#openJournal(details, assets)
    for (const [index, { source }] of assets.entries()) {
      for (;;) {
        const outcome = await this.#uploadAsset(journal, index, source)
        journal = await this.#saved({
          ...journal,
          assets: journal.assets.map((asset, place) => (place === index ? outcome.asset : asset)),
        })
        if (outcome.asset.done !== null) break
        await this.#store.dropLeaves(index)
      }
      this.#client.failpoint("upload.receipt-kept")
    }
    this.#report("publishing", journal, journal.assets[0]?.done?.storedBytes ?? 0)
    await publishRecording(
      this.#client,
      this.#meetingId,
      journal,
      async (changed) => await this.#saved(changed),
      this.#retry,
    )
    this.#client.failpoint("upload.published")
    await this.#store.remove()
    const [media] = journal.assets
    if (media?.done == null || media.trueBytes === null) throw new ArchiveError("internal", "a recording without media")
    return {
      recordingId: asId("recording", journal.recordingId),
      storedBytes: media.done.storedBytes,
      trueBytes: media.trueBytes,
      receipt: media.done.receipt,
    }
  }

  async #saved(journal: Journal): Promise<Journal> {
    await this.#store.save(journal)
    return journal
  }

  async #openJournal(details: RecordingDetails, assets: readonly UploadAsset[]): Promise<Journal> {
    const log = await withRetry(async () => await readMeeting(this.#client, this.#meetingId), this.#retry)
    assertMaySeal(log)
    const known = await this.#store.load()
    if (known !== null && equalBytes(known.meetingHash, log.meetingHash) && known.assets.length === assets.length)
      return known
    const { random } = this.#client
    const journal = await this.#saved({
      version: 1,
      recordingId: random(16),
      meetingHash: log.meetingHash,
      captureEpoch: log.current.keys.epoch,
      details,
      assets: assets.map(({ role, mediaType, source }) => ({
        role,
        mediaType,
        ...this.#freshKeys(),
        trueBytes: source.sizeBytes,
        done: null,
      })),
      rawEvent: null,
    })
    this.#client.failpoint("upload.journal-kept")
    return journal
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

  /** Uploads one asset to its receipt; an asset whose source changed, or which the server lost, comes back with fresh keys. */
  async #uploadAsset(journal: Journal, index: number, source: AssetSource): Promise<{ readonly asset: JournalAsset }> {
    const asset = journal.assets[index]
    if (asset === undefined) throw new ArchiveError("internal", "no such asset")
    if (asset.done !== null) return { asset }
    const handle = this.#handleOf(asset)
    try {
      const offset = await this.#begin(handle, asset)
      const sent = await this.#sendAll(journal, index, source, handle, offset)
      const receipt = await this.#awaitReceipt(journal, handle, asset, sent)
      return {
        asset: {
          ...asset,
          trueBytes: sent.trueBytes,
          done: { storedBytes: sent.storedBytes, root: sent.root, receipt },
        },
      }
    } catch (error) {
      const isChanged = isArchiveError(error) && error.code === "changed"
      const isLost =
        isArchiveError(error) && (error.code === "not-found" || error.code === "conflict") && error.place === "upload"
      if (!isChanged && !isLost) throw error
      // What was sealed under the old key is given up; nothing is ever sealed twice under it.
      if (isChanged) await cancelUpload(handle).catch(() => undefined)
      return { asset: { ...asset, ...this.#freshKeys(), trueBytes: source.sizeBytes } }
    }
  }

  #handleOf(asset: JournalAsset): UploadHandle {
    return {
      http: this.#client.http,
      assetId: decodeAssetHeader(asset.rawHeader).assetId,
      uploadSecret: asset.uploadSecret,
      subject: formatId("meeting", this.#meetingId),
    }
  }

  async #begin(handle: UploadHandle, asset: JournalAsset): Promise<number> {
    return await withRetry(async () => {
      try {
        return await acknowledgedBytes(handle, this.#options.signal)
      } catch (error) {
        if (!isArchiveError(error) || error.code !== "not-found") throw error
      }
      const log = await readMeeting(this.#client, this.#meetingId)
      const sizeBytes = asset.trueBytes === null ? null : storedBytesOfFile(asset.trueBytes)
      const upload = { rawHeader: asset.rawHeader, secretHash: sha256(asset.uploadSecret), sizeBytes }
      try {
        await this.#client.tokens.with(this.#client.http, currentCapability(log), async (token) => {
          await createUpload(handle, token, upload)
        })
      } catch (error) {
        if (!isArchiveError(error) || error.code !== "conflict") throw error
        throw new ArchiveError("conflict", "the server gave this upload up", { place: "upload", cause: error })
      }
      this.#client.failpoint("upload.created")
      return 0
    }, this.#retry)
  }

  async #sendAll(
    journal: Journal,
    index: number,
    source: AssetSource,
    handle: UploadHandle,
    offset: number,
  ): Promise<{ readonly storedBytes: number; readonly root: Uint8Array; readonly trueBytes: number }> {
    const asset = journal.assets[index]
    if (asset === undefined) throw new ArchiveError("internal", "no such asset")
    const known = await this.#store.loadLeaves(index)
    const tree = new MerkleAccumulator()
    const reader = await source.open()
    let sending: Promise<void> = Promise.resolve()
    try {
      let end = 0
      for await (const piece of sealPieces(asset, reader, this.#client.primitives)) {
        assertNotAborted(this.#options.signal)
        const firstSegment = piece.startBytes / SEGMENT_BYTES
        for (let at = 0; at < piece.leaves.length; at += LEAF_BYTES)
          tree.add(piece.leaves.subarray(at, at + LEAF_BYTES))
        assertSame(known.subarray(firstSegment * LEAF_BYTES), piece.leaves)
        end = piece.startBytes + piece.sealed.length
        if (firstSegment * LEAF_BYTES + piece.leaves.length > known.length) {
          await this.#store.saveLeaves(index, firstSegment, piece.leaves)
          this.#client.failpoint("upload.leaves-kept")
        }
        await sending
        if (end > offset) sending = this.#send(journal, index, handle, piece, offset)
        // The failure is thrown at the next await; until then it must not count as unhandled.
        sending.catch(() => undefined)
        if (piece.isLast && piece.trueBytes !== null) {
          await sending
          return { storedBytes: end, root: tree.root(), trueBytes: piece.trueBytes }
        }
      }
      throw new ArchiveError("internal", "a source that never ended")
    } finally {
      await sending.catch(() => undefined)
      await reader.close()
    }
  }

  async #send(
    journal: Journal,
    index: number,
    handle: UploadHandle,
    piece: SealedPiece,
    offset: number,
  ): Promise<void> {
    const end = piece.startBytes + piece.sealed.length
    const total = piece.isLast ? end : null
    const declared = journal.assets[index]?.trueBytes == null ? total : null
    let from = Math.max(offset, piece.startBytes)
    await withRetry(async () => {
      try {
        await sendPiece(handle, from, piece.sealed.subarray(from - piece.startBytes), declared, this.#options.signal)
      } catch (error) {
        if (!isArchiveError(error)) throw error
        if (error.code !== "conflict" && !error.retryable) throw error
        // The piece may have arrived although its answer did not.
        from = await this.#resumeAt(handle, piece.startBytes, end)
        if (from < end)
          throw error.retryable
            ? error
            : new ArchiveError("unavailable", "the upload stands elsewhere than this piece", { cause: error })
      }
    }, this.#retry)
    this.#client.failpoint("upload.piece-acknowledged")
    this.#report("sending", journal, end)
  }

  async #resumeAt(handle: UploadHandle, start: number, end: number): Promise<number> {
    const acknowledged = await acknowledgedBytes(handle, this.#options.signal)
    if (acknowledged < start || acknowledged > end)
      throw new ArchiveError("conflict", "the server lost what it had acknowledged", { place: "upload" })
    return acknowledged
  }

  async #awaitReceipt(
    journal: Journal,
    handle: UploadHandle,
    asset: JournalAsset,
    sent: { readonly storedBytes: number; readonly root: Uint8Array },
  ): Promise<Uint8Array> {
    const { instanceKey } = this.#client.state.current
    for (let pollMs = POLL_MS; ; pollMs = Math.min(pollMs * 1.5, LONGEST_POLL_MS)) {
      const { receipt, storedBytes } = await withRetry(
        async () => await finishUpload(handle, sent.storedBytes, sent.root, this.#options.signal),
        this.#retry,
      )
      if (receipt !== null) {
        const { serverKeys } = await withRetry(
          async () => await fetchInstance(this.#client.http, instanceKey),
          this.#retry,
        )
        verifyReceipt(
          receipt,
          { headerHash: assetHeaderHash(asset.rawHeader), storedBytes: sent.storedBytes, root: sent.root, instanceKey },
          serverKeys,
          verifySignature,
        )
        this.#client.failpoint("upload.receipt-verified")
        return receipt
      }
      this.#options.onProgress?.({
        phase: "storing",
        sentBytes: sent.storedBytes,
        storedBytes,
        totalBytes: totalOf(journal),
      })
      await sleep(pollMs, this.#options.signal)
    }
  }

  #report(phase: UploadProgress["phase"], journal: Journal, sentBytes: number): void {
    this.#options.onProgress?.({ phase, sentBytes, storedBytes: 0, totalBytes: totalOf(journal) })
  }
}

function totalOf(journal: Journal): number | null {
  const trueBytes = journal.assets[0]?.trueBytes ?? null
  return trueBytes === null ? null : storedBytesOfFile(trueBytes)
}

/** @throws {@link ArchiveError} `changed` where a source gives other bytes than it gave before. */
function assertSame(known: Uint8Array, leaves: Uint8Array): void {
  const length = Math.min(known.length, leaves.length)
  if (!equalBytes(known.subarray(0, length), leaves.subarray(0, length)))
    throw new ArchiveError("changed", "the file is not what it was when its upload began")
}
