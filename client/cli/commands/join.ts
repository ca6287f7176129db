import { hostname } from "node:os"
import type { Command } from "commander"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, idOfHash } from "../../../shared/protocol/ids.js"
import type { InviteLink } from "../../../shared/protocol/invite-link.js"
import { safetyWords } from "../../crypto/account-keys.js"
import { fetchInstance } from "../../sdk/instance.js"
import { offerByLink } from "../../sdk/join.js"
import { readIfThere } from "../../sdk/node/files.js"
import { readInviteUrl } from "../arguments.js"
import type { CommandContext } from "../context.js"
import { EXIT, EXIT_CODES } from "../exit-codes.js"
import { makeHome, type NewAccountFlags } from "../home.js"
import type { Action } from "../main.js"

interface JoinFlags extends NewAccountFlags {
  readonly as?: string
}

export function addJoinCommand(program: Command, run: (action: Action) => Promise<void>): void {
  program
    .command("join <link>")
    .description("ask to be admitted to the meeting of an invite link; makes an account where there is none")
    .option("--as <name>", "what you call yourself, for whoever made the link to read")
    .option("--name <name>", "of a new account: what this device is called (only you can read it)", hostname())
    .option("--phrase-file <file>", "of a new account: write the recovery phrase to a new file instead of showing it")
    .option("--passphrase", "of a new account: ask for a passphrase for the keys on this disk")
    .addHelpText(
      "after",
      "\nExample:\n  taciturn join 'https://server/j/#…' --as Bob\n\nQuote the link: it ends behind the #. When you were admitted, accept with `taciturn meeting join`.",
    )
    .action(async (text: string, flags: JoinFlags) => {
      await run(async (context) => await join(context, text, flags, program.opts<{ url?: string }>().url))
    })
}

async function join(
  context: CommandContext,
  text: string,
  flags: JoinFlags,
  url: string | undefined,
): Promise<number | undefined> {
  const { server, secret } = readInviteUrl(text)
  const name = flags.as ?? ""
  if ((await readIfThere(context.keystorePath)) !== null) {
    const client = await context.openClient()
    await fetchInstance(context.httpFor(url ?? server), client.state.current.instanceKey)
    const link = await offerByLink(client, secret, name)
    context.output.result(documentOf(link), linesOf(link))
    return undefined
  }
  const home = await makeHome(context, flags, url ?? server)
  try {
    const link = await offerByLink(home.client, secret, name)
    context.output.result({ ...home.document, ...documentOf(link) }, [...home.lines, "", ...linesOf(link)])
    return EXIT.done
  } catch (error) {
    if (!isArchiveError(error)) throw error
    if (!home.client.state.current.registered) {
      await home.undo()
      throw error
    }
    // The account is there: its phrase is shown now or never.
    context.output.result(home.document, home.lines)
    context.output.note(`the account was made, but not offered to the meeting yet: ${error.message}; call join again`)
    return EXIT_CODES[error.code]
  }
}

function documentOf({ meetingHash, title, inviterGenesisHash, isPreApproved }: InviteLink): {
  readonly meeting: string
  readonly title: string | null
  readonly inviter: string
  readonly isPreApproved: boolean
} {
  return {
    meeting: formatId("meeting", idOfHash("meeting", meetingHash)),
    title,
    inviter: formatId("account", idOfHash("account", inviterGenesisHash)),
    isPreApproved,
  }
}

function linesOf(link: InviteLink): readonly string[] {
  const { meeting, title, inviter, isPreApproved } = documentOf(link)
  return [
    `Asked to be admitted to ${meeting}${title === null ? "" : `  ${title}`}.`,
    `The link is by ${inviter}, not verified. To be sure who that is, compare these words with them:`,
    `  ${safetyWords(link.inviterGenesisHash)}`,
    isPreApproved
      ? "They are not asked: an invitation comes when their device is next online. Accept it with `taciturn meeting join`."
      : "They decide. When they have, an invitation comes: accept it with `taciturn meeting join`.",
  ]
}
