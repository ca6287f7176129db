import type { Command } from "commander"
import { formatId } from "../../../shared/protocol/ids.js"
import { blockAccount, listBlocked, unblockAccount } from "../../sdk/blocks.js"
import { findPerson } from "../../sdk/contacts.js"
import type { Action } from "../main.js"

/** Inviters that are not to be heard. */
export function addBlockCommands(contact: Command, run: (action: Action) => Promise<void>): void {
  contact
    .command("block <who>")
    .description("drop everything that an account sends to this one unseen, on all devices; nobody is told")
    .addHelpText("after", "\nExample:\n  taciturn contact block acct_…\n\nMeetings that both are in go on.")
    .action(async (who: string) => {
      await run(async (context) => {
        const client = await context.openClient({ admits: false })
        const accountId = await findPerson(client, who)
        await blockAccount(client, accountId)
        const id = formatId("account", accountId)
        context.output.result({ account: id, isBlocked: true }, [`What ${id} sends is dropped from now on.`])
        return undefined
      })
    })
  contact
    .command("unblock <who>")
    .description("let invitations from an account come again")
    .addHelpText("after", "\nExample:\n  taciturn contact unblock acct_…")
    .action(async (who: string) => {
      await run(async (context) => {
        const client = await context.openClient()
        const accountId = await findPerson(client, who)
        await unblockAccount(client, accountId)
        const id = formatId("account", accountId)
        context.output.result({ account: id, isBlocked: false }, [`Invitations from ${id} are shown again.`])
        return undefined
      })
    })
  contact
    .command("blocked")
    .description("the accounts and the meetings that are blocked")
    .addHelpText("after", "\nExample:\n  taciturn contact blocked --json")
    .action(async () => {
      await run(async (context) => {
        const blocked = await listBlocked(await context.openClient())
        const accounts = blocked.accounts.map((id) => formatId("account", id))
        const meetings = blocked.meetings.map((id) => formatId("meeting", id))
        context.output.result(
          { accounts, meetings },
          accounts.length + meetings.length === 0 ? ["Nothing is blocked."] : [...accounts, ...meetings],
        )
        return undefined
      })
    })
}
