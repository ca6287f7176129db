import { equalBytes } from "../../shared/protocol/bytes.js"
import { type CborValue, readArray, readBytes } from "../../shared/protocol/cbor.js"
import { indexOfHead, isActiveAt, newestUserKey } from "../../shared/protocol/chain.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import type { EpochPart } from "../../shared/protocol/event.js"
import { HASH_BYTES, includesHash, ZERO_HASH } from "../../shared/protocol/hash.js"
import {
  adminsOf,
  type HistoryPolicy,
  isAdmin,
  type RosterEntry,
  sameMembersAndRoles,
} from "../../shared/protocol/roster.js"
import { verifyShownField } from "../../shared/protocol/statement.js"
import { newestUserSeed } from "./account-keys.js"
import type { EpochCase } from "./epoch-judge.js"
import type { ValidEpoch } from "./meeting-log.js"
import { assertStays } from "./meeting-notes.js"
import { verifySignature } from "./sodium.js"

/** What an epoch event would put in force, and who says so. */
export interface EpochClaim {
  readonly part: EpochPart
  /** `null` in a genesis, and for a reader to whom the base does not open. */
  readonly base: ValidEpoch | null
  readonly roster: readonly RosterEntry[]
  readonly policy: HistoryPolicy
  readonly title: string
  readonly author: Uint8Array
  readonly carried: readonly Uint8Array[]
}

/**
 * Checks that the author may make this epoch. SPEC.md §7.1.
 * @returns the admins that were in force before it, by genesis hash.
 * @throws {@link ArchiveError} `not-authorised`, `malformed`, and what `chainOf` throws.
 */
export async function assertAuthority(epochCase: EpochCase, claim: EpochClaim): Promise<readonly Uint8Array[]> {
  if (epochCase.seq === 0) return authorityOfGenesis(claim)
  const newest = epochCase.epochs.at(-1)
  const admins =
    newest === undefined || epochCase.missedEpoch
      ? await adminsByCarried(epochCase, claim.carried)
      : adminsAsKnown(epochCase, newest, claim.carried)
  // An admin of the base alone may have been removed by an epoch that the event would skip.
  if (includesHash(admins, claim.author) && (claim.base === null || isAdmin(claim.base.roster, claim.author)))
    return admins
  if (claim.base === null || claim.base !== newest || claim.carried.length !== epochCase.carried.length)
    throw new ArchiveError("not-authorised", "an epoch that no admin made")
  assertStays(epochCase.standing, claim.author)
  if (!isRekey(claim.base, claim, epochCase.standing.left))
    throw new ArchiveError(
      "not-authorised",
      "an epoch with other members, roles, policy or title, made by someone who is no admin",
    )
  return admins
}

/** Whom a member's rekey of `roster` names: all but the members who left. An admin who left takes an admin to be left out. */
export function rekeyedRoster(roster: readonly RosterEntry[], left: readonly Uint8Array[]): readonly RosterEntry[] {
  return roster.filter(({ genesisHash, role }) => role === "admin" || !includesHash(left, genesisHash))
}

/** The value of a field `admins`. @throws {@link ArchiveError} `malformed`. */
export function readAdmins(raw: CborValue): readonly Uint8Array[] {
  return readArray(raw, "admins").map((item) => readBytes(item, "admin", HASH_BYTES))
}

/**
 * That whoever is an admin no more has no key of the admins that are. Judged from what stands in the log visibly, so that every reader judges alike.
 * @throws {@link ArchiveError} `not-authorised`.
 */
export function assertAdminKeyRenewed(
  epochCase: EpochCase,
  part: EpochPart,
  adminsBefore: readonly Uint8Array[],
  roster: readonly RosterEntry[],
): void {
  if (adminsBefore.every((admin) => isAdmin(roster, admin))) return
  if (isOldAdminKey(epochCase, part))
    throw new ArchiveError("not-authorised", "an epoch that takes an admin away and keeps the admins' key")
}

/**
 * What an admin can say of an epoch that doesn't open for it: with a new admin key it may have been taken out; with an old one all admins stay, and
 * each has its box. Not judged on a device that lacks its account's newest user key.
 * @throws {@link ArchiveError} `bad-boxes`.
 */
export async function assertMayStayClosed(epochCase: EpochCase, part: EpochPart): Promise<void> {
  const { epochs, missedEpoch, secrets, chainOf } = epochCase
  const roster = epochs.at(-1)?.roster ?? []
  if (missedEpoch || !isAdmin(roster, secrets.genesisHash) || !isOldAdminKey(epochCase, part)) return
  const { generation } = newestUserKey(await chainOf(secrets.genesisHash))
  if (newestUserSeed(secrets).generation < generation) return
  throw new ArchiveError("bad-boxes", "an epoch that keeps the admins' key, and brings an admin no secret")
}

function isOldAdminKey({ events, seq }: EpochCase, { adminKey }: EpochPart): boolean {
  return events.slice(0, seq).some(({ epochPart }) => epochPart !== null && equalBytes(epochPart.adminKey, adminKey))
}

function authorityOfGenesis(claim: EpochClaim): readonly Uint8Array[] {
  const [only, second] = claim.roster
  if (second !== undefined || only === undefined || !equalBytes(only.genesisHash, claim.author))
    throw new ArchiveError("not-authorised", "a genesis with others than its author")
  if (claim.carried.length > 0) throw new ArchiveError("malformed", "a genesis that carries statements")
  return []
}

function adminsAsKnown(
  epochCase: EpochCase,
  newest: ValidEpoch,
  carried: readonly Uint8Array[],
): readonly Uint8Array[] {
  if (carried.length !== epochCase.carried.length || !extendsKnown(epochCase, carried))
    throw new ArchiveError("malformed", "an epoch that carries other proofs of its admins than the log gives")
  return adminsOf(newest.roster)
}

/** The admins before this event, proven back to the genesis for a reader to whom not all of the log opens. SPEC.md §7.1. */
async function adminsByCarried(epochCase: EpochCase, carried: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  if (!extendsKnown(epochCase, carried))
    throw new ArchiveError("malformed", "an epoch that carries other proofs of its admins than this reader has seen")
  let admins: readonly Uint8Array[] | null = null
  let newestSeq = -1
  for (const raw of carried) {
    const { statement, statementHash, field } = verifyShownField(raw, verifySignature)
    const named = epochCase.events[statement.seq]
    const inPlace =
      named !== undefined &&
      named.epochPart !== null &&
      equalBytes(named.statementHash, statementHash) &&
      statement.seq > newestSeq &&
      statement.seq < epochCase.seq
    if (!inPlace || field.name !== "admins" || statement.type !== "epoch")
      throw new ArchiveError("not-authorised", "a carried proof that is not of this log")
    const next = readAdmins(field.value)
    const author = statement.authorGenesisHash
    const entitled =
      admins === null
        ? statement.seq === 0 && next.length === 1 && equalBytes(next[0] ?? ZERO_HASH, author)
        : includesHash(admins, author)
    if (!entitled) throw new ArchiveError("not-authorised", "a change of admins that no admin made")
    const chain = await epochCase.chainOf(author)
    if (!isActiveAt(chain, statement.deviceKey, indexOfHead(chain, statement.authorChainHead)))
      throw new ArchiveError("not-authorised", "a change of admins by a device that is not its author's")
    admins = next
    newestSeq = statement.seq
  }
  return admins ?? []
}

/** Nothing that this reader has verified itself may be left out of what is carried. */
function extendsKnown(epochCase: EpochCase, carried: readonly Uint8Array[]): boolean {
  return epochCase.carried.every((item, index) => equalBytes(item, carried[index] ?? ZERO_HASH))
}

/** What any member may do: keys change, and members who left are left out, nothing else. */
function isRekey(base: ValidEpoch, claim: EpochClaim, left: readonly Uint8Array[]): boolean {
  return (
    sameMembersAndRoles(rekeyedRoster(base.roster, left), claim.roster) &&
    base.policy === claim.policy &&
    base.title === claim.title &&
    equalBytes(base.adminKey, claim.part.adminKey)
  )
}
