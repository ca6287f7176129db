import * as z from "zod"
import { equalBytes, utf8 } from "../../shared/protocol/bytes.js"
import { type ContactCard, looksLikeCard, parseCard } from "../../shared/protocol/card.js"
import { activeDevices, type VerifiedChain } from "../../shared/protocol/chain.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import {
  handle as handleSchema,
  HandleOwnerResponse,
  HandleRequest,
  HandleResponse,
} from "../../shared/protocol/http.js"
import { type AccountId, formatId, idOfHash, parseId } from "../../shared/protocol/ids.js"
import type { ContactState } from "../../shared/protocol/keyring-entry.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { safetyWords } from "../crypto/account-keys.js"
import { accountCapability, ownAccountId } from "./account.js"
import { fetchChain, fetchChainOf } from "./chains.js"
import type { Client } from "./client.js"
import { adoptKeyring, appendToKeyring } from "./keyring.js"
import type { Contact } from "./state.js"

/** People: how they are known, and under which name. SPEC.md §5.6. */

/** What one shows to others: whoever has it can be shown no other account. */
export function ownCard(client: Client): ContactCard {
  const { secrets, instanceKey } = client.state.current
  return { genesisHash: secrets.genesisHash, instanceKey }
}

/**
 * Adds somebody by card, link, account id, or `@handle`. Again with a better way, the contact is known by that.
 * @param name what to call them; the handle where none is given.
 * @throws {@link ArchiveError} `instance-changed` for a card of another server; `changed` where the handle is another account's than before; `usage`.
 */
export async function addContact(client: Client, who: string, name?: string): Promise<Contact> {
  await adoptKeyring(client)
  const { chain, state, handle } = await lookUp(client, who)
  if (equalBytes(chain.accountId, ownAccountId(client)))
    throw new ArchiveError("usage", "this is your own account: show `taciturn contact card` to others")
  const known = contactOf(client, chain.genesisHash)
  return await keep(client, chain, {
    state: betterOf(known?.state, state),
    name: name ?? known?.name ?? handle ?? "",
    handle: handle ?? known?.handle ?? null,
  })
}

/**
 * Notes that somebody's safety words were compared.
 * @param words as the other side reads them out; `null` where a person compared them.
 * @throws {@link ArchiveError} `not-authorised` where they are others.
 */
export async function verifyContact(client: Client, genesisHash: Uint8Array, words: string | null): Promise<Contact> {
  const chain = await fetchChainOf(client, genesisHash)
  const said = words?.trim().toLowerCase().split(/\s+/).join(" ") ?? null
  if (said !== null && said !== safetyWords(genesisHash))
    throw new ArchiveError(
      "not-authorised",
      "these are not the words of the account that is known here: it may be another's. Ask for their card, and seal nothing to it",
    )
  const known = contactOf(client, genesisHash)
  return await keep(client, chain, { state: "verified", name: known?.name ?? "", handle: known?.handle ?? null })
}

export async function renameContact(
  client: Client,
  { genesisHash, state, handle }: Contact,
  name: string,
): Promise<Contact> {
  return await keep(client, await fetchChainOf(client, genesisHash), { state, name, handle })
}

/** What is known of them is forgotten, but for the chain that they had. */
export async function removeContact(client: Client, { genesisHash, name, handle }: Contact): Promise<void> {
  const chain = await fetchChainOf(client, genesisHash)
  await appendToKeyring(client, entryOf(chain, { state: "removed", name, handle }))
  await adoptKeyring(client)
}

/** A contact as the server shows it now. */
export interface ListedContact extends Contact {
  readonly accountId: AccountId
  readonly safetyWords: string
  /** `null` where the chain that is served is not theirs. */
  readonly devices: number | null
  /** Whether devices or keys were added or revoked since the contact was added or verified. */
  readonly hasNewLinks: boolean
  /** Why the server's word is not believed: somebody put another account or other keys in their place. */
  readonly problem: ArchiveError | null
}

export async function listContacts(client: Client): Promise<readonly ListedContact[]> {
  await adoptKeyring(client)
  const listed: ListedContact[] = []
  for (const contact of client.state.current.contacts) listed.push(await lookAtContact(client, contact))
  return listed
}

/** How the server shows one of them. */
export async function lookAtContact(client: Client, contact: Contact): Promise<ListedContact> {
  const { genesisHash, handle } = contact
  const shown = {
    ...contact,
    accountId: idOfHash("account", genesisHash),
    safetyWords: safetyWords(genesisHash),
  }
  try {
    const chain = await fetchChainOf(client, genesisHash)
    if (handle !== null) await assertHandleIs(client, handle, chain.accountId)
    const hasNewLinks = chain.linkHashes.length - 1 > contact.seq
    return { ...shown, devices: activeDevices(chain).length, hasNewLinks, problem: null }
  } catch (error) {
    if (!isArchiveError(error) || error.retryable || error.code === "interrupted") throw error
    return { ...shown, devices: null, hasNewLinks: false, problem: error }
  }
}

/** Somebody by card, link, account id, `@handle` of a contact, or a contact's name. @throws {@link ArchiveError} `not-found`, `usage`. */
export async function findPerson(client: Client, who: string): Promise<AccountId> {
  if (looksLikeCard(who) || who.startsWith("acct_")) return (await lookUp(client, who)).chain.accountId
  return idOfHash("account", (await findContact(client, who)).genesisHash)
}

/** A contact by name, `@handle`, card or account id. @throws {@link ArchiveError} `not-found`, `usage` for a name that several have. */
export async function findContact(client: Client, who: string): Promise<Contact> {
  await adoptKeyring(client)
  const found = client.state.current.contacts.filter(
    ({ genesisHash, name, handle }) =>
      name === who ||
      (handle !== null && who === `@${handle}`) ||
      (looksLikeCard(who) && equalBytes(parseCard(who).genesisHash, genesisHash)) ||
      formatId("account", idOfHash("account", genesisHash)) === who.toLowerCase(),
  )
  const [contact, other] = found
  if (other !== undefined)
    throw new ArchiveError("usage", `${found.length} contacts are called ${JSON.stringify(who)}: give the account's id`)
  if (contact === undefined)
    throw new ArchiveError(
      "not-found",
      `nobody is called ${JSON.stringify(who)} here: give a card or an account id, or add them with \`taciturn contact add\``,
    )
  return contact
}

/** How an account is known; `null` for nobody that was added. */
export function contactOf(client: Client, genesisHash: Uint8Array): Contact | null {
  return client.state.current.contacts.find((contact) => equalBytes(contact.genesisHash, genesisHash)) ?? null
}

/** C3. @throws {@link ArchiveError} `not-authorised` for somebody who is known by a handle alone. */
export function assertMaySealTo(client: Client, genesisHash: Uint8Array): void {
  const contact = contactOf(client, genesisHash)
  if (contact?.state !== "handle") return
  throw new ArchiveError(
    "not-authorised",
    `@${contact.handle ?? contact.name} is known by a handle alone, which the server could point at anybody: compare safety words (\`taciturn contact verify\`) or add their card, then nothing stands in the way`,
  )
}

/** @param handle `null` gives up the one that there is. @throws {@link ArchiveError} `exists`, `usage`. */
export async function setHandle(client: Client, handle: string | null): Promise<void> {
  if (handle !== null) requireHandle(handle)
  const json = z.encode(HandleRequest, { handle })
  await client.tokens.with(
    client.http,
    accountCapability(client),
    async (token, subject) =>
      await client.http.json(HandleResponse, {
        method: "POST",
        path: `/v1/accounts/${subject}/handle`,
        subject,
        token,
        json,
      }),
  )
}

export async function readHandle(client: Client): Promise<string | null> {
  return await client.tokens.with(client.http, accountCapability(client), async (token, subject) => {
    const answer = await client.http.json(HandleResponse, { path: `/v1/accounts/${subject}/handle`, subject, token })
    return answer.handle
  })
}

interface FoundPerson {
  readonly chain: VerifiedChain
  readonly state: Contact["state"]
  readonly handle: string | null
}

async function lookUp(client: Client, who: string): Promise<FoundPerson> {
  if (looksLikeCard(who)) {
    const card = asTyped(() => parseCard(who))
    if (!equalBytes(card.instanceKey, client.state.current.instanceKey))
      throw new ArchiveError("instance-changed", "a card of somebody on another server: nothing was added")
    return { chain: await fetchChainOf(client, card.genesisHash), state: "card", handle: null }
  }
  if (!who.startsWith("@")) {
    const accountId = asTyped(() => parseId("account", who))
    return { chain: await fetchChain(client, accountId), state: "id", handle: null }
  }
  const handle = requireHandle(who.slice(1))
  const owner = await ownerOf(client, handle)
  const known = client.state.current.contacts.find((contact) => contact.handle === handle)
  if (known !== undefined) await assertHandleIs(client, handle, idOfHash("account", known.genesisHash))
  return { chain: await fetchChain(client, owner), state: "handle", handle }
}

async function ownerOf(client: Client, handle: string): Promise<AccountId> {
  const { account } = await client.http.json(HandleOwnerResponse, { path: `/v1/handles/${handle}`, subject: "handles" })
  return account
}

/** C2. A handle that was given up is nobody's, and says nothing against its owner. */
async function assertHandleIs(client: Client, handle: string, accountId: AccountId): Promise<void> {
  try {
    if (equalBytes(await ownerOf(client, handle), accountId)) return
  } catch (error) {
    if (isArchiveError(error) && error.code === "not-found") return
    throw error
  }
  throw new ArchiveError(
    "changed",
    `the server points @${handle} at another account than the one that is known here: nothing was added`,
  )
}

/** The same contact known in two ways is known in the better one. */
function betterOf(known: Contact["state"] | undefined, now: Contact["state"]): Contact["state"] {
  const order = ["handle", "id", "card", "verified"] as const
  return known !== undefined && order.indexOf(known) > order.indexOf(now) ? known : now
}

async function keep(
  client: Client,
  chain: VerifiedChain,
  contact: { readonly state: Contact["state"]; readonly name: string; readonly handle: string | null },
): Promise<Contact> {
  if (utf8(contact.name).length > LIMITS.contactNameBytes)
    throw new ArchiveError("usage", `a name has at most ${LIMITS.contactNameBytes} bytes`)
  await appendToKeyring(client, entryOf(chain, contact))
  await adoptKeyring(client)
  return { genesisHash: chain.genesisHash, ...contact, seq: chain.linkHashes.length - 1 }
}

function entryOf(
  { genesisHash, headHash, linkHashes }: VerifiedChain,
  { state, name, handle }: { readonly state: ContactState; readonly name: string; readonly handle: string | null },
): Parameters<typeof appendToKeyring>[1] {
  return { type: "contact", genesisHash, seq: linkHashes.length - 1, chainHead: headHash, state, name, handle }
}

function requireHandle(text: string): string {
  const parsed = handleSchema.safeParse(text)
  if (!parsed.success)
    throw new ArchiveError(
      "usage",
      `${JSON.stringify(text)} is no handle: 3 to ${LIMITS.handleBytes} of a to z and 0 to 9, with single dots, dashes or underscores between them`,
    )
  return parsed.data
}

/** What a person typed wrongly is their mistake, not a lie. */
function asTyped<T>(parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    if (!isArchiveError(cause)) throw cause
    throw new ArchiveError("usage", cause.message, { cause })
  }
}
