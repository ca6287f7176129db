import { CHUNK_BYTES } from "../../protocol/sizes.js"
import type { Queryable } from "../ports.js"

/** The worker's view of chunks: which wait to be stored, from which pieces, and that they are. */

export interface SpooledPiece {
  readonly spoolName: string
  readonly sizeBytes: number
  readonly sha256: Uint8Array
}

export interface PendingChunk {
  readonly sizeBytes: number
  /** Known before storing where one piece is the whole chunk. */
  readonly sha256: Uint8Array | null
  /** In order. */
  readonly pieces: readonly SpooledPiece[]
}

interface PendingRow {
  size_bytes: number
  sha256: Uint8Array | null
  spool_name: string
  piece_bytes: number
  piece_sha256: Uint8Array
}

/** A chunk that waits to be stored; `null` if it doesn't: stored before, of an asset that is gone, or never noted. One statement, so one moment. */
export async function findPendingChunk(
  catalog: Queryable,
  assetId: Uint8Array,
  n: number,
): Promise<PendingChunk | null> {
  const rows = await catalog.query<PendingRow>(
    `SELECT chunks.size_bytes, chunks.sha256, spool_name, pieces.size_bytes AS piece_bytes, pieces.sha256 AS piece_sha256
     FROM chunks JOIN assets USING (asset_id) JOIN pieces USING (asset_id)
     WHERE asset_id = $1 AND n = $2 AND NOT stored AND state IN ('uploading', 'storing') AND start_bytes >= $3 AND start_bytes < $4
     ORDER BY start_bytes`,
    [assetId, n, n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES],
  )
  const [chunk] = rows
  if (chunk === undefined) return null
  const pieces = rows.map((row) => ({
    spoolName: row.spool_name,
    sizeBytes: row.piece_bytes,
    sha256: row.piece_sha256,
  }))
  return { sizeBytes: chunk.size_bytes, sha256: chunk.sha256, pieces }
}

/** Notes what a chunk of several pieces hashes to, before it is stored under that name: so it can be found there after a crash. */
export async function noteChunkHash(
  catalog: Queryable,
  assetId: Uint8Array,
  n: number,
  sha256: Uint8Array,
): Promise<void> {
  await catalog.query("UPDATE chunks SET sha256 = $3 WHERE asset_id = $1 AND n = $2 AND sha256 IS NULL", [
    assetId,
    n,
    sha256,
  ])
}

/**
 * Marks a chunk stored and forgets its pieces, in one statement.
 * @returns the names of the spool files that nothing names any more; `null`, with nothing changed, if the chunk was stored before or its asset is gone.
 */
export async function markStored(
  catalog: Queryable,
  assetId: Uint8Array,
  n: number,
  sha256: Uint8Array,
): Promise<readonly string[] | null> {
  const pieces = await catalog.query<{ spool_name: string }>(
    `WITH asset AS MATERIALIZED (
       SELECT asset_id FROM assets WHERE asset_id = $1 AND state IN ('uploading', 'storing') FOR SHARE
     ), marked AS (
       UPDATE chunks SET stored = true FROM asset
       WHERE chunks.asset_id = asset.asset_id AND n = $2 AND sha256 = $3 AND NOT stored RETURNING chunks.asset_id
     )
     DELETE FROM pieces USING marked
     WHERE pieces.asset_id = marked.asset_id AND start_bytes >= $4 AND start_bytes < $5 RETURNING spool_name`,
    [assetId, n, sha256, n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES],
  )
  return pieces.length === 0 ? null : pieces.map((piece) => piece.spool_name)
}

/** Whether the asset's chunks still belong in the store. */
export async function isWanted(catalog: Queryable, assetId: Uint8Array): Promise<boolean> {
  const [row] = await catalog.query(
    "SELECT 1 AS wanted FROM assets WHERE asset_id = $1 AND state NOT IN ('cancelled', 'purging')",
    [assetId],
  )
  return row !== undefined
}

export interface ChunkName {
  readonly assetId: Uint8Array
  readonly n: number
}

/** Chunks that wait to be stored, oldest upload first. */
export async function pendingChunks(catalog: Queryable, limit: number): Promise<readonly ChunkName[]> {
  const rows = await catalog.query<{ asset_id: Uint8Array; n: number }>(
    `SELECT asset_id, n FROM chunks JOIN assets USING (asset_id)
     WHERE NOT stored AND state IN ('uploading', 'storing') ORDER BY active_at, asset_id, n LIMIT $1`,
    [limit],
  )
  return rows.map((row) => ({ assetId: row.asset_id, n: row.n }))
}
