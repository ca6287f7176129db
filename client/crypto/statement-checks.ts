import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import type { MeetingEvent } from "../../shared/protocol/event.js"
import type { VerifiedChain } from "../../shared/protocol/link.js"
import { memberOf, type RosterEntry } from "../../shared/protocol/roster.js"
import type { Statement } from "../../shared/protocol/statement.js"

/** That a statement says inside what its event says outside. SPEC.md §7. @throws {@link ArchiveError} `bad-signature`. */
export function assertStatementFits(
  statement: Statement,
  statementHash: Uint8Array,
  event: MeetingEvent,
  meetingHash: Uint8Array,
  commitment: Uint8Array,
): void {
  const fits =
    equalBytes(statementHash, event.statementHash) &&
    equalBytes(statement.meetingHash, meetingHash) &&
    statement.epoch === event.epoch &&
    equalBytes(statement.epochCommitment, commitment) &&
    statement.seq === event.seq &&
    equalBytes(statement.prev, event.prev) &&
    equalBytes(statement.newestLogHash, event.prev)
  if (!fits) throw new ArchiveError("bad-signature", "a statement that was signed for another place")
}

/**
 * That the author is a member, and signed as a device that was active at a head of its chain not older than the roster's.
 * @throws {@link ArchiveError} `not-authorised`, and what `chainOf` throws.
 */
export async function assertAuthored(
  statement: Statement,
  roster: readonly RosterEntry[],
  chainOf: (genesisHash: Uint8Array) => Promise<VerifiedChain>,
): Promise<void> {
  const member = memberOf(roster, statement.authorGenesisHash)
  if (member === undefined) throw new ArchiveError("not-authorised", "a statement by someone who is no member")
  const chain = await chainOf(statement.authorGenesisHash)
  const named = indexOfHead(chain, member.chainHead)
  const signed = indexOfHead(chain, statement.authorChainHead)
  if (named < 0 || signed < named)
    throw new ArchiveError("not-authorised", "a statement at a head that its author's chain does not have")
  if (!chain.devices.some((device) => equalBytes(device.ed25519, statement.deviceKey))) {
    throw new ArchiveError("not-authorised", "a statement by a device that is not its author's")
  }
}

/** Where in a chain a head stands, or -1. */
export function indexOfHead(chain: VerifiedChain, head: Uint8Array): number {
  return chain.linkHashes.findIndex((hash) => equalBytes(hash, head))
}
