import { randomBytes } from "node:crypto"
import { readdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { SEGMENT_BYTES, SEGMENT_PLAINTEXT_BYTES } from "../../shared/protocol/sizes.js"
import { type Lie, type Liar, rangeOf, startLiar } from "../support/liar.js"
import { json } from "./support.js"
import { changingMessages, MESSAGES, type ServedPage } from "./chat-lies.js"
import { type Stack, startStack } from "../support/stack.js"
import { type Terminals, terminalsAt } from "../support/taciturn.js"

const FILE_BYTES = 10_000_000
const FLIPPED_SEGMENT = 100

describe("the taciturn command at a server that lies", function () {
  this.timeout(60_000)
  let liar: Liar
  let stack: Stack
  let terminals: Terminals
  let meeting: string
  let recording: string
  const bytes = randomBytes(FILE_BYTES)

  before(async () => {
    liar = await startLiar()
    stack = await startStack("embedded", { PUBLIC_URLS: liar.url })
    liar.target = stack.url
    terminals = await terminalsAt(liar.url)
    await terminals.succeed("alice", ["init"])
    ;({ meeting } = await terminals.succeed("alice", ["meeting", "create", "Lies"]))
    await writeFile(join(terminals.folder, "truth.bin"), bytes)
    ;({ recording } = await terminals.succeed("alice", ["upload", meeting, "truth.bin", "--as-is"]))
  })
  after(async () => {
    await stack.stop()
    await liar.stop()
    await terminals.close()
  })

  const flipping: Lie = {
    path: /\/stream$/,
    tell: ({ body }, asked) => {
      const at = FLIPPED_SEGMENT * SEGMENT_BYTES + 5_000 - rangeOf(asked).start
      if (at < 0 || at >= body.length) return null
      const forged = Buffer.from(body)
      forged[at] = (forged[at] ?? 0) ^ 1
      return forged
    },
  }

  it("downloads nothing that it did not verify: exit 3, the place, and no file", async () => {
    const args = ["download", recording, "-o", "fetched.bin", "--json"]
    await terminals.succeed("alice", [...args.slice(0, -1), "--force"])
    expect(bytes.equals(await terminals.read("fetched.bin"))).to.equal(true)
    const told = liar.lie(flipping)
    const refused = await terminals.run("alice", ["download", recording, "-o", "lie.bin", "--json"])
    told.stop()
    expect(told.delivered()).to.be.greaterThan(0)
    const { code, place } = refused.json.error
    expect([refused.exitCode, code, place]).to.deep.equal([3, "integrity", `segment ${FLIPPED_SEGMENT}`])
    const left = (await readdir(terminals.folder)).filter((name) => /lie\.bin|partial/.test(name))
    expect(left).to.not.include("lie.bin")
    // What was verified stays for the next call; nothing else does.
    for (const name of left) {
      const kept = await terminals.read(name)
      expect(kept.length).to.be.at.most(FLIPPED_SEGMENT * SEGMENT_PLAINTEXT_BYTES)
      expect(bytes.subarray(0, kept.length).equals(kept)).to.equal(true)
    }
    await terminals.succeed("alice", ["download", recording, "-o", "lie.bin"])
    expect(bytes.equals(await terminals.read("lie.bin"))).to.equal(true)
  })

  it("looks for no day where the server's days go back, and takes no page for another", async () => {
    for (const text of ["one", "two", "three", "four"])
      await terminals.succeed("alice", ["chat", "send", meeting, text])
    const list = async (...args: readonly string[]) =>
      await terminals.run("alice", ["chat", "list", meeting, ...args, "--json"])
    const days = ["--day", "1971-01-01"]
    const truth = await list(...days)
    expect(truth.json.messages.map(({ text }: { readonly text: string }) => text)).to.have.length(4)
    const pages: readonly (readonly [
      readonly string[],
      (page: ServedPage) => ServedPage,
      readonly [number, string],
    ])[] = [
      [
        days,
        changingMessages((placed) => placed.map((one, at) => (at === 1 ? { ...one, day: 9 } : one))),
        [3, "bad-chain"],
      ],
      [["--before", "4"], (page) => ({ ...page, count: 2 }), [3, "rollback"]],
    ]
    for (const [args, change, expected] of pages) {
      const told = liar.lie({ path: MESSAGES, tell: json(change) })
      const refused = await list(...args)
      told.stop()
      expect(told.delivered()).to.be.greaterThan(0)
      expect([refused.exitCode, refused.json.error?.code], refused.stdout).to.deep.equal(expected)
    }
    const told = liar.lie({
      path: MESSAGES,
      tell: json(changingMessages((placed) => placed.filter(({ seq }) => seq !== 1))),
    })
    const holed = await list("--from", "1", "--limit", "2")
    told.stop()
    expect(holed.json.messages[0]).to.deep.equal({ state: "gap", from: 1, to: 1 })
    expect([holed.json.before, holed.json.from]).to.deep.equal([1, 3])
  })

  it("writes nothing to standard output that it did not verify", async () => {
    const told = liar.lie(flipping)
    const { exitCode, stderr, stdoutBytes } = await terminals.run("alice", ["download", recording, "-o", "-"])
    told.stop()
    expect(told.delivered()).to.be.greaterThan(0)
    expect(exitCode, stderr).to.equal(3)
    expect(stderr).to.contain(`(segment ${FLIPPED_SEGMENT})`)
    expect(stdoutBytes.length).to.be.at.most(FLIPPED_SEGMENT * SEGMENT_PLAINTEXT_BYTES)
    expect(bytes.subarray(0, stdoutBytes.length).equals(stdoutBytes)).to.equal(true)
  })

  it("says in words and by its exit code that a log was rolled back", async () => {
    await terminals.succeed("alice", ["recordings", meeting])
    const told = liar.lie({
      path: /\/events\?from=0$/,
      tell: ({ body }) => {
        const page = JSON.parse(body.toString("utf8")) as { events: string[] }
        return Buffer.from(JSON.stringify({ ...page, events: page.events.slice(0, -1) }))
      },
    })
    expect(await terminals.fail("alice", ["recordings", meeting])).to.deep.equal([3, "rollback"])
    const spoken = await terminals.run("alice", ["recordings", meeting])
    told.stop()
    expect(told.delivered()).to.equal(2)
    expect([spoken.exitCode, spoken.stdout]).to.deep.equal([3, ""])
    expect(spoken.stderr).to.contain("shorter than this device has seen")
    await terminals.succeed("alice", ["recordings", meeting])
  })
})
