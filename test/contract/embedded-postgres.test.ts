import { expect } from "chai"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import pg from "pg"
import { claimDatabase, claimIfUnused, shareDatabase } from "../../shared/server/postgres/claim.js"
import { findRunning, startEmbeddedPostgres } from "../../shared/server/postgres/embedded.js"
import { isAlive } from "../support/service-process.js"
import { code } from "./object-store.js"

const MODULE = fileURLToPath(new URL("../../shared/server/postgres/embedded.ts", import.meta.url))
const NOBODY = 65_534

describe("the embedded PostgreSQL", function () {
  this.timeout(60_000)
  let folder: string
  let data: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "taciturn-test-embedded-"))
    data = join(folder, "postgres")
  })
  after(async () => {
    const running = await findRunning(data)
    if (running !== null) process.kill(running.pid, "SIGINT")
    while (running !== null && isAlive(running.pid)) await new Promise((resolve) => setTimeout(resolve, 20))
    await rm(folder, { recursive: true, force: true })
  })

  async function ask(databaseUrl: string, sql: string): Promise<unknown> {
    const client = new pg.Client({ connectionString: databaseUrl })
    client.on("error", () => undefined)
    await client.connect()
    try {
      const { rows } = await client.query<Record<string, unknown>>(sql)
      return Object.values(rows[0] ?? {})[0]
    } finally {
      await client.end()
    }
  }

  /** Starts it in another process, which is then killed without a word. @returns the orphan's process id. */
  async function orphan(): Promise<number> {
    const script = `const { startEmbeddedPostgres } = await import(${JSON.stringify(MODULE)}); await startEmbeddedPostgres(${JSON.stringify(data)}); process.stdout.write("up")`
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    })
    await once(child.stdout, "data")
    child.kill("SIGKILL")
    const running = await findRunning(data)
    if (running === null) throw new Error("PostgreSQL went with its parent")
    return running.pid
  }

  it("is made at the first start: durable, on the loopback address, behind a password of its own", async () => {
    const postgres = await startEmbeddedPostgres(data)
    expect(await ask(postgres.databaseUrl, "SHOW fsync")).to.equal("on")
    expect(await ask(postgres.databaseUrl, "SHOW listen_addresses")).to.equal("127.0.0.1")
    await ask(postgres.databaseUrl, "CREATE TABLE kept (n integer)")
    expect((await stat(join(data, "password"))).mode & 0o777).to.equal(0o600)
    expect((await stat(data)).mode & 0o777).to.equal(0o700)
    const without = new URL(postgres.databaseUrl)
    without.password = "guessed"
    const refused: unknown = await ask(without.href, "SELECT 1").catch((error: unknown) => error)
    expect(refused).to.have.property("code", "28P01")
    const { pid } = (await findRunning(data)) ?? { pid: 0 }
    await postgres.stop()
    expect([isAlive(pid), await findRunning(data)]).to.deep.equal([false, null])
  })

  it("starts again fast, with what it held, on another port", async () => {
    const started = performance.now()
    const postgres = await startEmbeddedPostgres(data)
    // Measured at a fifth of a second; other tests may keep the machine busy.
    expect(performance.now() - started).to.be.lessThan(5_000)
    expect(await ask(postgres.databaseUrl, "SELECT count(*)::int FROM kept")).to.equal(0)
    await postgres.stop()
  })

  it("is taken over where its parent was killed, with what was committed, and stopped by who took it over", async () => {
    const pid = await orphan()
    expect(isAlive(pid)).to.equal(true)
    const postgres = await startEmbeddedPostgres(data)
    expect((await findRunning(data))?.pid).to.equal(pid)
    expect(await ask(postgres.databaseUrl, "SELECT count(*)::int FROM kept")).to.equal(0)
    await postgres.stop()
    expect(isAlive(pid)).to.equal(false)
  })

  it("recovers by itself where it was killed too", async () => {
    const first = await startEmbeddedPostgres(data)
    await ask(first.databaseUrl, "INSERT INTO kept VALUES (1)")
    const { pid } = (await findRunning(data)) ?? { pid: 0 }
    process.kill(pid, "SIGKILL")
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20))
    const second = await startEmbeddedPostgres(data)
    expect(await ask(second.databaseUrl, "SELECT count(*)::int FROM kept")).to.equal(1)
    await second.stop()
  })

  it("is not mistaken for another process that has its number", async () => {
    const lines = [String(process.pid), join(data, "cluster"), "1", "1", "", "127.0.0.1", "", "ready"]
    await writeFile(join(data, "cluster", "postmaster.pid"), lines.join("\n"))
    expect(await findRunning(data)).to.equal(null)
    const postgres = await startEmbeddedPostgres(data)
    expect((await findRunning(data))?.pid).to.not.equal(process.pid)
    await postgres.stop()
  })

  it("is waited for while it stops, and then started", async () => {
    const first = await startEmbeddedPostgres(data)
    const stopping = first.stop()
    const second = await startEmbeddedPostgres(data)
    await stopping
    expect(await ask(second.databaseUrl, "SELECT count(*)::int FROM kept")).to.equal(1)
    await second.stop()
  })

  it("is started once by several who come at the same moment, also where it is to be made first", async () => {
    const other = join(folder, "contended")
    for (let round = 0; round < 2; round++) {
      const started = await Promise.all([1, 2, 3].map(() => startEmbeddedPostgres(other)))
      expect(new Set(started.map((postgres) => postgres.databaseUrl)).size).to.equal(1)
      await started[0]?.stop()
      expect(await findRunning(other)).to.equal(null)
    }
  })

  it("is made anew where its making was interrupted", async () => {
    const other = join(folder, "interrupted")
    await mkdir(join(other, "cluster.making"), { recursive: true })
    await writeFile(join(other, "cluster.making", "half"), "")
    await writeFile(join(other, "password"), "")
    const postgres = await startEmbeddedPostgres(other)
    expect(await ask(postgres.databaseUrl, "SELECT 1")).to.equal(1)
    await postgres.stop()
  })

  it("says what PostgreSQL said where it can't start", async () => {
    const other = join(folder, "broken")
    await cp(data, other, { recursive: true })
    await chmod(join(other, "cluster"), 0o700)
    await rm(join(other, "cluster", "global"), { recursive: true })
    const error: unknown = await startEmbeddedPostgres(other).catch((caught: unknown) => caught)
    expect(error).to.have.property("code", "unavailable")
    expect(String(error)).to.contain("did not start in")
    expect(await readFile(join(other, "postgres.log"), "utf8")).to.not.equal("")
  })

  it("runs for a user who is not root", async function () {
    if (process.getuid?.() !== 0) this.skip()
    const other = join(folder, "nobody")
    await chmod(folder, 0o755)
    await mkdir(other)
    await chown(other, NOBODY, NOBODY)
    const script = `const { startEmbeddedPostgres } = await import(${JSON.stringify(MODULE)}); const started = await startEmbeddedPostgres(${JSON.stringify(join(other, "postgres"))}); await started.stop(); process.stdout.write("well")`
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
      uid: NOBODY,
      gid: NOBODY,
      env: { PATH: process.env["PATH"], HOME: other, TMPDIR: other },
    })
    let said = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text))
    await once(child, "close")
    expect(said).to.equal("well")
  })

  it("belongs to one service, is shared by operators' commands, and is stopped by the last", async () => {
    const postgres = await startEmbeddedPostgres(data)
    const service = await claimDatabase(postgres.databaseUrl)
    expect(await code(claimDatabase(postgres.databaseUrl))).to.equal("conflict")
    const [one, two] = [await shareDatabase(postgres.databaseUrl), await shareDatabase(postgres.databaseUrl)]
    await one.release()
    expect(await claimIfUnused(postgres.databaseUrl), "a service runs").to.equal(null)
    await service.release()
    expect(await claimIfUnused(postgres.databaseUrl), "a command runs").to.equal(null)
    await two.release()
    const last = await claimIfUnused(postgres.databaseUrl)
    expect(last).to.not.equal(null)
    await last?.release()
    await postgres.stop()
    expect(await code(shareDatabase(postgres.databaseUrl))).to.equal("unavailable")
  })
})
