import { rm } from "node:fs/promises"
import type { Command } from "commander"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import { ownAccountId } from "../../sdk/account.js"
import { closeAccount, type ClosingPlan, isAccountClosed, planClosing } from "../../sdk/closing.js"
import { confirm, isConfirmed } from "../confirm.js"
import type { CommandContext } from "../context.js"
import { uploadsFolder } from "../home.js"
import type { Action } from "../main.js"

interface DeleteFlags {
  readonly yes?: boolean
  readonly removeKeys?: boolean
}

export function addAccountDeleteCommand(program: Command, run: (action: Action) => Promise<void>): void {
  program
    .command("account")
    .description("this account as a whole")
    .command("delete")
    .description("leave every meeting and close this account on all of its devices; nobody can take that back")
    .option("--yes", "don't ask whether to close it")
    .option("--remove-keys", "don't ask whether to remove the keys on this device, afterwards")
    .addHelpText(
      "after",
      "\nExample:\n  taciturn account delete\n\nWhat it published stays with its meetings: delete recordings first, if they are to go.",
    )
    .action(async (flags: DeleteFlags) => {
      await run(async (context) => {
        await deleteAccount(context, flags)
        return undefined
      })
    })
}

const NOTHING: ClosingPlan = { leaves: [], deletes: [], blockedBy: [], unreadable: [] }

async function deleteAccount(context: CommandContext, flags: DeleteFlags): Promise<void> {
  const offline = await context.openOffline()
  const account = formatId("account", ownAccountId(offline))
  const plan =
    offline.state.current.registered && (await isAccountClosed(offline)) ? NOTHING : await close(context, flags)
  const removesKeys =
    flags.removeKeys === true ||
    (await isConfirmed(context, `The account is closed. Remove its keys from ${context.config.home} too?`))
  if (removesKeys) {
    await rm(uploadsFolder(context), { recursive: true, force: true })
    await rm(context.keystorePath, { force: true })
  }
  const document = {
    account,
    left: idsOf(plan.leaves),
    deleted: idsOf(plan.deletes),
    notLeft: idsOf(plan.unreadable),
    keysRemoved: removesKeys,
  }
  context.output.result(document, [
    `${account} is closed: inbox, keyring and boxes are gone from the server. Its chain of public keys stays there, so that what it signed can still be checked.`,
    ...document.left.map((id) => `left ${id}; recordings that this account published stay in it`),
    ...document.deleted.map((id) => `deleted ${id}, in which nobody else was`),
    ...document.notLeft.map((id) => `${id} could not be read, and so not be left`),
    removesKeys
      ? "The keys on this device are removed."
      : `The keys on this device stay in ${context.config.home}: they open nothing at the server any more.`,
  ])
}

async function close(context: CommandContext, flags: DeleteFlags): Promise<ClosingPlan> {
  const client = await context.openClient()
  const plan = await planClosing(client)
  if (plan.blockedBy.length > 0)
    throw new ArchiveError(
      "not-authorised",
      `this account is the only admin of ${idsOf(plan.blockedBy).join(", ")}, with others in it: make somebody else an admin (\`taciturn meeting promote\`), or delete it (\`taciturn meeting delete\`); nothing was changed`,
    )
  for (const id of idsOf(plan.deletes)) context.output.note(`nobody else is in ${id}: it is deleted too`)
  await confirm(context, `Close this account for good, and leave its ${plan.leaves.length} meetings?`, {
    name: "--yes",
    isGiven: flags.yes === true,
  })
  await closeAccount(client, plan)
  return plan
}

function idsOf(meetings: readonly MeetingId[]): readonly string[] {
  return meetings.map((id) => formatId("meeting", id))
}
