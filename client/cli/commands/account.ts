import { hostname } from "node:os"
import type { Command } from "commander"
import { type ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { registerAccount, whoAmI } from "../../sdk/account.js"
import type { Client } from "../../sdk/client.js"
import { type CommandContext, initialUrl } from "../context.js"
import { EXIT, EXIT_CODES } from "../exit-codes.js"
import { makeHome, type NewAccountFlags } from "../home.js"
import type { Action } from "../main.js"

export function addAccountCommands(program: Command, run: (action: Action) => Promise<void>): void {
  program
    .command("init")
    .description("make an account and this device's keys; shows the recovery phrase once")
    .option("--name <name>", "what this device is called (only you can read it)", hostname())
    .option("--phrase-file <file>", "write the recovery phrase to a new file instead of showing it")
    .option("--passphrase", "ask for a passphrase for the keys on this disk")
    .addHelpText(
      "after",
      "\nExample:\n  taciturn init --name laptop\n\nA passphrase may come from the file that TACITURN_PASSPHRASE_FILE names, too. Without one, the file's mode protects the keys.",
    )
    .action(async (flags: NewAccountFlags) => {
      await run(async (context) => await init(context, flags, program.opts<{ url?: string }>().url))
    })
  program
    .command("whoami")
    .description("this account, this device, and the safety words by which others know it")
    .addHelpText("after", "\nExample:\n  taciturn whoami --json")
    .action(async () => {
      await run(async (context) => {
        const client = await context.openOffline()
        const self = whoAmI(client)
        const document = {
          account: formatId("account", self.accountId),
          device: formatId("device", self.deviceId),
          name: self.deviceName,
          server: client.http.baseUrl,
          safetyWords: self.safetyWords,
        }
        context.output.result(document, [
          `account       ${document.account}`,
          `device        ${document.device} (${document.name})`,
          `server        ${document.server}`,
          `safety words  ${document.safetyWords}`,
        ])
        return undefined
      })
    })
}

async function init(context: CommandContext, flags: NewAccountFlags, url: string | undefined): Promise<number> {
  const { output, config } = context
  const { client, undo, document, lines } = await makeHome(context, flags, initialUrl(url, config))
  const failure = await register(client, undo)
  output.result(document, lines)
  if (failure === null) return EXIT.done
  output.note(`the server was not told of this account yet: the next command tells it (${failure.message})`)
  return EXIT_CODES[failure.code]
}

/**
 * Tells the server of the account. Where it can't be told now, a later command does, and the phrase is shown all the same: it could never be again.
 * @param undo forgets an account that the server refuses.
 */
async function register(client: Client, undo: () => Promise<void>): Promise<ArchiveError | null> {
  try {
    await registerAccount(client)
    return null
  } catch (error) {
    if (isArchiveError(error) && (error.retryable || error.code === "interrupted")) return error
    await undo()
    throw error
  }
}
