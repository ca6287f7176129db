import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import { SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { deviceSigner } from "../../crypto/account-keys.js"
import { sealLiveHead } from "../../crypto/live.js"
import type { Client } from "../client.js"
import { type RetryOptions, withRetry } from "../retry.js"
import type { JournalLive } from "../upload/journal.js"
import { acknowledgedBytes, sendLiveHead, sendPiece, type UploadHandle } from "../upload/tus.js"
import { awaitReceipt, beginUpload } from "../upload/upload-asset.js"
import type { LiveSealer } from "./sealing.js"

/** Sends what a capture kept, and a head behind it. What fails for a while is tried again; nothing is lost by it. */
export class LiveSender {
  readonly #run: { readonly client: Client; readonly meetingId: MeetingId; readonly retry: RetryOptions }
  readonly #live: JournalLive
  readonly #sealer: LiveSealer
  readonly #handle: UploadHandle
  /** Acknowledged; `null` while that is to be asked. */
  #sent: number | null = null
  #headAt = 0

  constructor(client: Client, meetingId: MeetingId, live: JournalLive, sealer: LiveSealer, retry: RetryOptions) {
    this.#run = { client, meetingId, retry }
    this.#live = live
    this.#sealer = sealer
    const { uploadSecret } = live
    this.#handle = { http: client.http, assetId: sealer.assetId, uploadSecret, subject: formatId("meeting", meetingId) }
  }

  get sentSegments(): number {
    return this.#sent ?? 0
  }

  /** Sends all that is kept by now. @param endSegments where the last of them ends the asset. */
  async send(endSegments: number | null): Promise<void> {
    const { retry } = this.#run
    this.#sent ??= (await beginUpload(this.#run, this.#handle, { ...this.#live, trueBytes: null })) / SEGMENT_BYTES
    while (this.#sent < this.#sealer.segments) this.#sent = await this.#sendPiece(this.#sent)
    const segments = this.#sent
    if (segments === this.#headAt) return
    const { client } = this.#run
    const head = {
      segments,
      root: this.#sealer.rootOf(segments),
      timeMs: client.clock.nowMs(),
      isLast: segments === endSegments,
      flushes: this.#sealer.flushes.filter(({ segment }) => segment < segments),
    }
    const sealed = sealLiveHead(this.#live, head, deviceSigner(client.state.current.secrets), client.random)
    await withRetry(async () => {
      await sendLiveHead(this.#handle, segments, sealed, retry.signal)
    }, retry)
    this.#headAt = segments
  }

  /** Ends the upload, and waits for its receipt. @throws {@link ArchiveError} `bad-receipt`, and as a retry ends. */
  async finish(): Promise<void> {
    const segments = this.sentSegments
    const sent = { storedBytes: segments * SEGMENT_BYTES, root: this.#sealer.rootOf(segments) }
    await awaitReceipt({ ...this.#run, report: () => undefined }, this.#handle, this.#live, sent)
  }

  /** @returns the segments that are acknowledged then. */
  async #sendPiece(first: number): Promise<number> {
    const { retry } = this.#run
    const sealed = await this.#sealer.sealedFrom(first)
    return await withRetry(async () => {
      try {
        await sendPiece(this.#handle, first * SEGMENT_BYTES, sealed, null, retry.signal)
        return first + sealed.length / SEGMENT_BYTES
      } catch (error) {
        if (!isArchiveError(error) || (error.code !== "conflict" && !error.retryable)) throw error
        // The piece may have arrived although its answer did not.
        const acknowledged = (await acknowledgedBytes(this.#handle, retry.signal)) / SEGMENT_BYTES
        if (acknowledged > first) return acknowledged
        if (acknowledged < first) throw new ArchiveError("conflict", "the server lost what it had acknowledged")
        throw error.retryable
          ? error
          : new ArchiveError("unavailable", "the upload is held elsewhere", { cause: error })
      }
    }, retry)
  }
}
