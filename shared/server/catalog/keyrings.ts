import { equalBytes } from "../../protocol/bytes.js"
import { ArchiveError } from "../../protocol/errors.js"
import { sha256, ZERO_HASH } from "../../protocol/hash.js"
import { HTTP_LIMITS } from "../../protocol/http.js"
import type { AccountId } from "../../protocol/ids.js"
import { decodeKeyringRecord } from "../../protocol/keyring.js"
import type { Catalog, Queryable } from "../ports.js"
import { type Created, lockOpenAccount } from "./accounts.js"

/** Keyrings: records, append-only, the oldest of which give way to a snapshot. SPEC.md §5.4. */

export interface KeyringPage {
  /** What stands for the records between those that were asked for and the first that is there. */
  readonly snapshot: Uint8Array | null
  readonly records: readonly Uint8Array[]
  readonly next: number | null
}

/** Records from `from` on, oldest first, at most a page; those that are gone as their snapshot. */
export async function readKeyring(catalog: Catalog, account: AccountId, from: number): Promise<KeyringPage> {
  return await catalog.transaction(async (transaction) => {
    // One statement could see a snapshot, and another the records from before it.
    await lockOpenAccount(transaction, account)
    const [kept] = await transaction.query<{ seq: number; snapshot: Uint8Array }>(
      "SELECT seq, snapshot FROM keyring_snapshots WHERE account_id = $1 AND seq > $2::bigint",
      [account, from],
    )
    const first = kept?.seq ?? from
    const limit = HTTP_LIMITS.keyringRecordsPerPage
    const rows = await transaction.query<{ record: Uint8Array }>(
      "SELECT record FROM keyring_records WHERE account_id = $1 AND seq >= $2::bigint ORDER BY seq LIMIT $3",
      [account, first, limit + 1],
    )
    return {
      snapshot: kept?.snapshot ?? null,
      records: rows.slice(0, limit).map((row) => row.record),
      next: rows.length > limit ? first + limit : null,
    }
  })
}

/**
 * Appends the next record: compare-and-swap on seq and prev. The same record again: nothing happens.
 * @throws {@link ArchiveError} `conflict` where it does not continue the newest record; as `decodeKeyringRecord`.
 */
export async function appendKeyring(
  catalog: Catalog,
  account: AccountId,
  rawRecord: Uint8Array,
): Promise<Created<number>> {
  return await catalog.transaction(async (transaction) => {
    await lockOpenAccount(transaction, account)
    return await append(transaction, account, rawRecord)
  })
}

/**
 * Keeps a snapshot, appends the record that names it, and lets go of the records before. That it does name it only its account can see.
 * @throws {@link ArchiveError} as {@link appendKeyring}.
 */
export async function snapshotKeyring(
  catalog: Catalog,
  account: AccountId,
  rawRecord: Uint8Array,
  rawSnapshot: Uint8Array,
): Promise<Created<number>> {
  return await catalog.transaction(async (transaction) => {
    await lockOpenAccount(transaction, account)
    const appended = await append(transaction, account, rawRecord)
    if (!appended.created) return appended
    await transaction.query(
      `INSERT INTO keyring_snapshots (account_id, seq, snapshot) VALUES ($1, $2, $3)
       ON CONFLICT (account_id) DO UPDATE SET seq = excluded.seq, snapshot = excluded.snapshot`,
      [account, appended.value, rawSnapshot],
    )
    await transaction.query("DELETE FROM keyring_records WHERE account_id = $1 AND seq < $2::bigint", [
      account,
      appended.value,
    ])
    return appended
  })
}

async function append(transaction: Queryable, account: AccountId, rawRecord: Uint8Array): Promise<Created<number>> {
  const { seq, prev } = decodeKeyringRecord(rawRecord)
  const hash = sha256(rawRecord)
  const [same] = await transaction.query(
    "SELECT 1 FROM keyring_records WHERE account_id = $1 AND seq = $2::bigint AND hash = $3",
    [account, seq, hash],
  )
  if (same !== undefined) return { created: false, value: seq }
  const [newest] = await transaction.query<{ seq: number; hash: Uint8Array }>(
    "SELECT seq, hash FROM keyring_records WHERE account_id = $1 ORDER BY seq DESC LIMIT 1",
    [account],
  )
  const continues = seq === (newest === undefined ? 0 : newest.seq + 1) && equalBytes(prev, newest?.hash ?? ZERO_HASH)
  if (!continues) throw new ArchiveError("conflict", "a record that does not continue the newest one")
  await transaction.query("INSERT INTO keyring_records (account_id, seq, record, hash) VALUES ($1, $2, $3, $4)", [
    account,
    seq,
    rawRecord,
    hash,
  ])
  return { created: true, value: seq }
}
