import type { Command } from "commander"
import { ArchiveError, type ErrorCode, isArchiveError } from "../../../shared/protocol/errors.js"
import { toHex } from "../../../shared/protocol/bytes.js"
import { formatId, idOfHash, type MeetingId } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { acceptInvitation, listInvitations, type WaitingInvitation } from "../../sdk/invitations.js"
import { adoptMeetings } from "../../sdk/keyring.js"
import { createMeeting, readMeeting } from "../../sdk/meetings.js"
import { readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { countOf } from "../describe.js"
import { EXIT, EXIT_CODES } from "../exit-codes.js"
import type { Action } from "../main.js"
import { addMeetingKeepingCommands } from "./keeping.js"
import { addMembershipCommands } from "./membership.js"

export function addMeetingCommands(program: Command, run: (action: Action) => Promise<void>): void {
  const meeting = program.command("meeting").description("make, list and join meetings, and admit people to them")
  meeting
    .command("create <title>")
    .description("make a meeting; only its members can read its title")
    .addHelpText("after", '\nExample:\n  taciturn meeting create "Weekly call"')
    .action(async (title: string) => {
      await run(async (context) => {
        const id = formatId("meeting", await createMeeting(await context.openClient(), title))
        context.output.result({ meeting: id, title }, [id])
        return undefined
      })
    })
  meeting
    .command("list")
    .description("the meetings of this account, and invitations that wait")
    .addHelpText("after", "\nExample:\n  taciturn meeting list --json")
    .action(async () => {
      await run(list)
    })
  meeting
    .command("join [meeting]")
    .description("accept what waits in this account's inbox: the one invitation, the one to a named meeting, or --all")
    .option("--all", "accept every invitation")
    .addHelpText("after", "\nExample:\n  taciturn meeting join --all")
    .action(async (id: string | undefined, options: { all?: boolean }) => {
      await run(async (context) => await join(context, id, options.all === true))
    })
  addMembershipCommands(meeting, run)
  addMeetingKeepingCommands(meeting, run)
}

interface ListedMeeting {
  readonly meeting: string
  readonly title: string | null
  readonly epoch: number | null
  readonly members: number | null
  readonly recordings: number | null
  readonly error?: { readonly code: ErrorCode; readonly message: string }
}

async function list(context: CommandContext): Promise<number> {
  const client = await context.openClient()
  await adoptMeetings(client)
  const meetings: ListedMeeting[] = []
  for (const { meetingHash } of client.state.current.meetings)
    meetings.push(await describeMeeting(client, idOfHash("meeting", meetingHash), context.signal))
  const invitations = (await listInvitations(client)).map(describe)
  context.output.result({ meetings, invitations }, [
    ...meetings.map((listed) =>
      listed.error === undefined
        ? `${listed.meeting}  ${listed.title ?? ""}  (${listed.members ?? 0} members, ${listed.recordings ?? 0} recordings)`
        : `${listed.meeting}  ${listed.error.code === "gone" ? "" : "can't be shown: "}${listed.error.message}`,
    ),
    ...invitations.map(
      (invitation) =>
        `invitation: ${"meeting" in invitation ? `${invitation.meeting}  ${invitation.title}, from ${invitation.inviter}` : invitation.problem}`,
    ),
    ...(meetings.length + invitations.length === 0
      ? [
          "No meetings yet. Make one with `taciturn meeting create TITLE`, or give your account id to somebody who has one.",
        ]
      : []),
  ])
  const failed = meetings.flatMap(({ error }) =>
    error === undefined || error.code === "gone" ? [] : [EXIT_CODES[error.code]],
  )
  return failed.includes(EXIT.integrity) ? EXIT.integrity : (failed[0] ?? EXIT.done)
}

/** One meeting whose log is not as it should be hides no other. */
async function describeMeeting(client: Client, meetingId: MeetingId, signal: AbortSignal): Promise<ListedMeeting> {
  const meeting = formatId("meeting", meetingId)
  try {
    const { current, recordings } = await readMeeting(client, meetingId)
    return {
      meeting,
      title: current.title,
      epoch: current.keys.epoch,
      members: current.roster.length,
      recordings: countOf(recordings),
    }
  } catch (error) {
    if (!isArchiveError(error) || signal.aborted) throw error
    const { code, message } = error
    return { meeting, title: null, epoch: null, members: null, recordings: null, error: { code, message } }
  }
}

function describe({
  entry,
  invitation,
  problem,
}: WaitingInvitation):
  | { readonly meeting: string; readonly title: string; readonly inviter: string }
  | { readonly entry: string; readonly problem: string } {
  if (invitation === null) return { entry: toHex(entry), problem: problem?.message ?? "it can't be opened" }
  return {
    meeting: formatId("meeting", idOfHash("meeting", invitation.meetingHash)),
    title: invitation.title,
    inviter: formatId("account", idOfHash("account", invitation.inviterGenesisHash)),
  }
}

async function join(context: CommandContext, id: string | undefined, all: boolean): Promise<number> {
  const wanted = id === undefined ? null : formatId("meeting", readId("meeting", id))
  const client = await context.openClient()
  const waiting = await listInvitations(client)
  const chosen = waiting.filter(
    (item) =>
      wanted === null ||
      (item.invitation !== null && formatId("meeting", idOfHash("meeting", item.invitation.meetingHash)) === wanted),
  )
  if (chosen.length === 0)
    throw new ArchiveError(
      "not-found",
      wanted === null
        ? "no invitation waits in this account's inbox"
        : `no invitation to ${wanted} waits in this account's inbox`,
    )
  if (chosen.length > 1 && !all && wanted === null)
    throw new ArchiveError("usage", `${chosen.length} invitations wait: name the meeting, or give --all`)
  const joined: { readonly meeting: string; readonly title: string; readonly inviter: string }[] = []
  const refused: { readonly code: string; readonly message: string }[] = []
  for (const item of chosen) {
    try {
      const meetingId = await acceptInvitation(client, item)
      const inviter =
        item.invitation === null ? "" : formatId("account", idOfHash("account", item.invitation.inviterGenesisHash))
      joined.push({
        meeting: formatId("meeting", meetingId),
        title: (await readMeeting(client, meetingId)).current.title,
        inviter,
      })
    } catch (error) {
      if (!isArchiveError(error) || chosen.length === 1) throw error
      refused.push({ code: error.code, message: error.message })
    }
  }
  context.output.result({ joined, ...(refused.length > 0 ? { refused } : {}) }, [
    ...joined.map((meeting) => `joined ${meeting.meeting}  ${meeting.title}, invited by ${meeting.inviter}`),
    ...refused.map((failure) => `refused: ${failure.message}`),
  ])
  return refused.length > 0 ? EXIT.failed : EXIT.done
}
