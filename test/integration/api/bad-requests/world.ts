import * as z from "zod"
import { makeKeyringRecord } from "../../../../client/crypto/keyring-record.js"
import type { ErrorCode } from "../../../../shared/protocol/errors.js"
import { decodeEvent, encodeEvent, makeCertificate, type MeetingEvent } from "../../../../shared/protocol/event.js"
import {
  AppendEventRequest,
  CreateAccountRequest,
  CreateMeetingRequest,
  KeyringAppendRequest,
} from "../../../../shared/protocol/http.js"
import type { Catalog } from "../../../../shared/server/ports.js"
import { accountPath, type CallOptions, meetingPath } from "../../../support/api-client.js"
import { type Person, random } from "../../../support/people.js"
import { adminOf, newMeeting, nextEpoch, nextEvent, type PostedMeeting } from "../../../support/posted-meeting.js"

export interface World {
  readonly catalog: Catalog
  readonly url: string
  readonly anna: Person
  readonly bert: Person
  readonly session: Uint8Array
  /** At its second epoch. */
  readonly meeting: PostedMeeting
  readonly access: Uint8Array
  readonly admin: Uint8Array
  /** The same meeting at its first epoch, with a token of then. */
  readonly before: PostedMeeting
  readonly oldAccess: Uint8Array
  readonly other: PostedMeeting
  readonly otherAccess: Uint8Array
}

export interface BadRequest extends CallOptions {
  readonly method: string
  readonly path: string
}

export interface Case {
  readonly what: string
  readonly status: number
  readonly code: ErrorCode
  readonly send: (world: World) => BadRequest | Promise<BadRequest>
}

export const flipped = (bytes: Uint8Array, at = bytes.length - 1): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))
export const post = (path: string, options: CallOptions = {}): BadRequest => ({ method: "POST", path, ...options })
export const get = (path: string, options: CallOptions = {}): BadRequest => ({ method: "GET", path, ...options })

export const account = (genesis: Uint8Array, boxes: readonly Uint8Array[]): BadRequest =>
  post("/v1/accounts", { json: z.encode(CreateAccountRequest, { genesis, boxes: [...boxes] }) })
export const meeting = (event: Uint8Array, certificate: Uint8Array): BadRequest =>
  post("/v1/meetings", { json: z.encode(CreateMeetingRequest, { event, certificate }) })
export const append = (
  into: PostedMeeting,
  token: Uint8Array,
  event: Uint8Array,
  certificate?: Uint8Array,
): BadRequest =>
  post(meetingPath(into, "events"), {
    token,
    json: z.encode(AppendEventRequest, { event, ...(certificate === undefined ? {} : { certificate }) }),
  })
export const keyring = (world: World, record: Uint8Array): BadRequest =>
  post(accountPath(world.anna, "keyring"), { token: world.session, json: z.encode(KeyringAppendRequest, { record }) })

/** The next event, changed in what the server sees. */
export function changedEvent(world: World, change: Partial<MeetingEvent>): Uint8Array {
  return encodeEvent({ ...decodeEvent(nextEvent(world.meeting).rawEvent), ...change })
}

/** The next epoch event, changed and certified again, so that nothing but the change is wrong. */
export function changedEpoch(world: World, change: Partial<MeetingEvent>): BadRequest {
  const next = nextEpoch(world.meeting)
  const event = encodeEvent({ ...decodeEvent(next.newest.rawEvent), ...change })
  return append(world.meeting, world.access, event, makeCertificate(event, next.keys.access, null))
}

/** A genesis, changed and certified again. */
export function changedGenesis(world: World, change: Partial<MeetingEvent>): BadRequest {
  const made = newMeeting(world.anna)
  const event = encodeEvent({ ...decodeEvent(made.newest.rawEvent), ...change })
  return meeting(event, makeCertificate(event, made.keys.access, adminOf(made)))
}

export function keyringRecord(world: World, head: { readonly seq: number; readonly hash: Uint8Array }): Uint8Array {
  const pin = { type: "pin", genesisHash: random(32), seq: 0, chainHead: random(32), how: "id" } as const
  return makeKeyringRecord(world.anna.secrets, head, pin, { timeMs: 1, random }).rawRecord
}
