import type { Queryable } from "../ports.js"
import { type Upload, UPLOAD_COLUMNS, uploadOf, type UploadRow } from "./uploads.js"

/**
 * The lock on an upload: a lease in its row, by the database's clock, with a fencing token that grows with every holder.
 * A holder that was passed by can change nothing more: every later update names its token.
 */

export interface AcquiredLease {
  /** The fencing token. */
  readonly token: number
  /** As it stands under the lease. */
  readonly upload: Upload
}

/**
 * Whoever comes for what was acknowledged already, or comes next, takes a free lease, and with `takeOver` a held one. Whoever comes for what lies
 * ahead, `startBytes` being beyond the offset, waits for the piece before: it takes a free lease with `takeOver` alone, and a held one never.
 * @returns `null` if the lease can't be had now, or there is no such asset.
 */
export async function acquireLease(
  catalog: Queryable,
  assetId: Uint8Array,
  leaseMs: number,
  takeOver: boolean,
  startBytes = 0,
): Promise<AcquiredLease | null> {
  const [row] = await catalog.query<UploadRow & { lease_token: number }>(
    `UPDATE assets SET lease_token = lease_token + 1, lease_until = now() + $2 * interval '1 millisecond'
     WHERE asset_id = $1 AND CASE
       WHEN lease_until IS NULL OR lease_until <= now() THEN $3 OR offset_bytes >= $4
       ELSE $3 AND offset_bytes >= $4
     END
     RETURNING lease_token, ${UPLOAD_COLUMNS}`,
    [assetId, leaseMs, takeOver, startBytes],
  )
  return row === undefined ? null : { token: row.lease_token, upload: uploadOf(row) }
}

/** @returns `false` if the lease was lost: it can't be had back. */
export async function renewLease(
  catalog: Queryable,
  assetId: Uint8Array,
  token: number,
  leaseMs: number,
): Promise<boolean> {
  const [row] = await catalog.query(
    `UPDATE assets SET lease_until = now() + $3 * interval '1 millisecond'
     WHERE asset_id = $1 AND lease_token = $2 AND lease_until > now() RETURNING 1 AS renewed`,
    [assetId, token, leaseMs],
  )
  return row !== undefined
}

export async function releaseLease(catalog: Queryable, assetId: Uint8Array, token: number): Promise<void> {
  await catalog.query(
    "UPDATE assets SET lease_until = NULL WHERE asset_id = $1 AND lease_token = $2 AND lease_until IS NOT NULL",
    [assetId, token],
  )
}
