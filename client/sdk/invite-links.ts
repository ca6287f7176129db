import * as z from "zod"
import { dayOf } from "../../shared/protocol/ambient.js"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { sha256 } from "../../shared/protocol/hash.js"
import { CreateInviteLinkRequest, EndInviteLinkRequest } from "../../shared/protocol/http.js"
import { formatId, idOfHash, type LinkId, type MeetingId } from "../../shared/protocol/ids.js"
import { formatInviteUrl } from "../../shared/protocol/invite-link.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { deviceSigner } from "../crypto/account-keys.js"
import { INVITE_SECRET_BYTES, inviteLinkId, inviteOpenKey, sealInviteLink } from "../crypto/invite-link.js"
import { ownAccountId } from "./account.js"
import { fetchChain } from "./chains.js"
import type { Client } from "./client.js"
import { canActAsAdmin } from "./epochs.js"
import { appendToKeyring, readKeyring } from "./keyring.js"
import { inviteLinksIn, type OwnInviteLink } from "./keyring-views.js"
import { readMeeting } from "./meetings.js"

/** Links by which people without an account yet ask to be admitted. SPEC.md §9.1. */

const DAY_MS = 24 * 60 * 60 * 1_000
/** A pool of connections of its own: nothing joins a link to whom it is by. */
export const INVITE_LINK_SUBJECT = "invite link"

export interface InviteLinkOptions {
  /** Up to 30 days from now. */
  readonly expiresAtMs: number
  /** How many accounts may be admitted by it, 1 to 100. */
  readonly uses: number
  /** Whether whoever has the link is admitted without being asked about. */
  readonly isPreApproved: boolean
  /** Whether who opens it reads the meeting's title. */
  readonly showsTitle: boolean
}

/**
 * Makes an invite link, as an admin. It is known to the account before it is given out; what is sent to the server names neither account nor meeting.
 * @throws {@link ArchiveError} `not-authorised`, `usage`, `quota-exceeded`.
 */
export async function createInviteLink(
  client: Client,
  meetingId: MeetingId,
  options: InviteLinkOptions,
): Promise<{ readonly url: string; readonly linkId: LinkId }> {
  const { expiresAtMs, uses, isPreApproved, showsTitle } = options
  const nowMs = client.clock.nowMs()
  if (!Number.isInteger(uses) || uses < 1 || uses > LIMITS.inviteLinkUses)
    throw new ArchiveError("usage", `a link is for 1 to ${LIMITS.inviteLinkUses} people`)
  if (!(expiresAtMs > nowMs && expiresAtMs <= nowMs + LIMITS.inviteLinkDays * DAY_MS))
    throw new ArchiveError("usage", `a link ends within ${LIMITS.inviteLinkDays} days`)
  const log = await readMeeting(client, meetingId)
  if (!canActAsAdmin(client, log))
    throw new ArchiveError("not-authorised", "only an admin of the meeting can make a link to it")
  const { meetingHash } = log
  const self = await fetchChain(client, ownAccountId(client))
  const signer = deviceSigner(client.state.current.secrets)
  const secret = client.random(INVITE_SECRET_BYTES)
  const sealed = sealInviteLink(
    {
      inviterGenesisHash: self.genesisHash,
      inviterChainHead: self.headHash,
      deviceKey: signer.publicKey,
      meetingHash,
      instanceKey: client.state.current.instanceKey,
      linkId: inviteLinkId(secret),
      expiresAtMs,
      uses,
      isPreApproved,
      timeMs: nowMs,
      title: showsTitle ? log.current.title : null,
    },
    signer,
    secret,
    client.random,
  )
  const openHash = sha256(inviteOpenKey(secret))
  await sendWithoutAnswer(
    client,
    "/v1/invites",
    z.encode(CreateInviteLinkRequest, { openHash, sealed, uses, expiresDay: dayOf(expiresAtMs) }),
  )
  // Last: where this process ends before, the server keeps a link whose secret nobody has.
  await appendToKeyring(client, { type: "invite-link", secret, meetingHash, expiresAtMs, uses, isPreApproved })
  if (isPreApproved)
    await client.state.update((state) => ({
      ...state,
      preApprovedUntilMs: Math.max(state.preApprovedUntilMs, expiresAtMs),
    }))
  return { url: formatInviteUrl(client.http.baseUrl, secret), linkId: idOfHash("link", inviteLinkId(secret)) }
}

/** The links that this account made, oldest first, as its keyring counts them. */
export async function listInviteLinks(client: Client): Promise<readonly OwnInviteLink[]> {
  return inviteLinksIn((await readKeyring(client)).entries)
}

/** Ends a link: whoever has it asks in vain from now on. @throws {@link ArchiveError} `not-found`. */
export async function revokeInviteLink(client: Client, linkId: LinkId): Promise<void> {
  const link = (await listInviteLinks(client)).find((own) => equalBytes(idOfHash("link", own.linkId), linkId))
  if (link === undefined) throw new ArchiveError("not-found", `this account made no link ${formatId("link", linkId)}`)
  // First here, where it counts; what the server does is for whoever opens the link still.
  if (!link.isRevoked) await appendToKeyring(client, { type: "invite-link-end", linkId: link.linkId })
  await sendWithoutAnswer(
    client,
    "/v1/invites/end",
    z.encode(EndInviteLinkRequest, { key: inviteOpenKey(link.secret) }),
  )
}

async function sendWithoutAnswer(client: Client, path: string, json: unknown): Promise<void> {
  await client.http.headOf({ method: "POST", path, subject: INVITE_LINK_SUBJECT, json })
}
