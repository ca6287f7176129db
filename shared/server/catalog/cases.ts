import { dayOf, type RandomBytes } from "../../protocol/ambient.js"
import { toHex } from "../../protocol/bytes.js"
import { ArchiveError } from "../../protocol/errors.js"
import type { CaseKind } from "../../protocol/http.js"
import { ID_BYTES } from "../../protocol/hash.js"
import { asId, type CaseId, formatId } from "../../protocol/ids.js"
import type { Catalog, Queryable } from "../ports.js"
import { type Actor, type CustodyEntry, recordCustody } from "./custody.js"
import {
  assetsBeingRemoved,
  type DayRange,
  type PlacedHold,
  placeHolds,
  releaseHolds,
  type ScopeItem,
  uniqueIds,
  unreleasedHolds,
} from "./holds.js"
import { noteStep, notedItems } from "./notices.js"
import { TODAY } from "./sql.js"

/** Cases: one request of an authority each, from its letter to its end. SPEC.md §17. */

export const OUTCOMES = ["produced", "produced-in-part", "nothing-held", "refused", "withdrawn", "preserved"] as const
export type Outcome = (typeof OUTCOMES)[number]

/** When those concerned may be told: from this day on. */
export interface NoticeRule {
  readonly day: number
  /** Why not at once; `null` where there is no delay. */
  readonly reason: string | null
}

export interface Case extends DayRange {
  readonly caseId: CaseId
  readonly kind: CaseKind
  readonly authority: string
  readonly country: string
  readonly reference: string
  readonly dueAt: Date | null
  readonly asks: readonly string[]
  readonly notice: NoticeRule
  readonly openedDay: number
  readonly closedDay: number | null
  readonly outcome: Outcome | null
}

interface CaseRow {
  case_id: CaseId
  kind: CaseKind
  authority: string
  country: string
  reference: string
  due_at: Date | null
  from_day: number | null
  to_day: number | null
  asks: readonly string[]
  notice_day: number
  notice_reason: string | null
  opened_day: number
  closed_day: number | null
  outcome: Outcome | null
}

export interface NewCase {
  readonly kind: CaseKind
  readonly authority: string
  readonly country: string
  readonly reference: string
  readonly dueAt: Date | null
  /** `null`: from today on. */
  readonly notice: NoticeRule | null
}

export async function openCase(
  catalog: Catalog,
  random: RandomBytes,
  actor: Actor,
  opened: NewCase,
): Promise<{ readonly caseId: CaseId; readonly entry: CustodyEntry }> {
  const caseId = asId("case", random(ID_BYTES))
  return await catalog.transaction(async (transaction) => {
    await transaction.query(
      `INSERT INTO cases (case_id, kind, authority, country, reference, due_at, notice_day, notice_reason, opened_day)
       VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, ${TODAY}), $8, ${TODAY})`,
      [
        caseId,
        opened.kind,
        opened.authority,
        opened.country,
        opened.reference,
        opened.dueAt,
        opened.notice?.day ?? null,
        opened.notice?.reason ?? null,
      ],
    )
    const entry = await recordCustody(transaction, caseId, actor, "open", {
      kind: opened.kind,
      authority: opened.authority,
      country: opened.country,
      reference: opened.reference,
      dueAt: opened.dueAt?.toISOString() ?? null,
      notice: opened.notice,
    })
    return { caseId, entry }
  })
}

/** @throws {@link ArchiveError} `not-found`. */
export async function readCase(catalog: Queryable, caseId: CaseId): Promise<Case> {
  const [row] = await catalog.query<CaseRow>("SELECT * FROM cases WHERE case_id = $1", [caseId])
  if (row === undefined) throw new ArchiveError("not-found", `there is no case ${formatId("case", caseId)}`)
  return caseOf(row)
}

/** The oldest first. */
export async function listCases(catalog: Queryable, which: "open" | "all"): Promise<readonly Case[]> {
  const rows = await catalog.query<CaseRow>(
    `SELECT * FROM cases ${which === "open" ? "WHERE closed_day IS NULL" : ""} ORDER BY opened_day, case_id`,
    [],
  )
  return rows.map(caseOf)
}

export async function readScope(catalog: Queryable, caseId: CaseId): Promise<readonly ScopeItem[]> {
  return await catalog.query<ScopeItem>("SELECT kind, id FROM case_scope WHERE case_id = $1 ORDER BY kind, id", [
    caseId,
  ])
}

export interface ScopeChange {
  readonly add: readonly ScopeItem[]
  readonly remove: readonly ScopeItem[]
  /** `undefined`: as it is. */
  readonly fromDay?: number | null
  readonly toDay?: number | null
  readonly asks?: readonly string[]
}

/** @throws {@link ArchiveError} `not-found`; `conflict` for a closed case, or a day range that is none. */
export async function changeScope(
  catalog: Catalog,
  caseId: CaseId,
  actor: Actor,
  change: ScopeChange,
  describe: (item: ScopeItem) => string,
): Promise<void> {
  await onOpenCase(catalog, caseId, async (transaction, held) => {
    const fromDay = change.fromDay === undefined ? held.fromDay : change.fromDay
    const toDay = change.toDay === undefined ? held.toDay : change.toDay
    if (fromDay !== null && toDay !== null && fromDay > toDay)
      throw new ArchiveError("usage", "the scope would end before it begins")
    const asks = [...new Set([...held.asks, ...(change.asks ?? [])])]
    await transaction.query("UPDATE cases SET from_day = $2, to_day = $3, asks = $4 WHERE case_id = $1", [
      caseId,
      fromDay,
      toDay,
      asks,
    ])
    for (const { kind, id } of change.add)
      await transaction.query("INSERT INTO case_scope (case_id, kind, id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", [
        caseId,
        kind,
        id,
      ])
    for (const { kind, id } of change.remove)
      await transaction.query("DELETE FROM case_scope WHERE case_id = $1 AND kind = $2 AND id = $3", [caseId, kind, id])
    await recordCustody(transaction, caseId, actor, "scope", {
      added: change.add.map(describe),
      removed: change.remove.map(describe),
      fromDay,
      toDay,
      asks,
    })
  })
}

/**
 * Holds all that is in the case's scope now, until the end of `untilDay`; again: until another day.
 * @throws {@link ArchiveError} `not-found`; `conflict` for a closed case, or one whose scope is empty.
 */
export async function holdCase(
  catalog: Catalog,
  caseId: CaseId,
  actor: Actor,
  untilDay: number,
  describe: (item: ScopeItem) => string,
): Promise<PlacedHold> {
  // Before anything is waited for: what goes meanwhile was there when the hold came.
  const early = await assetsBeingRemoved(catalog, await readScope(catalog, caseId), await readCase(catalog, caseId))
  return await onOpenCase(catalog, caseId, async (transaction, { fromDay, toDay }) => {
    const items = await readScope(transaction, caseId)
    if (items.length === 0)
      throw new ArchiveError("conflict", "the case has no scope yet, so there is nothing to hold: see `case scope`")
    if (untilDay < dayOf((await timeOfCatalog(transaction)).getTime()))
      throw new ArchiveError("usage", "a hold that ended before it begins holds nothing: give a later day")
    const placed = await placeHolds(transaction, caseId, items, { fromDay, toDay, untilDay })
    const alreadyBeingRemoved = uniqueIds([...early, ...placed.alreadyBeingRemoved])
    const { seq } = await recordCustody(transaction, caseId, actor, "hold", {
      untilDay,
      fromDay,
      toDay,
      items: items.map(describe),
      alreadyBeingRemoved: alreadyBeingRemoved.map((id) => describe({ kind: "asset", id })),
    })
    await noteStep(transaction, caseId, { seq, action: "hold", items, fromDay, toDay, untilDay })
    return { ...placed, alreadyBeingRemoved }
  })
}

/** @returns how many holds were in force. @throws {@link ArchiveError} `not-found`; `conflict` for a closed case. */
export async function releaseCase(catalog: Catalog, caseId: CaseId, actor: Actor): Promise<number> {
  return await onOpenCase(catalog, caseId, async (transaction, { fromDay, toDay }) => {
    const items = await unreleasedHolds(transaction, caseId)
    const released = await releaseHolds(transaction, caseId)
    const { seq } = await recordCustody(transaction, caseId, actor, "release", { released })
    await noteStep(transaction, caseId, { seq, action: "release", items, fromDay, toDay })
    return released
  })
}

/**
 * Also of a closed case: an order not to tell may be extended after the answer was given.
 * @throws {@link ArchiveError} `not-found`; `conflict` for a delay that was over: who may be told can't be made untold.
 */
export async function setNotice(
  catalog: Catalog,
  caseId: CaseId,
  actor: Actor,
  rule: NoticeRule | null,
): Promise<void> {
  await onCase(catalog, caseId, async (transaction, { notice }) => {
    const today = dayOf((await timeOfCatalog(transaction)).getTime())
    if (rule !== null && notice.day <= today)
      throw new ArchiveError("conflict", "those concerned may be told already: a notice can't be delayed any more")
    await transaction.query("UPDATE cases SET notice_day = $2, notice_reason = $3 WHERE case_id = $1", [
      caseId,
      rule?.day ?? today,
      rule?.reason ?? null,
    ])
    await recordCustody(transaction, caseId, actor, "notice", { day: rule?.day ?? today, reason: rule?.reason ?? null })
  })
}

/** @throws {@link ArchiveError} `not-found`; `conflict` for a closed case, or one that still holds something. */
export async function closeCase(catalog: Catalog, caseId: CaseId, actor: Actor, outcome: Outcome): Promise<void> {
  await onOpenCase(catalog, caseId, async (transaction, { fromDay, toDay }) => {
    if ((await unreleasedHolds(transaction, caseId)).some((hold) => hold.inForce))
      throw new ArchiveError("conflict", "the case still holds something: release it first (`case release`)")
    await transaction.query(`UPDATE cases SET closed_day = ${TODAY}, outcome = $2 WHERE case_id = $1`, [
      caseId,
      outcome,
    ])
    const items = uniqueItems([...(await readScope(transaction, caseId)), ...(await notedItems(transaction, caseId))])
    const { seq } = await recordCustody(transaction, caseId, actor, "close", { outcome })
    await noteStep(transaction, caseId, { seq, action: "close", items, fromDay, toDay })
  })
}

/** The database's clock. */
export async function timeOfCatalog(catalog: Queryable): Promise<Date> {
  const [row] = await catalog.query<{ now: Date }>("SELECT now() AS now", [])
  if (row === undefined) throw new ArchiveError("internal", "the database has no time")
  return row.now
}

async function onOpenCase<T>(
  catalog: Catalog,
  caseId: CaseId,
  work: (transaction: Queryable, held: Case) => Promise<T>,
): Promise<T> {
  return await onCase(catalog, caseId, async (transaction, held) => {
    if (held.closedDay !== null) throw new ArchiveError("conflict", "this case is closed: open another")
    return await work(transaction, held)
  })
}

async function onCase<T>(
  catalog: Catalog,
  caseId: CaseId,
  work: (transaction: Queryable, held: Case) => Promise<T>,
): Promise<T> {
  return await catalog.transaction(async (transaction) => {
    await transaction.query("SELECT 1 FROM cases WHERE case_id = $1 FOR UPDATE", [caseId])
    return await work(transaction, await readCase(transaction, caseId))
  })
}

function uniqueItems(items: readonly ScopeItem[]): readonly ScopeItem[] {
  return [...new Map(items.map((item) => [`${item.kind} ${toHex(item.id)}`, item])).values()]
}

function caseOf(row: CaseRow): Case {
  return {
    caseId: row.case_id,
    kind: row.kind,
    authority: row.authority,
    country: row.country,
    reference: row.reference,
    dueAt: row.due_at,
    fromDay: row.from_day,
    toDay: row.to_day,
    asks: row.asks,
    notice: { day: row.notice_day, reason: row.notice_reason },
    openedDay: row.opened_day,
    closedDay: row.closed_day,
    outcome: row.outcome,
  }
}
