import { equalBytes } from "../../protocol/bytes.js"
import { ArchiveError } from "../../protocol/errors.js"
import { sha256 } from "../../protocol/hash.js"
import { HTTP_LIMITS } from "../../protocol/http.js"
import { LIMITS } from "../../protocol/limits.js"
import type { Catalog } from "../ports.js"
import { TODAY } from "./sql.js"

/** Invite links: sealed statements, each behind the hash of what opens it. SPEC.md §9.1. */

export interface NewInviteLink {
  readonly openHash: Uint8Array
  readonly sealed: Uint8Array
  readonly uses: number
  /** The last day on which it opens. */
  readonly expiresDay: number
}

/** Of PostgreSQL's advisory locks, the one under which links are counted. */
const LINKS_LOCK = 7_461_636_975

/**
 * Keeps a link. The same again: nothing happens.
 * @returns whether it was kept now.
 * @throws {@link ArchiveError} `conflict`, `malformed` for a day that is over or too far away, `quota-exceeded` where too many links are kept.
 */
export async function createInviteLink(catalog: Catalog, link: NewInviteLink): Promise<boolean> {
  return await catalog.transaction(async (transaction) => {
    await transaction.query("SELECT pg_advisory_xact_lock($1::bigint)", [LINKS_LOCK])
    const [known] = await transaction.query<{ sealed: Uint8Array }>(
      "SELECT sealed FROM invite_links WHERE open_hash = $1",
      [link.openHash],
    )
    if (known !== undefined) {
      if (!equalBytes(known.sealed, link.sealed)) throw new ArchiveError("conflict", "another link under this key")
      return false
    }
    const [now] = await transaction.query<{ today: number; links: number }>(
      `SELECT ${TODAY} AS today, count(*)::int AS links FROM invite_links WHERE expires_day >= ${TODAY}`,
      [],
    )
    const [today, links] = [now?.today ?? 0, now?.links ?? 0]
    // One more: the clocks on both sides may stand on two days.
    if (link.expiresDay < today || link.expiresDay > today + LIMITS.inviteLinkDays + 1)
      throw new ArchiveError("malformed", `an invite link ends within ${LIMITS.inviteLinkDays} days`)
    if (links >= HTTP_LIMITS.inviteLinks)
      throw new ArchiveError(
        "quota-exceeded",
        "this server keeps as many invite links as it can, until some expire: add the person by account id instead",
      )
    await transaction.query(
      "INSERT INTO invite_links (open_hash, sealed, uses_left, expires_day) VALUES ($1, $2, $3, $4)",
      [link.openHash, link.sealed, link.uses, link.expiresDay],
    )
    return true
  })
}

/**
 * Gives out what is sealed, and counts a use; for the opening that came last, again without counting.
 * @throws {@link ArchiveError} `not-found`, the same for a link that is used up, over, ended, or never was.
 */
export async function openInviteLink(catalog: Catalog, key: Uint8Array, opening: Uint8Array): Promise<Uint8Array> {
  const [row] = await catalog.query<{ sealed: Uint8Array }>(
    `UPDATE invite_links SET last_opening = $2,
       uses_left = uses_left - CASE WHEN last_opening IS NOT DISTINCT FROM $2 THEN 0 ELSE 1 END
     WHERE open_hash = $1 AND expires_day >= ${TODAY} AND (uses_left > 0 OR last_opening IS NOT DISTINCT FROM $2)
     RETURNING sealed`,
    [sha256(key), opening],
  )
  if (row === undefined)
    throw new ArchiveError(
      "not-found",
      "this invite link opens nothing: it was used up, has expired or was revoked; ask for another",
    )
  return row.sealed
}

/** Ends a link, whether it is there or not. Who can open it may: using it up would do the same. */
export async function endInviteLink(catalog: Catalog, key: Uint8Array): Promise<void> {
  await catalog.query("DELETE FROM invite_links WHERE open_hash = $1", [sha256(key)])
}
