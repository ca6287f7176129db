import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"
import { expect } from "chai"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { findRunning } from "../../../shared/server/postgres/embedded.js"
import { programVersion } from "../../../shared/server/version.js"
import { postMeeting } from "../../support/api-client.js"
import { makePerson } from "../../support/people.js"
import { newMeeting, type PostedMeeting } from "../../support/posted-meeting.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { sodiumReady } from "../../../client/crypto/sodium.js"
import { exitOf, type ProgramResult, runProgram, startProgram } from "../../support/programs.js"
import { sampleOf } from "../../support/sample.js"
import { isAlive, type ServiceProcess, startProcess } from "../../support/service-process.js"

describe("taciturn-admin", function () {
  this.timeout(120_000)
  let folder: string
  let meeting: PostedMeeting
  let service: ServiceProcess

  const data = (): string => join(folder, "data")
  const postgres = (): string => join(data(), "postgres")

  const admin = async (...args: readonly string[]): Promise<ProgramResult> =>
    await runProgram("taciturn-admin", args, { environment: { TACITURN_DATA: data() } })
  const json = (result: ProgramResult): Record<string, unknown> => JSON.parse(result.stdout) as Record<string, unknown>
  const failed = (result: ProgramResult): [number | null, unknown] => [
    result.exitCode,
    (json(result)["error"] as Record<string, unknown>)["code"],
  ]
  const start = async (): Promise<string> => {
    service = startProcess("serve", { TACITURN_DATA: data(), PORT: "0", LOG_LEVEL: "silent" })
    return await service.waitFor(/(http:\/\/127\.0\.0\.1:\d+)/)
  }
  const produce = async (name: string, ...more: readonly string[]): Promise<ProgramResult> =>
    await admin("produce", "--meeting", formatId("meeting", meeting.meetingId), "-o", join(folder, name), ...more)

  before(async () => {
    await sodiumReady()
    folder = await mkdtemp(join(tmpdir(), "taciturn-test-operator-"))
  })
  after(async () => {
    service.signal("SIGTERM")
    await service.exited()
    const running = await findRunning(postgres())
    if (running !== null) process.kill(running.pid, "SIGINT")
    while (running !== null && isAlive(running.pid)) await new Promise((resolve) => setTimeout(resolve, 20))
    await rm(folder, { recursive: true, force: true })
  })

  it("makes no data folder where there is none", async () => {
    expect(failed(await admin("holdings", "--json"))).to.deep.equal([1, "not-found"])
    expect(await findRunning(postgres())).to.equal(null)
  })

  it("works beside the running service, and leaves it running", async () => {
    const url = await start()
    meeting = newMeeting(makePerson("anna's laptop"))
    await postMeeting(url, meeting)
    const holdings = json(await admin("holdings", "--json"))
    expect(holdings).to.have.nested.property("classes.meeting.tables.meetings.rows", 1)
    expect((await produce("beside")).exitCode).to.equal(0)
    expect((await fetch(`${url}/readyz`)).status).to.equal(200)
  })

  it("works on the stopped service, also several commands at once, and leaves no database running", async () => {
    service.signal("SIGINT")
    expect(await service.exited()).to.equal(0)
    expect(await findRunning(postgres())).to.equal(null)
    const results = await Promise.all([admin("holdings", "--json"), admin("--json", "holdings"), admin("holdings")])
    for (const { exitCode, stdout, stderr } of results) expect(exitCode, stdout + stderr).to.equal(0)
    expect((await admin("holdings")).exitCode).to.equal(0)
    expect((await produce("stopped", "--json")).exitCode).to.equal(0)
    expect(await findRunning(postgres())).to.equal(null)
  })

  it("works where the service was killed, and ends the database that it left", async () => {
    await start()
    service.signal("SIGKILL")
    await service.exited()
    const orphan = await findRunning(postgres())
    expect(orphan).to.not.equal(null)
    expect((await admin("holdings", "--json")).exitCode).to.equal(0)
    expect(isAlive(orphan?.pid ?? 0)).to.equal(false)
  })

  it("prints for people, or one JSON document and nothing else", async () => {
    const text = await admin("holdings")
    expect(text.stdout).to.match(/^account +\d+ rows/m)
    const produced = await produce("json", "--json")
    expect(json(produced)).to.include.keys("meeting", "folder", "tagManifestSha512", "rows", "objects", "withheld")
    const verified = await admin("verify", join(folder, "json"), "--json")
    expect(json(verified)).to.deep.include({ verified: true, missing: [] })
    expect([produced.stderr, verified.stderr]).to.deep.equal(["", ""])
    expect((await admin("verify", join(folder, "json"))).stdout).to.match(/^complete and unaltered: mtg_/)
  })

  it("ends with 3 where a production is refused, and names the place", async () => {
    expect((await produce("altered")).exitCode).to.equal(0)
    await writeFile(join(folder, "altered/data/declaration.json"), "{}")
    const refused = await admin("verify", join(folder, "altered"), "--json")
    expect(failed(refused)).to.deep.equal([3, "integrity"])
    expect(json(refused)).to.have.nested.property("error.place", "data/declaration.json")
    await mkdir(join(folder, "empty"))
    expect(failed(await admin("verify", join(folder, "empty"), "--json"))).to.deep.equal([3, "integrity"])
    // In both forms in which an instance's key is told.
    for (const key of ["00".repeat(32), "A".repeat(43)]) {
      const pinned = await admin("verify", join(folder, "json"), `--instance-key=${key}`, "--json")
      expect(failed(pinned), key).to.deep.equal([3, "instance-changed"])
    }
  })

  it("ends with 1 where it failed, and with 2 where it was called wrongly", async () => {
    expect(failed(await produce("json", "--json"))).to.deep.equal([1, "exists"])
    expect((await produce("json", "--force")).exitCode).to.equal(0)
    expect(failed(await admin("verify", join(folder, "nowhere"), "--json"))).to.deep.equal([1, "not-found"])
    for (const args of sampleOf(
      "wrong calls",
      [
        [],
        ["nonsense"],
        ["produce"],
        ["produce", "--meeting", "acct_a", "-o", "x"],
        ["verify"],
        ["verify", "a", "b"],
        ["holdings", "more"],
        ["verify", "x", "--instance-key", "short"],
        ["verify", "x", "--instance-key", "A".repeat(42)],
      ],
      4,
    )) {
      const result = await admin(...args, "--json")
      expect(result.exitCode, args.join(" ")).to.equal(2)
      if (args.length > 0) expect(failed(result), args.join(" ")).to.deep.equal([2, "usage"])
    }
  })

  it("helps, with an example", async () => {
    for (const args of [["--help"], ["holdings", "--help"], ["produce", "--help"], ["verify", "--help"]]) {
      const result = await admin(...args)
      expect(result.exitCode).to.equal(0)
      expect(result.stdout).to.contain("Example:")
    }
  })

  it("by Ctrl-C, says that it was interrupted, and ends with 130", async () => {
    const silent = createServer().listen(0, "127.0.0.1")
    await once(silent, "listening")
    const { port } = silent.address() as AddressInfo
    const waiting = startProgram("taciturn-admin", ["holdings", "--json"], {
      environment: { DATABASE_URL: `postgres://nobody@127.0.0.1:${port}/nothing`, TACITURN_DATA: data() },
    })
    await once(silent, "connection")
    waiting.kill("SIGINT")
    expect(await exitOf(waiting)).to.equal(130)
    expect(JSON.parse(waiting.output()).error.code).to.equal("interrupted")
    silent.close()
  })

  it("tells its version", async () => {
    expect(await admin("--version")).to.deep.include({ exitCode: 0, stdout: `${programVersion()}\n` })
  })
})
