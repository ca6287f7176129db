import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { includesHash } from "../../shared/protocol/hash.js"
import { ChainResponse } from "../../shared/protocol/http.js"
import { type AccountId, formatId, idOfHash } from "../../shared/protocol/ids.js"
import { membersByHash } from "../../shared/protocol/roster.js"
import { activeDevices, type ChainPin, type VerifiedChain, verifyChain } from "../../shared/protocol/chain.js"
import { verifySignature } from "../crypto/sodium.js"
import { tellAccountNews } from "./activity.js"
import type { Client } from "./client.js"
import type { ClientState } from "./state.js"

/** So many chains are fetched at a time: a large meeting's members are hundreds. */
const LANES = 16

/** The chain of an account that is known by its full genesis hash, and each asked for once. */
export interface ChainOf {
  (genesisHash: Uint8Array): Promise<VerifiedChain>
  /** Asks anew from now on, of one account or of all: a log that is read later may name newer heads. */
  forget(genesisHash?: Uint8Array): void
}

/**
 * The chain of an account, fetched, verified, and checked against the pin; a first or newer head is pinned.
 * @throws {@link ArchiveError} `not-found`, `bad-chain`, `bad-signature`, `fork`.
 */
export async function fetchChain(client: Client, accountId: AccountId): Promise<VerifiedChain> {
  const chain = await fetchUnpinned(client, accountId)
  await pinAll(client, [chain])
  return chain
}

async function fetchUnpinned(client: Client, accountId: AccountId): Promise<VerifiedChain> {
  const account = formatId("account", accountId)
  const before = pinOf(client, accountId)
  const { links } = await client.http.json(ChainResponse, { path: `/v1/accounts/${account}/chain`, subject: account })
  const pin = pinOf(client, accountId)
  // What is longer was seen since this was asked for, by somebody else in this process: asked again, it is all there.
  if (pin !== undefined && pin.seq >= links.length && pin.seq > (before?.seq ?? -1))
    return await fetchUnpinned(client, accountId)
  const chain = verifyChain(links, verifySignature, pin)
  if (!equalBytes(chain.accountId, accountId))
    throw new ArchiveError("bad-chain", `the chain served for ${account} is another account's`)
  return chain
}

/** The chain of an account that is known by its full genesis hash. @throws {@link ArchiveError} as {@link fetchChain}. */
export async function fetchChainOf(client: Client, genesisHash: Uint8Array): Promise<VerifiedChain> {
  return assertIsOf(genesisHash, await fetchChain(client, idOfHash("account", genesisHash)))
}

function assertIsOf(genesisHash: Uint8Array, chain: VerifiedChain): VerifiedChain {
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

/** {@link fetchChainOf}, each account once, some at a time. Nothing is given out before it is pinned; what arrives together is pinned together. */
export function chainCache(client: Client): ChainOf {
  const chains = new Map<string, Promise<VerifiedChain>>()
  const inLane = lanes(LANES)
  const pin = pinner(client)
  const fetchOnce = async (genesisHash: Uint8Array): Promise<VerifiedChain> => {
    const chain = await inLane(async () => await fetchUnpinned(client, idOfHash("account", genesisHash)))
    await pin(chain)
    return assertIsOf(genesisHash, chain)
  }
  const chainOf = async (genesisHash: Uint8Array): Promise<VerifiedChain> => {
    const key = toHex(genesisHash)
    const chain = chains.get(key) ?? fetchOnce(genesisHash)
    chains.set(key, chain)
    return await chain
  }
  return Object.assign(chainOf, {
    forget: (genesisHash?: Uint8Array) => {
      if (genesisHash === undefined) chains.clear()
      else chains.delete(toHex(genesisHash))
    },
  })
}

/** Runs at most `free` works at a time, the others in turn. */
function lanes(free: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  return async (work) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}

/** Each write of the state writes all of it: what comes during one waits for the next, together. */
function pinner(client: Client): (chain: VerifiedChain) => Promise<void> {
  let next: VerifiedChain[] = []
  let last = Promise.resolve()
  return async (chain) => {
    next.push(chain)
    if (next.length === 1) {
      const write = async (): Promise<void> => {
        const batch = next
        next = []
        await pinAll(client, batch)
      }
      last = last.then(write)
    }
    await last
  }
}

/** Of each list of pins, by account: a large meeting asks for hundreds between two writes. */
const pinsByAccount = new WeakMap<ClientState["pins"], ReadonlyMap<string, ChainPin>>()

function pinOf(client: Client, accountId: AccountId): ChainPin | undefined {
  const { pins } = client.state.current
  const byAccount =
    pinsByAccount.get(pins) ?? new Map(pins.map((pin) => [toHex(idOfHash("account", pin.genesisHash)), pin]))
  pinsByAccount.set(pins, byAccount)
  return byAccount.get(toHex(accountId))
}

async function pinAll(client: Client, chains: readonly VerifiedChain[]): Promise<void> {
  const newer = chains.filter((chain) => {
    const known = pinOf(client, chain.accountId)
    if (known === undefined) return true
    const seq = chain.linkHashes.length - 1
    if (known.seq < seq) tellAccountNews(client, chain, known.seq)
    return known.seq < seq || (known.seq === seq && !known.isVerified)
  })
  if (newer.length === 0) return
  const pinned = newer.map(({ genesisHash, linkHashes, headHash }) => ({
    genesisHash,
    seq: linkHashes.length - 1,
    headHash,
    isVerified: true,
  }))
  const isPinned = membersByHash(pinned)
  await client.state.update((state) => ({
    ...state,
    pins: [...state.pins.filter(({ genesisHash }) => isPinned(genesisHash) === undefined), ...pinned],
  }))
}
