import { toHex } from "../../protocol/bytes.js"
import { type CaseKind, NOTICE_LIMITS, type NoticeAction, type NoticesResponse } from "../../protocol/http.js"
import type { AssetId, CaseId } from "../../protocol/ids.js"
import type { output } from "zod"
import type { Catalog, Queryable } from "../ports.js"
import { recordCustody } from "./custody.js"
import { type DayRange, IS_KNOWN_ASSET, type ScopeItem } from "./holds.js"
import { TODAY } from "./sql.js"

/** What those concerned by a case are told: nothing before the day of its notice, and from then on all that was done in it. SPEC.md §17, NO1 to NO3. */

/** A step of a case that concerns people. */
export interface NotedStep extends DayRange {
  /** Its entry in the custody record. */
  readonly seq: number
  readonly action: NoticeAction
  readonly items: readonly ScopeItem[]
  /** Of a hold: the last day of it. */
  readonly untilDay?: number
  /** Of a production: the SHA-512 that was signed. */
  readonly tagManifestHash?: Uint8Array
}

/** Keeps a step for those whom its items concern, in the transaction that records it. An asset concerns its meeting; one that is not held, nobody. */
export async function noteStep(transaction: Queryable, caseId: CaseId, step: NotedStep): Promise<void> {
  for (const { kind, id } of step.items)
    await transaction.query(
      `INSERT INTO notices (case_id, seq, kind, id, subject, action, day, from_day, to_day, until_day, tag_manifest_sha512)
       SELECT $1, $2, $3, $4, subject, $5, ${TODAY}, $6, $7, $8, $9
       FROM ${kind === "asset" ? `(${IS_KNOWN_ASSET}) asset_of` : "(SELECT $4::bytea AS subject) itself"}`,
      [
        caseId,
        step.seq,
        kind,
        id,
        step.action,
        step.fromDay,
        step.toDay,
        step.untilDay ?? null,
        step.tagManifestHash ?? null,
      ],
    )
}

/** Every item that a step of the case was about, also where it is not in its scope any more. */
export async function notedItems(transaction: Queryable, caseId: CaseId): Promise<readonly ScopeItem[]> {
  return await transaction.query<ScopeItem>(
    "SELECT DISTINCT kind, id FROM notices WHERE case_id = $1 ORDER BY kind, id",
    [caseId],
  )
}

interface NoticeRow {
  case_id: CaseId
  kind: CaseKind
  opened_day: number
  notice_day: number
  action: NoticeAction
  day: number
  whole: boolean
  assets: readonly AssetId[] | null
  asset_count: number
  from_day: number | null
  to_day: number | null
  until_day: number | null
  tag_manifest_sha512: Uint8Array | null
}

/** What an account or a meeting may be told today: the newest case first, its steps in their order. */
export async function readNotices(
  catalog: Queryable,
  subject: Uint8Array,
): Promise<output<typeof NoticesResponse>["notices"]> {
  const rows = await catalog.query<NoticeRow>(
    `SELECT case_id, cases.kind, opened_day, notice_day, action, day, notices.from_day, notices.to_day, until_day, tag_manifest_sha512,
       bool_or(notices.kind <> 'asset') AS whole,
       (array_agg(id ORDER BY id) FILTER (WHERE notices.kind = 'asset'))[:${NOTICE_LIMITS.assets}] AS assets,
       count(*) FILTER (WHERE notices.kind = 'asset') AS asset_count
     FROM notices JOIN cases USING (case_id) WHERE subject = $1 AND notice_day <= ${TODAY}
     GROUP BY case_id, cases.kind, opened_day, notice_day, seq, action, day, notices.from_day, notices.to_day, until_day, tag_manifest_sha512
     ORDER BY notice_day DESC, case_id, seq`,
    [subject],
  )
  const byCase = new Map<string, NoticeRow[]>()
  for (const row of rows) byCase.set(toHex(row.case_id), [...(byCase.get(toHex(row.case_id)) ?? []), row])
  return [...byCase.values()].slice(0, NOTICE_LIMITS.cases).flatMap((steps) => {
    const [first] = steps
    if (first === undefined) return []
    return [
      {
        case: first.case_id,
        kind: first.kind,
        openedDay: first.opened_day,
        noticeDay: first.notice_day,
        steps: steps.slice(-NOTICE_LIMITS.steps).map((row) => ({
          action: row.action,
          day: row.day,
          isWhole: row.whole,
          assets: [...(row.assets ?? [])],
          assetCount: row.asset_count,
          fromDay: row.from_day,
          toDay: row.to_day,
          untilDay: row.until_day,
          tagManifestSha512: row.tag_manifest_sha512,
        })),
      },
    ]
  })
}

/**
 * Notes in the custody record of each case whose day of notice has come that those concerned are told: nobody has to remember it.
 * @returns the cases of which that was noted now.
 */
export async function recordDueNotices(catalog: Catalog, tool: string): Promise<readonly CaseId[]> {
  const due = await catalog.query<{ case_id: CaseId }>(
    `SELECT case_id FROM cases WHERE told_day IS NULL AND notice_day <= ${TODAY} AND EXISTS (SELECT 1 FROM notices WHERE notices.case_id = cases.case_id)`,
    [],
  )
  const told: CaseId[] = []
  for (const { case_id: caseId } of due)
    await catalog.transaction(async (transaction) => {
      const [begun] = await transaction.query(
        `UPDATE cases SET told_day = ${TODAY} WHERE case_id = $1 AND told_day IS NULL AND notice_day <= ${TODAY} RETURNING 1 AS begun`,
        [caseId],
      )
      if (begun === undefined) return
      const [concerned] = await transaction.query<{ count: number }>(
        "SELECT count(DISTINCT subject) AS count FROM notices WHERE case_id = $1",
        [caseId],
      )
      await recordCustody(transaction, caseId, { name: "the service, by itself", tool }, "told", {
        accountsAndMeetings: concerned?.count ?? 0,
      })
      told.push(caseId)
    })
  return told
}
