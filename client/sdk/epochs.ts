import { compareBytes, equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { eventHash } from "../../shared/protocol/event.js"
import { includesHash } from "../../shared/protocol/hash.js"
import { type AccountId, formatId, idOfHash, type MeetingId } from "../../shared/protocol/ids.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { userKeysOf, type VerifiedChain } from "../../shared/protocol/chain.js"
import {
  adminsOf,
  type HistoryPolicy,
  isAdmin,
  memberOf,
  type MemberRole,
  type Role,
  type RosterEntry,
} from "../../shared/protocol/roster.js"
import { rekeyedRoster } from "../crypto/epoch-authority.js"
import { type MadeEpoch, makeEpochEvent } from "../crypto/epoch-event.js"
import type { KnownEpochSecret } from "../crypto/epoch-secrets.js"
import type { MeetingLog } from "../crypto/meeting-log.js"
import { type ChainOf, chainCache, fetchChain } from "./chains.js"
import { chatHeadsFor } from "./chat/heads.js"
import { assertOpen } from "./closed.js"
import { type Client, selfAsAuthor } from "./client.js"
import { assertMaySealTo } from "./contacts.js"
import { makeInvitationFor } from "./invitations.js"
import { holdsNewestKey, refreshKeys } from "./links.js"
import { appendEvent, assertIsMember, mayBeBehind, readMeeting, rememberMeeting, sightOf } from "./meetings.js"
import { flushOutbox, withoutBox } from "./outbox.js"

/** Changes of a meeting's members, roles, policy and keys: each is a new epoch, appended by compare-and-swap. SPEC.md §7.1. */

const ATTEMPTS = 5

/** What a new epoch is to be, as planned from the newest log. */
interface EpochPlan {
  readonly members: readonly MemberRole[]
  readonly policy: HistoryPolicy
  /** Who is to be invited to it. */
  readonly newcomer: VerifiedChain | null
  /** Whether the admins are to share another key from now on. */
  readonly renewsAdminKey: boolean
}

/**
 * Admits an account, as an admin: a new epoch, and an invitation to its inbox. Whoever left is invited again.
 * @returns the new epoch's number.
 * @throws {@link ArchiveError} `not-authorised`, `exists`, `too-large`, `conflict` when others keep changing the meeting.
 */
export async function addMember(
  client: Client,
  meetingId: MeetingId,
  accountId: AccountId,
  role: Role = "member",
): Promise<number> {
  const newcomer = await fetchChain(client, accountId)
  const { genesisHash } = newcomer
  assertMaySealTo(client, genesisHash)
  return await changeEpoch(client, meetingId, (log) => {
    const plan = planOfAdmin(client, log, "add somebody")
    return { ...plan, members: withMember(plan.members, { genesisHash, role }), newcomer }
  })
}

/**
 * Takes an account out of the meeting, as an admin: what is sealed from now on does not open for it.
 * @throws {@link ArchiveError} `not-authorised`, `not-found`, `usage` for oneself, `conflict`.
 */
export async function removeMember(client: Client, meetingId: MeetingId, accountId: AccountId): Promise<number> {
  return await changeEpoch(client, meetingId, (log) => {
    const plan = planOfAdmin(client, log, "remove somebody")
    const member = requireMember(plan, accountId)
    if (equalBytes(member.genesisHash, client.state.current.secrets.genesisHash))
      throw new ArchiveError("usage", "this is your own account: leave the meeting instead")
    return { ...plan, members: plan.members.filter((other) => other !== member) }
  })
}

/**
 * Makes a member an admin, or an admin a member. From an admin that is none any more the admins' key is taken by renewing it.
 * @throws {@link ArchiveError} `not-authorised`, `not-found`, `exists` where it has that role, `usage` for the only admin, `conflict`.
 */
export async function setRole(client: Client, meetingId: MeetingId, accountId: AccountId, role: Role): Promise<number> {
  return await changeEpoch(client, meetingId, (log) => {
    const plan = planOfAdmin(client, log, "change somebody's role")
    const member = requireMember(plan, accountId)
    if (member.role === role)
      throw new ArchiveError(
        "exists",
        `${formatId("account", accountId)} is ${role === "admin" ? "an admin" : "a member"} already`,
      )
    const members = plan.members.map((other) => (other === member ? { ...member, role } : other))
    if (!members.some((other) => other.role === "admin"))
      throw new ArchiveError("usage", "a meeting needs an admin: make somebody else one first")
    return { ...plan, members }
  })
}

/** What newcomers of later epochs may open. @throws {@link ArchiveError} `not-authorised`, `exists`, `conflict`. */
export async function setPolicy(client: Client, meetingId: MeetingId, policy: HistoryPolicy): Promise<number> {
  return await changeEpoch(client, meetingId, (log) => {
    const plan = planOfAdmin(client, log, "change the policy")
    if (plan.policy === policy) throw new ArchiveError("exists", `the policy is ${policy} already`)
    return { ...plan, policy }
  })
}

/**
 * Gives the meeting a new epoch secret, at the newest state of every account, without those who left. Any member may; an admin renews the admins' key too.
 * @throws {@link ArchiveError} `not-authorised` for who is no member, `conflict`.
 */
export async function rekeyMeeting(client: Client, meetingId: MeetingId): Promise<number> {
  return await changeEpoch(client, meetingId, (log) => {
    if (canActAsAdmin(client, log)) return { ...planOfAdmin(client, log, "rekey"), renewsAdminKey: true }
    const { left } = log.standing
    // It would be void, and keep everybody from sealing.
    if (includesHash(left, client.state.current.secrets.genesisHash))
      throw new ArchiveError(
        "not-authorised",
        "this account left the meeting: the next epoch, by another member, is without it",
      )
    const { roster, policy } = log.current
    return { members: rekeyedRoster(roster, left), policy, newcomer: null, renewsAdminKey: false }
  })
}

/**
 * Sends a member its invitation again, as an admin: the first may have been lost.
 * @throws {@link ArchiveError} `not-authorised`, `not-found`.
 */
export async function inviteAgain(client: Client, meetingId: MeetingId, accountId: AccountId): Promise<void> {
  const log = await readMeeting(client, meetingId)
  const { role } = requireMember(planOfAdmin(client, log, "invite somebody"), accountId)
  const { eventHash: hash, base, keys } = log.current
  const chainOf = chainCache(client)
  const self = await chainOf(client.state.current.secrets.genesisHash)
  const secret = { eventHash: hash, epoch: keys.epoch, secret: keys.secret, adminSeed: log.adminSeed }
  const invitation = makeInvitationFor(client, await fetchChain(client, accountId), self, {
    meetingHash: log.meetingHash,
    title: log.current.title,
    seq: log.current.seq,
    base,
    secret: role === "admin" ? secret : { ...secret, adminSeed: null },
  })
  await client.state.update((state) => ({ ...state, outbox: [...state.outbox, invitation] }))
  await flushOutbox(client)
}

/** @throws {@link ArchiveError} `exists`, `too-large` where a meeting has all the members that it may have. */
export function withMember(members: readonly MemberRole[], newcomer: MemberRole): readonly MemberRole[] {
  if (memberOf(members, newcomer.genesisHash) !== undefined)
    throw new ArchiveError(
      "exists",
      `${formatId("account", idOfHash("account", newcomer.genesisHash))} is a member already`,
    )
  if (members.length >= LIMITS.members)
    throw new ArchiveError("too-large", `a meeting has at most ${LIMITS.members} members: remove somebody first`)
  return [...members, newcomer]
}

/** Whether this account is an admin and holds what the admins share. */
export function canActAsAdmin(client: Client, log: MeetingLog): boolean {
  return isAdmin(log.current.roster, client.state.current.secrets.genesisHash) && log.adminSeed !== null
}

/**
 * Whether a device that was revoked since may hold the key that the admins share: an admin has a newer user key than when it was given that one.
 * A member's rekey does not end that.
 */
function wasRevokedUnder(log: MeetingLog, roster: readonly RosterEntry[]): boolean {
  const ofKey = log.epochs.filter(({ adminKey }) => equalBytes(adminKey, log.current.adminKey))
  const admins = roster.filter(({ role }) => role === "admin")
  return admins.some(({ genesisHash, generation }) =>
    ofKey.some((epoch) => {
      const before = memberOf(epoch.roster, genesisHash)
      return before?.role === "admin" && before.generation < generation
    }),
  )
}

/** Whether this account is an admin, and has yet to take the admins' key from a device that was revoked. */
export function owesAdminKey(client: Client, log: MeetingLog): boolean {
  return canActAsAdmin(client, log) && wasRevokedUnder(log, log.current.roster)
}

/** The epoch in force as an admin would go on from it: without those who left, and without accounts that were closed. */
function planOfAdmin(client: Client, log: MeetingLog, deed: string): EpochPlan {
  // Also where the newest epoch is void: an admin's next one is what makes that good.
  assertIsMember(log)
  if (!canActAsAdmin(client, log)) throw new ArchiveError("not-authorised", `only an admin of the meeting can ${deed}`)
  const { left } = log.standing
  const self = client.state.current.secrets.genesisHash
  return {
    members: log.current.roster.filter(
      ({ genesisHash }) =>
        equalBytes(genesisHash, self) || !(includesHash(left, genesisHash) || includesHash(log.closed, genesisHash)),
    ),
    policy: log.current.policy,
    newcomer: null,
    renewsAdminKey: false,
  }
}

function requireMember(plan: EpochPlan, accountId: AccountId): MemberRole {
  const member = plan.members.find(({ genesisHash }) => equalBytes(idOfHash("account", genesisHash), accountId))
  if (member === undefined)
    throw new ArchiveError("not-found", `${formatId("account", accountId)} is no member of this meeting`)
  return member
}

/** Appends the planned epoch; who loses a race plans again from what won it. */
async function changeEpoch(
  client: Client,
  meetingId: MeetingId,
  planFor: (log: MeetingLog) => EpochPlan,
): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const chainOf = chainCache(client)
    const log = await readMeeting(client, meetingId, chainOf)
    assertIsMember(log)
    const plan = planFor(log)
    const { made, secret, self } = await makePlanned(client, log, plan, chainOf)
    // The invitation is kept before the event is sent: whoever is in the roster will get it, even if this process ends here.
    const invitation =
      plan.newcomer === null
        ? null
        : makeInvitationFor(client, plan.newcomer, self, {
            meetingHash: log.meetingHash,
            title: log.current.title,
            seq: log.head.seq + 1,
            base: log.current.eventHash,
            secret: isAdmin(plan.members, plan.newcomer.genesisHash) ? secret : { ...secret, adminSeed: null },
          })
    if (invitation !== null) {
      await client.state.update((state) => ({ ...state, outbox: [...state.outbox, invitation] }))
      client.failpoint("member.invitation-kept")
    }
    try {
      await appendEvent(client, log, made.rawEvent, made.certificate)
    } catch (error) {
      // Only what the server said no to is certain not to have been appended; what is not certain, the log says later.
      const isRefused = isArchiveError(error) && !error.retryable && error.code !== "interrupted"
      if (isRefused && invitation !== null) await client.state.update((state) => withoutBox(state, invitation.box))
      if (!mayBeBehind(error) || attempt === ATTEMPTS) throw error
      continue
    }
    client.failpoint("member.epoch-appended")
    // Who is no admin any more by its own doing made the admins' new key, and forgets it.
    const kept = isAdmin(plan.members, self.genesisHash) ? secret : { ...secret, adminSeed: null }
    const { seen, checkedEpochs } = sightOf(log)
    await rememberMeeting(client, log.meetingHash, kept, {
      head: { seq: log.head.seq + 1, hash: secret.eventHash },
      seen: { ...seen, epoch: secret.epoch, members: plan.members.length },
      checkedEpochs: [...checkedEpochs, secret.eventHash],
    })
    await flushOutbox(client)
    return made.keys.epoch
  }
}

async function makePlanned(
  client: Client,
  log: MeetingLog,
  plan: EpochPlan,
  chainOf: ChainOf,
): Promise<{ readonly made: MadeEpoch; readonly secret: KnownEpochSecret; readonly self: VerifiedChain }> {
  const chains: VerifiedChain[] = []
  const roster: RosterEntry[] = []
  for (const { genesisHash, role } of plan.members) {
    const chain = await chainOf(genesisHash)
    assertOpen(chain)
    chains.push(chain)
    roster.push({ genesisHash, chainHead: chain.headHash, generation: chain.userKeys.at(-1)?.generation ?? 1, role })
  }
  const self = await chainOf(client.state.current.secrets.genesisHash)
  // Else this device could not open its own box.
  if (!holdsNewestKey(client, self)) await refreshKeys(client)
  const losesAdmin = adminsOf(log.current.roster).some((admin) => !isAdmin(roster, admin))
  const isLeaked = canActAsAdmin(client, log) && wasRevokedUnder(log, roster)
  const adminKeyIsNew = plan.renewsAdminKey || losesAdmin || isLeaked
  const adminSeed = adminKeyIsNew ? client.random(32) : log.adminSeed
  const made = makeEpochEvent({
    position: {
      meetingId: log.meetingId,
      meetingHash: log.meetingHash,
      seq: log.head.seq + 1,
      prev: log.head.hash,
    },
    epoch: log.newestEpochSeen + 1,
    base: { eventHash: log.current.eventHash, keys: log.current.keys, roster: log.current.roster },
    roster: roster.toSorted((a, b) => compareBytes(a.genesisHash, b.genesisHash)),
    userPublicKeyOf: userKeysOf(chains),
    policy: plan.policy,
    title: log.current.title,
    admin: adminSeed === null ? { publicKey: log.current.adminKey } : { seed: adminSeed },
    adminKeyIsNew,
    chat: await chatHeadsFor(client, log, chainOf),
    carried: log.carried,
    author: selfAsAuthor(client, self.headHash),
    timeMs: client.clock.nowMs(),
    random: client.random,
  })
  const secret = { eventHash: eventHash(made.rawEvent), epoch: made.keys.epoch, secret: made.keys.secret, adminSeed }
  return { made, secret, self }
}
