import * as z from "zod"
import { equalBytes, utf8 } from "../../shared/protocol/bytes.js"
import { newestUserKey, type VerifiedChain } from "../../shared/protocol/chain.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { OpenInviteLinkRequest, OpenInviteLinkResponse } from "../../shared/protocol/http.js"
import type { InviteLink } from "../../shared/protocol/invite-link.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { deviceSigner } from "../crypto/account-keys.js"
import { inviteLinkId, inviteOpenKey, openInviteLink } from "../crypto/invite-link.js"
import { makeOfferBox } from "../crypto/offer-box.js"
import { ownAccountId, registerAccount } from "./account.js"
import { fetchChain, fetchChainOf, isDeviceOf } from "./chains.js"
import type { Client } from "./client.js"
import { INVITE_LINK_SUBJECT } from "./invite-links.js"
import { flushOutbox, outboxItem } from "./outbox.js"

/** Somebody who was given an invite link. SPEC.md §9.1, §9.2. */

const OPENING_BYTES = 16

/**
 * Opens an invite link, verifies who made it, registers this account where it isn't yet, and offers it to whoever made the link. Called again, it
 * offers again, and counts no further use.
 * @param name what the person calls itself; whoever made the link reads it, and knows it for a claim.
 * @returns what was signed. Whether its maker is an admin of the meeting shows when an invitation comes.
 * @throws {@link ArchiveError} `not-found` for a link that opens nothing; `cannot-open`, `bad-signature`, `replayed`, `instance-changed`, `not-authorised`.
 */
export async function offerByLink(client: Client, secret: Uint8Array, name: string): Promise<InviteLink> {
  if (utf8(name).length > LIMITS.offerNameBytes)
    throw new ArchiveError("usage", `a name has at most ${LIMITS.offerNameBytes} bytes`)
  const link = openInviteLink(await fetchSealed(client, secret), secret)
  const { instanceKey, secrets } = client.state.current
  if (!equalBytes(link.instanceKey, instanceKey))
    throw new ArchiveError(
      "instance-changed",
      "an invite link to a meeting on another server than the one that gave it",
    )
  if (link.expiresAtMs <= client.clock.nowMs())
    throw new ArchiveError("not-authorised", "this invite link has expired: ask for another")
  if (equalBytes(link.inviterGenesisHash, secrets.genesisHash))
    throw new ArchiveError("usage", "this invite link is your own: give it to somebody else")
  await registerAccount(client)
  const inviter = await fetchChainOf(client, link.inviterGenesisHash)
  if (!isDeviceOf(inviter, link.deviceKey, link.inviterChainHead))
    throw new ArchiveError("not-authorised", "an invite link by a device that is not its maker's")
  await postOffer(client, link, inviter, name)
  return link
}

async function fetchSealed(client: Client, secret: Uint8Array): Promise<Uint8Array> {
  const linkId = inviteLinkId(secret)
  const known = client.state.current.openings.find((other) => equalBytes(other.linkId, linkId))
  const opening = known?.opening ?? client.random(OPENING_BYTES)
  if (known === undefined)
    await client.state.update((state) => ({ ...state, openings: [...state.openings, { linkId, opening }] }))
  const { sealed } = await client.http.json(OpenInviteLinkResponse, {
    method: "POST",
    path: "/v1/invites/open",
    subject: INVITE_LINK_SUBJECT,
    json: z.encode(OpenInviteLinkRequest, { key: inviteOpenKey(secret), opening }),
  })
  return sealed
}

async function postOffer(client: Client, link: InviteLink, inviter: VerifiedChain, name: string): Promise<void> {
  const self = await fetchChain(client, ownAccountId(client))
  const signer = deviceSigner(client.state.current.secrets)
  const { publicKey: userPublicKey, generation } = newestUserKey(inviter)
  const box = makeOfferBox(
    {
      newcomerGenesisHash: self.genesisHash,
      newcomerChainHead: self.headHash,
      deviceKey: signer.publicKey,
      recipientGenesisHash: inviter.genesisHash,
      linkId: link.linkId,
      meetingHash: link.meetingHash,
      instanceKey: link.instanceKey,
      timeMs: client.clock.nowMs(),
      name,
    },
    signer,
    { userPublicKey, generation },
    client.random,
  )
  const item = outboxItem(client, inviter, box, null)
  await client.state.update((state) => ({ ...state, outbox: [...state.outbox, item] }))
  await flushOutbox(client)
}
