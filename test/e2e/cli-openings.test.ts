import { execFile } from "node:child_process"
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { hasPrograms } from "../support/has-programs.js"
import { Haystack } from "../support/needles.js"
import { loopedFilm, probe } from "../support/openings.js"
import { root, temporaryFolder } from "../support/programs.js"
import { clientSecrets, windows } from "../support/secrets.js"
import type { Stack } from "../support/stack.js"
import { openTerminals, type Terminals } from "../support/taciturn.js"

const SECONDS = 30

interface Run {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

describe("an opening, through the taciturn command", function () {
  this.timeout(240_000)
  let terminals: Terminals & { readonly stack: Stack }
  /** Somebody else's machine: the one file of the verifier and the opening, no account, no address of a server. */
  let elsewhere: Awaited<ReturnType<typeof temporaryFolder>>
  let meeting: string
  let recording: string

  before(async function () {
    if (!hasPrograms("ffmpeg", "ffprobe")) this.skip()
    terminals = await openTerminals()
    elsewhere = await temporaryFolder()
    await mkdir(join(elsewhere.path, "home"))
    await copyFile(join(root, "dist/worker/admin/verify.mjs"), join(elsewhere.path, "verify.mjs"))
    await terminals.succeed("alice", ["init"])
    const bob = (await terminals.succeed("bob", ["init"])).account
    ;({ meeting } = await terminals.succeed("alice", ["meeting", "create", "Weekly call"]))
    await terminals.succeed("alice", ["meeting", "add", meeting, bob])
    await terminals.succeed("bob", ["meeting", "join", "--all"])
    const { path } = await loopedFilm(terminals.folder, SECONDS)
    ;({ recording } = await terminals.succeed("alice", ["upload", meeting, path, "--as-is", "--title", "Secret plans"]))
  })
  after(async () => {
    await (terminals as Terminals | undefined)?.close()
    await (elsewhere as typeof elsewhere | undefined)?.remove()
  })

  async function verifyElsewhere(args: readonly string[]): Promise<Run> {
    return await new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        ["verify.mjs", ...args],
        { cwd: elsewhere.path, env: { HOME: join(elsewhere.path, "home") } },
        (_error, stdout, stderr) => {
          resolve({ exitCode: child.exitCode, stdout, stderr })
        },
      )
    })
  }

  it("says what it shows and asks; some minutes of the real clip are verified and played on a machine that has nothing", async () => {
    const make = ["opening", "make", "recording", recording, "--from", "0:12.5", "--to", "0:16", "-o", "part.opening"]
    expect(await terminals.fail("bob", make)).to.deep.equal([2, "usage"])
    const { stderr } = await terminals.run("bob", make)
    expect(stderr)
      .to.match(/key frame/)
      .and.match(/64 KiB/)
      .and.match(/index/)
    expect(await readdir(terminals.folder)).to.not.include("part.opening")
    const made = await terminals.succeed("bob", [...make, "--yes"])
    expect(made.openedSegments).to.be.lessThan(made.segments)
    expect(made.isNoted).to.equal(false)
    await copyFile(made.file, join(elsewhere.path, "part.opening"))
    const { exitCode, stdout, stderr: refused } = await verifyElsewhere(["part.opening", "-o", "part.mp4", "--json"])
    expect([exitCode, refused]).to.deep.equal([0, ""])
    const report = JSON.parse(stdout)
    expect(report.signed.meeting).to.equal(meeting)
    expect(report.signed.account).to.equal((await terminals.succeed("alice", ["whoami"])).account)
    expect(stdout).to.not.include("Secret plans")
    const { seconds, streams } = await probe(join(elsewhere.path, "part.mp4"))
    expect(seconds).to.be.closeTo(made.extracted.durationMs / 1_000, 0.15)
    expect(seconds).to.be.within(3.4, 3.5 + 2.2)
    expect(streams).to.have.length(2)
    const told = await verifyElsewhere(["part.opening"])
    expect(told.stdout)
      .to.match(/Genuine/)
      .and.match(/Not proven/)
    expect(await readdir(elsewhere.path)).to.have.members(["home", "verify.mjs", "part.opening", "part.mp4"])
    expect(await readdir(join(elsewhere.path, "home"))).to.deep.equal([])
  })

  it("is refused where one byte was changed, and writes nothing then", async () => {
    const bytes = await readFile(join(elsewhere.path, "part.opening"))
    bytes[bytes.length - 70_000]! ^= 1
    await writeFile(join(elsewhere.path, "changed.opening"), bytes)
    const { exitCode, stderr } = await verifyElsewhere(["changed.opening", "-o", "changed.mp4"])
    expect(exitCode).to.equal(3)
    expect(stderr).to.match(/^REFUSED: .*\(segment \d+\) \[integrity\]\n$/)
    expect((await readdir(elsewhere.path)).filter((name) => /changed\.mp4|partial/.test(name))).to.deep.equal([])
    await copyFile(join(elsewhere.path, "changed.opening"), join(terminals.folder, "changed.opening"))
    expect(await terminals.fail("bob", ["verify", "changed.opening"])).to.deep.equal([3, "integrity"])
  })

  it("opens messages of the chat, which the verifier shows on a machine that has nothing", async () => {
    for (const [person, text] of [
      ["alice", "Shall we begin?"],
      ["bob", "Not without her."],
      ["alice", "We begin."],
    ] as const)
      await terminals.succeed(person, ["chat", "send", meeting, text])
    const { messages } = await terminals.succeed("bob", ["chat", "list", meeting])
    const ids = messages.slice(0, 2).map(({ message }: { message: string }) => message)
    const make = ["opening", "make", "messages", meeting, "-o", "chat.opening", "--yes"]
    expect(await terminals.fail("bob", make)).to.deep.equal([2, "usage"])
    expect((await terminals.succeed("bob", [...make, "--ids", ...ids])).messages).to.deep.equal(ids)
    await copyFile(join(terminals.folder, "chat.opening"), join(elsewhere.path, "chat.opening"))
    const { exitCode, stdout } = await verifyElsewhere(["chat.opening"])
    expect(exitCode).to.equal(0)
    expect(stdout).to.include("Shall we begin?").and.include("Not without her.").and.not.include("We begin.")
  })

  it("give whoever seizes them no secret of their maker, no title and no plaintext, in whatever form", async () => {
    const { url } = terminals.stack
    const { TACITURN_HOME: home = "" } = terminals.environmentOf("bob")
    const needles = [
      { name: "title", bytes: Buffer.from("Secret plans") },
      { name: "meeting's title", bytes: Buffer.from("Weekly call") },
      { name: "message that was not chosen", bytes: Buffer.from("We begin.") },
      ...windows("media", await terminals.read("looped.mp4")),
      ...(await clientSecrets(home, url, meeting)),
    ]
    const haystack = new Haystack(needles)
    for (const name of ["part.opening", "chat.opening"]) haystack.scan(name, await terminals.read(name))
    expect([...haystack.found]).to.deep.equal([])
    expect(haystack.scannedBytes).to.be.greaterThan(100_000)
    const seeing = new Haystack(needles)
    seeing.scan("the film", await terminals.read("looped.mp4"))
    expect([...seeing.found].join(), "it finds them where they are").to.include("media")
  })

  it("opens who was admitted, and tells the members where it is told to", async () => {
    const make = [
      "opening",
      "make",
      "event",
      meeting,
      "1",
      "--field",
      "roster",
      "-o",
      "roster.opening",
      "--yes",
      "--note",
    ]
    expect((await terminals.succeed("bob", make)).isNoted).to.equal(true)
    const { fields, signed } = await terminals.succeed("nobody", ["verify", "roster.opening"])
    expect([Object.keys(fields), signed.type]).to.deep.equal([["roster"], "epoch"])
    const { activity } = await terminals.succeed("alice", ["meeting", "show", meeting])
    expect(activity.at(-1)).to.deep.include({ kind: "opened", opened: { event: 1, fields: ["roster"] } })
  })
})
