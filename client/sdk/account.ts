import * as z from "zod"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { CreateAccountRequest, CreateAccountResponse } from "../../shared/protocol/http.js"
import { type AccountId, type DeviceId, idOfHash } from "../../shared/protocol/ids.js"
import { sha256 } from "../../shared/protocol/hash.js"
import { verifyChain } from "../../shared/protocol/chain.js"
import type { Clock, RandomBytes } from "../../shared/protocol/ambient.js"
import { createAccount, deviceSigner, safetyWords } from "../crypto/account-keys.js"
import { verifySignature } from "../crypto/sodium.js"
import type { Client } from "./client.js"
import type { Http } from "./http.js"
import { fetchInstance } from "./instance.js"
import { type ClientState, newState } from "./state.js"
import type { Capability } from "./tokens.js"

/**
 * Makes an account's keys and pins the instance; nothing is sent but the question who the server is. The caller keeps the state durably
 * before {@link registerAccount} sends anything.
 * @returns the state, and the recovery phrase, which is kept nowhere.
 */
export async function prepareAccount(
  http: Http,
  options: { readonly deviceName: string; readonly clock: Clock; readonly random: RandomBytes },
): Promise<{ readonly state: ClientState; readonly recoveryPhrase: string }> {
  const { instanceKey } = await fetchInstance(http, null)
  const account = createAccount({
    deviceName: options.deviceName,
    nowMs: options.clock.nowMs(),
    random: options.random,
  })
  const chain = verifyChain([account.genesisLink], verifySignature)
  return {
    recoveryPhrase: account.recoveryPhrase,
    state: newState({
      url: http.baseUrl,
      instanceKey,
      deviceName: options.deviceName,
      registered: false,
      phraseConfirmed: false,
      genesisLink: account.genesisLink,
      boxes: [...account.boxes],
      secrets: account.secrets,
      head: { seq: 0, headHash: chain.headHash },
    }),
  }
}

/** Posts the genesis link; again where the answer was lost. */
export async function registerAccount(client: Client): Promise<AccountId> {
  const { genesisLink, boxes, registered } = client.state.current
  const expected = ownAccountId(client)
  if (registered) return expected
  const json = z.encode(CreateAccountRequest, { genesis: genesisLink, boxes: [...boxes] })
  const { account } = await client.http.json(CreateAccountResponse, {
    method: "POST",
    path: "/v1/accounts",
    subject: "registration",
    json,
  })
  if (!equalBytes(account, expected))
    throw new ArchiveError("bad-chain", "the server kept another account than the one that was sent")
  await client.state.update((state) => ({ ...state, registered: true }))
  return account
}

export function ownAccountId(client: Client): AccountId {
  return idOfHash("account", client.state.current.secrets.genesisHash)
}

/** Account, device and the words to compare. */
export function whoAmI(client: Client): {
  readonly accountId: AccountId
  readonly deviceId: DeviceId
  readonly deviceName: string
  readonly safetyWords: string
} {
  const { secrets, deviceName } = client.state.current
  return {
    accountId: ownAccountId(client),
    deviceId: idOfHash("device", sha256(deviceSigner(secrets).publicKey)),
    deviceName,
    safetyWords: safetyWords(secrets.genesisHash),
  }
}

export function accountCapability(client: Client): Capability {
  return { kind: "account", id: ownAccountId(client), signer: deviceSigner(client.state.current.secrets) }
}
