import { ArchiveError } from "../../protocol/errors.js"
import { HASH_BYTES } from "../../protocol/hash.js"
import type { AssetId, MeetingId } from "../../protocol/ids.js"
import { chunkCount } from "../../protocol/sizes.js"
import type { Catalog, Queryable } from "../ports.js"
import { lackOf, lockMeetingRow } from "./deletion.js"
import { TODAY } from "./sql.js"

/** Assets that are complete: on the way to their receipt, and after it. */

export interface FinishedAsset {
  readonly assetId: AssetId
  readonly meetingId: MeetingId
  readonly header: Uint8Array
  readonly headerHash: Uint8Array
  readonly sizeBytes: number
  readonly root: Uint8Array
}

export interface StoredAsset extends FinishedAsset {
  readonly receipt: Uint8Array
}

interface AssetRow {
  asset_id: AssetId
  meeting_id: MeetingId
  header: Uint8Array
  header_hash: Uint8Array
  size_bytes: number
  root: Uint8Array
  receipt: Uint8Array
}

const COLUMNS = "asset_id, meeting_id, header, header_hash, size_bytes, root, receipt"

/** The asset, if it was finished and has no receipt yet. */
export async function findFinished(catalog: Queryable, assetId: Uint8Array): Promise<FinishedAsset | null> {
  const [row] = await catalog.query<AssetRow>(
    `SELECT ${COLUMNS} FROM assets WHERE asset_id = $1 AND state = 'storing'`,
    [assetId],
  )
  return row === undefined ? null : finishedOf(row)
}

/**
 * The asset of this meeting.
 * @throws {@link ArchiveError} `not-found` unless it has its receipt: nothing else is readable; `gone` once it was deleted.
 */
export async function readStored(catalog: Queryable, meetingId: Uint8Array, assetId: Uint8Array): Promise<StoredAsset> {
  const [row] = await catalog.query<AssetRow & { readonly state: string }>(
    `SELECT ${COLUMNS}, state FROM assets WHERE asset_id = $1 AND meeting_id = $2 AND state IN ('stored', 'marked', 'purging')`,
    [assetId, meetingId],
  )
  if (row === undefined) throw await lackOf(catalog, "asset", assetId)
  if (row.state !== "stored") throw new ArchiveError("gone", "this asset was deleted")
  return { ...finishedOf(row), receipt: row.receipt }
}

/** SHA-256 of every chunk, one after another; `null` while one is not stored. */
export async function storedChunkHashes(catalog: Queryable, asset: FinishedAsset): Promise<Uint8Array | null> {
  const [row] = await catalog.query<{ chunks: number; hashes: Uint8Array | null }>(
    "SELECT count(*) AS chunks, string_agg(sha256, ''::bytea ORDER BY n) AS hashes FROM chunks WHERE asset_id = $1 AND stored",
    [asset.assetId],
  )
  if (row?.hashes == null || row.chunks !== chunkCount(asset.sizeBytes)) return null
  return row.hashes
}

/** SHA-256 of chunks `first` to `last`: what their objects are named by. */
export async function chunkHashesBetween(
  catalog: Queryable,
  assetId: Uint8Array,
  first: number,
  last: number,
): Promise<readonly Uint8Array[]> {
  const rows = await catalog.query<{ sha256: Uint8Array }>(
    "SELECT sha256 FROM chunks WHERE asset_id = $1 AND n >= $2 AND n <= $3 AND stored ORDER BY n",
    [assetId, first, last],
  )
  if (rows.length !== last - first + 1) throw new ArchiveError("internal", "a stored asset lacks a chunk's row")
  return rows.map((row) => row.sha256)
}

/** Leaf hashes of chunk `n`, 32 bytes each. */
export async function leafHashesOf(catalog: Queryable, assetId: Uint8Array, n: number): Promise<Uint8Array> {
  const [row] = await catalog.query<{ leaf_hashes: Uint8Array }>(
    "SELECT leaf_hashes FROM chunks WHERE asset_id = $1 AND n = $2",
    [assetId, n],
  )
  if (row === undefined || row.leaf_hashes.length < HASH_BYTES) throw new ArchiveError("not-found", `no chunk ${n}`)
  return row.leaf_hashes
}

/** Leaf hashes of all chunks, in order, a chunk at a time. */
export async function* leafHashesOfAll(catalog: Queryable, asset: FinishedAsset): AsyncGenerator<Uint8Array> {
  const page = 64
  for (let first = 0; first < chunkCount(asset.sizeBytes); first += page) {
    const rows = await catalog.query<{ leaf_hashes: Uint8Array }>(
      "SELECT leaf_hashes FROM chunks WHERE asset_id = $1 AND n >= $2 AND n < $3 ORDER BY n",
      [asset.assetId, first, first + page],
    )
    for (const row of rows) yield row.leaf_hashes
  }
}

/** The database's day, for a receipt. */
export async function today(catalog: Queryable): Promise<number> {
  const [row] = await catalog.query<{ day: number }>(`SELECT ${TODAY} AS day`, [])
  return row?.day ?? 0
}

/**
 * Commits receipt and state, and what the meeting uses, in one transaction: from then on the asset is readable.
 * @returns `false`, with nothing changed, if it had a receipt before, or is gone.
 */
export async function commitReceipt(
  catalog: Catalog,
  asset: FinishedAsset,
  receipt: Uint8Array,
  day: number,
): Promise<boolean> {
  return await catalog.transaction(async (transaction) => {
    await lockMeetingRow(transaction, asset.meetingId)
    const [row] = await transaction.query(
      `UPDATE assets SET state = 'stored', receipt = $2, stored_day = $3, active_at = date_trunc('day', now())
       WHERE asset_id = $1 AND state = 'storing' RETURNING 1 AS stored`,
      [asset.assetId, receipt, day],
    )
    if (row === undefined) return false
    await transaction.query(
      "UPDATE meetings SET asset_count = asset_count + 1, stored_bytes = stored_bytes + $2 WHERE meeting_id = $1",
      [asset.meetingId, asset.sizeBytes],
    )
    return true
  })
}

/** Assets that were finished and have no receipt yet. */
export async function finishedAssets(catalog: Queryable, limit: number): Promise<readonly Uint8Array[]> {
  const rows = await catalog.query<{ asset_id: Uint8Array }>(
    "SELECT asset_id FROM assets WHERE state = 'storing' ORDER BY active_at LIMIT $1",
    [limit],
  )
  return rows.map((row) => row.asset_id)
}

function finishedOf(row: AssetRow): FinishedAsset {
  return {
    assetId: row.asset_id,
    meetingId: row.meeting_id,
    header: row.header,
    headerHash: row.header_hash,
    sizeBytes: row.size_bytes,
    root: row.root,
  }
}
