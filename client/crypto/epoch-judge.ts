import { compareBytes, equalBytes } from "../../shared/protocol/bytes.js"
import { readText } from "../../shared/protocol/cbor.js"
import { type ChatHead, readChatHeads } from "../../shared/protocol/chat-heads.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { boxesHash, type EpochPart, type MeetingEvent } from "../../shared/protocol/event.js"
import { HASH_BYTES, includesHash, ZERO_HASH } from "../../shared/protocol/hash.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { indexOfHead, userKeysOf, type VerifiedChain } from "../../shared/protocol/chain.js"
import {
  adminsOf,
  type HistoryPolicy,
  memberOf,
  membersByHash,
  readPolicy,
  readRoster,
  type RosterEntry,
} from "../../shared/protocol/roster.js"
import {
  type Field,
  fieldBytes,
  fieldValue,
  optionalField,
  showField,
  verifyBody,
} from "../../shared/protocol/statement.js"
import { type AccountSecrets, userSeedOf } from "./account-keys.js"
import { assertAdminKeyRenewed, assertAuthority, assertMayStayClosed, readAdmins } from "./epoch-authority.js"
import { adminBoxesFit, type BoxMaking, boxTag, memberBoxesFit, openEpochBox, openOwnBox } from "./epoch-boxes.js"
import { adminSigner, deriveEpochKeys, type EpochKeys } from "./epoch-keys.js"
import { openHistory } from "./epoch-event.js"
import { openEventBody } from "./log-event.js"
import type { ValidEpoch } from "./meeting-log.js"
import { type MeetingStanding, withEpoch } from "./meeting-notes.js"
import { assertAuthored, assertStatementFits, type SeenHeads } from "./statement-checks.js"
import { verifySignature } from "./sodium.js"

export interface EpochCase {
  readonly event: MeetingEvent
  readonly seq: number
  readonly hash: Uint8Array
  /** Zeros in the genesis. */
  readonly meetingHash: Uint8Array
  readonly events: readonly MeetingEvent[]
  readonly epochs: readonly ValidEpoch[]
  readonly carried: readonly Uint8Array[]
  readonly candidate: {
    readonly epoch: number
    readonly secret: Uint8Array
    readonly adminSeed: Uint8Array | null
  } | null
  readonly adminSeed: Uint8Array | null
  readonly standing: MeetingStanding
  readonly seen: SeenHeads
  /** Whether an epoch event since the newest of `epochs` did not open for this reader. */
  readonly missedEpoch: boolean
  /** Whether this reader recomputed its boxes before: the same bytes, for the same keys, don't need it twice. */
  readonly wasChecked: boolean
  readonly secrets: AccountSecrets
  readonly chainOf: (genesisHash: Uint8Array) => Promise<VerifiedChain>
}

export interface EpochJudgement {
  readonly epoch: ValidEpoch
  readonly carried: readonly Uint8Array[]
  readonly adminSeed: Uint8Array | null
  readonly standing: MeetingStanding
}

interface EpochFields {
  readonly roster: readonly RosterEntry[]
  readonly policy: HistoryPolicy
  readonly title: string
  readonly chatHeads: readonly ChatHead[] | null
}

/**
 * Judges an epoch event from the log alone. SPEC.md §7.1.
 * @returns `null` where the reader holds no secret of this epoch: it is not (or not yet) a member.
 * @throws {@link ArchiveError} what voids the event: `not-authorised`, `bad-boxes`, `bad-signature`, `cannot-open`, `malformed`.
 */
export async function judgeEpochEvent(epochCase: EpochCase): Promise<EpochJudgement | null> {
  const { event, meetingHash, chainOf } = epochCase
  const part = event.epochPart
  if (part === null) throw new ArchiveError("internal", "not an epoch event")
  const base = baseOf(epochCase, part)
  const secret = secretOf(epochCase, base)
  if (secret === null) {
    await assertMayStayClosed(epochCase, part)
    return null
  }
  const keys = deriveEpochKeys(secret, event.epoch)
  const body = openEventBody(event, meetingHash, keys)
  const { statement, statementHash } = verifyBody(body, verifySignature)
  assertStatementFits(statement, statementHash, event, meetingHash, keys.commitment)
  if (statement.type !== "epoch") throw new ArchiveError("malformed", "an epoch event with a statement of another type")
  const fields = readEpochFields(body.fields, part, keys)
  const author = statement.authorGenesisHash
  // Before any account of the new roster is asked for: else whoever names one that does not exist stops every reader.
  const adminsBefore = await assertAuthority(epochCase, { part, base, ...fields, author, carried: body.carried })
  assertAdminKeyRenewed(epochCase, part, adminsBefore, fields.roster)
  await assertAuthored(statement, base?.roster ?? fields.roster, chainOf, epochCase.seen)
  const chains = await chainsOf(fields.roster, chainOf)
  for (const before of [base, epochCase.missedEpoch ? undefined : epochCase.epochs.at(-1)])
    assertOnlyNewer(before?.roster ?? [], fields.roster, chains)
  assertHistoryFits(epochCase, base, part, fields.policy, keys)
  const making: BoxMaking = {
    meetingHash,
    epoch: event.epoch,
    prev: event.prev,
    base: part.base,
    baseSecret: base?.keys.secret ?? null,
    baseRoster: base?.roster ?? (epochCase.seq === 0 ? [] : fields.roster),
    secret,
    roster: fields.roster,
    userPublicKeyOf: userKeysOf(chains),
  }
  if (!epochCase.wasChecked && !memberBoxesFit(making, part.boxes))
    throw new ArchiveError("bad-boxes", "an epoch whose boxes do not bring every member its secret")
  const adminSeed = adminSeedOf(epochCase, part, fields.roster, making)
  const byAdmin = epochCase.seq === 0 || includesHash(adminsBefore, author)
  const adminBoxesAreWrong = byAdmin && adminSeed !== null && !adminBoxesFit(making, part.boxes, adminSeed)
  for (const [index, { genesisHash, chainHead }] of fields.roster.entries()) {
    const chain = chains[index]
    if (chain !== undefined) epochCase.seen.see(genesisHash, indexOfHead(chain, chainHead))
  }
  const adminsChanged = !sameHashes(adminsBefore, adminsOf(fields.roster))
  return {
    epoch: {
      seq: epochCase.seq,
      eventHash: epochCase.hash,
      base: part.base,
      authorGenesisHash: author,
      timeMs: statement.timeMs,
      keys,
      adminKey: part.adminKey,
      adminBoxesAreWrong,
      isChecked: epochCase.wasChecked || base !== null || epochCase.seq === 0,
      ...fields,
    },
    carried: adminsChanged ? [...body.carried, showField(body, "admins")] : body.carried,
    adminSeed,
    standing: withEpoch(epochCase.standing, statement, fields.roster, byAdmin),
  }
}

/** The valid epoch that the event is built on; `null` in a genesis, and where the log before does not open for this reader. */
function baseOf(epochCase: EpochCase, part: EpochPart): ValidEpoch | null {
  if (epochCase.seq === 0) {
    if (!equalBytes(part.base, ZERO_HASH)) throw new ArchiveError("malformed", "a genesis that names a base")
    return null
  }
  const base = epochCase.epochs.find((epoch) => equalBytes(epoch.eventHash, part.base))
  if (base !== undefined) return base
  if (epochCase.epochs.length === 0 || epochCase.missedEpoch) return null
  throw new ArchiveError("not-authorised", "an epoch built on one that is not valid")
}

/** From the own box under the base's tag, else from what is known. */
function secretOf(epochCase: EpochCase, base: ValidEpoch | null): Uint8Array | null {
  const { event, meetingHash, secrets, candidate } = epochCase
  const isOld = base !== null && memberOf(base.roster, secrets.genesisHash) !== undefined
  const delivered = isOld ? openOwnBox(event, meetingHash, base.keys.secret, secrets) : null
  return delivered ?? (candidate?.epoch === event.epoch ? candidate.secret : null)
}

function readEpochFields(fields: readonly Field[], part: EpochPart, keys: EpochKeys): EpochFields {
  const roster = readRoster(fieldValue(fields, "roster"))
  const admins = readAdmins(fieldValue(fields, "admins"))
  const hash = (name: string): Uint8Array => fieldBytes(fields, name, HASH_BYTES)
  const fits =
    equalBytes(hash("accessKey"), part.accessKey) &&
    equalBytes(part.accessKey, keys.access.publicKey) &&
    equalBytes(hash("adminKey"), part.adminKey) &&
    equalBytes(hash("base"), part.base) &&
    equalBytes(hash("boxes"), boxesHash(part.boxes)) &&
    equalBytes(hash("commitment"), keys.commitment) &&
    sameHashes(admins, adminsOf(roster))
  if (!fits)
    throw new ArchiveError("bad-signature", "an epoch event whose signed fields do not fit what stands beside them")
  return {
    roster,
    policy: readPolicy(fieldValue(fields, "policy")),
    title: readText(fieldValue(fields, "title"), "title", LIMITS.titleBytes),
    chatHeads: optionalField(fields, "chat", readChatHeads),
  }
}

async function chainsOf(
  roster: readonly RosterEntry[],
  chainOf: EpochCase["chainOf"],
): Promise<readonly VerifiedChain[]> {
  const chains = await Promise.all(roster.map(async ({ genesisHash }) => await chainOf(genesisHash)))
  for (const [index, chain] of chains.entries())
    if (indexOfHead(chain, roster[index]?.chainHead ?? ZERO_HASH) < 0)
      throw new ArchiveError("not-authorised", "a roster that names a head which its account's chain does not have")
  return chains
}

/** That no member goes back to an older head or user key than `before` names: a device revoked since would count again. */
function assertOnlyNewer(
  before: readonly RosterEntry[],
  after: readonly RosterEntry[],
  chains: readonly VerifiedChain[],
): void {
  const memberBefore = membersByHash(before)
  for (const [index, member] of after.entries()) {
    const [known, chain] = [memberBefore(member.genesisHash), chains[index]]
    if (known === undefined || chain === undefined) continue
    const isOlder =
      member.generation < known.generation || indexOfHead(chain, member.chainHead) < indexOfHead(chain, known.chainHead)
    if (isOlder) throw new ArchiveError("not-authorised", "a roster that goes back to an older state of an account")
  }
}

/** That a shared history leads newcomers back, and that there is none where it is not shared. SPEC.md §7.1. */
function assertHistoryFits(
  epochCase: EpochCase,
  base: ValidEpoch | null,
  part: EpochPart,
  policy: HistoryPolicy,
  keys: EpochKeys,
): void {
  const { sealedHistory } = part
  if (epochCase.seq === 0 || policy === "from-join") {
    if (sealedHistory !== null) throw new ArchiveError("malformed", "a sealed history where none is shared")
    return
  }
  const history = sealedHistory === null ? null : openHistory(keys, epochCase.meetingHash, part.base, sealedHistory)
  const fits =
    history !== null &&
    base !== null &&
    history.epoch === base.keys.epoch &&
    equalBytes(history.secret, base.keys.secret)
  if (!fits) throw new ArchiveError("bad-boxes", "an epoch whose shared history does not lead to the one before")
}

/** The seed behind the admin key, for an admin; `null` where it was not delivered. */
function adminSeedOf(
  epochCase: EpochCase,
  part: EpochPart,
  roster: readonly RosterEntry[],
  making: BoxMaking,
): Uint8Array | null {
  const { secrets } = epochCase
  const self = memberOf(roster, secrets.genesisHash)
  if (self?.role !== "admin") return null
  const fits = (seed: Uint8Array | null): seed is Uint8Array =>
    seed !== null && equalBytes(adminSigner(seed).publicKey, part.adminKey)
  if (fits(epochCase.adminSeed)) return epochCase.adminSeed
  const given = epochCase.candidate?.adminSeed ?? null
  if (fits(given)) return given
  const place = {
    meetingHash: making.meetingHash,
    epoch: making.epoch,
    prev: making.prev,
    recipientGenesisHash: secrets.genesisHash,
    generation: self.generation,
  }
  for (const box of part.boxes) {
    const tags = [making.baseSecret, making.secret].flatMap((secret) =>
      secret === null ? [] : [boxTag(secret, making.meetingHash, making.epoch, secrets.genesisHash)],
    )
    if (!tags.some((tag) => equalBytes(tag, box.tag))) continue
    try {
      const seed = openEpochBox("admin", userSeedOf(secrets, self.generation), place, box)
      if (fits(seed)) return seed
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== "cannot-open") throw error
    }
  }
  return null
}

function sameHashes(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((hash, index) => compareBytes(hash, b[index] ?? ZERO_HASH) === 0)
}
