import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { includesHash } from "../../shared/protocol/hash.js"
import { type AccountId, formatId, idOfHash, type MeetingId } from "../../shared/protocol/ids.js"
import type { KeyringEntry, OfferVerdict } from "../../shared/protocol/keyring-entry.js"
import type { Offer } from "../../shared/protocol/offer.js"
import { memberOf } from "../../shared/protocol/roster.js"
import { fetchChainOf, isDeviceOf } from "./chains.js"
import type { Client } from "./client.js"
import { addMember, canActAsAdmin } from "./epochs.js"
import { dismiss, type InboxEntry, readInbox } from "./inbox.js"
import { decideInKeyring, readKeyring } from "./keyring.js"
import { blocksIn, inviteLinksIn, type OwnInviteLink } from "./keyring-views.js"
import { readMeeting } from "./meetings.js"

/** People who came by an invite link of this account, and ask to be admitted. SPEC.md §9.2. */

export interface WaitingOffer {
  readonly offer: Offer
  readonly link: OwnInviteLink
  /** Why it can't be approved, where it can't. */
  readonly problem: ArchiveError | null
  /** All that came of the account by this link: what comes twice is one offer. */
  readonly entries: readonly InboxEntry[]
}

/** Who was admitted without asking, and for whom it failed. */
export interface AdmissionReport {
  readonly admitted: readonly { readonly meetingId: MeetingId; readonly accountId: AccountId }[]
  /** To be tried again by later calls. */
  readonly failed: readonly { readonly accountId: AccountId; readonly error: ArchiveError }[]
}

/** What waits. What no link of this account bears out, comes from a blocked account, or was answered before, is dropped on the way. */
export async function listOffers(client: Client): Promise<readonly WaitingOffer[]> {
  const items = await readInbox(client)
  if (!items.some(({ content }) => content.kind === "offer")) return []
  const { entries } = await readKeyring(client)
  const links = inviteLinksIn(entries)
  const blocked = blocksIn(entries).accounts
  const waiting: WaitingOffer[] = []
  const dropped: InboxEntry[] = []
  for (const { entry, sealedHash, content } of items) {
    if (content.kind !== "offer") continue
    const { offer } = content
    const own = { entry, sealedHash }
    const link = links.find(({ linkId }) => equalBytes(linkId, offer.linkId))
    const isMeant =
      link !== undefined && isForLink(client, offer, link) && !includesHash(blocked, offer.newcomerGenesisHash)
    const problem = isMeant ? await judge(client, offer, link) : "dropped"
    if (link === undefined || problem === "dropped") {
      dropped.push(own)
      continue
    }
    const same = waiting.findIndex(
      (other) => other.link === link && equalBytes(other.offer.newcomerGenesisHash, offer.newcomerGenesisHash),
    )
    const before = waiting[same]
    if (before === undefined) waiting.push({ offer, link, problem, entries: [own] })
    else waiting[same] = { ...before, entries: [...before.entries, own] }
  }
  await dismiss(client, dropped)
  return waiting
}

/** An account whose chain is not as it should be is shown with that, and keeps nobody else from being shown. */
async function judge(client: Client, offer: Offer, link: OwnInviteLink): Promise<ArchiveError | null | "dropped"> {
  try {
    const chain = await fetchChainOf(client, offer.newcomerGenesisHash)
    // O3: what somebody says in another's name.
    if (!isDeviceOf(chain, offer.deviceKey, offer.newcomerChainHead)) return "dropped"
    if (await isAnswered(client, offer, link)) return "dropped"
    return problemOf(client, link, offer.newcomerGenesisHash)
  } catch (error) {
    if (!isArchiveError(error) || error.retryable || error.code === "interrupted") throw error
    return error
  }
}

/** O1, O2. */
function isForLink(client: Client, offer: Offer, link: OwnInviteLink): boolean {
  return (
    !link.isRevoked &&
    equalBytes(offer.meetingHash, link.meetingHash) &&
    equalBytes(offer.instanceKey, client.state.current.instanceKey)
  )
}

/** O6: one answer an account and link. An admission that was begun, and that the log doesn't show, is none yet. */
async function isAnswered(client: Client, offer: Offer, link: OwnInviteLink): Promise<boolean> {
  const { newcomerGenesisHash } = offer
  if (includesHash(link.refused, newcomerGenesisHash)) return true
  return includesHash(link.admitted, newcomerGenesisHash) && (await wasMember(client, link, newcomerGenesisHash))
}

async function wasMember(client: Client, link: OwnInviteLink, genesisHash: Uint8Array): Promise<boolean> {
  const { epochs } = await readMeeting(client, idOfHash("meeting", link.meetingHash))
  return epochs.some(({ roster }) => memberOf(roster, genesisHash) !== undefined)
}

/** O4 and O5, by this device's own clock and the keyring's own count, whatever the server says. */
function problemOf(client: Client, link: OwnInviteLink, genesisHash: Uint8Array): ArchiveError | null {
  const instead = "add the account by its id if you want it all the same"
  if (link.expiresAtMs <= client.clock.nowMs())
    return new ArchiveError("not-authorised", `the invite link has expired: ${instead}`)
  if (!includesHash(link.admitted, genesisHash) && link.admitted.length >= link.uses)
    return new ArchiveError("not-authorised", `the invite link has admitted all that it was for: ${instead}`)
  return null
}

/**
 * Admits whoever waits, as a member: a new epoch, and an invitation to its inbox.
 * @returns the new epoch's number; `null` where the account was a member already.
 * @throws {@link ArchiveError} `not-found`; `not-authorised` for a link that holds no more, and as `addMember`.
 */
export async function approveOffer(client: Client, meetingId: MeetingId, accountId: AccountId): Promise<number | null> {
  return await admit(client, await requireOffer(client, meetingId, accountId))
}

/** Answers nothing, and looks at no further offer of the account by that link. @throws {@link ArchiveError} `not-found`. */
export async function refuseOffer(client: Client, meetingId: MeetingId, accountId: AccountId): Promise<void> {
  const waiting = await requireOffer(client, meetingId, accountId)
  await decideInKeyring(client, (entries) => useOf(client, entries, waiting, "refused"))
  await dismiss(client, waiting.entries)
}

/**
 * Admits who came by pre-approved links, without asking. O7: not who is blocked or was a member before, for an admin may have removed them.
 * What fails stays for a later call.
 */
export async function admitPreApproved(client: Client): Promise<AdmissionReport> {
  const admitted: { readonly meetingId: MeetingId; readonly accountId: AccountId }[] = []
  const failed: { readonly accountId: AccountId; readonly error: ArchiveError }[] = []
  for (const waiting of await listOffers(client)) {
    const { offer, link, problem } = waiting
    if (!link.isPreApproved || problem !== null) continue
    const accountId = idOfHash("account", offer.newcomerGenesisHash)
    try {
      if (await wasMember(client, link, offer.newcomerGenesisHash)) continue
      await admit(client, waiting)
      admitted.push({ meetingId: idOfHash("meeting", link.meetingHash), accountId })
    } catch (error) {
      if (!isArchiveError(error) || error.code === "interrupted") throw error
      failed.push({ accountId, error })
    }
  }
  return { admitted, failed }
}

/** The use is counted before the epoch is made: two devices of this account never give one use twice. */
async function admit(client: Client, waiting: WaitingOffer): Promise<number | null> {
  const { offer, link, problem } = waiting
  if (problem !== null) throw problem
  const meetingId = idOfHash("meeting", link.meetingHash)
  if (!canActAsAdmin(client, await readMeeting(client, meetingId)))
    throw new ArchiveError("not-authorised", "only an admin of the meeting can admit somebody")
  await decideInKeyring(client, (entries) => useOf(client, entries, waiting, "admitted"))
  let epoch: number | null = null
  try {
    epoch = await addMember(client, meetingId, idOfHash("account", offer.newcomerGenesisHash))
  } catch (error) {
    if (!isArchiveError(error) || error.code !== "exists") throw error
  }
  await dismiss(client, waiting.entries)
  return epoch
}

/** The answer, judged once more by all that the keyring has now; `null` where it was given before. */
function useOf(
  client: Client,
  entries: readonly KeyringEntry[],
  { offer, link }: WaitingOffer,
  verdict: OfferVerdict,
): KeyringEntry | null {
  const { newcomerGenesisHash: genesisHash, linkId } = offer
  const newest = inviteLinksIn(entries).find((own) => equalBytes(own.linkId, link.linkId))
  if (newest === undefined || newest.isRevoked)
    throw new ArchiveError("not-authorised", "the invite link was revoked meanwhile")
  const isAdmitted = includesHash(newest.admitted, genesisHash)
  const isRefused = includesHash(newest.refused, genesisHash)
  if (verdict === "admitted") {
    if (isRefused) throw new ArchiveError("not-authorised", "another device of this account refused it meanwhile")
    const problem = problemOf(client, newest, genesisHash)
    if (problem !== null) throw problem
  }
  return (verdict === "admitted" ? isAdmitted : isRefused)
    ? null
    : { type: "invite-link-use", linkId, genesisHash, verdict }
}

async function requireOffer(client: Client, meetingId: MeetingId, accountId: AccountId): Promise<WaitingOffer> {
  const found = (await listOffers(client)).find(
    ({ offer, link }) =>
      equalBytes(idOfHash("account", offer.newcomerGenesisHash), accountId) &&
      equalBytes(idOfHash("meeting", link.meetingHash), meetingId),
  )
  if (found === undefined)
    throw new ArchiveError(
      "not-found",
      `${formatId("account", accountId)} doesn't wait to be admitted to ${formatId("meeting", meetingId)}`,
    )
  return found
}
