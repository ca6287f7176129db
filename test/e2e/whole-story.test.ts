import { createHash, randomBytes } from "node:crypto"
import { readFile, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import Queue from "bull"
import { openS3Store } from "../../shared/server/objects/s3.js"
import { TEST_RUN } from "../support/config.js"
import { exitOf, type ProgramResult, root, runProgram, startProgram, temporaryFolder } from "../support/programs.js"
import { type Stack, STACK_KINDS, startStack } from "../support/stack.js"

/** The embedded one is what the commands' own tests run on. */
const KINDS = TEST_RUN.isFull ? STACK_KINDS : (["full"] as const)
const MEDIA = join(root, "test/data/meeting.mp4")

for (const kind of KINDS) {
  describe(`the whole story on the ${kind} stack, through the programs`, function () {
    this.timeout(180_000)
    let stack: Stack
    let folder: Awaited<ReturnType<typeof temporaryFolder>>
    let meeting: string
    let bobAccount: string
    const recordings: Record<"prepared" | "chunks" | "input", string> = { prepared: "", chunks: "", input: "" }
    const bytes = randomBytes(20 * 1024 * 1024 + 12_345)

    const as = async (person: "alice" | "bob", args: readonly string[], input?: Uint8Array): Promise<ProgramResult> =>
      await runProgram("taciturn", args, {
        cwd: folder.path,
        environment: { TACITURN_HOME: join(folder.path, person), TACITURN_URL: stack.url },
        ...(input === undefined ? {} : { input }),
      })
    const succeed = async (
      person: "alice" | "bob",
      args: readonly string[],
      input?: Uint8Array,
    ): Promise<ProgramResult["json"]> => {
      const result = await as(person, [...args, "--json"], input)
      expect(result.exitCode, result.stdout + result.stderr).to.equal(0)
      return result.json
    }
    const admin = async (args: readonly string[]): Promise<ProgramResult> =>
      await runProgram("taciturn-admin", args, { cwd: folder.path, environment: stack.adminEnvironment })

    before(async () => {
      folder = await temporaryFolder()
      stack = await startStack(kind)
    })
    after(async () => {
      await stack.stop()
      await folder.remove()
    })

    it("two people make accounts; init never overwrites", async () => {
      const alice = await succeed("alice", ["init", "--name", "laptop"])
      expect(alice.account).to.match(/^acct_[a-z2-7]{32}$/)
      expect(alice.recoveryPhrase.split(" ")).to.have.length(24)
      bobAccount = (await succeed("bob", ["init"])).account
      const again = await as("alice", ["init", "--json"])
      expect([again.exitCode, again.json.error.code]).to.deep.equal([1, "exists"])
      const self = await succeed("alice", ["whoami"])
      expect([self.account, self.device]).to.deep.equal([alice.account, alice.device])
      expect(self.safetyWords.split(" ")).to.have.length(24)
      expect((await stat(join(folder.path, "alice", "keystore"))).mode & 0o777).to.equal(0o600)
    })

    it("a meeting is made, a member added, and it joins", async () => {
      ;({ meeting } = await succeed("alice", ["meeting", "create", "Quarterly figures"]))
      expect(await succeed("alice", ["meeting", "add", meeting, bobAccount])).to.include({ epoch: 1 })
      expect((await succeed("bob", ["meeting", "join"])).joined).to.have.length(1)
      const shown = await succeed("bob", ["meeting", "show", meeting])
      expect(shown).to.include({ title: "Quarterly figures", epoch: 1 })
      expect(shown.members).to.have.length(2)
      expect((await succeed("bob", ["meeting", "list"])).meetings).to.have.length(1)
    })

    it("a real recording is prepared, uploaded and published, with poster, waveform and captions", async () => {
      const uploaded = await succeed("alice", ["upload", meeting, MEDIA, "--title", "Budget review"])
      recordings.prepared = uploaded.recording
      expect(uploaded.receipt).to.be.a("string")
      const [listed] = (await succeed("bob", ["recordings", meeting])).recordings
      expect(listed).to.include({
        recording: uploaded.recording,
        title: "Budget review",
        sizeBytes: uploaded.sizeBytes,
      })
      expect(listed.durationSeconds).to.be.greaterThan(1)
    })

    it("a file of several chunks comes back byte by byte, whole and in ranges, from the other person", async () => {
      const file = join(folder.path, "random.bin")
      await writeFile(file, bytes)
      recordings.chunks = (await succeed("alice", ["upload", meeting, file, "--as-is"])).recording
      const fetched = await succeed("bob", ["download", recordings.chunks, "-o", "fetched.bin"])
      expect(fetched).to.include({ sizeBytes: bytes.length })
      expect(digest(await readFile(join(folder.path, "fetched.bin")))).to.equal(digest(bytes))
      const refused = await as("bob", ["download", recordings.chunks, "-o", "fetched.bin", "--json"])
      expect([refused.exitCode, refused.json.error.code]).to.deep.equal([1, "exists"])
      for (const [start, end] of [
        [0, 0],
        [65_487, 65_489],
        [8_382_463, 8_382_465],
        [bytes.length - 5, bytes.length - 1],
      ] as const) {
        const part = `part-${start}.bin`
        await succeed("bob", ["download", recordings.chunks, "-o", part, "--range", `${start}-${end}`])
        expect(digest(await readFile(join(folder.path, part))), part).to.equal(digest(bytes.subarray(start, end + 1)))
      }
    })

    it("standard input is uploaded without its length being known", async () => {
      const input = bytes.subarray(0, 9_000_001)
      recordings.input = (await succeed("alice", ["upload", meeting, "-", "--title", "Piped"], input)).recording
      await succeed("bob", ["download", recordings.input, "-o", "piped.bin"])
      expect(digest(await readFile(join(folder.path, "piped.bin")))).to.equal(digest(input))
    })

    it("several files give several recordings, and one that fails makes the exit code 1", async () => {
      const result = await as("alice", ["upload", meeting, MEDIA, join(folder.path, "nowhere.mp4"), "--json"])
      expect(result.exitCode).to.equal(1)
      expect(result.json.recordings).to.have.length(2)
      expect(result.json.recordings[1].error.code).to.equal("usage")
    })

    it("play serves any player on the loopback address, by ranges, until Ctrl-C", async () => {
      const player = startProgram("taciturn", ["play", recordings.chunks, "--json"], {
        environment: { TACITURN_HOME: join(folder.path, "bob"), TACITURN_URL: stack.url },
      })
      const url = await new Promise<string>((resolve) => {
        player.stdout?.on("data", () => {
          const found = /"url":"([^"]+)"/.exec(player.output())
          if (found?.[1] !== undefined) resolve(found[1])
        })
      })
      const probe = await fetch(url, { headers: { range: "bytes=0-1" } })
      expect([probe.status, probe.headers.get("content-range")]).to.deep.equal([206, `bytes 0-1/${bytes.length}`])
      expect(Buffer.from(await probe.arrayBuffer())).to.deep.equal(bytes.subarray(0, 2))
      const tail = await fetch(url, { headers: { range: "bytes=-1000" } })
      expect(digest(Buffer.from(await tail.arrayBuffer()))).to.equal(digest(bytes.subarray(-1_000)))
      expect((await fetch(url, { headers: { range: `bytes=${bytes.length}-` } })).status).to.equal(416)
      expect((await fetch(`${url}x`)).status).to.equal(404)
      expect(digest(Buffer.from(await (await fetch(url)).arrayBuffer()))).to.equal(digest(bytes))
      player.kill("SIGINT")
      expect(await exitOf(player)).to.equal(0)
    })

    it("wrong arguments are refused with 2, and --json says so alone on stdout", async () => {
      for (const args of [
        [],
        ["nonsense"],
        ["upload"],
        ["download", "nonsense"],
        ["meeting", "show", bobAccount],
        ["recordings", meeting, "more"],
        ["download", recordings.chunks, "--range", "5-1"],
        ["upload", meeting, join(folder.path, "nowhere")],
      ]) {
        const result = await as("alice", [...args, "--json"])
        expect(result.exitCode, args.join(" ")).to.equal(args.length === 0 ? 2 : 2)
        if (args.length > 0) expect(result.json?.error.code, args.join(" ")).to.equal("usage")
      }
      const help = await as("alice", ["upload", "--help"])
      expect(help.exitCode).to.equal(0)
      expect(help.stdout).to.contain("Example:")
    })

    it("a stranger finds nothing, and a recording of no meeting is not found", async () => {
      const stranger = await as("alice", ["recordings", "mtg_a4dqobyha4dqobyha4dqobyha4imo3lg", "--json"])
      expect([stranger.exitCode, stranger.json.error.code]).to.deep.equal([1, "not-found"])
    })

    it("the operator counts, produces and verifies beside the running service", async () => {
      const holdings = await admin(["holdings", "--json"])
      expect(holdings.json.classes.account.tables.accounts.rows).to.equal(2)
      expect(holdings.json.objects.count).to.be.greaterThan(5)
      const produced = await admin(["produce", "--meeting", meeting, "-o", "production", "--json"])
      expect(produced.exitCode, produced.stdout).to.equal(0)
      const verified = await runProgram("taciturn-admin", ["verify", "production", "--json"], { cwd: folder.path })
      expect(verified.exitCode, verified.stdout).to.equal(0)
      expect(verified.json.publishedAssets).to.be.greaterThanOrEqual(6)
    })

    if (kind === "full") {
      it("chunks are in S3, jobs go through Redis, and each process is another", async () => {
        const { settings } = stack
        if (settings?.s3 == null) throw new Error("the full stack has an S3")
        const store = openS3Store({ ...settings.s3, region: "us-east-1" })
        const keys: string[] = []
        for await (const { key } of store.list("c/")) keys.push(key)
        await store.close()
        expect(keys.filter((key) => /^c\/[0-9a-f]{32}\/\d+\/[0-9a-f]{64}$/.test(key)).length).to.be.greaterThan(5)
        expect(keys.filter((key) => key.endsWith("/asset.cbor")).length).to.be.greaterThan(5)
        const queue = new Queue("taciturn", settings.redisUrl)
        expect(await queue.client.get("bull:taciturn:id").then(Number)).to.be.greaterThan(5)
        await queue.close()
        expect(new Set([settings.apiPid, settings.workerPid, settings.redisPid, process.pid]).size).to.equal(4)
      })
    }
  })
}

function digest(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex")
}
