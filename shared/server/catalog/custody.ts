import { toHex, utf8 } from "../../protocol/bytes.js"
import { ArchiveError } from "../../protocol/errors.js"
import { sha256, ZERO_HASH } from "../../protocol/hash.js"
import { type CaseId, formatId } from "../../protocol/ids.js"
import type { Queryable } from "../ports.js"

/** The custody record of a case: what was done with it, by whom, each entry naming the hash of the one before. SPEC.md §17. */

/** Who acts, and with which program. */
export interface Actor {
  readonly name: string
  readonly tool: string
}

export interface CustodyEntry {
  readonly seq: number
  /** One line of JSON, as it is hashed and produced. */
  readonly entry: string
  readonly hash: Uint8Array
}

/** Appends an entry, in the transaction of what it tells of. */
export async function recordCustody(
  transaction: Queryable,
  caseId: CaseId,
  actor: Actor,
  action: string,
  details: Readonly<Record<string, unknown>>,
): Promise<CustodyEntry> {
  const [open] = await transaction.query<{ time: Date }>(
    "SELECT now() AS time FROM cases WHERE case_id = $1 FOR UPDATE",
    [caseId],
  )
  if (open === undefined) throw new ArchiveError("not-found", "no such case")
  const [newest] = await transaction.query<{ seq: number; hash: Uint8Array }>(
    "SELECT seq, hash FROM custody WHERE case_id = $1 ORDER BY seq DESC LIMIT 1",
    [caseId],
  )
  const seq = (newest?.seq ?? -1) + 1
  const entry = JSON.stringify({
    seq,
    prev: toHex(newest?.hash ?? ZERO_HASH),
    case: formatId("case", caseId),
    time: open.time.toISOString(),
    actor: actor.name,
    tool: actor.tool,
    action,
    details,
  })
  const hash = sha256(utf8(entry))
  await transaction.query("INSERT INTO custody (case_id, seq, entry, hash) VALUES ($1, $2, $3, $4)", [
    caseId,
    seq,
    entry,
    hash,
  ])
  return { seq, entry, hash }
}

export async function readCustody(catalog: Queryable, caseId: CaseId): Promise<readonly CustodyEntry[]> {
  return await catalog.query<CustodyEntry>("SELECT seq, entry, hash FROM custody WHERE case_id = $1 ORDER BY seq", [
    caseId,
  ])
}
