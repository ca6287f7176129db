import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { InboxPostResponse } from "../../shared/protocol/http.js"
import { includesHash, ZERO_HASH } from "../../shared/protocol/hash.js"
import { type AccountId, formatId, idOfHash, type MeetingId } from "../../shared/protocol/ids.js"
import type { Invitation } from "../../shared/protocol/invitation.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { activeDevices, type VerifiedChain } from "../../shared/protocol/chain.js"
import { isAdmin, memberOf } from "../../shared/protocol/roster.js"
import { deviceSigner } from "../crypto/account-keys.js"
import { makeInvitationBox, openInvitationBox } from "../crypto/invitation-box.js"
import type { KnownEpochSecret } from "../crypto/epoch-secrets.js"
import { fetchChainOf } from "./chains.js"
import type { Client } from "./client.js"
import { dismiss, fetchInbox, type InboxItem } from "./inbox.js"
import { blocksIn, declinedIn } from "./keyring-views.js"
import { appendToKeyring, readKeyring } from "./keyring.js"
import { assertExtendsPin, readMeeting, rememberMeeting, seenOf, verifyServedLog } from "./meetings.js"
import { sleep } from "./retry.js"
import type { ClientState } from "./state.js"

type OutboxItem = ClientState["outbox"][number]

/** An invitation leaves at a random moment within this time, so that it does not stand beside the epoch's append. */
const OUTBOX_DELAY_MS = 1_500

/** What an invitation invites to. */
export interface InvitedEpoch {
  readonly meetingHash: Uint8Array
  readonly title: string
  readonly base: Uint8Array
  /** `adminSeed` is `null` for who is no admin. */
  readonly secret: KnownEpochSecret
}

/** An invitation waiting to be posted. SPEC.md §9. */
export function makeInvitationFor(
  client: Client,
  recipient: VerifiedChain,
  self: VerifiedChain,
  epoch: InvitedEpoch,
): OutboxItem {
  const userKey = recipient.userKeys.at(-1)
  if (userKey === undefined) throw new ArchiveError("internal", "an account without a user key")
  const signer = deviceSigner(client.state.current.secrets)
  const nowMs = client.clock.nowMs()
  const { meetingHash, title, base, secret } = epoch
  const box = makeInvitationBox(
    {
      inviterGenesisHash: self.genesisHash,
      inviterChainHead: self.headHash,
      deviceKey: signer.publicKey,
      recipientGenesisHash: recipient.genesisHash,
      meetingHash,
      epoch: secret.epoch,
      base,
      eventHash: secret.eventHash,
      epochSecret: secret.secret,
      adminSeed: secret.adminSeed ?? ZERO_HASH,
      instanceKey: client.state.current.instanceKey,
      timeMs: nowMs,
      title,
    },
    signer,
    { userPublicKey: userKey.publicKey, generation: userKey.generation },
    client.random,
  )
  const delay = new DataView(client.random(4).buffer).getUint32(0) % OUTBOX_DELAY_MS
  return {
    recipient: recipient.accountId,
    box,
    notBeforeMs: nowMs + delay,
    meetingHash,
    eventHash: secret.eventHash,
  }
}

/**
 * Posts what waits, each at its time; what fails stays for a later call, and what admits nobody, or can't be known to, is dropped.
 * @throws {@link ArchiveError} at once where the server is not there; what one recipient's inbox refuses holds back nobody else's, and is thrown at the end.
 */
export async function flushOutbox(client: Client): Promise<void> {
  const failures: ArchiveError[] = []
  for (const item of client.state.current.outbox)
    try {
      await postItem(client, item)
    } catch (error) {
      if (!isArchiveError(error) || error.retryable || error.code === "interrupted") throw error
      failures.push(error)
    }
  if (failures[0] !== undefined) throw failures[0]
}

async function postItem(client: Client, item: OutboxItem): Promise<void> {
  const log = await readMeeting(client, idOfHash("meeting", item.meetingHash)).catch((error: unknown) => {
    // This account was taken out of the meeting: another admin can invite again.
    if (isArchiveError(error) && error.code === "not-authorised") return null
    throw error
  })
  if (log !== null && includesHash(log.eventHashes, item.eventHash)) {
    await sleep(Math.min(Math.max(0, item.notBeforeMs - client.clock.nowMs()), OUTBOX_DELAY_MS))
    const recipient = formatId("account", item.recipient as AccountId)
    await client.http.json(InboxPostResponse, {
      method: "POST",
      path: `/v1/accounts/${recipient}/inbox`,
      subject: `inbox of ${recipient}`,
      headers: { "content-type": "application/octet-stream" },
      body: item.box,
    })
  }
  await client.state.update((state) => withoutBox(state, item.box))
}

export function withoutBox(state: ClientState, box: Uint8Array): ClientState {
  return { ...state, outbox: state.outbox.filter((other) => !equalBytes(other.box, box)) }
}

/** An invitation that waits in one's own inbox, opened; or why it doesn't open. */
export interface WaitingInvitation extends Omit<InboxItem, "sealed"> {
  readonly invitation: Invitation | null
  readonly problem: ArchiveError | null
}

/** What waits and was not declined. What comes from a blocked account, or invites to a blocked meeting, is dropped on the way. */
export async function listInvitations(client: Client): Promise<readonly WaitingInvitation[]> {
  const items = await fetchInbox(client)
  if (items.length === 0) return []
  const { entries } = await readKeyring(client)
  const declined = declinedIn(entries)
  const { accounts, meetings } = blocksIn(entries)
  const opened = items.map((item) => openItem(client, item))
  const isUnwanted = ({ sealedHash, invitation }: WaitingInvitation): boolean =>
    includesHash(declined, sealedHash) ||
    (invitation !== null &&
      (includesHash(accounts, invitation.inviterGenesisHash) || includesHash(meetings, invitation.meetingHash)))
  await dismiss(client, opened.filter(isUnwanted))
  return opened.filter((item) => !isUnwanted(item))
}

function openItem(client: Client, { entry, sealed, sealedHash }: InboxItem): WaitingInvitation {
  try {
    const invitation = openInvitationBox(sealed, client.state.current.secrets)
    return { entry, sealedHash, invitation, problem: null }
  } catch (error) {
    if (!isArchiveError(error)) throw error
    return { entry, sealedHash, invitation: null, problem: error }
  }
}

/**
 * Accepts an invitation that the meeting's own log bears out. SPEC.md §9.
 * @throws {@link ArchiveError} `not-authorised`, `instance-changed`, and what verifying chain and log throws.
 */
export async function acceptInvitation(client: Client, waiting: WaitingInvitation): Promise<MeetingId> {
  const { invitation } = waiting
  if (invitation === null) throw waiting.problem ?? new ArchiveError("cannot-open", "this cannot be opened")
  const { secrets, instanceKey } = client.state.current
  if (!equalBytes(invitation.instanceKey, instanceKey))
    throw new ArchiveError("instance-changed", "an invitation to a meeting on another server")
  const inviter = await fetchChainOf(client, invitation.inviterGenesisHash)
  const isInviter =
    inviter.linkHashes.some((hash) => equalBytes(hash, invitation.inviterChainHead)) &&
    activeDevices(inviter).some((device) => equalBytes(device.ed25519, invitation.deviceKey))
  if (!isInviter) throw new ArchiveError("not-authorised", "an invitation by a device that is not its inviter's")
  const meetingId = idOfHash("meeting", invitation.meetingHash)
  const secret: KnownEpochSecret = {
    eventHash: invitation.eventHash,
    epoch: invitation.epoch,
    secret: invitation.epochSecret,
    adminSeed: equalBytes(invitation.adminSeed, ZERO_HASH) ? null : invitation.adminSeed,
  }
  const log = await verifyServedLog(client, invitation.meetingHash, [secret])
  assertExtendsPin(client, log)
  const epoch = log.epochs.find((candidate) => equalBytes(candidate.eventHash, invitation.eventHash))
  const bornOut =
    equalBytes(log.meetingHash, invitation.meetingHash) &&
    epoch !== undefined &&
    memberOf(epoch.roster, secrets.genesisHash) !== undefined &&
    isAdmin(epoch.roster, invitation.inviterGenesisHash)
  if (!bornOut) throw new ArchiveError("not-authorised", "an invitation that the meeting's own log does not bear out")
  await appendToKeyring(client, {
    type: "meeting",
    meetingHash: invitation.meetingHash,
    epoch: secret.epoch,
    eventHash: secret.eventHash,
    epochSecret: secret.secret,
    adminSeed: secret.adminSeed,
    title: log.current.title,
  })
  await rememberMeeting(client, invitation.meetingHash, secret, log.head, seenOf(log))
  await dismissInvitation(client, waiting)
  return meetingId
}

/** Takes an entry out of the inbox, and never shows it again even if the server does. */
export async function dismissInvitation(client: Client, waiting: WaitingInvitation): Promise<void> {
  await dismiss(client, [waiting])
}

/**
 * Declines any number of invitations: none of them is shown again, on no device of this account. What doesn't open is thrown away, and leaves no trace
 * in the keyring, which anybody could fill otherwise.
 */
export async function declineInvitations(client: Client, waiting: readonly WaitingInvitation[]): Promise<void> {
  const boxHashes = waiting.flatMap(({ invitation, sealedHash }) => (invitation === null ? [] : [sealedHash]))
  for (let from = 0; from < boxHashes.length; from += LIMITS.declinedPerRecord)
    await appendToKeyring(client, {
      type: "declined",
      boxHashes: boxHashes.slice(from, from + LIMITS.declinedPerRecord),
    })
  await dismiss(client, waiting)
}
