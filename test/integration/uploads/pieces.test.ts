import { randomBytes } from "node:crypto"
import { request as httpRequest } from "node:http"
import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import { toBase64Url } from "../../../shared/protocol/bytes.js"
import { CHUNK_BYTES, MAX_STREAM_BYTES, SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { acquireLease } from "../../../shared/server/catalog/leases.js"
import { type Answer, call } from "../../support/api-client.js"
import {
  create,
  finish,
  head,
  insertMeeting,
  makeAsset,
  metadataOf,
  offsetOf,
  patch,
  sendAll,
  type Stack,
  startStack,
  status,
  type TestAsset,
} from "./support.js"

describe("pieces of an upload", () => {
  let stack: Stack

  before(async () => {
    stack = await startStack()
  })

  after(async () => {
    await stack.stop()
  })

  async function begun(sizeBytes: number, length: number | "deferred" = sizeBytes): Promise<TestAsset> {
    const asset = makeAsset(sizeBytes)
    expect((await create(stack, asset, length)).status).to.equal(201)
    return asset
  }

  /** A refusal, and that neither catalog nor spool know anything of it. */
  async function expectNothingChanged(
    asset: TestAsset,
    answer: Promise<Answer>,
    code: string,
    expectedStatus: number,
    offset = 0,
  ): Promise<void> {
    const filesBefore = await stack.spooledFiles()
    const { status: answered, json } = await answer
    expect(json).to.include({ code })
    expect(answered).to.equal(expectedStatus)
    expect(await offsetOf(stack, asset)).to.equal(offset)
    expect(await stack.spooledFiles()).to.deep.equal(filesBefore)
  }

  describe("creation", () => {
    it("answers the same again with the same address, and anything else of that id with a conflict", async () => {
      const asset = makeAsset(SEGMENT_BYTES)
      const first = await create(stack, asset)
      expect(first.headers.get("location")).to.equal(asset.path)
      const again = await create(stack, asset)
      expect([again.status, again.headers.get("location")]).to.deep.equal([201, asset.path])
      expect((await create(stack, { ...asset, secret: randomBytes(32) })).json).to.include({ code: "conflict" })
      expect((await create(stack, asset, 2 * SEGMENT_BYTES)).json).to.include({ code: "conflict" })
      const other = await insertMeeting(stack.catalog)
      expect((await create({ ...stack, ...other }, asset)).json).to.include({ code: "conflict" })
    })

    it("refuses what is no stream's size, no header, no secret hash, or more than those (A1, A2)", async () => {
      const asset = makeAsset(SEGMENT_BYTES)
      for (const length of [0, 1, SEGMENT_BYTES - 1, SEGMENT_BYTES + 48])
        expect((await create(stack, asset, length)).json, String(length)).to.include({ code: "malformed" })
      expect((await create(stack, asset, MAX_STREAM_BYTES + SEGMENT_BYTES)).json).to.include({ code: "too-large" })
      const wrong = [
        "",
        "header",
        metadataOf(asset).split(",")[0] ?? "",
        `${metadataOf(asset)},extra AAAA`,
        `${metadataOf(asset)},header AAAA`,
        metadataOf({ ...asset, header: asset.header.subarray(1) }),
        metadataOf(asset).replaceAll("A", "*"),
        "header ".padEnd(300, "A"),
      ]
      for (const metadata of wrong) {
        const { status: answered } = await create(stack, asset, SEGMENT_BYTES, { "upload-metadata": metadata })
        expect(answered, metadata).to.equal(400)
      }
      const newer = asset.header.slice()
      newer[8] = 2
      expect((await create(stack, { ...asset, header: newer })).json).to.include({ code: "unsupported-version" })
      expect((await create(stack, makeAsset(SEGMENT_BYTES, "live"), SEGMENT_BYTES + 100)).json).to.include({
        code: "malformed",
      })
    })

    it("needs a token of the meeting's newest epoch", async () => {
      const asset = makeAsset(SEGMENT_BYTES)
      expect((await create({ ...stack, meetingToken: toBase64Url(randomBytes(32)) }, asset)).status).to.equal(401)
      const old = await insertMeeting(stack.catalog)
      await stack.catalog.query("UPDATE meetings SET epoch = 1 WHERE meeting_id = $1", [old.meetingId])
      expect((await create({ ...stack, ...old }, asset)).status).to.equal(403)
    })

    it("keeps to tus: another version is 412, and needs both length and offset headers", async () => {
      const asset = await begun(SEGMENT_BYTES)
      const without = await call(stack.url, "DELETE", asset.path, { token: asset.secret })
      expect([without.status, without.headers.get("tus-version")]).to.deep.equal([412, "1.0.0"])
      const noOffset = await call(stack.url, "PATCH", asset.path, {
        token: asset.secret,
        bytes: asset.bytes,
        headers: { "tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream" },
      })
      expect(noOffset.json).to.include({ code: "malformed" })
      const options = await call(stack.url, "OPTIONS", "/v1/uploads")
      expect(options.headers.get("tus-extension")).to.equal("creation,creation-defer-length,termination")
    })
  })

  it("are taken only with the upload's own secret (T7)", async () => {
    const asset = await begun(SEGMENT_BYTES)
    await expectNothingChanged(
      asset,
      patch(stack, asset, 0, SEGMENT_BYTES, { secret: randomBytes(32) }),
      "forbidden",
      403,
    )
    await expectNothingChanged(
      asset,
      call(stack.url, "PATCH", asset.path, { token: stack.meetingToken }),
      "forbidden",
      403,
    )
    expect((await call(stack.url, "GET", `${asset.path}/status`)).status).to.equal(401)
    expect(
      (await call(stack.url, "GET", `${makeAsset(SEGMENT_BYTES).path}/status`, { token: asset.secret })).status,
    ).to.equal(404)
  })

  it("resume after each acknowledged one", async () => {
    const asset = await begun(CHUNK_BYTES + 3 * SEGMENT_BYTES)
    const borders = [0, SEGMENT_BYTES, CHUNK_BYTES / 2, CHUNK_BYTES, CHUNK_BYTES + SEGMENT_BYTES, asset.bytes.length]
    for (const [index, start] of borders.slice(0, -1).entries()) {
      expect(await offsetOf(stack, asset)).to.equal(start)
      expect((await patch(stack, asset, start, borders[index + 1] ?? 0)).status).to.equal(204)
    }
    await finish(stack, asset)
    await stack.runJobs()
    expect((await status(stack, asset)).state).to.equal("stored")
  })

  it("sent twice are taken once", async () => {
    const asset = await begun(2 * SEGMENT_BYTES)
    await patch(stack, asset, 0, SEGMENT_BYTES)
    await expectNothingChanged(asset, patch(stack, asset, 0, SEGMENT_BYTES), "conflict", 409, SEGMENT_BYTES)
  })

  it("at another offset are refused", async () => {
    const asset = await begun(4 * SEGMENT_BYTES)
    await expectNothingChanged(asset, patch(stack, asset, SEGMENT_BYTES, 2 * SEGMENT_BYTES), "conflict", 409)
    await expectNothingChanged(asset, patch(stack, asset, 0, SEGMENT_BYTES, { offset: 1 }), "conflict", 409)
    await expectNothingChanged(asset, patch(stack, asset, 0, SEGMENT_BYTES, { offset: -1 }), "malformed", 400)
  })

  it("of segments that are not whole are refused, but for the stream's last", async () => {
    const asset = await begun(2 * SEGMENT_BYTES + 100)
    for (const end of [1, SEGMENT_BYTES - 1, SEGMENT_BYTES + 1, SEGMENT_BYTES + 49, 2 * SEGMENT_BYTES + 99]) {
      await expectNothingChanged(asset, patch(stack, asset, 0, end), "malformed", 400)
    }
    expect((await patch(stack, asset, 0, asset.bytes.length)).status).to.equal(204)
  })

  it("of a stream of unknown length end it with a short segment", async () => {
    const asset = await begun(3 * SEGMENT_BYTES, "deferred")
    await expectNothingChanged(asset, patch(stack, asset, 0, SEGMENT_BYTES + 48), "malformed", 400)
    expect((await patch(stack, asset, 0, SEGMENT_BYTES + 49)).status).to.equal(204)
    const more = patch(stack, asset, SEGMENT_BYTES + 49, 2 * SEGMENT_BYTES + 49)
    await expectNothingChanged(asset, more, "conflict", 409, SEGMENT_BYTES + 49)
  })

  it("that cross a chunk are refused", async () => {
    const asset = await begun(2 * CHUNK_BYTES)
    await patch(stack, asset, 0, CHUNK_BYTES - SEGMENT_BYTES)
    const offset = CHUNK_BYTES - SEGMENT_BYTES
    await expectNothingChanged(asset, patch(stack, asset, offset, offset + 2 * SEGMENT_BYTES), "too-large", 413, offset)
    expect((await patch(stack, asset, offset, CHUNK_BYTES)).status).to.equal(204)
    await stack.runJobs()
  })

  it("that are more than the stream, or than a chunk, are refused", async () => {
    const asset = await begun(2 * SEGMENT_BYTES)
    const longer = { ...asset, bytes: randomBytes(CHUNK_BYTES + SEGMENT_BYTES) }
    await expectNothingChanged(asset, patch(stack, longer, 0, 3 * SEGMENT_BYTES), "too-large", 413)
    const unknown = await begun(CHUNK_BYTES + SEGMENT_BYTES, "deferred")
    await expectNothingChanged(unknown, patch(stack, unknown, 0, CHUNK_BYTES + SEGMENT_BYTES), "too-large", 413)
    await expectNothingChanged(unknown, chunked(stack, unknown, CHUNK_BYTES + SEGMENT_BYTES), "too-large", 413)
  })

  it("without an announced length are taken by what came", async () => {
    const asset = await begun(2 * SEGMENT_BYTES, "deferred")
    await expectNothingChanged(asset, chunked(stack, asset, SEGMENT_BYTES + 1), "malformed", 400)
    expect((await chunked(stack, asset, 2 * SEGMENT_BYTES)).status).to.equal(204)
    expect(await offsetOf(stack, asset)).to.equal(2 * SEGMENT_BYTES)
  })

  it("that break off leave nothing behind", async () => {
    const asset = await begun(4 * SEGMENT_BYTES)
    for (const sent of [0, 1, SEGMENT_BYTES, 4 * SEGMENT_BYTES - 1]) {
      await breakOff(stack, asset, 4 * SEGMENT_BYTES, sent)
      expect(await offsetOf(stack, asset)).to.equal(0)
    }
    await until(async () =>
      (await stack.spooledFiles()).every((name) => !name.startsWith(Buffer.from(asset.assetId).toString("hex"))),
    )
    expect((await patch(stack, asset, 0, 4 * SEGMENT_BYTES)).status).to.equal(204)
  })

  it("of two writers at once: one is taken, the other changes nothing", async () => {
    const asset = await begun(2 * SEGMENT_BYTES)
    const answers = await Promise.all([patch(stack, asset, 0, SEGMENT_BYTES), patch(stack, asset, 0, SEGMENT_BYTES)])
    expect(answers.map((answer) => answer.status).sort()).to.deep.equal([204, 409])
    expect(await offsetOf(stack, asset)).to.equal(SEGMENT_BYTES)
  })

  it("may be sent on another connection before the one before is answered", async () => {
    const asset = await begun(6 * SEGMENT_BYTES)
    const answers: Promise<Answer>[] = []
    for (let start = 0; start < asset.bytes.length; start += SEGMENT_BYTES) {
      answers.push(patch(stack, asset, start, start + SEGMENT_BYTES))
      await delay(15)
    }
    expect((await Promise.all(answers)).map((answer) => answer.status)).to.deep.equal(answers.map(() => 204))
  })

  it("that come before the one they follow wait for it, however long that takes", async () => {
    const asset = await begun(3 * SEGMENT_BYTES)
    const slow = openPatch(stack, asset, SEGMENT_BYTES)
    const answered = statusOf(slow)
    slow.write(asset.bytes.subarray(0, 1000))
    await delay(100)
    let early: number | null = null
    const next = patch(stack, asset, SEGMENT_BYTES, 2 * SEGMENT_BYTES).then(({ status }) => (early = status))
    // Longer than whoever comes for the same piece again is made to wait.
    await delay(1_500)
    expect(early).to.equal(null)
    slow.end(asset.bytes.subarray(1000, SEGMENT_BYTES))
    expect([await answered, await next]).to.deep.equal([204, 204])
    expect(await offsetOf(stack, asset)).to.equal(2 * SEGMENT_BYTES)
  })

  it("that follow one which breaks off are refused, and change nothing", async () => {
    const asset = await begun(3 * SEGMENT_BYTES)
    const broken = openPatch(stack, asset, SEGMENT_BYTES)
    broken.on("error", () => undefined)
    broken.write(asset.bytes.subarray(0, 1000))
    await delay(100)
    const next = patch(stack, asset, SEGMENT_BYTES, 2 * SEGMENT_BYTES)
    await delay(100)
    broken.destroy()
    expect((await next).status).to.equal(409)
    expect(await offsetOf(stack, asset)).to.equal(0)
  })

  it("give way to the same client on a new connection, and the old one can change nothing more", async () => {
    const asset = await begun(2 * SEGMENT_BYTES)
    const old = openPatch(stack, asset, SEGMENT_BYTES)
    old.write(asset.bytes.subarray(0, 1000))
    const oldEnded = new Promise<void>((resolve) => {
      old.on("error", () => {
        resolve()
      })
      old.on("response", () => {
        resolve()
      })
    })
    await delay(100)
    expect(await offsetOf(stack, asset)).to.equal(0)
    expect((await patch(stack, asset, 0, SEGMENT_BYTES)).status).to.equal(204)
    old.end(asset.bytes.subarray(1000, SEGMENT_BYTES))
    await oldEnded
    expect(await offsetOf(stack, asset)).to.equal(SEGMENT_BYTES)
  })

  it("under a lease that another process took over are refused when they are to be committed", async () => {
    const asset = await begun(2 * SEGMENT_BYTES)
    const slow = openPatch(stack, asset, SEGMENT_BYTES)
    const answered = statusOf(slow)
    slow.write(asset.bytes.subarray(0, 1000))
    await until(
      async () =>
        (
          await stack.catalog.query("SELECT 1 FROM assets WHERE asset_id = $1 AND lease_until IS NOT NULL", [
            asset.assetId,
          ])
        ).length > 0,
    )
    await acquireLease(stack.catalog, asset.assetId, 30_000, true)
    slow.end(asset.bytes.subarray(1000, SEGMENT_BYTES))
    expect(await answered).to.equal(409)
    expect(await offsetOf(stack, asset)).to.equal(0)
  })

  it("are refused once the upload is finished", async () => {
    const asset = await begun(SEGMENT_BYTES)
    await sendAll(stack, asset, CHUNK_BYTES)
    await finish(stack, asset)
    expect((await patch(stack, asset, 0, SEGMENT_BYTES, { offset: SEGMENT_BYTES })).status).to.be.oneOf([409, 413])
    expect((await head(stack, asset)).status).to.equal(200)
  })

  it("may declare the length only once, and none that is impossible", async () => {
    const asset = await begun(3 * SEGMENT_BYTES, "deferred")
    await patch(stack, asset, 0, SEGMENT_BYTES)
    const declare = (length: number): Promise<Answer> =>
      patch(stack, asset, SEGMENT_BYTES, SEGMENT_BYTES, { headers: { "upload-length": String(length) } })
    await expectNothingChanged(asset, declare(SEGMENT_BYTES + 1), "malformed", 400, SEGMENT_BYTES)
    await expectNothingChanged(asset, declare(SEGMENT_BYTES - 1), "malformed", 400, SEGMENT_BYTES)
    expect((await declare(3 * SEGMENT_BYTES)).status).to.equal(204)
    await expectNothingChanged(asset, declare(3 * SEGMENT_BYTES), "malformed", 400, SEGMENT_BYTES)
  })
})

function openPatch(stack: Stack, asset: TestAsset, announced: number | null): ReturnType<typeof httpRequest> {
  return httpRequest(new URL(asset.path, stack.url), {
    method: "PATCH",
    agent: false,
    headers: {
      authorization: `Bearer ${toBase64Url(asset.secret)}`,
      "tus-resumable": "1.0.0",
      "content-type": "application/offset+octet-stream",
      "upload-offset": "0",
      ...(announced === null ? {} : { "content-length": announced }),
    },
  })
}

/** Announces a length, sends less, and hangs up. */
async function breakOff(stack: Stack, asset: TestAsset, announced: number, sent: number): Promise<void> {
  const request = openPatch(stack, asset, announced)
  const closed = new Promise<void>((resolve) => {
    request.on("error", () => undefined)
    request.on("close", () => {
      resolve()
    })
  })
  request.flushHeaders()
  if (sent > 0)
    await new Promise<void>((resolve) =>
      request.write(asset.bytes.subarray(0, sent), () => {
        resolve()
      }),
    )
  await delay(30)
  request.destroy()
  await closed
}

/** The status that a request is answered with. */
function statusOf(request: ReturnType<typeof httpRequest>): Promise<number> {
  return new Promise((resolve, reject) => {
    request.on("response", (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on("error", reject)
  })
}

/** A body in HTTP chunks: its length is seen only when it ends. */
async function chunked(stack: Stack, asset: TestAsset, sizeBytes: number): Promise<Answer> {
  const request = openPatch(stack, asset, null)
  return await new Promise<Answer>((resolve, reject) => {
    request.on("error", reject)
    request.on("response", (response) => {
      let text = ""
      response.on("data", (bytes: Buffer) => (text += bytes.toString()))
      response.on("end", () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: new Headers(),
          text,
          json: text === "" ? undefined : JSON.parse(text),
        })
      })
    })
    request.end(asset.bytes.subarray(0, sizeBytes))
  })
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(20)
}
