import { hostname } from "node:os"
import type { Command } from "commander"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { prepareAccount, registerAccount, whoAmI } from "../../sdk/account.js"
import { readIfThere } from "../../sdk/node/files.js"
import { createStateFile } from "../../sdk/node/state-file.js"
import { type CommandContext, initialUrl, secureRandom, systemClock } from "../context.js"
import type { Action } from "../main.js"

export function addAccountCommands(program: Command, run: (action: Action) => Promise<void>): void {
  program
    .command("init")
    .description("make an account and this device's keys; shows the recovery phrase once")
    .option("--name <name>", "what this device is called (only you can read it)", hostname())
    .option("--phrase-file <file>", "write the recovery phrase to a new file instead of showing it")
    .addHelpText(
      "after",
      "\nExample:\n  taciturn init --name laptop\n\nA passphrase for the keys on this disk is read from TACITURN_PASSPHRASE_FILE; without one, the file's mode protects them.",
    )
    .action(async (options: { name: string; phraseFile?: string }) => {
      await run(async (context) => {
        await init(context, options, program.opts<{ url?: string }>().url)
        return undefined
      })
    })
  program
    .command("whoami")
    .description("this account, this device, and the safety words by which others know it")
    .addHelpText("after", "\nExample:\n  taciturn whoami --json")
    .action(async () => {
      await run(async (context) => {
        const client = await context.openClient()
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

async function init(
  context: CommandContext,
  options: { readonly name: string; readonly phraseFile?: string },
  url: string | undefined,
): Promise<void> {
  const { keystorePath, output, config } = context
  if ((await readIfThere(keystorePath)) !== null)
    throw new ArchiveError(
      "exists",
      `there is an account in ${config.home} already: nothing was changed. Set TACITURN_HOME for another`,
    )
  const passphrase = config.passphraseFile === null ? null : await context.passphrase("")
  const http = context.httpFor(initialUrl(url, config))
  const { state, recoveryPhrase } = await prepareAccount(http, {
    deviceName: options.name,
    clock: systemClock,
    random: secureRandom,
  })
  if (options.phraseFile !== undefined) await writePhrase(options.phraseFile, recoveryPhrase)
  const box = await createStateFile(keystorePath, state, passphrase, secureRandom)
  const client = context.clientFor(http, box)
  const account = formatId("account", await registerAccount(client))
  const device = formatId("device", whoAmI(client).deviceId)
  const shown = options.phraseFile === undefined ? { recoveryPhrase } : { recoveryPhraseFile: options.phraseFile }
  output.result({ account, device, ...shown }, [
    `account  ${account}`,
    `device   ${device} (${options.name})`,
    "",
    ...(options.phraseFile === undefined
      ? [
          "Recovery phrase. Write it on paper now: it is shown this once and kept nowhere.",
          "",
          ...phraseLines(recoveryPhrase),
        ]
      : [`The recovery phrase is in ${options.phraseFile}. Move it to paper, and remove the file.`]),
    "",
    `Keys are in ${config.home}${passphrase === null ? ", without a passphrase: whoever reads that folder is you" : ""}.`,
  ])
}

async function writePhrase(path: string, phrase: string): Promise<void> {
  const { open } = await import("node:fs/promises")
  const file = await open(path, "wx", 0o600).catch((cause: unknown) => {
    throw new ArchiveError("exists", `${path} can't be made: it exists, or its folder does not`, { cause })
  })
  try {
    await file.writeFile(`${phrase}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}

function phraseLines(phrase: string): readonly string[] {
  const words = phrase.split(" ")
  return [0, 6, 12, 18].map(
    (from) =>
      `    ${words
        .slice(from, from + 6)
        .map((word, index) => `${String(from + index + 1).padStart(2)} ${word.padEnd(9)}`)
        .join(" ")}`,
  )
}
