import { type AssetHeader, decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { concatBytes, equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { HASH_BYTES } from "../../../shared/protocol/hash.js"
import { LIVE_SEGMENTS, LiveAssetResponse } from "../../../shared/protocol/http.js"
import { formatId, type RecordingId } from "../../../shared/protocol/ids.js"
import { decodeLiveSegment, type LiveHead } from "../../../shared/protocol/live-asset.js"
import { MerkleAccumulator } from "../../../shared/protocol/merkle.js"
import { CHUNK_BYTES, SEGMENT_BYTES, SEGMENTS_PER_CHUNK } from "../../../shared/protocol/sizes.js"
import { openLiveHead, openLiveSecret } from "../../crypto/live.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { Client } from "../client.js"
import { currentCapability, readMeeting } from "../meetings.js"
import { sleep, withRetry } from "../retry.js"
import type { AssetSource } from "../upload/journal.js"
import { sourceOf } from "../upload/once-source.js"

/** What goes live, as another member follows it: nothing is given out that its recorder's newest signed head does not vouch for. SPEC.md §4.5. */

/** Something that went live, and opens for this account. */
export interface LiveCapture {
  readonly log: MeetingLog
  readonly recordingId: RecordingId
  readonly header: AssetHeader
  readonly rawHeader: Uint8Array
  readonly contentKey: Uint8Array
  readonly deviceKey: Uint8Array
  readonly authorGenesisHash: Uint8Array
  readonly title: string
  readonly mediaType: string
  readonly capturedAtMs: number
  /** Whether no recording stands in its place yet. */
  readonly isOpen: boolean
}

/** All that went live and opens for this account, oldest first. */
export function liveCapturesOf(log: MeetingLog): readonly LiveCapture[] {
  return log.lives.flatMap((live) => {
    const epoch = log.epochs.findLast(({ seq }) => seq < live.seq)
    if (epoch === undefined) return []
    const { recordingId, rawHeader, deviceKey, authorGenesisHash, mediaType } = live
    try {
      const secret = openLiveSecret(live, log.meetingHash, epoch.keys)
      const isOpen = !log.recordings.some(({ fields }) => equalBytes(fields.recordingId, recordingId))
      const header = decodeAssetHeader(rawHeader)
      return [{ log, recordingId, header, rawHeader, deviceKey, authorGenesisHash, mediaType, isOpen, ...secret }]
    } catch (error) {
      // One that its author sealed wrongly hides no other.
      if (isArchiveError(error)) return []
      throw error
    }
  })
}

export interface FollowOptions {
  /** `edge`: the first segment, in which a player finds how to read the rest, and then the newest flush. */
  readonly from: "start" | "edge"
  /** @param place `isAfterGap`: what comes now does not follow what came before. */
  readonly onBytes: (
    bytes: Uint8Array,
    place: { readonly segment: number; readonly isAfterGap: boolean },
  ) => void | Promise<void>
  /** `interrupted`: no head for a while; it may go on. */
  readonly onState?: (state: "live" | "interrupted") => void
  readonly signal?: AbortSignal
}

const POLL_MS = 1_000
const INTERRUPTED_MS = 30_000
const PATIENCE_MS = 60_000

/**
 * Follows a live asset until it ends, giving out verified bytes in order.
 * @returns `finished`: its recorder ended it; `replaced`: it is gone, and a recording may stand in its place.
 * @throws {@link ArchiveError} `integrity` for other bytes, an older head or another past than were seen before; `interrupted`; `forbidden`, `not-authorised` for who is no member any more.
 */
export async function followLive(
  client: Client,
  live: LiveCapture,
  { from, onBytes, onState, signal }: FollowOptions,
): Promise<"finished" | "replaced"> {
  const view = new LiveView(client, live, signal)
  let [next, isAfterGap, changedMs, state] = [0, false, performance.now(), ""]
  const tell = (now: "live" | "interrupted"): void => {
    if (state !== now) onState?.(now)
    state = now
  }
  for (;;) {
    let head: LiveHead | null
    try {
      head = await view.refresh()
    } catch (error) {
      if (!isArchiveError(error) || (error.code !== "gone" && error.code !== "not-found")) throw error
      if (error.code === "gone" || view.isBegun) return "replaced"
      // It was announced, and nothing of it has come yet.
      head = null
    }
    if (head !== null && head.segments > next) {
      tell("live")
      changedMs = performance.now()
      const edge = head.flushes.at(-1)?.segment ?? 0
      while (next < head.segments) {
        for (const bytes of await view.read(next, from === "edge" && next === 0 ? 1 : LIVE_SEGMENTS)) {
          if (bytes.length > 0) await onBytes(bytes, { segment: next, isAfterGap })
          isAfterGap = false
          next++
        }
        if (from === "edge" && next <= 1 && edge > next) [next, isAfterGap] = [edge, true]
      }
    }
    if (head?.isLast === true) return "finished"
    if (performance.now() - changedMs > INTERRUPTED_MS) tell("interrupted")
    await sleep(POLL_MS, signal)
  }
}

/**
 * What can be saved of a capture whose recorder is gone: all segments under its newest signed head. It can be opened again and again.
 * @throws {@link ArchiveError} `not-found` where no head came; `integrity`.
 */
export async function recoverCapture(client: Client, live: LiveCapture): Promise<AssetSource> {
  const view = new LiveView(client, live, undefined)
  const head = await view.refresh()
  if (head === null) throw new ArchiveError("not-found", "nothing of this capture reached the server")
  const { segments } = head
  async function* all(): AsyncGenerator<Uint8Array> {
    for (let next = 0; next < segments;) {
      const read = await view.read(next, LIVE_SEGMENTS)
      yield concatBytes(...read)
      next += read.length
    }
  }
  return { sizeBytes: null, open: () => Promise.resolve({ ...sourceOf(all()), close: () => Promise.resolve() }) }
}

/** What one reader saw of a live asset so far; nothing that it is served may go back behind that. */
class LiveView {
  readonly #client: Client
  readonly #live: LiveCapture
  readonly #signal: AbortSignal | undefined
  readonly #tree = new MerkleAccumulator()
  readonly #leaves: Uint8Array[] = []
  #log: MeetingLog
  #head: LiveHead | null = null

  constructor(client: Client, live: LiveCapture, signal: AbortSignal | undefined) {
    this.#client = client
    this.#live = live
    this.#signal = signal
    this.#log = live.log
  }

  /** Whether anything of it was seen. */
  get isBegun(): boolean {
    return this.#head !== null
  }

  /** Verifies the newest head, and the hashes of all segments under it. LH3. */
  async refresh(): Promise<LiveHead | null> {
    for (;;) {
      const answer = await this.#ask(`?from=${this.#leaves.length}`, async (request) => {
        return await this.#client.http.json(LiveAssetResponse, request)
      })
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

  /** The captured bytes of at most `count` verified segments from `first` on, one after another. */
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
    const buffer = new Uint8Array(CHUNK_BYTES)
    buffer.set(sealed)
    const leaves = concatBytes(...this.#leaves.slice(first, end))
    const isEnd = isLast && end === segments
    const window = { asset: this.#live, firstSegment: first, isLast: isEnd, sealedBytes: sizeBytes, leaves, buffer }
    const opened = await this.#client.segmentWork.open(window)
    const each = opened.plaintextBytes / (end - first)
    return Array.from({ length: end - first }, (_, index) =>
      decodeLiveSegment(opened.buffer.slice(index * each, (index + 1) * each)),
    )
  }

  /** Asks as a member of the newest epoch. */
  async #ask<T>(rest: string, call: (request: LiveRequest) => Promise<T>): Promise<T> {
    const subject = formatId("meeting", this.#log.meetingId)
    const path = `/v1/meetings/${subject}/assets/${formatId("asset", this.#live.header.assetId)}/live${rest}`
    const attempt = async (): Promise<T> =>
      await this.#client.tokens.with(this.#client.http, currentCapability(this.#log), async (token) => {
        return await call({ path, subject, token, signal: this.#signal })
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
      { patienceMs: PATIENCE_MS, signal: this.#signal },
    )
  }
}

interface LiveRequest {
  readonly path: string
  readonly subject: string
  readonly token: Uint8Array
  readonly signal: AbortSignal | undefined
}
