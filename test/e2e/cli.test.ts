import { mkdir, readdir, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { programVersion } from "../../shared/server/version.js"
import { root } from "../support/programs.js"
import { sampleOf } from "../support/sample.js"
import { openTerminals, type Terminals } from "../support/taciturn.js"

const MEDIA = join(root, "test/data/meeting.mp4")
const COMMANDS = [
  ["init"],
  ["whoami"],
  ["meeting"],
  ["meeting", "create"],
  ["meeting", "list"],
  ["meeting", "show"],
  ["meeting", "add"],
  ["meeting", "join"],
  ["upload"],
  ["recordings"],
  ["download"],
  ["play"],
] as const
/** Well formed, of nobody and nothing. */
const NOBODY = "acct_a4dqobyha4dqobyha4dqobyha6n7ldbe"

describe("the taciturn command", function () {
  this.timeout(120_000)
  let terminals: Terminals
  let meeting: string
  let bob: string

  before(async () => {
    terminals = await openTerminals()
    await terminals.succeed("alice", ["init", "--name", "laptop"])
    bob = (await terminals.succeed("bob", ["init"])).account
    ;({ meeting } = await terminals.succeed("alice", ["meeting", "create", "Weekly call"]))
  })
  after(async () => {
    await terminals.close()
  })

  describe("help and wrong arguments", () => {
    it("every command explains itself with an example", async () => {
      for (const command of sampleOf("help", COMMANDS, 4)) {
        const { exitCode, stdout, stderr } = await terminals.run("nobody", [...command, "--help"])
        expect([exitCode, stderr], command.join(" ")).to.deep.equal([0, ""])
        if (command.join() !== "meeting") expect(stdout).to.contain(`Example:\n  taciturn ${command.join(" ")}`)
        expect(stdout).to.contain(command.join() === "meeting" ? "create" : "--json")
      }
      expect((await terminals.run("nobody", ["--help"])).stdout).to.match(/Exit codes: 0 .* 130/)
    })

    it("tells its version", async () => {
      expect(await terminals.run("nobody", ["--version"])).to.deep.include({
        exitCode: 0,
        stdout: `${programVersion()}\n`,
      })
    })

    it("what is missing, unknown or too much is refused with 2, and changes nothing", async () => {
      for (const args of sampleOf(
        "wrong arguments",
        [
          ["nonsense"],
          ["--nonsense"],
          ["init", "more"],
          ["init", "--name"],
          ["whoami", "more"],
          ["meeting"],
          ["meeting", "nonsense"],
          ["meeting", "create"],
          ["meeting", "create", "one", "two"],
          ["meeting", "list", "more"],
          ["meeting", "show"],
          ["meeting", "show", "nonsense"],
          ["meeting", "show", bob],
          ["meeting", "add", meeting],
          ["meeting", "add", bob, meeting],
          ["meeting", "join", "nonsense"],
          ["upload"],
          ["upload", meeting],
          ["upload", "nonsense", MEDIA],
          ["upload", meeting, "nowhere.mp4"],
          ["upload", meeting, "."],
          ["upload", meeting, MEDIA, MEDIA, "--title", "Two"],
          ["upload", meeting, "-", "-"],
          ["recordings"],
          ["recordings", bob],
          ["download"],
          ["download", meeting],
          ["download", "rec_nonsense"],
          ["play"],
          ["play", meeting],
          ["whoami", "--url", "nonsense"],
          ["whoami", "--url", "ftp://127.0.0.1/"],
        ],
        10,
      ))
        expect(await terminals.fail("alice", args), args.join(" ")).to.deep.equal([2, "usage"])
      const spoken = await terminals.run("alice", ["meeting", "create"])
      expect([spoken.exitCode, spoken.stdout]).to.deep.equal([2, ""])
      expect(spoken.stderr).to.contain("missing required argument").and.contain("--help")
      expect((await terminals.succeed("alice", ["meeting", "list"])).meetings).to.have.length(1)
    })

    it("what does not exist is told apart from what is wrong", async () => {
      expect(await terminals.fail("nobody", ["whoami"])).to.deep.equal([1, "not-found"])
      expect(await terminals.fail("alice", ["meeting", "add", meeting, NOBODY])).to.deep.equal([1, "not-found"])
      expect(await terminals.fail("alice", ["meeting", "show", NOBODY])).to.deep.equal([2, "usage"])
      expect(await terminals.fail("bob", ["meeting", "show", meeting])).to.deep.equal([1, "not-found"])
      expect(await terminals.fail("bob", ["meeting", "join"])).to.deep.equal([1, "not-found"])
    })

    it("a server that is not there is a reason to try later", async () => {
      const nowhere = { TACITURN_URL: "http://127.0.0.1:1" }
      expect(await terminals.fail("carol", ["init"], nowhere)).to.deep.equal([4, "unavailable"])
      expect(await readdir(terminals.folder)).to.not.include("carol")
      expect((await terminals.succeed("alice", ["whoami"], nowhere)).safetyWords).to.be.a("string")
    })
  })

  describe("an account", () => {
    it("is made once: two at a time make one", async () => {
      const results = await Promise.all([1, 2, 3].map(async () => await terminals.run("twins", ["init", "--json"])))
      expect(results.map(({ exitCode }) => exitCode).toSorted()).to.deep.equal([0, 1, 1])
      const made = results.find(({ exitCode }) => exitCode === 0)?.json
      expect((await terminals.succeed("twins", ["whoami"])).account).to.equal(made.account)
    })

    it("is kept from others on this machine", async () => {
      const home = join(terminals.folder, "open-home")
      await mkdir(home, { mode: 0o755 })
      await terminals.succeed("open-home", ["init"])
      expect((await stat(home)).mode & 0o777).to.equal(0o700)
      expect((await stat(join(home, "keystore"))).mode & 0o777).to.equal(0o600)
    })

    it("writes its phrase to a new file instead of showing it", async () => {
      const made = await terminals.succeed("dora", ["init", "--phrase-file", "phrase.txt"])
      expect(made).to.not.have.property("recoveryPhrase")
      expect((await terminals.read("phrase.txt")).toString()).to.match(/^([a-z]+ ){23}[a-z]+\n$/)
      expect((await stat(join(terminals.folder, "phrase.txt"))).mode & 0o777).to.equal(0o600)
      expect(await terminals.fail("erik", ["init", "--phrase-file", "phrase.txt"])).to.deep.equal([1, "exists"])
      expect(await readdir(join(terminals.folder, "erik"))).to.not.include("keystore")
    })

    it("opens with its passphrase alone, and never asks without a terminal", async () => {
      await writeFile(join(terminals.folder, "passphrase"), "correct horse\n")
      await writeFile(join(terminals.folder, "wrong"), "correct horses\n")
      const given = (name: string) => ({ TACITURN_PASSPHRASE_FILE: join(terminals.folder, name) })
      const { account } = await terminals.succeed("fay", ["init"], given("passphrase"))
      expect((await terminals.succeed("fay", ["whoami"], given("passphrase"))).account).to.equal(account)
      await terminals.succeed("fay", ["meeting", "create", "Sealed"], given("passphrase"))
      expect(await terminals.fail("fay", ["whoami"], given("wrong"))).to.deep.equal([1, "cannot-open"])
      expect(await terminals.fail("fay", ["whoami"])).to.deep.equal([2, "usage"])
      expect(await terminals.fail("fay", ["whoami"], given("none"))).to.deep.equal([2, "usage"])
      expect(await terminals.fail("gus", ["init", "--passphrase"])).to.deep.equal([2, "usage"])
    })

    it("remembers its server, and two commands at once lose nothing", async () => {
      const made = await Promise.all(
        ["One", "Two", "Three", "Four"].map(
          async (title) => (await terminals.succeed("hal", ["meeting", "create", title]).catch(() => null)) as unknown,
        ),
      )
      expect(made).to.deep.equal([null, null, null, null])
      await terminals.succeed("hal", ["init"])
      await Promise.all(
        ["One", "Two", "Three", "Four"].map(
          async (title) => await terminals.succeed("hal", ["meeting", "create", title]),
        ),
      )
      const listed = (await terminals.succeed("hal", ["meeting", "list"], { TACITURN_URL: "" })).meetings
      expect(listed.map(({ title }: { title: string }) => title).toSorted()).to.deep.equal([
        "Four",
        "One",
        "Three",
        "Two",
      ])
    })
  })
})
