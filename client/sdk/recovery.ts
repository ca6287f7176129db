import * as z from "zod"
import type { Clock, RandomBytes } from "../../shared/protocol/ambient.js"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { activeDevices, verifyChain } from "../../shared/protocol/chain.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { ChainResponse, RecoveryRequest, RecoveryResponse } from "../../shared/protocol/http.js"
import { formatId } from "../../shared/protocol/ids.js"
import {
  deviceSigner,
  makeDevice,
  makeRecoveryPhrase,
  publicKeysOf,
  recoveryDeviceOfPhrase,
} from "../crypto/account-keys.js"
import { makeAddDevice, makeReplaceRecovery, openUserSeeds } from "../crypto/account-links.js"
import { signerOfSeed, verifySignature } from "../crypto/sodium.js"
import type { Client } from "./client.js"
import { closeKeyring, devicesOf, type ListedDevice, rekeyPending, type RekeyReport } from "./devices.js"
import type { Http } from "./http.js"
import { fetchInstance } from "./instance.js"
import { appendOwnLink, fetchBoxes, postLink, refreshKeys } from "./links.js"
import { type ClientState, newState } from "./state.js"
import { type Capability, TokenCache } from "./tokens.js"

/** The recovery phrase: an account opened again from it, the words tried, and replaced. SPEC.md §5.1. */

export interface RecoveredAccount {
  /** To be kept durably at once: it holds the keys of the device that was added. */
  readonly state: ClientState
  /** The devices that the account had: those which the person does not have in hand are to be revoked. */
  readonly others: readonly ListedDevice[]
}

/**
 * Adds this device to the account that the 24 words belong to.
 * @throws {@link ArchiveError} `usage` for words that are none; `not-found`; `bad-chain` where the server names an account that is another's.
 */
export async function recoverAccount(
  http: Http,
  phrase: string,
  options: { readonly deviceName: string; readonly clock: Clock; readonly random: RandomBytes },
): Promise<RecoveredAccount> {
  const { random } = options
  const recovery = recoveryDeviceOfPhrase(phrase)
  const recoveryKey = publicKeysOf(recovery).ed25519
  const { instanceKey } = await fetchInstance(http, null)
  const { account: accountId } = await http.json(RecoveryResponse, {
    method: "POST",
    path: "/v1/recovery",
    subject: "recovery",
    json: z.encode(RecoveryRequest, { recoveryKey }),
  })
  const account = formatId("account", accountId)
  const { links } = await http.json(ChainResponse, { path: `/v1/accounts/${account}/chain`, subject: account })
  const chain = verifyChain(links, verifySignature)
  const isOurs = equalBytes(chain.accountId, accountId) && equalBytes(chain.recovery.ed25519, recoveryKey)
  if (!isOurs)
    throw new ArchiveError("bad-chain", "the account that the server names for these words has another recovery phrase")
  const capability: Capability = { kind: "account", id: accountId, signer: signerOfSeed(recovery.ed25519Seed) }
  const tokens = new TokenCache()
  const userSeeds = openUserSeeds(chain, recovery, await fetchBoxes(http, tokens, capability))
  const newest = userSeeds.at(-1)
  if (newest === undefined) throw new ArchiveError("internal", "an account without a user key")
  const device = makeDevice(random)
  const added = makeAddDevice(
    chain,
    capability.signer,
    newest,
    { secrets: device, name: options.deviceName },
    { nowMs: options.clock.nowMs(), random },
  )
  const after = verifyChain([...links, added.link], verifySignature)
  await postLink(http, tokens, capability, added)
  return {
    state: newState({
      url: http.baseUrl,
      instanceKey,
      deviceName: options.deviceName,
      genesisLink: links[0] ?? new Uint8Array(0),
      secrets: { genesisHash: chain.genesisHash, device, userSeeds },
      head: { seq: after.linkHashes.length - 1, headHash: after.headHash },
    }),
    others: devicesOf(chain, userSeeds, null),
  }
}

/** Whether these are the words of this account; they are kept nowhere, but that they were there is. @throws {@link ArchiveError} `usage` for words that are none. */
export async function checkPhrase(client: Client, phrase: string): Promise<boolean> {
  const { ed25519 } = publicKeysOf(recoveryDeviceOfPhrase(phrase))
  const isRight = equalBytes((await refreshKeys(client)).recovery.ed25519, ed25519)
  if (isRight) await client.state.update((state) => ({ ...state, phraseConfirmed: true }))
  return isRight
}

/** What could lock a person out of the account. */
export interface AccountRisks {
  readonly isSoleDevice: boolean
  /** Nobody has shown to have the words since they were made. */
  readonly phraseUnconfirmed: boolean
}

export async function accountRisks(client: Client): Promise<AccountRisks> {
  const devices = activeDevices(await refreshKeys(client))
  return { isSoleDevice: devices.length === 1, phraseUnconfirmed: !client.state.current.phraseConfirmed }
}

/**
 * Makes new words; the old ones open nothing from then on, and every meeting gets a secret that they don't.
 * @param keep is given the words before anything is sent: they could never be shown again.
 */
export async function replacePhrase(client: Client, keep: (words: string) => Promise<void>): Promise<RekeyReport> {
  const { words, device } = makeRecoveryPhrase(client.random)
  await keep(words)
  await client.state.update((state) => ({
    ...state,
    phraseConfirmed: false,
    pendingRekeys: state.meetings.map(({ meetingHash }) => meetingHash),
  }))
  await appendOwnLink(client, (chain, userSeed) =>
    makeReplaceRecovery(chain, deviceSigner(client.state.current.secrets), userSeed, device, {
      nowMs: client.clock.nowMs(),
      random: client.random,
    }),
  )
  await closeKeyring(client)
  return await rekeyPending(client)
}
