import type { Command } from "commander"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { type AccountId, formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { findPerson } from "../../sdk/contacts.js"
import { addMember, inviteAgain, rekeyMeeting, removeMember, setPolicy, setRole } from "../../sdk/epochs.js"
import { readKeeping } from "../../sdk/keeping.js"
import { type EpochMoment, membersOf } from "../../sdk/membership.js"
import { readMeeting, seenOf } from "../../sdk/meetings.js"
import { expireMeeting, leaveMeeting, renewalDueMs, renewMeeting } from "../../sdk/standing.js"
import { readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { accountOf, knownAs, nameText, purgeDocument } from "../describe.js"
import type { Action } from "../main.js"
import { retentionDiffers } from "./keeping.js"

type Run = (action: Action) => Promise<void>

/** Who is in a meeting, in which role, and whether it goes on. */
export function addMembershipCommands(meeting: Command, run: Run): void {
  meeting
    .command("show <meeting>")
    .description("title, who may open what since when, and whatever was not as it should be")
    .addHelpText("after", "\nExample:\n  taciturn meeting show mtg_…")
    .action(async (id: string) => {
      await run(async (context) => {
        await show(context, id)
        return undefined
      })
    })
  meeting
    .command("add <meeting> <who>")
    .description(
      "admit somebody, by card, account id or a contact's name, as an admin of the meeting: a new epoch, and an invitation to their inbox",
    )
    .option("--admin", "as an admin, who admits and removes others too")
    .addHelpText("after", "\nExample:\n  taciturn meeting add mtg_… acct_…")
    .action(async (id: string, who: string, flags: { readonly admin?: boolean }) => {
      await run(async (context) => {
        const meetingId = readId("meeting", id)
        const role = flags.admin === true ? "admin" : "member"
        const client = await context.openClient()
        const accountId = await findPerson(client, who)
        const epoch = await addMember(client, meetingId, accountId, role)
        const account = formatId("account", accountId)
        context.output.result({ meeting: id, account, role, epoch }, [
          `${account} is ${role === "admin" ? "an admin" : "a member"} from epoch ${epoch} on; its invitation waits in its inbox.`,
        ])
        return undefined
      })
    })
  addAccountCommands(meeting, run)
  addStandingCommands(meeting, run)
}

/** What is done to one member. */
function addAccountCommands(meeting: Command, run: Run): void {
  const onAccount = (
    name: string,
    description: string,
    act: (client: Client, meetingId: MeetingId, accountId: AccountId) => Promise<number | undefined>,
    said: (account: string, epoch: number | undefined) => string,
  ): void => {
    meeting
      .command(`${name} <meeting> <who>`)
      .description(description)
      .addHelpText("after", `\nExample:\n  taciturn meeting ${name} mtg_… acct_…`)
      .action(async (id: string, who: string) => {
        await run(async (context) => {
          const meetingId = readId("meeting", id)
          const client = await context.openClient()
          const accountId = await findPerson(client, who)
          const epoch = await act(client, meetingId, accountId)
          const account = formatId("account", accountId)
          context.output.result({ meeting: id, account, ...(epoch === undefined ? {} : { epoch }) }, [
            said(account, epoch),
          ])
          return undefined
        })
      })
  }
  onAccount(
    "remove",
    "take an account out, as an admin: nothing sealed from then on opens for it; what it has it keeps",
    removeMember,
    (account, epoch) =>
      `${account} is no member from epoch ${epoch ?? 0} on. What it fetched before it keeps; the server gives it nothing more.`,
  )
  onAccount(
    "promote",
    "make a member an admin, as an admin",
    async (client, meetingId, accountId) => await setRole(client, meetingId, accountId, "admin"),
    (account, epoch) => `${account} is an admin from epoch ${epoch ?? 0} on.`,
  )
  onAccount(
    "demote",
    "make an admin a member, as an admin; the admins' key is renewed",
    async (client, meetingId, accountId) => await setRole(client, meetingId, accountId, "member"),
    (account, epoch) => `${account} is a member, and no admin, from epoch ${epoch ?? 0} on.`,
  )
  onAccount(
    "invite",
    "send a member its invitation again, as an admin: the first may have been lost",
    async (client, meetingId, accountId) => {
      await inviteAgain(client, meetingId, accountId)
      return undefined
    },
    (account) => `An invitation to the newest epoch waits in the inbox of ${account}.`,
  )
}

/** What is done to the meeting as a whole. */
function addStandingCommands(meeting: Command, run: Run): void {
  const onMeeting = (
    name: string,
    description: string,
    act: (client: Client, meetingId: MeetingId) => Promise<number | undefined>,
    said: (epoch: number | undefined) => string,
  ): void => {
    meeting
      .command(`${name} <meeting>`)
      .description(description)
      .addHelpText("after", `\nExample:\n  taciturn meeting ${name} mtg_…`)
      .action(async (id: string) => {
        await run(async (context) => {
          const meetingId = readId("meeting", id)
          const epoch = await act(await context.openClient(), meetingId)
          context.output.result({ meeting: id, ...(epoch === undefined ? {} : { epoch }) }, [said(epoch)])
          return undefined
        })
      })
  }
  meeting
    .command("policy <meeting> <policy>")
    .description("what newcomers may open, as an admin: shared (all there is) or from-join (from their joining on)")
    .addHelpText("after", "\nExample:\n  taciturn meeting policy mtg_… from-join")
    .action(async (id: string, policy: string) => {
      await run(async (context) => {
        const meetingId = readId("meeting", id)
        if (policy !== "shared" && policy !== "from-join")
          throw new ArchiveError("usage", `no policy ${JSON.stringify(policy)}: it is shared or from-join`)
        const epoch = await setPolicy(await context.openClient(), meetingId, policy)
        context.output.result({ meeting: id, policy, epoch }, [
          policy === "shared"
            ? `From epoch ${epoch} on newcomers open everything that was sealed under this policy.`
            : `From epoch ${epoch} on newcomers open only what is sealed from their joining on.`,
        ])
        return undefined
      })
    })
  onMeeting(
    "rekey",
    "give the meeting a new secret, without those who left; any member may",
    rekeyMeeting,
    (epoch) => `The meeting has a new secret, in epoch ${epoch ?? 0}.`,
  )
  onMeeting(
    "renew",
    "vouch for the members, as an admin; due every 30 days",
    withoutEpoch(renewMeeting),
    () => "Renewed: members seal without being asked for another 30 days.",
  )
  onMeeting(
    "expire",
    "end the meeting, as an admin: everything stays readable, nothing more is sealed until an admin renews it",
    withoutEpoch(expireMeeting),
    () => "The meeting has ended. `taciturn meeting renew` opens it again.",
  )
  onMeeting(
    "leave",
    "leave the meeting: whoever seals next takes this account out",
    withoutEpoch(leaveMeeting),
    () => "Left. What this device fetched it keeps; from the next epoch on the server gives it nothing more.",
  )
}

function withoutEpoch(
  act: (client: Client, meetingId: MeetingId) => Promise<void>,
): (client: Client, meetingId: MeetingId) => Promise<undefined> {
  return async (client, meetingId) => {
    await act(client, meetingId)
    return undefined
  }
}

async function show(context: CommandContext, id: string): Promise<void> {
  const client = await context.openClient()
  const log = await readMeeting(client, readId("meeting", id))
  // Who is no member any more is told nothing about what is stored.
  const keeping = log.isMember ? await readKeeping(client, log) : null
  const { current, former } = membersOf(log)
  const { title, policy, keys, adminBoxesAreWrong } = log.current
  const { expiry, retention, deletion } = log.standing
  const renewalDue = timeOf(renewalDueMs(log))
  const ended = expiry === null ? null : timeOf(expiry.timeMs)
  const admins = current.filter(({ role }) => role === "admin")
  const isSoleAdmin = admins.length === 1 && current.length > 1
  const notices = log.voids.map(({ seq, code, reason }) => ({ event: seq, code, reason }))
  const document = {
    meeting: id,
    title,
    epoch: keys.epoch,
    policy,
    isMember: log.isMember,
    members: current.map(({ genesisHash, role, isLeaving, since, opensFrom }) => ({
      account: accountOf(genesisHash),
      ...knownAs(client, genesisHash),
      role,
      isLeaving,
      since: documentOf(since),
      opensFrom: documentOf(opensFrom),
    })),
    former: former.map(({ genesisHash, until }) => ({ account: accountOf(genesisHash), until: documentOf(until) })),
    recordings: seenOf(log).recordings,
    renewalDue,
    ended,
    retention:
      retention === null
        ? null
        : { days: retention.days, by: accountOf(retention.authorGenesisHash), time: timeOf(retention.timeMs) },
    servedRetentionDays: keeping?.retentionDays ?? null,
    deleted: deletion === null ? null : { by: accountOf(deletion.authorGenesisHash), time: timeOf(deletion.timeMs) },
    ...purgeDocument(keeping?.purgeDay ?? null),
    adminBoxesAreWrong,
    isSoleAdmin,
    notices,
  }
  context.output.result(document, [
    title,
    `epoch ${keys.epoch}, history ${policy === "shared" ? "shared with newcomers" : "from joining on"}, ${document.recordings} recordings`,
    ...(document.deleted === null
      ? keeping?.purgeDay == null
        ? []
        : ["The server says that this meeting was deleted; nothing in its log says so."]
      : [
          `deleted by ${document.deleted.by} on ${dayOf(document.deleted.time)}${document.purgeDay === null ? "" : `: all of it goes on ${document.purgeDay}`}`,
        ]),
    ...(document.retention === null || document.retention.days === null
      ? []
      : [
          `recordings are kept for ${document.retention.days} days, as ${document.retention.by} said on ${dayOf(document.retention.time)}`,
        ]),
    ...(keeping === null || keeping.retentionDays === (retention?.days ?? null)
      ? []
      : [retentionDiffers(keeping.retentionDays, retention?.days ?? null).trim()]),
    ended === null
      ? `an admin's renewal is due by ${dayOf(renewalDue)}`
      : `ended on ${dayOf(ended)}: nothing more is sealed`,
    ...current.map(
      ({ genesisHash, role, isLeaving, since, opensFrom }) =>
        `${accountOf(genesisHash)}${nameText(client, genesisHash)}  ${role}${isLeaving ? ", leaving" : ""}, since ${textOf(since)}; opens what was sealed since ${textOf(opensFrom)}`,
    ),
    ...former.map(
      ({ genesisHash, until }) =>
        `${accountOf(genesisHash)}  no member since ${textOf(until)}; keeps what it fetched before, opens nothing sealed since`,
    ),
    ...(isSoleAdmin
      ? [
          "There is one admin: if that account is lost, nobody can admit or remove anybody. `taciturn meeting promote` makes another.",
        ]
      : []),
    ...(adminBoxesAreWrong
      ? ["Not every admin was brought the admins' key: `taciturn meeting rekey`, by an admin who has it, mends that."]
      : []),
    ...notices.map((notice) => `not valid: event ${notice.event}, ${notice.reason} (${notice.code})`),
    ...(log.isMember ? [] : ["This account is no longer a member; what it could open before, it still can."]),
  ])
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}

function dayOf(time: string): string {
  return time.slice(0, 10)
}

function documentOf(moment: EpochMoment | null): { readonly epoch: number; readonly time: string } | null {
  return moment === null ? null : { epoch: moment.epoch, time: timeOf(moment.timeMs) }
}

function textOf(moment: EpochMoment | null): string {
  return moment === null
    ? "before what this account can see"
    : `${dayOf(timeOf(moment.timeMs))} (epoch ${moment.epoch})`
}
