import { copyFile, mkdir, open, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import { exitOf } from "../support/programs.js"
import { openTerminals } from "../support/taciturn.js"

const POLL_MS = 100

describe("watching a recorder's folder, through the taciturn command", function () {
  this.timeout(300_000)
  let terminals: Awaited<ReturnType<typeof openTerminals>>
  let meeting: string
  let folder: string

  before(async () => {
    terminals = await openTerminals()
    await terminals.succeed("alice", ["init"])
    ;({ meeting } = await terminals.succeed("alice", ["meeting", "create", "Recorded"]))
    folder = join(terminals.folder, "videos")
    await mkdir(folder)
  })
  after(() => terminals.close())

  const titles = async (): Promise<readonly string[]> =>
    (await terminals.succeed("alice", ["recordings", meeting])).recordings.map(
      ({ title }: { readonly title: string }) => title,
    )

  it("what is finished is uploaded once, and what is still written, or paused, is waited for", async () => {
    const film = await readFile("test/data/meeting.mp4")
    // The index of this one stands at its end, as a recorder leaves it.
    const growing = await open(join(folder, "growing.mp4"), "w")
    await growing.write(film.subarray(0, film.length / 2))
    await copyFile("test/data/meeting.mp4", join(folder, "finished.mp4"))
    await copyFile("test/data/meeting.vtt", join(folder, "finished.vtt"))
    await writeFile(join(folder, "notes.docx"), "none of its concern")
    const watch = terminals.start("alice", ["watch", folder, "--meeting", meeting, "--settle", "1", "--json"])
    const until = async (text: string): Promise<void> => {
      while (!watch.output().includes(text)) {
        expect(watch.exitCode, watch.output()).to.equal(null)
        await delay(POLL_MS)
      }
    }
    await until('"finished.mp4"')
    await delay(3_000)
    expect(watch.output()).not.to.contain("growing")
    await growing.write(film.subarray(film.length / 2))
    await growing.close()
    await until('"growing.mp4"')
    watch.kill("SIGINT")
    expect(await exitOf(watch)).to.equal(0)
    const said = watch
      .output()
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line))
    // The second is, byte for byte, the first.
    expect(said.map(({ file, state }) => [file, state])).to.deep.equal([
      ["finished.mp4", "uploaded"],
      ["growing.mp4", "known"],
    ])
    expect(await titles()).to.deep.equal(["finished"])
  })

  it("Jibri's finalize hook, as documented: called with a folder, it uploads what is there, and ends", async () => {
    const place = join(terminals.folder, "jibri", "abcdef")
    await mkdir(place, { recursive: true })
    const film = await readFile("test/data/meeting.mp4")
    await writeFile(join(place, "room_2024-05-01-14-00-00.mp4"), Buffer.concat([film, Buffer.from("jibri")]))
    await writeFile(join(place, "metadata.json"), "{}")
    const hook = ["watch", place, "--meeting", meeting, "--once", "--settle", "1"]
    const first = await terminals.run("alice", hook)
    expect([first.exitCode, first.stderr]).to.deep.equal([0, ""])
    expect(first.stdout).to.match(/^rec_\S+ {2}room_2024-05-01-14-00-00\.mp4 {2}stored, receipt verified\n$/)
    const again = await terminals.run("alice", hook)
    expect([again.exitCode, again.stdout.includes("was there already")]).to.deep.equal([0, true])
    expect(await titles()).to.deep.equal(["finished", "room_2024-05-01-14-00-00"])
  })

  it("what can't be uploaded is said, once, and ends --once with 1: a recorder that was killed, an empty file, captions that came too late", async () => {
    const place = join(terminals.folder, "killed")
    await mkdir(place)
    const film = await readFile("test/data/meeting.mp4")
    // The index would come behind its end.
    await writeFile(join(place, "killed.mp4"), film.subarray(0, film.length / 2))
    await writeFile(join(place, "empty.mp4"), "")
    await writeFile(join(place, "alone.vtt"), "WEBVTT\n")
    const once = ["watch", place, "--meeting", meeting, "--once", "--settle", "1"]
    const first = await terminals.run("alice", once)
    expect(first.exitCode, first.stderr).to.equal(1)
    expect(first.stdout.split("\n").map((line) => line.slice(0, 46))).to.have.members([
      "failed: killed.mp4: its length does not stand ",
      "failed: empty.mp4: it is empty",
      "not uploaded: alone.vtt: no video or sound of ",
      "",
    ])
    await Promise.all(
      ["killed.mp4", "empty.mp4", "alone.vtt"].map(async (name) => {
        await rm(join(place, name))
      }),
    )
    await writeFile(join(place, "late.mp4"), Buffer.concat([film, Buffer.from("late")]))
    await terminals.succeed("alice", once)
    await copyFile("test/data/meeting.vtt", join(place, "late.vtt"))
    const { exitCode, stdout } = await terminals.run("alice", once)
    expect(exitCode).to.equal(0)
    expect(stdout).to.match(
      /late\.mp4 {2}was there already\nnot uploaded: late\.vtt: its recording was imported without it/,
    )
  })

  it("what somebody still has open is waited for, also where its length stands in it already", async function () {
    if (process.platform !== "linux") this.skip()
    const place = join(terminals.folder, "fragments")
    await mkdir(place)
    const film = Buffer.concat([await readFile("test/data/meeting.mp4"), Buffer.from("open")])
    const paused = await open(join(place, "paused.mp4"), "w")
    await paused.write(film)
    const watch = terminals.start("alice", ["watch", place, "--meeting", meeting, "--once", "--settle", "1", "--json"])
    await delay(5_000)
    expect([watch.exitCode, watch.output()]).to.deep.equal([null, ""])
    await paused.close()
    expect(await exitOf(watch), watch.output()).to.equal(0)
    expect(watch.output()).to.contain('"uploaded"')
  })

  it("wrong arguments are refused", async () => {
    const usage = [2, "usage"]
    for (const args of [
      [folder],
      [folder, "--meeting", "nonsense"],
      [join(terminals.folder, "nowhere"), "--meeting", meeting],
      [folder, "--meeting", meeting, "--settle", "soon"],
    ])
      expect(await terminals.fail("alice", ["watch", ...args]), args.join(" ")).to.deep.equal(usage)
  })
})
