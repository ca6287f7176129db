import type { Queryable } from "../ports.js"
import { TODAY } from "./sql.js"

/** What an instance tells the public of requests by authorities. SPEC.md §17. */

/** How many, without saying how many exactly. */
export type Range = "0" | "1 to 9" | "10 to 99" | "100 to 999" | "1,000 or more"

export interface ReportRow {
  readonly kind: string
  readonly country: string
  /** `open` until the case is closed. */
  readonly outcome: string
  readonly requests: number
}

export interface ReportPeriod {
  /** Such as `2026, first half`. */
  readonly period: string
  readonly requests: readonly ReportRow[]
  readonly accounts: Range
  readonly meetings: Range
  readonly productions: number
}

/** By half-years in which cases were opened, the newest first. Of a case whose notice is delayed there is nothing in it: its half-year grows when the delay ends. */
export async function readReport(catalog: Queryable): Promise<readonly ReportPeriod[]> {
  const requests = await catalog.query<ReportRow & { half: number }>(
    `SELECT ${HALF} AS half, kind, country, coalesce(outcome, 'open') AS outcome, count(*) AS requests
     FROM cases WHERE ${MAY_BE_TOLD} GROUP BY 1, 2, 3, 4 ORDER BY 1 DESC, 2, 3, 4`,
    [],
  )
  const touched = await catalog.query<{ half: number; accounts: number; meetings: number; productions: number }>(
    `SELECT ${HALF} AS half,
       count(DISTINCT id) FILTER (WHERE case_scope.kind = 'account') AS accounts,
       count(DISTINCT id) FILTER (WHERE case_scope.kind = 'meeting') AS meetings,
       count(DISTINCT (custody.case_id, seq)) FILTER (WHERE seq IS NOT NULL) AS productions
     FROM cases LEFT JOIN case_scope USING (case_id)
       LEFT JOIN custody ON custody.case_id = cases.case_id AND entry::jsonb ->> 'action' = 'produced'
     WHERE ${MAY_BE_TOLD} GROUP BY 1 ORDER BY 1 DESC`,
    [],
  )
  return touched.map(({ half, accounts, meetings, productions }) => ({
    period: `${Math.floor(half / 2)}, ${half % 2 === 0 ? "first" : "second"} half`,
    requests: requests
      .filter((row) => row.half === half)
      .map(({ kind, country, outcome, requests: count }) => ({ kind, country, outcome, requests: count })),
    accounts: rangeOf(accounts),
    meetings: rangeOf(meetings),
    productions,
  }))
}

const OPENED = "(date '1970-01-01' + opened_day)"
const HALF = `(extract(year FROM ${OPENED}) * 2 + CASE WHEN extract(month FROM ${OPENED}) > 6 THEN 1 ELSE 0 END)::int`
const MAY_BE_TOLD = `notice_day <= ${TODAY}`

function rangeOf(count: number): Range {
  if (count === 0) return "0"
  if (count < 10) return "1 to 9"
  if (count < 100) return "10 to 99"
  return count < 1_000 ? "100 to 999" : "1,000 or more"
}

/** Rows of tables that the service goes on with, and sealed bytes stored. What a hold keeps apart is not in it. */
export async function countPublicly(
  catalog: Queryable,
  tables: readonly string[],
): Promise<{ readonly rows: Readonly<Record<string, number>>; readonly storedBytes: number }> {
  const rows: Record<string, number> = {}
  for (const table of tables) {
    const [counted] = await catalog.query<{ count: number }>(`SELECT count(*) AS count FROM ${table}`, [])
    rows[table] = counted?.count ?? 0
  }
  const [stored] = await catalog.query<{ bytes: number }>(
    "SELECT coalesce(sum(stored_bytes), 0)::bigint AS bytes FROM meetings",
    [],
  )
  return { rows, storedBytes: stored?.bytes ?? 0 }
}
