import { ArchiveError } from "../../protocol/errors.js"
import type { Catalog, Queryable } from "../ports.js"
import { lockSubjects } from "./holds.js"
import { TODAY } from "./sql.js"

/** What was deleted: marked until its purge day, then purged, and what stays of it. SPEC.md §15. Days are the database's. */

/** `header` is that of a stored asset, by the hash under which events name it. */
export type TombstoneKind = "asset" | "header" | "meeting"

/**
 * Marks a stored asset: nobody reads it any more, and on its purge day it goes. Again: the day stays.
 * @returns the purge day.
 * @throws {@link ArchiveError} `not-found` unless it is stored in this meeting; `gone` where it was purged.
 */
export async function markAsset(
  catalog: Queryable,
  meetingId: Uint8Array,
  assetId: Uint8Array,
  graceDays: number,
): Promise<number> {
  const [row] = await catalog.query<{ purge_day: number }>(
    `UPDATE assets SET state = CASE state WHEN 'stored' THEN 'marked' ELSE state END, purge_day = coalesce(purge_day, ${TODAY} + $3::int)
     WHERE asset_id = $1 AND meeting_id = $2 AND state IN ('stored', 'marked', 'purging') RETURNING purge_day`,
    [assetId, meetingId, graceDays],
  )
  if (row === undefined) throw await lackOf(catalog, "asset", assetId)
  return row.purge_day
}

/** Assets whose purge day has come. */
export async function dueAssets(catalog: Queryable, limit: number): Promise<readonly Uint8Array[]> {
  const rows = await catalog.query<{ asset_id: Uint8Array }>(
    `SELECT asset_id FROM assets WHERE state = 'marked' AND purge_day <= ${TODAY} ORDER BY purge_day LIMIT $1`,
    [limit],
  )
  return rows.map((row) => row.asset_id)
}

/**
 * Begins to purge an asset whose purge day has come: from now on its meeting doesn't count it, and nothing brings it back.
 * @returns whether it was begun now.
 */
export async function beginPurge(catalog: Catalog, assetId: Uint8Array): Promise<boolean> {
  return await catalog.transaction(async (transaction) => {
    const [asset] = await transaction.query<{ meeting_id: Uint8Array }>(
      "SELECT meeting_id FROM assets WHERE asset_id = $1",
      [assetId],
    )
    if (asset === undefined) return false
    await lockMeetingRow(transaction, asset.meeting_id)
    const [begun] = await transaction.query<{ size_bytes: number }>(
      `UPDATE assets SET state = 'purging', active_at = now()
       WHERE asset_id = $1 AND state = 'marked' AND purge_day <= ${TODAY} RETURNING size_bytes`,
      [assetId],
    )
    if (begun === undefined) return false
    await transaction.query(
      "UPDATE meetings SET asset_count = asset_count - 1, stored_bytes = stored_bytes - $2 WHERE meeting_id = $1",
      [asset.meeting_id, begun.size_bytes],
    )
    return true
  })
}

/** Whoever changes a meeting's row and assets of it locks the meeting first: so no two wait for each other. */
export async function lockMeetingRow(transaction: Queryable, meetingId: Uint8Array): Promise<void> {
  await transaction.query("SELECT 1 FROM meetings WHERE meeting_id = $1 FOR NO KEY UPDATE", [meetingId])
}

export async function bury(transaction: Queryable, kind: TombstoneKind, id: Uint8Array): Promise<void> {
  await transaction.query(`INSERT INTO tombstones (kind, id, day) VALUES ($1, $2, ${TODAY}) ON CONFLICT DO NOTHING`, [
    kind,
    id,
  ])
}

/** Why there is no such asset or meeting: `gone` where a tombstone stands in its place, else `not-found`. */
export async function lackOf(catalog: Queryable, kind: "asset" | "meeting", id: Uint8Array): Promise<ArchiveError> {
  const [tombstone] = await catalog.query("SELECT 1 FROM tombstones WHERE kind = $1 AND id = $2", [kind, id])
  if (tombstone !== undefined) return new ArchiveError("gone", `this ${kind} was deleted`)
  return new ArchiveError("not-found", kind === "asset" ? "no such asset in this meeting" : "no such meeting")
}

/**
 * Marks a whole meeting: every stored asset, and what is being uploaded is given up. Its log stays readable until the purge day. Again: the day stays.
 * @returns the purge day.
 * @throws {@link ArchiveError} `not-found`, `gone`.
 */
export async function markMeeting(catalog: Catalog, meetingId: Uint8Array, graceDays: number): Promise<number> {
  return await catalog.transaction(async (transaction) => {
    const [meeting] = await transaction.query<{ purge_day: number }>(
      `UPDATE meetings SET purge_day = coalesce(purge_day, ${TODAY} + $2::int) WHERE meeting_id = $1 RETURNING purge_day`,
      [meetingId, graceDays],
    )
    if (meeting === undefined) throw await lackOf(transaction, "meeting", meetingId)
    await giveUpAssets(transaction, "meeting_id", meetingId, meeting.purge_day)
    return meeting.purge_day
  })
}

/** Marks what is stored, unless it goes by then anyway, and cancels what is being uploaded. @returns how many assets that were. */
async function giveUpAssets(
  transaction: Queryable,
  by: "meeting_id" | "asset_id",
  id: Uint8Array,
  purgeDay: number,
): Promise<number> {
  const marked = await transaction.query(
    `UPDATE assets SET state = 'marked', purge_day = $2 WHERE ${by} = $1 AND (state = 'stored' OR (state = 'marked' AND purge_day > $2))
     RETURNING 1 AS marked`,
    [id, purgeDay],
  )
  const cancelled = await transaction.query(
    `UPDATE assets SET state = 'cancelled', active_at = now(), lease_token = lease_token + 1, lease_until = NULL
     WHERE ${by} = $1 AND state IN ('uploading', 'storing') RETURNING 1 AS cancelled`,
    [id],
  )
  return marked.length + cancelled.length
}

/** What is to be deleted again in a restored catalog. */
export interface NotedDeletion {
  readonly kind: "asset" | "meeting"
  readonly id: Uint8Array
  /** It goes on that day, also where that is over. */
  readonly purgeDay: number
  /** Whether the removal of an asset's bytes had begun: no hold keeps it then. */
  readonly removing: boolean
}

/** @returns whether there was anything that would not have gone by then. */
export async function deleteAgain(catalog: Catalog, { kind, id, purgeDay, removing }: NotedDeletion): Promise<boolean> {
  return await catalog.transaction(async (transaction) => {
    if (kind === "asset") {
      const changed = await giveUpAssets(transaction, "asset_id", id, purgeDay)
      if (removing) await transaction.query("UPDATE assets SET removing = true WHERE asset_id = $1", [id])
      return changed > 0
    }
    const [meeting] = await transaction.query(
      "UPDATE meetings SET purge_day = $2 WHERE meeting_id = $1 AND (purge_day IS NULL OR purge_day > $2) RETURNING 1 AS marked",
      [id, purgeDay],
    )
    return (await giveUpAssets(transaction, "meeting_id", id, purgeDay)) > 0 || meeting !== undefined
  })
}

export interface Tombstone {
  readonly kind: TombstoneKind
  readonly id: Uint8Array
  readonly day: number
}

/** Of these those that the catalog lacks. */
export async function lackingTombstones(
  catalog: Queryable,
  tombstones: readonly Tombstone[],
): Promise<readonly Tombstone[]> {
  return await catalog.query<Tombstone>(
    `SELECT kind, id, day FROM unnest($1::text[], $2::bytea[], $3::int[]) AS noted (kind, id, day)
     WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE tombstones.kind = noted.kind AND tombstones.id = noted.id)`,
    [tombstones.map(({ kind }) => kind), tombstones.map(({ id }) => Buffer.from(id)), tombstones.map(({ day }) => day)],
  )
}

/** Puts a tombstone back, with its day, where nothing stands in its place: what does gets one of its own when it is purged. @returns whether it did. */
export async function buryAgain(catalog: Queryable, { kind, id, day }: Tombstone): Promise<boolean> {
  const [buried] = await catalog.query(
    `INSERT INTO tombstones (kind, id, day) SELECT $1, $2, $3
     WHERE NOT EXISTS (SELECT 1 FROM assets WHERE asset_id = $2 OR header_hash = $2) AND NOT EXISTS (SELECT 1 FROM meetings WHERE meeting_id = $2)
     ON CONFLICT DO NOTHING RETURNING 1 AS buried`,
    [kind, id, day],
  )
  return buried !== undefined
}

/** Deleted meetings whose purge day has come and whose assets are all gone. */
export async function dueMeetings(catalog: Queryable, limit: number): Promise<readonly Uint8Array[]> {
  const rows = await catalog.query<{ meeting_id: Uint8Array }>(
    `SELECT meeting_id FROM meetings WHERE purge_day <= ${TODAY}
       AND NOT EXISTS (SELECT 1 FROM assets WHERE assets.meeting_id = meetings.meeting_id) LIMIT $1`,
    [limit],
  )
  return rows.map((row) => row.meeting_id)
}

/** Replaces a deleted meeting, whose assets are gone, by its tombstone: so its id stays taken. @returns whether that was done now. */
export async function buryMeeting(catalog: Catalog, meetingId: Uint8Array): Promise<boolean> {
  return await catalog.transaction(async (transaction) => {
    await lockSubjects(transaction, [meetingId])
    const [meeting] = await transaction.query(
      `SELECT 1 FROM meetings WHERE meeting_id = $1 AND purge_day <= ${TODAY} FOR UPDATE`,
      [meetingId],
    )
    const [asset] = await transaction.query("SELECT 1 FROM assets WHERE meeting_id = $1 LIMIT 1", [meetingId])
    if (meeting === undefined || asset !== undefined) return false
    await transaction.query("DELETE FROM tokens WHERE subject = $1", [meetingId])
    await transaction.query("DELETE FROM challenges WHERE subject = $1", [meetingId])
    await transaction.query("DELETE FROM messages WHERE meeting_id = $1", [meetingId])
    await transaction.query("DELETE FROM meeting_epochs WHERE meeting_id = $1", [meetingId])
    await transaction.query("DELETE FROM meeting_events WHERE meeting_id = $1", [meetingId])
    await transaction.query("DELETE FROM meetings WHERE meeting_id = $1", [meetingId])
    await bury(transaction, "meeting", meetingId)
    return true
  })
}
