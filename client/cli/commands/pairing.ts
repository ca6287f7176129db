import { chmod, mkdir, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import type { Command } from "commander"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { whoAmI } from "../../sdk/account.js"
import { listDevices } from "../../sdk/devices.js"
import { adoptKeyring } from "../../sdk/keyring.js"
import { createStateFile } from "../../sdk/node/state-file.js"
import { approveDevice, beginPairing, completePairing, readPairing, type RequestedDevice } from "../../sdk/pairing.js"
import type { Client } from "../../sdk/client.js"
import { type CommandContext, initialUrl, secureRandom } from "../context.js"
import { assertNoAccount, choosePassphrase } from "../home.js"
import type { Action } from "../main.js"
import { ask } from "../phrase.js"
import { qrLines } from "../qr.js"
import { describeDevice } from "./devices.js"

interface LinkFlags {
  readonly name: string
  readonly codeFile?: string
  readonly passphrase?: boolean
}

/** `device link` on the new device, `device approve` on one of the account. */
export function addPairingCommands(program: Command, device: Command, run: (action: Action) => Promise<void>): void {
  device
    .command("link")
    .description("add this machine to an account that you have on another device: shows a code, and waits")
    .option("--name <name>", "what this device is called (only you can read it)", hostname())
    .option("--code-file <file>", "write the code to a new file instead of showing it")
    .option("--passphrase", "ask for a passphrase for the keys on this disk")
    .addHelpText(
      "after",
      "\nExample:\n  taciturn device link --name phone\n\nThe code is good for ten minutes, and for whoever sees it: show it to your own other device only.",
    )
    .action(async (flags: LinkFlags) => {
      await run(async (context) => {
        await link(context, flags, program.opts<{ url?: string }>().url)
        return undefined
      })
    })
  device
    .command("approve <code>")
    .description("add the device that shows this code to this account")
    .option("--yes", "don't ask")
    .addHelpText("after", "\nExample:\n  taciturn device approve pair_…")
    .action(async (code: string, flags: { readonly yes?: boolean }) => {
      await run(async (context) => {
        const client = await context.openClient()
        const requested = await requestOf(client, code)
        await confirm(context, requested, flags.yes === true)
        context.output.progress(`waiting for ${requested.request.name} …`)
        const added = formatId("device", await approveDevice(client, requested, { signal: context.signal }))
        const { name } = requested.request
        context.output.result({ device: added, name }, [
          `${added} (${name}) is a device of this account now, and can open all that this one can.`,
        ])
        return undefined
      })
    })
}

async function link(context: CommandContext, flags: LinkFlags, url: string | undefined): Promise<void> {
  const { config, output, signal, keystorePath } = context
  await assertNoAccount(context)
  const passphrase = await choosePassphrase(context, flags.passphrase === true)
  const http = context.httpFor(initialUrl(url, config))
  const begun = await beginPairing(http, { deviceName: flags.name, random: secureRandom })
  await showCode(context, begun.code, flags.codeFile)
  output.progress("waiting to be approved …")
  const state = await completePairing(http, begun, { signal, random: secureRandom })
  await mkdir(config.home, { recursive: true, mode: 0o700 })
  await chmod(config.home, 0o700)
  const client = context.clientFor(http, await createStateFile(keystorePath, state, passphrase, secureRandom))
  await adoptKeyring(client)
  const self = whoAmI(client)
  const [account, device] = [formatId("account", self.accountId), formatId("device", self.deviceId)]
  const devices = (await listDevices(client)).map(describeDevice)
  const meetings = client.state.current.meetings.length
  output.result({ account, device, meetings, devices }, [
    `account  ${account}`,
    `device   ${device} (${flags.name})`,
    `beside   ${devices.flatMap(({ isThis, name, device: id }) => (isThis ? [] : [name ?? id])).join(", ")}`,
    `${meetings} meetings are here.`,
    "If these are not your devices, this machine was added to somebody else's account: remove its folder, and show the code to nobody but yourself.",
    `Keys are in ${config.home}${passphrase === null ? ", without a passphrase: whoever reads that folder is you" : ""}.`,
  ])
}

async function showCode(context: CommandContext, code: string, file: string | undefined): Promise<void> {
  const { output } = context
  if (file !== undefined) {
    await writeFile(file, `${code}\n`, { flag: "wx", mode: 0o600 }).catch((cause: unknown) => {
      throw new ArchiveError("exists", `${file} can't be made: it exists, or its folder does not`, { cause })
    })
    return
  }
  if (process.stderr.isTTY) for (const line of qrLines(code)) output.note(line)
  output.note("On a device of the account, within ten minutes:")
  output.note(`  taciturn device approve ${code}`)
}

async function requestOf(client: Client, code: string): Promise<RequestedDevice> {
  try {
    return await readPairing(client, code)
  } catch (error) {
    if (error instanceof ArchiveError && error.code === "malformed")
      throw new ArchiveError("usage", error.message, { cause: error })
    throw error
  }
}

async function confirm(context: CommandContext, { request }: RequestedDevice, isSure: boolean): Promise<void> {
  if (isSure) return
  if (!process.stdin.isTTY)
    throw new ArchiveError("usage", "there is no terminal to ask at: say --yes if this is your own device")
  const question = `Add "${request.name}" to this account? It can then open all that you can. [y/N] `
  const answer = await ask(question, context.signal)
  if (!/^y(es)?$/i.test(answer.trim())) throw new ArchiveError("interrupted", "nothing was added")
}
