import { toHex } from "../../shared/protocol/bytes.js"
import type { DayRange, ScopeItem, ScopeKind } from "../../shared/server/catalog/holds.js"
import type { Queryable } from "../../shared/server/ports.js"
import type { ProducedTable } from "./production-format.js"

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
type ScopedTable = Exclude<ProducedTable, "tombstones">

/** In which order a production gives the rows of a table. */
const ORDERS: Readonly<Record<ScopedTable, string>> = {
  meetings: "meeting_id",
  meeting_events: "seq",
  meeting_epochs: "seq",
  messages: "seq",
  assets: "asset_id",
  chunks: "n",
  pieces: "start_bytes",
  accounts: "account_id",
  account_links: "seq",
  account_boxes: "box_hash",
  handles: "handle",
  inbox_entries: "position",
  keyring_records: "seq",
  keyring_snapshots: "seq",
}

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

/** Tombstones of assets that events of the meeting `$1` name. */
export const TOMBSTONES = `SELECT * FROM tombstones WHERE kind = 'header' AND id IN (SELECT unnest(assets) FROM (${heldAndLive("meeting_events", "meeting")}) named)`

export async function countRows(catalog: Queryable, query: string, id: Uint8Array): Promise<number> {
  const [counted] = await catalog.query<{ rows: number }>(`SELECT count(*) AS rows FROM (${query}) counted`, [id])
  return counted?.rows ?? 0
}

/** A query of the assets of an item that lie on the days of a scope: all of them where an asset itself was asked for. */
export function assetsOnDays({ kind }: Pick<ScopeItem, "kind">, days: DayRange, inside: boolean): string {
  const all = `SELECT * FROM (${heldAndLive("assets", kind)}) held`
  if (kind === "asset") return inside ? all : `${all} WHERE false`
  const within = `created_day BETWEEN ${days.fromDay ?? 0} AND ${days.toDay ?? 2 ** 31 - 1}`
  return `${all} WHERE ${inside ? "" : "NOT "}${within}`
}

const ROWS_PER_FETCH = 256
let cursors = 0

/** Rows of a query about `id`, a few at a time: in a transaction, so of one moment. */
export function readRows<R extends object>(transaction: Queryable, query: string, id: Uint8Array): AsyncGenerator<R> {
  // A cursor takes no parameters; what stands in its place are digits of bytes.
  return readAllRows<R>(transaction, query.replaceAll("$1", `'\\x${toHex(id)}'::bytea`))
}

/** Rows of a query, a few at a time: in a transaction, so of one moment. */
export async function* readAllRows<R extends object>(transaction: Queryable, query: string): AsyncGenerator<R> {
  const name = `rows_${++cursors}`
  await transaction.query(`DECLARE ${name} NO SCROLL CURSOR FOR ${query}`, [])
  for (;;) {
    const rows = await transaction.query<R>(`FETCH ${ROWS_PER_FETCH} FROM ${name}`, [])
    yield* rows
    if (rows.length < ROWS_PER_FETCH) break
  }
  await transaction.query(`CLOSE ${name}`, [])
}

/** {@link heldAndLive} in the order of a production. */
export function ordered(table: ScopedTable, by: ScopeKind): string {
  return `SELECT * FROM (${heldAndLive(table, by)}) held ORDER BY ${ORDERS[table]}`
}
