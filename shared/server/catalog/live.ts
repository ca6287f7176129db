import { ArchiveError } from "../../protocol/errors.js"
import { HASH_BYTES } from "../../protocol/hash.js"
import type { AssetId, MeetingId } from "../../protocol/ids.js"
import { CHUNK_BYTES, SEGMENT_BYTES, SEGMENTS_PER_CHUNK } from "../../protocol/sizes.js"
import type { Queryable } from "../ports.js"
import { lackOf } from "./deletion.js"
import type { Upload, UploadState } from "./uploads.js"

/** Live assets while they grow: their newest head, and what was acknowledged under it. SPEC.md §4.5. */

/** Byte 10 of a header of kind live. */
const IS_LIVE = "get_byte(header, 10) = 2"

export interface LiveAsset {
  readonly assetId: AssetId
  readonly state: UploadState
  /** Up to which segment the head speaks; 0 before the first. */
  readonly segments: number
  readonly head: Uint8Array | null
}

/**
 * Keeps a head in the place of the one before.
 * @throws {@link ArchiveError} `conflict` for one that speaks of fewer segments than the one before, of more than were acknowledged, or of an asset that is no live one.
 */
export async function putLiveHead(
  catalog: Queryable,
  upload: Upload,
  segments: number,
  head: Uint8Array,
): Promise<void> {
  const [row] = await catalog.query(
    `UPDATE assets SET live_segments = $2, live_head = $3
     WHERE asset_id = $1 AND ${IS_LIVE} AND state IN ('uploading', 'storing', 'stored')
       AND coalesce(live_segments, 0) <= $2 AND $2 * ${SEGMENT_BYTES} <= offset_bytes
     RETURNING 1 AS kept`,
    [upload.assetId, segments, head],
  )
  if (row === undefined) throw new ArchiveError("conflict", "a head that goes back, or ahead of what came")
}

/** @throws {@link ArchiveError} `not-found`; `gone` once it was deleted. */
export async function readLive(
  catalog: Queryable,
  place: { readonly meetingId: MeetingId; readonly assetId: AssetId },
): Promise<LiveAsset> {
  const [row] = await catalog.query<{
    state: UploadState
    live_segments: number | null
    live_head: Uint8Array | null
  }>(
    `SELECT state, live_segments, live_head FROM assets
     WHERE asset_id = $1 AND meeting_id = $2 AND ${IS_LIVE} AND state <> 'cancelled'`,
    [place.assetId, place.meetingId],
  )
  if (row === undefined) throw await lackOf(catalog, "asset", place.assetId)
  if (row.state === "marked" || row.state === "purging") throw new ArchiveError("gone", "this asset was deleted")
  return { assetId: place.assetId, state: row.state, segments: row.live_segments ?? 0, head: row.live_head }
}

/** Leaf hashes of segments under the head, from `from` on, at most `limit`. */
export async function liveLeaves(
  catalog: Queryable,
  live: LiveAsset,
  from: number,
  limit: number,
): Promise<Uint8Array> {
  const end = Math.min(live.segments, from + limit)
  if (from >= end) return new Uint8Array(0)
  const chunk = Math.floor(from / SEGMENTS_PER_CHUNK)
  const [row] = await catalog.query<{ leaves: Uint8Array | null }>(
    `SELECT string_agg(leaf_hashes, ''::bytea ORDER BY start_bytes) AS leaves FROM (
       SELECT n::bigint * ${CHUNK_BYTES} AS start_bytes, leaf_hashes FROM chunks
       WHERE asset_id = $1 AND n >= $2 AND n::bigint * ${SEGMENTS_PER_CHUNK} < $3
       UNION ALL
       SELECT start_bytes, leaf_hashes FROM pieces
       WHERE asset_id = $1 AND start_bytes >= $2::bigint * ${CHUNK_BYTES} AND start_bytes < $3::bigint * ${SEGMENT_BYTES}
         AND NOT EXISTS (SELECT 1 FROM chunks WHERE asset_id = $1 AND n = pieces.start_bytes / ${CHUNK_BYTES})
     ) AS parts`,
    [live.assetId, chunk, end],
  )
  const start = chunk * SEGMENTS_PER_CHUNK
  return (row?.leaves ?? new Uint8Array(0)).slice((from - start) * HASH_BYTES, (end - start) * HASH_BYTES)
}

/** Where a chunk's bytes are now: an object, or files of the spool in order. */
export type ChunkPlace =
  | { readonly kind: "object"; readonly sha256: Uint8Array }
  | { readonly kind: "pieces"; readonly pieces: readonly LivePiece[] }

export interface LivePiece {
  readonly startBytes: number
  readonly sizeBytes: number
  readonly spoolName: string
}

/** One statement, so one moment. */
export async function locateChunk(catalog: Queryable, assetId: Uint8Array, n: number): Promise<ChunkPlace> {
  const rows = await catalog.query<{
    sha256: Uint8Array | null
    start_bytes: number
    size_bytes: number
    spool_name: string
  }>(
    `SELECT sha256, 0 AS start_bytes, 0 AS size_bytes, '' AS spool_name FROM chunks WHERE asset_id = $1 AND n = $2 AND stored
     UNION ALL
     SELECT NULL, start_bytes, size_bytes, spool_name FROM pieces
     WHERE asset_id = $1 AND start_bytes >= $3 AND start_bytes < $4 ORDER BY start_bytes`,
    [assetId, n, n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES],
  )
  const stored = rows.find(({ sha256 }) => sha256 !== null)
  if (stored?.sha256 != null) return { kind: "object", sha256: stored.sha256 }
  return {
    kind: "pieces",
    pieces: rows.map((row) => ({
      startBytes: row.start_bytes,
      sizeBytes: row.size_bytes,
      spoolName: row.spool_name,
    })),
  }
}
