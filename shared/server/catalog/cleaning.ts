import type { Catalog, Queryable } from "../ports.js"
import { bury } from "./deletion.js"
import { IS_HELD_ASSET, lockSubjects } from "./holds.js"

/** What the reconciler asks of the catalog. Every deadline is by the database's clock. */

/** A file of the spool, by what its name says. */
export interface SpooledFile {
  readonly name: string
  readonly assetId: Uint8Array
  readonly leaseToken: number
}

/**
 * Which of these files nothing will ever name: no piece does, and the lease under which they were written is over.
 * The files must have been listed before: one that became a piece since is seen here.
 */
export async function orphanedFiles(catalog: Queryable, files: readonly SpooledFile[]): Promise<readonly string[]> {
  const rows = await catalog.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[], $2::bytea[], $3::bigint[]) AS file (name, asset_id, lease_token)
     WHERE NOT EXISTS (SELECT 1 FROM pieces WHERE spool_name = name)
       AND NOT EXISTS (SELECT 1 FROM held_rows WHERE asset = file.asset_id AND table_name = 'pieces' AND contents ->> 'spool_name' = name)
       AND NOT EXISTS (SELECT 1 FROM assets WHERE assets.asset_id = file.asset_id AND assets.lease_token = file.lease_token AND lease_until > now())`,
    [
      files.map((file) => file.name),
      files.map((file) => Buffer.from(file.assetId)),
      files.map((file) => file.leaseToken),
    ],
  )
  return rows.map((row) => row.name)
}

/** Ends leases whose holders are gone. @returns how many. */
export async function endStaleLeases(catalog: Queryable): Promise<number> {
  const rows = await catalog.query(
    "UPDATE assets SET lease_until = NULL WHERE state <> 'stored' AND lease_until <= now() RETURNING 1 AS ended",
    [],
  )
  return rows.length
}

/** Gives up uploads that nobody has continued for `idleMs`. @returns how many. */
export async function cancelAbandoned(catalog: Queryable, idleMs: number): Promise<number> {
  const rows = await catalog.query(
    `UPDATE assets SET state = 'cancelled', active_at = now(), lease_token = lease_token + 1, lease_until = NULL
     WHERE state = 'uploading' AND active_at < now() - $1 * interval '1 millisecond' AND (lease_until IS NULL OR lease_until <= now())
     RETURNING 1 AS cancelled`,
    [idleMs],
  )
  return rows.length
}

/** An asset whose bytes are being removed: an upload that was cancelled, or what was deleted and has reached its purge day. */
export interface DoomedAsset {
  readonly assetId: Uint8Array
  /** Whether that began, or it was stored, so long ago that nobody can still be storing a chunk of it. */
  readonly settled: boolean
}

const IS_DOOMED = "state IN ('cancelled', 'purging')"

export async function doomedAssets(
  catalog: Queryable,
  settleMs: number,
  limit: number,
): Promise<readonly DoomedAsset[]> {
  const rows = await catalog.query<{ asset_id: Uint8Array; settled: boolean }>(
    `SELECT asset_id, active_at <= now() - $1 * interval '1 millisecond' OR (state = 'purging' AND purge_day > stored_day + 1) AS settled
     FROM assets
     WHERE ${IS_DOOMED} ORDER BY active_at LIMIT $2`,
    [settleMs, limit],
  )
  return rows.map((row) => ({ assetId: row.asset_id, settled: row.settled }))
}

/** Forgets the pieces of a doomed asset. @returns the names of their files. */
export async function forgetPieces(catalog: Queryable, assetId: Uint8Array): Promise<readonly string[]> {
  const rows = await catalog.query<{ spool_name: string }>(
    `DELETE FROM pieces USING assets WHERE pieces.asset_id = $1 AND assets.asset_id = $1 AND ${IS_DOOMED} RETURNING spool_name`,
    [assetId],
  )
  return rows.map((row) => row.spool_name)
}

/**
 * Replaces a doomed asset, whose pieces and objects are gone or held, by its tombstone: so its id stays taken. What was stored leaves one under its header's
 * hash too, by which events name it. SPEC.md §15.
 */
export async function buryAsset(catalog: Catalog, assetId: Uint8Array): Promise<void> {
  await catalog.transaction(async (transaction) => {
    const [doomed] = await transaction.query<{ meeting_id: Uint8Array }>(
      "SELECT meeting_id FROM assets WHERE asset_id = $1",
      [assetId],
    )
    if (doomed === undefined) return
    await lockSubjects(transaction, [doomed.meeting_id])
    const [asset] = await transaction.query<{ header_hash: Uint8Array; state: string }>(
      // A hold that ended since its bytes were passed over: they go first.
      `SELECT header_hash, state FROM assets WHERE asset_id = $1 AND ${IS_DOOMED} AND (removing OR ${IS_HELD_ASSET}) FOR UPDATE`,
      [assetId],
    )
    if (asset === undefined) return
    await transaction.query("DELETE FROM pieces WHERE asset_id = $1", [assetId])
    await transaction.query("DELETE FROM chunks WHERE asset_id = $1", [assetId])
    await transaction.query("DELETE FROM assets WHERE asset_id = $1", [assetId])
    await bury(transaction, "asset", assetId)
    if (asset.state === "purging") await bury(transaction, "header", asset.header_hash)
  })
}
