import { concatBytes, equalBytes } from "../../protocol/bytes.js"
import type { VerifySignature } from "../../protocol/envelope.js"
import { ArchiveError } from "../../protocol/errors.js"
import { ID_BYTES, sha256, ZERO_HASH } from "../../protocol/hash.js"
import { HTTP_LIMITS } from "../../protocol/http.js"
import type { AccountId } from "../../protocol/ids.js"
import { decodeKeyringRecord } from "../../protocol/keyring.js"
import { LIMITS } from "../../protocol/limits.js"
import { verifyChain } from "../../protocol/link.js"
import type { Catalog, Queryable } from "../ports.js"
import { TODAY } from "./sql.js"

/** Accounts, their inboxes and keyrings. SPEC.md §5. Everything is append-only but the inbox. */

export interface Created<T> {
  readonly created: boolean
  readonly value: T
}

/**
 * Keeps an account that its genesis link proves. Again with the same link: nothing happens.
 * @throws {@link ArchiveError} as `verifyChain`; `bad-chain` where the boxes are not those that the link names.
 */
export async function createAccount(
  catalog: Catalog,
  genesis: Uint8Array,
  boxes: readonly Uint8Array[],
  verify: VerifySignature,
): Promise<Created<AccountId>> {
  const chain = verifyChain([genesis], verify)
  const boxHashes = boxes.map((box) => sha256(box))
  const named = chain.boxHashes
  if (
    boxHashes.length !== named.length ||
    !boxHashes.every((hash, index) => equalBytes(hash, named[index] ?? ZERO_HASH))
  ) {
    throw new ArchiveError("bad-chain", "boxes that are not those that the link names")
  }
  const created = await catalog.transaction(async (transaction) => {
    const inserted = await transaction.query(
      `INSERT INTO accounts (account_id, genesis_hash, head_seq, head_hash, created_day) VALUES ($1, $2, 0, $2, ${TODAY})
       ON CONFLICT (account_id) DO NOTHING RETURNING 1`,
      [chain.accountId, chain.genesisHash],
    )
    if (inserted.length === 0) return false
    await transaction.query("INSERT INTO account_links (account_id, seq, link, hash) VALUES ($1, 0, $2, $3)", [
      chain.accountId,
      genesis,
      chain.genesisHash,
    ])
    await transaction.query(
      "INSERT INTO account_boxes (account_id, box_hash, box) SELECT $1, * FROM unnest($2::bytea[], $3::bytea[]) ON CONFLICT DO NOTHING",
      [chain.accountId, boxHashes, boxes],
    )
    return true
  })
  return { created, value: chain.accountId }
}

/** Every link of a sigchain, the genesis first. @throws {@link ArchiveError} `not-found`. */
export async function readChain(catalog: Catalog, account: AccountId): Promise<readonly Uint8Array[]> {
  const rows = await catalog.query<{ link: Uint8Array }>(
    "SELECT link FROM account_links WHERE account_id = $1 ORDER BY seq",
    [account],
  )
  if (rows.length === 0) throw noSuchAccount()
  return rows.map((row) => row.link)
}

export async function readBoxes(catalog: Catalog, account: AccountId): Promise<readonly Uint8Array[]> {
  const rows = await catalog.query<{ box: Uint8Array }>(
    "SELECT box FROM account_boxes WHERE account_id = $1 ORDER BY box_hash",
    [account],
  )
  return rows.map((row) => row.box)
}

// Inbox, SPEC.md §5.3

export interface InboxEntry {
  readonly entry: Uint8Array
  readonly sealed: Uint8Array
  readonly day: number
}

/**
 * Leaves a sealed invitation for an account. The entry's id follows from account and bytes, so posting again changes nothing.
 * @throws {@link ArchiveError} `malformed` for another size, `not-found`, `rate-limited` where too much waits already.
 */
export async function postToInbox(
  catalog: Catalog,
  account: AccountId,
  sealed: Uint8Array,
): Promise<Created<Uint8Array>> {
  if (sealed.length !== LIMITS.invitationBytes)
    throw new ArchiveError("malformed", `an invitation is ${LIMITS.invitationBytes} bytes long`)
  const entry = sha256(concatBytes(account, sealed)).slice(0, ID_BYTES)
  return catalog.transaction(async (transaction) => {
    await lockAccount(transaction, account)
    const [known] = await transaction.query("SELECT 1 FROM inbox_entries WHERE entry_id = $1", [entry])
    if (known !== undefined) return { created: false, value: entry }
    const [pending] = await transaction.query<{ entries: number }>(
      "SELECT count(*)::int AS entries FROM inbox_entries WHERE account_id = $1",
      [account],
    )
    if ((pending?.entries ?? 0) >= HTTP_LIMITS.inboxEntries)
      throw new ArchiveError("rate-limited", "too much waits in that inbox already")
    await transaction.query(
      `INSERT INTO inbox_entries (entry_id, account_id, sealed, day) VALUES ($1, $2, $3, ${TODAY})`,
      [entry, account, sealed],
    )
    return { created: true, value: entry }
  })
}

/** What waits, oldest first. */
export async function readInbox(catalog: Catalog, account: AccountId): Promise<readonly InboxEntry[]> {
  return catalog.query<InboxEntry>(
    "SELECT entry_id AS entry, sealed, day FROM inbox_entries WHERE account_id = $1 ORDER BY position",
    [account],
  )
}

export async function deleteInboxEntry(catalog: Catalog, account: AccountId, entry: Uint8Array): Promise<void> {
  await catalog.query("DELETE FROM inbox_entries WHERE account_id = $1 AND entry_id = $2", [account, entry])
}

// Keyring, SPEC.md §5.4

/** Records from `from` on, oldest first, at most a page. */
export async function readKeyring(
  catalog: Catalog,
  account: AccountId,
  from: number,
): Promise<{ readonly records: readonly Uint8Array[]; readonly next: number | null }> {
  const limit = HTTP_LIMITS.keyringRecordsPerPage
  const rows = await catalog.query<{ record: Uint8Array }>(
    "SELECT record FROM keyring_records WHERE account_id = $1 AND seq >= $2::bigint ORDER BY seq LIMIT $3",
    [account, from, limit + 1],
  )
  return { records: rows.slice(0, limit).map((row) => row.record), next: rows.length > limit ? from + limit : null }
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
  const { seq, prev } = decodeKeyringRecord(rawRecord)
  const hash = sha256(rawRecord)
  return catalog.transaction(async (transaction) => {
    await lockAccount(transaction, account)
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
  })
}

/** The device keys that may answer a challenge for an account. @throws {@link ArchiveError} `not-found`. */
export async function activeDeviceKeys(
  catalog: Catalog,
  account: AccountId,
  verify: VerifySignature,
): Promise<readonly Uint8Array[]> {
  const { devices, recovery } = verifyChain(await readChain(catalog, account), verify)
  return [...devices, recovery].map((device) => device.ed25519)
}

/** @throws {@link ArchiveError} `not-found`. */
export async function requireAccount(catalog: Queryable, account: AccountId): Promise<void> {
  const [row] = await catalog.query("SELECT 1 FROM accounts WHERE account_id = $1", [account])
  if (row === undefined) throw noSuchAccount()
}

async function lockAccount(transaction: Queryable, account: AccountId): Promise<void> {
  const [row] = await transaction.query("SELECT 1 FROM accounts WHERE account_id = $1 FOR UPDATE", [account])
  if (row === undefined) throw noSuchAccount()
}

function noSuchAccount(): ArchiveError {
  return new ArchiveError("not-found", "no such account")
}
