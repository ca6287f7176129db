import { equalBytes, fromHex, utf8 } from "../../protocol/bytes.js"
import { sha256 } from "../../protocol/hash.js"
import { ArchiveError } from "../../protocol/errors.js"
import type { CaseId } from "../../protocol/ids.js"
import type { Catalog, Queryable } from "../ports.js"
import { type Actor, readCustody, recordCustody } from "./custody.js"
import { lockItems, type ScopeKind, unreleasedHolds } from "./holds.js"
import { noteStep } from "./notices.js"

/** Cases as a ledger notes them, for a catalog that was restored from before. SPEC.md §17, LE1 to LE3. */

/** The rows of a case, in an order in which they can be put back. */
export const CASE_TABLES = ["cases", "custody", "case_scope", "holds", "notices"] as const
export type CaseTable = (typeof CASE_TABLES)[number]
/** A row as the database makes JSON of it: bytes are `\x` and hex. */
export type NotedRow = Readonly<Record<string, unknown>>
export type NotedCase = Readonly<Record<CaseTable, readonly NotedRow[]>>

/** What became of a case that was noted. */
export type CaseReplay = "known" | "replayed" | "joined"

/**
 * Brings a case to where it was when it was noted: where the catalog's custody record is the beginning of the noted one, all of it; where something else was
 * done since, both are kept: what either holds is held, and nobody is told before either said.
 */
export async function replayCase(
  catalog: Catalog,
  actor: Actor,
  caseId: CaseId,
  noted: NotedCase,
): Promise<CaseReplay> {
  const record = noted.custody.map(readNotedEntry)
  return await catalog.transaction(async (transaction) => {
    await transaction.query("SELECT 1 FROM cases WHERE case_id = $1 FOR UPDATE", [caseId])
    const kept = (await readCustody(transaction, caseId)).map(({ entry }) => entry)
    const differs = kept.findIndex((entry, seq) => entry !== record[seq])
    const common = differs === -1 ? kept.length : differs
    if (common >= record.length) return "known"
    await lockItems(transaction, [...noted.case_scope, ...noted.holds].map(itemOf))
    const isContinued = common === kept.length
    await (isContinued ? putBack(transaction, caseId, noted) : join(transaction, caseId, noted))
    const { seq } = await recordCustody(transaction, caseId, actor, "replayed", {
      entries: record.length - common,
      // Of a record that went on otherwise they stand here alone.
      ...(isContinued ? {} : { record: record.slice(common) }),
    })
    if (!isContinued)
      for (const held of await unreleasedHolds(transaction, caseId))
        await noteStep(transaction, caseId, { ...held, seq, action: "hold", items: [held] })
    return isContinued ? "replayed" : "joined"
  })
}

async function putBack(transaction: Queryable, caseId: CaseId, noted: NotedCase): Promise<void> {
  for (const table of CASE_TABLES.toReversed())
    await transaction.query(`DELETE FROM ${table} WHERE case_id = $1`, [caseId])
  for (const table of CASE_TABLES)
    for (const row of noted[table])
      await transaction.query(`INSERT INTO ${table} SELECT * FROM ${populated(table)}`, [JSON.stringify(row)])
}

async function join(transaction: Queryable, caseId: CaseId, noted: NotedCase): Promise<void> {
  for (const row of noted.case_scope)
    await transaction.query(`INSERT INTO case_scope SELECT * FROM ${populated("case_scope")} ON CONFLICT DO NOTHING`, [
      JSON.stringify(row),
    ])
  for (const row of noted.holds)
    await transaction.query(
      `INSERT INTO holds SELECT * FROM ${populated("holds")} WHERE released_day IS NULL
       ON CONFLICT (case_id, kind, id) DO UPDATE SET released_day = NULL, until_day = greatest(holds.until_day, excluded.until_day),
         from_day = least(coalesce(holds.from_day, 0), coalesce(excluded.from_day, 0)),
         to_day = nullif(greatest(coalesce(holds.to_day, 2147483647), coalesce(excluded.to_day, 2147483647)), 2147483647)`,
      [JSON.stringify(row)],
    )
  for (const row of noted.cases)
    await transaction.query(
      `UPDATE cases SET notice_day = greatest(cases.notice_day, noted.notice_day), notice_reason = coalesce(cases.notice_reason, noted.notice_reason)
       FROM ${populated("cases", "$2")} noted WHERE cases.case_id = $1`,
      [caseId, JSON.stringify(row)],
    )
}

function populated(table: CaseTable, parameter = "$1"): string {
  return `jsonb_populate_record(NULL::${table}, ${parameter}::jsonb)`
}

function readNotedEntry({ entry, hash }: NotedRow): string {
  if (typeof entry !== "string" || !equalBytes(sha256(utf8(entry)), readNotedBytes(hash)))
    throw new ArchiveError("malformed", "a noted entry of a custody record that is not whole")
  return entry
}

function itemOf({ kind, id }: NotedRow): { readonly kind: ScopeKind; readonly id: Uint8Array } {
  if (kind !== "account" && kind !== "meeting" && kind !== "asset")
    throw new ArchiveError("malformed", "a noted item of no kind")
  return { kind, id: readNotedBytes(id) }
}

/** Bytes of a noted row. @throws {@link ArchiveError} `malformed`. */
export function readNotedBytes(value: unknown): Uint8Array {
  if (typeof value !== "string" || !/^\\x(?:[0-9a-f]{2})*$/.test(value))
    throw new ArchiveError("malformed", "noted bytes of another form")
  return fromHex(value.slice(2))
}
