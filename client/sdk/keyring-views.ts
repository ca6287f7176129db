import { equalBytes } from "../../shared/protocol/bytes.js"
import type { Blockable, KeyringEntry, OfferVerdict } from "../../shared/protocol/keyring-entry.js"
import { furthestMarks, type ReadMark } from "../../shared/protocol/read-marks.js"
import { inviteLinkId } from "../crypto/invite-link.js"

/** What the entries of a keyring come to, taken together. SPEC.md §5.4. */

export interface Blocks {
  /** Genesis hashes. */
  readonly accounts: readonly Uint8Array[]
  readonly meetings: readonly Uint8Array[]
}

/** What is blocked by the newest word on each. */
export function blocksIn(entries: readonly KeyringEntry[]): Blocks {
  const blocked = (kind: Blockable): readonly Uint8Array[] =>
    entries.reduce<readonly Uint8Array[]>((hashes, entry) => {
      if (entry.type !== "block" || entry.kind !== kind) return hashes
      const others = hashes.filter((hash) => !equalBytes(hash, entry.hash))
      return entry.isBlocked ? [...others, entry.hash] : others
    }, [])
  return { accounts: blocked("account"), meetings: blocked("meeting") }
}

/** Hashes of the invitation boxes that were declined. */
export function declinedIn(entries: readonly KeyringEntry[]): readonly Uint8Array[] {
  return entries.flatMap((entry) => (entry.type === "declined" ? entry.boxHashes : []))
}

/** An invite link of this account, and what became of it. */
export interface OwnInviteLink {
  readonly linkId: Uint8Array
  readonly secret: Uint8Array
  readonly meetingHash: Uint8Array
  readonly expiresAtMs: number
  readonly uses: number
  readonly isPreApproved: boolean
  readonly isRevoked: boolean
  /** Genesis hashes. */
  readonly admitted: readonly Uint8Array[]
  readonly refused: readonly Uint8Array[]
}

/**
 * Every link that this account made, oldest first. A pin of the account itself stands behind every revocation of a device, and ends all links of before:
 * that device knew their secrets.
 */
export function inviteLinksIn(entries: readonly KeyringEntry[]): readonly OwnInviteLink[] {
  const closedAt = entries.findLastIndex((entry) => entry.type === "pin" && entry.how === "self")
  return entries.flatMap((made, index) => {
    if (made.type !== "invite-link") return []
    const { type: _, ...link } = made
    const linkId = inviteLinkId(link.secret)
    const accountsOf = (verdict: OfferVerdict): readonly Uint8Array[] =>
      entries.flatMap((entry) =>
        entry.type === "invite-link-use" && equalBytes(entry.linkId, linkId) && entry.verdict === verdict
          ? [entry.genesisHash]
          : [],
      )
    const isRevoked =
      index < closedAt || entries.some((entry) => entry.type === "invite-link-end" && equalBytes(entry.linkId, linkId))
    return [{ ...link, linkId, isRevoked, admitted: accountsOf("admitted"), refused: accountsOf("refused") }]
  })
}

/** Until when a link may admit people without asking; 0 where none does. */
export function preApprovedUntilMs(entries: readonly KeyringEntry[]): number {
  return inviteLinksIn(entries).reduce(
    (untilMs, link) => (link.isPreApproved && !link.isRevoked ? Math.max(untilMs, link.expiresAtMs) : untilMs),
    0,
  )
}

/** Up to where the account looked, of each meeting the furthest. */
export function readMarksIn(entries: readonly KeyringEntry[]): readonly ReadMark[] {
  return furthestMarks(entries.flatMap((entry) => (entry.type === "read-marks" ? entry.marks : [])))
}
