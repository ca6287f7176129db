import type * as z from "zod"
import { concatBytes, equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { HASH_BYTES } from "../../../shared/protocol/hash.js"
import { LIVE_SEGMENTS, LiveAssetResponse } from "../../../shared/protocol/http.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { decodeLiveSegment, type LiveHead } from "../../../shared/protocol/live-asset.js"
import { MerkleAccumulator } from "../../../shared/protocol/merkle.js"
import { SEGMENT_BYTES, SEGMENTS_PER_CHUNK } from "../../../shared/protocol/sizes.js"
import { openLiveHead } from "../../crypto/live.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { Client } from "../client.js"
import { parseAnswer } from "../http.js"
import { currentCapability, readMeeting } from "../meetings.js"
import { type RetryOptions, withRetry } from "../retry.js"
import type { LiveCapture } from "./captures.js"

export interface LiveViewOptions {
  readonly signal?: AbortSignal | undefined
  /** Told before each wait for a server that can't be reached, so that a person can be. */
  readonly onWait?: RetryOptions["onWait"]
  /** Told with each answer. */
  readonly onReached?: () => void
  /** How long it waits; a minute where it is not said. */
  readonly patienceMs?: number
}

const PATIENCE_MS = 60_000
/** Behind the last segment of any asset. */
const NO_LEAVES = 2 ** 32
/** A head, and as many hashes as one answer has, in base64. */
const ANSWER_BYTES = 256 * 1024

/**
 * What one reader saw of a live asset so far; nothing that it is served may go back behind that. SPEC.md §4.5.
 * `read` may be called while `refresh` is under way; `refresh` once at a time.
 */
export class LiveView {
  readonly #client: Client
  readonly #live: LiveCapture
  readonly #options: LiveViewOptions
  readonly #tree = new MerkleAccumulator()
  readonly #leaves: Uint8Array[] = []
  #log: MeetingLog
  #head: LiveHead | null = null
  #glanced: LiveHead | null = null

  constructor(client: Client, live: LiveCapture, options: LiveViewOptions = {}) {
    this.#client = client
    this.#live = live
    this.#options = options
    this.#log = live.log
  }

  /** The newest head that was verified; `null` before the first. */
  get head(): LiveHead | null {
    return this.#head
  }

  /**
   * Verifies the newest head, and the hashes of all segments under it. LH3.
   * @throws {@link ArchiveError} `integrity` for an older head or another past than were seen before; `truncated`; `bad-signature`; `gone`, `not-found` where nothing is there;
   * `forbidden`, `not-authorised` for who is no member any more; `interrupted`; `unavailable` where its patience ends.
   */
  async refresh(): Promise<LiveHead | null> {
    for (;;) {
      const answer = await this.#askForHead(this.#leaves.length)
      if (answer.head === null) {
        if (this.#head !== null) throw new ArchiveError("integrity", "the server forgot a head that it served before")
        return null
      }
      const head = openLiveHead(this.#live, this.#live.deviceKey, answer.head)
      const isBehind = head.segments < this.#leaves.length || head.timeMs < (this.#head?.timeMs ?? 0)
      if (isBehind || head.segments !== answer.segments)
        throw new ArchiveError("integrity", "the server serves an older head than before")
      if (
        answer.leaves.length % HASH_BYTES !== 0 ||
        answer.leaves.length / HASH_BYTES > head.segments - this.#leaves.length
      )
        throw new ArchiveError("integrity", "the server serves other hashes than were asked for")
      for (let at = 0; at < answer.leaves.length; at += HASH_BYTES) {
        const leaf = answer.leaves.slice(at, at + HASH_BYTES)
        this.#leaves.push(leaf)
        this.#tree.add(leaf)
      }
      if (this.#leaves.length === head.segments) {
        if (!equalBytes(this.#tree.root(), head.root))
          throw new ArchiveError("integrity", "the server's hashes are not those that the recorder signed")
        this.#head = head
        return head
      }
      if (answer.leaves.length === 0)
        throw new ArchiveError("truncated", "the server withholds hashes of what was signed")
    }
  }

  /**
   * The newest head alone, for who only wants to know how far it is: its recorder's, and no older than those that were seen before; of the bytes under it nothing is known.
   * @returns `null` before the first. @throws {@link ArchiveError} as {@link refresh}.
   */
  async glance(): Promise<LiveHead | null> {
    const answer = await this.#askForHead(NO_LEAVES)
    const head = answer.head === null ? null : openLiveHead(this.#live, this.#live.deviceKey, answer.head)
    const { segments, timeMs } = this.#glanced ?? { segments: 0, timeMs: 0 }
    if ((head?.segments ?? 0) < segments || (head?.timeMs ?? 0) < timeMs)
      throw new ArchiveError("integrity", "the server serves an older head than before")
    this.#glanced = head
    return head
  }

  /**
   * The captured bytes of at most `count` verified segments from `first` on, one after another; at least of one where the newest head has it.
   * @throws {@link ArchiveError} `integrity` with the segment for other bytes, and as {@link refresh}.
   */
  async read(first: number, count: number): Promise<readonly Uint8Array[]> {
    const { segments = 0, isLast = false } = this.#head ?? {}
    const chunkEnd = (Math.floor(first / SEGMENTS_PER_CHUNK) + 1) * SEGMENTS_PER_CHUNK
    const end = Math.min(first + Math.min(count, LIVE_SEGMENTS), segments, chunkEnd)
    const sizeBytes = (end - first) * SEGMENT_BYTES
    const sealed = await this.#ask(`/segments/${first}?count=${end - first}`, async (request) => {
      const response = await this.#client.http.send(request)
      return await response.bytes(sizeBytes)
    })
    if (sealed.length !== sizeBytes)
      throw new ArchiveError("integrity", "the server answered with other segments than were asked for", {
        place: `segment ${first}`,
      })
    const buffer = new Uint8Array(sealed)
    const leaves = concatBytes(...this.#leaves.slice(first, end))
    const isEnd = isLast && end === segments
    // No more than that goes to another thread.
    const { rawHeader, contentKey } = this.#live
    const asset = { rawHeader, contentKey }
    const window = { asset, firstSegment: first, isLast: isEnd, sealedBytes: sizeBytes, leaves, buffer }
    const opened = await this.#client.segmentWork.open(window)
    const each = opened.plaintextBytes / (end - first)
    return Array.from({ length: end - first }, (_, index) =>
      decodeLiveSegment(opened.buffer.slice(index * each, (index + 1) * each)),
    )
  }

  async #askForHead(from: number): Promise<z.output<typeof LiveAssetResponse>> {
    return await this.#ask(`?from=${from}`, async (request) => {
      const response = await this.#client.http.send(request)
      return parseAnswer(LiveAssetResponse, await response.bytes(ANSWER_BYTES))
    })
  }

  /** Asks as a member of the newest epoch. */
  async #ask<T>(rest: string, call: (request: LiveRequest) => Promise<T>): Promise<T> {
    const subject = formatId("meeting", this.#log.meetingId)
    const path = `/v1/meetings/${subject}/assets/${formatId("asset", this.#live.header.assetId)}/live${rest}`
    const attempt = async (): Promise<T> =>
      await this.#client.tokens.with(this.#client.http, currentCapability(this.#log), async (token) => {
        const answer = await call({ path, subject, token, signal: this.#options.signal })
        this.#options.onReached?.()
        return answer
      })
    return await withRetry(
      async () => {
        try {
          return await attempt()
        } catch (error) {
          if (!isArchiveError(error) || error.code !== "forbidden") throw error
          // An epoch that began since ended what an older one's key may read.
          this.#log = await readMeeting(this.#client, this.#log.meetingId)
          return await attempt()
        }
      },
      { patienceMs: PATIENCE_MS, ...this.#options },
    )
  }
}

interface LiveRequest {
  readonly path: string
  readonly subject: string
  readonly token: Uint8Array
  readonly signal: AbortSignal | undefined
}
