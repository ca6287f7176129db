import { randomBytes } from "node:crypto"
import { readdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { SEGMENT_BYTES, SEGMENT_PLAINTEXT_BYTES } from "../../shared/protocol/sizes.js"
import { type Lie, type Liar, rangeOf, startLiar } from "../support/liar.js"
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
