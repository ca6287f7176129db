import { randomBytes } from "node:crypto"
import { mkdir, readdir, readFile, rename, stat, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import { exitOf, root, startProgram } from "../support/programs.js"
import { startStack } from "../support/stack.js"
import { openTerminals, type Terminals } from "../support/taciturn.js"

const MEDIA = join(root, "test/data/meeting.mp4")
const LARGE_BYTES = 96 * 1024 * 1024

describe("a recording, through the taciturn command", function () {
  this.timeout(120_000)
  let terminals: Terminals
  let meeting: string
  let recording: string
  const bytes = randomBytes(20 * 1024 * 1024 + 5)

  before(async () => {
    terminals = await openTerminals()
    await terminals.succeed("alice", ["init"])
    const bob = (await terminals.succeed("bob", ["init"])).account
    ;({ meeting } = await terminals.succeed("alice", ["meeting", "create", "Weekly call"]))
    await writeFile(join(terminals.folder, "random.bin"), bytes)
    await terminals.succeed("alice", ["meeting", "add", meeting, bob])
    expect((await terminals.succeed("bob", ["meeting", "join", "--all"])).joined).to.have.length(1)
    recording = (
      await terminals.succeed("alice", ["upload", meeting, "random.bin", "--as-is", "--title", "../Q3: figures"])
    ).recording
  })

  after(async () => {
    await terminals.close()
  })

  it("gets a name that is safe for its file, in the folder where it is put", async () => {
    await mkdir(join(terminals.folder, "into"))
    const { file, sizeBytes } = await terminals.succeed("bob", ["download", recording, "-o", "into"])
    expect(file).to.equal(join(terminals.folder, "into", "_Q3_ figures.bin"))
    expect(sizeBytes).to.equal(bytes.length)
    expect(bytes.equals(await readFile(file))).to.equal(true)
    expect(await readdir(join(terminals.folder, "into"))).to.deep.equal(["_Q3_ figures.bin"])
  })

  it("replaces an existing file only when told to, and never what is no file", async () => {
    await writeFile(join(terminals.folder, "mine.bin"), "mine")
    expect(await terminals.fail("bob", ["download", recording, "-o", "mine.bin"])).to.deep.equal([1, "exists"])
    expect((await terminals.read("mine.bin")).toString()).to.equal("mine")
    await terminals.succeed("bob", ["download", recording, "-o", "mine.bin", "--force"])
    expect(bytes.equals(await terminals.read("mine.bin"))).to.equal(true)
    expect(await terminals.fail("bob", ["download", recording, "-o", "/dev/null", "--force"])).to.deep.equal([
      1,
      "exists",
    ])
    expect(await terminals.fail("bob", ["download", recording, "-o", "none/there.bin"])).to.deep.equal([2, "usage"])
  })

  it("goes to standard output, whole or in part, and nowhere else", async () => {
    for (const [range, start, end] of [
      [[], 0, bytes.length - 1],
      [["--range", "0-0"], 0, 0],
      [["--range", "65400-8400000"], 65_400, 8_400_000],
    ] as const) {
      const { stdoutBytes, exitCode, stderr } = await terminals.run("bob", ["download", recording, "-o", "-", ...range])
      expect([exitCode, stderr]).to.deep.equal([0, ""])
      expect(stdoutBytes.equals(bytes.subarray(start, end + 1)), range.join(" ")).to.equal(true)
    }
    expect(await terminals.fail("bob", ["download", recording, "-o", "-"])).to.deep.equal([2, "usage"])
    expect(await terminals.fail("bob", ["download", recording, "--range", `0-${bytes.length}`])).to.deep.equal([
      2,
      "usage",
    ])
  })

  it("goes on where a download was interrupted, and trusts nothing that it finds there", async () => {
    await terminals.succeed("bob", ["download", recording, "-o", "whole.bin"])
    const asset = /\.([0-9a-f]{32})-/
    const interrupted = startProgram("taciturn", ["download", recording, "-o", "again.bin", "--json"], {
      cwd: terminals.folder,
      environment: terminals.environmentOf("bob"),
    })
    let partial: string | undefined
    for (const deadline = performance.now() + 30_000; performance.now() < deadline;) {
      partial = (await readdir(terminals.folder)).find((name) => asset.test(name) && name.endsWith(".partial"))
      if (partial !== undefined) break
    }
    interrupted.kill("SIGINT")
    expect(await exitOf(interrupted)).to.equal(130)
    expect(JSON.parse(interrupted.output()).error.code).to.equal("interrupted")
    const names = await readdir(terminals.folder)
    expect(names).to.not.include("again.bin")
    expect(partial).to.be.a("string")
    // As if half had come, and some of it had been lost or changed since.
    const path = join(terminals.folder, partial ?? "")
    const half = Buffer.from(bytes.subarray(0, 10_000_000))
    half.fill(0, 5_000_000, 5_000_100)
    await writeFile(path, half)
    await terminals.succeed("bob", ["download", recording, "-o", "again.bin"])
    expect(bytes.equals(await terminals.read("again.bin"))).to.equal(true)
    // Complete but for its name.
    await rename(join(terminals.folder, "again.bin"), path)
    await terminals.succeed("bob", ["download", recording, "-o", "again.bin"])
    expect(bytes.equals(await terminals.read("again.bin"))).to.equal(true)
    expect((await readdir(terminals.folder)).filter((name) => name.includes(".partial"))).to.deep.equal([])
  })

  it("is published once, however often its upload is interrupted", async () => {
    const before: number = (await terminals.succeed("alice", ["recordings", meeting])).recordings.length
    await writeFile(join(terminals.folder, "large.bin"), bytes)
    await truncate(join(terminals.folder, "large.bin"), LARGE_BYTES)
    const uploads = join(terminals.folder, "alice", "uploads")
    for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
      const keptBefore = await leafBytes(uploads)
      const uploading = startProgram("taciturn", ["upload", meeting, "large.bin", "--as-is", "--json"], {
        cwd: terminals.folder,
        environment: terminals.environmentOf("alice"),
      })
      const deadline = performance.now() + 30_000
      while ((await leafBytes(uploads)) === keptBefore) {
        expect(performance.now(), uploading.output()).to.be.below(deadline)
        await delay(2)
      }
      uploading.kill(signal)
      expect(await exitOf(uploading), signal).to.equal(signal === "SIGKILL" ? null : 130)
      if (signal !== "SIGKILL") expect(JSON.parse(uploading.output()).error.code).to.equal("interrupted")
    }
    const uploaded = await terminals.succeed("alice", ["upload", meeting, "large.bin", "--as-is"])
    const after = (await terminals.succeed("bob", ["recordings", meeting])).recordings
    expect(after).to.have.length(before + 1)
    expect(after.at(-1)).to.include({ recording: uploaded.recording, title: "large", sizeBytes: LARGE_BYTES })
    expect(await readdir(join(terminals.folder, "alice", "uploads"))).to.deep.equal([])
    await terminals.succeed("bob", ["download", uploaded.recording, "-o", "large-again.bin"])
    expect((await terminals.read("large.bin")).equals(await terminals.read("large-again.bin"))).to.equal(true)
  })

  it("is uploaded without ffmpeg too, and says what is skipped", async () => {
    const result = await terminals.run("alice", ["upload", meeting, MEDIA], {
      FFMPEG_BIN: join(terminals.folder, "none"),
    })
    expect(result.exitCode, result.stderr).to.equal(0)
    expect(result.stderr).to.match(/ffmpeg .* stored as it is, without .*poster/)
    const id = /rec_\w+/.exec(result.stdout)?.[0] ?? ""
    await terminals.succeed("bob", ["download", id, "-o", "as-is.mp4"])
    expect((await terminals.read("as-is.mp4")).equals(await readFile(MEDIA))).to.equal(true)
  })

  it("comes from standard input with its type, and nothing comes from an empty one", async () => {
    const piped = await terminals.succeed(
      "alice",
      ["upload", meeting, "-", "--title", "Piped"],
      {},
      await readFile(MEDIA),
    )
    const { file } = await terminals.succeed("bob", ["download", piped.recording])
    expect(file).to.equal(join(terminals.folder, "Piped.mp4"))
    expect((await readFile(file)).equals(await readFile(MEDIA))).to.equal(true)
    expect(await terminals.fail("alice", ["upload", meeting, "-"], {}, new Uint8Array(0))).to.deep.equal([2, "usage"])
    expect(await readdir(join(terminals.folder, "alice", "uploads"))).to.deep.equal([])
  })

  it("that came from standard input is published from what was kept, once", async () => {
    const before: number = (await terminals.succeed("alice", ["recordings", meeting])).recordings.length
    const args = ["upload", meeting, "-", "--title", "Killed"]
    const killed = await terminals.run("alice", args, { TACITURN_FAILPOINT: "upload.all-acknowledged" }, bytes)
    expect([killed.exitCode, killed.stdout]).to.deep.equal([null, ""])
    const again = await terminals.succeed("alice", args, {}, new Uint8Array(0))
    const { file } = await terminals.succeed("bob", ["download", again.recording])
    expect(bytes.equals(await readFile(file))).to.equal(true)
    expect((await terminals.succeed("bob", ["recordings", meeting])).recordings).to.have.length(before + 1)
  })

  it("of several files those that can be uploaded are", async () => {
    const { exitCode, json } = await terminals.run("alice", ["upload", meeting, "none.bin", MEDIA, "--as-is", "--json"])
    expect(exitCode).to.equal(1)
    expect(json.recordings).to.have.length(2)
    expect(await terminals.succeed("alice", ["upload", meeting, MEDIA, "mine.bin", "--as-is"]))
      .to.have.property("recordings")
      .with.length(2)
  })

  it("titles can't play with the terminal", async () => {
    const { meeting: evil } = await terminals.succeed("alice", ["meeting", "create", "\u001b[2Jgone\u202e"])
    const shown = await terminals.run("alice", ["meeting", "show", evil])
    expect(shown.stdout)
      .to.contain("[2Jgone")
      .and.not.match(/[\u001b\u202e]/)
    expect((await terminals.succeed("alice", ["meeting", "show", evil])).title).to.equal("\u001b[2Jgone\u202e")
  })

  it("nothing is asked of, or sent to, a server that is not the one that was pinned", async () => {
    const other = await startStack("embedded")
    try {
      const moved = { TACITURN_URL: other.url }
      for (const args of [
        ["recordings", meeting],
        ["meeting", "create", "Elsewhere"],
        ["upload", meeting, MEDIA],
        ["download", recording],
      ])
        expect(await terminals.fail("alice", args, moved), args.join(" ")).to.deep.equal([3, "instance-changed"])
    } finally {
      await other.stop()
    }
  })
})

/** How much the journals hold of leaf hashes. */
async function leafBytes(uploads: string): Promise<number> {
  let sizeBytes = 0
  for (const name of await readdir(uploads).catch(() => []))
    for (const file of await readdir(join(uploads, name)).catch(() => []))
      if (file.endsWith(".leaves"))
        sizeBytes += await stat(join(uploads, name, file)).then(
          (found) => found.size,
          () => 0,
        )
  return sizeBytes
}
