import { HTTP_LIMITS } from "../../protocol/http.js"
import type { AssetId, MeetingId } from "../../protocol/ids.js"
import type { Catalog, Queryable } from "../ports.js"
import { lackOf } from "./deletion.js"
import { TODAY } from "./sql.js"

/** What a meeting stores, and how long it is to be kept. SPEC.md §15. */

export interface MeetingKeeping {
  readonly assetCount: number
  readonly storedBytes: number
  readonly retentionDays: number | null
  readonly purgeDay: number | null
}

interface KeepingRow {
  asset_count: number
  stored_bytes: number
  retention_days: number | null
  purge_day: number | null
}

const COLUMNS = "asset_count, stored_bytes, retention_days, purge_day"

/** @throws {@link ArchiveError} `not-found`, `gone`. */
export async function readKeeping(catalog: Queryable, meetingId: MeetingId): Promise<MeetingKeeping> {
  const [row] = await catalog.query<KeepingRow>(`SELECT ${COLUMNS} FROM meetings WHERE meeting_id = $1`, [meetingId])
  if (row === undefined) throw await lackOf(catalog, "meeting", meetingId)
  return keepingOf(row)
}

/** @throws {@link ArchiveError} `not-found`, `gone`. */
export async function setRetention(
  catalog: Queryable,
  meetingId: MeetingId,
  days: number | null,
): Promise<MeetingKeeping> {
  const [row] = await catalog.query<KeepingRow>(
    `UPDATE meetings SET retention_days = $2 WHERE meeting_id = $1 RETURNING ${COLUMNS}`,
    [meetingId, days],
  )
  if (row === undefined) throw await lackOf(catalog, "meeting", meetingId)
  return keepingOf(row)
}

export interface KeptAsset {
  readonly asset: AssetId
  readonly sizeBytes: number
  readonly storedDay: number
  /** `null` unless it was deleted. */
  readonly purgeDay: number | null
}

/** The meeting's stored assets behind `after`, by id, deleted ones until their rows go; at most a page. */
export async function listKept(
  catalog: Queryable,
  meetingId: MeetingId,
  after: AssetId | undefined,
): Promise<{ readonly assets: readonly KeptAsset[]; readonly next: AssetId | null }> {
  const limit = HTTP_LIMITS.assetsPerPage
  const rows = await catalog.query<{
    asset_id: AssetId
    size_bytes: number
    stored_day: number
    purge_day: number | null
  }>(
    `SELECT asset_id, size_bytes, stored_day, purge_day FROM assets
     WHERE meeting_id = $1 AND asset_id > $2 AND state IN ('stored', 'marked', 'purging') ORDER BY asset_id LIMIT $3`,
    [meetingId, after ?? new Uint8Array(0), limit + 1],
  )
  const assets = rows.slice(0, limit).map((row) => ({
    asset: row.asset_id,
    sizeBytes: row.size_bytes,
    storedDay: row.stored_day,
    purgeDay: row.purge_day,
  }))
  return { assets, next: rows.length > limit ? (assets.at(-1)?.asset ?? null) : null }
}

/** Marks what meetings have kept for as long as they are to. @returns how many assets. */
export async function markOutlived(catalog: Catalog, graceDays: number): Promise<number> {
  const rows = await catalog.query(
    `UPDATE assets SET state = 'marked', purge_day = ${TODAY} + $1::int FROM meetings
     WHERE assets.meeting_id = meetings.meeting_id AND retention_days IS NOT NULL AND state = 'stored'
       AND stored_day + retention_days <= ${TODAY} RETURNING 1 AS marked`,
    [graceDays],
  )
  return rows.length
}

function keepingOf(row: KeepingRow): MeetingKeeping {
  return {
    assetCount: row.asset_count,
    storedBytes: row.stored_bytes,
    retentionDays: row.retention_days,
    purgeDay: row.purge_day,
  }
}
