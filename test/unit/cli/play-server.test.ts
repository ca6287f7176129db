import { randomBytes } from "node:crypto"
import { request } from "node:http"
import { expect } from "chai"
import { type PlaybackServer, servePlayback } from "../../../client/cli/play-server.js"
import type { AssetReader } from "../../../client/sdk/reader/asset-reader.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { random } from "../../support/people.js"

const bytes = randomBytes(300_000)

/** As the SDK's reader does, it gives out a buffer that it uses again. */
function memoryReader(brokenAt = Infinity): AssetReader {
  return {
    sizeBytes: bytes.length,
    mediaType: "video/mp4",
    isSegment: () => Promise.resolve(false),
    read: async function* (start, end) {
      const buffer = new Uint8Array(10_000)
      for (let at = start; at <= end; at += buffer.length) {
        if (at >= brokenAt)
          throw new ArchiveError("integrity", "a segment that is not what was published", { place: "segment 3" })
        const part = bytes.subarray(at, Math.min(at + buffer.length, end + 1))
        buffer.set(part)
        yield buffer.subarray(0, part.length)
        buffer.fill(0)
        await Promise.resolve()
      }
    },
  }
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  readonly isWhole: boolean
}

async function ask(url: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    request(url, { headers, method }, (response) => {
      const parts: Buffer[] = []
      response.on("data", (part: Buffer) => parts.push(part))
      response.on("error", () => undefined)
      response.on("close", () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts),
          isWhole: response.complete,
        })
      })
    })
      .on("error", reject)
      .end()
  })
}

describe("CLI: the playback server", () => {
  let server: PlaybackServer
  const failures: ArchiveError[] = []

  before(async () => {
    server = await servePlayback(memoryReader(), random, (error) => failures.push(error))
  })
  after(async () => {
    await server.close()
    expect(failures).to.deep.equal([])
  })

  it("listens on the loopback address, at a path that nobody guesses", async () => {
    expect(server.url).to.match(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}$/)
    for (const path of ["/", "/favicon.ico", `${new URL(server.url).pathname}x`, `${new URL(server.url).pathname}?a`])
      expect((await ask(new URL(path, server.url).href)).status, path).to.equal(404)
  })

  it("gives the whole, as what the manifest says it is, for no cache and no sniffing", async () => {
    const { status, headers, body } = await ask(server.url)
    expect(status).to.equal(200)
    expect(headers).to.include({
      "content-type": "video/mp4",
      "content-length": String(bytes.length),
      "accept-ranges": "bytes",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    })
    expect(body.equals(bytes)).to.equal(true)
  })

  for (const [range, start, end] of [
    ["bytes=0-1", 0, 1],
    ["bytes=0-", 0, 299_999],
    ["bytes=299999-", 299_999, 299_999],
    ["bytes=100000-900000", 100_000, 299_999],
    ["bytes=-5", 299_995, 299_999],
    ["bytes=-900000", 0, 299_999],
  ] as const)
    it(`answers ${range} with 206`, async () => {
      const { status, headers, body } = await ask(server.url, { range })
      expect(status).to.equal(206)
      expect(headers["content-range"]).to.equal(`bytes ${start}-${end}/300000`)
      expect(body.equals(bytes.subarray(start, end + 1))).to.equal(true)
    })

  it("answers what is not there with 416, and ignores what is no single range", async () => {
    for (const range of ["bytes=300000-", "bytes=-0", "bytes=900000-900001"]) {
      const { status, headers } = await ask(server.url, { range })
      expect([status, headers["content-range"]], range).to.deep.equal([416, "bytes */300000"])
    }
    for (const range of ["bytes=5-1", "bytes=-", "items=0-1", "bytes=0-1,3-4", "bytes=a-b"])
      expect((await ask(server.url, { range })).status, range).to.equal(200)
  })

  it("answers HEAD as GET without a body, and nothing but the two", async () => {
    const head = await ask(server.url, {}, "HEAD")
    expect([head.status, head.headers["content-length"], head.body.length]).to.deep.equal([200, "300000", 0])
    expect((await ask(server.url, { range: "bytes=0-9" }, "HEAD")).status).to.equal(206)
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const { status, headers } = await ask(server.url, {}, method)
      expect([status, headers["allow"]], method).to.deep.equal([405, "GET, HEAD"])
    }
  })

  it("refuses a page that rebinds its own name to this machine", async () => {
    const { port } = new URL(server.url)
    for (const host of ["evil.example", `evil.example:${port}`, `localhost:${port}`, "127.0.0.1"])
      expect((await ask(server.url, { host })).status, host).to.equal(404)
  })
})

describe("CLI: the playback server, where a segment does not verify", () => {
  it("breaks the answer off behind the last verified byte, and says why", async () => {
    const failures: ArchiveError[] = []
    const server = await servePlayback(memoryReader(50_000), random, (error) => failures.push(error))
    const { body, isWhole } = await ask(server.url)
    expect(isWhole).to.equal(false)
    expect(body.equals(bytes.subarray(0, body.length))).to.equal(true)
    expect(body.length).to.be.at.most(50_000)
    expect(failures.map(({ code, place }) => [code, place])).to.deep.equal([["integrity", "segment 3"]])
    expect(server.failure?.code).to.equal("integrity")
    await server.close()
  })
})
