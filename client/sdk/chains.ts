import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { includesHash } from "../../shared/protocol/hash.js"
import { ChainResponse } from "../../shared/protocol/http.js"
import { type AccountId, formatId, idOfHash } from "../../shared/protocol/ids.js"
import { activeDevices, type VerifiedChain, verifyChain } from "../../shared/protocol/chain.js"
import { verifySignature } from "../crypto/sodium.js"
import type { Client } from "./client.js"

/**
 * The chain of an account, fetched, verified, and checked against the pin; a first or newer head is pinned.
 * @throws {@link ArchiveError} `not-found`, `bad-chain`, `bad-signature`, `fork`.
 */
export async function fetchChain(client: Client, accountId: AccountId): Promise<VerifiedChain> {
  const account = formatId("account", accountId)
  const { links } = await client.http.json(ChainResponse, { path: `/v1/accounts/${account}/chain`, subject: account })
  const known = client.state.current.pins.find((pin) => equalBytes(idOfHash("account", pin.genesisHash), accountId))
  const chain = verifyChain(links, verifySignature, known)
  if (!equalBytes(chain.accountId, accountId))
    throw new ArchiveError("bad-chain", `the chain served for ${account} is another account's`)
  await pin(client, chain)
  return chain
}

/** The chain of an account that is known by its full genesis hash. @throws {@link ArchiveError} as {@link fetchChain}. */
export async function fetchChainOf(client: Client, genesisHash: Uint8Array): Promise<VerifiedChain> {
  const chain = await fetchChain(client, idOfHash("account", genesisHash))
  if (!equalBytes(chain.genesisHash, genesisHash))
    throw new ArchiveError("bad-chain", "a chain with another genesis than the one that was signed for")
  return chain
}

/** Whether a device is active in a chain that has a head which it names: so somebody else says nothing in an account's name. */
export function isDeviceOf(chain: VerifiedChain, deviceKey: Uint8Array, namedHead: Uint8Array): boolean {
  return (
    includesHash(chain.linkHashes, namedHead) &&
    activeDevices(chain).some(({ ed25519 }) => equalBytes(ed25519, deviceKey))
  )
}

/** {@link fetchChainOf}, each account once. */
export function chainCache(client: Client): (genesisHash: Uint8Array) => Promise<VerifiedChain> {
  const chains: VerifiedChain[] = []
  return async (genesisHash) => {
    const known = chains.find((chain) => equalBytes(chain.genesisHash, genesisHash))
    if (known !== undefined) return known
    const chain = await fetchChainOf(client, genesisHash)
    chains.push(chain)
    return chain
  }
}

async function pin(client: Client, chain: VerifiedChain): Promise<void> {
  const pinned = { genesisHash: chain.genesisHash, seq: chain.linkHashes.length - 1, headHash: chain.headHash }
  const isKnown = client.state.current.pins.some(
    (known) => equalBytes(known.genesisHash, chain.genesisHash) && known.seq >= pinned.seq,
  )
  if (isKnown) return
  await client.state.update((state) => ({
    ...state,
    pins: [...state.pins.filter((known) => !equalBytes(known.genesisHash, chain.genesisHash)), pinned],
  }))
}
