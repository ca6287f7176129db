import { expect } from "chai"
import * as z from "zod"
import { toBase64Url } from "../../../shared/protocol/bytes.js"
import {
  AppendEventRequest,
  AppendEventResponse,
  CreateMeetingResponse,
  EventsResponse,
  InstanceResponse,
} from "../../../shared/protocol/http.js"
import {
  call,
  meetingAnswer,
  meetingPath,
  meetingRequest,
  meetingToken,
  postMeeting,
} from "../../support/api-client.js"
import { makePerson, type Person, random } from "../../support/people.js"
import { newMeeting, nextEpoch, nextEvent, type PostedMeeting } from "../../support/posted-meeting.js"
import { startTestApi, type TestApi } from "../../support/test-api.js"

describe("meetings over HTTP", () => {
  let api: TestApi
  let anna: Person

  before(async function () {
    this.timeout(90_000)
    api = await startTestApi()
    anna = makePerson("anna's laptop")
  })
  after(() => api.stop())

  async function createMeeting(): Promise<PostedMeeting> {
    const meeting = newMeeting(anna)
    await postMeeting(api.url, meeting)
    return meeting
  }

  async function append(
    meeting: PostedMeeting,
    token: Uint8Array,
    event: Uint8Array,
    certificate?: Uint8Array,
  ): Promise<{ status: number; json: unknown }> {
    const json = z.encode(AppendEventRequest, { event, ...(certificate === undefined ? {} : { certificate }) })
    return call(api.url, "POST", meetingPath(meeting, "events"), { json, token })
  }

  async function appendEpoch(meeting: PostedMeeting, token: Uint8Array): Promise<number> {
    return (await append(meeting, token, meeting.newest.rawEvent, meeting.newest.certificate)).status
  }

  async function read(meeting: PostedMeeting, token: Uint8Array, query = ""): Promise<z.output<typeof EventsResponse>> {
    const { status, json } = await call(api.url, "GET", meetingPath(meeting, `events${query}`), { token })
    expect(status).to.equal(200)
    return EventsResponse.parse(json)
  }

  it("a meeting is created once, without any account, and again is the same", async () => {
    const meeting = await createMeeting()
    const again = await call(api.url, "POST", "/v1/meetings", { json: meetingRequest(meeting) })
    expect(again.status).to.equal(200)
    expect(CreateMeetingResponse.parse(again.json).meeting).to.deep.equal(meeting.meetingId)
  })

  it("the log is read as it was written, in pages", async () => {
    const genesis = await createMeeting()
    const token = await meetingToken(api.url, genesis)
    const first = nextEvent(genesis)
    const second = nextEvent(first.meeting)
    for (const { rawEvent, meeting } of [first, second]) {
      const { status, json } = await append(meeting, token, rawEvent)
      expect(status).to.equal(201)
      expect(AppendEventResponse.parse(json)).to.deep.equal(meeting.head)
    }
    const sent = [genesis.newest.rawEvent, first.rawEvent, second.rawEvent].map(toBase64Url)
    const all = await read(genesis, token)
    expect(all.events.map(toBase64Url)).to.deep.equal(sent)
    expect([all.next, all.head]).to.deep.equal([null, second.meeting.head])
    const page = await read(genesis, token, "?from=0&limit=2")
    expect([page.events.length, page.next]).to.deep.equal([2, 2])
    const rest = await read(genesis, token, "?from=2")
    expect(rest.events.map(toBase64Url)).to.deep.equal(sent.slice(2))
    expect((await read(genesis, token, "?from=3")).events).to.deep.equal([])
  })

  it("of two events for one place one is appended; the other is told so (M2)", async () => {
    const genesis = await createMeeting()
    const token = await meetingToken(api.url, genesis)
    const rivals = [nextEvent(genesis), nextEvent(genesis), nextEvent(genesis), nextEvent(genesis)]
    const statuses = await Promise.all(
      rivals.map(async ({ rawEvent }) => (await append(genesis, token, rawEvent)).status),
    )
    expect(statuses.toSorted()).to.deep.equal([201, 409, 409, 409])
    expect((await read(genesis, token)).head.seq).to.equal(1)
  })

  it("of two epochs for one place one is appended, and an event between them finds out", async () => {
    const genesis = await createMeeting()
    const token = await meetingToken(api.url, genesis)
    const rivals = [nextEpoch(genesis), nextEpoch(genesis), nextEpoch(genesis)]
    const statuses = await Promise.all([
      ...rivals.map((rival) => appendEpoch(rival, token)),
      append(genesis, token, nextEvent(genesis).rawEvent).then(({ status }) => status),
    ])
    expect(statuses.toSorted()).to.deep.equal([201, 409, 409, 409])
  })

  it("an event publishes what is stored in its own meeting, each asset once (M3)", async () => {
    const [genesis, other] = [await createMeeting(), await createMeeting()]
    const token = await meetingToken(api.url, genesis)
    const insert = async (meeting: PostedMeeting, state: string, receipt: Uint8Array | null): Promise<Uint8Array> => {
      const headerHash = random(32)
      await api.catalog.query(
        `INSERT INTO assets (asset_id, meeting_id, header, header_hash, state, offset_bytes, upload_secret_hash, receipt, created_day, active_at)
         VALUES ($1, $2, $3, $4, $5, 0, $6, $7, 0, now())`,
        [random(16), meeting.meetingId, random(64), headerHash, state, random(32), receipt],
      )
      return headerHash
    }
    const [stored, second] = [
      await insert(genesis, "stored", random(100)),
      await insert(genesis, "stored", random(100)),
    ]
    for (const refused of [
      [await insert(genesis, "storing", null)],
      [await insert(other, "stored", random(100))],
      [stored, stored],
      [stored, random(32)],
    ]) {
      expect((await append(genesis, token, nextEvent(genesis, refused).rawEvent)).status).to.equal(404)
    }
    expect((await append(genesis, token, nextEvent(genesis, [second, stored]).rawEvent)).status).to.equal(201)
  })

  it("an event posted again is answered as before, also after others, and after its own epoch began", async () => {
    const genesis = await createMeeting()
    const token = await meetingToken(api.url, genesis)
    const event = nextEvent(genesis)
    const epoch = nextEpoch(event.meeting)
    expect((await append(genesis, token, event.rawEvent)).status).to.equal(201)
    expect([await appendEpoch(epoch, token), await appendEpoch(epoch, token)]).to.deep.equal([201, 200])
    const again = await append(genesis, token, event.rawEvent)
    expect([again.status, AppendEventResponse.parse(again.json)]).to.deep.equal([200, event.meeting.head])
  })

  it("a rotation ends what older tokens could do: they read later epoch events only (T4)", async () => {
    const genesis = await createMeeting()
    const oldToken = await meetingToken(api.url, genesis)
    const epoch = nextEpoch(genesis)
    expect(await appendEpoch(epoch, oldToken)).to.equal(201)
    const newToken = await meetingToken(api.url, epoch)
    const event = nextEvent(epoch)
    expect((await append(epoch, newToken, event.rawEvent)).status).to.equal(201)
    const third = nextEpoch(event.meeting)
    expect(await appendEpoch(third, newToken)).to.equal(201)

    const seen = await read(genesis, oldToken)
    expect(seen.events.map(toBase64Url)).to.deep.equal(
      [genesis, epoch, third].map((made) => toBase64Url(made.newest.rawEvent)),
    )
    const refused = await append(genesis, oldToken, nextEvent(third).rawEvent)
    expect(refused.status).to.equal(403)
    expect((await read(third, await meetingToken(api.url, third))).events).to.have.length(4)
    // An old access key still gets such a token; an old admin key gets none.
    const byOldKey = await call(api.url, "POST", meetingPath(genesis, "tokens"), {
      json: await meetingAnswer(api.url, genesis, "access"),
    })
    const byOldAdmin = await call(api.url, "POST", meetingPath(genesis, "tokens"), {
      json: await meetingAnswer(api.url, genesis, "admin"),
    })
    expect([byOldKey.status, byOldAdmin.status]).to.deep.equal([201, 403])
  })

  it("a new admin key needs the admin capability (M4)", async () => {
    const genesis = await createMeeting()
    const changed = nextEpoch(genesis, { adminSeed: random(32) })
    expect(await appendEpoch(changed, await meetingToken(api.url, genesis, "access"))).to.equal(403)
    expect(await appendEpoch(changed, await meetingToken(api.url, genesis, "admin"))).to.equal(201)
    expect((await meetingToken(api.url, changed, "admin")).length).to.equal(32)
  })

  it("where the policy is code, a meeting is made with the instance's code alone (T5)", async () => {
    const code = random(16)
    const closed = await startTestApi({ meetingCode: code })
    const post = async (given: Record<string, unknown>) =>
      await call(closed.url, "POST", "/v1/meetings", {
        json: { ...(meetingRequest(newMeeting(anna)) as object), ...given },
      })
    const wrong = code.map((byte, index) => (index === 15 ? byte ^ 1 : byte))
    const refused = [
      await post({}),
      await post({ code: toBase64Url(wrong) }),
      await post({ code: toBase64Url(random(64)) }),
    ]
    expect(refused.map(({ status }) => status)).to.deep.equal([403, 403, 403])
    expect(new Set(refused.map(({ text }) => text)), "none says what was wrong").to.have.property("size", 1)
    expect(refused[0]?.json).to.include({ code: "forbidden" })
    expect((await post({ code: toBase64Url(code.slice(0, 15)) })).status).to.equal(400)
    expect(await closed.catalog.query("SELECT 1 AS found FROM meetings", [])).to.have.length(0)
    expect((await post({ code: toBase64Url(code) })).status).to.equal(201)
    const instance = InstanceResponse.parse((await call(closed.url, "GET", "/v1/instance")).json)
    expect(instance.meetingCreation).to.equal("code")
    expect(closed.logged.join(""), "the code is in no log").to.not.contain(toBase64Url(code))
    await closed.stop()
  })
})
