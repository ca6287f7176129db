import { readFile } from "node:fs/promises"
import { expect } from "chai"
import { CHUNK_BYTES, SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { acquireLease } from "../../../shared/server/catalog/leases.js"
import { openFolderStore } from "../../../shared/server/objects/folder.js"
import type { ObjectStore } from "../../../shared/server/ports.js"
import { UPLOAD_FAILPOINTS } from "../../../api/uploads/failpoints.js"
import { WORKER_FAILPOINTS } from "../../../worker/failpoints.js"
import { finishAsset } from "../../../worker/finish-asset.js"
import { cleanUp, nudgeUnfinished } from "../../../worker/reconciler.js"
import { runJob } from "../../../worker/run-job.js"
import { storeChunk } from "../../../worker/store-chunk.js"
import {
  cancel,
  create,
  download,
  finish,
  head,
  makeAsset,
  patch,
  sendAll,
  type Stack,
  type StackOptions,
  startStack,
  status,
  type TestAsset,
  uploadWhole,
  reconcile,
} from "./support.js"

const NOW = { abandonedMs: 7 * 86_400_000, settleMs: 0, purgeGraceDays: 0 }

describe("the worker", () => {
  const stacks: Stack[] = []

  async function fresh(options: StackOptions = {}): Promise<Stack> {
    const stack = await startStack(options)
    stacks.push(stack)
    return stack
  }

  afterEach(async () => {
    for (const stack of stacks.splice(0)) await stack.stop()
  })

  async function received(stack: Stack, sizeBytes: number, pieceBytes = CHUNK_BYTES): Promise<TestAsset> {
    const asset = makeAsset(sizeBytes)
    await create(stack, asset)
    await sendAll(stack, asset, pieceBytes)
    return asset
  }

  async function expectServed(stack: Stack, asset: TestAsset): Promise<void> {
    expect((await status(stack, asset)).state).to.equal("stored")
    expect((await download(stack, asset)).bytes.equals(asset.bytes)).to.equal(true)
    expect(await stack.spooledFiles()).to.deep.equal([])
  }

  it("twice or by two at once changes nothing more than once", async () => {
    for (const pieceBytes of [CHUNK_BYTES, CHUNK_BYTES / 4]) {
      const stack = await fresh()
      const asset = await received(stack, 2 * CHUNK_BYTES + SEGMENT_BYTES, pieceBytes)
      await finish(stack, asset)
      const jobs = [...stack.jobs, ...stack.jobs]
      await Promise.all(jobs.map((job) => runJob(stack.worker, job)))
      for (const job of jobs) await runJob(stack.worker, job)
      await expectServed(stack, asset)
      expect(await stack.objectKeys(asset.assetId)).to.have.length(4)
      const [row] = await stack.catalog.query("SELECT asset_count, stored_bytes FROM meetings WHERE meeting_id = $1", [
        stack.meetingId,
      ])
      expect(row).to.deep.equal({ asset_count: 1, stored_bytes: asset.bytes.length })
    }
  })

  it("gets back from the catalog alone what the queue lost", async () => {
    const stack = await fresh()
    const asset = await received(stack, CHUNK_BYTES + SEGMENT_BYTES, CHUNK_BYTES / 2)
    await finish(stack, asset)
    stack.jobs.length = 0
    await reconcile(stack)
    await stack.runJobs()
    await expectServed(stack, asset)
  })

  it("does by itself what stays unfinished from one pass to the next, whatever the queue believes", async () => {
    const stack = await fresh()
    const asset = await received(stack, CHUNK_BYTES + SEGMENT_BYTES)
    await finish(stack, asset)
    const unfinished = await nudgeUnfinished(stack.worker, new Set())
    expect(unfinished.size).to.equal(3)
    expect((await status(stack, asset)).storedBytes).to.equal(0)
    stack.jobs.length = 0
    await nudgeUnfinished(stack.worker, unfinished)
    await expectServed(stack, asset)
    expect((await nudgeUnfinished(stack.worker, unfinished)).size).to.equal(0)
  })

  it("finishes what a killed worker had stored, marked, or moved but not more", async () => {
    const stack = await fresh()
    const asset = await received(stack, 2 * CHUNK_BYTES)
    await finish(stack, asset)
    // As after a kill between put and mark: the object stands, the piece's file is gone, the row says nothing.
    const [piece] = await stack.catalog.query<{ spool_name: string; sha256: Uint8Array }>(
      "SELECT spool_name, sha256 FROM pieces WHERE start_bytes = 0",
      [],
    )
    const key = `c/${Buffer.from(asset.assetId).toString("hex")}/0/${Buffer.from(piece?.sha256 ?? []).toString("hex")}`
    const path = stack.spool.pathOf(piece?.spool_name ?? "")
    await stack.objects.put(key, {
      kind: "files",
      paths: [path],
      sizeBytes: CHUNK_BYTES,
      sha256: piece?.sha256 ?? new Uint8Array(0),
      consume: true,
    })
    await stack.runJobs()
    await expectServed(stack, asset)
  })

  it("does not call stored what the store failed to take, and comes back for it", async () => {
    for (const persisted of [false, true]) {
      let failing = true
      const stack = await fresh({
        openObjects: async (folder) => failingPuts(await openFolderStore(folder), persisted, () => failing),
      })
      const asset = await received(stack, CHUNK_BYTES + SEGMENT_BYTES)
      await finish(stack, asset)
      const jobs = stack.jobs.splice(0)
      for (const job of jobs)
        await runJob(stack.worker, job).catch((error: unknown) => expect(error).to.have.property("code", "unavailable"))
      expect(await status(stack, asset)).to.include({ state: "storing", storedBytes: 0 })
      failing = false
      await reconcile(stack)
      await stack.runJobs()
      await expectServed(stack, asset)
    }
  })

  it("gives no receipt while a chunk is missing, nor for what was not finished (W2)", async () => {
    const stack = await fresh()
    const asset = await received(stack, 2 * CHUNK_BYTES)
    await finishAsset(stack.worker, asset.assetId)
    await finish(stack, asset)
    await storeChunk(stack.worker, asset.assetId, 1)
    await finishAsset(stack.worker, asset.assetId)
    expect(await status(stack, asset)).to.deep.equal({
      state: "storing",
      offsetBytes: asset.bytes.length,
      storedBytes: CHUNK_BYTES,
    })
    expect((await download(stack, asset)).status).to.equal(404)
    await storeChunk(stack.worker, asset.assetId, 0)
    await expectServed(stack, asset)
  })

  it("leaves what is of no asset, no chunk, or not complete", async () => {
    const stack = await fresh()
    const asset = await received(stack, SEGMENT_BYTES)
    await storeChunk(stack.worker, makeAsset(SEGMENT_BYTES).assetId, 0)
    await storeChunk(stack.worker, asset.assetId, 7)
    await finishAsset(stack.worker, makeAsset(SEGMENT_BYTES).assetId)
    const half = makeAsset(CHUNK_BYTES)
    await create(stack, half)
    await patch(stack, half, 0, SEGMENT_BYTES)
    await storeChunk(stack.worker, half.assetId, 0)
    expect(await stack.objectKeys(half.assetId)).to.deep.equal([])
    expect(await stack.spooledFiles()).to.have.length(2)
  })

  it("refuses a spooled piece that is not what was received", async () => {
    const stack = await fresh()
    const asset = await received(stack, 2 * SEGMENT_BYTES, SEGMENT_BYTES)
    const [name = ""] = await stack.spooledFiles()
    const { writeFile } = await import("node:fs/promises")
    const bytes = await readFile(stack.spool.pathOf(name))
    bytes[5] = (bytes[5] ?? 0) ^ 1
    await writeFile(stack.spool.pathOf(name), bytes)
    const refusal = await storeChunk(stack.worker, asset.assetId, 0).catch((error: unknown) => error)
    expect(refusal).to.have.property("code", "integrity")
    expect(await status(stack, asset)).to.include({ storedBytes: 0 })
  })

  describe("what is given up", () => {
    it("by its uploader disappears whole, and its id stays taken", async () => {
      const stack = await fresh()
      const asset = await received(stack, 2 * CHUNK_BYTES - SEGMENT_BYTES)
      await storeChunk(stack.worker, asset.assetId, 0)
      expect((await cancel(stack, asset)).status).to.equal(204)
      for (const answer of [
        await cancel(stack, asset),
        await head(stack, asset),
        await patch(stack, asset, 0, SEGMENT_BYTES),
        await finish(stack, asset),
      ]) {
        expect(answer.status).to.equal(404)
      }
      expect((await create(stack, asset)).json).to.include({ code: "conflict" })
      await reconcile(stack)
      expect(await stack.objectKeys(asset.assetId)).to.deep.equal([])
      expect(await stack.spooledFiles()).to.deep.equal([])
      await reconcile(stack, 0)
      for (const table of ["assets", "chunks", "pieces"])
        expect(await stack.catalog.query(`SELECT 1 FROM ${table}`, []), table).to.deep.equal([])
      const [tombstone] = await stack.catalog.query<{ kind: string; id: Uint8Array }>(
        "SELECT kind, id FROM tombstones",
        [],
      )
      expect(tombstone?.kind).to.equal("asset")
      expect((await create(stack, asset)).json).to.include({ code: "conflict" })
    })

    it("while a chunk is being stored leaves no object", async () => {
      let meanwhile = async (): Promise<void> => undefined
      const stack = await fresh({
        openObjects: async (folder) => beforePut(await openFolderStore(folder), () => meanwhile()),
      })
      const asset = await received(stack, CHUNK_BYTES)
      meanwhile = async () => {
        await cancel(stack, asset)
      }
      await storeChunk(stack.worker, asset.assetId, 0)
      expect(await stack.objectKeys(asset.assetId)).to.deep.equal([])
      await reconcile(stack, 0)
      expect(await stack.spooledFiles()).to.deep.equal([])
    })

    it("is not what has its receipt", async () => {
      const stack = await fresh()
      const asset = makeAsset(SEGMENT_BYTES)
      await uploadWhole(stack, asset, CHUNK_BYTES)
      expect((await cancel(stack, asset)).json).to.include({ code: "conflict" })
      await expectServed(stack, asset)
    })

    it("by nobody's going on expires after the idle time, by the database's clock, unless somebody holds its lease", async () => {
      const stack = await fresh()
      const [idle, recent, held] = [
        await received(stack, SEGMENT_BYTES),
        await received(stack, SEGMENT_BYTES),
        await received(stack, SEGMENT_BYTES),
      ]
      for (const { assetId } of [idle, held])
        await stack.catalog.query(
          "UPDATE assets SET active_at = now() - interval '7 days 1 second' WHERE asset_id = $1",
          [assetId],
        )
      await stack.catalog.query(
        "UPDATE assets SET active_at = now() - interval '6 days 23 hours' WHERE asset_id = $1",
        [recent.assetId],
      )
      await acquireLease(stack.catalog, held.assetId, 60_000, false)
      await cleanUp(stack.worker, NOW)
      await cleanUp(stack.worker, NOW)
      const left = await stack.catalog.query<{ asset_id: Uint8Array }>(
        "SELECT asset_id FROM assets ORDER BY active_at",
        [],
      )
      expect(left.map((row) => Buffer.from(row.asset_id).toString("hex"))).to.have.members(
        [recent, held].map(({ assetId }) => Buffer.from(assetId).toString("hex")),
      )
      expect(await stack.spooledFiles()).to.have.length(2)
    })

    it("is not what was finished, however long storing takes", async () => {
      const stack = await fresh()
      const asset = await received(stack, SEGMENT_BYTES)
      await finish(stack, asset)
      await stack.catalog.query("UPDATE assets SET active_at = now() - interval '30 days'", [])
      await reconcile(stack, 0)
      await stack.runJobs()
      await expectServed(stack, asset)
    })
  })

  it("removes from the spool what no piece names, but not what is being received", async () => {
    const stack = await fresh()
    const asset = makeAsset(2 * SEGMENT_BYTES)
    await create(stack, asset)
    await patch(stack, asset, 0, SEGMENT_BYTES)
    const lease = await acquireLease(stack.catalog, asset.assetId, 60_000, true)
    const id = Buffer.from(asset.assetId).toString("hex")
    const names = [
      `${id}-${lease?.token ?? 0}-0011223344556677`,
      `${id}-1-0011223344556677`,
      `${"ab".repeat(16)}-9-0011223344556677`,
      "notes.txt",
    ]
    for (const name of names) await (await stack.spool.create(name)).commit()
    await reconcile(stack)
    const left = await stack.spooledFiles()
    expect(left).to.have.length(3)
    expect(left).to.include(names[0]).and.to.include("notes.txt")
    await stack.catalog.query("UPDATE assets SET lease_until = now() - interval '1 second'", [])
    await reconcile(stack)
    expect(await stack.spooledFiles())
      .to.have.length(2)
      .and.not.to.include(names[0])
  })

  it("has its failpoints where the lists say, and the API its own", async () => {
    for (const [names, folder, files] of [
      [
        UPLOAD_FAILPOINTS,
        "../../../api/uploads/",
        ["tus.ts", "routes.ts", "append-body.ts", "receive-piece.ts", "finish.ts"],
      ],
      [
        WORKER_FAILPOINTS,
        "../../../worker/",
        ["store-chunk.ts", "finish-asset.ts", "reconciler.ts", "expiry.ts", "pack-messages.ts"],
      ],
    ] as const) {
      const sources = await Promise.all(files.map((file) => readFile(new URL(folder + file, import.meta.url), "utf8")))
      const named = [...sources.join("\n").matchAll(/failpoint\("([^"]+)"\)/g)].map((match) => match[1])
      expect(named).to.have.members([...names])
      expect(names).to.have.length.above(9)
    }
  })
})

function failingPuts(store: ObjectStore, persisted: boolean, isFailing: () => boolean): ObjectStore {
  return {
    ...store,
    put: async (key, source) => {
      if (!isFailing() || persisted) await store.put(key, source)
      if (isFailing()) throw new ArchiveError("unavailable", "the store went away")
    },
  }
}

function beforePut(store: ObjectStore, first: () => Promise<void>): ObjectStore {
  return {
    ...store,
    put: async (key, source) => {
      await first()
      await store.put(key, source)
    },
  }
}
