import * as z from "zod"
import { equalBytes, utf8 } from "../../shared/protocol/bytes.js"
import { dateOf } from "../../shared/protocol/ambient.js"
import { userKeysOf } from "../../shared/protocol/chain.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { decodeEvent, eventHash } from "../../shared/protocol/event.js"
import { bothHeads, includesHash } from "../../shared/protocol/hash.js"
import {
  AppendEventRequest,
  AppendEventResponse,
  CreateMeetingRequest,
  CreateMeetingResponse,
} from "../../shared/protocol/http.js"
import { formatId, idOfHash, type MeetingId } from "../../shared/protocol/ids.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import type { RosterEntry } from "../../shared/protocol/roster.js"
import { newestUserSeed } from "../crypto/account-keys.js"
import { GENESIS_POSITION, makeEpochEvent } from "../crypto/epoch-event.js"
import type { KnownEpochSecret } from "../crypto/epoch-secrets.js"
import { type LogReader, type MeetingLog, readMeetingLog } from "../crypto/meeting-log.js"
import type { MeetingNote } from "../crypto/meeting-notes.js"
import { tellMeetingNews } from "./activity.js"
import { type ChainOf, chainCache } from "./chains.js"
import { type Client, selfAsAuthor } from "./client.js"
import { adoptKeyring, appendToKeyring } from "./keyring.js"
import { refreshKeys } from "./links.js"
import { adminCapability, fetchEvents } from "./meeting-events.js"
import { type ClientState, type MeetingState, NOTHING_UNSEEN, type SeenMeeting } from "./state.js"
import type { MeetingCapability } from "./tokens.js"
import { rememberUnseen } from "./unseen.js"

/**
 * Makes a meeting with this account as its one admin. Called again after an interruption, it goes on with the one that was begun under this title.
 * @param code the instance's, where its policy asks for one.
 * @throws {@link ArchiveError} `forbidden` without it.
 */
export async function createMeeting(client: Client, title: string, code?: Uint8Array): Promise<MeetingId> {
  assertTitle(title)
  const draft =
    client.state.current.drafts.find((candidate) => candidate.title === title) ?? (await draftMeeting(client, title))
  const { event, certificate, secret, adminSeed } = draft
  const meetingHash = eventHash(event)
  const meetingId = idOfHash("meeting", meetingHash)
  const { meeting } = await client.http.json(CreateMeetingResponse, {
    method: "POST",
    path: "/v1/meetings",
    subject: formatId("meeting", meetingId),
    json: z.encode(CreateMeetingRequest, { event, certificate, ...(code === undefined ? {} : { code }) }),
  })
  if (!equalBytes(meeting, meetingId))
    throw new ArchiveError("bad-chain", "the server kept another meeting than the one that was sent")
  client.failpoint("meeting.created")
  await appendToKeyring(client, {
    type: "meeting",
    meetingHash,
    epoch: 0,
    eventHash: meetingHash,
    epochSecret: secret,
    adminSeed,
    title,
  })
  await rememberMeeting(
    client,
    meetingHash,
    { eventHash: meetingHash, epoch: 0, secret, adminSeed },
    {
      head: { seq: 0, hash: meetingHash },
      seen: { title, epoch: 0, members: 1, recordings: 0 },
      checkedEpochs: [meetingHash],
    },
  )
  await client.state.update((state) => ({
    ...state,
    drafts: state.drafts.filter((other) => !equalBytes(eventHash(other.event), meetingHash)),
  }))
  return meetingId
}

/** Kept before it is sent: a lost answer loses no key. */
async function draftMeeting(client: Client, title: string): Promise<ClientState["drafts"][number]> {
  const chain = await refreshKeys(client)
  const adminSeed = client.random(32)
  const self: RosterEntry = {
    genesisHash: chain.genesisHash,
    chainHead: chain.headHash,
    generation: newestUserSeed(client.state.current.secrets).generation,
    role: "admin",
  }
  const made = makeEpochEvent({
    position: GENESIS_POSITION,
    epoch: 0,
    base: null,
    roster: [self],
    userPublicKeyOf: userKeysOf([chain]),
    policy: "shared",
    title,
    admin: { seed: adminSeed },
    adminKeyIsNew: true,
    carried: [],
    author: selfAsAuthor(client, chain.headHash),
    timeMs: client.clock.nowMs(),
    random: client.random,
  })
  const draft = { title, event: made.rawEvent, certificate: made.certificate, secret: made.keys.secret, adminSeed }
  await client.state.update((state) => ({ ...state, drafts: [...state.drafts, draft] }))
  client.failpoint("meeting.kept")
  return draft
}

function findMeeting(client: Client, meetingId: MeetingId): MeetingState | undefined {
  return client.state.current.meetings.find((candidate) =>
    equalBytes(idOfHash("meeting", candidate.meetingHash), meetingId),
  )
}

/** What this device knows of a meeting. @throws {@link ArchiveError} `not-found`. */
export function requireMeeting(client: Client, meetingId: MeetingId): MeetingState {
  const meeting = findMeeting(client, meetingId)
  if (meeting === undefined)
    throw new ArchiveError(
      "not-found",
      `this account is not in ${formatId("meeting", meetingId)}: if it was invited, join first`,
    )
  return meeting
}

/**
 * Fetches and verifies a meeting's log, against what this device has seen of it.
 * @throws {@link ArchiveError} `rollback`, `fork`, `bad-chain`, and what makes a log unreadable.
 */
export async function readMeeting(
  client: Client,
  meetingId: MeetingId,
  chainOf: ChainOf = chainCache(client),
): Promise<MeetingLog> {
  if (findMeeting(client, meetingId) === undefined) await adoptKeyring(client)
  const meeting = requireMeeting(client, meetingId)
  const { meetingHash, known, checkedEpochs } = meeting
  const log = await readServedLog(client, { meetingHash, known, checkedEpochs }, chainOf).catch((error: unknown) => {
    throw isArchiveError(error) && error.code === "gone" ? deletedMeeting(meeting, error) : error
  })
  tellMeetingNews(client, log, meeting.head.seq)
  const { current } = log
  await rememberMeeting(
    client,
    meeting.meetingHash,
    { eventHash: current.eventHash, epoch: current.keys.epoch, secret: current.keys.secret, adminSeed: log.adminSeed },
    sightOf(log),
  )
  await rememberUnseen(client, log)
  if (log.standing.deletion !== null && meeting.deletion === null)
    await rememberDeletion(client, log.standing.deletion, meeting)
  return log
}

/** What is said of a meeting that the server calls deleted: who did it, if its log said so to this device while there was one. */
export function deletedMeeting({ deletion }: MeetingState, cause?: ArchiveError): ArchiveError {
  if (deletion === null)
    return new ArchiveError(
      "gone",
      "the server says that this meeting was deleted; nothing that this device saw in its log says so",
      { cause },
    )
  const by = formatId("account", idOfHash("account", deletion.authorGenesisHash))
  return new ArchiveError("gone", `this meeting was deleted by ${by} on ${dateOf(deletion.timeMs)}`, { cause })
}

async function rememberDeletion(client: Client, note: MeetingNote, { meetingHash }: MeetingState): Promise<void> {
  const deletion = { authorGenesisHash: note.authorGenesisHash, timeMs: note.timeMs }
  await client.state.update((state) => ({
    ...state,
    meetings: state.meetings.map((known) =>
      equalBytes(known.meetingHash, meetingHash) ? { ...known, deletion } : known,
    ),
  }))
}

/**
 * A served log, verified with given secrets, and against what this device has seen of it; no pin is set.
 * @throws {@link ArchiveError} `rollback`, `fork` for one that lacks that. SPEC.md §7.
 */
export async function readServedLog(
  client: Client,
  reader: Pick<LogReader, "known" | "checkedEpochs"> & { readonly meetingHash: Uint8Array },
  chainOf: ChainOf = chainCache(client),
): Promise<MeetingLog> {
  const meetingId = idOfHash("meeting", reader.meetingHash)
  for (;;) {
    const before = findMeeting(client, meetingId)
    const log = await verifyServedLog(client, reader, chainOf)
    const now = findMeeting(client, meetingId)
    const isOvertaken =
      now !== undefined && now.head.seq > log.head.seq && now.head.seq > (before === undefined ? -1 : before.head.seq)
    if (!isOvertaken) {
      if (now !== undefined) assertExtendsPin(now, log)
      return log
    }
    // What is longer was seen since this was asked for, by somebody else with this state: asked again, it is all there.
    chainOf.forget()
  }
}

function assertExtendsPin(meeting: MeetingState, log: MeetingLog): void {
  const pinned = log.eventHashes[meeting.head.seq]
  if (pinned === undefined)
    throw new ArchiveError("rollback", "the meeting's log that the server gives is shorter than this device has seen", {
      place: `event ${meeting.head.seq}`,
    })
  if (!equalBytes(pinned, meeting.head.hash))
    throw new ArchiveError(
      "fork",
      `the meeting's log that the server gives is another than this device has seen: ${bothHeads(meeting.head.hash, pinned)}`,
      { place: `event ${meeting.head.seq}` },
    )
}

async function verifyServedLog(
  client: Client,
  {
    meetingHash,
    known,
    checkedEpochs,
  }: Pick<LogReader, "known" | "checkedEpochs"> & { readonly meetingHash: Uint8Array },
  chainOf: ChainOf,
): Promise<MeetingLog> {
  const rawEvents = await fetchEvents(client, meetingHash, known)
  return await readMeetingLog(idOfHash("meeting", meetingHash), rawEvents, {
    secrets: client.state.current.secrets,
    known,
    checkedEpochs,
    chainOf,
  })
}

/**
 * What appends an epoch: the access key in force; the admin key where that changes, and over an epoch that is void, as no valid epoch is the server's
 * newest then.
 */
function epochCapability(log: MeetingLog, adminKey: Uint8Array): MeetingCapability {
  const isUsual = equalBytes(adminKey, log.current.adminKey) && log.newestEpochSeen === log.current.keys.epoch
  if (log.adminSeed === null || isUsual) return currentCapability(log)
  return adminCapability(log.meetingId, log.adminSeed, log.newestEpochSeen)
}

/** The capability of the epoch in force. */
export function currentCapability(log: MeetingLog): MeetingCapability {
  return {
    kind: "meeting",
    id: log.meetingId,
    scope: "access",
    epoch: log.current.keys.epoch,
    signer: log.current.keys.access,
  }
}

/** @throws {@link ArchiveError} `not-authorised`. */
export function assertIsMember(log: MeetingLog): void {
  if (!log.isMember)
    throw new ArchiveError("not-authorised", "this account is no longer a member of the meeting: nothing was sealed")
}

/** Appends by compare-and-swap; the same event again is no error. @throws {@link ArchiveError} `conflict`. */
export async function appendEvent(
  client: Client,
  log: MeetingLog,
  rawEvent: Uint8Array,
  certificate?: Uint8Array,
): Promise<void> {
  const json = z.encode(AppendEventRequest, { event: rawEvent, ...(certificate === undefined ? {} : { certificate }) })
  const { epochPart } = decodeEvent(rawEvent)
  const capability = epochPart === null ? currentCapability(log) : epochCapability(log, epochPart.adminKey)
  await client.tokens.with(client.http, capability, async (token, subject) => {
    const { hash } = await client.http.json(AppendEventResponse, {
      method: "POST",
      path: `/v1/meetings/${subject}/events`,
      subject,
      token,
      json,
    })
    if (!equalBytes(hash, eventHash(rawEvent)))
      throw new ArchiveError("bad-chain", "the server kept another event than the one that was sent")
  })
}

/** Whether an append was refused as it may be where others appended first, or began an epoch that ended this one's keys. */
export function mayBeBehind(error: unknown): boolean {
  return isArchiveError(error) && ["conflict", "forbidden", "unauthenticated"].includes(error.code)
}

/** What a device keeps of a log that it verified. */
export type MeetingSight = Pick<MeetingState, "head" | "checkedEpochs"> & { readonly seen: SeenMeeting }

/** So many of the newest epochs are not checked again: more are rarely read in one go. */
const MOST_CHECKED_EPOCHS = 64

export function sightOf(log: MeetingLog): MeetingSight {
  const checkedEpochs = log.epochs.filter((epoch) => epoch.isChecked).map((epoch) => epoch.eventHash)
  return { head: { ...log.head }, seen: seenOf(log), checkedEpochs }
}

/** What is shown of a meeting until its log is looked at again. */
export function seenOf({ current, recordings }: MeetingLog): SeenMeeting {
  const { title, keys, roster } = current
  const kept = recordings.filter(({ withdrawal }) => withdrawal === null)
  return { title, epoch: keys.epoch, members: roster.length, recordings: kept.length }
}

/** Keeps a secret and what was seen at a newer head; an older head never replaces a newer one. */
export async function rememberMeeting(
  client: Client,
  meetingHash: Uint8Array,
  secret: KnownEpochSecret,
  sight: MeetingSight,
): Promise<void> {
  const { head } = sight
  const known = client.state.current.meetings.find((meeting) => equalBytes(meeting.meetingHash, meetingHash))
  const isNews =
    known === undefined ||
    known.head.seq < head.seq ||
    known.seen?.epoch == null ||
    sight.checkedEpochs.slice(-MOST_CHECKED_EPOCHS).some((hash) => !includesHash(known.checkedEpochs, hash)) ||
    !known.known.some(
      (held) => equalBytes(held.eventHash, secret.eventHash) && (held.adminSeed !== null || secret.adminSeed === null),
    )
  if (!isNews) return
  await client.state.update((state) => {
    const before = state.meetings.find((meeting) => equalBytes(meeting.meetingHash, meetingHash))
    const others = state.meetings.filter((meeting) => meeting !== before)
    const secrets = [
      ...(before?.known ?? []).filter((held) => !equalBytes(held.eventHash, secret.eventHash)),
      { ...secret },
    ]
    const isOlder = before !== undefined && before.head.seq > head.seq
    const newest = isOlder ? before : { ...sight, checkedEpochs: sight.checkedEpochs.slice(-MOST_CHECKED_EPOCHS) }
    const kept = {
      deletion: before?.deletion ?? null,
      lookedAtSeq: before?.lookedAtSeq ?? null,
      unseen: before?.unseen ?? { ...NOTHING_UNSEEN },
    }
    return { ...state, meetings: [...others, { ...newest, meetingHash, known: secrets, ...kept }] }
  })
}

function assertTitle(title: string): void {
  const sizeBytes = utf8(title).length
  if (title.trim() === "" || sizeBytes > LIMITS.titleBytes)
    throw new ArchiveError("usage", `a title has 1 to ${LIMITS.titleBytes} bytes`)
}
