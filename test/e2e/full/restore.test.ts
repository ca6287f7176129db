import { expect } from "chai"
import { randomBytes } from "node:crypto"
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { freePort } from "../../../scripts/services.js"
import { openCatalog } from "../../../shared/server/catalog/database.js"
import { findRunning } from "../../../shared/server/postgres/embedded.js"
import { type ProgramResult, runProgram, temporaryFolder } from "../../support/programs.js"
import { type ServiceProcess, startProcess } from "../../support/service-process.js"

const MIB = 1 << 20

/** docs/operating.md, Backup, with the whole service: its database is restored from before a letter came and people deleted. SPEC.md §17. */
describe("a service whose database is restored from an older backup", function () {
  this.timeout(300_000)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let environment: Record<string, string>
  let service: ServiceProcess
  let url = ""
  let caseId = ""
  const meetings: string[] = []

  before(async () => {
    folder = await temporaryFolder()
    const port = String(await freePort())
    url = `http://127.0.0.1:${port}`
    environment = {
      TACITURN_DATA: join(folder.path, "data"),
      LEDGER_FILE: join(folder.path, "elsewhere/ledger.jsonl"),
      PORT: port,
      RECONCILE_SECONDS: "1",
      PURGE_GRACE_DAYS: "0",
    }
    await start()
  })
  after(async () => {
    await stop()
    await folder.remove()
  })

  async function start(): Promise<void> {
    service = startProcess("serve", environment)
    await until(async () => (await fetch(`${url}/readyz`).catch(() => null))?.status === 200)
  }
  async function stop(): Promise<void> {
    service.signal("SIGTERM")
    expect(await service.exited()).to.equal(0)
  }
  async function run(
    program: "taciturn" | "taciturn-admin",
    ...args: readonly string[]
  ): Promise<ProgramResult["json"]> {
    const of = program === "taciturn" ? { TACITURN_HOME: join(folder.path, "alice"), TACITURN_URL: url } : environment
    const result = await runProgram(program, [...args, "--json"], {
      cwd: folder.path,
      environment: of,
    })
    expect(result.exitCode, result.stdout + result.stderr).to.equal(0)
    return result.json
  }
  async function states(): Promise<readonly string[]> {
    await rm(join(folder.path, "certificate"), {
      recursive: true,
      force: true,
    })
    const { items } = await run("taciturn-admin", "erasure", ...meetings, "-o", "certificate")
    return items.map(({ state }: { state: string }) => state)
  }
  /** Until all of it is gone: the worker waits some time for those who may still write. */
  async function untilRemoved(): Promise<void> {
    const running = await findRunning(database())
    const catalog = openCatalog(running?.databaseUrl ?? "")
    try {
      await until(async () => {
        await catalog.query("UPDATE assets SET active_at = active_at - interval '1 day' WHERE state = 'purging'", [])
        const [left] = await catalog.query("SELECT 1 FROM meetings LIMIT 1", [])
        return left === undefined
      })
    } finally {
      await catalog.close()
    }
    expect(await states()).to.deep.equal(["removed", "removed"])
  }
  async function assetsInStore(): Promise<number> {
    const entries = await readdir(join(folder.path, "data/objects/c"), {
      recursive: true,
      withFileTypes: true,
    })
    // Folders may stay.
    return new Set(
      entries.filter((entry) => entry.isFile()).map((entry) => entry.parentPath.split("/c/")[1]?.slice(0, 32)),
    ).size
  }
  const database = (): string => join(folder.path, "data/postgres")
  const backup = (): string => join(folder.path, "backup")

  it("is backed up, and then somebody asks that one meeting is kept, and both are deleted", async () => {
    await run("taciturn", "init")
    for (const title of ["Kept", "Deleted"]) {
      const { meeting } = await run("taciturn", "meeting", "create", title)
      meetings.push(meeting)
      await writeFile(join(folder.path, title), randomBytes(MIB))
      await run("taciturn", "upload", meeting, title, "--as-is")
    }
    await stop()
    await cp(database(), backup(), { recursive: true })
    await start()

    const letter = ["--kind", "preserve", "--authority", "District Court", "--country", "US", "--reference", "1"]
    const untold = ["--delay-until", "2199-01-01", "--reason", "order 1, no. 4"]
    ;({ case: caseId } = await run("taciturn-admin", "case", "open", ...letter, ...untold))
    await run("taciturn-admin", "case", "scope", caseId, "--meeting", meetings[0] ?? "")
    await run("taciturn-admin", "case", "hold", caseId, "--until", "2199-01-01")
    for (const meeting of meetings) await run("taciturn", "meeting", "delete", meeting, "--yes")
    await untilRemoved()
    expect(await assetsInStore()).to.equal(1)
    const noted = /"table":"tombstones".*"kind":"meeting"/g
    const ledger = environment["LEDGER_FILE"] ?? ""
    await until(async () => [...(await readFile(ledger, "utf8")).matchAll(noted)].length >= 2)
  })

  it("does by itself what the backup does not know of, before anything goes", async () => {
    await stop()
    await rm(database(), { recursive: true })
    await cp(backup(), database(), { recursive: true })
    await start()
    await service.waitFor(/the database is older than the ledger/)
    await untilRemoved()
    expect(await assetsInStore()).to.equal(1)
    const { custody, holds } = await run("taciturn-admin", "case", "show", caseId)
    expect(holds).to.have.length(1)
    const actions = custody.map(({ entry }: { entry: { action: string } }) => entry.action)
    expect(actions).to.deep.equal(["open", "scope", "hold", "replayed"])
  })

  it("hands over all that was held", async () => {
    const { objectBytes } = await run("taciturn-admin", "case", "produce", caseId, "-o", "production")
    expect(objectBytes).to.be.greaterThan(MIB)
    const verified = await run("taciturn-admin", "verify", "production")
    expect(verified.scope).to.have.length(1)
    expect(verified.publishedAssets).to.be.greaterThan(0)
  })

  it("removes what was held when the hold is released, and nothing else is left", async () => {
    await run("taciturn-admin", "case", "release", caseId)
    await until(async () => (await assetsInStore()) === 0)
  })
})

/** What a worker does within a few passes. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 120_000; !(await isSo());) {
    if (performance.now() > deadline) throw new Error("it did not come")
    await delay(500)
  }
}
