import { expect } from "chai"
import { Router } from "express"
import { ArchiveError, ERROR_CODES } from "../../../shared/protocol/errors.js"
import { call } from "../../support/api-client.js"
import { startTestApi, type TestApi } from "../../support/test-api.js"

describe("problems", () => {
  let api: TestApi

  before(async function () {
    this.timeout(90_000)
    const router = Router()
    router.get("/fails/:code", (request) => {
      const code = ERROR_CODES.find((known) => known === request.params.code)
      throw code === undefined ? new TypeError("hunter2") : new ArchiveError(code, "a detail", { place: "segment 3" })
    })
    api = await startTestApi({ routers: [router] })
  })
  after(() => api.stop())

  it("every code is a problem of its own status; those that pass say when to come again", async () => {
    for (const code of ERROR_CODES) {
      const { status, headers, json } = await call(api.url, "GET", `/fails/${code}`)
      expect(status, code).to.be.within(400, 507)
      expect(json).to.include({ type: `urn:taciturn:problem:${code}`, code, status, place: "segment 3" })
      expect(headers.has("retry-after"), code).to.equal((json as { retryable: boolean }).retryable)
    }
    expect((await call(api.url, "GET", "/fails/unavailable")).status).to.equal(503)
    expect((await call(api.url, "GET", "/fails/out-of-space")).status).to.equal(507)
    expect((await call(api.url, "GET", "/fails/unauthenticated")).headers.get("www-authenticate")).to.match(/^Bearer /)
  })

  it("what was not expected is told to nobody: a 500 without its message, and a log line with its class and place", async () => {
    api.logged.length = 0
    const { status, text } = await call(api.url, "GET", "/fails/other")
    expect(status).to.equal(500)
    expect(text + api.logged.join()).not.to.include("hunter2")
    expect(api.logged.map((line) => JSON.parse(line) as object).find((line) => "class" in line)).to.include({
      code: "internal",
      class: "TypeError",
    })
  })
})
