import * as z from "zod"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { activeDevices, isClosed, newestUserKey, type VerifiedChain } from "../../shared/protocol/chain.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { AppendLinkRequest, AppendLinkResponse, BoxesResponse } from "../../shared/protocol/http.js"
import { type MadeLink, openUserSeeds } from "../crypto/account-links.js"
import { newestUserSeed, publicKeysOf, type UserSeed } from "../crypto/account-keys.js"
import { accountCapability, ownAccountId } from "./account.js"
import { fetchChain } from "./chains.js"
import type { Client } from "./client.js"
import type { Http } from "./http.js"
import type { Capability, TokenCache } from "./tokens.js"

/** This account's own chain: what other devices did to it, and links that this one appends. SPEC.md §5.1. */

const ATTEMPTS = 5

/** Whether this device holds the newest user key of this account's chain: another device may have made one since. */
export function holdsNewestKey({ state }: Client, chain: VerifiedChain): boolean {
  return newestUserKey(chain).generation <= newestUserSeed(state.current.secrets).generation
}

/**
 * Fetches this account's chain, and takes the user seeds that other devices made since.
 * @throws {@link ArchiveError} `not-authorised` where this device was revoked; `gone` where the account was closed.
 */
export async function refreshKeys(client: Client): Promise<VerifiedChain> {
  const chain = await fetchChain(client, ownAccountId(client))
  if (isClosed(chain)) throw new ArchiveError("gone", "this account was closed")
  const { secrets } = client.state.current
  const own = publicKeysOf(secrets.device).ed25519
  if (!activeDevices(chain).some(({ ed25519 }) => equalBytes(ed25519, own)))
    throw new ArchiveError("not-authorised", "this device was revoked by another one of this account")
  if (holdsNewestKey(client, chain)) return chain
  const boxes = await fetchBoxes(client.http, client.tokens, accountCapability(client))
  const userSeeds = openUserSeeds(chain, secrets.device, boxes)
  await client.state.update((state) => ({
    ...state,
    secrets: { ...state.secrets, userSeeds: userSeeds.map((seed) => ({ ...seed })) },
  }))
  return chain
}

/** Appends a link of this device by compare-and-swap; another device's link in between is read first. */
export async function appendOwnLink(
  client: Client,
  make: (chain: VerifiedChain, userSeed: UserSeed) => MadeLink,
): Promise<VerifiedChain> {
  for (let attempt = 1; ; attempt++) {
    const chain = await refreshKeys(client)
    const made = make(chain, newestUserSeed(client.state.current.secrets))
    try {
      await postLink(client.http, client.tokens, accountCapability(client), made)
      return await refreshKeys(client)
    } catch (error) {
      if (!isArchiveError(error) || error.code !== "conflict" || attempt === ATTEMPTS) throw error
    }
  }
}

/** @throws {@link ArchiveError} `conflict` where another link came first. */
export async function postLink(
  http: Http,
  tokens: TokenCache,
  capability: Capability,
  { link, boxes }: MadeLink,
): Promise<void> {
  const json = z.encode(AppendLinkRequest, { link, boxes: [...boxes] })
  await tokens.with(
    http,
    capability,
    async (token, subject) =>
      await http.json(AppendLinkResponse, {
        method: "POST",
        path: `/v1/accounts/${subject}/links`,
        subject,
        token,
        json,
      }),
  )
}

export async function fetchBoxes(
  http: Http,
  tokens: TokenCache,
  capability: Capability,
): Promise<readonly Uint8Array[]> {
  return await tokens.with(http, capability, async (token, subject) => {
    const { boxes } = await http.json(BoxesResponse, { path: `/v1/accounts/${subject}/boxes`, subject, token })
    return boxes
  })
}
