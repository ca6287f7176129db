import { equalBytes } from "../../../shared/protocol/bytes.js"
import { openChunkHashes, CHUNK_HASHES_MAX_BYTES } from "../../../shared/protocol/chunk-hashes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { PADDING_MARK } from "../../../shared/protocol/padding.js"
import { SEGMENT_BYTES, SEGMENT_PLAINTEXT_BYTES, SEGMENTS_PER_CHUNK, segmentCount, segmentOfPlaintext, segmentSize } from "../../../shared/protocol/sizes.js"
import type { OpenedAsset } from "../../crypto/recording-event.js"
import { createSegmentOpener } from "../../crypto/segments.js"
import type { Client } from "../client.js"
import type { RequestOptions, TransportResponse } from "../http.js"
import { type RetryOptions, withRetry } from "../retry.js"
import type { Capability } from "../tokens.js"

/** An asset as a stream of verified plaintext, from any place. */
export interface AssetReader {
  readonly sizeBytes: number
  readonly mediaType: string
  /**
   * The true bytes from `start` to `end` (inclusive), in pieces. Each piece was verified against the signed root and its own tag before it is given out.
   * A read to the last byte also verifies the padding and the last segment, so that nothing was cut off.
   * @throws {@link ArchiveError} `integrity` or `truncated`, with the place; `unavailable`, `interrupted`.
   */
  read(start: number, end: number, signal?: AbortSignal): AsyncGenerator<Uint8Array>
}

export interface ReaderOptions {
  readonly patienceMs?: number
  readonly onWait?: RetryOptions["onWait"]
}

/** Segments that a read from a new place fetches first, so that it starts soon; then twice as many each time, up to a chunk. */
const FIRST_WINDOW_SEGMENTS = 2
const PATIENCE_MS = 60_000
const CACHED_CHUNKS = 16

/** Reads an asset of a meeting by the capability of the epoch in force. SPEC.md §4. */
export function openAsset(client: Client, capability: () => Capability, asset: OpenedAsset, options: ReaderOptions = {}): AssetReader {
  const opener = createSegmentOpener({ contentKey: asset.contentKey, rawHeader: asset.rawHeader }, client.primitives)
  const segments = segmentCount(asset.storedBytes)
  const assetPath = `assets/${formatId("asset", asset.header.assetId)}`
  const hashes = new Map<number, readonly Uint8Array[]>()
  const retryOptions = (signal: AbortSignal | undefined): RetryOptions => ({ patienceMs: options.patienceMs ?? PATIENCE_MS, signal, onWait: options.onWait })

  const request = async (path: string, rest: Partial<RequestOptions>): Promise<TransportResponse> =>
    await client.tokens.with(client.http, capability(), async (token, subject) =>
      await client.http.send({ path: `/v1/meetings/${subject}/${assetPath}/${path}`, subject, token, ...rest }),
    )

  const leavesOf = async (chunk: number, signal: AbortSignal | undefined): Promise<readonly Uint8Array[]> => {
    const known = hashes.get(chunk)
    if (known !== undefined) return known
    const raw = await withRetry(async () => await (await request(`chunks/${chunk}/hashes`, { signal })).bytes(CHUNK_HASHES_MAX_BYTES), retryOptions(signal))
    const leaves = openHashes(raw, chunk, asset)
    for (const oldest of hashes.keys()) {
      if (hashes.size < CACHED_CHUNKS) break
      hashes.delete(oldest)
    }
    hashes.set(chunk, leaves)
    return leaves
  }

  /** Sealed segments `first` to `last`, all of one chunk. */
  const fetchSegments = async (first: number, last: number, signal: AbortSignal | undefined): Promise<{ readonly sealed: Uint8Array; readonly leaves: readonly Uint8Array[] }> => {
    const start = first * SEGMENT_BYTES
    const end = last * SEGMENT_BYTES + segmentSize(last, asset.storedBytes) - 1
    const [sealed, leaves] = await Promise.all([
      withRetry(async () => {
        const response = await request("stream", { headers: { range: `bytes=${start}-${end}` }, signal })
        return rangeOf(response, await response.bytes(end - start + 1), start, end, asset.storedBytes)
      }, retryOptions(signal)),
      leavesOf(Math.floor(first / SEGMENTS_PER_CHUNK), signal),
    ])
    return { sealed, leaves }
  }

  const openSegment = (index: number, sealed: Uint8Array, leaves: readonly Uint8Array[]): Uint8Array => {
    const leaf = leaves[index % SEGMENTS_PER_CHUNK]
    if (leaf === undefined || !equalBytes(client.primitives.leafHash(sealed), leaf)) {
      throw new ArchiveError("integrity", "a segment that is not what was published", { place: `segment ${index}` })
    }
    return opener.open(index, index === segments - 1, sealed)
  }

  async function* readSegments(first: number, last: number, signal: AbortSignal | undefined): AsyncGenerator<{ readonly index: number; readonly plaintext: Uint8Array }> {
    let window = FIRST_WINDOW_SEGMENTS
    const windowFrom = (from: number): number => Math.min(last, from + window - 1, from - (from % SEGMENTS_PER_CHUNK) + SEGMENTS_PER_CHUNK - 1)
    // What is fetched ahead is of no use to a reader who stops.
    const ahead = new AbortController()
    const stop = signal === undefined ? ahead.signal : AbortSignal.any([signal, ahead.signal])
    let end = windowFrom(first)
    let next = fetchSegments(first, end, stop)
    try {
      for (let from = first; from <= last; ) {
        const { sealed, leaves } = await next
        const to = end
        window = Math.min(window * 2, SEGMENTS_PER_CHUNK)
        if (to < last) {
          end = windowFrom(to + 1)
          next = fetchSegments(to + 1, end, stop)
          // Its failure is thrown when it is awaited.
          next.catch(() => undefined)
        }
        for (let index = from; index <= to; index++) {
          const at = (index - from) * SEGMENT_BYTES
          yield { index, plaintext: openSegment(index, sealed.subarray(at, at + segmentSize(index, asset.storedBytes)), leaves) }
        }
        from = to + 1
      }
    } finally {
      ahead.abort()
    }
  }

  return {
    sizeBytes: asset.trueBytes,
    mediaType: asset.mediaType,
    read: async function* (start, end, signal) {
      const readsToTheEnd = end >= asset.trueBytes - 1
      if (!(asset.trueBytes === 0 && start === 0) && (start < 0 || start > end || end >= asset.trueBytes)) throw new ArchiveError("usage", `there are no bytes ${start} to ${end} in ${asset.trueBytes}`)
      const last = readsToTheEnd ? segments - 1 : segmentOfPlaintext(end)
      for await (const { index, plaintext } of readSegments(segmentOfPlaintext(start), last, signal)) {
        const offset = index * SEGMENT_PLAINTEXT_BYTES
        assertPadding(plaintext, offset, asset.trueBytes, index)
        const wanted = plaintext.subarray(Math.max(0, start - offset), Math.max(0, Math.min(end, asset.trueBytes - 1) + 1 - offset))
        if (wanted.length > 0) yield wanted
      }
    },
  }
}

function openHashes(raw: Uint8Array, chunk: number, asset: OpenedAsset): readonly Uint8Array[] {
  try {
    return openChunkHashes(raw, { chunk, storedBytes: asset.storedBytes, root: asset.root })
  } catch (cause) {
    throw new ArchiveError("integrity", "the hashes of a chunk do not lead to the signed root", { place: `chunk ${chunk}`, cause })
  }
}

/** The bytes that were asked for and no others. */
function rangeOf(response: TransportResponse, bytes: Uint8Array, start: number, end: number, storedBytes: number): Uint8Array {
  const place = `segment ${Math.floor(start / SEGMENT_BYTES)}`
  if (response.status !== 206 || response.header("content-range") !== `bytes ${start}-${end}/${storedBytes}`) {
    throw new ArchiveError("integrity", "the server answered with another range than was asked for", { place })
  }
  if (bytes.length !== end - start + 1) throw new ArchiveError("truncated", "the server's bytes end before the recording does", { place: `segment ${Math.floor((start + bytes.length) / SEGMENT_BYTES)}` })
  return bytes
}

/** Behind the true bytes stand 0x80 and zeros, nothing else. SPEC.md §4.2. */
function assertPadding(plaintext: Uint8Array, offset: number, trueBytes: number, index: number): void {
  const from = Math.max(0, trueBytes - offset)
  for (let at = from; at < plaintext.length; at++) {
    if (plaintext[at] !== (offset + at === trueBytes ? PADDING_MARK : 0)) throw new ArchiveError("integrity", "bytes hidden behind the end of a recording", { place: `segment ${index}` })
  }
}

