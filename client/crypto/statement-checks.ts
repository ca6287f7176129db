import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import type { MeetingEvent } from "../../shared/protocol/event.js"
import { indexOfHead, isActiveAt, type VerifiedChain } from "../../shared/protocol/chain.js"
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

/** The newest head of each account that the log named so far: no later statement goes behind it. */
export class SeenHeads {
  readonly #seqs = new Map<string, number>()

  see(genesisHash: Uint8Array, seq: number): void {
    const key = toHex(genesisHash)
    this.#seqs.set(key, Math.max(seq, this.#seqs.get(key) ?? -1))
  }

  newest(genesisHash: Uint8Array): number {
    return this.#seqs.get(toHex(genesisHash)) ?? -1
  }
}

/**
 * That the author is a member, and signed as a device that was active at the head of its chain that the statement names, which is not older than any
 * that the roster or the log before names.
 * @throws {@link ArchiveError} `not-authorised`, and what `chainOf` throws.
 */
export async function assertAuthored(
  statement: Statement,
  roster: readonly RosterEntry[],
  chainOf: (genesisHash: Uint8Array) => Promise<VerifiedChain>,
  seen: SeenHeads,
): Promise<void> {
  const author = statement.authorGenesisHash
  const member = memberOf(roster, author)
  if (member === undefined) throw new ArchiveError("not-authorised", "a statement by someone who is no member")
  const chain = await chainOf(author)
  const named = indexOfHead(chain, member.chainHead)
  const signed = indexOfHead(chain, statement.authorChainHead)
  if (named < 0 || signed < Math.max(named, seen.newest(author)))
    throw new ArchiveError(
      "not-authorised",
      "a statement at a head that its author's chain does not have, or left behind",
    )
  if (!isActiveAt(chain, statement.deviceKey, signed)) {
    throw new ArchiveError("not-authorised", "a statement by a device that is not its author's")
  }
  seen.see(author, signed)
}
