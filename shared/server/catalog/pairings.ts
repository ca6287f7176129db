import { equalBytes } from "../../protocol/bytes.js"
import { ArchiveError } from "../../protocol/errors.js"
import { HTTP_LIMITS } from "../../protocol/http.js"
import type { PairingId } from "../../protocol/ids.js"
import { LIMITS } from "../../protocol/limits.js"
import type { Catalog, Queryable } from "../ports.js"
import type { Created } from "./accounts.js"

/** Mailboxes of pairings: message by message, each written once, all gone ten minutes after the first. SPEC.md §5.5. */

const EXPIRES_AT_MS = "(extract(epoch FROM expires_at) * 1000)::bigint AS expires_at_ms"

/**
 * Leaves message `n`. The same again: nothing happens.
 * @returns when the pairing ends.
 * @throws {@link ArchiveError} `conflict` where another message is there or the one before is not; `not-found` for a pairing that has ended;
 * `rate-limited` where too many are under way.
 */
export async function leaveMessage(
  catalog: Catalog,
  pairing: PairingId,
  n: number,
  sealed: Uint8Array,
): Promise<Created<number>> {
  if (n >= LIMITS.pairingMessages)
    throw new ArchiveError("malformed", `a pairing has at most ${LIMITS.pairingMessages} messages`)
  return await catalog.transaction(async (transaction) => {
    if (n === 0) await beginPairing(transaction, pairing, sealed)
    else await continuePairing(transaction, pairing, n, sealed)
    // What is there now is what was sent, or what came first.
    const [row] = await transaction.query<{ sealed: Uint8Array; expires_at_ms: string; is_new: boolean }>(
      `SELECT sealed, ${EXPIRES_AT_MS}, xmin = pg_current_xact_id()::xid AS is_new
       FROM pairing_messages WHERE pairing_id = $1 AND n = $2 AND expires_at > now()`,
      [pairing, n],
    )
    if (row === undefined) throw hasEnded()
    if (!equalBytes(row.sealed, sealed)) throw new ArchiveError("conflict", "another message is there already")
    return { created: row.is_new, value: Number(row.expires_at_ms) }
  })
}

async function beginPairing(transaction: Queryable, pairing: PairingId, sealed: Uint8Array): Promise<void> {
  const [row] = await transaction.query<{ pairings: number }>(
    "SELECT count(*)::int AS pairings FROM pairing_messages WHERE n = 0 AND expires_at > now()",
    [],
  )
  if ((row?.pairings ?? 0) >= HTTP_LIMITS.pairings)
    throw new ArchiveError("rate-limited", "too many devices are being linked at once: try again in some minutes")
  await transaction.query(
    `INSERT INTO pairing_messages (pairing_id, n, sealed, expires_at)
     VALUES ($1, 0, $2, date_trunc('milliseconds', now()) + $3 * interval '1 millisecond') ON CONFLICT DO NOTHING`,
    [pairing, sealed, HTTP_LIMITS.pairingMs],
  )
}

async function continuePairing(
  transaction: Queryable,
  pairing: PairingId,
  n: number,
  sealed: Uint8Array,
): Promise<void> {
  const [first] = await transaction.query<{ messages: number }>(
    `SELECT (SELECT count(*)::int FROM pairing_messages WHERE pairing_id = $1) AS messages
     FROM pairing_messages WHERE pairing_id = $1 AND n = 0 AND expires_at > now()`,
    [pairing],
  )
  if (first === undefined) throw hasEnded()
  if (first.messages < n) throw new ArchiveError("conflict", "the message before is not there")
  await transaction.query(
    `INSERT INTO pairing_messages (pairing_id, n, sealed, expires_at)
     SELECT pairing_id, $2, $3, expires_at FROM pairing_messages WHERE pairing_id = $1 AND n = 0 ON CONFLICT DO NOTHING`,
    [pairing, n, sealed],
  )
}

/** @throws {@link ArchiveError} `not-found` while it is not there, and once the pairing has ended. */
export async function readMessage(catalog: Queryable, pairing: PairingId, n: number): Promise<Uint8Array> {
  const [row] = await catalog.query<{ sealed: Uint8Array }>(
    "SELECT sealed FROM pairing_messages WHERE pairing_id = $1 AND n = $2 AND expires_at > now()",
    [pairing, n],
  )
  if (row === undefined) throw new ArchiveError("not-found", "no such message")
  return row.sealed
}

function hasEnded(): ArchiveError {
  return new ArchiveError("not-found", "this pairing has ended, or was never begun: show a new code")
}
