import { join } from "node:path"
import { expect } from "chai"
import { CLIENT_FAILPOINTS } from "../../client/sdk/failpoints.js"
import { exitOf } from "../support/programs.js"
import { sampleOf } from "../support/sample.js"
import { openScene, type Scene, underWay } from "./support.js"

const FILE_BYTES = 20_000_000
/** Each before or after a durable step of an upload of a file; two also at a later piece. */
const UPLOAD_KILLS = [
  ...CLIENT_FAILPOINTS.filter(
    (name) =>
      name.startsWith("upload.") && !["upload.announced", "upload.input-kept", "upload.journal-removed"].includes(name),
  ),
  "upload.leaves-kept:3",
  "upload.piece-acknowledged:2",
]

describe("the command, killed", function () {
  this.timeout(240_000)
  let scene: Scene

  before(async () => {
    scene = await openScene()
  })
  after(() => scene.close())

  const killAt = async (failpoint: string, args: readonly string[], input?: Uint8Array): Promise<void> => {
    const hits = join(scene.terminals.folder, `hits-${failpoint}`)
    const { run } = scene.terminals
    const killed = await run("alice", args, { TACITURN_FAILPOINT: failpoint, TACITURN_FAILPOINT_LOG: hits }, input)
    expect([killed.exitCode, killed.stdout], killed.stderr).to.deep.equal([null, ""])
    expect((await scene.terminals.read(`hits-${failpoint}`)).toString()).to.equal(`${failpoint.split(":")[0]}\n`)
  }

  it("at any step of an upload, several at once, publishes once when called again", async () => {
    const { meeting, terminals } = scene
    await Promise.all(
      sampleOf("command kills", UPLOAD_KILLS, 2).map(async (failpoint) => {
        const file = await scene.newFile(FILE_BYTES)
        const args = ["upload", meeting, file, "--as-is"]
        await killAt(failpoint, args)
        await terminals.succeed("alice", args)
        await scene.expectPublished(file)
      }),
    )
    await scene.expectNoOrphan()
  })

  it("behind its last step, has published and left nothing", async () => {
    const file = await scene.newFile(FILE_BYTES)
    await killAt("upload.journal-removed", ["upload", scene.meeting, file, "--as-is"])
    await scene.expectPublished(file)
    await scene.expectNoOrphan()
  })

  it("while it keeps standard input, publishes what it is given again, and nothing of what was cut off", async () => {
    const { meeting, terminals } = scene
    const file = await scene.newFile(FILE_BYTES)
    const args = ["upload", meeting, "-", "--as-is", "--title", file.replace(/\.bin$/, "")]
    await killAt("upload.input-kept", args, await terminals.read(file))
    await terminals.succeed("alice", args, {}, await terminals.read(file))
    await scene.expectPublished(file)
  })

  it("while it makes a meeting or adds a member, does it once when called again", async () => {
    const { terminals } = scene
    for (const failpoint of ["meeting.kept", "meeting.created"]) {
      await killAt(failpoint, ["meeting", "create", failpoint])
      await terminals.succeed("alice", ["meeting", "create", failpoint])
      const { meetings } = await terminals.succeed("alice", ["meeting", "list"])
      const titles = meetings.map(({ title }: { readonly title: string }) => title)
      expect(titles.filter((title: string) => title === failpoint)).to.have.length(1)
    }
    for (const failpoint of ["member.invitation-kept", "member.epoch-appended"]) {
      const person = failpoint.split(".")[1] ?? ""
      const { account } = await terminals.succeed(person, ["init"])
      const add = ["meeting", "add", scene.meeting, account]
      await killAt(failpoint, add)
      if (failpoint === "member.invitation-kept") await terminals.succeed("alice", add)
      // Every command sends first what invitations wait.
      else expect(await terminals.fail("alice", add)).to.deep.equal([1, "exists"])
      expect((await terminals.succeed(person, ["meeting", "join", "--all"])).joined).to.have.length(1)
      const { members } = await terminals.succeed(person, ["meeting", "show", scene.meeting])
      const found = members.filter((member: { readonly account: string }) => member.account === account)
      expect(found).to.have.length(1)
    }
  })

  it("while it sends a message, has sent it once, and in order, when the next is sent", async () => {
    const { meeting, terminals } = scene
    const kills = CLIENT_FAILPOINTS.filter((name) => name.startsWith("chat."))
    for (const failpoint of kills) await killAt(failpoint, ["chat", "send", meeting, failpoint])
    await terminals.succeed("alice", ["chat", "send", meeting, "next"])
    const { messages, waiting } = await terminals.succeed("alice", ["chat", "list", meeting])
    expect(messages.map(({ text }: { readonly text: string }) => text)).to.deep.equal([...kills, "next"])
    expect(waiting).to.deep.equal([])
  })

  it("by Ctrl-C, says that it was interrupted, and goes on when called again", async () => {
    const { meeting, terminals } = scene
    const file = await scene.newFile(3 * FILE_BYTES)
    const args = ["upload", meeting, file, "--as-is", "--json"]
    const interrupted = terminals.start("alice", args)
    await underWay(scene.installation)
    interrupted.kill("SIGINT")
    expect(await exitOf(interrupted)).to.equal(130)
    expect(JSON.parse(interrupted.output()).error.code).to.equal("interrupted")
    await terminals.succeed("alice", args.slice(0, -1))
    await scene.expectPublished(file)
    await scene.expectNoOrphan()
  })
})
