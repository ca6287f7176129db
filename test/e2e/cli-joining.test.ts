import { randomBytes } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { type Stack, startStack } from "../support/stack.js"
import { type Terminals, terminalsAt } from "../support/taciturn.js"

describe("joining, through the taciturn command, on a server that asks for a code", function () {
  this.timeout(180_000)
  const code = randomBytes(16).toString("hex")
  let stack: Stack
  let terminals: Terminals
  let meeting: string
  const accounts: Record<string, string> = {}

  before(async () => {
    stack = await startStack("embedded", { MEETING_POLICY: "code", MEETING_CODE: code, LOG_LEVEL: "debug" })
    terminals = await terminalsAt(stack.url)
    accounts["alice"] = (await terminals.succeed("alice", ["init"])).account
  })
  after(async () => {
    await stack.stop()
    await terminals.close()
  })

  it("a meeting is made with the code, from a file or the environment, and not without", async () => {
    const create = ["meeting", "create", "Weekly call"]
    const refused = await terminals.run("alice", create)
    expect(refused.exitCode).to.equal(1)
    expect(refused.stderr).to.contain("--code-file").and.contain("TACITURN_MEETING_CODE")
    const wrong = await terminals.run("alice", create, { TACITURN_MEETING_CODE: "hunter2" })
    expect([wrong.exitCode, wrong.stderr.includes("hunter2")]).to.deep.equal([2, false])
    await writeFile(join(terminals.folder, "code"), `${code.toUpperCase()}\n`)
    ;({ meeting } = await terminals.succeed("alice", [...create, "--code-file", "code"]))
    await terminals.succeed("alice", ["meeting", "create", "Another"], { TACITURN_MEETING_CODE: code })
    expect(stack.logs(), "the code is in no log").to.not.contain(code)
  })

  it("somebody without an account comes by a link, is approved, and accepts", async () => {
    const { url, link } = await terminals.succeed("alice", ["meeting", "link", "create", meeting, "--show-title"])
    expect(url).to.match(/\/j\/#[A-Za-z0-9_-]{43}$/)
    const asked = await terminals.succeed("bob", ["join", url, "--as", "Bob", "--name", "phone"])
    expect(asked).to.include({ meeting, title: "Weekly call", inviter: accounts["alice"], isPreApproved: false })
    expect(asked.recoveryPhrase.split(" ")).to.have.length(24)
    accounts["bob"] = asked.account
    const { offers } = await terminals.succeed("alice", ["meeting", "offers"])
    const words: string = (await terminals.succeed("bob", ["whoami"])).safetyWords
    expect(offers).to.deep.equal([{ account: asked.account, name: "Bob", meeting, link, safetyWords: words }])
    expect(await terminals.fail("eve", ["join", url])).to.deep.equal([1, "not-found"])
    expect(await terminals.fail("eve", ["whoami"]), "no account was made for a link that is used up").to.deep.equal([
      1,
      "not-found",
    ])
    await terminals.succeed("alice", ["meeting", "approve", meeting, asked.account])
    expect((await terminals.succeed("bob", ["meeting", "join"])).joined).to.have.length(1)
    const { links } = await terminals.succeed("alice", ["meeting", "link", "list"])
    expect(links[0]).to.deep.include({ link, meeting, uses: 1, admitted: [asked.account], isRevoked: false })
  })

  it("a pre-approved link admits at the admin's next command, but not at the one that revokes it", async () => {
    const create = ["meeting", "link", "create", meeting, "--pre-approved", "--uses", "2"]
    const [first, second] = [await terminals.succeed("alice", create), await terminals.succeed("alice", create)]
    const carol = await terminals.succeed("carol", ["join", first.url])
    const thief = await terminals.succeed("thief", ["join", second.url])
    expect([carol.isPreApproved, thief.isPreApproved]).to.deep.equal([true, true])
    await terminals.succeed("alice", ["meeting", "link", "revoke", second.link])
    const listed = await terminals.run("alice", ["meeting", "offers"])
    expect(listed.stderr).to.contain(`${carol.account} came by a pre-approved link`).and.not.contain(thief.account)
    expect(listed.stdout).to.equal("Nobody waits.\n")
    await terminals.succeed("carol", ["meeting", "join", meeting])
    expect(await terminals.fail("thief", ["meeting", "join", meeting])).to.deep.equal([1, "not-found"])
  })

  it("what is not wanted is declined, and who sends it is blocked", async () => {
    const { meeting: other } = await terminals.succeed("alice", ["meeting", "create", "Unwanted"], {
      TACITURN_MEETING_CODE: code,
    })
    const bob = accounts["bob"] ?? ""
    await terminals.succeed("alice", ["meeting", "add", other, bob])
    const { declined } = await terminals.succeed("bob", ["meeting", "decline"])
    expect(declined).to.have.length(1)
    expect(declined[0]).to.deep.include({ meeting: other, title: "Unwanted", inviter: accounts["alice"] })
    expect(await terminals.fail("bob", ["meeting", "join"])).to.deep.equal([1, "not-found"])
    await terminals.succeed("bob", ["contact", "block", accounts["alice"] ?? ""])
    await terminals.succeed("alice", ["meeting", "invite", other, bob])
    expect((await terminals.succeed("bob", ["meeting", "list"])).invitations).to.deep.equal([])
    expect(await terminals.succeed("bob", ["contact", "blocked"])).to.deep.equal({
      accounts: [accounts["alice"]],
      meetings: [],
    })
  })

  it("a link that is none is refused, and not repeated", async () => {
    const secret = randomBytes(32).toString("base64url")
    const refused = await terminals.run("eve", ["join", `${stack.url}/j/#${secret.slice(1)}`])
    expect([refused.exitCode, refused.stderr.includes(secret.slice(1))]).to.deep.equal([2, false])
  })
})
