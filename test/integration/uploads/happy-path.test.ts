import { expect } from "chai"
import { decodeAssetRecord } from "../../../shared/protocol/asset-record.js"
import { assetHeaderHash } from "../../../shared/protocol/asset-header.js"
import { openChunkHashes } from "../../../shared/protocol/chunk-hashes.js"
import { leafHash } from "../../../shared/protocol/merkle.js"
import { verifyReceipt } from "../../../shared/protocol/receipt.js"
import { CHUNK_BYTES, chunkCount, SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { nodeSha256 } from "../../../shared/server/ambient.js"
import { assetRecordKey, chunkKey } from "../../../shared/server/assets/layout.js"
import { verifySignature } from "../../../shared/server/signatures.js"
import {
  assetPath,
  create,
  describeAsset,
  download,
  finish,
  makeAsset,
  offsetOf,
  patch,
  sendAll,
  type Stack,
  startStack,
  status,
  type TestAsset,
  untilStored,
  uploadWhole,
} from "./support.js"

describe("an upload from creation to receipt", () => {
  let stack: Stack

  before(async () => {
    stack = await startStack()
  })

  after(async () => {
    await stack.stop()
  })

  const sizes: readonly [what: string, sizeBytes: number, pieceBytes: number][] = [
    ["one segment", SEGMENT_BYTES, CHUNK_BYTES],
    ["a short last segment", SEGMENT_BYTES + 49, CHUNK_BYTES],
    ["a chunk to the byte", CHUNK_BYTES, CHUNK_BYTES],
    ["a chunk of many pieces", CHUNK_BYTES, CHUNK_BYTES / 8],
    ["a chunk and a short segment", CHUNK_BYTES + 49, CHUNK_BYTES],
    ["three chunks of uneven pieces", 2 * CHUNK_BYTES + 5 * SEGMENT_BYTES + 777, CHUNK_BYTES / 2],
  ]
  for (const [what, sizeBytes, pieceBytes] of sizes) {
    it(`stores ${what}, gives a receipt that verifies, and serves the same bytes with their hashes`, async () => {
      const asset = makeAsset(sizeBytes)
      await uploadWhole(stack, asset, pieceBytes)
      expect((await status(stack, asset)).state).to.equal("stored")
      await expectStored(stack, asset)
    })
  }

  it("takes a stream whose length nobody knows before its end", async () => {
    const asset = makeAsset(CHUNK_BYTES + 3 * SEGMENT_BYTES + 100)
    expect((await create(stack, asset, "deferred")).status).to.equal(201)
    await sendAll(stack, asset, CHUNK_BYTES)
    expect((await finish(stack, asset)).status).to.equal(202)
    await stack.runJobs()
    await expectStored(stack, asset)
  })

  it("takes a length that is declared on the way, with a piece or alone", async () => {
    const asset = makeAsset(2 * SEGMENT_BYTES)
    await create(stack, asset, "deferred")
    await patch(stack, asset, 0, SEGMENT_BYTES)
    expect(
      (
        await patch(stack, asset, SEGMENT_BYTES, SEGMENT_BYTES, {
          headers: { "upload-length": String(asset.bytes.length) },
        })
      ).status,
    ).to.equal(204)
    expect((await patch(stack, asset, SEGMENT_BYTES, asset.bytes.length)).status).to.equal(204)
    await finish(stack, asset)
    await stack.runJobs()
    await expectStored(stack, asset)
  })

  it("takes a live asset, of whole segments only", async () => {
    const asset = makeAsset(3 * SEGMENT_BYTES, "live")
    await uploadWhole(stack, asset, CHUNK_BYTES)
    await expectStored(stack, asset)
  })

  it("stores chunks while the upload still runs", async () => {
    const asset = makeAsset(2 * CHUNK_BYTES)
    await create(stack, asset)
    await patch(stack, asset, 0, CHUNK_BYTES)
    await stack.runJobs()
    expect(await status(stack, asset)).to.deep.equal({
      state: "uploading",
      offsetBytes: CHUNK_BYTES,
      storedBytes: CHUNK_BYTES,
    })
    expect(await stack.objectKeys(asset.assetId)).to.deep.equal([
      chunkKey(asset.assetId, 0, nodeSha256(asset.bytes.subarray(0, CHUNK_BYTES))),
    ])
  })

  it("keeps count of what a meeting uses, by its receipted assets", async () => {
    const fresh = await startStack({ working: true })
    try {
      const [first, second] = [makeAsset(SEGMENT_BYTES), makeAsset(CHUNK_BYTES + 100)]
      for (const asset of [first, second]) {
        await create(fresh, asset)
        await sendAll(fresh, asset, CHUNK_BYTES)
        await finish(fresh, asset)
        await untilStored(fresh, asset)
      }
      const [row] = await fresh.catalog.query("SELECT asset_count, stored_bytes FROM meetings WHERE meeting_id = $1", [
        fresh.meetingId,
      ])
      expect(row).to.deep.equal({ asset_count: 2, stored_bytes: SEGMENT_BYTES + CHUNK_BYTES + 100 })
    } finally {
      await fresh.stop()
    }
  })

  it("leaves nothing in the spool, and no row finer than a day", async () => {
    expect(await stack.spooledFiles()).to.have.length.below(2)
    const rows = await stack.catalog.query(
      "SELECT 1 FROM assets WHERE state = 'stored' AND active_at <> date_trunc('day', active_at)",
      [],
    )
    expect(rows).to.have.length(0)
  })

  it("tells the offset at every step", async () => {
    const asset = makeAsset(4 * SEGMENT_BYTES)
    await create(stack, asset)
    for (let offset = 0; offset < asset.bytes.length; offset += SEGMENT_BYTES) {
      expect(await offsetOf(stack, asset)).to.equal(offset)
      const { headers } = await patch(stack, asset, offset, offset + SEGMENT_BYTES)
      expect(headers.get("upload-offset")).to.equal(String(offset + SEGMENT_BYTES))
    }
  })
})

async function expectStored(stack: Stack, asset: TestAsset): Promise<void> {
  const described = await describeAsset(stack, asset)
  expect(described.sizeBytes).to.equal(asset.bytes.length)
  expect(Buffer.from(described.root).equals(asset.root)).to.equal(true)
  const { instanceKey, serverKeys } = stack
  const expected = {
    headerHash: assetHeaderHash(asset.header),
    storedBytes: asset.bytes.length,
    root: asset.root,
    instanceKey,
  }
  verifyReceipt(described.receipt, expected, serverKeys, verifySignature)

  const record = decodeAssetRecord(await objectBytes(stack, assetRecordKey(asset.assetId)))
  expect(Buffer.from(record.meetingId).equals(stack.meetingId)).to.equal(true)
  expect(Buffer.from(record.root).equals(asset.root)).to.equal(true)

  expect((await download(stack, asset)).bytes.equals(asset.bytes)).to.equal(true)
  for (let chunk = 0; chunk < chunkCount(asset.bytes.length); chunk++) {
    const bytes = asset.bytes.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES)
    expect(Buffer.from(record.chunkHashes.subarray(chunk * 32, chunk * 32 + 32)).equals(nodeSha256(bytes))).to.equal(
      true,
    )
    const response = await fetch(new URL(assetPath(stack, asset, `/chunks/${chunk}/hashes`), stack.url), {
      headers: { authorization: `Bearer ${stack.meetingToken}` },
    })
    expect(response.headers.get("content-type")).to.equal("application/cbor")
    const leaves = openChunkHashes(new Uint8Array(await response.arrayBuffer()), {
      chunk,
      storedBytes: asset.bytes.length,
      root: asset.root,
    })
    expect(Buffer.from(leaves[0] ?? []).equals(leafHash(bytes.subarray(0, SEGMENT_BYTES), nodeSha256))).to.equal(true)
  }
}

async function objectBytes(stack: Stack, key: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of (await stack.objects.get(key)) as AsyncIterable<Uint8Array>) parts.push(part)
  return Buffer.concat(parts)
}
