import { randomBytes } from "node:crypto"
import { expect } from "chai"
import { compareBytes, toBase64Url } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { CHUNK_BYTES, SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { nodeSha256 } from "../../../shared/server/ambient.js"
import { today } from "../../../shared/server/catalog/assets.js"
import { armFailpoint } from "../../../shared/server/failpoints.js"
import { openFolderStore } from "../../../shared/server/objects/folder.js"
import type { ObjectStore } from "../../../shared/server/ports.js"
import { WORKER_FAILPOINTS } from "../../../worker/failpoints.js"
import { cleanUp } from "../../../worker/reconciler.js"
import { type Answer, call } from "../../support/api-client.js"
import {
  assetPath,
  cancel,
  create,
  download,
  finish,
  head,
  insertMeeting,
  makeAsset,
  patch,
  sendAll,
  type Stack,
  startStack,
  status,
  type TestAsset,
  uploadWhole,
} from "./support.js"

const TIMES = { abandonedMs: 7 * 86_400_000, settleMs: 0, purgeGraceDays: 0 }
const PURGE_FAILPOINTS = WORKER_FAILPOINTS.filter(
  (name) => name.startsWith("worker.purge.") || name.startsWith("worker.expiry."),
)

/** SPEC.md §15. */
describe("what was deleted", function () {
  this.timeout(90_000)
  let stack: Stack
  let failing: "not persisted" | "persisted" | null = null

  before(async () => {
    stack = await startStack({
      openObjects: async (folder) => failingDeletes(await openFolderStore(folder), () => failing),
    })
  })
  after(() => stack.stop())
  beforeEach(async () => {
    // Each test has a meeting of its own.
    Object.assign(stack, await insertMeeting(stack.catalog))
  })

  async function stored(sizeBytes = SEGMENT_BYTES): Promise<TestAsset> {
    const asset = makeAsset(sizeBytes)
    await uploadWhole(stack, asset, CHUNK_BYTES)
    return asset
  }

  async function tokenOf(scope: "access" | "admin", epoch: number): Promise<string> {
    const token = randomBytes(32)
    await stack.catalog.query(
      "INSERT INTO tokens (token_hash, subject, scope, epoch, expires_at) VALUES ($1, $2, $3, $4, now() + interval '1 hour')",
      [nodeSha256(token), stack.meetingId, scope, epoch],
    )
    return toBase64Url(token)
  }

  const remove = (asset: TestAsset, token: string | Uint8Array = asset.secret): Promise<Answer> =>
    call(stack.url, "DELETE", assetPath(stack, asset), { token })
  const meetingPath = (): string => `/v1/meetings/${formatId("meeting", stack.meetingId)}`
  const keeping = async () => (await call(stack.url, "GET", meetingPath(), { token: stack.meetingToken })).json
  const clean = (): Promise<void> => cleanUp(stack.worker, TIMES)

  async function tombstonesOf(asset: TestAsset): Promise<readonly string[]> {
    const rows = await stack.catalog.query<{ kind: string }>(
      "SELECT kind FROM tombstones WHERE id = $1 OR id = $2 ORDER BY kind",
      [asset.assetId, nodeSha256(asset.header)],
    )
    return rows.map(({ kind }) => kind)
  }

  async function expectPurged(asset: TestAsset): Promise<void> {
    expect(await stack.objectKeys(asset.assetId)).to.deep.equal([])
    for (const table of ["assets", "chunks", "pieces"])
      expect(
        await stack.catalog.query(`SELECT 1 FROM ${table} WHERE asset_id = $1`, [asset.assetId]),
        table,
      ).to.deep.equal([])
    expect(await tombstonesOf(asset)).to.deep.equal(["asset", "header"])
  }

  it("by its upload secret, or by the admin capability of the newest epoch, is marked once; by nobody else (U1)", async () => {
    const [asset, other] = [await stored(), await stored()]
    for (const [token, code] of [
      [stack.meetingToken, "forbidden"],
      [other.secret, "unauthenticated"],
      [new Uint8Array(32), "unauthenticated"],
    ] as const)
      expect((await remove(asset, token)).json).to.include({ code })
    expect((await download(stack, asset)).status).to.equal(200)
    const purgeDay = await today(stack.catalog)
    for (let time = 0; time < 2; time++) expect((await remove(asset)).json).to.deep.equal({ purgeDay })
    expect((await remove(other, await tokenOf("admin", 0))).json).to.deep.equal({ purgeDay })
    const next = await stored()
    await stack.catalog.query("UPDATE meetings SET epoch = 1 WHERE meeting_id = $1", [stack.meetingId])
    expect((await remove(next, await tokenOf("admin", 0))).json).to.include({ code: "forbidden" })
    expect((await remove(next, await tokenOf("access", 1))).json).to.include({ code: "forbidden" })
    expect((await remove(next)).status, "the secret, after a rotation").to.equal(200)
  })

  it("is read by nobody, and its upload neither goes on nor is cancelled (U3)", async () => {
    const asset = await stored()
    await remove(asset)
    for (const rest of ["", "/stream", "/chunks/0/hashes"]) {
      const answer = await call(stack.url, "GET", assetPath(stack, asset, rest), { token: stack.meetingToken })
      expect([answer.status, answer.json]).to.deep.include(410).and.to.have.nested.property("[1].code", "gone")
    }
    for (const answer of [
      await finish(stack, asset),
      await patch(stack, asset, 0, SEGMENT_BYTES),
      await cancel(stack, asset),
    ])
      expect(answer.json).to.include({ code: "gone" })
    expect((await head(stack, asset)).status).to.equal(410)
  })

  it("must have been stored, in that meeting (U1)", async () => {
    const begun = makeAsset(SEGMENT_BYTES)
    await create(stack, begun)
    expect((await remove(begun)).json).to.include({ code: "not-found" })
    const asset = await stored()
    const { meetingId } = stack
    Object.assign(stack, await insertMeeting(stack.catalog))
    expect((await remove(asset)).json).to.include({ code: "unauthenticated" })
    expect((await remove(asset, await tokenOf("admin", 0))).json).to.include({ code: "not-found" })
    Object.assign(stack, { meetingId })
    expect((await remove(asset)).status).to.equal(200)
  })

  it("stays whole before its purge day, by the database's clock, and goes on it; its ids stay taken (U4, U5)", async () => {
    const [asset, kept] = [await stored(CHUNK_BYTES + SEGMENT_BYTES), await stored()]
    await remove(asset)
    await stack.catalog.query("UPDATE assets SET purge_day = purge_day + 1 WHERE asset_id = $1", [asset.assetId])
    await clean()
    expect(await stack.objectKeys(asset.assetId)).to.have.length(3)
    expect(await keeping()).to.include({ assetCount: 2 })
    await stack.catalog.query("UPDATE assets SET purge_day = purge_day - 1 WHERE asset_id = $1", [asset.assetId])
    await clean()
    await expectPurged(asset)
    expect(await keeping()).to.deep.equal({
      assetCount: 1,
      storedBytes: kept.bytes.length,
      retentionDays: null,
      purgeDay: null,
    })
    for (const answer of [
      await remove(asset),
      await call(stack.url, "GET", assetPath(stack, asset), { token: stack.meetingToken }),
    ])
      expect(answer.json).to.include({ code: "gone" })
    expect((await create(stack, asset)).json).to.include({ code: "conflict" })
    expect((await download(stack, kept)).bytes.equals(kept.bytes)).to.equal(true)
  })

  for (const name of PURGE_FAILPOINTS)
    it(`is purged all the same after a crash at ${name}, by two workers at once`, async () => {
      const asset = await stored(CHUNK_BYTES + SEGMENT_BYTES)
      await remove(asset)
      await call(stack.url, "DELETE", meetingPath(), { token: await tokenOf("admin", 0) })
      expect(await crashAt(name, clean), "it was reached").to.equal(true)
      await Promise.all([clean(), clean()])
      await clean()
      await expectPurged(asset)
      const left = await stack.catalog.query("SELECT 1 FROM meetings WHERE meeting_id = $1", [stack.meetingId])
      expect(left).to.deep.equal([])
    })

  it("is counted off its meeting once, though two workers begin at once", async () => {
    const [asset, kept] = [await stored(), await stored()]
    await remove(asset)
    await Promise.all([clean(), clean(), clean()])
    await expectPurged(asset)
    expect(await keeping()).to.include({ assetCount: 1, storedBytes: kept.bytes.length })
  })

  it("is tried again where the object store fails, whether or not it deleted", async () => {
    for (const mode of ["not persisted", "persisted"] as const) {
      const asset = await stored(CHUNK_BYTES + SEGMENT_BYTES)
      await remove(asset)
      failing = mode
      const refused = await clean().catch((error: unknown) => error)
      expect(refused).to.have.property("code", "unavailable")
      expect(await tombstonesOf(asset)).to.deep.equal([])
      failing = null
      await clean()
      await expectPurged(asset)
    }
  })

  it("leaves its row until no other worker can still be storing a chunk of it", async () => {
    const asset = await stored()
    await remove(asset)
    await cleanUp(stack.worker, { ...TIMES, settleMs: 60_000 })
    expect(await stack.objectKeys(asset.assetId)).to.deep.equal([])
    expect(await tombstonesOf(asset)).to.deep.equal([])
    await clean()
    await expectPurged(asset)
  })

  it("because its meeting keeps nothing for so long goes; what is younger, and what other meetings keep, stays", async () => {
    const [young, old] = [await stored(), await stored()]
    const set = (days: unknown, token: string) =>
      call(stack.url, "PUT", `${meetingPath()}/retention`, { token, json: { days } })
    for (const [days, token, code] of [
      [30, stack.meetingToken, "forbidden"],
      [0, await tokenOf("admin", 0), "malformed"],
      [40_000, await tokenOf("admin", 0), "malformed"],
    ] as const)
      expect((await set(days, token)).json).to.include({ code })
    expect((await set(30, await tokenOf("admin", 0))).json).to.include({ retentionDays: 30 })
    await stack.catalog.query("UPDATE assets SET stored_day = stored_day - 29 WHERE asset_id = $1", [young.assetId])
    await stack.catalog.query("UPDATE assets SET stored_day = stored_day - 30 WHERE asset_id = $1", [old.assetId])
    await clean()
    await expectPurged(old)
    expect((await status(stack, young)).state).to.equal("stored")
    expect((await set(null, await tokenOf("admin", 0))).json).to.include({ retentionDays: null, assetCount: 1 })
  })

  it("with its meeting: nothing is uploaded to it any more, and what was being uploaded is given up (U2, U3)", async () => {
    const [asset, begun] = [await stored(), makeAsset(2 * SEGMENT_BYTES)]
    await create(stack, begun)
    await sendAll(stack, begun, SEGMENT_BYTES)
    const drop = async (token: string) => await call(stack.url, "DELETE", meetingPath(), { token })
    expect((await drop(stack.meetingToken)).json).to.include({ code: "forbidden" })
    const purgeDay = await today(stack.catalog)
    for (let time = 0; time < 2; time++)
      expect((await drop(await tokenOf("admin", 0))).json).to.deep.equal({ purgeDay })
    expect((await finish(stack, begun)).json).to.include({ code: "not-found" })
    for (const again of [begun, makeAsset(SEGMENT_BYTES)])
      expect((await create(stack, again)).json).to.include({ code: "gone" })
    expect((await download(stack, asset)).status).to.equal(410)
    expect(await keeping()).to.include({ purgeDay, assetCount: 1 })
    await clean()
    await clean()
    await expectPurged(asset)
    expect(await stack.spooledFiles()).to.deep.equal([])
    expect((await call(stack.url, "POST", `${meetingPath()}/challenges`, {})).json).to.include({ code: "gone" })
  })

  it("is listed with its purge day until its row goes, a page at a time, to members of the newest epoch", async () => {
    const [asset, kept] = [await stored(), await stored()]
    await remove(asset)
    const list = async (query = "") =>
      await call(stack.url, "GET", `${meetingPath()}/assets${query}`, { token: stack.meetingToken })
    const day = await today(stack.catalog)
    const expected = [asset, kept]
      .toSorted((a, b) => compareBytes(a.assetId, b.assetId))
      .map(({ assetId }) => ({
        asset: formatId("asset", assetId),
        sizeBytes: SEGMENT_BYTES,
        storedDay: day,
        purgeDay: assetId === asset.assetId ? day : null,
      }))
    expect((await list()).json).to.deep.equal({ assets: expected, next: null })
    expect((await list(`?after=${expected[0]?.asset ?? ""}`)).json).to.deep.equal({ assets: [expected[1]], next: null })
    await stack.catalog.query("UPDATE meetings SET epoch = 1 WHERE meeting_id = $1", [stack.meetingId])
    expect((await list()).json).to.include({ code: "forbidden" })
  })
})

/** Ends `work` at the failpoint, as the end of the process would. @returns whether it came there. */
async function crashAt(name: string, work: () => Promise<void>): Promise<boolean> {
  const kill = process.kill.bind(process)
  const crash = new Error("killed")
  process.kill = () => {
    throw crash
  }
  armFailpoint({ name, logPath: null })
  try {
    await work()
    return false
  } catch (error) {
    if (error !== crash) throw error
    return true
  } finally {
    armFailpoint(null)
    process.kill = kill
  }
}

function failingDeletes(store: ObjectStore, mode: () => "not persisted" | "persisted" | null): ObjectStore {
  return {
    ...store,
    delete: async (key) => {
      if (mode() !== "not persisted") await store.delete(key)
      if (mode() !== null) throw new ArchiveError("unavailable", "the store went away")
    },
  }
}
