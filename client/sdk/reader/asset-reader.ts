import { CHUNK_HASHES_MAX_BYTES, openChunkHashes } from "../../../shared/protocol/chunk-hashes.js"
import { concatBytes, equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { HASH_BYTES } from "../../../shared/protocol/hash.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { PADDING_MARK } from "../../../shared/protocol/padding.js"
import {
  SEGMENT_BYTES,
  SEGMENT_PLAINTEXT_BYTES,
  SEGMENTS_PER_CHUNK,
  segmentCount,
  segmentOfPlaintext,
  segmentSize,
} from "../../../shared/protocol/sizes.js"
import type { OpenedAsset } from "../../crypto/recording-event.js"
import { createSegmentSealer } from "../../crypto/segments.js"
import type { Client } from "../client.js"
import type { RequestOptions, TransportResponse } from "../http.js"
import { type RetryOptions, withRetry } from "../retry.js"
import type { OpenedWindow, PieceBuffer } from "../segment-work.js"
import { SealedStream } from "./sealed-stream.js"

/** An asset as a stream of verified plaintext, from any place. */
export interface AssetReader {
  readonly sizeBytes: number
  readonly mediaType: string
  /**
   * The true bytes from `start` to `end` (inclusive), in pieces of at most 1 MiB. Each was verified against the signed root and its own tag before it is given out,
   * and is valid until the next is asked for: whoever keeps it copies it.
   * A read to the last byte also verifies the padding and the last segment, so that nothing was cut off.
   * @throws {@link ArchiveError} `integrity` or `truncated`, with the place; `unavailable`, `interrupted`.
   */
  read(start: number, end: number, signal?: AbortSignal): AsyncGenerator<Uint8Array>
  /** Whether `plaintext`, which an earlier reader gave out and somebody kept, is a whole segment other than the last as it was published. */
  isSegment(segment: number, plaintext: Uint8Array, signal?: AbortSignal): Promise<boolean>
}

export interface ReaderOptions {
  /**
   * Whether readers mostly go on from where they begin, as players do: then a read asks for all that follows at once, and breaks it off when it is stopped.
   * Otherwise the first segments are asked for by themselves, so that a reader who wants no more has fetched no more.
   */
  readonly readsOn?: boolean
  readonly patienceMs?: number
  readonly onWait?: RetryOptions["onWait"]
}

const PATIENCE_MS = 60_000
const CACHED_CHUNKS = 16
/** Segments that are opened first, so that a read from a new place starts soon. */
const FIRST_SEGMENTS = 2
/** What is opened at once at most: large enough for few hand-overs, small enough that memory stays flat. */
const LARGEST_WINDOW_SEGMENTS = 16
const LARGEST_WINDOW_BYTES = LARGEST_WINDOW_SEGMENTS * SEGMENT_BYTES
/** On a slow line what has arrived is not kept waiting for more. */
const WINDOW_MS = 20
/** So long before a chunk ends the hashes of the next are asked for, so that whoever reads on does not wait for them there. */
const HASHES_AHEAD_SEGMENTS = 2 * LARGEST_WINDOW_SEGMENTS
/** Windows under way beside the one that the caller has: one arrives while another is opened. */
const WINDOWS_AHEAD = 2

/** Sealed segments that arrived, and the verified leaf hashes of their chunk. */
interface Fetched {
  readonly from: number
  readonly buffer: PieceBuffer
  readonly sealedBytes: number
  readonly leaves: Uint8Array
}

/** Runs a call with a token of the epoch in force. */
export type WithToken = <T>(call: (token: Uint8Array, subject: string) => Promise<T>) => Promise<T>

/** Reads an asset of a meeting. SPEC.md §4. */
export function openAsset(
  client: Client,
  withToken: WithToken,
  asset: OpenedAsset,
  options: ReaderOptions = {},
): AssetReader {
  const segments = segmentCount(asset.storedBytes)
  const key = { contentKey: asset.contentKey, rawHeader: asset.rawHeader }
  const assetPath = `assets/${formatId("asset", asset.header.assetId)}`
  const hashes = new Map<number, Promise<Uint8Array>>()
  const retry = { patienceMs: options.patienceMs ?? PATIENCE_MS, onWait: options.onWait }

  const request = async (path: string, rest: Partial<RequestOptions>): Promise<TransportResponse> =>
    await withToken(
      async (token, subject) =>
        await client.http.send({ path: `/v1/meetings/${subject}/${assetPath}/${path}`, subject, token, ...rest }),
    )
  const requestRange = async (start: number, end: number, signal: AbortSignal): Promise<TransportResponse> =>
    await request("stream", { headers: { range: `bytes=${start}-${end}` }, signal })

  /** The verified leaf hashes of a chunk, 32 bytes each. */
  const leavesOf = async (chunk: number, signal: AbortSignal | undefined): Promise<Uint8Array> => {
    const known = hashes.get(chunk)
    if (known !== undefined) {
      try {
        return await known
      } catch (error) {
        // Another reader began to fetch it, and was stopped.
        if (!isArchiveError(error) || error.code !== "interrupted" || signal?.aborted === true) throw error
      }
    }
    const fetched = withRetry(
      async () => await (await request(`chunks/${chunk}/hashes`, { signal })).bytes(CHUNK_HASHES_MAX_BYTES),
      { ...retry, signal },
    ).then((raw) => openHashes(raw, chunk, asset))
    for (const oldest of hashes.keys()) {
      if (hashes.size < CACHED_CHUNKS) break
      hashes.delete(oldest)
    }
    hashes.set(chunk, fetched)
    // Only what was verified is kept.
    fetched.catch(() => hashes.delete(chunk))
    return await fetched
  }

  async function* readWindows(
    first: number,
    last: number,
    given: AbortSignal | undefined,
  ): AsyncGenerator<{ readonly first: number } & OpenedWindow> {
    const abandoned = new AbortController()
    const signal = given === undefined ? abandoned.signal : AbortSignal.any([given, abandoned.signal])
    const endOf = (segment: number): number => segment * SEGMENT_BYTES + segmentSize(segment, asset.storedBytes)
    const streamOf = (from: number, to: number): SealedStream =>
      new SealedStream(
        requestRange,
        { start: from * SEGMENT_BYTES, end: endOf(to) - 1, storedBytes: asset.storedBytes },
        signal,
        retry,
      )
    const firstTo = Math.min(last, first + FIRST_SEGMENTS - 1, lastOfChunk(first))
    const asksFirstAlone = options.readsOn !== true
    let flowing = asksFirstAlone ? streamOf(first, firstTo) : streamOf(first, last)
    const spare: PieceBuffer[] = []
    const queue: Promise<({ readonly first: number } & OpenedWindow) | null>[] = []
    /** Where the next window begins, once the one before has arrived. */
    let arriving = Promise.resolve(first)

    const fetch = async (from: number): Promise<Fetched> => {
      const to = from === first ? firstTo : Math.min(last, from + LARGEST_WINDOW_SEGMENTS - 1, lastOfChunk(from))
      const sizeBytes = endOf(to) - from * SEGMENT_BYTES
      const buffer = from === first ? new Uint8Array(sizeBytes) : (spare.pop() ?? new Uint8Array(LARGEST_WINDOW_BYTES))
      if (asksFirstAlone && from === firstTo + 1) {
        await flowing.close()
        flowing = streamOf(from, last)
      }
      const chunk = Math.floor(from / SEGMENTS_PER_CHUNK)
      const border = lastOfChunk(from)
      // Its failure is thrown to the one that needs it, who asks again.
      if (from !== first && border < last && border - from < HASHES_AHEAD_SEGMENTS)
        leavesOf(chunk + 1, signal).catch(() => undefined)
      const [sealedBytes, leaves] = await Promise.all([
        flowing.fill(buffer.subarray(0, sizeBytes), from === first && asksFirstAlone ? Infinity : WINDOW_MS),
        leavesOf(chunk, signal),
      ])
      return { from, buffer, sealedBytes, leaves }
    }
    const open = async ({ from, buffer, sealedBytes, leaves }: Fetched) => {
      const count = Math.ceil(sealedBytes / SEGMENT_BYTES)
      const place = from % SEGMENTS_PER_CHUNK
      const result = await client.segmentWork.open({
        asset: key,
        firstSegment: from,
        isLast: from + count === segments,
        sealedBytes,
        leaves: leaves.slice(place * HASH_BYTES, (place + count) * HASH_BYTES),
        buffer,
      })
      return { first: from, ...result }
    }
    const enqueue = (): void => {
      const fetched = arriving.then(async (from) => (from > last ? null : await fetch(from)))
      arriving = fetched.then((window) =>
        window === null ? last + 1 : window.from + Math.ceil(window.sealedBytes / SEGMENT_BYTES),
      )
      const opened = fetched.then(async (window) => (window === null ? null : await open(window)))
      // A failure is thrown when its turn comes.
      for (const later of [arriving, opened]) later.catch(() => undefined)
      queue.push(opened)
    }

    try {
      for (;;) {
        if (queue.length === 0) enqueue()
        const opened = await queue.shift()
        if (opened == null) break
        // Not before something verified was given out: a reader at a new place fetches no more than it needs to start.
        const isFirst = opened.first === first
        if (isFirst) yield opened
        while (queue.length < WINDOWS_AHEAD) enqueue()
        if (!isFirst) yield opened
        if (opened.buffer.length === LARGEST_WINDOW_BYTES) spare.push(opened.buffer)
      }
    } finally {
      // What is fetched ahead is of no use to a reader who stops.
      abandoned.abort()
      await flowing.close()
    }
  }

  return {
    sizeBytes: asset.trueBytes,
    mediaType: asset.mediaType,
    isSegment: async (segment, plaintext, signal) => {
      if (plaintext.length !== SEGMENT_PLAINTEXT_BYTES || segment >= segments - 1) return false
      const leaves = await leavesOf(Math.floor(segment / SEGMENTS_PER_CHUNK), signal)
      const place = (segment % SEGMENTS_PER_CHUNK) * HASH_BYTES
      // Sealed to be hashed, never to be sent: no key seals two plaintexts for others to see.
      const sealed = new Uint8Array(SEGMENT_BYTES)
      createSegmentSealer(key, client.primitives).seal(segment, false, plaintext, sealed)
      return equalBytes(client.primitives.leafHash(sealed), leaves.subarray(place, place + HASH_BYTES))
    },
    read: async function* (start, end, signal) {
      const readsToTheEnd = end >= asset.trueBytes - 1
      if (!(asset.trueBytes === 0 && start === 0) && (start < 0 || start > end || end >= asset.trueBytes))
        throw new ArchiveError("usage", `there are no bytes ${start} to ${end} in ${asset.trueBytes}`)
      const last = readsToTheEnd ? segments - 1 : segmentOfPlaintext(end)
      for await (const { first, buffer, plaintextBytes } of readWindows(segmentOfPlaintext(start), last, signal)) {
        const offset = first * SEGMENT_PLAINTEXT_BYTES
        const plaintext = buffer.subarray(0, plaintextBytes)
        assertPadding(plaintext, offset, asset.trueBytes)
        const wanted = plaintext.subarray(
          Math.max(0, start - offset),
          Math.max(0, Math.min(end, asset.trueBytes - 1) + 1 - offset),
        )
        if (wanted.length > 0) yield wanted
      }
    },
  }
}

function lastOfChunk(segment: number): number {
  return segment - (segment % SEGMENTS_PER_CHUNK) + SEGMENTS_PER_CHUNK - 1
}

function openHashes(raw: Uint8Array, chunk: number, asset: OpenedAsset): Uint8Array {
  try {
    return concatBytes(...openChunkHashes(raw, { chunk, storedBytes: asset.storedBytes, root: asset.root }))
  } catch (cause) {
    throw new ArchiveError("integrity", "the hashes of a chunk do not lead to the signed root", {
      place: `chunk ${chunk}`,
      cause,
    })
  }
}

/** Behind the true bytes stand 0x80 and zeros, nothing else. SPEC.md §4.2. */
function assertPadding(plaintext: Uint8Array, offset: number, trueBytes: number): void {
  for (let at = Math.max(0, trueBytes - offset); at < plaintext.length; at++) {
    if (plaintext[at] === (offset + at === trueBytes ? PADDING_MARK : 0)) continue
    throw new ArchiveError("integrity", "bytes hidden behind the end of a recording", {
      place: `segment ${segmentOfPlaintext(offset + at)}`,
    })
  }
}
