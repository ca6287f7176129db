import { readFile } from "node:fs/promises"
import type { Command } from "commander"
import { fromHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError, type ErrorCode, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, idOfHash, type MeetingId } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { listInvitations } from "../../sdk/invitations.js"
import { adoptKeyring } from "../../sdk/keyring.js"
import { createMeeting, deletedMeeting, readMeeting, seenOf } from "../../sdk/meetings.js"
import { accountRisks } from "../../sdk/recovery.js"
import type { MeetingState } from "../../sdk/state.js"
import type { CommandContext } from "../context.js"
import { EXIT, EXIT_CODES } from "../exit-codes.js"
import type { Action } from "../main.js"
import { riskLines } from "./devices.js"
import { addInvitationCommands, describeInvitation } from "./invitations.js"
import { addMeetingKeepingCommands } from "./keeping.js"
import { addLinkCommands } from "./links.js"
import { addMembershipCommands } from "./membership.js"
import { addWatchCommand } from "./watch.js"

export function addMeetingCommands(program: Command, run: (action: Action) => Promise<void>): void {
  const meeting = program.command("meeting").description("make, list and join meetings, and admit people to them")
  meeting
    .command("create <title>")
    .description("make a meeting; only its members can read its title")
    .option("--code-file <file>", "a file with the server's code, where it makes meetings only with one")
    .addHelpText(
      "after",
      '\nExample:\n  taciturn meeting create "Weekly call"\n\nThe code may come from TACITURN_MEETING_CODE, too. It is kept nowhere.',
    )
    .action(async (title: string, flags: { readonly codeFile?: string }) => {
      await run(async (context) => {
        const code = await readMeetingCode(context, flags.codeFile)
        const id = formatId("meeting", await create(await context.openClient(), title, code))
        context.output.result({ meeting: id, title }, [id])
        return undefined
      })
    })
  meeting
    .command("list")
    .description("the meetings of this account as this device last saw them, and invitations that wait")
    .option("--refresh", "read and verify every meeting's history first")
    .addHelpText("after", "\nExample:\n  taciturn meeting list --json")
    .action(async (flags: { readonly refresh?: boolean }) => {
      await run(async (context) => await list(context, flags.refresh === true))
    })
  addInvitationCommands(meeting, run)
  addLinkCommands(meeting, run)
  addMembershipCommands(meeting, run)
  addWatchCommand(meeting, run)
  addMeetingKeepingCommands(meeting, run)
}

/** From the file that is named, else from the environment. */
async function readMeetingCode(context: CommandContext, file: string | undefined): Promise<Uint8Array | undefined> {
  const text =
    file === undefined
      ? context.config.meetingCode
      : await readFile(file, "utf8").catch((cause: unknown) => {
          throw new ArchiveError("usage", `the code file ${file} can't be read`, { cause })
        })
  if (text === null) return undefined
  const digits = text.trim().toLowerCase()
  if (!/^(?:[0-9a-f]{2}){16,64}$/.test(digits))
    throw new ArchiveError("usage", "that is no server's code: one has 32 to 128 hexadecimal digits")
  return fromHex(digits)
}

async function create(client: Client, title: string, code: Uint8Array | undefined): Promise<MeetingId> {
  try {
    return await createMeeting(client, title, code)
  } catch (error) {
    if (!isArchiveError(error) || error.code !== "forbidden") throw error
    throw new ArchiveError("forbidden", `${error.message}: give it with --code-file or TACITURN_MEETING_CODE`, {
      cause: error,
    })
  }
}

interface ListedMeeting {
  readonly meeting: string
  readonly title: string | null
  readonly epoch: number | null
  readonly members: number | null
  readonly recordings: number | null
  readonly error?: { readonly code: ErrorCode; readonly message: string }
}

async function list(context: CommandContext, refreshes: boolean): Promise<number> {
  const client = await context.openClient()
  await adoptKeyring(client)
  const meetings: ListedMeeting[] = []
  // Logs are read when they are looked at: one request for each of a thousand meetings would take minutes.
  for (const known of client.state.current.meetings)
    meetings.push(refreshes ? await lookAt(client, known, context.signal) : describeMeeting(known))
  const invitations = (await listInvitations(client)).map((waiting) => describeInvitation(client, waiting))
  const risks = await accountRisks(client)
  context.output.result({ meetings, invitations, ...risks }, [
    ...meetings.map((listed) =>
      listed.error === undefined
        ? `${listed.meeting}  ${listed.title ?? ""}  ${listed.members === null ? "(not looked at yet)" : `(${listed.members} members, ${listed.recordings ?? 0} recordings)`}`
        : `${listed.meeting}  ${listed.error.code === "gone" ? "" : "can't be shown: "}${listed.error.message}`,
    ),
    ...invitations.map(
      (invitation) =>
        `invitation: ${"meeting" in invitation ? `${invitation.meeting}  ${invitation.title}, from ${invitation.inviter} (${invitation.inviterState})` : invitation.problem}`,
    ),
    ...(meetings.length + invitations.length === 0
      ? [
          "No meetings yet. Make one with `taciturn meeting create TITLE`, or give your account id to somebody who has one.",
        ]
      : riskLines(risks)),
  ])
  const failed = meetings.flatMap(({ error }) =>
    error === undefined || error.code === "gone" ? [] : [EXIT_CODES[error.code]],
  )
  return failed.includes(EXIT.integrity) ? EXIT.integrity : (failed[0] ?? EXIT.done)
}

/** As this device last saw it. */
function describeMeeting(known: MeetingState): ListedMeeting {
  const meeting = formatId("meeting", idOfHash("meeting", known.meetingHash))
  const { seen } = known
  if (seen !== null && known.deletion === null) return { meeting, ...seen }
  const listed = { meeting, title: seen?.title ?? null, epoch: null, members: null, recordings: null }
  if (known.deletion === null) return listed
  const { code, message } = deletedMeeting(known)
  return { ...listed, error: { code, message } }
}

/** One meeting whose log is not as it should be hides no other. */
async function lookAt(client: Client, known: MeetingState, signal: AbortSignal): Promise<ListedMeeting> {
  try {
    return describeMeeting({
      ...known,
      seen: seenOf(await readMeeting(client, idOfHash("meeting", known.meetingHash))),
    })
  } catch (error) {
    if (!isArchiveError(error) || signal.aborted) throw error
    const { code, message } = error
    return { ...describeMeeting({ ...known, seen: null }), error: { code, message } }
  }
}
