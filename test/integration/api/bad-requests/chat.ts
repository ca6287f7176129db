import * as z from "zod"
import { decodeMessage, encodeMessage } from "../../../../shared/protocol/message.js"
import { PostMessageRequest } from "../../../../shared/protocol/http.js"
import { meetingPath } from "../../../support/api-client.js"
import { random } from "../../../support/people.js"
import { nextEpoch, type PostedMeeting, sealedMessage } from "../../../support/posted-meeting.js"
import { type BadRequest, type Case, get, post } from "./world.js"

export const say = (into: PostedMeeting, token: Uint8Array, message: Uint8Array): BadRequest =>
  post(meetingPath(into, "messages"), { token, json: z.encode(PostMessageRequest, { message }) })

const read = (from: PostedMeeting, token: Uint8Array, query: string): BadRequest =>
  get(meetingPath(from, `messages${query}`), { token })

export const CHAT: readonly Case[] = [
  {
    what: "a message of noise (CS1)",
    status: 400,
    code: "malformed",
    send: ({ meeting, access }) => say(meeting, access, random(400)),
  },
  {
    what: "a message beyond its limit",
    status: 413,
    code: "too-large",
    send: ({ meeting, access }) =>
      post(meetingPath(meeting, "messages"), { token: access, json: { message: "A".repeat(54_616) } }),
  },
  {
    what: "a message of another version",
    status: 400,
    code: "unsupported-version",
    send: ({ meeting, access }) => say(meeting, access, sealedMessage(meeting).with(1, 2)),
  },
  {
    what: "a message of another meeting (CS1)",
    status: 422,
    code: "bad-chain",
    send: ({ meeting, other, access }) => say(meeting, access, sealedMessage(other)),
  },
  {
    what: "a message too short for a seal",
    status: 400,
    code: "malformed",
    send: ({ meeting, access }) =>
      say(meeting, access, encodeMessage({ ...decodeMessage(sealedMessage(meeting)), sealedBody: random(335) })),
  },
  {
    what: "a message without a token",
    status: 401,
    code: "unauthenticated",
    send: ({ meeting }) => post(meetingPath(meeting, "messages"), { json: { message: "AAAA" } }),
  },
  {
    what: "a message by a token of another meeting (CS1)",
    status: 403,
    code: "forbidden",
    send: ({ meeting, otherAccess }) => say(meeting, otherAccess, sealedMessage(meeting)),
  },
  {
    what: "a message by an account's token",
    status: 403,
    code: "forbidden",
    send: ({ meeting, session }) => say(meeting, session, sealedMessage(meeting)),
  },
  {
    what: "a message by the admin capability alone (CS1)",
    status: 403,
    code: "forbidden",
    send: ({ meeting, admin }) => say(meeting, admin, sealedMessage(meeting)),
  },
  {
    what: "a message by a token of an older epoch (CS1)",
    status: 403,
    code: "forbidden",
    send: ({ meeting, oldAccess }) => say(meeting, oldAccess, sealedMessage(meeting)),
  },
  {
    what: "a message of an older epoch (CS3)",
    status: 409,
    code: "conflict",
    send: ({ meeting, before, access }) => say(meeting, access, sealedMessage(before)),
  },
  {
    what: "a message of an epoch that has not begun (CS3)",
    status: 409,
    code: "conflict",
    send: ({ meeting, access }) => say(meeting, access, sealedMessage(nextEpoch(meeting))),
  },
  {
    what: "a field that nobody knows beside a message",
    status: 400,
    code: "malformed",
    send: ({ meeting, access }) =>
      post(meetingPath(meeting, "messages"), { token: access, json: { message: "AAAA", seq: 0 } }),
  },
  {
    what: "messages for a token of an older epoch (CS4)",
    status: 403,
    code: "forbidden",
    send: ({ meeting, oldAccess }) => read(meeting, oldAccess, ""),
  },
  {
    what: "messages from a seq that is none",
    status: 400,
    code: "malformed",
    send: ({ meeting, access }) => read(meeting, access, "?from=-1"),
  },
  {
    what: "messages both from and before a seq",
    status: 400,
    code: "malformed",
    send: ({ meeting, access }) => read(meeting, access, "?from=1&before=3"),
  },
]
