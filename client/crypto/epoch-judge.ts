import { compareBytes, equalBytes } from "../../shared/protocol/bytes.js"
import { readArray, readBytes, readText } from "../../shared/protocol/cbor.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { boxesHash, type EpochPart, type MeetingEvent } from "../../shared/protocol/event.js"
import { HASH_BYTES, ZERO_HASH } from "../../shared/protocol/hash.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import type { VerifiedChain } from "../../shared/protocol/link.js"
import {
  adminsOf,
  type HistoryPolicy,
  isAdmin,
  memberOf,
  readPolicy,
  readRoster,
  type RosterEntry,
  sameMembersAndRoles,
} from "../../shared/protocol/roster.js"
import {
  type Field,
  fieldBytes,
  fieldValue,
  showField,
  verifyBody,
  verifyShownField,
} from "../../shared/protocol/statement.js"
import { type AccountSecrets, userSeedOf } from "./account-keys.js"
import { adminBoxesFit, type BoxMaking, boxTag, memberBoxesFit, openEpochBox, openOwnBox } from "./epoch-boxes.js"
import { adminSigner, deriveEpochKeys, type EpochKeys } from "./epoch-keys.js"
import { openEventBody } from "./log-event.js"
import type { ValidEpoch } from "./meeting-log.js"
import { assertAuthored, assertStatementFits, indexOfHead } from "./statement-checks.js"
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
  readonly secrets: AccountSecrets
  readonly chainOf: (genesisHash: Uint8Array) => Promise<VerifiedChain>
}

export interface EpochJudgement {
  readonly epoch: ValidEpoch
  readonly carried: readonly Uint8Array[]
  readonly adminSeed: Uint8Array | null
}

interface EpochFields {
  readonly roster: readonly RosterEntry[]
  readonly policy: HistoryPolicy
  readonly title: string
}

/**
 * Judges an epoch event from the log alone. SPEC.md §7.1.
 * @returns `null` where the reader holds no secret of this epoch: it is not (or not yet) a member.
 * @throws {@link ArchiveError} what voids the event: `not-authorised`, `bad-boxes`, `bad-signature`, `cannot-open`, `malformed`.
 */
export async function judgeEpochEvent(epochCase: EpochCase): Promise<EpochJudgement | null> {
  const { event, meetingHash } = epochCase
  const part = event.epochPart
  if (part === null) throw new ArchiveError("internal", "not an epoch event")
  const base = baseOf(epochCase, part)
  const secret = secretOf(epochCase, base)
  if (secret === null) return null
  const keys = deriveEpochKeys(secret, event.epoch)
  const body = openEventBody(event, meetingHash, keys)
  const { statement, statementHash } = verifyBody(body, verifySignature)
  assertStatementFits(statement, statementHash, event, meetingHash, keys.commitment)
  if (statement.type !== "epoch") throw new ArchiveError("malformed", "an epoch event with a statement of another type")
  const fields = readEpochFields(body.fields, part, keys)
  const chains = await chainsOf(fields.roster, epochCase.chainOf)
  const adminsBefore = await assertAuthority(epochCase, part, base, fields, statement.authorGenesisHash, body.carried)
  await assertAuthored(statement, base?.roster ?? fields.roster, epochCase.chainOf)
  const making: BoxMaking = {
    meetingHash,
    epoch: event.epoch,
    prev: event.prev,
    base: part.base,
    baseSecret: base?.keys.secret ?? null,
    baseRoster: base?.roster ?? (epochCase.seq === 0 ? [] : fields.roster),
    secret,
    roster: fields.roster,
    userPublicKeyOf: (member) => userPublicKeyOf(chains, member),
  }
  if (!memberBoxesFit(making, part.boxes))
    throw new ArchiveError("bad-boxes", "an epoch whose boxes do not bring every member its secret")
  const adminSeed = adminSeedOf(epochCase, part, fields.roster, making)
  const adminsChanged = !sameHashes(adminsBefore, adminsOf(fields.roster))
  const carried = epochCase.epochs.length === 0 ? body.carried : epochCase.carried
  return {
    epoch: { seq: epochCase.seq, eventHash: epochCase.hash, keys, adminKey: part.adminKey, ...fields },
    carried: adminsChanged ? [...carried, showField(body, "admins")] : carried,
    adminSeed,
  }
}

/** The valid epoch that the event is built on; `null` in a genesis, and for a reader to whom the log opens here. */
function baseOf(epochCase: EpochCase, part: EpochPart): ValidEpoch | null {
  if (epochCase.seq === 0) {
    if (!equalBytes(part.base, ZERO_HASH)) throw new ArchiveError("malformed", "a genesis that names a base")
    return null
  }
  if (epochCase.epochs.length === 0) return null
  const base = epochCase.epochs.find((epoch) => equalBytes(epoch.eventHash, part.base))
  if (base === undefined) throw new ArchiveError("not-authorised", "an epoch built on one that is not valid")
  return base
}

/** From what is known, else from the own box under the base's tag. */
function secretOf(epochCase: EpochCase, base: ValidEpoch | null): Uint8Array | null {
  const { event, meetingHash, secrets, candidate } = epochCase
  if (candidate !== null && candidate.epoch === event.epoch) return candidate.secret
  if (base === null) return null
  const member = memberOf(base.roster, secrets.genesisHash)
  if (member === undefined) return null
  return openOwnBox(event, meetingHash, base.keys.secret, secrets)
}

function readEpochFields(fields: readonly Field[], part: EpochPart, keys: EpochKeys): EpochFields {
  const roster = readRoster(fieldValue(fields, "roster"))
  const admins = readHashes(fieldValue(fields, "admins"))
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
  }
}

async function chainsOf(
  roster: readonly RosterEntry[],
  chainOf: EpochCase["chainOf"],
): Promise<readonly VerifiedChain[]> {
  const chains: VerifiedChain[] = []
  for (const member of roster) {
    const chain = await chainOf(member.genesisHash)
    if (indexOfHead(chain, member.chainHead) < 0)
      throw new ArchiveError("not-authorised", "a roster that names a head which its account's chain does not have")
    chains.push(chain)
  }
  return chains
}

function userPublicKeyOf(chains: readonly VerifiedChain[], member: RosterEntry): Uint8Array {
  const chain = chains.find((candidate) => equalBytes(candidate.genesisHash, member.genesisHash))
  const key = chain?.userKeys.find((candidate) => candidate.generation === member.generation)
  if (key === undefined)
    throw new ArchiveError("not-authorised", "a roster that names a user key which its account does not have")
  return key.publicKey
}

/** Checks who may make which epoch, and gives the admins that were in force before it. SPEC.md §7.1. */
async function assertAuthority(
  epochCase: EpochCase,
  part: EpochPart,
  base: ValidEpoch | null,
  fields: EpochFields,
  author: Uint8Array,
  carried: readonly Uint8Array[],
): Promise<readonly Uint8Array[]> {
  if (epochCase.seq === 0) {
    const [only, second] = fields.roster
    if (second !== undefined || only === undefined || !equalBytes(only.genesisHash, author))
      throw new ArchiveError("not-authorised", "a genesis with others than its author")
    if (carried.length > 0) throw new ArchiveError("malformed", "a genesis that carries statements")
    return []
  }
  if (base === null) {
    const admins = await adminsByCarried(epochCase, carried)
    if (!admins.some((admin) => equalBytes(admin, author)))
      throw new ArchiveError("not-authorised", "an epoch that no admin made")
    return admins
  }
  const sameCarried =
    carried.length === epochCase.carried.length &&
    carried.every((item, index) => equalBytes(item, epochCase.carried[index] ?? ZERO_HASH))
  if (!sameCarried)
    throw new ArchiveError("malformed", "an epoch that carries other proofs of its admins than the log gives")
  assertNotOlder(base.roster, fields.roster)
  const before = adminsOf(base.roster)
  if (isAdmin(base.roster, author)) return before
  const isRekey =
    base === epochCase.epochs.at(-1) &&
    sameMembersAndRoles(base.roster, fields.roster) &&
    base.policy === fields.policy &&
    base.title === fields.title &&
    equalBytes(base.adminKey, part.adminKey)
  if (!isRekey)
    throw new ArchiveError(
      "not-authorised",
      "an epoch with other members, roles, policy or title, made by someone who is no admin",
    )
  return before
}

function assertNotOlder(before: readonly RosterEntry[], after: readonly RosterEntry[]): void {
  const older = after.some((member) => (memberOf(before, member.genesisHash)?.generation ?? 0) > member.generation)
  if (older) throw new ArchiveError("not-authorised", "a roster that goes back to an older user key")
}

/** The admins before this event, proven back to the genesis for a reader who can't open what came before. SPEC.md §7.1. */
async function adminsByCarried(epochCase: EpochCase, carried: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  let admins: readonly Uint8Array[] | null = null
  let newestSeq = -1
  for (const raw of carried) {
    const shown = verifyShownField(raw, verifySignature)
    const { statement, field } = shown
    const named = epochCase.events[statement.seq]
    const inPlace =
      named !== undefined &&
      named.epochPart !== null &&
      equalBytes(named.statementHash, shown.statementHash) &&
      statement.seq > newestSeq &&
      statement.seq < epochCase.seq
    if (!inPlace || field.name !== "admins" || statement.type !== "epoch")
      throw new ArchiveError("not-authorised", "a carried proof that is not of this log")
    const next = readHashes(field.value)
    const author = statement.authorGenesisHash
    const entitled =
      admins === null
        ? statement.seq === 0 && next.length === 1 && equalBytes(next[0] ?? ZERO_HASH, author)
        : admins.some((admin) => equalBytes(admin, author))
    if (!entitled) throw new ArchiveError("not-authorised", "a change of admins that no admin made")
    const chain = await epochCase.chainOf(author)
    if (!chain.devices.some((device) => equalBytes(device.ed25519, statement.deviceKey)))
      throw new ArchiveError("not-authorised", "a change of admins by a device that is not its author's")
    admins = next
    newestSeq = statement.seq
  }
  return admins ?? []
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
      if (fits(seed) && adminBoxesFit(making, part.boxes, seed)) return seed
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== "cannot-open") throw error
    }
  }
  return null
}

function readHashes(raw: Parameters<typeof readArray>[0]): readonly Uint8Array[] {
  return readArray(raw, "admins").map((item) => readBytes(item, "admin", HASH_BYTES))
}

function sameHashes(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((hash, index) => compareBytes(hash, b[index] ?? ZERO_HASH) === 0)
}
