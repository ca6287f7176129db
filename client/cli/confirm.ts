import { ArchiveError } from "../../shared/protocol/errors.js"
import type { CommandContext } from "./context.js"
import { ask } from "./phrase.js"

/**
 * Asks before what nobody can take back.
 * @param isGiven whether a flag said yes already.
 * @throws {@link ArchiveError} `usage` without a terminal to ask at; `interrupted` for any other answer.
 */
export async function confirm(
  context: CommandContext,
  question: string,
  flag: { readonly name: string; readonly isGiven: boolean },
): Promise<void> {
  if (flag.isGiven) return
  if (!(await isConfirmed(context, question)))
    throw new ArchiveError(
      process.stdin.isTTY ? "interrupted" : "usage",
      process.stdin.isTTY
        ? "not confirmed: nothing was changed"
        : `this can't be taken back, and there is no terminal to ask at: give ${flag.name}`,
    )
}

/** `false` also without a terminal. */
export async function isConfirmed({ signal }: CommandContext, question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false
  return /^y(es)?$/i.test((await ask(`${question} [y/N] `, signal)).trim())
}
