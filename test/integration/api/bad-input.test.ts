import { expect } from "chai"
import { EMPTY_KEYRING } from "../../../client/crypto/keyring-record.js"
import { toBase64Url } from "../../../shared/protocol/bytes.js"
import { sha256 } from "../../../shared/protocol/hash.js"
import { Problem } from "../../../shared/protocol/http.js"
import type { Catalog } from "../../../shared/server/ports.js"
import {
  accountToken,
  call,
  meetingPath,
  meetingRequest,
  meetingToken,
  postAccount,
  postMeeting,
} from "../../support/api-client.js"
import { makePerson } from "../../support/people.js"
import { newMeeting, nextEpoch } from "../../support/posted-meeting.js"
import { startTestApi, type TestApi } from "../../support/test-api.js"
import { type World, append, keyring, keyringRecord } from "./bad-requests/world.js"
import { ACCOUNTS } from "./bad-requests/accounts.js"
import { CHAT } from "./bad-requests/chat.js"
import { CAPABILITIES } from "./bad-requests/capabilities.js"
import { JOINING } from "./bad-requests/joining.js"
import { MEETINGS } from "./bad-requests/meetings.js"

const LOGGED_KEYS = ["level", "time", "requestId", "method", "route", "status", "sizeBytes", "code", "msg"]

describe("bad input is refused: a 4xx problem, nothing changed, nothing logged of it but a code", () => {
  let api: TestApi
  let world: World

  before(async function () {
    this.timeout(90_000)
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
    world = {
      catalog: api.catalog,
      url,
      anna,
      bert,
      session,
      meeting: second,
      access: session,
      admin: session,
      before: first,
      oldAccess,
      other,
      otherAccess: await meetingToken(url, other),
    }
    posted.push(keyring(world, keyringRecord(world, EMPTY_KEYRING)))
    for (const { method, path, ...options } of posted)
      expect((await call(url, method, path, options)).status).to.equal(201)
    world = {
      ...world,
      access: await meetingToken(url, second, "access"),
      admin: await meetingToken(url, second, "admin"),
    }
  })
  after(() => api.stop())

  it("the world of these tests is in order: what is not bad is taken", async () => {
    const { url, meeting: now, access } = world
    const { status } = await call(url, "GET", meetingPath(now, "events"), { token: access })
    expect(status).to.equal(200)
    expect((await call(url, "POST", "/v1/meetings", { json: meetingRequest(newMeeting(world.anna)) })).status).to.equal(
      201,
    )
  })

  for (const { what, status, code, send } of [...ACCOUNTS, ...CAPABILITIES, ...MEETINGS, ...CHAT, ...JOINING]) {
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
  const tables = await catalog.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
    [],
  )
  const hashes: unknown[] = []
  for (const { name } of tables) {
    hashes.push(
      name,
      await catalog.query(
        `SELECT count(*), md5(string_agg(rows::text, ',' ORDER BY rows::text)) FROM ${name} AS rows`,
        [],
      ),
    )
  }
  return toBase64Url(sha256(new TextEncoder().encode(JSON.stringify(hashes))))
}
