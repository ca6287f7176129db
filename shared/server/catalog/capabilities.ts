import { equalBytes } from "../../protocol/bytes.js"
import type { RandomBytes } from "../../protocol/ambient.js"
import { type CapabilityScope, type ChallengeAnswer, challengeBytes } from "../../protocol/capability.js"
import type { VerifySignature } from "../../protocol/envelope.js"
import { ArchiveError } from "../../protocol/errors.js"
import { sha256 } from "../../protocol/hash.js"
import { HTTP_LIMITS } from "../../protocol/http.js"
import type { Catalog, Queryable } from "../ports.js"
import { lackOf } from "./deletion.js"
import { TODAY } from "./sql.js"

/** Challenges and tokens. SPEC.md §11. Both are kept as their SHA-256; deadlines are the database's. */

export interface Challenge {
  readonly nonce: Uint8Array
  readonly expiresAtMs: number
}

/** What a token allows: nothing that says who holds it. */
export interface Grant {
  /** Account id or meeting id. */
  readonly subject: Uint8Array
  readonly scope: CapabilityScope
  readonly epoch: number
  /** The newest epoch of the meeting; 0 for an account. A token of an older one reads later epoch events, and no more. */
  readonly newestEpoch: number
  /** How long it was still to hold when the catalog was asked. */
  readonly endsInMs: number
}

const NONCE_BYTES = 32

/** A challenge to be answered once, within 60 s. */
export async function issueChallenge(catalog: Catalog, random: RandomBytes, subject: Uint8Array): Promise<Challenge> {
  const nonce = random(NONCE_BYTES)
  const [row] = await catalog.query<{ expires_at_ms: string }>(
    `INSERT INTO challenges (nonce_hash, subject, expires_at)
     VALUES ($1, $2, date_trunc('milliseconds', now()) + $3 * interval '1 millisecond')
     RETURNING (extract(epoch FROM expires_at) * 1000)::bigint AS expires_at_ms`,
    [sha256(nonce), subject, HTTP_LIMITS.challengeMs],
  )
  return { nonce, expiresAtMs: Number(row?.expires_at_ms) }
}

/**
 * Takes an answered challenge and gives a token.
 * The signature is checked first: who can't sign can't use a challenge up.
 * @throws {@link ArchiveError} `forbidden` for an origin that is not this server's; `unauthenticated` for a wrong signature, and for a challenge
 * that was used, has expired, or was never given.
 */
export async function redeemChallenge(
  catalog: Queryable,
  random: RandomBytes,
  answer: ChallengeAnswer & { readonly key: Uint8Array; readonly signature: Uint8Array },
  options: { readonly origins: ReadonlySet<string>; readonly verify: VerifySignature },
): Promise<{ readonly token: Uint8Array; readonly expiresAtMs: number }> {
  if (!options.origins.has(answer.origin)) throw new ArchiveError("forbidden", "an origin that is not this server's")
  if (!options.verify(answer.signature, challengeBytes(answer), answer.key)) {
    throw new ArchiveError("unauthenticated", "a challenge answered with another key, or for something else")
  }
  const token = random(HTTP_LIMITS.tokenBytes)
  const [row] = await catalog.query<{ expires_at_ms: string }>(
    `WITH used AS (
       DELETE FROM challenges
       WHERE nonce_hash = $1 AND subject = $2 AND expires_at > now() AND (extract(epoch FROM expires_at) * 1000)::bigint = $3
       RETURNING 1)
     INSERT INTO tokens (token_hash, subject, scope, epoch, expires_at)
     SELECT $4, $2, $5, $6, date_trunc('milliseconds', now()) + $7 * interval '1 millisecond' FROM used
     RETURNING (extract(epoch FROM expires_at) * 1000)::bigint AS expires_at_ms`,
    [
      sha256(answer.nonce),
      answer.subject,
      answer.expiresAtMs,
      sha256(token),
      answer.scope,
      answer.epoch,
      HTTP_LIMITS.tokenMs,
    ],
  )
  if (row === undefined)
    throw new ArchiveError("unauthenticated", "a challenge that was used, has expired, or was never given")
  return { token, expiresAtMs: Number(row.expires_at_ms) }
}

/** What a token allows, or `null` for one that is unknown or has expired. */
export async function findGrant(catalog: Catalog, token: Uint8Array): Promise<Grant | null> {
  const [row] = await catalog.query<{
    subject: Uint8Array
    scope: CapabilityScope
    epoch: number
    newest_epoch: number | null
    ends_in_ms: number
  }>(
    `SELECT tokens.subject, tokens.scope, tokens.epoch, meetings.epoch AS newest_epoch,
       floor(extract(epoch FROM expires_at - now()) * 1000)::bigint AS ends_in_ms
     FROM tokens LEFT JOIN meetings ON tokens.scope <> 'device' AND meetings.meeting_id = tokens.subject
     WHERE token_hash = $1 AND expires_at > now()`,
    [sha256(token)],
  )
  if (row === undefined) return null
  const { subject, scope, epoch, newest_epoch: newestEpoch, ends_in_ms: endsInMs } = row
  return { subject, scope, epoch, newestEpoch: newestEpoch ?? 0, endsInMs }
}

/**
 * The public key that answers for `scope` in `epoch` of a meeting.
 * Of older epochs only the access key counts: an admin key that was replaced opens nothing.
 * @throws {@link ArchiveError} `not-found` without such a meeting or epoch, `forbidden` for the admin key of an older epoch.
 */
export async function capabilityKey(
  catalog: Catalog,
  meetingId: Uint8Array,
  scope: "access" | "admin",
  epoch: number,
): Promise<Uint8Array> {
  const [row] = await catalog.query<{ access_key: Uint8Array; admin_key: Uint8Array; newest_epoch: number }>(
    `SELECT meeting_epochs.access_key, meeting_epochs.admin_key, meetings.epoch AS newest_epoch
     FROM meeting_epochs JOIN meetings USING (meeting_id)
     WHERE meeting_id = $1 AND meeting_epochs.epoch = $2`,
    [meetingId, epoch],
  )
  if (row === undefined) throw await lackOf(catalog, "meeting", meetingId)
  if (scope === "access") return row.access_key
  if (epoch !== row.newest_epoch) throw new ArchiveError("forbidden", "the admin key of an older epoch")
  return row.admin_key
}

/** Forgets what has expired. */
export async function forgetExpired(catalog: Catalog): Promise<void> {
  await catalog.query("DELETE FROM challenges WHERE expires_at < now()", [])
  await catalog.query("DELETE FROM tokens WHERE expires_at < now()", [])
  await catalog.query("DELETE FROM pairing_messages WHERE expires_at < now()", [])
  await catalog.query(`DELETE FROM invite_links WHERE expires_day < ${TODAY}`, [])
}

/** @throws {@link ArchiveError} `forbidden` for a token of an older epoch. */
export function requireNewestEpoch(grant: Grant): void {
  if (grant.epoch !== grant.newestEpoch) throw new ArchiveError("forbidden", "a token of an older epoch")
}

/** @throws {@link ArchiveError} `forbidden` unless the token is for `subject`. */
export function requireSubject(grant: Pick<Grant, "subject">, subject: Uint8Array): void {
  if (!equalBytes(grant.subject, subject)) throw new ArchiveError("forbidden", "a token for something else")
}
