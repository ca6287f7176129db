import { expect } from "chai"
import { createHash } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { sodiumReady } from "../../../client/crypto/sodium.js"
import { dateOfDay } from "../../../shared/protocol/ambient.js"
import { asId, formatId } from "../../../shared/protocol/ids.js"
import { today } from "../../../shared/server/catalog/assets.js"
import { createTestDatabase, type TestDatabase } from "../../support/postgres.js"
import { type ProgramResult, runProgram } from "../../support/programs.js"
import { insertMeeting } from "../uploads/support.js"
import { sampleOf } from "../../support/sample.js"

describe("taciturn-admin case", function () {
  this.timeout(120_000)
  let folder: string
  let database: TestDatabase
  let meeting: string
  let day: number

  before(async () => {
    await sodiumReady()
    folder = await mkdtemp(join(tmpdir(), "taciturn-test-cases-"))
    database = await createTestDatabase()
    meeting = formatId("meeting", (await insertMeeting(database.catalog)).meetingId)
    day = await today(database.catalog)
  })
  after(async () => {
    await database.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const admin = async (...args: readonly string[]): Promise<ProgramResult> =>
    await runProgram("taciturn-admin", args, { environment: { TACITURN_DATA: folder, DATABASE_URL: database.url } })
  const succeed = async (...args: readonly string[]) => {
    const result = await admin(...args, "--json")
    expect(result.exitCode, result.stdout + result.stderr).to.equal(0)
    return result.json
  }
  const fail = async (...args: readonly string[]): Promise<[number | null, string]> => {
    const { exitCode, json } = await admin(...args, "--json")
    return [exitCode, json.error.code]
  }
  const LETTER = ["--authority", "District Court", "--country", "de", "--reference", "12 Gs 345/26"]

  it("goes from the letter to the end, each step in a record that names the one before", async () => {
    const until = dateOfDay(day + 60)
    const { case: id } = await succeed(
      ...["case", "open", "--kind", "preserve", ...LETTER, "--due", dateOfDay(day + 3), "--by", "Eva"],
      ...["--delay-until", dateOfDay(day + 30), "--reason", "order no. 4"],
    )
    expect(id).to.match(/^case_/)
    const stranger = formatId("account", asId("account", new Uint8Array(16)))
    const asked = ["--meeting", meeting, "--account", stranger, "--ask", "members"]
    const planned = await succeed("case", "scope", id, ...asked, "--dry-run")
    expect((await succeed("case", "scope", id)).items).to.deep.equal([])
    const scope = await succeed("case", "scope", id, ...asked)
    expect(scope).to.deep.equal(planned)
    expect(scope).to.deep.include({ rows: 1, assets: 0, bytes: 0 })
    expect(scope.notHeld.map(({ asked: what }: { asked: string }) => what)).to.deep.equal([stranger, "members"])
    expect((await admin("case", "scope", id)).stdout).to.match(/not held +members: no list of a meeting's participants/)
    expect(await succeed("case", "hold", id, "--until", until)).to.deep.equal({
      case: id,
      items: 2,
      untilDay: day + 60,
      alreadyBeingRemoved: [],
    })
    const [listed] = (await succeed("case", "list")).cases
    expect(listed).to.include({ case: id, country: "DE", noticeDay: day + 30 })
    expect(listed.warnings).to.have.length(1)
    expect(listed.warnings[0]).to.match(/^due in /)
    expect((await admin("case", "list")).stdout).to.contain("  ! due in ")
    await succeed("case", "notice", id, "--delay-until", dateOfDay(day + 50), "--reason", "extended")
    expect(await fail("case", "close", id, "--outcome", "preserved"), "it holds something").to.deep.equal([
      1,
      "conflict",
    ])
    expect(await succeed("case", "release", id)).to.include({ released: 2 })
    await succeed("case", "notice", id, "--now")
    const delayAgain = ["case", "notice", id, "--delay-until", dateOfDay(day + 50), "--reason", "again"]
    expect(await fail(...delayAgain), "who may be told can't be made untold").to.deep.equal([1, "conflict"])
    await succeed("case", "close", id, "--outcome", "preserved")
    expect(await fail("case", "hold", id, "--until", until)).to.deep.equal([1, "conflict"])
    expect((await succeed("case", "list")).cases).to.deep.equal([])
    expect((await succeed("case", "list", "--all")).cases).to.have.length(1)

    const { custody } = await succeed("case", "show", id)
    expect(custody.map(({ entry }: { entry: { action: string } }) => entry.action)).to.deep.equal([
      "open",
      "scope",
      "hold",
      "notice",
      "release",
      "notice",
      "close",
    ])
    expect(custody[0].entry).to.include({ actor: "Eva", prev: "0".repeat(64) })
    const rows = await database.catalog.query<{ entry: string; hash: Uint8Array }>(
      "SELECT entry, hash FROM custody ORDER BY seq",
      [],
    )
    for (const [seq, { entry, hash }] of rows.entries()) {
      expect(createHash("sha256").update(entry).digest("hex")).to.equal(Buffer.from(hash).toString("hex"))
      if (seq > 0) expect(JSON.parse(entry)).to.include({ prev: Buffer.from(rows[seq - 1]!.hash).toString("hex"), seq })
    }
    expect((await admin("case", "show", id)).stdout).to.contain("asked by District Court (DE), 12 Gs 345/26")
  })

  it("warns of what is overdue, of a hold that ends or ended, of a delay that ends", async () => {
    const { case: id } = await succeed(
      ...["case", "open", "--kind", "emergency", ...LETTER, "--due", "2026-01-31T16:30Z"],
      ...["--delay-until", dateOfDay(day + 2), "--reason", "order"],
    )
    await succeed("case", "scope", id, "--meeting", meeting)
    await succeed("case", "hold", id, "--until", dateOfDay(day + 1))
    const warnings = async (): Promise<string> => (await succeed("case", "show", id)).warnings.join("\n")
    expect(await warnings()).to.match(
      /^overdue: an answer was due by 2026-01-31 16:30 UTC\na hold ends after .*\nthe delay of the notice ends/,
    )
    await database.catalog.query("UPDATE holds SET until_day = until_day - 2", [])
    expect(await warnings()).to.contain("a hold ended after")
  })

  it("refuses what it can't mean, and says what it wants", async () => {
    const { case: id } = await succeed("case", "open", "--kind", "produce", ...LETTER)
    const open = (...rest: string[]) => ["case", "open", "--kind", "produce", ...LETTER, ...rest]
    for (const args of sampleOf(
      "wrong cases",
      [
        ["case"],
        ["case", "open"],
        ["case", "open", "--kind", "subpoena", ...LETTER],
        open("--country", "Germany"),
        open("--reference", " "),
        open("--due", "tomorrow"),
        open("--due", "2026-02-31"),
        open("--delay-until", "2027-01-01"),
        open("--reason", "because"),
        ["case", "show", "mtg_a"],
        ["case", "scope", id, "--meeting", "acct_a"],
        ["case", "scope", id, "--remove", "case_a"],
        ["case", "scope", id, "--ask", "everything"],
        ["case", "scope", id, "--from", "2026-02-02", "--to", "2026-02-01"],
        ["case", "hold", id],
        ["case", "notice", id],
        ["case", "notice", id, "--now", "--delay-until", "2030-01-01", "--reason", "x"],
        ["case", "close", id, "--outcome", "won"],
      ],
      7,
    )) {
      const result = await admin(...args, "--json")
      expect(result.exitCode, args.join(" ") + result.stdout).to.equal(2)
    }
    await succeed("case", "scope", id, "--meeting", meeting)
    expect(await fail("case", "hold", id, "--until", dateOfDay(day - 1))).to.deep.equal([2, "usage"])
    const nobodys = formatId("case", asId("case", new Uint8Array(16)))
    expect(await fail("case", "show", nobodys)).to.deep.equal([1, "not-found"])
    const { case: empty } = await succeed("case", "open", "--kind", "produce", ...LETTER)
    expect(await fail("case", "hold", empty, "--until", dateOfDay(day + 1))).to.deep.equal([1, "conflict"])
  })

  it("helps, with an example for each command", async () => {
    for (const command of ["open", "list", "show", "scope", "hold", "produce", "release", "notice", "close"]) {
      const { exitCode, stdout } = await admin("case", command, "--help")
      expect([exitCode, stdout.includes("Example:\n  taciturn-admin case ")], command).to.deep.equal([0, true])
    }
  })
})
