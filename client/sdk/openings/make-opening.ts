import { CHUNK_HASHES_MAX_BYTES, openChunkHashes } from "../../../shared/protocol/chunk-hashes.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { ZERO_HASH } from "../../../shared/protocol/hash.js"
import { formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import type { OpeningSubject } from "../../../shared/protocol/notes.js"
import { checkOpening } from "../../../shared/protocol/opening-check.js"
import {
  chunksOfRanges,
  encodeOpeningBlock,
  encodeOpeningHead,
  sealedBytesOfRanges,
} from "../../../shared/protocol/opening.js"
import { SEGMENT_BYTES, SEGMENTS_PER_CHUNK, segmentCount, segmentSize } from "../../../shared/protocol/sizes.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { openSegmentBySecret, segmentSecret } from "../../crypto/segments.js"
import { verifySignature } from "../../crypto/sodium.js"
import type { Client } from "../client.js"
import type { TransportResponse } from "../http.js"
import { appendNote } from "../notes.js"
import { SealedStream } from "../reader/sealed-stream.js"
import { accessTo } from "../recordings.js"
import { withRetry } from "../retry.js"
import type { OpeningPlan } from "./plan-opening.js"
import { linksOfAuthor, openEventOf, showFields } from "./statement-proof.js"

export interface MakeOptions {
  /** Whether the sealed segments go into the file; else whoever verifies it needs a production that has them. */
  readonly isCarried?: boolean
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined
  readonly onWait?: ((error: ArchiveError, waitMs: number) => void) | undefined
}

const PATIENCE_MS = 60_000

/**
 * The bytes of an opening, as they come: no more than a chunk of it is in memory. Every segment was verified, and opened by the secret that goes into
 * the file, before it is given out. SPEC.md §18.
 * @throws {@link ArchiveError} `integrity`, `truncated`, with the place; `interrupted`; `unavailable`.
 */
export async function* makeOpening(
  client: Client,
  plan: OpeningPlan,
  options: MakeOptions = {},
): AsyncGenerator<Uint8Array> {
  const { recording, ranges, part, receipt } = plan
  const { media, log } = recording
  const isCarried = options.isCarried !== false
  const event = await openEventOf(client, log, recording.recording.seq)
  const head = {
    shown: showFields(event, [MEDIA_FIELD]),
    links: await linksOfAuthor(client, event.statement),
    asset: { receipt, isCarried, ranges, part },
  }
  const { asset } = checkOpening(head, verifySignature)
  if (asset === null || !equalBytes(asset.manifest.rawHeader, media.rawHeader))
    throw new ArchiveError("internal", "an opening of another file than was chosen")
  yield encodeOpeningHead(head)
  const secretOf = (index: number): Uint8Array => segmentSecret(media.contentKey, asset.headerHash, index)
  const sealed = sealedSegments(client, plan, options)
  const total = sealedBytesOfRanges(ranges, media.storedBytes)
  let done = 0
  for (const { chunk, segments } of chunksOfRanges(ranges)) {
    const { rawChunkHashes, leaves } = await sealed.hashes(chunk)
    yield encodeOpeningBlock({ rawChunkHashes, secrets: segments.map(secretOf) })
    for (const run of runsOf(segments)) {
      const bytes = await sealed.run(run)
      for (const index of run) {
        const start = (index - (run[0] ?? 0)) * SEGMENT_BYTES
        const segment = bytes.subarray(start, start + segmentSize(index, media.storedBytes))
        if (!equalBytes(client.primitives.leafHash(segment), leaves[index % SEGMENTS_PER_CHUNK] ?? ZERO_HASH))
          throw new ArchiveError("integrity", "a segment that is not what was published", { place: `segment ${index}` })
        const last = index === segmentCount(media.storedBytes) - 1
        const place = { headerHash: asset.headerHash, index, last }
        openSegmentBySecret(secretOf(index), place, segment, client.primitives)
      }
      if (isCarried) yield bytes
      done += bytes.length
      options.onProgress?.(done, total)
    }
  }
}

/** The media comes first. SPEC.md §8. */
const MEDIA_FIELD = "asset:00"

function sealedSegments(client: Client, { recording }: OpeningPlan, { signal, onWait }: MakeOptions) {
  const { storedBytes, root, header } = recording.media
  const withToken = accessTo(client, recording)
  const retry = { patienceMs: PATIENCE_MS, onWait, signal }
  const request = async (
    path: string,
    headers: Readonly<Record<string, string>>,
    aborted: AbortSignal | undefined,
  ): Promise<TransportResponse> =>
    await withToken(
      async (token, subject) =>
        await client.http.send({
          path: `/v1/meetings/${subject}/assets/${formatId("asset", header.assetId)}/${path}`,
          subject,
          token,
          headers,
          signal: aborted,
        }),
    )
  return {
    hashes: async (chunk: number) => {
      const rawChunkHashes = await withRetry(
        async () => await (await request(`chunks/${chunk}/hashes`, {}, signal)).bytes(CHUNK_HASHES_MAX_BYTES),
        retry,
      )
      return { rawChunkHashes, leaves: openChunkHashes(rawChunkHashes, { chunk, storedBytes, root }) }
    },
    /** Segments that follow each other, as sealed; not verified yet. */
    run: async (run: readonly number[]): Promise<Uint8Array> => {
      const start = (run[0] ?? 0) * SEGMENT_BYTES
      const end = Math.min((run.at(-1) ?? 0) * SEGMENT_BYTES + SEGMENT_BYTES, storedBytes)
      const stream = new SealedStream(
        async (from, to, aborted) => await request("stream", { range: `bytes=${from}-${to}` }, aborted),
        { start, end: end - 1, storedBytes },
        signal ?? new AbortController().signal,
        { patienceMs: PATIENCE_MS, onWait },
      )
      const bytes = new Uint8Array(end - start)
      try {
        await stream.fill(bytes)
      } finally {
        await stream.close()
      }
      return bytes
    },
  }
}

function runsOf(segments: readonly number[]): readonly (readonly number[])[] {
  const runs: number[][] = []
  for (const index of segments) {
    const run = runs.at(-1)
    if (run?.at(-1) === index - 1) run.push(index)
    else runs.push([index])
  }
  return runs
}

/** How many bytes {@link makeOpening} will give, but for some kilobytes of proof. */
export function openingBytes({ ranges, recording }: OpeningPlan): number {
  return sealedBytesOfRanges(ranges, recording.media.storedBytes)
}

/**
 * Tells the meeting's members, signed, what was opened for others. SPEC.md §18.1.
 * @throws {@link ArchiveError} `gone` in a meeting that was deleted; `not-authorised` for whoever is no member any more.
 */
export async function noteOpening(client: Client, meetingId: MeetingId, subject: OpeningSubject): Promise<MeetingLog> {
  return await appendNote(client, meetingId, (log) => {
    if (log.standing.deletion !== null)
      throw new ArchiveError("gone", "this meeting was deleted: nobody is told anything")
    return { type: "opening", subject }
  })
}
