import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { connect } from "node:net"
import { once } from "node:events"
import { expect } from "chai"
import { openApiDocument } from "../../../api/openapi.js"
import { OPERATIONS } from "../../../api/contract.js"
import { InstanceResponse } from "../../../shared/protocol/http.js"
import { instanceIdOf, openServerKey } from "../../../shared/protocol/receipt.js"
import { openCatalog } from "../../../shared/server/catalog/database.js"
import { verifySignature } from "../../../shared/server/signatures.js"
import { programVersion } from "../../../shared/server/version.js"
import { accountPath, accountRequest, accountToken, call, postAccount } from "../../support/api-client.js"
import { makePerson } from "../../support/people.js"
import { createTestDatabase } from "../../support/postgres.js"
import { startTcpRelay } from "../../support/tcp-relay.js"
import { startTestApi, type TestApi } from "../../support/test-api.js"

describe("the service over HTTP", () => {
  let api: TestApi

  before(async function () {
    this.timeout(90_000)
    api = await startTestApi()
  })
  after(() => api.stop())

  it("lives, and is ready", async () => {
    expect((await call(api.url, "GET", "/healthz")).json).to.include({ status: "ok" })
    const ready = await call(api.url, "GET", "/readyz")
    expect([ready.status, ready.json]).to.deep.equal([200, { status: "ready" }])
  })

  it("its instance key certified the receipt and the operator key, and stays", async () => {
    const first = InstanceResponse.parse((await call(api.url, "GET", "/v1/instance")).json)
    expect(first.instance).to.deep.equal(instanceIdOf(first.instanceKey))
    const keys = first.serverKeys.map((raw) => openServerKey(raw, verifySignature))
    expect(keys.map((key) => key.purpose)).to.have.members(["receipt", "operator"])
    for (const key of keys) expect(new Uint8Array(key.instanceKey)).to.deep.equal(new Uint8Array(first.instanceKey))
    expect(InstanceResponse.parse((await call(api.url, "GET", "/v1/instance")).json)).to.deep.equal(first)
  })

  it("docs/openapi.json is what the schemas say (npm run openapi), and is served", async () => {
    const written: unknown = JSON.parse(readFileSync("docs/openapi.json", "utf8"))
    expect(written).to.deep.equal(JSON.parse(JSON.stringify(openApiDocument(programVersion()))))
    const served = (await call(api.url, "GET", "/openapi.json")).json as { paths: Record<string, object> }
    const described = Object.entries(served.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    )
    expect(described).to.have.members(
      OPERATIONS.map(({ method, path }) => `${method} ${path.replaceAll(/:([a-z]+)/g, "{$1}")}`),
    )
  })

  it("the page needs no script, and its policy allows its own style alone", async () => {
    const page = await call(api.url, "GET", "/")
    expect(page.status).to.equal(200)
    expect(page.text).to.include("Ready").and.include(`npx taciturn init --url ${api.url}</code>`)
    expect(page.text).not.to.match(/<script|onload=|style="|https?:\/\/(?!127\.0\.0\.1)/)
    const style = /<style>([^]*)<\/style>/.exec(page.text)?.[1] ?? ""
    const hash = `'sha256-${createHash("sha256").update(style).digest("base64")}'`
    const policy = page.headers.get("content-security-policy") ?? ""
    expect(policy.split(";")).to.include.members(["default-src 'none'", `style-src ${hash}`, "frame-ancestors 'none'"])
    expect(page.headers.get("x-powered-by")).to.equal(null)
  })

  it("logs of a request its method, route, status and size, and a fresh id", async () => {
    api.logged.length = 0
    const person = makePerson("somebody")
    const path = accountPath(person, "chain")
    const answer = await call(api.url, "GET", `${path}?secret=hunter2`, {
      headers: { "request-id": "chosen", "x-forwarded-for": "203.0.113.9" },
    })
    expect(answer.status).to.equal(404)
    expect(answer.headers.get("request-id")).to.match(/^[0-9a-f]{16}$/)
    const line = JSON.parse(api.logged.at(-1) ?? "{}") as Record<string, unknown>
    expect(line).to.include({ method: "GET", route: "/v1/accounts/:account/chain", status: 404, code: "not-found" })
    expect(line["requestId"]).to.equal(answer.headers.get("request-id"))
    expect(api.logged.join()).not.to.match(/hunter2|203\.0\.113\.9|acct_|chosen/)
  })

  it("refuses more than so many requests a minute, by address before a token and by token behind one", async () => {
    const limited = await startTestApi({ anonymousRequestsPerMinute: 5, requestsPerMinute: 2 })
    try {
      const person = makePerson("somebody")
      await postAccount(limited.url, person)
      const token = await accountToken(limited.url, person)
      const statuses = []
      for (let time = 0; time < 3; time++)
        statuses.push((await call(limited.url, "GET", accountPath(person, "inbox"), { token })).status)
      expect(statuses).to.deep.equal([200, 200, 429])
      const anonymous = []
      for (let time = 0; time < 3; time++)
        anonymous.push((await call(limited.url, "GET", accountPath(person, "chain"))).status)
      expect(anonymous).to.deep.equal([200, 200, 429])
      const refused = await call(limited.url, "GET", accountPath(person, "chain"))
      expect(refused.json).to.include({ code: "rate-limited", retryable: true })
      expect(refused.headers.get("retry-after")).to.match(/^\d+$/)
      expect((await call(limited.url, "GET", "/readyz")).status).to.equal(200)
    } finally {
      await limited.stop()
    }
  })

  it("with the database down it answers 503 and when to come again, and serves on when it is back", async function () {
    this.timeout(90_000)
    const database = await createTestDatabase()
    const { hostname, port, pathname, username } = new URL(database.url)
    const relay = await startTcpRelay({ host: hostname, port: Number(port) })
    const catalog = openCatalog(`postgres://${username}@127.0.0.1:${relay.port}${pathname}`)
    const cutOff = await startTestApi({ catalog })
    try {
      const person = makePerson("somebody")
      expect((await call(cutOff.url, "POST", "/v1/accounts", { json: accountRequest(person) })).status).to.equal(201)
      relay.cut()
      for (const [method, path] of [
        ["POST", "/v1/accounts"],
        ["GET", accountPath(person, "chain")],
      ] as const) {
        const answer = await call(
          cutOff.url,
          method,
          path,
          method === "POST" ? { json: accountRequest(makePerson("else")) } : {},
        )
        expect([answer.status, answer.headers.get("retry-after")]).to.deep.equal([503, "2"])
        expect(answer.json).to.include({ code: "unavailable", retryable: true })
      }
      expect((await call(cutOff.url, "GET", "/readyz")).status).to.equal(503)
      expect((await call(cutOff.url, "GET", "/")).text).to.include("Not ready")
      expect((await call(cutOff.url, "GET", "/healthz")).status).to.equal(200)
      relay.mend()
      expect((await call(cutOff.url, "GET", "/readyz")).status).to.equal(200)
      expect((await call(cutOff.url, "GET", accountPath(person, "chain"))).status).to.equal(200)
    } finally {
      await cutOff.stop()
      await catalog.close()
      await relay.stop()
      await database.stop()
    }
  })

  it("drains: what is under way is answered, nothing new is taken", async function () {
    this.timeout(90_000)
    const draining = await startTestApi({ drainMs: 5_000 })
    const body = JSON.stringify(accountRequest(makePerson("somebody")))
    const socket = connect(Number(new URL(draining.url).port), "127.0.0.1")
    socket.setEncoding("utf8")
    let heard = ""
    socket.on("data", (text: string) => (heard += text))
    socket.write(
      `POST /v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
    )
    await once(socket, "ready")
    await call(draining.url, "GET", "/healthz")
    const stopped = draining.stop()
    const refused = await call(draining.url, "GET", "/healthz").then(
      () => "answered",
      () => "refused",
    )
    expect(refused).to.equal("refused")
    socket.write(body.slice(10))
    await once(socket, "close")
    expect(heard).to.match(/^HTTP\/1\.1 201 /)
    await stopped
  })

  it("ends connections that do not end by themselves within the limit", async function () {
    this.timeout(90_000)
    const draining = await startTestApi({ drainMs: 200 })
    const socket = connect(Number(new URL(draining.url).port), "127.0.0.1")
    socket.on("error", () => undefined)
    socket.write(
      "POST /v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    )
    await once(socket, "ready")
    await call(draining.url, "GET", "/healthz")
    const begun = performance.now()
    await draining.stop()
    expect(performance.now() - begun).to.be.lessThan(3_000)
  })
})
