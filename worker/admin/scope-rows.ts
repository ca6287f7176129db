import type { ScopeKind } from "../../shared/server/catalog/holds.js"

/** Rows of what a production or a case is about: those that are in their tables, and those that a hold keeps apart. SPEC.md §12, §17. */

export const MEETING_TABLES = ["meetings", "meeting_events", "meeting_epochs", "messages"] as const
export const ASSET_TABLES = ["assets", "chunks", "pieces"] as const
export const ACCOUNT_TABLES = [
  "accounts",
  "account_links",
  "account_boxes",
  "handles",
  "inbox_entries",
  "keyring_records",
  "keyring_snapshots",
] as const
export type ScopedTable =
  (typeof MEETING_TABLES)[number] | (typeof ASSET_TABLES)[number] | (typeof ACCOUNT_TABLES)[number]

/** A query of a table's rows that belong to `$1`: an account, a meeting, or an asset. */
export function heldAndLive(table: ScopedTable, by: ScopeKind): string {
  const ofAsset = table === "chunks" || table === "pieces"
  const live =
    by === "meeting" && ofAsset
      ? `SELECT ${table}.* FROM ${table} JOIN assets USING (asset_id) WHERE meeting_id = $1`
      : `SELECT * FROM ${table} WHERE ${by}_id = $1`
  const subject = by === "asset" ? "asset" : "subject"
  return `${live} UNION ALL SELECT kept.* FROM held_rows CROSS JOIN LATERAL jsonb_populate_record(NULL::${table}, contents) kept
    WHERE ${subject} = $1 AND table_name = '${table}'`
}
