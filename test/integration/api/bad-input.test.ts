import { expect } from "chai"
import { z } from "zod"
import { EMPTY_KEYRING, makeKeyringRecord } from "../../../client/crypto/keyring-record.js"
import { toBase64Url, u8 } from "../../../shared/protocol/bytes.js"
import { encodeCbor } from "../../../shared/protocol/cbor.js"
import type { ErrorCode } from "../../../shared/protocol/errors.js"
import { decodeEvent, encodeEvent, makeCertificate, type MeetingEvent } from "../../../shared/protocol/event.js"
import { sha256 } from "../../../shared/protocol/hash.js"
import { AppendEventRequest, CreateAccountRequest, CreateMeetingRequest, KeyringAppendRequest, Problem } from "../../../shared/protocol/http.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import type { Catalog } from "../../../shared/server/ports.js"
import {
  accountAnswer,
  accountPath,
  accountToken,
  call,
  type CallOptions,
  meetingAnswer,
  meetingPath,
  meetingRequest,
  meetingToken,
  postAccount,
  postMeeting,
} from "../../support/api-client.js"
import { makePerson, type Person, random } from "../../support/people.js"
import { adminOf, newMeeting, nextEpoch, nextEvent, type PostedMeeting } from "../../support/posted-meeting.js"
import { startTestApi, type TestApi } from "../../support/test-api.js"

interface World {
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

interface BadRequest extends CallOptions {
  readonly method: string
  readonly path: string
}

interface Case {
  readonly what: string
  readonly status: number
  readonly code: ErrorCode
  readonly send: (world: World) => BadRequest | Promise<BadRequest>
}

const flipped = (bytes: Uint8Array, at = bytes.length - 1): Uint8Array => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))
const post = (path: string, options: CallOptions = {}): BadRequest => ({ method: "POST", path, ...options })
const get = (path: string, options: CallOptions = {}): BadRequest => ({ method: "GET", path, ...options })

const account = (genesis: Uint8Array, boxes: readonly Uint8Array[]): BadRequest =>
  post("/v1/accounts", { json: z.encode(CreateAccountRequest, { genesis, boxes: [...boxes] }) })
const meeting = (event: Uint8Array, certificate: Uint8Array): BadRequest =>
  post("/v1/meetings", { json: z.encode(CreateMeetingRequest, { event, certificate }) })
const append = (into: PostedMeeting, token: Uint8Array, event: Uint8Array, certificate?: Uint8Array): BadRequest =>
  post(meetingPath(into, "events"), { token, json: z.encode(AppendEventRequest, { event, ...(certificate === undefined ? {} : { certificate }) }) })
const keyring = (world: World, record: Uint8Array): BadRequest =>
  post(accountPath(world.anna, "keyring"), { token: world.session, json: z.encode(KeyringAppendRequest, { record }) })

/** The next event, changed in what the server sees. */
function changedEvent(world: World, change: Partial<MeetingEvent>): Uint8Array {
  return encodeEvent({ ...decodeEvent(nextEvent(world.meeting).rawEvent), ...change })
}

/** The next epoch event, changed and certified again, so that nothing but the change is wrong. */
function changedEpoch(world: World, change: Partial<MeetingEvent>): BadRequest {
  const next = nextEpoch(world.meeting)
  const event = encodeEvent({ ...decodeEvent(next.newest.rawEvent), ...change })
  return append(world.meeting, world.access, event, makeCertificate(event, next.keys.access, null))
}

/** A genesis, changed and certified again. */
function changedGenesis(world: World, change: Partial<MeetingEvent>): BadRequest {
  const made = newMeeting(world.anna)
  const event = encodeEvent({ ...decodeEvent(made.newest.rawEvent), ...change })
  return meeting(event, makeCertificate(event, made.keys.access, adminOf(made)))
}

const ACCOUNTS: readonly Case[] = [
  { what: "no JSON", status: 400, code: "malformed", send: () => post("/v1/accounts", { json: "{" }) },
  { what: "JSON that is no object", status: 400, code: "malformed", send: () => post("/v1/accounts", { json: [] }) },
  { what: "no body", status: 415, code: "unsupported", send: () => post("/v1/accounts") },
  { what: "another media type", status: 415, code: "unsupported", send: () => post("/v1/accounts", { bytes: random(8) }) },
  {
    what: "a compressed body",
    status: 415,
    code: "unsupported",
    send: () => post("/v1/accounts", { json: {}, headers: { "content-encoding": "gzip" } }),
  },
  { what: "an unknown field", status: 400, code: "malformed", send: ({ anna }) => post("/v1/accounts", { json: { genesis: toBase64Url(anna.account.genesisLink), boxes: [], extra: 1 } }) },
  { what: "bytes that are no base64url", status: 400, code: "malformed", send: () => post("/v1/accounts", { json: { genesis: "a+b=", boxes: [] } }) },
  { what: "base64url that is not canonical", status: 400, code: "malformed", send: ({ bert }) => post("/v1/accounts", { json: { genesis: "AB", boxes: bert.account.boxes.map(toBase64Url) } }) },
  { what: "a link beyond its limit", status: 413, code: "too-large", send: () => post("/v1/accounts", { json: { genesis: toBase64Url(random(LIMITS.linkBytes + 8)), boxes: [] } }) },
  { what: "a body beyond its limit", status: 413, code: "too-large", send: () => post("/v1/accounts", { json: { genesis: "A".repeat(300_000), boxes: [] } }) },
  { what: "a link of noise", status: 400, code: "malformed", send: ({ bert }) => account(random(200), bert.account.boxes) },
  { what: "a link with a byte flipped", status: 422, code: "bad-signature", send: ({ bert }) => account(flipped(bert.account.genesisLink), bert.account.boxes) },
  { what: "a link followed by a byte", status: 400, code: "malformed", send: ({ bert }) => account(new Uint8Array([...bert.account.genesisLink, 0]), bert.account.boxes) },
  { what: "other boxes than the link names", status: 422, code: "bad-chain", send: ({ bert }) => account(bert.account.genesisLink, bert.account.boxes.map((box) => flipped(box))) },
  { what: "boxes in another order", status: 422, code: "bad-chain", send: ({ bert }) => account(bert.account.genesisLink, bert.account.boxes.toReversed()) },
  { what: "one box of two", status: 422, code: "bad-chain", send: ({ bert }) => account(bert.account.genesisLink, bert.account.boxes.slice(1)) },
  { what: "an id of another kind", status: 400, code: "malformed", send: ({ meeting: { meetingId } }) => get(`/v1/accounts/${formatId("meeting", meetingId)}/chain`) },
  { what: "an id with a typing error", status: 400, code: "malformed", send: ({ anna }) => get(accountPath(anna, "chain").replace(/_./, (start) => (start === "_a" ? "_b" : "_a"))) },
  { what: "an account that is not there", status: 404, code: "not-found", send: ({ bert }) => get(accountPath(bert, "chain")) },
  { what: "a challenge for an account that is not there", status: 404, code: "not-found", send: ({ bert }) => post(accountPath(bert, "challenges")) },
  { what: "an address that cannot be decoded", status: 400, code: "malformed", send: () => get("/v1/accounts/%E0%A4%A/chain") },
  { what: "an address that is not there", status: 404, code: "not-found", send: () => get("/v1/secrets") },
  { what: "an invitation that is too short", status: 400, code: "malformed", send: ({ anna }) => post(accountPath(anna, "inbox"), { bytes: random(LIMITS.invitationBytes - 1) }) },
  { what: "an invitation that is too long", status: 413, code: "too-large", send: ({ anna }) => post(accountPath(anna, "inbox"), { bytes: random(LIMITS.invitationBytes + 1) }) },
  { what: "an invitation to nobody", status: 404, code: "not-found", send: ({ bert }) => post(accountPath(bert, "inbox"), { bytes: random(LIMITS.invitationBytes) }) },
  { what: "a keyring read from a negative place", status: 400, code: "malformed", send: ({ anna, session }) => get(accountPath(anna, "keyring?from=-1"), { token: session }) },
  { what: "a keyring read with an unknown parameter", status: 400, code: "malformed", send: ({ anna, session }) => get(accountPath(anna, "keyring?upto=1"), { token: session }) },
  { what: "a keyring record of noise", status: 400, code: "malformed", send: (world) => keyring(world, random(500)) },
  {
    what: "a keyring record of another version",
    status: 400,
    code: "unsupported-version",
    send: (world) => keyring(world, encodeCbor([2, 0, new Uint8Array(32), 1, random(336)])),
  },
  { what: "a keyring record that leaves a gap", status: 409, code: "conflict", send: (world) => keyring(world, keyringRecord(world, { seq: 4, hash: random(32) })) },
  { what: "a keyring record at the largest place", status: 409, code: "conflict", send: (world) => keyring(world, keyringRecord(world, { seq: Number.MAX_SAFE_INTEGER - 1, hash: random(32) })) },
  { what: "a rival of the first keyring record", status: 409, code: "conflict", send: (world) => keyring(world, keyringRecord(world, EMPTY_KEYRING)) },
]

function keyringRecord(world: World, head: { readonly seq: number; readonly hash: Uint8Array }): Uint8Array {
  const pin = { type: "pin", genesisHash: random(32), seq: 0, chainHead: random(32), how: "id" } as const
  return makeKeyringRecord(world.anna.secrets, head, pin, { timeMs: 1, random }).rawRecord
}

const accountTokens = (world: World, json: unknown): BadRequest => post(accountPath(world.anna, "tokens"), { json })
const meetingTokens = (world: World, json: unknown): BadRequest => post(meetingPath(world.meeting, "tokens"), { json })

const CAPABILITIES: readonly Case[] = [
  { what: "no token", status: 401, code: "unauthenticated", send: ({ anna }) => get(accountPath(anna, "inbox")) },
  { what: "a token that is none", status: 401, code: "unauthenticated", send: ({ anna }) => get(accountPath(anna, "inbox"), { token: "x" }) },
  { what: "a token that was never given", status: 401, code: "unauthenticated", send: ({ anna }) => get(accountPath(anna, "inbox"), { token: random(32) }) },
  { what: "a token of another scheme", status: 401, code: "unauthenticated", send: ({ anna }) => get(accountPath(anna, "inbox"), { headers: { authorization: "Basic YTpi" } }) },
  { what: "a session of another account", status: 403, code: "forbidden", send: ({ bert, session }) => get(accountPath(bert, "keyring"), { token: session }) },
  { what: "a meeting's token at an account", status: 403, code: "forbidden", send: ({ anna, access }) => get(accountPath(anna, "inbox"), { token: access }) },
  { what: "an account's session at a meeting", status: 403, code: "forbidden", send: (world) => get(meetingPath(world.meeting, "events"), { token: world.session }) },
  { what: "another meeting's token", status: 403, code: "forbidden", send: (world) => get(meetingPath(world.meeting, "events"), { token: world.otherAccess }) },
  { what: "a token before the body is read", status: 401, code: "unauthenticated", send: (world) => append(world.meeting, random(32), random(1_000_000)) },
  {
    what: "a challenge answered twice",
    status: 401,
    code: "unauthenticated",
    send: async (world) => {
      const json = await accountAnswer(world.url, world.anna)
      expect((await call(world.url, "POST", accountPath(world.anna, "tokens"), { json })).status).to.equal(201)
      return accountTokens(world, json)
    },
  },
  {
    what: "a challenge that has expired",
    status: 401,
    code: "unauthenticated",
    send: async (world) => {
      const json = (await accountAnswer(world.url, world.anna)) as object
      await world.catalog.query("UPDATE challenges SET expires_at = expires_at - interval '60 s'", [])
      return accountTokens(world, json)
    },
  },
  {
    what: "a token that has expired",
    status: 401,
    code: "unauthenticated",
    send: async (world) => {
      const token = await accountToken(world.url, world.anna)
      await world.catalog.query("UPDATE tokens SET expires_at = expires_at - interval '10 min' WHERE token_hash = $1", [sha256(token)])
      return get(accountPath(world.anna, "inbox"), { token })
    },
  },
  {
    what: "a challenge of another account",
    status: 401,
    code: "unauthenticated",
    send: async (world) => {
      const carl = makePerson("carl")
      await postAccount(world.url, carl)
      const stolen = (await accountAnswer(world.url, carl, { subject: world.anna.chain.accountId }, world.anna.author.signer)) as object
      return accountTokens(world, stolen)
    },
  },
  { what: "a challenge whose end was put off", status: 401, code: "unauthenticated", send: async (world) => accountTokens(world, await postponed(world)) },
  { what: "a challenge answered for an origin that is not ours", status: 403, code: "forbidden", send: async (world) => accountTokens(world, await accountAnswer(world.url, world.anna, { origin: "https://proxy.example" })) },
  { what: "a challenge signed for another origin", status: 401, code: "unauthenticated", send: async (world) => accountTokens(world, { ...((await accountAnswer(world.url, world.anna, { origin: world.url.replace("127.0.0.1", "localhost") })) as object), origin: world.url }) },
  { what: "a challenge signed by a key that is no device", status: 401, code: "unauthenticated", send: async (world) => accountTokens(world, await accountAnswer(world.url, world.anna, {}, makePerson("mallory").author.signer)) },
  { what: "a meeting's challenge signed with another scope", status: 401, code: "unauthenticated", send: async (world) => meetingTokens(world, await meetingAnswer(world.url, world.meeting, "admin", { scope: "access" })) },
  { what: "the access key asking for the admin scope", status: 401, code: "unauthenticated", send: async (world) => meetingTokens(world, await meetingAnswer(world.url, world.meeting, "admin", {}, world.meeting.keys.access)) },
  { what: "the access key of another meeting", status: 401, code: "unauthenticated", send: async (world) => meetingTokens(world, await meetingAnswer(world.url, world.meeting, "access", {}, world.other.keys.access)) },
  { what: "an old access key for the new epoch", status: 401, code: "unauthenticated", send: async (world) => meetingTokens(world, await meetingAnswer(world.url, world.meeting, "access", {}, world.before.keys.access)) },
  { what: "an epoch that is yet to come", status: 404, code: "not-found", send: async (world) => meetingTokens(world, await meetingAnswer(world.url, world.meeting, "access", { epoch: 9 })) },
  { what: "an epoch beyond numbers", status: 400, code: "malformed", send: async (world) => meetingTokens(world, { ...((await meetingAnswer(world.url, world.meeting, "access")) as object), epoch: 2 ** 60 }) },
  { what: "the admin capability of an older epoch", status: 403, code: "forbidden", send: async (world) => meetingTokens(world, await meetingAnswer(world.url, world.meeting, "admin", { epoch: 0 })) },
  { what: "an unknown scope", status: 400, code: "malformed", send: async (world) => meetingTokens(world, { ...((await meetingAnswer(world.url, world.meeting, "access")) as object), scope: "root" }) },
]

/** A true answer to a challenge whose time was changed, and signed so. */
async function postponed(world: World): Promise<unknown> {
  const json = (await accountAnswer(world.url, world.anna, { expiresAtMs: 4_000_000_000_000 })) as object
  return { ...json, expiresAtMs: 4_000_000_000_000 }
}

const MEETINGS: readonly Case[] = [
  { what: "a genesis of noise", status: 400, code: "malformed", send: () => meeting(random(300), random(100)) },
  { what: "a genesis beyond its limit", status: 413, code: "too-large", send: () => post("/v1/meetings", { json: { event: "A".repeat(11_300_000), certificate: "AA" } }) },
  { what: "a genesis that names a meeting", status: 422, code: "bad-chain", send: (world) => changedGenesis(world, { meetingId: world.meeting.meetingId }) },
  { what: "a genesis of epoch 1", status: 422, code: "bad-chain", send: (world) => changedGenesis(world, { epoch: 1 }) },
  { what: "a genesis that is the second event", status: 422, code: "bad-chain", send: (world) => changedGenesis(world, { seq: 1 }) },
  { what: "a genesis that publishes an asset", status: 422, code: "bad-chain", send: (world) => changedGenesis(world, { assets: [random(32)] }) },
  { what: "a genesis that begins no epoch", status: 422, code: "bad-chain", send: (world) => meeting(changedEvent(world, { seq: 0 }), world.other.newest.certificate) },
  { what: "a genesis certified for another", status: 422, code: "bad-signature", send: ({ anna, other }) => meeting(newMeeting(anna).newest.rawEvent, other.newest.certificate) },
  {
    what: "a genesis that does not hold its admin key",
    status: 422,
    code: "bad-signature",
    send: ({ anna }) => {
      const made = newMeeting(anna)
      return meeting(made.newest.rawEvent, makeCertificate(made.newest.rawEvent, made.keys.access, null))
    },
  },
  { what: "a challenge for a meeting that is not there", status: 404, code: "not-found", send: ({ anna }) => post(meetingPath(newMeeting(anna), "challenges")) },
  { what: "an event of noise", status: 400, code: "malformed", send: (world) => append(world.meeting, world.access, random(400)) },
  { what: "an event of another version", status: 400, code: "unsupported-version", send: (world) => append(world.meeting, world.access, nextEvent(world.meeting).rawEvent.map((byte, index) => (index === 1 ? 2 : byte))) },
  { what: "an event followed by a byte", status: 400, code: "malformed", send: (world) => append(world.meeting, world.access, new Uint8Array([...nextEvent(world.meeting).rawEvent, ...u8(0)])) },
  { what: "an event of another meeting", status: 422, code: "bad-chain", send: (world) => append(world.meeting, world.access, nextEvent(world.other).rawEvent) },
  { what: "an event on an older head", status: 409, code: "conflict", send: (world) => append(world.meeting, world.access, changedEvent(world, { seq: 1, prev: world.before.head.hash })) },
  { what: "an event that leaves a gap", status: 409, code: "conflict", send: (world) => append(world.meeting, world.access, changedEvent(world, { seq: 3 })) },
  { what: "an event at the largest place", status: 409, code: "conflict", send: (world) => append(world.meeting, world.access, changedEvent(world, { seq: Number.MAX_SAFE_INTEGER })) },
  { what: "an event on another prev", status: 409, code: "conflict", send: (world) => append(world.meeting, world.access, changedEvent(world, { prev: random(32) })) },
  { what: "an event of an older epoch", status: 409, code: "conflict", send: (world) => append(world.meeting, world.access, changedEvent(world, { epoch: 0 })) },
  { what: "an event of a later epoch", status: 409, code: "conflict", send: (world) => append(world.meeting, world.access, changedEvent(world, { epoch: 2 })) },
  { what: "an event with an old token", status: 403, code: "forbidden", send: (world) => append(world.meeting, world.oldAccess, nextEvent(world.meeting).rawEvent) },
  { what: "an event with the admin capability", status: 403, code: "forbidden", send: (world) => append(world.meeting, world.admin, nextEvent(world.meeting).rawEvent) },
  { what: "an event with a certificate", status: 400, code: "malformed", send: (world) => append(world.meeting, world.access, nextEvent(world.meeting).rawEvent, world.meeting.newest.certificate) },
  { what: "an asset that is not stored here", status: 404, code: "not-found", send: (world) => append(world.meeting, world.access, nextEvent(world.meeting, [random(32)]).rawEvent) },
  { what: "an event beyond its limit", status: 413, code: "too-large", send: (world) => append(world.meeting, world.access, changedEvent(world, { sealedBody: random(LIMITS.eventBytes) })) },
  { what: "an epoch event without its certificate", status: 400, code: "malformed", send: (world) => append(world.meeting, world.access, nextEpoch(world.meeting).newest.rawEvent) },
  { what: "an epoch event certified by another key", status: 422, code: "bad-signature", send: (world) => append(world.meeting, world.access, nextEpoch(world.meeting).newest.rawEvent, nextEpoch(world.meeting).newest.certificate) },
  { what: "an epoch that has been", status: 409, code: "conflict", send: (world) => changedEpoch(world, { epoch: 1 }) },
  { what: "an epoch on a base that is none", status: 422, code: "bad-chain", send: (world) => changedEpoch(world, { epochPart: partOf(world, { base: random(32) }) }) },
  { what: "an epoch with an access key that was another's", status: 409, code: "conflict", send: (world) => changedEpoch(world, { epochPart: partOf(world, { accessKey: world.before.keys.access.publicKey }) }) },
  { what: "an epoch event that publishes", status: 400, code: "malformed", send: (world) => changedEpoch(world, { assets: [random(32)] }) },
  { what: "a new admin key with the access capability", status: 403, code: "forbidden", send: (world) => withEpoch(world, world.access) },
  { what: "a new admin key with an old token", status: 403, code: "forbidden", send: (world) => withEpoch(world, world.oldAccess) },
  {
    what: "a new admin key that the sender does not hold",
    status: 422,
    code: "bad-signature",
    send: (world) => {
      const next = nextEpoch(world.meeting, { adminSeed: random(32) })
      return append(world.meeting, world.admin, next.newest.rawEvent, makeCertificate(next.newest.rawEvent, next.keys.access, null))
    },
  },
  { what: "a log read with an unknown parameter", status: 400, code: "malformed", send: (world) => get(meetingPath(world.meeting, "events?since=1"), { token: world.access }) },
  { what: "a log read from no number", status: 400, code: "malformed", send: (world) => get(meetingPath(world.meeting, "events?from=1e3"), { token: world.access }) },
  { what: "a log read from two places", status: 400, code: "malformed", send: (world) => get(meetingPath(world.meeting, "events?from=1&from=2"), { token: world.access }) },
  { what: "a genesis that is another's event", status: 422, code: "bad-chain", send: (world) => meeting(nextEpoch(world.meeting).newest.rawEvent, world.meeting.newest.certificate) },
]

function partOf(world: World, change: Partial<NonNullable<MeetingEvent["epochPart"]>>): MeetingEvent["epochPart"] {
  const { epochPart } = decodeEvent(nextEpoch(world.meeting).newest.rawEvent)
  return epochPart === null ? null : { ...epochPart, ...change }
}

function withEpoch(world: World, token: Uint8Array): BadRequest {
  const { rawEvent, certificate } = nextEpoch(world.meeting, { adminSeed: random(32) }).newest
  return append(world.meeting, token, rawEvent, certificate)
}

const LOGGED_KEYS = ["level", "time", "requestId", "method", "route", "status", "sizeBytes", "code", "msg"]

describe("bad input is refused: a 4xx problem, nothing changed, nothing logged of it but a code", () => {
  let api: TestApi
  let world: World

  before(async function () {
    this.timeout(30_000)
    api = await startTestApi()
    const { url } = api
    const [anna, bert] = [makePerson("anna"), makePerson("bert")]
    await postAccount(url, anna)
    const [first, other] = [newMeeting(anna), newMeeting(anna)]
    await postMeeting(url, first)
    await postMeeting(url, other)
    const session = await accountToken(url, anna)
    const oldAccess = await meetingToken(url, first)
    const second = nextEpoch(first)
    const posted = [append(second, oldAccess, second.newest.rawEvent, second.newest.certificate)]
    world = { catalog: api.catalog, url, anna, bert, session, meeting: second, access: session, admin: session, before: first, oldAccess, other, otherAccess: await meetingToken(url, other) }
    posted.push(keyring(world, keyringRecord(world, EMPTY_KEYRING)))
    for (const { method, path, ...options } of posted) expect((await call(url, method, path, options)).status).to.equal(201)
    world = { ...world, access: await meetingToken(url, second, "access"), admin: await meetingToken(url, second, "admin") }
  })
  after(() => api.stop())

  it("the world of these tests is in order: what is not bad is taken", async () => {
    const { url, meeting: now, access } = world
    const { status } = await call(url, "GET", meetingPath(now, "events"), { token: access })
    expect(status).to.equal(200)
    expect((await call(url, "POST", "/v1/meetings", { json: meetingRequest(newMeeting(world.anna)) })).status).to.equal(201)
  })

  for (const { what, status, code, send } of [...ACCOUNTS, ...CAPABILITIES, ...MEETINGS]) {
    it(what, async () => {
      const { method, path, ...options } = await send(world)
      const before = await fingerprint(api.catalog)
      api.logged.length = 0
      const answer = await call(world.url, method, path, options)
      expect([answer.status, (answer.json as { code?: string }).code]).to.deep.equal([status, code])
      expect(answer.headers.get("content-type")).to.include("application/problem+json")
      expect(Problem.parse(answer.json).status).to.equal(status)
      expect(await fingerprint(api.catalog)).to.equal(before)
      const lines = api.logged.map((line) => JSON.parse(line) as Record<string, unknown>)
      expect(lines).to.have.length(1)
      expect(lines[0]).to.include({ status, code })
      expect(LOGGED_KEYS).to.include.members(Object.keys(lines[0] ?? {}))
      expect(String(lines[0]?.["route"])).to.match(/^none$|^\/v1\/[a-z/:]+$/)
    })
  }
})

/** A hash of every row of every table. */
async function fingerprint(catalog: Catalog): Promise<string> {
  const tables = await catalog.query<{ name: string }>("SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1", [])
  const hashes: unknown[] = []
  for (const { name } of tables) {
    hashes.push(name, await catalog.query(`SELECT count(*), md5(string_agg(rows::text, ',' ORDER BY rows::text)) FROM ${name} AS rows`, []))
  }
  return toBase64Url(sha256(new TextEncoder().encode(JSON.stringify(hashes))))
}
