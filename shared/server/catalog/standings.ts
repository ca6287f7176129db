import { toHex } from "../../protocol/bytes.js"
import type { CapabilityScope } from "../../protocol/capability.js"
import type { Catalog } from "../ports.js"
import type { Head } from "./meetings.js"

/** What sockets are held to, and what is said on them. SPEC.md §11.1. */

/** A token that is still good, and where its subject stands. */
export interface Standing {
  readonly subject: Uint8Array
  readonly scope: CapabilityScope
  readonly epoch: number
  /** As {@link Grant}'s. */
  readonly newestEpoch: number
  /** Of the meeting's log, or the account's sigchain. */
  readonly head: Head
  /** How many messages there were in the meeting's chat; 0 for an account. */
  readonly messages: number
  readonly keyring: Head | null
  readonly inbox: { readonly entries: number; readonly newest: Uint8Array | null }
}

/** By the token's SHA-256 in hex; one that is unknown, has expired, or is of something that is gone has none. One query, however many they are. */
export async function readStandings(
  catalog: Catalog,
  tokenHashes: readonly Uint8Array[],
): Promise<ReadonlyMap<string, Standing>> {
  const rows = await catalog.query<{
    token_hash: Uint8Array
    subject: Uint8Array
    scope: CapabilityScope
    epoch: number
    newest_epoch: number | null
    head_seq: number
    head_hash: Uint8Array
    messages: number | null
    keyring_seq: number | null
    keyring_hash: Uint8Array | null
    entries: number
    newest: Uint8Array | null
  }>(
    `SELECT tokens.token_hash, tokens.subject, tokens.scope, tokens.epoch, meetings.epoch AS newest_epoch,
       coalesce(meetings.head_seq, accounts.head_seq) AS head_seq, coalesce(meetings.head_hash, accounts.head_hash) AS head_hash,
       meetings.message_count AS messages, keyring.seq AS keyring_seq, keyring.hash AS keyring_hash, inbox.entries, inbox.newest
     FROM tokens
       LEFT JOIN meetings ON tokens.scope <> 'device' AND meetings.meeting_id = tokens.subject
       LEFT JOIN accounts ON tokens.scope = 'device' AND accounts.account_id = tokens.subject
       LEFT JOIN LATERAL (
         SELECT seq, hash FROM keyring_records WHERE account_id = accounts.account_id ORDER BY seq DESC LIMIT 1) keyring ON true
       LEFT JOIN LATERAL (
         SELECT count(*)::int AS entries, (array_agg(entry_id ORDER BY position DESC))[1] AS newest
         FROM inbox_entries WHERE account_id = accounts.account_id) inbox ON true
     WHERE tokens.token_hash = ANY ($1::bytea[]) AND tokens.expires_at > now()
       AND coalesce(meetings.meeting_id, accounts.account_id) IS NOT NULL`,
    [tokenHashes],
  )
  return new Map(
    rows.map((row) => [
      toHex(row.token_hash),
      {
        subject: row.subject,
        scope: row.scope,
        epoch: row.epoch,
        newestEpoch: row.newest_epoch ?? 0,
        head: { seq: row.head_seq, hash: row.head_hash },
        messages: row.messages ?? 0,
        keyring:
          row.keyring_seq === null || row.keyring_hash === null
            ? null
            : { seq: row.keyring_seq, hash: row.keyring_hash },
        inbox: { entries: row.entries, newest: row.newest },
      },
    ]),
  )
}
