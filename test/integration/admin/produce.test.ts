import { expect } from "chai"
import { createHash } from "node:crypto"
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assetHeaderHash } from "../../../shared/protocol/asset-header.js"
import { toHex } from "../../../shared/protocol/bytes.js"
import { type ArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { CHUNK_BYTES, SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { assetRecordKey } from "../../../shared/server/assets/layout.js"
import { beginPurge, markAsset } from "../../../shared/server/catalog/deletion.js"
import { beginRemoval } from "../../../shared/server/catalog/holds.js"
import type { Spool } from "../../../shared/server/ports.js"
import { SCHEMA } from "../../../shared/server/schema.js"
import { programHash } from "../../../shared/server/version.js"
import { countHoldings } from "../../../worker/admin/holdings.js"
import { produceMeeting } from "../../../worker/admin/produce.js"
import type { Declaration } from "../../../worker/admin/production-format.js"
import { verifyProduction, type VerifiedProduction } from "../../../worker/admin/verify.js"
import { cleanUp } from "../../../worker/reconciler.js"
import { forge, payloadFiles, produce, startWorld, type World } from "./support.js"

describe("productions", function () {
  this.timeout(60_000)
  let world: World

  before(async () => {
    world = await startWorld("large")
    await produce(world, "whole")
  })
  after(() => world.stop())

  const verify = async (name: string): Promise<VerifiedProduction> =>
    await verifyProduction(join(world.folder, name), { instanceKey: world.stack.instanceKey, onFile: () => undefined })
  const failure = async (work: Promise<unknown>): Promise<ArchiveError> =>
    await work.then(
      () => expect.fail("it should have failed"),
      (error: unknown) => error as ArchiveError,
    )

  it("hold every row and byte of the meeting, and verify without server and key", async () => {
    const verified = await verify("whole")
    expect(verified.scope.map(({ item, present }) => [item, present])).to.deep.equal([
      [formatId("meeting", world.meeting.meetingId), true],
    ])
    expect(verified.present).to.deep.include({
      meetings: 1,
      meeting_events: 3,
      meeting_epochs: 2,
      messages: 3,
      tombstones: 0,
      assets: 5,
      chunks: 5,
      pieces: 6,
    })
    expect(verified.publishedAssets).to.equal(1)
    expect(verified.withheld.map(({ what, count }) => [what, count])).to.deep.equal([
      ["rows of challenges", 0],
      ["rows of tokens", 2],
    ])
  })

  it("say which software made them, by version and hash", async () => {
    const data = join(world.folder, "whole", "data")
    const { software } = JSON.parse(await readFile(join(data, "declaration.json"), "utf8")) as Declaration
    const sha256 = programHash()
    expect(software).to.deep.equal({ name: "taciturn", version: "0.0.0-test", sha256 })
    expect(await readFile(join(data, "declaration.html"), "utf8")).to.include(sha256)
  })

  it("carry the very bytes that were uploaded", async () => {
    const { published, unfinished } = world
    const bag = join(world.folder, "whole", "data")
    const objects = join(bag, "objects", toHex(published.assetId))
    const chunks = [await readFile(join(objects, "0")), await readFile(join(objects, "1"))]
    expect(Buffer.concat(chunks).equals(published.bytes)).to.equal(true)
    const piece = await readFile(join(bag, "pieces", toHex(unfinished.assetId), String(2 * CHUNK_BYTES)))
    expect(piece.equals(unfinished.bytes.subarray(2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 2 * SEGMENT_BYTES))).to.equal(true)
  })

  it("are bags of RFC 8493, as sha512sum -c would judge them", async () => {
    const bag = join(world.folder, "whole")
    for (const manifest of ["manifest-sha512.txt", "tagmanifest-sha512.txt"]) {
      for (const line of (await readFile(join(bag, manifest), "utf8")).trimEnd().split("\n")) {
        const [digest, path = ""] = line.split("  ")
        const actual = createHash("sha512").update(await readFile(join(bag, path)))
        expect(actual.digest("hex"), path).to.equal(digest)
      }
    }
    const named = (await readFile(join(bag, "manifest-sha512.txt"), "utf8")).trimEnd().split("\n").length
    expect(named).to.equal((await payloadFiles(bag)).length)
    expect((await readdir(bag)).sort()).to.deep.equal([
      "bag-info.txt",
      "bagit.txt",
      "data",
      "manifest-sha512.txt",
      "production-signature.cbor",
      "tagmanifest-sha512.txt",
      "verify.html",
      "verify.mjs",
    ])
  })

  it("hold no secret of the server", async () => {
    const seeds = await world.stack.catalog.query<{ seed: Buffer }>(
      "SELECT seed FROM server_keys UNION SELECT instance_seed FROM instance",
      [],
    )
    const bag = join(world.folder, "whole", "data")
    const text =
      (await readFile(join(bag, "records.jsonl"), "utf8")) + (await readFile(join(bag, "declaration.json"), "utf8"))
    for (const { seed } of seeds) expect(text).to.not.contain(seed.toString("base64"))
    const schema = JSON.parse(await readFile(join(bag, "schema.json"), "utf8")) as typeof SCHEMA
    for (const { columns } of Object.values(schema)) expect(Object.values(columns)).to.not.include("server-secret")
  })

  it("do not replace what exists, and with force only a production", async () => {
    expect((await failure(produce(world, "whole"))).code).to.equal("exists")
    const target = join(world.folder, "holiday")
    await mkdir(target)
    await writeFile(join(target, "photo"), "mine")
    const options = { meetingId: world.meeting.meetingId, target, force: true, onProgress: () => undefined }
    expect((await failure(produceMeeting(world.parts, options))).code).to.equal("exists")
    expect(await readFile(join(target, "photo"), "utf8")).to.equal("mine")
    const again = { ...options, target: join(world.folder, "whole") }
    await produceMeeting(world.parts, again)
    await verify("whole")
  })

  it("of a meeting that is not held are refused, and leave nothing", async () => {
    const meetingId = world.meeting.meetingId.map((byte) => byte ^ 1) as typeof world.meeting.meetingId
    const target = join(world.folder, "nobody's")
    const error = await failure(
      produceMeeting(world.parts, { meetingId, target, force: false, onProgress: () => undefined }),
    )
    expect(error.code).to.equal("not-found")
    expect((await readdir(world.folder)).filter((name) => name.startsWith("nobody's"))).to.deep.equal([])
  })

  it("leave nothing under their name when a byte is lost, and say which asset", async () => {
    const key = assetRecordKey(world.published.assetId)
    const objects: typeof world.parts.objects = {
      ...world.parts.objects,
      get: async (asked, range) => await world.parts.objects.get(asked === key ? `${key}.gone` : asked, range),
    }
    const error = await failure(produce(world, "lossy", { ...world.parts, objects }))
    expect([error.code, error.place]).to.deep.equal(["integrity", `asset ${toHex(world.published.assetId)}`])
    expect((await readdir(world.folder)).filter((name) => name.startsWith("lossy"))).to.deep.equal([])
  })

  it("are complete where a piece is stored, and its file gone, while they are made", async () => {
    // Between the snapshot and the reading of the pieces, the worker does its work on the chunk that waits for it.
    const waiting = await world.parts.catalog.query<{ spool_name: string }>(
      "SELECT spool_name FROM pieces WHERE asset_id = $1 AND start_bytes < $2",
      [world.unfinished.assetId, 2 * CHUNK_BYTES],
    )
    const gone = new Set(waiting.map((piece) => piece.spool_name))
    expect(gone.size).to.equal(2)
    let stored = false
    const spool: Spool = {
      ...world.parts.spool,
      pathOf: (name) => world.parts.spool.pathOf(gone.has(name) ? `${name}-0` : name),
    }
    const catalog: typeof world.parts.catalog = {
      ...world.parts.catalog,
      query: async (sql, values) => {
        if (!stored) await world.stack.runJobs()
        stored = true
        return await world.parts.catalog.query(sql, values)
      },
    }
    await produce(world, "beside", { ...world.parts, spool, catalog })
    expect(stored).to.equal(true)
    expect((await verify("beside")).present.pieces).to.equal(6)
    await rm(join(world.folder, "beside"), { recursive: true })
  })

  it("and holdings count what the catalog and the store have, by class", async () => {
    const { catalog, objects, spool } = world.stack
    const holdings = await countHoldings(catalog, objects, spool)
    expect(holdings.classes.meeting.tables["meeting_events"]?.rows).to.equal(3)
    expect(holdings.classes.meeting.tables["meetings"]?.rows).to.equal(2)
    const tables = Object.values(holdings.classes).flatMap((held) => Object.keys(held.tables))
    expect(tables.sort()).to.deep.equal(Object.keys(SCHEMA).sort())
    // Two chunks and a record, one and a record, and two of the unfinished asset.
    expect(holdings.objects.count).to.equal(7)
    expect(holdings.spool.count).to.equal(4)
    const event = await catalog.query<{ bytes: number }>("SELECT sum(length(event)) AS bytes FROM meeting_events", [])
    expect(holdings.classes.meeting.bytes).to.be.greaterThan(Number(event[0]?.bytes))
  })

  it("hold what was deleted until it is purged, what is left of it meanwhile, and then its tombstone", async () => {
    const { stack, published, meeting } = world
    const { catalog, objects } = stack
    await markAsset(catalog, meeting.meetingId, published.assetId, 0)
    await produce(world, "marked")
    expect((await verify("marked")).publishedAssets).to.equal(1)
    await beginPurge(catalog, published.assetId)
    await beginRemoval(catalog, published.assetId)
    await objects.delete(assetRecordKey(published.assetId))
    await produce(world, "purging")
    expect((await verify("purging")).present).to.include({ assets: 5, tombstones: 0 })
    await cleanUp(stack.worker, { abandonedMs: 7 * 86_400_000, settleMs: 0, purgeGraceDays: 0 })
    await produce(world, "purged")
    const verified = await verify("purged")
    expect(verified.present).to.include({ assets: 3, tombstones: 1 })
    expect(verified.publishedAssets).to.equal(0)
    const lines = await readFile(join(world.folder, "purged", "data/records.jsonl"), "utf8")
    expect(lines).to.include(Buffer.from(assetHeaderHash(published.header)).toString("base64"))
    const forged = await forge(world, "purged", "made-up", {
      lines: (all) => all.map((line) => line.replace('{"kind":"header"', '{"kind":"asset"')),
    })
    expect((await failure(verify(forged.slice(world.folder.length + 1)))).place).to.match(/^tombstone /)
  })
})
