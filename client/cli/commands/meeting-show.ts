import type { Command } from "commander"
import { dateIn, dateOf, dateOfDay, isoTimeOf } from "../../../shared/protocol/ambient.js"
import { formatId } from "../../../shared/protocol/ids.js"
import type { OpeningSubject } from "../../../shared/protocol/notes.js"
import { activityOf, memberAccountChanges } from "../../sdk/activity.js"
import { readKeeping } from "../../sdk/keeping.js"
import { type EpochMoment, membersOf } from "../../sdk/membership.js"
import { readMeeting, seenOf } from "../../sdk/meetings.js"
import { meetingNotices } from "../../sdk/notices.js"
import { renewalDueMs } from "../../sdk/standing.js"
import { readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { accountOf, knownAs, nameText, purgeDocument } from "../describe.js"
import type { Action } from "../main.js"
import { accountChangeText, meetingChangeText } from "../news.js"
import { retentionDiffers } from "./keeping.js"
import { noticeDocument, noticeLines } from "./notices.js"

/** A meeting as its log has it. */
export function addMeetingShowCommand(meeting: Command, run: (action: Action) => Promise<void>): void {
  meeting
    .command("show <meeting>")
    .description("title, who may open what since when, what changed in it, and whatever was not as it should be")
    .addHelpText("after", "\nExample:\n  taciturn meeting show mtg_…")
    .action(async (id: string) => {
      await run(async (context) => {
        await show(context, id)
        return undefined
      })
    })
}

async function show(context: CommandContext, id: string): Promise<void> {
  const client = await context.openClient()
  const log = await readMeeting(client, readId("meeting", id))
  // Who is no member any more is told nothing about what is stored.
  const keeping = log.isMember ? await readKeeping(client, log) : null
  const told = log.isMember ? await meetingNotices(client, log) : []
  const { current, former } = membersOf(log)
  const { title, policy, keys, adminBoxesAreWrong } = log.current
  const { expiry, retention, deletion } = log.standing
  const renewalDue = isoTimeOf(renewalDueMs(log))
  const ended = expiry === null ? null : isoTimeOf(expiry.timeMs)
  const admins = current.filter(({ role }) => role === "admin")
  const [changes, accountChanges] = [activityOf(log), memberAccountChanges(log)]
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
    activity: changes.map((change) => ({
      event: change.seq,
      time: isoTimeOf(change.timeMs),
      by: accountOf(change.by),
      kind: change.kind,
      ...("about" in change ? { account: accountOf(change.about) } : {}),
      ...(change.kind === "opened" ? { opened: subjectDocument(change.subject) } : {}),
    })),
    accountChanges: accountChanges.map(({ kind, about, seq, day }) => ({
      account: accountOf(about),
      link: seq,
      date: dateOfDay(day),
      kind,
    })),
    recordings: seenOf(log).recordings,
    renewalDue,
    ended,
    retention:
      retention === null
        ? null
        : { days: retention.days, by: accountOf(retention.authorGenesisHash), time: isoTimeOf(retention.timeMs) },
    servedRetentionDays: keeping?.retentionDays ?? null,
    deleted: deletion === null ? null : { by: accountOf(deletion.authorGenesisHash), time: isoTimeOf(deletion.timeMs) },
    ...purgeDocument(keeping?.purgeDay ?? null),
    adminBoxesAreWrong,
    isSoleAdmin,
    notices,
    authorities: told.map((notice) => noticeDocument(id, notice)),
  }
  context.output.result(document, [
    title,
    ...told.flatMap((notice) => noticeLines(id, title, notice)),
    `epoch ${keys.epoch}, history ${policy === "shared" ? "shared with newcomers" : "from joining on"}, ${document.recordings} recordings`,
    ...(document.deleted === null
      ? keeping?.purgeDay == null
        ? []
        : ["The server says that this meeting was deleted; nothing in its log says so."]
      : [
          `deleted by ${document.deleted.by} on ${dateIn(document.deleted.time)}${document.purgeDay === null ? "" : `: all of it goes on ${document.purgeDay}`}`,
        ]),
    ...(document.retention === null || document.retention.days === null
      ? []
      : [
          `recordings are kept for ${document.retention.days} days, as ${document.retention.by} said on ${dateIn(document.retention.time)}`,
        ]),
    ...(keeping === null || keeping.retentionDays === (retention?.days ?? null)
      ? []
      : [retentionDiffers(keeping.retentionDays, retention?.days ?? null).trim()]),
    ended === null
      ? `an admin's renewal is due by ${dateIn(renewalDue)}`
      : `ended on ${dateIn(ended)}: nothing more is sealed`,
    ...current.map(
      ({ genesisHash, role, isLeaving, since, opensFrom }) =>
        `${accountOf(genesisHash)}${nameText(client, genesisHash)}  ${role}${isLeaving ? ", leaving" : ""}, since ${textOf(since)}; opens what was sealed since ${textOf(opensFrom)}`,
    ),
    ...former.map(
      ({ genesisHash, until }) =>
        `${accountOf(genesisHash)}  no member since ${textOf(until)}; keeps what it fetched before, opens nothing sealed since`,
    ),
    ...changes.map((change) => `${dateOf(change.timeMs)}  ${meetingChangeText(client, change)}`),
    ...accountChanges.map((change) => `${dateOfDay(change.day)}  ${accountChangeText(client, change)}`),
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

function subjectDocument(subject: OpeningSubject): Readonly<Record<string, unknown>> {
  switch (subject.of) {
    case "event":
      return { event: subject.seq, fields: subject.names }
    case "messages":
      return { messages: subject.ids.map((id) => formatId("message", id)) }
    case "recording":
      return { recording: formatId("recording", subject.recordingId), part: subject.part }
  }
}

function documentOf(moment: EpochMoment | null): { readonly epoch: number; readonly time: string } | null {
  return moment === null ? null : { epoch: moment.epoch, time: isoTimeOf(moment.timeMs) }
}

function textOf(moment: EpochMoment | null): string {
  return moment === null ? "before what this account can see" : `${dateOf(moment.timeMs)} (epoch ${moment.epoch})`
}
