import { expect } from "chai"
import { NoticesResponse } from "../../../shared/protocol/http.js"
import { asId, type CaseId } from "../../../shared/protocol/ids.js"
import { today } from "../../../shared/server/catalog/assets.js"
import { changeScope, closeCase, releaseCase, setNotice } from "../../../shared/server/catalog/cases.js"
import { readCustody } from "../../../shared/server/catalog/custody.js"
import { recordDueNotices } from "../../../shared/server/catalog/notices.js"
import { formatItem } from "../../../worker/admin/arguments.js"
import {
  accountPath,
  accountToken,
  call,
  meetingPath,
  meetingToken,
  postAccount,
  postMeeting,
} from "../../support/api-client.js"
import { ACTOR, hold, openTestCase } from "../../support/cases.js"
import { makePerson, type Person, random } from "../../support/people.js"
import { newMeeting, type PostedMeeting } from "../../support/posted-meeting.js"
import { startTestApi, type TestApi } from "../../support/test-api.js"

/** SPEC.md §17. */
describe("notices of requests by authorities", function () {
  this.timeout(60_000)
  let api: TestApi
  let anna: Person
  let meeting: PostedMeeting
  let day: number

  before(async () => {
    api = await startTestApi()
    day = await today(api.catalog)
  })
  after(() => api.stop())
  beforeEach(async () => {
    anna = makePerson("anna's laptop")
    await postAccount(api.url, anna)
    meeting = newMeeting(anna)
    await postMeeting(api.url, meeting)
  })

  type Told = ReturnType<typeof NoticesResponse.parse>["notices"]
  const toldAccount = async (): Promise<Told> => {
    const answer = await call(api.url, "GET", accountPath(anna, "notices"), {
      token: await accountToken(api.url, anna),
    })
    return NoticesResponse.parse(answer.json).notices
  }
  const toldMeeting = async (): Promise<Told> => {
    const answer = await call(api.url, "GET", meetingPath(meeting, "notices"), {
      token: await meetingToken(api.url, meeting),
    })
    return NoticesResponse.parse(answer.json).notices
  }
  const openBoth = async (noticeDay: number | null): Promise<CaseId> =>
    await openTestCase(
      api.catalog,
      [
        { kind: "account", id: anna.chain.accountId },
        { kind: "meeting", id: meeting.meetingId },
      ],
      { kind: "produce", notice: noticeDay === null ? null : { day: noticeDay, reason: "order, no. 4" } },
    )
  /** As time passes. */
  const comeTheDay = async (caseId: CaseId): Promise<void> => {
    await api.catalog.query("UPDATE cases SET opened_day = opened_day - 30, notice_day = $2 WHERE case_id = $1", [
      caseId,
      day,
    ])
  }

  it("tell account and meeting what was done, with days and hash, and nothing of who asked and why (NO1)", async () => {
    const caseId = await openBoth(null)
    expect([await toldAccount(), await toldMeeting()], "a scope alone touches nobody").to.deep.equal([[], []])
    await changeScope(api.catalog, caseId, ACTOR, { add: [], remove: [], fromDay: day - 3 }, formatItem)
    await hold(api.catalog, caseId, 30)
    await releaseCase(api.catalog, caseId, ACTOR)
    await closeCase(api.catalog, caseId, ACTOR, "preserved")
    const step = {
      day,
      isWhole: true,
      assets: [],
      assetCount: 0,
      fromDay: day - 3,
      toDay: null,
      untilDay: null,
      tagManifestSha512: null,
    }
    const notice = {
      case: caseId,
      kind: "produce",
      openedDay: day,
      noticeDay: day,
      steps: [
        { ...step, action: "hold", untilDay: day + 30 },
        { ...step, action: "release" },
        { ...step, action: "close" },
      ],
    }
    expect(await toldAccount()).to.deep.equal([notice])
    expect(await toldMeeting()).to.deep.equal([notice])
    const { text } = await call(api.url, "GET", accountPath(anna, "notices"), {
      token: await accountToken(api.url, anna),
    })
    for (const word of ["District", "Gs", "operator"]) expect(text).to.not.contain(word)
  })

  it("of an asset are for its meeting, and name it; one taken out of the scope again stays told (NO1)", async () => {
    const asset = asId("asset", random(16))
    await api.catalog.query(
      `INSERT INTO assets (asset_id, meeting_id, header, header_hash, state, size_bytes, offset_bytes, root, upload_secret_hash, created_day, active_at)
       VALUES ($1, $2, $3, $4, 'uploading', 1, 0, $4, $4, 1, now())`,
      [asset, meeting.meetingId, random(64), random(32)],
    )
    const item = { kind: "asset" as const, id: asset }
    const caseId = await openTestCase(api.catalog, [item, { kind: "asset", id: random(16) }])
    await hold(api.catalog, caseId)
    await changeScope(api.catalog, caseId, ACTOR, { add: [], remove: [item] }, formatItem)
    await releaseCase(api.catalog, caseId, ACTOR)
    await closeCase(api.catalog, caseId, ACTOR, "withdrawn")
    const [notice] = await toldMeeting()
    expect(notice?.steps.map(({ action }) => action)).to.deep.equal(["hold", "release", "close"])
    for (const step of notice?.steps ?? [])
      expect(step).to.deep.include({ isWhole: false, assets: [asset], assetCount: 1 })
    expect(await toldAccount()).to.deep.equal([])
  })

  it("are for those concerned alone", async () => {
    await hold(api.catalog, await openBoth(null))
    const bob = makePerson("bob's laptop")
    await postAccount(api.url, bob)
    const other = newMeeting(bob)
    await postMeeting(api.url, other)
    for (const token of [undefined, await accountToken(api.url, bob), await meetingToken(api.url, other)]) {
      for (const path of [accountPath(anna, "notices"), meetingPath(meeting, "notices")]) {
        const { status, text } = await call(api.url, "GET", path, token === undefined ? {} : { token })
        expect(status, path).to.be.oneOf([401, 403])
        expect(text).to.not.contain("case_")
      }
    }
    const own = await call(api.url, "GET", meetingPath(other, "notices"), { token: await meetingToken(api.url, other) })
    expect(own.json).to.deep.equal({ notices: [] })
  })

  it("that are delayed come on their day by themselves, and the record says so once (NO2, NO3)", async () => {
    const caseId = await openBoth(day + 1)
    await hold(api.catalog, caseId)
    const actions = async (): Promise<readonly unknown[]> =>
      (await readCustody(api.catalog, caseId)).map(({ entry }) => (JSON.parse(entry) as { action: unknown }).action)
    expect([await toldAccount(), await toldMeeting()]).to.deep.equal([[], []])
    expect(await recordDueNotices(api.catalog, "taciturn 0.0.0-test")).to.not.deep.include(caseId)
    await comeTheDay(caseId)
    expect((await toldAccount())[0]).to.deep.include({ case: caseId, noticeDay: day, openedDay: day - 30 })
    expect((await toldMeeting())[0]?.steps.map(({ action }) => action)).to.deep.equal(["hold"])
    expect(await recordDueNotices(api.catalog, "taciturn 0.0.0-test")).to.deep.include(caseId)
    expect(await recordDueNotices(api.catalog, "taciturn 0.0.0-test")).to.deep.equal([])
    expect(await actions()).to.deep.equal(["open", "scope", "hold", "told"])
  })

  it("are delayed further for a reason, also of a closed case, and never once they were due (NO2)", async () => {
    const caseId = await openBoth(day + 1)
    await hold(api.catalog, caseId)
    await releaseCase(api.catalog, caseId, ACTOR)
    await closeCase(api.catalog, caseId, ACTOR, "produced")
    await setNotice(api.catalog, caseId, ACTOR, { day: day + 40, reason: "order of today extends no. 4" })
    const { entry } = (await readCustody(api.catalog, caseId)).at(-1) ?? { entry: "{}" }
    expect(JSON.parse(entry)).to.deep.include({
      action: "notice",
      details: { day: day + 40, reason: "order of today extends no. 4" },
    })
    expect(await toldMeeting()).to.deep.equal([])
    await comeTheDay(caseId)
    const refused: unknown = await setNotice(api.catalog, caseId, ACTOR, { day: day + 90, reason: "again" }).catch(
      (error: unknown) => error,
    )
    expect(refused).to.have.property("code", "conflict")
    expect(await toldMeeting()).to.have.length(1)
  })
})
