import { equalBytes } from "../../shared/protocol/bytes.js"
import { includesHash, ZERO_HASH } from "../../shared/protocol/hash.js"
import { memberOf, type Role } from "../../shared/protocol/roster.js"
import type { MeetingLog, ValidEpoch } from "../crypto/meeting-log.js"

/** Who may open what, since when: as far back as the reader's own epochs reach. */

/** A moment in the meeting's life. */
export interface EpochMoment {
  readonly epoch: number
  /** By the clock of the admin or member who made it. */
  readonly timeMs: number
}

export interface CurrentMember {
  readonly genesisHash: Uint8Array
  readonly role: Role
  /** Said that it leaves; the next epoch is without it. */
  readonly isLeaving: boolean
  /** Since when it is a member without a break; `null` where that is before what this account can see. */
  readonly since: EpochMoment | null
  /** The oldest epoch whose recordings it opens; `null` as before. */
  readonly opensFrom: EpochMoment | null
}

/** What was sealed while it was a member, and what it was led to then, it keeps; nothing since `until` opens for it. */
export interface FormerMember {
  readonly genesisHash: Uint8Array
  readonly until: EpochMoment
}

export function membersOf(log: MeetingLog): {
  readonly current: readonly CurrentMember[]
  readonly former: readonly FormerMember[]
} {
  const lineage = lineageOf(log)
  const { roster } = log.current
  return {
    current: roster.map(({ genesisHash, role }) => {
      const since = lineage.findIndex((epoch) => memberOf(epoch.roster, genesisHash) === undefined) - 1
      const first = since === -2 ? lineage.length - 1 : since
      const closed = lineage.slice(first).findIndex((epoch) => epoch.policy === "from-join" && !isGenesis(epoch))
      const oldest = closed < 0 ? lineage.length - 1 : first + closed
      const isLeaving = includesHash(log.standing.left, genesisHash)
      return { genesisHash, role, isLeaving, since: momentOf(lineage, first), opensFrom: momentOf(lineage, oldest) }
    }),
    former: formerOf(lineage),
  }
}

/** The epochs that led to the one in force, newest first; what was skipped, or can't be seen, is not among them. */
export function lineageOf(log: MeetingLog): readonly ValidEpoch[] {
  const lineage: ValidEpoch[] = []
  let next: ValidEpoch | undefined = log.current
  while (next !== undefined) {
    const { base }: ValidEpoch = next
    lineage.push(next)
    next = log.epochs.find((epoch) => equalBytes(epoch.eventHash, base))
  }
  return lineage
}

function formerOf(lineage: readonly ValidEpoch[]): readonly FormerMember[] {
  const former: FormerMember[] = []
  const [current] = lineage
  for (const [index, epoch] of lineage.entries()) {
    const without = lineage[index - 1]
    if (without === undefined) continue
    for (const { genesisHash } of epoch.roster) {
      const isGone =
        memberOf(without.roster, genesisHash) === undefined &&
        memberOf(current?.roster ?? [], genesisHash) === undefined &&
        !former.some((known) => equalBytes(known.genesisHash, genesisHash))
      if (isGone) former.push({ genesisHash, until: { epoch: without.keys.epoch, timeMs: without.timeMs } })
    }
  }
  return former
}

/** `null` for the oldest that can be seen, if that is not the meeting's first. */
function momentOf(lineage: readonly ValidEpoch[], index: number): EpochMoment | null {
  const epoch = lineage[index]
  if (epoch === undefined || (index === lineage.length - 1 && !isGenesis(epoch) && epoch.policy === "shared"))
    return null
  return { epoch: epoch.keys.epoch, timeMs: epoch.timeMs }
}

function isGenesis(epoch: ValidEpoch): boolean {
  return equalBytes(epoch.base, ZERO_HASH)
}
