import { concatBytes, equalBytes } from "../../protocol/bytes.js"
import type { VerifySignature } from "../../protocol/envelope.js"
import { ArchiveError } from "../../protocol/errors.js"
import { ID_BYTES, sha256 } from "../../protocol/hash.js"
import { HTTP_LIMITS } from "../../protocol/http.js"
import type { AccountId } from "../../protocol/ids.js"
import { LIMITS } from "../../protocol/limits.js"
import { activeDevices, assertBoxesOfHead, isClosed, type VerifiedChain, verifyChain } from "../../protocol/chain.js"
import { openLink } from "../../protocol/link.js"
import type { Catalog, Queryable } from "../ports.js"
import { TODAY } from "./sql.js"

/** Accounts, their chains and inboxes. SPEC.md §5. */

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
  assertBoxesOfHead(chain, 0, boxes)
  const created = await catalog.transaction(async (transaction) => {
    const inserted = await transaction.query(
      `INSERT INTO accounts (account_id, genesis_hash, head_seq, head_hash, recovery_key, created_day) VALUES ($1, $2, 0, $2, $3, ${TODAY})
       ON CONFLICT (account_id) DO NOTHING RETURNING 1`,
      [chain.accountId, chain.genesisHash, chain.recovery.ed25519],
    )
    if (inserted.length === 0) return false
    await insertLink(transaction, chain, genesis, boxes)
    return true
  })
  return { created, value: chain.accountId }
}

/**
 * Appends the next link of a sigchain: compare-and-swap on its seq. The same link again: nothing happens.
 * A link that takes a device or the recovery device away ends the account's sessions; one that closes the account leaves nothing of it but the chain.
 * @returns the link's seq.
 * @throws {@link ArchiveError} `conflict` where it does not continue the newest link; as `verifyChain`; `not-found`.
 */
export async function appendLink(
  catalog: Catalog,
  account: AccountId,
  link: Uint8Array,
  boxes: readonly Uint8Array[],
  verify: VerifySignature,
): Promise<Created<number>> {
  const { seq, body } = openLink(link, verify)
  return await catalog.transaction(async (transaction) => {
    await lockAccount(transaction, account)
    const links = await readChain(transaction, account)
    const known = links[seq]
    if (known !== undefined && equalBytes(known, link)) return { created: false, value: seq }
    if (seq !== links.length) throw new ArchiveError("conflict", "a link that does not continue the newest one")
    const before = verifyChain(links, verify)
    const chain = verifyChain([...links, link], verify)
    assertBoxesOfHead(chain, before.boxes.length, boxes)
    await insertLink(transaction, chain, link, boxes)
    await transaction.query(
      "UPDATE accounts SET head_seq = $2, head_hash = $3, recovery_key = $4 WHERE account_id = $1",
      [account, seq, chain.headHash, chain.recovery.ed25519],
    )
    if (body.type === "close") await emptyAccount(transaction, account)
    if (body.type === "revoke-devices" || body.type === "replace-recovery" || body.type === "close")
      await transaction.query("DELETE FROM tokens WHERE subject = $1 AND scope = 'device'", [account])
    return { created: true, value: seq }
  })
}

/**
 * Closes an account that a restored catalog has open, by all the links that it had when it was closed.
 * @returns whether that was done now: not where there is no such account, or it is closed.
 * @throws {@link ArchiveError} `conflict` where the catalog has another chain; as `verifyChain`.
 */
export async function closeAgain(
  catalog: Catalog,
  account: AccountId,
  links: readonly Uint8Array[],
  verify: VerifySignature,
): Promise<boolean> {
  return await catalog.transaction(async (transaction) => {
    const [open] = await transaction.query(
      "SELECT 1 FROM accounts WHERE account_id = $1 AND closed_day IS NULL FOR UPDATE",
      [account],
    )
    if (open === undefined) return false
    const kept = await readChain(transaction, account)
    if (!kept.every((link, seq) => equalBytes(link, links[seq] ?? new Uint8Array())))
      throw new ArchiveError("conflict", "the account went on otherwise than to its end")
    const closed = verifyChain(links, verify)
    if (!isClosed(closed)) throw new ArchiveError("malformed", "links that close no account")
    for (let seq = kept.length; seq < links.length; seq++)
      await insertLink(transaction, verifyChain(links.slice(0, seq + 1), verify), links[seq] ?? new Uint8Array(), [])
    await transaction.query("UPDATE accounts SET head_seq = $2, head_hash = $3 WHERE account_id = $1", [
      account,
      links.length - 1,
      closed.headHash,
    ])
    await emptyAccount(transaction, account)
    await transaction.query("DELETE FROM tokens WHERE subject = $1", [account])
    return true
  })
}

/** What is removed with the link that closes an account. SPEC.md §5.1. */
async function emptyAccount(transaction: Queryable, account: AccountId): Promise<void> {
  await transaction.query(`UPDATE accounts SET closed_day = ${TODAY}, recovery_key = NULL WHERE account_id = $1`, [
    account,
  ])
  for (const table of ["account_boxes", "inbox_entries", "keyring_records", "keyring_snapshots", "handles"])
    await transaction.query(`DELETE FROM ${table} WHERE account_id = $1`, [account])
}

/** The account whose recovery device has this Ed25519 key. @throws {@link ArchiveError} `not-found`. */
export async function findByRecoveryKey(catalog: Queryable, recoveryKey: Uint8Array): Promise<AccountId> {
  const [row] = await catalog.query<{ account_id: AccountId }>(
    "SELECT account_id FROM accounts WHERE recovery_key = $1 LIMIT 1",
    [recoveryKey],
  )
  if (row === undefined) throw noSuchAccount()
  return row.account_id
}

/** The newest link of `chain`, and its boxes. */
async function insertLink(
  transaction: Queryable,
  chain: VerifiedChain,
  link: Uint8Array,
  boxes: readonly Uint8Array[],
): Promise<void> {
  await transaction.query("INSERT INTO account_links (account_id, seq, link, hash) VALUES ($1, $2, $3, $4)", [
    chain.accountId,
    chain.linkHashes.length - 1,
    link,
    chain.headHash,
  ])
  await transaction.query(
    "INSERT INTO account_boxes (account_id, box_hash, box) SELECT $1, * FROM unnest($2::bytea[], $3::bytea[]) ON CONFLICT DO NOTHING",
    [chain.accountId, boxes.map((box) => sha256(box)), boxes],
  )
}

/** Every link of a sigchain, the genesis first. @throws {@link ArchiveError} `not-found`. */
export async function readChain(catalog: Queryable, account: AccountId): Promise<readonly Uint8Array[]> {
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
 * @throws {@link ArchiveError} `malformed` for another size, `not-found`, `gone` for a closed account, `inbox-full` where too much waits already.
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
    await lockOpenAccount(transaction, account)
    const [known] = await transaction.query("SELECT 1 FROM inbox_entries WHERE entry_id = $1", [entry])
    if (known !== undefined) return { created: false, value: entry }
    const [pending] = await transaction.query<{ entries: number }>(
      "SELECT count(*)::int AS entries FROM inbox_entries WHERE account_id = $1",
      [account],
    )
    if ((pending?.entries ?? 0) >= HTTP_LIMITS.inboxEntries)
      throw new ArchiveError(
        "inbox-full",
        `${HTTP_LIMITS.inboxEntries} invitations wait in that inbox already: its owner must accept or decline some first`,
      )
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

/**
 * The device keys that may answer a challenge for an account, until the transaction ends: a link that ends sessions waits for it, and finds the token that it gives.
 * @throws {@link ArchiveError} `not-found`.
 */
export async function activeDeviceKeys(
  transaction: Queryable,
  account: AccountId,
  verify: VerifySignature,
): Promise<readonly Uint8Array[]> {
  await transaction.query("SELECT 1 FROM accounts WHERE account_id = $1 FOR SHARE", [account])
  const chain = verifyChain(await readChain(transaction, account), verify)
  if (isClosed(chain)) return []
  return [...activeDevices(chain), chain.recovery].map((device) => device.ed25519)
}

/** @throws {@link ArchiveError} `not-found`. */
export async function requireAccount(catalog: Queryable, account: AccountId): Promise<void> {
  const [row] = await catalog.query("SELECT 1 FROM accounts WHERE account_id = $1", [account])
  if (row === undefined) throw noSuchAccount()
}

/** @throws {@link ArchiveError} `not-found`, `gone` for one that was closed. */
export async function lockOpenAccount(transaction: Queryable, account: AccountId): Promise<void> {
  await lockAccount(transaction, account)
  const [open] = await transaction.query("SELECT 1 FROM accounts WHERE account_id = $1 AND closed_day IS NULL", [
    account,
  ])
  if (open === undefined) throw new ArchiveError("gone", "this account was closed")
}

/** Of two changes of one account the second waits for the first. @throws {@link ArchiveError} `not-found`. */
async function lockAccount(transaction: Queryable, account: AccountId): Promise<void> {
  const [row] = await transaction.query("SELECT 1 FROM accounts WHERE account_id = $1 FOR UPDATE", [account])
  if (row === undefined) throw noSuchAccount()
}

function noSuchAccount(): ArchiveError {
  return new ArchiveError("not-found", "no such account")
}
