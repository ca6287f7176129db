import { chmod, mkdir, rm } from "node:fs/promises"
import { hostname } from "node:os"
import type { Command } from "commander"
import { type ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { prepareAccount, registerAccount, whoAmI } from "../../sdk/account.js"
import type { Client } from "../../sdk/client.js"
import { createStateFile } from "../../sdk/node/state-file.js"
import { type CommandContext, initialUrl, secureRandom, systemClock } from "../context.js"
import { EXIT, EXIT_CODES } from "../exit-codes.js"
import { assertNoAccount, choosePassphrase } from "../home.js"
import type { Action } from "../main.js"
import { phraseLines, writePhrase } from "../phrase.js"

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
    .action(async (flags: InitFlags) => {
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

interface InitFlags {
  readonly name: string
  readonly phraseFile?: string
  readonly passphrase?: boolean
}

async function init(context: CommandContext, flags: InitFlags, url: string | undefined): Promise<number> {
  const { keystorePath, output, config } = context
  await assertNoAccount(context)
  const passphrase = await choosePassphrase(context, flags.passphrase === true)
  const http = context.httpFor(initialUrl(url, config))
  const { state, recoveryPhrase } = await prepareAccount(http, {
    deviceName: flags.name,
    clock: systemClock,
    random: secureRandom,
  })
  await mkdir(config.home, { recursive: true, mode: 0o700 })
  await chmod(config.home, 0o700)
  if (flags.phraseFile !== undefined) await writePhrase(flags.phraseFile, recoveryPhrase)
  const box = await createStateFile(keystorePath, state, passphrase, secureRandom)
  const client = context.clientFor(http, box)
  const failure = await register(client, async () => {
    await rm(keystorePath, { force: true })
    if (flags.phraseFile !== undefined) await rm(flags.phraseFile, { force: true })
  })
  const self = whoAmI(client)
  const [account, device] = [formatId("account", self.accountId), formatId("device", self.deviceId)]
  const shown = flags.phraseFile === undefined ? { recoveryPhrase } : { recoveryPhraseFile: flags.phraseFile }
  output.result({ account, device, ...shown }, [
    `account  ${account}`,
    `device   ${device} (${flags.name})`,
    "",
    ...phraseLines(recoveryPhrase, flags.phraseFile),
    "",
    `Keys are in ${config.home}${passphrase === null ? ", without a passphrase: whoever reads that folder is you" : ""}.`,
  ])
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
