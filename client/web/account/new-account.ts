import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { prepareAccount, registerAccount } from "../../sdk/account.js"
import type { Client } from "../../sdk/client.js"
import { checkPhrase } from "../../sdk/recovery.js"
import { clientOf, createClientParts } from "../platform/open-client.js"
import { createStateBox } from "../platform/state-box.js"

export interface NewAccount {
  readonly client: Client
  /** In memory alone, until they are on paper. */
  readonly words: readonly string[]
}

/**
 * Makes an account: its keys are kept first, durably, and then the server hears of it.
 * @throws {@link ArchiveError} `exists` where this browser holds an account; `unavailable` where the server can't say who it is.
 */
export async function makeAccount(deviceName: string): Promise<NewAccount> {
  const { http, clock, random } = await createClientParts()
  const { state, recoveryPhrase } = await prepareAccount(http, { deviceName, clock, random })
  const client = clientOf(await createStateBox(state))
  try {
    await registerAccount(client)
  } catch (error) {
    // The words could never be shown again: so they are shown now. Confirming them tells the server again, and so does every visit.
    if (!isArchiveError(error)) throw error
  }
  return { client, words: recoveryPhrase.split(" ") }
}

/** Notes that the words are on paper. @throws {@link ArchiveError} `unavailable` where the server can't be asked about them. */
export async function confirmWords(client: Client, words: readonly string[]): Promise<void> {
  await registerAccount(client)
  if (!(await checkPhrase(client, words.join(" "))))
    throw new ArchiveError("bad-chain", "the server names another recovery phrase for this account than its own")
}
