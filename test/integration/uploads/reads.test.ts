import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import fc from "fast-check"
import { merkleRoot, auditPath, leafHash } from "../../../shared/protocol/merkle.js"
import { concatBytes, toHex } from "../../../shared/protocol/bytes.js"
import { CHUNK_BYTES, SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { parseRange } from "../../../api/assets/range.js"
import { buildChunkTree, chunkAuditPath, subtreeRoot } from "../../../shared/server/assets/chunk-tree.js"
import { openFolderStore } from "../../../shared/server/objects/folder.js"
import { call } from "../../support/api-client.js"
import {
  assetPath,
  create,
  download,
  insertMeeting,
  makeAsset,
  sendAll,
  type Stack,
  startStack,
  type TestAsset,
  uploadWhole,
} from "./support.js"

describe("reads of a stored asset", () => {
  let stack: Stack
  let asset: TestAsset
  const opened: { destroyed: boolean }[] = []

  before(async () => {
    stack = await startStack({
      openObjects: async (folder) => {
        const store = await openFolderStore(folder)
        return {
          ...store,
          get: async (key, range) => {
            const stream = await store.get(key, range)
            opened.push(stream)
            return stream
          },
        }
      },
    })
    asset = makeAsset(2 * CHUNK_BYTES + SEGMENT_BYTES + 1234)
    await uploadWhole(stack, asset, CHUNK_BYTES)
  })

  after(async () => {
    await stack.stop()
  })

  it("give exactly the range asked for, at every border of segments and chunks", async () => {
    const last = asset.bytes.length - 1
    const borders = [
      0,
      1,
      SEGMENT_BYTES - 1,
      SEGMENT_BYTES,
      CHUNK_BYTES - 1,
      CHUNK_BYTES,
      CHUNK_BYTES + 1,
      2 * CHUNK_BYTES - 1,
      2 * CHUNK_BYTES,
      last - 1,
      last,
    ]
    for (const start of borders) {
      for (const end of borders.filter((border) => border >= start)) {
        const part = await download(stack, asset, `bytes=${start}-${end}`)
        expect(part.status).to.equal(206)
        expect(part.headers.get("content-range")).to.equal(`bytes ${start}-${end}/${asset.bytes.length}`)
        expect(part.bytes.equals(asset.bytes.subarray(start, end + 1)), `${start}-${end}`).to.equal(true)
      }
    }
  })

  it("know open and suffix ranges, cut what is beyond the end, and refuse what begins there", async () => {
    const size = asset.bytes.length
    expect((await download(stack, asset, `bytes=${size - 10}-`)).bytes.equals(asset.bytes.subarray(-10))).to.equal(true)
    expect((await download(stack, asset, "bytes=-10")).bytes.equals(asset.bytes.subarray(-10))).to.equal(true)
    expect((await download(stack, asset, `bytes=${size - 1}-${size + 5}`)).headers.get("content-range")).to.equal(
      `bytes ${size - 1}-${size - 1}/${size}`,
    )
    for (const range of [`bytes=${size}-`, "bytes=-0", "bytes=0-1,5-6"]) {
      const refused = await download(stack, asset, range)
      expect([refused.status, refused.headers.get("content-range")], range).to.deep.equal([416, `bytes */${size}`])
    }
    expect((await download(stack, asset, "lines=1-2")).status).to.equal(200)
  })

  it("carry the root as ETag, and honour If-Range, If-None-Match and HEAD", async () => {
    const etag = `"${toHex(asset.root)}"`
    const whole = await download(stack, asset)
    expect([
      whole.status,
      whole.headers.get("etag"),
      whole.headers.get("accept-ranges"),
      whole.headers.get("content-length"),
    ]).to.deep.equal([200, etag, "bytes", String(asset.bytes.length)])
    expect((await download(stack, asset, "bytes=0-1", { "if-range": etag })).status).to.equal(206)
    expect((await download(stack, asset, "bytes=0-1", { "if-range": '"other"' })).status).to.equal(200)
    expect((await download(stack, asset, undefined, { "if-none-match": etag })).status).to.equal(304)
    const head = await call(stack.url, "HEAD", assetPath(stack, asset, "/stream"), {
      token: stack.meetingToken,
      headers: { range: "bytes=0-9" },
    })
    expect([head.status, head.headers.get("content-length"), head.text]).to.deep.equal([206, "10", ""])
  })

  it("end when the reader goes, and leave nothing open", async () => {
    opened.length = 0
    const aborted = new AbortController()
    const response = await fetch(new URL(assetPath(stack, asset, "/stream"), stack.url), {
      headers: { authorization: `Bearer ${stack.meetingToken}` },
      signal: aborted.signal,
    })
    await response.body?.getReader().read()
    aborted.abort()
    while (!opened.every((stream) => stream.destroyed)) await delay(10)
    expect(opened).to.have.length.below(4)
  })

  it("break off, and never end early, where the store lacks bytes", async () => {
    const broken = makeAsset(2 * CHUNK_BYTES)
    await uploadWhole(stack, broken, CHUNK_BYTES)
    const [, second = ""] = await stack.objectKeys(broken.assetId)
    await stack.objects.delete(second)
    expect((await download(stack, broken, `bytes=0-${CHUNK_BYTES - 1}`)).bytes.length).to.equal(CHUNK_BYTES)
    const failure = await download(stack, broken).catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(Error)
  })

  it("are given to holders of the meeting's newest epoch only, and of receipted assets only", async () => {
    const url = assetPath(stack, asset, "/stream")
    expect((await call(stack.url, "GET", url)).status).to.equal(401)
    const other = await insertMeeting(stack.catalog)
    expect((await call(stack.url, "GET", url, { token: other.meetingToken })).status).to.equal(403)
    const elsewhere = assetPath({ ...stack, ...other }, asset)
    expect((await call(stack.url, "GET", elsewhere, { token: other.meetingToken })).status).to.equal(404)
    const unfinished = makeAsset(SEGMENT_BYTES)
    await create(stack, unfinished)
    await sendAll(stack, unfinished, CHUNK_BYTES)
    for (const rest of ["", "/stream", "/chunks/0/hashes"]) {
      expect(
        (await call(stack.url, "GET", assetPath(stack, unfinished, rest), { token: stack.meetingToken })).status,
      ).to.equal(404)
    }
    for (const n of ["3", "-1", "x", "1e3", "99999999999"]) {
      expect(
        (await call(stack.url, "GET", assetPath(stack, asset, `/chunks/${n}/hashes`), { token: stack.meetingToken }))
          .status,
        n,
      ).to.be.oneOf([400, 404])
    }
  })
})

describe("the tree of an asset's chunks", () => {
  it("is the tree of RFC 6962, with the same audit paths", () => {
    for (let count = 1; count <= 70; count++) {
      const leaves = Array.from({ length: count }, (_, index) => leafHash(Uint8Array.of(index)))
      const tree = buildChunkTree(concatBytes(...leaves))
      expect(toHex(tree.levels.at(-1) ?? new Uint8Array(0))).to.equal(toHex(merkleRoot(leaves)))
      expect(toHex(subtreeRoot(concatBytes(...leaves)))).to.equal(toHex(merkleRoot(leaves)))
      for (let index = 0; index < count; index++)
        expect(chunkAuditPath(tree, index).map(toHex)).to.deep.equal(auditPath(leaves, index).map(toHex))
    }
  })
})

describe("a Range header", () => {
  it("never asks for bytes that are not there", () => {
    const header = fc.oneof(
      fc.string(),
      fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
      fc.nat().map((n) => `bytes=-${n}`),
      fc.nat().map((n) => `bytes=${n}-`),
    )
    fc.assert(
      fc.property(header, fc.integer({ min: 1, max: 1_000_000 }), (text, sizeBytes) => {
        const range = parseRange(text, sizeBytes)
        return range.kind !== "part" || (range.start >= 0 && range.start <= range.end && range.end < sizeBytes)
      }),
    )
  })
})
