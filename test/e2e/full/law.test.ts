import { expect } from "chai"
import { execFile, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { open, readFile, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { pathToFileURL } from "node:url"
import pg from "pg"
import { openBrowser } from "../../support/browser.js"
import { TEST_RUN } from "../../support/config.js"
import { type ProgramResult, root, runProgram, temporaryFolder } from "../../support/programs.js"
import { judgeBag } from "../../support/rfc8493.js"
import { type Stack, startStack } from "../../support/stack.js"

const MIB = 1 << 20
/** Of three recordings together. */
const MEDIA_BYTES = TEST_RUN.isFull ? 5 * 1024 * MIB : 36 * MIB
/** A small production's memory and a large one's differ by less. */
const SPREAD_BYTES = 192 * MIB
const DAY_MS = 86_400_000
/** Of each meeting, long enough to be packed. */
const MESSAGES = 6
const MESSAGE_LETTERS = 4_000

/** docs/legal.md, from the letter to the end, through the programs. */
describe(`a preservation letter, and what comes of it, with ${MEDIA_BYTES / MIB} MiB`, function () {
  this.timeout(TEST_RUN.isFull ? 3_600_000 : 300_000)
  let stack: Stack
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let database: pg.Client
  const meetings: string[] = []
  const recordings: string[] = []
  let account = ""
  let caseId = ""
  let tagManifestSha512 = ""
  const peaks: Record<string, number> = {}

  before(async () => {
    folder = await temporaryFolder()
    stack = await startStack("full", { RGW_BYTES: String(MEDIA_BYTES + 3 * 1024 * MIB) })
    database = new pg.Client({ connectionString: stack.settings?.databaseUrl })
    await database.connect()
  })
  after(async () => {
    await database.end()
    await stack.stop()
    await folder.remove()
  })

  async function as(person: "alice" | "bob", ...args: readonly string[]): Promise<ProgramResult["json"]> {
    const result = await runProgram("taciturn", [...args, "--json"], {
      cwd: folder.path,
      environment: { TACITURN_HOME: join(folder.path, person), TACITURN_URL: stack.url },
    })
    expect(result.exitCode, result.stdout + result.stderr).to.equal(0)
    return result.json
  }
  async function admin(...args: readonly string[]): Promise<ProgramResult["json"]> {
    const result = await runProgram("taciturn-admin", [...args, "--json"], {
      cwd: folder.path,
      environment: stack.adminEnvironment,
    })
    expect(result.exitCode, result.stdout + result.stderr).to.equal(0)
    return result.json
  }
  /** The same, watched by `/usr/bin/time -v`. */
  async function timedAdmin(what: string, ...args: readonly string[]): Promise<ProgramResult["json"]> {
    const report = join(folder.path, `${what}.time`)
    const program = [process.execPath, join(root, "bin/taciturn-admin.mjs"), ...args, "--json"]
    const stdout = await new Promise<string>((resolve, reject) => {
      const child = spawn("/usr/bin/time", ["-v", "-o", report, ...program], {
        cwd: folder.path,
        env: { PATH: process.env["PATH"], ...stack.adminEnvironment },
        stdio: ["ignore", "pipe", "inherit"],
      })
      let text = ""
      child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part))
      child.once("error", reject).once("close", (code) => {
        if (code === 0) resolve(text)
        else reject(new Error(`exit ${code ?? ""}: ${text}`))
      })
    })
    const [, kib = "0"] = /Maximum resident set size \(kbytes\): (\d+)/.exec(await readFile(report, "utf8")) ?? []
    peaks[what] = Number(kib) * 1024
    return JSON.parse(stdout)
  }
  async function run(command: string, args: readonly string[], cwd: string): Promise<number | null> {
    return await new Promise((resolve) => {
      const child = execFile(command, args, { cwd, env: { PATH: process.env["PATH"] } }, () => {
        resolve(child.exitCode)
      })
    })
  }
  /** As somebody without Node does, with the page that lies in it. */
  async function verifyInPage(production: string): Promise<void> {
    const page = join(production, "verify.html")
    const browser = await openBrowser()
    try {
      const person = await browser.person(pathToFileURL(page).href, "")
      await person.page.locator("input[data-for=production]").setInputFiles(production)
      await person.page.getByRole("heading", { name: "Complete and unaltered" }).waitFor({ timeout: 0 })
      person.assertCalm()
    } finally {
      await browser.close()
    }
  }
  const today = (): number => Math.floor(Date.now() / DAY_MS)
  const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10)

  it("three meetings have recordings and chat", async () => {
    await as("alice", "init", "--name", "laptop")
    account = (await as("bob", "init")).account
    for (const title of ["First", "Second", "Third"]) {
      const { meeting } = await as("alice", "meeting", "create", title)
      meetings.push(meeting)
      await as("alice", "meeting", "add", meeting, account)
      const path = join(folder.path, `${title}.bin`)
      await makeFile(path, Math.floor(MEDIA_BYTES / 3))
      recordings.push((await as("alice", "upload", meeting, path, "--as-is")).recording)
      await rm(path)
      for (let count = 1; count <= MESSAGES; count++)
        await as("alice", "chat", "send", meeting, `${title}, ${count}`.padEnd(MESSAGE_LETTERS, "."))
    }
    await as("bob", "meeting", "join", "--all")
  })

  it("the worker packs what there is of each chat, but for an end that is not worth a pack", async () => {
    await until(async () => {
      const { rows } = await database.query("SELECT DISTINCT meeting_id FROM messages WHERE pack_id IS NOT NULL")
      return rows.length === meetings.length
    })
  })

  it("the letter becomes a case with a hold, of which nobody is told yet", async () => {
    const opened = await admin(
      ...["case", "open", "--kind", "preserve", "--authority", "District Court of Springfield", "--country", "US"],
      ...["--reference", "26-mj-0113", "--delay-until", dateOf(today() + 60), "--reason", "order 26-mj-0113, no. 4"],
    )
    caseId = opened.case
    const items = [...meetings.flatMap((meeting) => ["--meeting", meeting]), "--account", account]
    const survey = await admin("case", "scope", caseId, ...items, "--ask", "members", "plaintext")
    expect(survey.items.map((item: { held: boolean }) => item.held)).to.deep.equal([true, true, true, true])
    expect(survey.bytes).to.be.greaterThan(MEDIA_BYTES)
    expect((await admin("case", "hold", caseId, "--until", dateOf(today() + 90))).items).to.equal(4)
    expect((await as("bob", "notices")).notices).to.deep.equal([])
    expect((await admin("report")).periods).to.deep.equal([])
  })

  it("people delete as ever, see it gone, and it is kept all the same", async () => {
    await as("alice", "recording", "delete", recordings[0] ?? "")
    await as("alice", "meeting", "delete", meetings[2] ?? "", "--yes")
    await database.query("UPDATE assets SET purge_day = 0 WHERE purge_day IS NOT NULL")
    await database.query("UPDATE assets SET active_at = active_at - interval '1 day' WHERE state = 'cancelled'")
    await database.query("UPDATE meetings SET purge_day = 0 WHERE purge_day IS NOT NULL")
    await until(async () => {
      await database.query("UPDATE assets SET active_at = active_at - interval '1 day' WHERE state = 'purging'")
      const { rows } = await database.query(
        "SELECT 1 FROM assets WHERE state <> 'stored' UNION ALL SELECT 1 FROM meetings WHERE purge_day IS NOT NULL",
      )
      return rows.length === 0
    })
    const shown = await as("alice", "recordings", meetings[0] ?? "")
    expect(shown.recordings).to.deep.equal([])
  })

  it("a production has all of it, and is judged by four checkers", async () => {
    const small = await admin(
      ...["case", "open", "--kind", "produce", "--authority", "District Court", "--country", "US"],
      ...["--reference", "small", "--delay-until", dateOf(today() + 60), "--reason", "a test"],
    )
    await admin("case", "scope", small.case, "--account", account)
    await timedAdmin("small", "case", "produce", small.case, "-o", "small")
    const produced = await timedAdmin("large", "case", "produce", caseId, "-o", "production")
    tagManifestSha512 = produced.tagManifestSha512
    expect(produced.objectBytes).to.be.greaterThan(MEDIA_BYTES)
    expect(produced.scope.map((item: { present: boolean }) => item.present)).to.deep.equal([true, true, true, true])
    const production = join(folder.path, "production")
    for (const manifest of ["manifest-sha512.txt", "tagmanifest-sha512.txt"])
      expect(await run("sha512sum", ["--strict", "--quiet", "-c", manifest], production), manifest).to.equal(0)
    expect(await judgeBag(production)).to.deep.equal([])
    const verified = await timedAdmin("verifier", "verify", "production")
    expect(verified.verified).to.equal(true)
    expect(verified.present.messages).to.equal(MESSAGES * meetings.length)
    expect(await run(process.execPath, [join(production, "verify.mjs")], folder.path)).to.equal(0)
    await verifyInPage(production)
    expect((await stat(join(production, "data/declaration.html"))).size).to.be.greaterThan(1_000)
    const large = peaks["large"] ?? 0
    expect(large - (peaks["small"] ?? 0), JSON.stringify(peaks)).to.be.lessThan(SPREAD_BYTES)
    expect((peaks["verifier"] ?? 0) - (peaks["small"] ?? 0), JSON.stringify(peaks)).to.be.lessThan(SPREAD_BYTES)
    console.log(
      `      peak memory, MiB: ${JSON.stringify(Object.fromEntries(Object.entries(peaks).map(([what, bytes]) => [what, Math.round(bytes / MIB)])))}`,
    )
  })

  it("the delayed notice comes on its day by itself, with the production's hash", async () => {
    expect((await as("bob", "notices")).notices).to.deep.equal([])
    await database.query(
      "UPDATE cases SET opened_day = opened_day - 60, notice_day = $1 WHERE reference = '26-mj-0113'",
      [today()],
    )
    const { notices } = await as("bob", "notices")
    expect(notices.map((notice: { about: string }) => notice.about)).to.have.members([
      account,
      meetings[0],
      meetings[1],
    ])
    for (const notice of notices) {
      expect(notice).to.deep.include({ case: caseId, kind: "preserve", toldFrom: dateOf(today()) })
      expect(notice.steps.map((step: { action: string }) => step.action)).to.deep.equal(["hold", "produce"])
      expect(notice.steps[1].tagManifestSha512).to.equal(tagManifestSha512)
    }
    await until(async () => {
      const { custody } = await admin("case", "show", caseId)
      return custody.some(({ entry }: { entry: { action: string } }) => entry.action === "told")
    })
    const [period] = (await admin("report")).periods
    expect(period).to.deep.include({ productions: 1, meetings: "1 to 9", accounts: "1 to 9" })
    const page = (await (await fetch(`${stack.url}/transparency.json`)).json()) as { periods: unknown[] }
    expect(page.periods).to.have.length(1)
  })

  it("what was deleted goes once the hold is released, and a certificate says so", async () => {
    await admin("case", "release", caseId)
    await admin("case", "close", caseId, "--outcome", "produced")
    await until(async () => (await database.query("SELECT 1 FROM held_rows LIMIT 1")).rows.length === 0)
    const certificate = await admin("erasure", meetings[2] ?? "", meetings[1] ?? "", "-o", "certificate")
    expect(certificate.items.map(({ state }: { state: string }) => state)).to.deep.equal(["removed", "kept"])
    expect((await admin("verify", "certificate")).verified).to.equal(true)
  })
})

async function makeFile(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, "wx")
  for (let left = sizeBytes; left > 0; left -= 16 * MIB) await file.write(randomBytes(Math.min(left, 16 * MIB)))
  await file.close()
}

/** What a worker does within a few passes. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 180_000; !(await isSo());) {
    if (performance.now() > deadline) throw new Error("it did not come")
    await delay(500)
  }
}
