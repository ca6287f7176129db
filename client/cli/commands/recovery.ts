import { chmod, mkdir } from "node:fs/promises"
import { hostname } from "node:os"
import type { Command } from "commander"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { type DeviceId, formatId } from "../../../shared/protocol/ids.js"
import { whoAmI } from "../../sdk/account.js"
import { closeKeyring, type ListedDevice, type RekeyReport, revokeDevices } from "../../sdk/devices.js"
import { adoptKeyring } from "../../sdk/keyring.js"
import { createStateFile } from "../../sdk/node/state-file.js"
import { checkPhrase, recoverAccount, replacePhrase } from "../../sdk/recovery.js"
import { readId } from "../arguments.js"
import { type CommandContext, initialUrl, secureRandom, systemClock } from "../context.js"
import { EXIT } from "../exit-codes.js"
import { assertNoAccount, choosePassphrase } from "../home.js"
import type { Action } from "../main.js"
import { ask, phraseLines, readPhrase, writePhrase } from "../phrase.js"
import { describeDevice, describeRekeys, rekeyLines } from "./devices.js"

interface RecoverFlags {
  readonly name: string
  readonly phraseFile?: string
  readonly passphrase?: boolean
  readonly keep?: readonly string[]
  readonly keepAll?: boolean
}

const NOTHING_TO_REKEY: RekeyReport = { rekeyed: [], failed: [] }

export function addRecoveryCommands(program: Command, run: (action: Action) => Promise<void>): void {
  program
    .command("recover")
    .description("open an account on this machine by its recovery phrase, and revoke the devices that are lost")
    .option("--name <name>", "what this device is called (only you can read it)", hostname())
    .option("--phrase-file <file>", "read the phrase from a file instead of the terminal or standard input")
    .option("--passphrase", "ask for a passphrase for the keys on this disk")
    .option("--keep <device...>", "devices that you have in hand; every other is revoked")
    .option("--keep-all", "revoke none")
    .addHelpText("after", "\nExample:\n  taciturn recover --name laptop\n\nIn a terminal every device is asked about.")
    .action(async (flags: RecoverFlags) => {
      await run(async (context) => await recover(context, flags, program.opts<{ url?: string }>().url))
    })
  const recovery = program.command("recovery").description("the recovery phrase of this account")
  recovery
    .command("check")
    .description("try whether the words on your paper are this account's; they are kept nowhere")
    .option("--phrase-file <file>", "read the phrase from a file instead of the terminal or standard input")
    .addHelpText("after", "\nExample:\n  taciturn recovery check")
    .action(async (flags: { readonly phraseFile?: string }) => {
      await run(async (context) => {
        const client = await context.openClient()
        const isRight = await checkPhrase(client, await readPhrase(flags.phraseFile, context.signal))
        if (!isRight)
          throw new ArchiveError(
            "not-found",
            "these words are not this account's: look again, or make new ones with `taciturn recovery replace`",
          )
        context.output.result({ isRight }, ["These are the words of this account."])
        return undefined
      })
    })
  recovery
    .command("replace")
    .description("make new words; the old ones open nothing from then on")
    .option("--phrase-file <file>", "write the recovery phrase to a new file instead of showing it")
    .addHelpText("after", "\nExample:\n  taciturn recovery replace")
    .action(async (flags: { readonly phraseFile?: string }) => {
      await run(async (context) => await replace(context, flags.phraseFile))
    })
}

async function recover(context: CommandContext, flags: RecoverFlags, url: string | undefined): Promise<number> {
  const { keystorePath, output, config, signal } = context
  await assertNoAccount(context)
  const kept = (flags.keep ?? []).map((id) => readId("device", id))
  const passphrase = await choosePassphrase(context, flags.passphrase === true)
  const phrase = await readPhrase(flags.phraseFile, signal)
  const http = context.httpFor(initialUrl(url, config))
  await mkdir(config.home, { recursive: true, mode: 0o700 })
  await chmod(config.home, 0o700)
  const { state, others } = await recoverAccount(http, phrase, {
    deviceName: flags.name,
    clock: systemClock,
    random: secureRandom,
  })
  const client = context.clientFor(http, await createStateFile(keystorePath, state, passphrase, secureRandom))
  await adoptKeyring(client)
  const lost = flags.keepAll === true ? [] : await lostOf(others, kept, flags.keep !== undefined, signal)
  if (lost.length === 0) await closeKeyring(client)
  const report = lost.length === 0 ? NOTHING_TO_REKEY : await revokeDevices(client, lost)
  const self = whoAmI(client)
  const [account, device] = [formatId("account", self.accountId), formatId("device", self.deviceId)]
  const revoked = lost.map((id) => formatId("device", id))
  const meetings = client.state.current.meetings.length
  output.result({ account, device, meetings, revoked, ...describeRekeys(report) }, [
    `account  ${account}`,
    `device   ${device} (${flags.name})`,
    `${meetings} meetings are here again.`,
    ...revoked.map((id) => `${id} is revoked.`),
    ...rekeyLines(report),
    `Keys are in ${config.home}${passphrase === null ? ", without a passphrase: whoever reads that folder is you" : ""}.`,
  ])
  return report.failed.length > 0 ? EXIT.tryLater : EXIT.done
}

/** Every device that the person does not say to have in hand. */
async function lostOf(
  others: readonly ListedDevice[],
  kept: readonly DeviceId[],
  isNamed: boolean,
  signal: AbortSignal,
): Promise<readonly DeviceId[]> {
  const lost: DeviceId[] = []
  const keptNames = kept.map((id) => formatId("device", id))
  for (const other of others) {
    const { device, name } = describeDevice(other)
    const isKept =
      isNamed || !process.stdin.isTTY
        ? keptNames.includes(device)
        : /^y(es)?$/i.test((await ask(`Do you have "${name ?? device}" in hand? [y/N] `, signal)).trim())
    if (!isKept) lost.push(other.deviceId)
  }
  return lost
}

async function replace(context: CommandContext, phraseFile: string | undefined): Promise<number> {
  const client = await context.openClient()
  let words = ""
  const report = await replacePhrase(client, async (made) => {
    words = made
    if (phraseFile !== undefined) await writePhrase(phraseFile, made)
    // Shown before it counts: where this ends early, the person has both, and `recovery check` says which one is right.
    else if (!context.output.json) for (const line of phraseLines(made, undefined)) context.output.note(line)
  })
  const shown = phraseFile === undefined ? { recoveryPhrase: words } : { recoveryPhraseFile: phraseFile }
  context.output.result({ ...shown, ...describeRekeys(report) }, [
    ...(phraseFile === undefined ? [] : phraseLines(words, phraseFile)),
    "The new words count from now on; the old ones open nothing more.",
    ...rekeyLines(report),
  ])
  return report.failed.length > 0 ? EXIT.tryLater : EXIT.done
}
