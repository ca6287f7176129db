import { randomBytes } from "node:crypto"
import { expect } from "chai"
import { FinishUploadResponse } from "../../../shared/protocol/http.js"
import { CHUNK_BYTES, SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { Catalog } from "../../../shared/server/ports.js"
import { call } from "../../support/api-client.js"
import {
  create,
  finish,
  makeAsset,
  offsetOf,
  patch,
  rootOf,
  sendAll,
  type Stack,
  startStack,
  status,
  reconcile,
} from "./support.js"

describe("finishing an upload", () => {
  let stack: Stack

  before(async () => {
    stack = await startStack()
  })

  after(async () => {
    await stack.stop()
  })

  it("too early is a conflict, and the upload goes on", async () => {
    const asset = makeAsset(2 * SEGMENT_BYTES)
    await create(stack, asset)
    expect((await finish(stack, asset)).json).to.include({ code: "conflict" })
    await patch(stack, asset, 0, SEGMENT_BYTES)
    expect((await finish(stack, asset)).json).to.include({ code: "conflict" })
    const half = { sizeBytes: SEGMENT_BYTES, root: rootOf(asset.bytes.subarray(0, SEGMENT_BYTES)) }
    expect((await finish(stack, asset, half)).json).to.include({ code: "conflict" })
    expect((await patch(stack, asset, SEGMENT_BYTES, 2 * SEGMENT_BYTES)).status).to.equal(204)
    expect((await finish(stack, asset)).status).to.equal(202)
  })

  it("with another root changes nothing", async () => {
    const asset = makeAsset(CHUNK_BYTES + SEGMENT_BYTES)
    await create(stack, asset, "deferred")
    await sendAll(stack, asset, CHUNK_BYTES)
    const refused = await finish(stack, asset, { root: randomBytes(32) })
    expect([refused.status, refused.json]).to.deep.include.members([422])
    expect(refused.json).to.include({ code: "integrity" })
    expect((await status(stack, asset)).state).to.equal("uploading")
    expect((await finish(stack, asset)).status).to.equal(202)
  })

  it("with a size that no stream has, or no root, is malformed (A2)", async () => {
    const asset = makeAsset(SEGMENT_BYTES)
    await create(stack, asset)
    await sendAll(stack, asset, CHUNK_BYTES)
    for (const sizeBytes of [0, SEGMENT_BYTES - 1, SEGMENT_BYTES + 48, -1, 1.5])
      expect((await finish(stack, asset, { sizeBytes })).status, String(sizeBytes)).to.equal(400)
    expect((await finish(stack, asset, { root: randomBytes(31) })).status).to.equal(400)
    const extra = await call(stack.url, "POST", `${asset.path}/finish`, {
      token: asset.secret,
      json: { sizeBytes: SEGMENT_BYTES, root: "", extra: 1 },
    })
    expect(extra.status).to.equal(400)
  })

  it("twice, at once, and after the receipt answers the same", async () => {
    const asset = makeAsset(CHUNK_BYTES + 100)
    await create(stack, asset)
    await sendAll(stack, asset, CHUNK_BYTES)
    const both = await Promise.all([finish(stack, asset), finish(stack, asset)])
    expect(both.map((answer) => answer.status)).to.deep.equal([202, 202])
    expect((await finish(stack, asset)).status).to.equal(202)
    await stack.runJobs()
    const [first, second] = [await finish(stack, asset), await finish(stack, asset)]
    expect([first.status, second.status]).to.deep.equal([200, 200])
    expect(first.text).to.equal(second.text)
    expect(FinishUploadResponse.parse(first.json)).to.include({ state: "stored", storedBytes: asset.bytes.length })
    for (const other of [{ root: randomBytes(32) }, { sizeBytes: CHUNK_BYTES }])
      expect((await finish(stack, asset, other)).json).to.include({ code: "conflict" })
  })
})

describe("uploads while something is away", () => {
  it("wait while too much is unstored, and go on when it is stored", async () => {
    const stack = await startStack({ unstoredBytes: 2 * CHUNK_BYTES })
    try {
      const asset = makeAsset(3 * CHUNK_BYTES)
      await create(stack, asset)
      await patch(stack, asset, 0, CHUNK_BYTES)
      await patch(stack, asset, CHUNK_BYTES, 2 * CHUNK_BYTES)
      const refused = await patch(stack, asset, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES)
      expect([refused.status, refused.headers.get("retry-after")]).to.deep.equal([503, "1"])
      expect(refused.json).to.include({ code: "unavailable", retryable: true })
      expect(await stack.spooledFiles()).to.have.length(2)
      await stack.runJobs()
      expect((await patch(stack, asset, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES)).status).to.equal(204)
    } finally {
      await stack.stop()
    }
  })

  it("are told when the disk is nearly full", async () => {
    const stack = await startStack({ reserveBytes: Number.MAX_SAFE_INTEGER })
    try {
      const asset = makeAsset(SEGMENT_BYTES)
      await create(stack, asset)
      const refused = await patch(stack, asset, 0, SEGMENT_BYTES)
      expect([refused.status, refused.headers.has("retry-after")]).to.deep.equal([507, true])
      expect(await offsetOf(stack, asset)).to.equal(0)
    } finally {
      await stack.stop()
    }
  })

  it("are told when the spool fails on the way, and nothing of the piece stays", async () => {
    for (const step of ["create", "commit"] as const) {
      let failing = true
      const away = (): Promise<never> => Promise.reject(new ArchiveError("unavailable", "the spool can't be used now"))
      const stack = await startStack({
        spoolOf: (spool) => ({
          ...spool,
          create: async (name) => {
            if (failing && step === "create") return await away()
            const file = await spool.create(name)
            return {
              ...file,
              commit: () => (failing && step === "commit" ? away() : file.commit()),
            }
          },
        }),
      })
      try {
        const asset = makeAsset(CHUNK_BYTES)
        await create(stack, asset)
        expect((await patch(stack, asset, 0, CHUNK_BYTES)).json, step).to.include({ code: "unavailable" })
        expect(await stack.spooledFiles()).to.deep.equal([])
        failing = false
        expect((await patch(stack, asset, 0, CHUNK_BYTES)).status).to.equal(204)
      } finally {
        await stack.stop()
      }
    }
  })

  it("lose nothing that was acknowledged when the database fails, whether it had committed or not", async () => {
    for (const committed of [false, true]) {
      let failing = false
      const catalogOf = (catalog: Catalog): Catalog => ({
        ...catalog,
        query: async (sql, values) => {
          const fails = failing && sql.includes("INSERT INTO pieces")
          const rows = fails && !committed ? [] : await catalog.query<never>(sql, values)
          if (fails) throw new ArchiveError("unavailable", "the database does not answer")
          return rows
        },
      })
      const stack = await startStack({ catalogOf })
      try {
        const asset = makeAsset(2 * CHUNK_BYTES)
        await create(stack, asset)
        await patch(stack, asset, 0, CHUNK_BYTES)
        failing = true
        const refused = await patch(stack, asset, CHUNK_BYTES, 2 * CHUNK_BYTES)
        expect([refused.status, refused.headers.has("retry-after")]).to.deep.equal([503, true])
        failing = false
        const offset = await offsetOf(stack, asset)
        expect(offset).to.equal(committed ? 2 * CHUNK_BYTES : CHUNK_BYTES)
        if (!committed) await patch(stack, asset, CHUNK_BYTES, 2 * CHUNK_BYTES)
        expect((await finish(stack, asset)).status).to.equal(202)
        await reconcile(stack)
        await stack.runJobs()
        expect((await status(stack, asset)).state).to.equal("stored")
        expect(await stack.spooledFiles()).to.deep.equal([])
      } finally {
        await stack.stop()
      }
    }
  })
})
