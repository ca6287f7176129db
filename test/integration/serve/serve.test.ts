import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect } from "chai"
import { asId, formatId } from "../../../shared/protocol/ids.js"
import { random } from "../../support/people.js"
import { call } from "../../support/api-client.js"
import { isAlive, type ServiceProcess, startProcess } from "../../support/service-process.js"

const ASSET = formatId("asset", asId("asset", random(16)))
const MEETING = formatId("meeting", asId("meeting", random(16)))
const READY = /serves at (http:\S+)/

describe("the service in one process", function () {
  this.timeout(120_000)
  let folder: string
  const running: ServiceProcess[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "taciturn-serve-"))
  })
  afterEach(async () => {
    for (const service of running.splice(0)) {
      service.signal("SIGTERM")
      await service.exited()
    }
  })
  after(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  function start(environment: Readonly<Record<string, string>> = {}): ServiceProcess {
    const service = startProcess("serve", { TACITURN_DATA: folder, PORT: "0", ...environment })
    running.push(service)
    return service
  }

  async function postgresPid(): Promise<number> {
    const [pid] = (await readFile(join(folder, "postgres", "cluster", "postmaster.pid"), "utf8")).split("\n")
    return Number(pid)
  }

  it("starts from nothing, says where to go next, and Ctrl-C ends it and its database", async () => {
    const service = start()
    const url = await service.waitFor(READY)
    expect((await call(url, "GET", "/readyz")).status).to.equal(200)
    expect(service.output()).to.include(folder).and.include(`npx taciturn init --url ${url}`)
    for (const [method, path] of [
      ["POST", "/v1/uploads"],
      ["PATCH", `/v1/uploads/${ASSET}`],
      ["GET", `/v1/meetings/${MEETING}/assets/${ASSET}/stream`],
    ] as const) {
      const { status, json } = await call(url, method, path, { headers: { "tus-resumable": "1.0.0" } })
      expect(status, path).to.equal(401)
      expect(json).to.include({ code: "unauthenticated" })
    }
    const postgres = await postgresPid()
    expect(isAlive(postgres)).to.equal(true)
    service.signal("SIGINT")
    expect(await service.exited()).to.equal(0)
    expect(isAlive(postgres)).to.equal(false)
  })

  it("after a kill it takes its database over, and is the same instance", async () => {
    const killed = start()
    const instance = (await call(await killed.waitFor(READY), "GET", "/v1/instance")).json
    const postgres = await postgresPid()
    killed.signal("SIGKILL")
    await killed.exited()
    expect(isAlive(postgres)).to.equal(true)
    const service = start()
    expect((await call(await service.waitFor(READY), "GET", "/v1/instance")).json).to.deep.equal(instance)
    service.signal("SIGTERM")
    expect(await service.exited()).to.equal(0)
    expect(isAlive(postgres)).to.equal(false)
  })

  it("a second one on the same folder is refused, and leaves the first alone", async () => {
    const first = start()
    const url = await first.waitFor(READY)
    const second = start()
    expect(await second.exited()).to.equal(1)
    expect(second.output()).to.include("another service runs on this data folder")
    expect((await call(url, "GET", "/readyz")).status).to.equal(200)
  })

  it("a port that is taken is named, and nothing stays behind", async () => {
    const other = await mkdtemp(join(tmpdir(), "taciturn-serve-"))
    const first = start()
    const { port } = new URL(await first.waitFor(READY))
    const second = start({ TACITURN_DATA: other, PORT: port })
    expect(await second.exited()).to.equal(1)
    expect(second.output()).to.match(new RegExp(`port ${port} .* set PORT or HOST`))
    await readFile(join(other, "postgres", "cluster", "postmaster.pid")).then(
      () => expect.fail("a database was left behind"),
      () => undefined,
    )
    await rm(other, { recursive: true, force: true })
  })

  it("the API alone says which setting it lacks", async () => {
    for (const [environment, name] of [
      [{}, "DATABASE_URL"],
      [{ DATABASE_URL: "postgres://127.0.0.1:1/none" }, "REDIS_URL"],
      [{ PORT: "eighty" }, "PORT"],
    ] as const) {
      const api = startProcess("api", environment)
      expect(await api.exited()).to.equal(1)
      expect(api.output()).to.include(name)
    }
  })
})
