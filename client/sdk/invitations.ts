import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { includesHash, ZERO_HASH } from "../../shared/protocol/hash.js"
import { idOfHash, type MeetingId } from "../../shared/protocol/ids.js"
import type { Invitation } from "../../shared/protocol/invitation.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import type { VerifiedChain } from "../../shared/protocol/chain.js"
import { isAdmin, memberOf } from "../../shared/protocol/roster.js"
import { deviceSigner } from "../crypto/account-keys.js"
import { makeInvitationBox } from "../crypto/invitation-box.js"
import type { KnownEpochSecret } from "../crypto/epoch-secrets.js"
import { fetchChainOf, isDeviceOf } from "./chains.js"
import { assertOpen } from "./closed.js"
import type { Client } from "./client.js"
import { dismiss, type InboxEntry, readInbox } from "./inbox.js"
import { blocksIn, declinedIn } from "./keyring-views.js"
import { appendToKeyring, readKeyring } from "./keyring.js"
import { readServedLog, rememberMeeting, sightOf } from "./meetings.js"
import { outboxItem, type OutboxItem } from "./outbox.js"

/** What an invitation invites to. */
export interface InvitedEpoch {
  readonly meetingHash: Uint8Array
  readonly title: string
  readonly base: Uint8Array
  /** Of its event. */
  readonly seq: number
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
  assertOpen(recipient)
  const userKey = recipient.userKeys.at(-1)
  if (userKey === undefined) throw new ArchiveError("internal", "an account without a user key")
  const signer = deviceSigner(client.state.current.secrets)
  const nowMs = client.clock.nowMs()
  const { meetingHash, title, base, secret, seq } = epoch
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
  return outboxItem(client, recipient, box, { meetingHash, eventHash: secret.eventHash, seq })
}

/** An invitation that waits in one's own inbox, opened; or why an entry doesn't open. */
export interface WaitingInvitation extends InboxEntry {
  readonly invitation: Invitation | null
  readonly problem: ArchiveError | null
}

/** What waits and was not declined. What comes from a blocked account, or invites to a blocked meeting, is dropped on the way. */
export async function listInvitations(client: Client): Promise<readonly WaitingInvitation[]> {
  const waiting = (await readInbox(client)).flatMap(({ entry, sealedHash, content }): readonly WaitingInvitation[] =>
    content.kind === "offer"
      ? []
      : [
          content.kind === "invitation"
            ? { entry, sealedHash, invitation: content.invitation, problem: null }
            : { entry, sealedHash, invitation: null, problem: content.problem },
        ],
  )
  if (waiting.length === 0) return []
  const { entries } = await readKeyring(client)
  const declined = declinedIn(entries)
  const { accounts, meetings } = blocksIn(entries)
  const isUnwanted = ({ sealedHash, invitation }: WaitingInvitation): boolean =>
    includesHash(declined, sealedHash) ||
    (invitation !== null &&
      (includesHash(accounts, invitation.inviterGenesisHash) || includesHash(meetings, invitation.meetingHash)))
  await dismiss(client, waiting.filter(isUnwanted))
  return waiting.filter((item) => !isUnwanted(item))
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
  if (!isDeviceOf(inviter, invitation.deviceKey, invitation.inviterChainHead))
    throw new ArchiveError("not-authorised", "an invitation by a device that is not its inviter's")
  const meetingId = idOfHash("meeting", invitation.meetingHash)
  const secret: KnownEpochSecret = {
    eventHash: invitation.eventHash,
    epoch: invitation.epoch,
    secret: invitation.epochSecret,
    adminSeed: equalBytes(invitation.adminSeed, ZERO_HASH) ? null : invitation.adminSeed,
  }
  const log = await readServedLog(client, {
    meetingHash: invitation.meetingHash,
    known: [secret],
    checkedEpochs: [],
  })
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
  await rememberMeeting(client, invitation.meetingHash, secret, sightOf(log))
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
