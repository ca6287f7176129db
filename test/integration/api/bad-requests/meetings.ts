import { u8 } from "../../../../shared/protocol/bytes.js"
import { decodeEvent, makeCertificate, type MeetingEvent } from "../../../../shared/protocol/event.js"
import { LIMITS } from "../../../../shared/protocol/limits.js"
import { meetingPath } from "../../../support/api-client.js"
import { random } from "../../../support/people.js"
import { newMeeting, nextEpoch, nextEvent } from "../../../support/posted-meeting.js"
import {
  type World,
  type BadRequest,
  type Case,
  post,
  get,
  meeting,
  append,
  changedEvent,
  changedEpoch,
  changedGenesis,
} from "./world.js"

export const MEETINGS: readonly Case[] = [
  { what: "a genesis of noise", status: 400, code: "malformed", send: () => meeting(random(300), random(100)) },
  {
    what: "a genesis beyond its limit",
    status: 413,
    code: "too-large",
    send: () => post("/v1/meetings", { json: { event: "A".repeat(11_300_000), certificate: "AA" } }),
  },
  {
    what: "a genesis that names a meeting",
    status: 422,
    code: "bad-chain",
    send: (world) => changedGenesis(world, { meetingId: world.meeting.meetingId }),
  },
  {
    what: "a genesis of epoch 1",
    status: 422,
    code: "bad-chain",
    send: (world) => changedGenesis(world, { epoch: 1 }),
  },
  {
    what: "a genesis that is the second event",
    status: 422,
    code: "bad-chain",
    send: (world) => changedGenesis(world, { seq: 1 }),
  },
  {
    what: "a genesis that publishes an asset",
    status: 422,
    code: "bad-chain",
    send: (world) => changedGenesis(world, { assets: [random(32)] }),
  },
  {
    what: "a genesis that begins no epoch",
    status: 422,
    code: "bad-chain",
    send: (world) => meeting(changedEvent(world, { seq: 0 }), world.other.newest.certificate),
  },
  {
    what: "a genesis certified for another",
    status: 422,
    code: "bad-signature",
    send: ({ anna, other }) => meeting(newMeeting(anna).newest.rawEvent, other.newest.certificate),
  },
  {
    what: "a genesis that does not hold its admin key",
    status: 422,
    code: "bad-signature",
    send: ({ anna }) => {
      const made = newMeeting(anna)
      return meeting(made.newest.rawEvent, makeCertificate(made.newest.rawEvent, made.keys.access, null))
    },
  },
  {
    what: "a challenge for a meeting that is not there",
    status: 404,
    code: "not-found",
    send: ({ anna }) => post(meetingPath(newMeeting(anna), "challenges")),
  },
  {
    what: "an event of noise (M1)",
    status: 400,
    code: "malformed",
    send: (world) => append(world.meeting, world.access, random(400)),
  },
  {
    what: "an event of another version",
    status: 400,
    code: "unsupported-version",
    send: (world) =>
      append(
        world.meeting,
        world.access,
        nextEvent(world.meeting).rawEvent.map((byte, index) => (index === 1 ? 2 : byte)),
      ),
  },
  {
    what: "an event followed by a byte",
    status: 400,
    code: "malformed",
    send: (world) =>
      append(world.meeting, world.access, new Uint8Array([...nextEvent(world.meeting).rawEvent, ...u8(0)])),
  },
  {
    what: "an event of another meeting (M1)",
    status: 422,
    code: "bad-chain",
    send: (world) => append(world.meeting, world.access, nextEvent(world.other).rawEvent),
  },
  {
    what: "an event on an older head",
    status: 409,
    code: "conflict",
    send: (world) => append(world.meeting, world.access, changedEvent(world, { seq: 1, prev: world.before.head.hash })),
  },
  {
    what: "an event that leaves a gap (M2)",
    status: 409,
    code: "conflict",
    send: (world) => append(world.meeting, world.access, changedEvent(world, { seq: 3 })),
  },
  {
    what: "an event at the largest place",
    status: 409,
    code: "conflict",
    send: (world) => append(world.meeting, world.access, changedEvent(world, { seq: Number.MAX_SAFE_INTEGER })),
  },
  {
    what: "an event on another prev (M2)",
    status: 409,
    code: "conflict",
    send: (world) => append(world.meeting, world.access, changedEvent(world, { prev: random(32) })),
  },
  {
    what: "an event of an older epoch (M4)",
    status: 409,
    code: "conflict",
    send: (world) => append(world.meeting, world.access, changedEvent(world, { epoch: 0 })),
  },
  {
    what: "an event of a later epoch",
    status: 409,
    code: "conflict",
    send: (world) => append(world.meeting, world.access, changedEvent(world, { epoch: 2 })),
  },
  {
    what: "an event with an old token (M4)",
    status: 403,
    code: "forbidden",
    send: (world) => append(world.meeting, world.oldAccess, nextEvent(world.meeting).rawEvent),
  },
  {
    what: "an event with the admin capability (M4)",
    status: 403,
    code: "forbidden",
    send: (world) => append(world.meeting, world.admin, nextEvent(world.meeting).rawEvent),
  },
  {
    what: "an event with a certificate (M4)",
    status: 400,
    code: "malformed",
    send: (world) =>
      append(world.meeting, world.access, nextEvent(world.meeting).rawEvent, world.meeting.newest.certificate),
  },
  {
    what: "an asset that is not stored here",
    status: 404,
    code: "not-found",
    send: (world) => append(world.meeting, world.access, nextEvent(world.meeting, [random(32)]).rawEvent),
  },
  {
    what: "an event beyond its limit",
    status: 413,
    code: "too-large",
    send: (world) =>
      append(world.meeting, world.access, changedEvent(world, { sealedBody: random(LIMITS.eventBytes) })),
  },
  {
    what: "an epoch event without its certificate (M5)",
    status: 400,
    code: "malformed",
    send: (world) => append(world.meeting, world.access, nextEpoch(world.meeting).newest.rawEvent),
  },
  {
    what: "an epoch event certified by another key (M5)",
    status: 422,
    code: "bad-signature",
    send: (world) =>
      append(
        world.meeting,
        world.access,
        nextEpoch(world.meeting).newest.rawEvent,
        nextEpoch(world.meeting).newest.certificate,
      ),
  },
  {
    what: "an epoch that has been (M6)",
    status: 409,
    code: "conflict",
    send: (world) => changedEpoch(world, { epoch: 1 }),
  },
  {
    what: "an epoch on a base that is none (M6)",
    status: 422,
    code: "bad-chain",
    send: (world) => changedEpoch(world, { epochPart: partOf(world, { base: random(32) }) }),
  },
  {
    what: "an epoch with an access key that was another's (M6)",
    status: 409,
    code: "conflict",
    send: (world) =>
      changedEpoch(world, { epochPart: partOf(world, { accessKey: world.before.keys.access.publicKey }) }),
  },
  {
    what: "an epoch event that publishes (M6)",
    status: 400,
    code: "malformed",
    send: (world) => changedEpoch(world, { assets: [random(32)] }),
  },
  {
    what: "a new admin key with the access capability",
    status: 403,
    code: "forbidden",
    send: (world) => withEpoch(world, world.access),
  },
  {
    what: "a new admin key with an old token",
    status: 403,
    code: "forbidden",
    send: (world) => withEpoch(world, world.oldAccess),
  },
  {
    what: "a new admin key that the sender does not hold (M5)",
    status: 422,
    code: "bad-signature",
    send: (world) => {
      const next = nextEpoch(world.meeting, { adminSeed: random(32) })
      return append(
        world.meeting,
        world.admin,
        next.newest.rawEvent,
        makeCertificate(next.newest.rawEvent, next.keys.access, null),
      )
    },
  },
  {
    what: "a log read with an unknown parameter",
    status: 400,
    code: "malformed",
    send: (world) => get(meetingPath(world.meeting, "events?since=1"), { token: world.access }),
  },
  {
    what: "a log read from no number",
    status: 400,
    code: "malformed",
    send: (world) => get(meetingPath(world.meeting, "events?from=1e3"), { token: world.access }),
  },
  {
    what: "a log read from two places",
    status: 400,
    code: "malformed",
    send: (world) => get(meetingPath(world.meeting, "events?from=1&from=2"), { token: world.access }),
  },
  {
    what: "a genesis that is another's event",
    status: 422,
    code: "bad-chain",
    send: (world) => meeting(nextEpoch(world.meeting).newest.rawEvent, world.meeting.newest.certificate),
  },
]

function partOf(world: World, change: Partial<NonNullable<MeetingEvent["epochPart"]>>): MeetingEvent["epochPart"] {
  const { epochPart } = decodeEvent(nextEpoch(world.meeting).newest.rawEvent)
  return epochPart === null ? null : { ...epochPart, ...change }
}

function withEpoch(world: World, token: Uint8Array): BadRequest {
  const { rawEvent, certificate } = nextEpoch(world.meeting, { adminSeed: random(32) }).newest
  return append(world.meeting, token, rawEvent, certificate)
}
