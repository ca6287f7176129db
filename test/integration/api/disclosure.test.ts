import { expect } from "chai"
import { asId } from "../../../shared/protocol/ids.js"
import { today } from "../../../shared/server/catalog/assets.js"
import { closeCase, setNotice } from "../../../shared/server/catalog/cases.js"
import { recordCustody } from "../../../shared/server/catalog/custody.js"
import { countPublicly, readReport } from "../../../shared/server/catalog/report.js"
import { TABLE_WORDS } from "../../../shared/server/plain-words.js"
import { SCHEMA } from "../../../shared/server/schema.js"
import { PUBLIC_TABLES, renderHoldings, renderReport } from "../../../api/disclosure-pages.js"
import { call } from "../../support/api-client.js"
import { ACTOR, hold, openTestCase } from "../../support/cases.js"
import { random } from "../../support/people.js"
import { startTestApi, type TestApi } from "../../support/test-api.js"

const PAGES = ["/what-we-hold", "/transparency"]

/** SPEC.md §17. */
describe("what a server tells of itself and of authorities", function () {
  this.timeout(60_000)
  let api: TestApi

  before(async () => {
    api = await startTestApi()
  })
  after(() => api.stop())

  const told = async (): Promise<string> =>
    JSON.stringify([await readReport(api.catalog), await countPublicly(api.catalog, PUBLIC_TABLES)])

  it("is a page without script, and the same as JSON", async () => {
    for (const path of PAGES) {
      const page = await call(api.url, "GET", path)
      expect(page.status).to.equal(200)
      expect(page.headers.get("content-type")).to.match(/^text\/html/)
      expect(page.headers.get("content-security-policy")).to.match(/^default-src 'none';style-src 'sha256-[^']+';/)
      expect(page.text).to.not.match(/<script|<img|<link| on\w+=|style="/i)
      const json = await call(api.url, "GET", `${path}.json`)
      expect([json.status, typeof json.json]).to.deep.equal([200, "object"])
    }
    const { json } = await call(api.url, "GET", "/what-we-hold.json")
    expect(json).to.have.nested.property("rows.accounts", 0)
    expect(json).to.have.nested.property("tables.meetings.meeting_id", "hash")
  })

  it("has plain words for every table, and counts all but those of cases", () => {
    expect(Object.keys(SCHEMA).filter((table) => TABLE_WORDS[table] === undefined)).to.deep.equal([])
    const page = renderHoldings({ rows: { accounts: 1_234_567 }, storedBytes: 5 * 1024 ** 3 })
    expect(page).to.contain("1,234,567").and.to.contain("5.0 GiB")
    for (const table of PUBLIC_TABLES) expect(page, table).to.contain(TABLE_WORDS[table]?.replaceAll("'", "&#39;"))
  })

  it("has nothing of a case whose notice is delayed, whatever is done with it; all of it afterwards (HO5)", async () => {
    const before = await told()
    const day = await today(api.catalog)
    const caseId = await openTestCase(
      api.catalog,
      [
        { kind: "meeting", id: asId("meeting", random(16)) },
        { kind: "account", id: asId("account", random(16)) },
      ],
      { kind: "produce", country: "FR", notice: { day: day + 30, reason: "order" } },
    )
    await hold(api.catalog, caseId, 1)
    await api.catalog.transaction((transaction) => recordCustody(transaction, caseId, ACTOR, "produced", {}))
    expect(await told()).to.equal(before)
    await setNotice(api.catalog, caseId, ACTOR, null)
    // Of which nothing was handed over.
    await openTestCase(api.catalog, [], { kind: "produce", country: "FR" })
    const [period] = await readReport(api.catalog)
    expect(period).to.deep.include({ accounts: "1 to 9", meetings: "1 to 9", productions: 1 })
    expect(period?.requests).to.deep.equal([{ kind: "produce", country: "FR", outcome: "open", requests: 2 }])
  })

  it("counts by half-years, kinds, countries and outcomes, and names nobody", async () => {
    const closed = await openTestCase(api.catalog, [], { reference: "<b>12</b>" })
    await closeCase(api.catalog, closed, ACTOR, "refused")
    const old = await openTestCase(api.catalog, [])
    await api.catalog.query("UPDATE cases SET opened_day = 20000, notice_day = 20000 WHERE case_id = $1", [old])
    const periods = await readReport(api.catalog)
    expect(periods.map(({ period, requests }) => [period, requests.length])).to.deep.include(["2024, second half", 1])
    const page = renderReport(periods)
    expect(page).to.contain("refused").and.to.contain("keep it for now")
    for (const secret of ["District Court", "12 Gs", "<b>", "case_"]) expect(page).to.not.contain(secret)
  })
})
