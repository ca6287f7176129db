import { eventHash } from "../../shared/protocol/event.js"
import { ZERO_HASH } from "../../shared/protocol/hash.js"
import { asId, idOfHash, type MeetingId } from "../../shared/protocol/ids.js"
import { textContent } from "../../shared/protocol/message-content.js"
import { adminSigner, type EpochKeys } from "../../client/crypto/epoch-keys.js"
import {
  type EpochBase,
  GENESIS_POSITION,
  type MadeEpoch,
  makeEpochEvent,
  type NewEpoch,
} from "../../client/crypto/epoch-event.js"
import { type LogPosition, makeEvent } from "../../client/crypto/log-event.js"
import { makeMessage } from "../../client/crypto/message.js"
import { entryOf, type Person, random } from "./people.js"

/** A meeting as its one member sees it, for tests that post its events. Nothing here checks anything. */
export interface PostedMeeting {
  readonly meetingId: MeetingId
  readonly meetingHash: Uint8Array
  readonly creator: Person
  readonly adminSeed: Uint8Array
  readonly keys: EpochKeys
  readonly base: EpochBase
  readonly head: { readonly seq: number; readonly hash: Uint8Array }
  readonly newest: MadeEpoch
}

const TIME_MS = 1_790_000_000_000

export function newMeeting(creator: Person): PostedMeeting {
  const adminSeed = random(32)
  const made = makeEpochEvent({
    ...epochOf(creator, adminSeed),
    position: GENESIS_POSITION,
    epoch: 0,
    base: null,
    adminKeyIsNew: true,
  })
  const meetingHash = eventHash(made.rawEvent)
  return withEpoch({ meetingId: idOfHash("meeting", meetingHash), meetingHash, creator, adminSeed }, made, 0)
}

/** The next epoch, with the members as they are. */
export function nextEpoch(
  meeting: PostedMeeting,
  overrides: Partial<NewEpoch> & { readonly adminSeed?: Uint8Array } = {},
): PostedMeeting {
  const { adminSeed = meeting.adminSeed, ...rest } = overrides
  const made = makeEpochEvent({
    ...epochOf(meeting.creator, adminSeed),
    position: positionAfter(meeting),
    epoch: meeting.keys.epoch + 1,
    base: meeting.base,
    adminKeyIsNew: adminSeed !== meeting.adminSeed,
    ...rest,
  })
  return withEpoch({ ...meeting, adminSeed }, made, meeting.head.seq + 1)
}

/** The next event that begins no epoch, publishing what is named. */
export function nextEvent(
  meeting: PostedMeeting,
  assets: readonly Uint8Array[] = [],
): { readonly rawEvent: Uint8Array; readonly meeting: PostedMeeting } {
  const content = { type: "test", values: [], assets, carried: [], epochPart: null }
  const rawEvent = makeEvent(positionAfter(meeting), meeting.keys, meeting.creator.author, content, {
    timeMs: TIME_MS,
    random,
  })
  return { rawEvent, meeting: { ...meeting, head: { seq: meeting.head.seq + 1, hash: eventHash(rawEvent) } } }
}

/** A message of its creator's, which vouches for no order: a server sees nothing of that. */
export function sealedMessage(
  { meetingId, meetingHash, creator, keys, head }: PostedMeeting,
  text = "A message",
  messageId = asId("message", random(16)),
): Uint8Array {
  const place = { meetingId, meetingHash, messageId, counter: 0, prev: ZERO_HASH, newestLogHash: head.hash }
  const content = textContent(text)
  return makeMessage({ ...place, replaces: [], timeMs: TIME_MS, content }, keys, creator.author, random)
}

export function adminOf(meeting: PostedMeeting): ReturnType<typeof adminSigner> {
  return adminSigner(meeting.adminSeed)
}

function positionAfter(meeting: PostedMeeting): LogPosition {
  return {
    meetingId: meeting.meetingId,
    meetingHash: meeting.meetingHash,
    seq: meeting.head.seq + 1,
    prev: meeting.head.hash,
  }
}

function epochOf(
  creator: Person,
  adminSeed: Uint8Array,
): Omit<NewEpoch, "position" | "epoch" | "base" | "adminKeyIsNew"> {
  return {
    roster: [entryOf(creator, "admin")],
    userPublicKeyOf: () => creator.chain.userKeys[0]?.publicKey ?? new Uint8Array(0),
    policy: "shared",
    title: "A meeting",
    admin: { seed: adminSeed },
    carried: [],
    author: creator.author,
    timeMs: TIME_MS,
    random,
  }
}

function withEpoch(
  meeting: Pick<PostedMeeting, "meetingId" | "meetingHash" | "creator" | "adminSeed">,
  made: MadeEpoch,
  seq: number,
): PostedMeeting {
  const { meetingId, meetingHash, creator, adminSeed } = meeting
  const hash = eventHash(made.rawEvent)
  const base = { eventHash: hash, keys: made.keys, roster: [entryOf(creator, "admin")] }
  return { meetingId, meetingHash, creator, adminSeed, keys: made.keys, base, head: { seq, hash }, newest: made }
}
