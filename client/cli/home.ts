import { join } from "node:path"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { readIfThere } from "../sdk/node/files.js"
import type { CommandContext } from "./context.js"

/** The folder that holds an account's keys, before it does. */

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
