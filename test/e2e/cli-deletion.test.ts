import { randomBytes } from "node:crypto"
import { copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { dateOfDay, dayOf } from "../../shared/protocol/ambient.js"
import { openTerminals, type Terminals } from "../support/taciturn.js"

describe("deletion, through the taciturn command", function () {
  this.timeout(180_000)
  let terminals: Terminals
  let meeting: string
  let bob: string
  let recording: string

  before(async () => {
    terminals = await openTerminals()
    await terminals.succeed("alice", ["init"])
    bob = (await terminals.succeed("bob", ["init"])).account
    ;({ meeting } = await terminals.succeed("alice", ["meeting", "create", "Weekly call"]))
    await terminals.succeed("alice", ["meeting", "add", meeting, bob])
    await terminals.succeed("bob", ["meeting", "join"])
    await writeFile(join(terminals.folder, "random.bin"), randomBytes(1_000))
    ;({ recording } = await terminals.succeed("bob", ["upload", meeting, "random.bin", "--as-is"]))
  })
  after(async () => {
    await terminals.close()
  })

  /** A killed process leaves its lock, which would count for ten seconds more. */
  async function cutOff(failpoint: string, args: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await terminals.run("bob", args, { TACITURN_FAILPOINT: failpoint })
    expect(exitCode, stderr).to.equal(null)
    const folder = join(terminals.folder, "bob", "uploads")
    for (const name of await readdir(folder))
      if (name.endsWith(".lock")) await rm(join(folder, name), { recursive: true })
  }

  it("of a recording says who did it, when the bytes go, and that copies stay", async () => {
    await terminals.succeed("bob", ["recording", "rename", recording, "Second take"])
    const before = await terminals.succeed("alice", ["recordings", meeting])
    expect(before.recordings[0]).to.include({ recording, title: "Second take", state: "kept" })
    const { files } = await terminals.succeed("bob", ["recording", "show", recording])
    expect(files).to.have.length(1)
    expect(files[0]).to.deep.equal({ asset: files[0].asset, role: "media" })
    const { stdout } = await terminals.run("bob", ["recording", "delete", recording])
    const day = dateOfDay(dayOf(Date.now()) + 7)
    expect(stdout).to.include(`removes the bytes on ${day}`).and.to.include("keeps that copy")
    expect(await terminals.succeed("alice", ["recordings", meeting])).to.deep.include({ recordings: [] })
    // Whoever wants the deletion confirmed tells the operator these.
    const shown = await terminals.run("alice", ["recording", "show", recording])
    expect(shown.stdout).to.include(`stored as ${files[0].asset}  media`)
    expect((await terminals.run("alice", ["recordings", meeting])).stdout).to.include(`deleted by ${bob}`)
    expect(await terminals.fail("alice", ["download", recording])).to.deep.equal([1, "gone"])
    const { meetings } = await terminals.succeed("alice", ["storage"])
    expect(meetings[0].recordings).to.deep.equal([
      {
        recording,
        title: "Second take",
        state: "withdrawn",
        trueBytes: 1_000,
        storedBytes: 65_536,
        purgeDay: day,
        isStillKept: false,
      },
    ])
  })

  it("of an upload that was interrupted ends it at the server and here", async () => {
    const args = ["upload", meeting, "random.bin", "--as-is", "--title", "Cut off"]
    await cutOff("upload.piece-acknowledged", args)
    const { uploads } = await terminals.succeed("bob", ["uploads", "list"])
    expect(uploads).to.have.length(1)
    expect(uploads[0]).to.include({
      meeting,
      title: "Cut off",
      source: null,
      state: "sending",
      sentBytes: 65_536,
      totalBytes: 65_536,
    })
    const cancelled = await terminals.succeed("bob", ["uploads", "cancel", uploads[0].recording])
    expect(cancelled.isPublished).to.equal(false)
    expect(await terminals.fail("bob", ["uploads", "cancel", uploads[0].recording])).to.deep.equal([1, "not-found"])
  })

  it("of an import that was interrupted is advised with the import that goes on", async () => {
    const place = join(terminals.folder, "to-import")
    await mkdir(place)
    await copyFile(join(terminals.folder, "random.bin"), join(place, "talk.mp4"))
    await cutOff("upload.piece-acknowledged", ["import", "folder", meeting, place])
    const { uploads } = await terminals.succeed("bob", ["uploads", "list"])
    expect(uploads.map(({ source }: { readonly source: string }) => source)).to.deep.equal(["folder"])
    const { stdout } = await terminals.run("bob", ["uploads", "list"])
    expect(stdout).to.contain(`\`taciturn import folder ${meeting}\` with the same folder`)
    expect(stdout).not.to.contain("taciturn upload ")
    await terminals.succeed("bob", ["uploads", "cancel", uploads[0].recording])
  })

  it("of an upload that was published before it was interrupted, or had not begun, leaves nothing of it here", async () => {
    await cutOff("upload.event-appended", ["upload", meeting, "random.bin", "--as-is", "--title", "All there"])
    const { uploads } = await terminals.succeed("bob", ["uploads", "list"])
    const { recording } = uploads[0]
    expect(await terminals.succeed("bob", ["uploads", "cancel", recording])).to.deep.equal({
      recording,
      isPublished: true,
      purgeDay: null,
    })
    const folder = join(terminals.folder, "bob", "uploads")
    expect(await readdir(folder)).to.deep.equal([])
    expect((await terminals.succeed("bob", ["recording", "show", recording])).title).to.equal("All there")
    // As a command leaves it that is killed while it prepares.
    const name = "0".repeat(40)
    await mkdir(join(folder, name, "prepared"), { recursive: true })
    await writeFile(join(folder, name, "prepared", "media.mp4"), "remuxed")
    expect((await terminals.succeed("bob", ["uploads", "list"])).notBegun).to.deep.equal([name])
    await terminals.succeed("bob", ["uploads", "cancel", name])
    expect(await readdir(folder)).to.deep.equal([])
    expect(await terminals.fail("bob", ["uploads", "cancel", name])).to.deep.equal([1, "not-found"])
    await terminals.succeed("bob", ["recording", "delete", recording])
  })

  it("of a meeting and an account is confirmed, and refused where others would be left without an admin", async () => {
    await terminals.succeed("alice", ["meeting", "retention", meeting, "30"])
    const shown = await terminals.succeed("bob", ["meeting", "show", meeting])
    expect([shown.retention.days, shown.servedRetentionDays, shown.deleted]).to.deep.equal([30, 30, null])
    expect(await terminals.fail("alice", ["meeting", "retention", meeting, "0"])).to.deep.equal([2, "usage"])
    expect(await terminals.fail("alice", ["account", "delete", "--yes"])).to.deep.equal([1, "not-authorised"])
    expect(await terminals.fail("alice", ["meeting", "delete", meeting])).to.deep.equal([2, "usage"])
    await terminals.succeed("alice", ["meeting", "delete", meeting, "--yes"])
    expect((await terminals.run("bob", ["meeting", "show", meeting])).stdout).to.match(
      /deleted by acct_\w+ on .*goes on/,
    )
    expect(await terminals.fail("bob", ["account", "delete"])).to.deep.equal([2, "usage"])
    const closed = await terminals.succeed("bob", ["account", "delete", "--yes"])
    expect(closed).to.deep.include({ account: bob, left: [], deleted: [], keysRemoved: false })
    expect(await terminals.fail("bob", ["meeting", "list"])).to.deep.equal([1, "gone"])
    expect(await terminals.succeed("bob", ["account", "delete", "--remove-keys"])).to.include({ keysRemoved: true })
    expect(await terminals.fail("bob", ["whoami"])).to.deep.equal([1, "not-found"])
  })
})
