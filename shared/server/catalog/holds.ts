import { compareBytes, toHex } from "../../protocol/bytes.js"
import type { AssetId, CaseId } from "../../protocol/ids.js"
import type { Catalog, Queryable } from "../ports.js"
import { TODAY } from "./sql.js"

/**
 * Holds: what is in one is deleted for everybody as it would be without, and kept all the same, apart. Rows go to `held_rows` (the database sees to
 * that), bytes stay in the store. SPEC.md §17.
 */

export type ScopeKind = "account" | "meeting" | "asset"

export interface ScopeItem {
  readonly kind: ScopeKind
  readonly id: Uint8Array
}

export interface DayRange {
  readonly fromDay: number | null
  readonly toDay: number | null
}

/** Whether an asset's row may go with its bytes: what a hold is on may not. */
export const IS_HELD_ASSET =
  "(is_held('asset', assets.asset_id, NULL) OR is_held('meeting', assets.meeting_id, assets.created_day))"

/** A query of the meeting of an asset `$4`, as `subject`; also where the asset was deleted and is held. */
export const IS_KNOWN_ASSET =
  "SELECT meeting_id AS subject FROM assets WHERE asset_id = $4 UNION SELECT subject FROM held_rows WHERE asset = $4"

/** Whoever places a hold and whoever begins to remove bytes take this first, so that each sees what the other did. Ends with the transaction. */
export async function lockSubjects(transaction: Queryable, ids: readonly Uint8Array[]): Promise<void> {
  for (const id of ids.toSorted(compareBytes))
    await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [toHex(id)])
}

export interface PlacedHold {
  readonly items: number
  /** Assets whose bytes were being removed when the hold came: they go on to be. */
  readonly alreadyBeingRemoved: readonly AssetId[]
}

/** Puts a hold on every item, or changes until when it lasts. In the transaction that says so in the custody record. */
export async function placeHolds(
  transaction: Queryable,
  caseId: CaseId,
  items: readonly ScopeItem[],
  days: DayRange & { readonly untilDay: number },
): Promise<PlacedHold> {
  await lockItems(transaction, items)
  const alreadyBeingRemoved = await assetsBeingRemoved(transaction, items, days)
  for (const { kind, id } of items)
    await transaction.query(
      `INSERT INTO holds (case_id, kind, id, from_day, to_day, placed_day, until_day) VALUES ($1, $2, $3, $4, $5, ${TODAY}, $6)
       ON CONFLICT (case_id, kind, id) DO UPDATE SET from_day = excluded.from_day, to_day = excluded.to_day,
         until_day = excluded.until_day, released_day = NULL,
         placed_day = CASE WHEN holds.released_day IS NULL AND holds.until_day >= ${TODAY} THEN holds.placed_day ELSE excluded.placed_day END`,
      [caseId, kind, id, days.fromDay, days.toDay, days.untilDay],
    )
  return { items: items.length, alreadyBeingRemoved }
}

/** Assets that a hold on these items would have kept, had the removal of their bytes not begun. */
export async function assetsBeingRemoved(
  catalog: Queryable,
  items: readonly ScopeItem[],
  { fromDay, toDay }: DayRange,
): Promise<readonly AssetId[]> {
  const idsOf = (wanted: ScopeKind): readonly Uint8Array[] =>
    items.flatMap(({ kind, id }) => (kind === wanted ? [Buffer.from(id)] : []))
  const rows = await catalog.query<{ asset: AssetId }>(
    `SELECT asset FROM (
       SELECT asset_id AS asset, meeting_id AS meeting, created_day, removing FROM assets
       UNION ALL SELECT asset, subject, (contents ->> 'created_day')::int, (contents ->> 'removing')::boolean FROM held_rows WHERE table_name = 'assets'
     ) any_asset
     WHERE removing AND (asset = ANY ($1::bytea[]) OR (meeting = ANY ($2::bytea[]) AND created_day BETWEEN coalesce($3, 0) AND coalesce($4, 2147483647)))`,
    [idsOf("asset"), idsOf("meeting"), fromDay, toDay],
  )
  return rows.map((row) => row.asset)
}

/** Each once, in their order. */
export function uniqueIds<Id extends Uint8Array>(ids: readonly Id[]): readonly Id[] {
  return [...new Map(ids.map((id) => [toHex(id), id])).values()].toSorted(compareBytes)
}

/** {@link lockSubjects} of these items. */
export async function lockItems(transaction: Queryable, items: readonly ScopeItem[]): Promise<void> {
  await lockSubjects(transaction, await subjectsOf(transaction, items))
}

/** Under which locks these items are: assets are under their meeting's, also where they were deleted. */
async function subjectsOf(catalog: Queryable, items: readonly ScopeItem[]): Promise<readonly Uint8Array[]> {
  const assets = items.flatMap(({ kind, id }) => (kind === "asset" ? [Buffer.from(id)] : []))
  const meetings = await catalog.query<{ id: Uint8Array }>(
    `SELECT meeting_id AS id FROM assets WHERE asset_id = ANY ($1::bytea[])
     UNION SELECT subject FROM held_rows WHERE asset = ANY ($1::bytea[])`,
    [assets],
  )
  const ids = [...items.filter(({ kind }) => kind !== "asset"), ...meetings].map(({ id }) => id)
  return uniqueIds(ids)
}

/** Ends the holds of a case. @returns how many were in force. */
export async function releaseHolds(transaction: Queryable, caseId: CaseId): Promise<number> {
  const rows = await transaction.query(
    `UPDATE holds SET released_day = ${TODAY} WHERE case_id = $1 AND released_day IS NULL RETURNING 1 AS released`,
    [caseId],
  )
  return rows.length
}

/**
 * Begins to remove the bytes of a cancelled or purged asset: not where a hold keeps them. What was begun goes on, and a hold that comes later lists it.
 * @returns whether the bytes may go.
 */
export async function beginRemoval(catalog: Catalog, assetId: Uint8Array): Promise<boolean> {
  return await catalog.transaction(async (transaction) => {
    await lockItems(transaction, [{ kind: "asset", id: assetId }])
    const [live] = await transaction.query<{ removing: boolean }>("SELECT removing FROM assets WHERE asset_id = $1", [
      assetId,
    ])
    if (live === undefined) {
      const [kept] = await transaction.query(
        "SELECT 1 FROM held_rows WHERE asset = $1 AND table_name = 'assets' AND contents -> 'removing' = 'false'",
        [assetId],
      )
      return kept === undefined
    }
    const [begun] = await transaction.query(
      `UPDATE assets SET removing = true WHERE asset_id = $1 AND state IN ('cancelled', 'purging') AND (removing OR NOT ${IS_HELD_ASSET})
       RETURNING 1 AS begun`,
      [assetId],
    )
    return begun !== undefined
  })
}

/** What outlived its hold, and the files of the spool that it has. */
export interface OutlivedAsset {
  readonly assetId: Uint8Array
  readonly spoolNames: readonly string[]
}

const IS_HELD_ROW = `(is_held(subject_kind, subject, (contents ->> 'created_day')::int) OR (asset IS NOT NULL AND is_held('asset', asset, NULL)))`

/** Begins to let go of an asset that no hold keeps any more; `null` where there is none. What was begun comes again until {@link forgetHeldAsset}. */
export async function nextOutlivedAsset(catalog: Catalog): Promise<OutlivedAsset | null> {
  const [candidate] = await catalog.query<{ asset: Uint8Array; subject: Uint8Array }>(
    `SELECT asset, subject FROM held_rows WHERE table_name = 'assets' AND (contents -> 'removing' = 'true' OR NOT ${IS_HELD_ROW}) LIMIT 1`,
    [],
  )
  if (candidate === undefined) return null
  const { asset, subject } = candidate
  return await catalog.transaction(async (transaction) => {
    await lockSubjects(transaction, [subject])
    const [begun] = await transaction.query(
      `UPDATE held_rows SET contents = jsonb_set(contents, '{removing}', 'true')
       WHERE asset = $1 AND table_name = 'assets' AND (contents -> 'removing' = 'true' OR NOT ${IS_HELD_ROW}) RETURNING 1 AS begun`,
      [asset],
    )
    if (begun === undefined) return null
    const pieces = await transaction.query<{ name: string }>(
      "SELECT contents ->> 'spool_name' AS name FROM held_rows WHERE asset = $1 AND table_name = 'pieces'",
      [asset],
    )
    return { assetId: asset, spoolNames: pieces.map((piece) => piece.name) }
  })
}

/** Lets go of the rows of an asset whose bytes are gone. */
export async function forgetHeldAsset(catalog: Queryable, assetId: Uint8Array): Promise<void> {
  await catalog.query("DELETE FROM held_rows WHERE asset = $1", [assetId])
}

/** Lets go of rows of accounts and meetings that no hold keeps any more. @returns how many. */
export async function forgetOutlivedRows(catalog: Catalog): Promise<number> {
  const subjects = await catalog.query<{ subject: Uint8Array }>(
    `SELECT DISTINCT subject FROM held_rows WHERE asset IS NULL AND NOT is_held(subject_kind, subject, NULL)`,
    [],
  )
  let forgotten = 0
  for (const { subject } of subjects)
    forgotten += await catalog.transaction(async (transaction) => {
      await lockSubjects(transaction, [subject])
      const rows = await transaction.query(
        "DELETE FROM held_rows WHERE subject = $1 AND asset IS NULL AND NOT is_held(subject_kind, subject, NULL) RETURNING 1 AS gone",
        [subject],
      )
      return rows.length
    })
  return forgotten
}

/** A hold that was not released: in force until the end of a day. */
export interface Hold extends ScopeItem, DayRange {
  readonly untilDay: number
  readonly placedDay: number
  readonly inForce: boolean
}

export async function unreleasedHolds(catalog: Queryable, caseId: CaseId): Promise<readonly Hold[]> {
  const rows = await catalog.query<{
    kind: ScopeKind
    id: Uint8Array
    until_day: number
    placed_day: number
    from_day: number | null
    to_day: number | null
    in_force: boolean
  }>(
    `SELECT kind, id, until_day, placed_day, from_day, to_day, until_day >= ${TODAY} AS in_force FROM holds
     WHERE case_id = $1 AND released_day IS NULL ORDER BY kind, id`,
    [caseId],
  )
  return rows.map((row) => ({
    kind: row.kind,
    id: row.id,
    untilDay: row.until_day,
    placedDay: row.placed_day,
    fromDay: row.from_day,
    toDay: row.to_day,
    inForce: row.in_force,
  }))
}
