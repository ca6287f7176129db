import { chmod, mkdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { formatId } from "../../shared/protocol/ids.js"
import { prepareAccount, whoAmI } from "../sdk/account.js"
import type { Client } from "../sdk/client.js"
import { readIfThere } from "../sdk/node/files.js"
import { createStateFile } from "../sdk/node/state-file.js"
import { type CommandContext, secureRandom, systemClock } from "./context.js"
import { phraseLines, writePhrase } from "./phrase.js"

/** The folder that holds an account's keys, before it does. */

export interface NewAccountFlags {
  readonly name: string
  readonly phraseFile?: string
  readonly passphrase?: boolean
}

/** An account whose keys are on this disk, and of which the server has not heard. */
export interface NewHome {
  readonly client: Client
  /** Forgets it again, where the server refuses it. */
  undo(): Promise<void>
  /** What a person must see: the phrase could never be shown again. */
  readonly document: Readonly<Record<string, string>>
  readonly lines: readonly string[]
}

/** Makes an account's keys and keeps them. @throws {@link ArchiveError} `exists`, `usage`. */
export async function makeHome(context: CommandContext, flags: NewAccountFlags, url: string): Promise<NewHome> {
  const { keystorePath, config } = context
  const { name, phraseFile } = flags
  await assertNoAccount(context)
  const passphrase = await choosePassphrase(context, flags.passphrase === true)
  const http = context.httpFor(url)
  const { state, recoveryPhrase } = await prepareAccount(http, {
    deviceName: name,
    clock: systemClock,
    random: secureRandom,
  })
  await mkdir(config.home, { recursive: true, mode: 0o700 })
  await chmod(config.home, 0o700)
  if (phraseFile !== undefined) await writePhrase(phraseFile, recoveryPhrase)
  const client = context.clientFor(http, await createStateFile(keystorePath, state, passphrase, secureRandom))
  const self = whoAmI(client)
  const [account, device] = [formatId("account", self.accountId), formatId("device", self.deviceId)]
  return {
    client,
    undo: async () => {
      await rm(keystorePath, { force: true })
      if (phraseFile !== undefined) await rm(phraseFile, { force: true })
    },
    document: {
      account,
      device,
      ...(phraseFile === undefined ? { recoveryPhrase } : { recoveryPhraseFile: phraseFile }),
    },
    lines: [
      `account  ${account}`,
      `device   ${device} (${name})`,
      "",
      ...phraseLines(recoveryPhrase, phraseFile),
      "",
      `Keys are in ${config.home}${passphrase === null ? ", without a passphrase: whoever reads that folder is you" : ""}.`,
    ],
  }
}

/** @throws {@link ArchiveError} `exists`. */
export async function assertNoAccount({ keystorePath, config }: CommandContext): Promise<void> {
  if ((await readIfThere(keystorePath)) !== null)
    throw new ArchiveError(
      "exists",
      `there is an account in ${config.home} already: nothing was changed. Set TACITURN_HOME for another`,
    )
}

/** Where the journals of uploads are, a folder each. */
export function uploadsFolder({ config }: CommandContext): string {
  return join(config.home, "uploads")
}

/** A new passphrase, typed twice; `null` where none is wanted. @throws {@link ArchiveError} `usage`. */
export async function choosePassphrase(context: CommandContext, isAsked: boolean): Promise<string | null> {
  if (context.config.passphraseFile === null && !isAsked) return null
  const chosen = await context.passphrase("Passphrase for the keys on this disk: ")
  if (chosen === null)
    throw new ArchiveError("usage", "there is no terminal to ask for a passphrase: set TACITURN_PASSPHRASE_FILE")
  if (chosen === "") throw new ArchiveError("usage", "the passphrase is empty")
  if (context.config.passphraseFile === null && (await context.passphrase("Once more: ")) !== chosen)
    throw new ArchiveError("usage", "the two passphrases differ: nothing was made")
  return chosen
}
