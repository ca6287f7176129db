import type { Command } from "commander"
import { toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, idOfHash } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { contactOf } from "../../sdk/contacts.js"
import { blockMeeting, unblockMeeting } from "../../sdk/blocks.js"
import { acceptInvitation, declineInvitations, listInvitations, type WaitingInvitation } from "../../sdk/invitations.js"
import { readMeeting } from "../../sdk/meetings.js"
import { readId } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { EXIT } from "../exit-codes.js"
import type { Action } from "../main.js"

/** What to do with invitations that wait. */
export function addInvitationCommands(meeting: Command, run: (action: Action) => Promise<void>): void {
  meeting
    .command("join [meeting]")
    .description("accept what waits in this account's inbox: the one invitation, the one to a named meeting, or --all")
    .option("--all", "accept every invitation")
    .addHelpText("after", "\nExample:\n  taciturn meeting join --all")
    .action(async (id: string | undefined, options: { all?: boolean }) => {
      await run(async (context) => await join(context, id, options.all === true))
    })
  meeting
    .command("decline [meeting]")
    .description("decline what waits: it is not shown again, on no device of this account; nobody is told")
    .option("--all", "decline every invitation, and throw away what can't be opened")
    .addHelpText("after", "\nExample:\n  taciturn meeting decline mtg_…")
    .action(async (id: string | undefined, options: { all?: boolean }) => {
      await run(async (context) => {
        const wanted = readWanted(id)
        const client = await context.openClient()
        const chosen = choose(await listInvitations(client), wanted, options.all === true)
        await declineInvitations(client, chosen)
        const declined = chosen.map((item) => describeInvitation(client, item))
        context.output.result({ declined }, [
          ...declined.map((item) =>
            "meeting" in item
              ? `declined ${item.meeting}  ${item.title}, from ${item.inviter}`
              : `thrown away: ${item.problem}`,
          ),
        ])
        return undefined
      })
    })
  meeting
    .command("block <meeting>")
    .description("drop every invitation to a meeting unseen, on all devices of this account; nobody is told")
    .addHelpText(
      "after",
      "\nExample:\n  taciturn meeting block mtg_…\n\n`taciturn contact block` does it for an inviter.",
    )
    .action(async (id: string) => {
      await run(async (context) => {
        const meetingId = readId("meeting", id)
        await blockMeeting(await context.openClient({ admits: false }), meetingId)
        context.output.result({ meeting: id, isBlocked: true }, [`Invitations to ${id} are dropped from now on.`])
        return undefined
      })
    })
  meeting
    .command("unblock <meeting>")
    .description("let invitations to a meeting come again")
    .addHelpText("after", "\nExample:\n  taciturn meeting unblock mtg_…")
    .action(async (id: string) => {
      await run(async (context) => {
        const meetingId = readId("meeting", id)
        await unblockMeeting(await context.openClient(), meetingId)
        context.output.result({ meeting: id, isBlocked: false }, [`Invitations to ${id} are shown again.`])
        return undefined
      })
    })
}

/** A meeting's id as ids are written, or `null` where none is named. */
function readWanted(id: string | undefined): string | null {
  return id === undefined ? null : formatId("meeting", readId("meeting", id))
}

/** The one invitation, those to a named meeting, or all. @throws {@link ArchiveError} `not-found`, `usage` where it is not clear which. */
function choose(
  waiting: readonly WaitingInvitation[],
  wanted: string | null,
  all: boolean,
): readonly WaitingInvitation[] {
  const chosen = waiting.filter(
    ({ invitation }) =>
      wanted === null ||
      (invitation !== null && formatId("meeting", idOfHash("meeting", invitation.meetingHash)) === wanted),
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
  return chosen
}

export function describeInvitation(
  client: Client,
  { entry, invitation, problem }: WaitingInvitation,
):
  | {
      readonly meeting: string
      readonly title: string
      readonly inviter: string
      readonly inviterName: string | null
      readonly inviterState: string
    }
  | { readonly entry: string; readonly problem: string } {
  if (invitation === null) return { entry: toHex(entry), problem: problem?.message ?? "it can't be opened" }
  const contact = contactOf(client, invitation.inviterGenesisHash)
  return {
    meeting: formatId("meeting", idOfHash("meeting", invitation.meetingHash)),
    title: invitation.title,
    inviter: formatId("account", idOfHash("account", invitation.inviterGenesisHash)),
    inviterName: contact?.name ?? null,
    inviterState: contact === null ? "unknown to you" : contact.state,
  }
}

async function join(context: CommandContext, id: string | undefined, all: boolean): Promise<number> {
  const wanted = readWanted(id)
  const client = await context.openClient()
  const chosen = choose(await listInvitations(client), wanted, all)
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
