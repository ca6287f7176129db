import type { CaseId } from "../../protocol/ids.js"
import type { Queryable } from "../ports.js"
import type { ScopeItem } from "./holds.js"
import { TODAY } from "./sql.js"

/** What became of something that somebody deleted, or wanted deleted. SPEC.md §15, §19. */

export interface Erasure {
  /** `kept`: nobody deleted it. `marked`: unreadable, and gone on its purge day. `removed`: gone. `unknown`: not held, and never was as far as is known. */
  readonly state: "kept" | "marked" | "removed" | "unknown"
  readonly purgeDay: number | null
  readonly removedDay: number | null
  readonly keptBy: readonly KeptByHold[]
}

/** What a hold keeps apart of it, in a case that may be told of. */
export interface KeptByHold {
  readonly caseId: CaseId
  readonly untilDay: number
  readonly rows: number
}

export async function readErasure(catalog: Queryable, item: ScopeItem): Promise<Erasure> {
  const found = await (item.kind === "account" ? ofAccount(catalog, item.id) : ofStored(catalog, item))
  return { ...found, keptBy: found.state === "kept" ? [] : await keptBy(catalog, item) }
}

type Fate = Omit<Erasure, "keptBy">
const UNKNOWN: Fate = { state: "unknown", purgeDay: null, removedDay: null }

async function ofAccount(catalog: Queryable, id: Uint8Array): Promise<Fate> {
  const [account] = await catalog.query<{ closed_day: number | null }>(
    "SELECT closed_day FROM accounts WHERE account_id = $1",
    [id],
  )
  if (account === undefined) return UNKNOWN
  const { closed_day: closedDay } = account
  return { state: closedDay === null ? "kept" : "removed", purgeDay: closedDay, removedDay: closedDay }
}

async function ofStored(catalog: Queryable, { kind, id }: ScopeItem): Promise<Fate> {
  const [live] = await catalog.query<{ purge_day: number | null; doomed: boolean }>(
    kind === "meeting"
      ? "SELECT purge_day, purge_day IS NOT NULL AS doomed FROM meetings WHERE meeting_id = $1"
      : "SELECT purge_day, state IN ('cancelled', 'marked', 'purging') AS doomed FROM assets WHERE asset_id = $1",
    [id],
  )
  if (live !== undefined) return { state: live.doomed ? "marked" : "kept", purgeDay: live.purge_day, removedDay: null }
  const [tombstone] = await catalog.query<{ day: number }>("SELECT day FROM tombstones WHERE kind = $1 AND id = $2", [
    kind,
    id,
  ])
  return tombstone === undefined ? UNKNOWN : { state: "removed", purgeDay: null, removedDay: tombstone.day }
}

/** Not of a case of which a court forbids to tell: such a certificate is as it would be without. */
async function keptBy(catalog: Queryable, { kind, id }: ScopeItem): Promise<readonly KeptByHold[]> {
  const rows = await catalog.query<{ case_id: CaseId; until_day: number; rows: number }>(
    `SELECT case_id, until_day, (SELECT count(*) FROM held_rows WHERE ${kind === "asset" ? "asset = $1" : "subject = $1"}) AS rows
     FROM holds JOIN cases USING (case_id)
     WHERE released_day IS NULL AND until_day >= ${TODAY} AND notice_day <= ${TODAY}
       AND ((holds.kind = $2 AND id = $1) OR ($2 = 'asset' AND holds.kind = 'meeting' AND id IN (SELECT subject FROM held_rows WHERE asset = $1)))
     ORDER BY case_id`,
    [id, kind],
  )
  return rows.flatMap((row) =>
    row.rows === 0 ? [] : [{ caseId: row.case_id, untilDay: row.until_day, rows: row.rows }],
  )
}
