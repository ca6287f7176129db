import type { AssetHeader } from "../../protocol/asset-header.js"
import { equalBytes } from "../../protocol/bytes.js"
import { ArchiveError } from "../../protocol/errors.js"
import type { AssetId, MeetingId } from "../../protocol/ids.js"
import { CHUNK_BYTES, chunkCount, chunkSize } from "../../protocol/sizes.js"
import type { PieceHashes } from "../assets/piece-hasher.js"
import type { Catalog, Queryable } from "../ports.js"
import { TODAY } from "./sql.js"

/** The rows of assets on their way in. Every update checks state, offset and fencing token; deadlines are the database's. */

export type UploadState = "uploading" | "storing" | "stored" | "cancelled" | "marked" | "purging"

export interface Upload {
  readonly assetId: AssetId
  readonly meetingId: MeetingId
  readonly header: Uint8Array
  readonly secretHash: Uint8Array
  readonly state: UploadState
  /** Null until it is declared or the upload is finished. */
  readonly sizeBytes: number | null
  /** Bytes that were acknowledged. */
  readonly offsetBytes: number
  readonly root: Uint8Array | null
  readonly receipt: Uint8Array | null
}

export interface NewUpload {
  readonly header: AssetHeader
  readonly rawHeader: Uint8Array
  readonly headerHash: Uint8Array
  readonly meetingId: Uint8Array
  readonly secretHash: Uint8Array
  readonly sizeBytes: number | null
}

export interface UploadRow {
  asset_id: AssetId
  meeting_id: MeetingId
  header: Uint8Array
  upload_secret_hash: Uint8Array
  state: UploadState
  size_bytes: number | null
  offset_bytes: number
  root: Uint8Array | null
  receipt: Uint8Array | null
}

export const UPLOAD_COLUMNS =
  "asset_id, meeting_id, header, upload_secret_hash, state, size_bytes, offset_bytes, root, receipt"

/**
 * Begins an upload. The same header, secret, size and meeting again is the same upload.
 * @throws {@link ArchiveError} `conflict` if the asset exists otherwise, was cancelled, or was deleted; `gone` where its meeting was deleted.
 */
export async function createUpload(catalog: Queryable, upload: NewUpload): Promise<void> {
  const { assetId } = upload.header
  await catalog.query(
    `INSERT INTO assets (asset_id, meeting_id, header, header_hash, state, size_bytes, offset_bytes, upload_secret_hash, created_day, active_at)
     SELECT $1, meeting_id, $3, $4, 'uploading', $5, 0, $6, ${TODAY}, now() FROM meetings
     WHERE meeting_id = $2 AND purge_day IS NULL
       AND NOT EXISTS (SELECT 1 FROM tombstones WHERE (kind = 'asset' AND id = $1) OR (kind = 'header' AND id = $4))
     FOR SHARE OF meetings
     ON CONFLICT DO NOTHING`,
    [assetId, upload.meetingId, upload.rawHeader, upload.headerHash, upload.sizeBytes, upload.secretHash],
  )
  const found = await findUpload(catalog, assetId)
  const same =
    found !== null &&
    found.state !== "cancelled" &&
    equalBytes(found.header, upload.rawHeader) &&
    equalBytes(found.meetingId, upload.meetingId) &&
    equalBytes(found.secretHash, upload.secretHash) &&
    (found.state !== "uploading" || found.sizeBytes === upload.sizeBytes || upload.sizeBytes === null)
  if (same) return
  const [meeting] = await catalog.query("SELECT 1 FROM meetings WHERE meeting_id = $1 AND purge_day IS NULL", [
    upload.meetingId,
  ])
  if (meeting === undefined) throw new ArchiveError("gone", "this meeting was deleted")
  throw new ArchiveError("conflict", "an asset with this id was begun otherwise, or is gone")
}

export async function findUpload(catalog: Queryable, assetId: Uint8Array): Promise<Upload | null> {
  const [row] = await catalog.query<UploadRow>(`SELECT ${UPLOAD_COLUMNS} FROM assets WHERE asset_id = $1`, [assetId])
  return row === undefined ? null : uploadOf(row)
}

export function uploadOf(row: UploadRow): Upload {
  return {
    assetId: row.asset_id,
    meetingId: row.meeting_id,
    header: row.header,
    secretHash: row.upload_secret_hash,
    state: row.state,
    sizeBytes: row.size_bytes,
    offsetBytes: row.offset_bytes,
    root: row.root,
    receipt: row.receipt,
  }
}

/** Bytes before `startBytes` that are in the spool only: of pieces, and of what is received but not acknowledged yet. */
export async function unstoredBytes(catalog: Queryable, assetId: Uint8Array, startBytes: number): Promise<number> {
  const [row] = await catalog.query<{ bytes: number }>(
    `SELECT greatest(0, $2 - offset_bytes) + (SELECT coalesce(sum(size_bytes), 0) FROM pieces WHERE asset_id = $1) AS bytes
     FROM assets WHERE asset_id = $1`,
    [assetId, startBytes],
  )
  return row?.bytes ?? 0
}

/** Bytes of chunks that are in the object store. */
export async function storedBytes(catalog: Queryable, assetId: Uint8Array): Promise<number> {
  const [row] = await catalog.query<{ bytes: number }>(
    "SELECT coalesce(sum(size_bytes), 0) AS bytes FROM chunks WHERE asset_id = $1 AND stored",
    [assetId],
  )
  return row?.bytes ?? 0
}

export interface NewPiece {
  readonly assetId: Uint8Array
  readonly leaseToken: number
  /** Whether the lease goes on, for the piece that follows. */
  readonly keepsLease: boolean
  readonly startBytes: number
  readonly hashes: PieceHashes
  readonly spoolName: string
}

/**
 * Acknowledges a durable piece, ends its lease unless that is kept, and notes its chunk when that became complete. One statement: all of it or nothing.
 * @returns the chunk to be stored, if there is one now.
 * @throws {@link ArchiveError} `conflict` if the lease was lost, or offset or state changed; then nothing was changed.
 */
export async function appendPiece(catalog: Queryable, piece: NewPiece): Promise<number | null> {
  const { assetId, startBytes, hashes } = piece
  const end = startBytes + hashes.sizeBytes
  const n = chunkCount(end) - 1
  // No part of the statement sees what another writes: so the new piece stands beside those that its chunk has already.
  const [row] = await catalog.query<{ size_bytes: number | null }>(
    `WITH asset AS (
       UPDATE assets SET offset_bytes = offset_bytes + $4, active_at = now(), lease_until = CASE WHEN $5 THEN lease_until END
       WHERE asset_id = $1 AND lease_token = $2 AND lease_until > now() AND offset_bytes = $3 AND state = 'uploading'
       RETURNING size_bytes
     ), piece AS (
       INSERT INTO pieces (asset_id, start_bytes, size_bytes, spool_name, sha256, leaf_hashes)
       SELECT $1, $3, $4, $6, $7::bytea, $8::bytea FROM asset
     ), parts AS (
       SELECT start_bytes, size_bytes, sha256, leaf_hashes FROM pieces WHERE asset_id = $1 AND start_bytes >= $10 AND start_bytes < $3
       UNION ALL SELECT $3, $4, $7::bytea, $8::bytea FROM asset
     ), chunk AS (
       INSERT INTO chunks ${CHUNK_COLUMNS}
       SELECT $1, $9, ${CHUNK_OF_PARTS} FROM parts
       HAVING sum(size_bytes) = $11 AND ($12 OR (SELECT size_bytes FROM asset) = $3 + $4)
       ON CONFLICT DO NOTHING
     )
     SELECT size_bytes FROM asset`,
    [
      assetId,
      piece.leaseToken,
      startBytes,
      hashes.sizeBytes,
      piece.keepsLease,
      piece.spoolName,
      hashes.sha256,
      hashes.leafHashes,
      n,
      n * CHUNK_BYTES,
      chunkSize(n, end),
      end % CHUNK_BYTES === 0,
    ],
  )
  if (row === undefined) throw new ArchiveError("conflict", "another request took over this upload")
  return end % CHUNK_BYTES === 0 || row.size_bytes === end ? n : null
}

/**
 * Declares the length of an upload that was begun without one, in a transaction of the caller's.
 * @returns the last chunk, if it is complete by that.
 * @throws {@link ArchiveError} `conflict` if a length was declared before, or the lease was lost.
 */
export async function declareLength(
  transaction: Queryable,
  assetId: Uint8Array,
  leaseToken: number,
  sizeBytes: number,
): Promise<number | null> {
  const [row] = await transaction.query<{ offset_bytes: number }>(
    `UPDATE assets SET size_bytes = $3
     WHERE asset_id = $1 AND lease_token = $2 AND lease_until > now() AND state = 'uploading' AND size_bytes IS NULL AND offset_bytes <= $3
     RETURNING offset_bytes`,
    [assetId, leaseToken, sizeBytes],
  )
  if (row === undefined)
    throw new ArchiveError("conflict", "the length was declared before, or another request took over this upload")
  return row.offset_bytes === sizeBytes
    ? await completeChunk(transaction, assetId, chunkCount(sizeBytes) - 1, sizeBytes)
    : null
}

/**
 * Ends an upload at its offset: from now on nothing can be appended.
 * @returns whether it was ended now; `false` if state, offset or declared length were others.
 */
export async function finishUpload(
  catalog: Catalog,
  assetId: Uint8Array,
  sizeBytes: number,
  root: Uint8Array,
): Promise<boolean> {
  return await catalog.transaction(async (transaction) => {
    const [row] = await transaction.query(
      `UPDATE assets SET state = 'storing', size_bytes = $2, root = $3, active_at = now(), lease_until = NULL
       WHERE asset_id = $1 AND state = 'uploading' AND offset_bytes = $2 AND (size_bytes IS NULL OR size_bytes = $2)
       RETURNING 1 AS ended`,
      [assetId, sizeBytes, root],
    )
    if (row === undefined) return false
    await completeChunk(transaction, assetId, chunkCount(sizeBytes) - 1, sizeBytes)
    return true
  })
}

/** Gives an upload up; its pieces and objects are then purged. @returns `false` if it was receipted before, or isn't there. */
export async function cancelUpload(catalog: Queryable, assetId: Uint8Array): Promise<boolean> {
  const [row] = await catalog.query(
    `UPDATE assets SET state = 'cancelled', active_at = now(), lease_token = lease_token + 1, lease_until = NULL
     WHERE asset_id = $1 AND receipt IS NULL RETURNING 1 AS cancelled`,
    [assetId],
  )
  return row !== undefined
}

/** Leaf hashes of everything acknowledged, in order, a chunk at a time: of complete chunks, then of the pieces behind them. */
export async function* acknowledgedLeaves(catalog: Queryable, assetId: Uint8Array): AsyncGenerator<Uint8Array> {
  let n = 0
  for (;;) {
    const rows = await catalog.query<{ n: number; leaf_hashes: Uint8Array }>(
      "SELECT n, leaf_hashes FROM chunks WHERE asset_id = $1 AND n >= $2 ORDER BY n LIMIT 64",
      [assetId, n],
    )
    for (const row of rows) {
      if (row.n !== n++) throw new ArchiveError("internal", "a chunk's row is missing")
      yield row.leaf_hashes
    }
    if (rows.length === 0) break
  }
  const [rest] = await catalog.query<{ leaf_hashes: Uint8Array | null }>(
    "SELECT string_agg(leaf_hashes, ''::bytea ORDER BY start_bytes) AS leaf_hashes FROM pieces WHERE asset_id = $1 AND start_bytes >= $2",
    [assetId, n * CHUNK_BYTES],
  )
  if (rest?.leaf_hashes != null) yield rest.leaf_hashes
}

const CHUNK_COLUMNS = "(asset_id, n, size_bytes, sha256, leaf_hashes, stored)"
/** A chunk of one piece has that piece's hash; that of several is computed when they are stored. */
const CHUNK_OF_PARTS =
  "sum(size_bytes), CASE WHEN count(*) = 1 THEN (array_agg(sha256))[1] END, string_agg(leaf_hashes, ''::bytea ORDER BY start_bytes), false"

/** Notes chunk `n` from its pieces. A chunk noted before stays as it is. */
async function completeChunk(
  transaction: Queryable,
  assetId: Uint8Array,
  n: number,
  endBytes: number,
): Promise<number> {
  await transaction.query(
    `INSERT INTO chunks ${CHUNK_COLUMNS}
     SELECT $1, $2, ${CHUNK_OF_PARTS}
     FROM pieces WHERE asset_id = $1 AND start_bytes >= $3 AND start_bytes < $4
     HAVING sum(size_bytes) = $5
     ON CONFLICT DO NOTHING`,
    [assetId, n, n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES, chunkSize(n, endBytes)],
  )
  return n
}
