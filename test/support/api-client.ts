import { expect } from "chai"
import * as z from "zod"
import { toBase64Url } from "../../shared/protocol/bytes.js"
import { type CapabilityScope, challengeBytes } from "../../shared/protocol/capability.js"
import type { Signer } from "../../shared/protocol/envelope.js"
import {
  AccountTokenRequest,
  ChallengeResponse,
  CreateAccountRequest,
  CreateMeetingRequest,
  MeetingTokenRequest,
  TokenResponse,
} from "../../shared/protocol/http.js"
import { formatId } from "../../shared/protocol/ids.js"
import { adminOf, type PostedMeeting } from "./posted-meeting.js"
import type { Person } from "./people.js"

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body, where it is JSON. */
  readonly json: unknown
}

export interface CallOptions {
  readonly json?: unknown
  readonly bytes?: Uint8Array
  readonly token?: Uint8Array | string
  readonly headers?: Readonly<Record<string, string>>
}

/** One request, as bare as can be: so that a test can also send what no client would. */
export async function call(url: string, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const { json, bytes, token, headers = {} } = options
  const response = await fetch(new URL(path, url), {
    method,
    headers: {
      ...(json === undefined ? {} : { "content-type": "application/json" }),
      ...(bytes === undefined ? {} : { "content-type": "application/octet-stream" }),
      ...(token === undefined
        ? {}
        : { authorization: `Bearer ${typeof token === "string" ? token : toBase64Url(token)}` }),
      ...headers,
    },
    ...(json === undefined && bytes === undefined
      ? {}
      : {
          body:
            json === undefined ? new Uint8Array(bytes ?? []) : typeof json === "string" ? json : JSON.stringify(json),
        }),
  })
  const text = await response.text()
  const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "")
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson && text !== "" ? JSON.parse(text) : undefined,
  }
}

export function accountPath(person: Person, rest: string): string {
  return `/v1/accounts/${formatId("account", person.chain.accountId)}/${rest}`
}

export function meetingPath(meeting: PostedMeeting, rest: string): string {
  return `/v1/meetings/${formatId("meeting", meeting.meetingId)}/${rest}`
}

export function accountRequest(person: Person): unknown {
  return z.encode(CreateAccountRequest, { genesis: person.account.genesisLink, boxes: [...person.account.boxes] })
}

export function meetingRequest(meeting: PostedMeeting): unknown {
  return z.encode(CreateMeetingRequest, { event: meeting.newest.rawEvent, certificate: meeting.newest.certificate })
}

export async function postAccount(url: string, person: Person): Promise<void> {
  const { status } = await call(url, "POST", "/v1/accounts", { json: accountRequest(person) })
  expect(status).to.equal(201)
}

export async function postMeeting(url: string, meeting: PostedMeeting): Promise<void> {
  const { status } = await call(url, "POST", "/v1/meetings", { json: meetingRequest(meeting) })
  expect(status).to.equal(201)
}

export interface AnsweredChallenge {
  readonly origin: string
  readonly subject: Uint8Array
  readonly scope: CapabilityScope
  readonly epoch: number
  readonly nonce: Uint8Array
  readonly expiresAtMs: number
}

export async function challenge(
  url: string,
  path: string,
): Promise<{ readonly nonce: Uint8Array; readonly expiresAtMs: number }> {
  const { status, json } = await call(url, "POST", path)
  expect(status).to.equal(201)
  return ChallengeResponse.parse(json)
}

/** The body that answers a challenge for an account, signed as `signed` says (by default truly). */
export async function accountAnswer(
  url: string,
  person: Person,
  signed: Partial<AnsweredChallenge> = {},
  signer: Signer = person.author.signer,
): Promise<unknown> {
  const { nonce, expiresAtMs } = await challenge(url, accountPath(person, "challenges"))
  const truly: AnsweredChallenge = {
    origin: url,
    subject: person.chain.accountId,
    scope: "device",
    epoch: 0,
    nonce,
    expiresAtMs,
  }
  const signature = signer.sign(challengeBytes({ ...truly, ...signed }))
  return z.encode(AccountTokenRequest, {
    key: signer.publicKey,
    nonce,
    expiresAtMs,
    signature,
    origin: signed.origin ?? url,
  })
}

export async function accountToken(url: string, person: Person): Promise<Uint8Array> {
  const { status, json } = await call(url, "POST", accountPath(person, "tokens"), {
    json: await accountAnswer(url, person),
  })
  expect(status).to.equal(201)
  return TokenResponse.parse(json).token
}

/** The body that answers a challenge for a meeting, signed as `signed` says (by default truly). */
export async function meetingAnswer(
  url: string,
  meeting: PostedMeeting,
  scope: "access" | "admin",
  signed: Partial<AnsweredChallenge> = {},
  signer?: Signer,
): Promise<unknown> {
  const { nonce, expiresAtMs } = await challenge(url, meetingPath(meeting, "challenges"))
  const truly: AnsweredChallenge = {
    origin: url,
    subject: meeting.meetingId,
    scope,
    epoch: meeting.keys.epoch,
    nonce,
    expiresAtMs,
  }
  const key = signer ?? (scope === "admin" ? adminOf(meeting) : meeting.keys.access)
  const signature = key.sign(challengeBytes({ ...truly, ...signed }))
  return z.encode(MeetingTokenRequest, {
    scope,
    epoch: signed.epoch ?? meeting.keys.epoch,
    nonce,
    expiresAtMs,
    signature,
    origin: signed.origin ?? url,
  })
}

export async function meetingToken(
  url: string,
  meeting: PostedMeeting,
  scope: "access" | "admin" = "access",
): Promise<Uint8Array> {
  const { status, json } = await call(url, "POST", meetingPath(meeting, "tokens"), {
    json: await meetingAnswer(url, meeting, scope),
  })
  expect(status).to.equal(201)
  return TokenResponse.parse(json).token
}
