import { randomBytes } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { openTerminals, type Terminals } from "../support/taciturn.js"

describe("a meeting's members, through the taciturn command", function () {
  this.timeout(180_000)
  let terminals: Terminals
  let meeting: string
  const accounts: Record<string, string> = {}

  before(async () => {
    terminals = await openTerminals()
    for (const person of ["alice", "bob", "carol"])
      accounts[person] = (await terminals.succeed(person, ["init"])).account
    ;({ meeting } = await terminals.succeed("alice", ["meeting", "create", "Weekly call"]))
    await terminals.succeed("alice", ["meeting", "add", meeting, accounts["bob"]!, "--admin"])
    const { card, safetyWords } = await terminals.succeed("carol", ["contact", "card"])
    await terminals.succeed("alice", ["contact", "add", card, "--name", "Carol"])
    await writeFile(join(terminals.folder, "words"), safetyWords)
    await terminals.succeed("alice", ["contact", "verify", "Carol", "--words-file", "words"])
    await terminals.succeed("alice", ["meeting", "add", meeting, "Carol"])
    for (const person of ["bob", "carol"]) await terminals.succeed(person, ["meeting", "join"])
    await writeFile(join(terminals.folder, "random.bin"), randomBytes(1_000))
  })
  after(async () => {
    await terminals.close()
  })

  const show = async (person: string) => await terminals.succeed(person, ["meeting", "show", meeting])
  const rolesOf = async (person: string): Promise<Record<string, string>> =>
    Object.fromEntries(
      (await show(person)).members.map(({ account, role }: { account: string; role: string }) => [
        Object.keys(accounts).find((name) => accounts[name] === account),
        role,
      ]),
    )

  it("are known by card and words, and called by their names", async () => {
    const listed = await terminals.run("alice", ["contact", "list"])
    expect(listed.stdout).to.equal(`${accounts["carol"]!}  Carol  verified, 1 device\n`)
    expect(await terminals.fail("alice", ["contact", "verify", "Dave"])).to.deep.equal([1, "not-found"])
    expect(await terminals.fail("alice", ["meeting", "add", meeting, "acct_nonsense"])).to.deep.equal([2, "usage"])
    const shown = await terminals.run("alice", ["meeting", "show", meeting])
    expect(shown.stdout).to.match(new RegExp(`${accounts["carol"]!} {2}Carol \\(verified\\) {2}member`))
    expect(shown.stdout).to.match(new RegExp(`${accounts["alice"]!} {2}you {2}admin`))
  })

  it("are admitted, made admins and members again, and removed", async () => {
    expect(await rolesOf("carol")).to.deep.equal({ alice: "admin", bob: "admin", carol: "member" })
    await terminals.succeed("bob", ["meeting", "promote", meeting, accounts["carol"]!])
    await terminals.succeed("alice", ["meeting", "demote", meeting, accounts["bob"]!])
    expect(await rolesOf("bob")).to.deep.equal({ alice: "admin", bob: "member", carol: "admin" })
    expect(await terminals.fail("bob", ["meeting", "remove", meeting, accounts["carol"]!])).to.deep.equal([
      1,
      "not-authorised",
    ])
    await terminals.succeed("carol", ["meeting", "remove", meeting, accounts["bob"]!])
    expect(await terminals.fail("bob", ["meeting", "show", meeting])).to.deep.equal([1, "not-authorised"])
    expect(await terminals.fail("bob", ["upload", meeting, "random.bin", "--as-is"])).to.deep.equal([
      1,
      "not-authorised",
    ])
    const { former } = await show("alice")
    expect(former.map(({ account }: { account: string }) => account)).to.deep.equal([accounts["bob"]])
  })

  it("are shown with what they open: all there is, or what was sealed since they joined", async () => {
    await terminals.succeed("alice", ["meeting", "policy", meeting, "from-join"])
    const { epoch } = await terminals.succeed("alice", ["meeting", "add", meeting, accounts["bob"]!])
    await terminals.succeed("bob", ["meeting", "join"])
    const members: readonly { account: string; since: { epoch: number }; opensFrom: { epoch: number } }[] = (
      await show("alice")
    ).members
    const spans = ["alice", "bob"].map((name) => {
      const member = members.find(({ account }) => account === accounts[name])
      return [member?.since.epoch, member?.opensFrom.epoch]
    })
    expect(spans).to.deep.equal([
      [0, 0],
      [epoch, epoch],
    ])
    expect((await terminals.run("alice", ["meeting", "show", meeting])).stdout).to.match(
      new RegExp(`${accounts["bob"] ?? ""}  member, since .* \\(epoch ${epoch}\\); opens what was sealed since`),
    )
  })

  it("say whether they agree to be recorded, and are shown with what they said", async () => {
    const input = randomBytes(1_000)
    const { recording } = await terminals.succeed("alice", ["upload", meeting, "-", "--title", "Live"], {}, input)
    const { waiting } = await terminals.succeed("carol", ["consent", "list", meeting])
    expect(waiting.at(-1)).to.include({ recording, title: "Live", author: accounts["alice"], isPublished: true })
    expect(waiting.at(-1).announced).to.be.a("string")
    await terminals.succeed("carol", ["consent", "give", recording])
    await terminals.succeed("bob", ["consent", "withdraw", recording])
    const { stdout } = await terminals.run("alice", ["recording", "show", recording])
    expect(stdout).to.match(/^Live\n/)
    for (const line of [
      "announced at ",
      `${accounts["alice"]!}  you  not answered\n`,
      `${accounts["bob"]!}  withdrew at `,
      `${accounts["carol"]!}  Carol (verified)  agreed at `,
    ])
      expect(stdout).to.contain(line)
  })

  it("may leave and be left out, end the meeting, and open it again", async () => {
    await terminals.succeed("bob", ["meeting", "leave", meeting])
    expect(await terminals.fail("bob", ["upload", meeting, "random.bin", "--as-is"])).to.deep.equal([
      1,
      "not-authorised",
    ])
    await terminals.succeed("carol", ["meeting", "rekey", meeting])
    expect(await rolesOf("alice")).to.deep.equal({ alice: "admin", carol: "admin" })
    await terminals.succeed("alice", ["meeting", "expire", meeting])
    expect((await show("carol")).ended).to.be.a("string")
    expect(await terminals.fail("carol", ["upload", meeting, "random.bin", "--as-is"])).to.deep.equal([
      1,
      "not-authorised",
    ])
    await terminals.succeed("carol", ["meeting", "renew", meeting])
    await terminals.succeed("alice", ["upload", meeting, "random.bin", "--as-is"])
  })

  it("are named rightly, or nothing is done", async () => {
    for (const args of [
      ["remove", meeting],
      ["promote", meeting, "acct_nobody"],
      ["policy", meeting, "everything"],
      ["leave", accounts["carol"]!],
    ])
      expect((await terminals.run("alice", ["meeting", ...args])).exitCode, args.join(" ")).to.equal(2)
    expect(await terminals.fail("alice", ["meeting", "remove", meeting, accounts["alice"]!])).to.deep.equal([
      2,
      "usage",
    ])
    expect(await terminals.fail("alice", ["meeting", "invite", meeting, accounts["bob"]!])).to.deep.equal([
      1,
      "not-found",
    ])
  })
})
