import { expect } from "chai"
import { execFile } from "node:child_process"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { type CaseId, formatId } from "../../../shared/protocol/ids.js"
import { sha256 } from "../../../shared/protocol/hash.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { CHUNK_BYTES, SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { chunkKey } from "../../../shared/server/assets/layout.js"
import { today } from "../../../shared/server/catalog/assets.js"
import { changeScope, closeCase } from "../../../shared/server/catalog/cases.js"
import { markAsset, markMeeting } from "../../../shared/server/catalog/deletion.js"
import { beginPack, finishPack } from "../../../shared/server/catalog/packs.js"
import { readNotices } from "../../../shared/server/catalog/notices.js"
import { makePack, type PackedMessage, packKey } from "../../../shared/server/chat-pack.js"
import { formatItem } from "../../../worker/admin/arguments.js"
import { produceCase, type ProductionParts, type ProductionResult } from "../../../worker/admin/produce.js"
import { readVerifiers } from "../../../worker/admin/verifier-files.js"
import { verifyProduction, type VerifiedProduction } from "../../../worker/admin/verify.js"
import { cleanUp } from "../../../worker/reconciler.js"
import { accountPath, accountToken, call, postAccount, postMeeting } from "../../support/api-client.js"
import { ACTOR, hold, openTestCase } from "../../support/cases.js"
import { makePerson, type Person, random } from "../../support/people.js"
import { newMeeting, type PostedMeeting } from "../../support/posted-meeting.js"
import { judgeBag } from "../../support/rfc8493.js"
import { sampleOf } from "../../support/sample.js"
import { insertMeeting, makeAsset, type TestAsset, uploadWhole } from "../uploads/support.js"
import { forge, type Forgery, startWorld, type World } from "./support.js"

const TIMES = { abandonedMs: 7 * 86_400_000, settleMs: 0, purgeGraceDays: 0 }

/** How many rows of a production are tried where not all are. */
const MOST = 10

/** SPEC.md §12: two meetings, an account, an asset of a third meeting, and ids that are not held. */
describe("productions of a case", function () {
  this.timeout(180_000)
  let world: World
  let anna: Person
  let second: PostedMeeting
  let single: TestAsset
  let singleMeeting: Uint8Array
  let caseId: CaseId

  before(async () => {
    world = await startWorld("small")
    const { stack, meeting } = world
    anna = makePerson("anna's laptop")
    await postAccount(stack.url, anna)
    const token = await accountToken(stack.url, anna)
    await call(stack.url, "POST", accountPath(anna, "inbox"), { bytes: random(LIMITS.invitationBytes) })
    await call(stack.url, "POST", accountPath(anna, "handle"), { token, json: { handle: "anna" } })
    second = newMeeting(anna)
    await postMeeting(stack.url, second)
    single = makeAsset(SEGMENT_BYTES)
    const third = await insertMeeting(stack.catalog)
    singleMeeting = third.meetingId
    await uploadWhole({ ...stack, ...third }, single, CHUNK_BYTES)
    caseId = await openTestCase(stack.catalog, [
      { kind: "meeting", id: meeting.meetingId },
      { kind: "meeting", id: second.meetingId },
      { kind: "account", id: anna.chain.accountId },
      { kind: "asset", id: single.assetId },
      { kind: "asset", id: world.published.assetId },
      { kind: "account", id: new Uint8Array(16) },
    ])
    await changeScope(stack.catalog, caseId, ACTOR, { add: [], remove: [], asks: ["members"] }, formatItem)
    await produce("whole", { ...world.parts, verifiers: await readVerifiers() })
  })
  after(() => world.stop())

  async function produce(name: string, parts: ProductionParts = world.parts, of = caseId): Promise<ProductionResult> {
    const target = join(world.folder, name)
    return await produceCase(parts, { caseId: of, actor: ACTOR, target, force: false, onProgress: () => undefined })
  }
  const verify = async (name: string): Promise<VerifiedProduction> =>
    await verifyProduction(join(world.folder, name), { instanceKey: world.stack.instanceKey, onFile: () => undefined })
  async function refusal(
    folder: string,
  ): Promise<{ readonly code: string; readonly place: string | undefined } | null> {
    try {
      await verifyProduction(folder, { instanceKey: null, onFile: () => undefined })
      return null
    } catch (error) {
      if (!isArchiveError(error)) throw error
      return { code: error.code, place: error.place }
    }
  }
  const refusalOf = async (forgery: Forgery): ReturnType<typeof refusal> =>
    await refusal(await forge(world, "whole", "forged", { ...forgery, scopeId: caseId }))
  const run = async (command: string, args: readonly string[], cwd: string) =>
    await new Promise<{ readonly exitCode: number | null; readonly output: string }>((resolve) => {
      const child = execFile(command, args, { cwd, env: { PATH: process.env["PATH"] } }, (_error, stdout, stderr) => {
        resolve({ exitCode: child.exitCode, output: stdout + stderr })
      })
    })

  it("say of everything that was asked for whether it is there, withheld, or not held, and why", async () => {
    const verified = await verify("whole")
    expect(Object.fromEntries(verified.scope.map(({ item, present }) => [item, present]))).to.deep.equal({
      [formatId("meeting", world.meeting.meetingId)]: true,
      [formatId("meeting", second.meetingId)]: true,
      [formatId("account", anna.chain.accountId)]: true,
      [formatId("asset", single.assetId)]: true,
      [formatId("asset", world.published.assetId)]: true,
      [formatItem({ kind: "account", id: new Uint8Array(16) })]: false,
    })
    expect(verified.asked.map(({ what }) => what)).to.deep.equal(["members"])
    expect(verified.present).to.include({
      meetings: 2,
      meeting_events: 4,
      assets: 6,
      accounts: 1,
      inbox_entries: 1,
      handles: 1,
    })
    expect(verified.custodyEntries).to.equal(4)
  })

  it("are told of to those concerned, with the hash that was signed (NO1)", async () => {
    const { tagManifestHash } = await produce("told")
    for (const subject of [world.meeting.meetingId, anna.chain.accountId]) {
      const [notice] = await readNotices(world.stack.catalog, subject)
      expect(notice?.steps.at(-1)).to.deep.include({ action: "produce", isWhole: true })
      expect(equalBytes(notice?.steps.at(-1)?.tagManifestSha512 ?? random(64), tagManifestHash)).to.equal(true)
    }
    const ofSingle = await readNotices(world.stack.catalog, singleMeeting)
    expect(ofSingle[0]?.steps.at(-1)).to.deep.include({ isWhole: false, assetCount: 1 })
  })

  it("are bags as RFC 8493 has them, by a checker of its own and by sha512sum (G1)", async () => {
    const folder = join(world.folder, "whole")
    expect(await judgeBag(folder)).to.deep.equal([])
    for (const manifest of ["manifest-sha512.txt", "tagmanifest-sha512.txt"]) {
      const { exitCode, output } = await run("sha512sum", ["--strict", "-c", manifest], folder)
      expect(exitCode, output).to.equal(0)
    }
  })

  it("bring the program that verifies them: one file, away from everything else", async () => {
    const folder = join(world.folder, "whole")
    const { exitCode, output } = await run(process.execPath, [join(folder, "verify.mjs")], tmpdir())
    expect(exitCode, output).to.equal(0)
    expect(output).to.match(/^complete and unaltered: case_/)
    for (const line of [
      /^present {3}mtg_/m,
      /^present {3}acct_/m,
      /^not held {2}acct_/m,
      /^declared withheld {2}/m,
      /^missing {3}0$/m,
    ])
      expect(output).to.match(line)
    const forged = await forge(world, "whole", "forged", {
      scopeId: caseId,
      counted: true,
      lines: (all) => all.filter((line) => !line.startsWith('{"table":"accounts"')),
    })
    const refused = await run(process.execPath, [join(folder, "verify.mjs"), forged], tmpdir())
    expect(refused.exitCode, refused.output).to.equal(3)
  })

  it("are told from a bag that was only signed again", async () => {
    expect(await refusalOf({})).to.equal(null)
    expect((await refusal(await forge(world, "whole", "forged", {})))?.place).to.equal("data/declaration.json")
  })

  it("are refused without any one row that something else vouches for, correctly signed and counted all the same (G3, G10)", async () => {
    const lines = (await readFile(join(world.folder, "whole", "data/records.jsonl"), "utf8")).trimEnd().split("\n")
    for (const [index, line] of sampleOf("rows of a case", [...lines.entries()], MOST)) {
      const { table } = JSON.parse(line) as { table: string }
      const refused = await refusalOf({ lines: (all) => all.toSpliced(index, 1), counted: true })
      // For what lies in an inbox, and a handle, nothing vouches but the count.
      if (table === "inbox_entries" || table === "handles") expect(refused).to.equal(null)
      else expect(refused?.code, line.slice(0, 80)).to.be.oneOf(["integrity", "bad-chain"])
    }
    const unread = (all: string[]): string[] => all.filter((line) => !line.startsWith('{"table":"inbox_entries"'))
    expect((await refusalOf({ lines: unread }))?.place, "not counted").to.equal("data/declaration.json")
  })

  it("are refused with an account's row altered (G10)", async () => {
    for (const [table, column] of [
      ["accounts", "head_hash"],
      ["account_links", "hash"],
      ["account_links", "link"],
      ["account_boxes", "box"],
      ["inbox_entries", "sealed"],
    ] as const) {
      const altered = (all: string[]): string[] => {
        const at = all.findIndex((line) => line.startsWith(`{"table":"${table}"`))
        const line = JSON.parse(all[at] ?? "") as { row: Record<string, string> }
        const bytes = Buffer.from(line.row[column] ?? "", "base64")
        bytes[40 % bytes.length] = (bytes[40 % bytes.length] ?? 0) ^ 1
        return all.with(at, JSON.stringify({ ...line, row: { ...line.row, [column]: bytes.toString("base64") } }))
      }
      expect(await refusalOf({ lines: altered, counted: true }), `${table}.${column}`).to.not.equal(null)
    }
  })

  it("are refused where the page, or the custody record, says something else (G11, G12)", async () => {
    const change =
      (from: string, to: string) =>
      (bytes: Buffer): Buffer =>
        Buffer.from(bytes.toString().replace(from, to))
    expect((await refusalOf({ files: { "declaration.html": change("given", "gone") } }))?.place).to.equal(
      "data/declaration.html",
    )
    for (const alter of [
      change('"an operator"', '"nobody"'),
      change('"action":"scope"', '"action":"hold"'),
      (bytes: Buffer) => bytes.subarray(bytes.indexOf("\n") + 1),
      (bytes: Buffer) => bytes.subarray(0, bytes.lastIndexOf("\n", -2) + 1),
    ])
      expect((await refusalOf({ files: { "custody.jsonl": alter } }))?.place).to.match(/^data\/custody\.jsonl/)
  })

  it("name what is held of other days than were asked for, and give none of it (G5, G11)", async () => {
    const { catalog } = world.stack
    const day = await today(catalog)
    await catalog.query("UPDATE assets SET created_day = created_day - 100 WHERE asset_id = $1", [
      world.published.assetId,
    ])
    const narrow = await openTestCase(catalog, [{ kind: "meeting", id: world.meeting.meetingId }])
    await changeScope(catalog, narrow, ACTOR, { add: [], remove: [], fromDay: day - 1 }, formatItem)
    await produce("narrow", world.parts, narrow)
    const verified = await verify("narrow")
    expect(verified.omitted.map(({ asset }) => asset)).to.deep.equal([formatId("asset", world.published.assetId)])
    expect(await readdir(join(world.folder, "narrow/data/objects"))).to.not.include(toHex(world.published.assetId))
    const dropped = await forge(world, "narrow", "forged", {
      scopeId: narrow,
      declaration: (given) => ({ ...given, omitted: [] }),
    })
    expect((await refusal(dropped))?.code).to.equal("integrity")
    const widened = await forge(world, "narrow", "forged", {
      scopeId: narrow,
      declaration: (given) => ({ ...given, days: { from: null, to: null } }),
    })
    expect((await refusal(widened))?.place).to.equal(formatId("asset", world.published.assetId))
    await catalog.query("UPDATE assets SET created_day = created_day + 100 WHERE asset_id = $1", [
      world.published.assetId,
    ])
  })

  for (const [place, isLocal] of [
    ["elsewhere", false],
    ["on this machine", true],
  ] as const)
    it(`of a store ${place} go on where they were left, and fetch no chunk twice`, async () => {
      const fetched: string[] = []
      let allowed = 2
      const fetch = (key: string): void => {
        if (allowed-- <= 0) throw new ArchiveError("unavailable", "the store went away")
        fetched.push(key)
      }
      const objects: typeof world.parts.objects = {
        ...world.parts.objects,
        fileOf: (key) => {
          if (!isLocal) return null
          fetch(key)
          return world.parts.objects.fileOf(key)
        },
        get: async (key, bounds) => {
          fetch(key)
          return await world.parts.objects.get(key, bounds)
        },
      }
      const name = `halfway ${place}`
      const failed: unknown = await produce(name, { ...world.parts, objects }).catch((error: unknown) => error)
      expect(isArchiveError(failed) && failed.code).to.equal("unavailable")
      allowed = Number.MAX_SAFE_INTEGER
      await produce(name, { ...world.parts, objects })
      const chunks = fetched.filter((key) => !key.endsWith("asset.cbor"))
      expect(new Set(chunks).size).to.equal(chunks.length)
      expect((await verify(name)).present).to.deep.equal((await verify("whole")).present)
    })

  it("of a store that breaks off in the middle of a chunk are gone on with", async () => {
    let breaks = true
    const objects: typeof world.parts.objects = {
      ...world.parts.objects,
      fileOf: () => null,
      get: async (key, bounds) => {
        const whole = await world.parts.objects.get(key, bounds)
        if (!breaks || key.endsWith("asset.cbor")) return whole
        return Readable.from(
          (async function* () {
            for await (const bytes of whole as AsyncIterable<Uint8Array>) yield bytes.subarray(0, bytes.length / 2)
            throw new Error("socket hang up")
          })(),
        )
      },
    }
    const failed: unknown = await produce("broken", { ...world.parts, objects }).catch((error: unknown) => error)
    expect(isArchiveError(failed) && failed.code).to.equal("unavailable")
    breaks = false
    await produce("broken", { ...world.parts, objects })
    expect((await verify("broken")).present).to.deep.equal((await verify("whole")).present)
  })

  it("are not made of an object that is shorter or longer than its row says, and leave nothing", async () => {
    const path = world.parts.objects.fileOf(chunkKey(single.assetId, 0, sha256(single.bytes))) ?? ""
    const whole = await readFile(path)
    for (const [name, bytes] of [
      ["shorter", whole.subarray(1)],
      ["longer", Buffer.concat([whole, whole.subarray(0, 1)])],
    ] as const) {
      await writeFile(path, bytes)
      for (const fileOf of [world.parts.objects.fileOf, () => null]) {
        const objects = { ...world.parts.objects, fileOf }
        const failed: unknown = await produce(name, { ...world.parts, objects }).catch((error: unknown) => error)
        expect(isArchiveError(failed) && [failed.code, failed.place]).to.deep.equal([
          "integrity",
          `data/objects/${toHex(single.assetId)}/0`,
        ])
        expect((await readdir(world.folder)).filter((found) => found.startsWith(name))).to.deep.equal([])
      }
    }
    await writeFile(path, whole)
  })

  it("give messages that are packed whole, and none where a pack is lost (CS8)", async () => {
    const { catalog, objects } = world.stack
    const { meetingId } = world.meeting
    const messages = await catalog.query<PackedMessage>(
      "SELECT seq, incarnation, day, message FROM messages WHERE meeting_id = $1 ORDER BY seq",
      [meetingId],
    )
    const packed = makePack(meetingId, messages)
    const pack = { packId: random(16), sha256: sha256(packed.bytes), sizeBytes: packed.bytes.length }
    await beginPack(catalog, pack)
    const store = async (): Promise<void> => {
      await objects.put(packKey(pack.packId), { kind: "bytes", bytes: packed.bytes, sha256: pack.sha256 })
    }
    await store()
    expect(await finishPack(catalog, pack.packId, { meetingId, messages }, packed.offsets)).to.equal(true)
    await produce("packed")
    expect((await verify("packed")).present).to.deep.equal((await verify("whole")).present)
    const messagesOf = async (name: string): Promise<readonly unknown[]> =>
      (await readFile(join(world.folder, name, "data/records.jsonl"), "utf8"))
        .split("\n")
        .filter((line) => line.startsWith('{"table":"messages"'))
        .map((line) => (JSON.parse(line) as { row: { message: unknown } }).row.message)
    expect(await messagesOf("packed")).to.deep.equal(await messagesOf("whole"))
    await objects.delete(packKey(pack.packId))
    expect(
      await produce("lost").then(
        () => null,
        (error: unknown) => (error as ArchiveError).code,
      ),
    ).to.equal("integrity")
    await store()
  })

  it("have what was deleted under a hold, whole, also when its meeting is gone (HO1)", async () => {
    const { stack, meeting, published } = world
    await hold(stack.catalog, caseId)
    await markAsset(stack.catalog, meeting.meetingId, published.assetId, 0)
    await cleanUp(stack.worker, TIMES)
    await produce("held")
    expect((await verify("held")).publishedAssets).to.equal(1)
    await markMeeting(stack.catalog, meeting.meetingId, 0)
    await cleanUp(stack.worker, TIMES)
    await cleanUp(stack.worker, TIMES)
    expect(
      await stack.catalog.query("SELECT 1 FROM meetings WHERE meeting_id = $1", [meeting.meetingId]),
    ).to.deep.equal([])
    await produce("gone")
    const verified = await verify("gone")
    expect(verified.present).to.deep.include({ ...(await verify("whole")).present, tombstones: 1 })
    const chunk = await readFile(join(world.folder, "gone/data/objects", toHex(published.assetId), "0"))
    expect(chunk.equals(published.bytes)).to.equal(true)
  })

  it("are not made of a case that is closed, or has no scope", async () => {
    const empty = await openTestCase(world.stack.catalog, [])
    const codes: string[] = []
    const attempt = async (): Promise<void> => {
      await produce("nothing", world.parts, empty).catch((error: unknown) => codes.push((error as ArchiveError).code))
    }
    await attempt()
    await closeCase(world.stack.catalog, empty, ACTOR, "nothing-held")
    await attempt()
    expect(codes).to.deep.equal(["conflict", "conflict"])
    expect((await readdir(world.folder)).filter((name) => name.startsWith("nothing"))).to.deep.equal([])
  })
})
