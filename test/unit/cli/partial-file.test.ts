import { randomBytes } from "node:crypto"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect } from "chai"
import { BufferedWriter, keptBytes, openPartial } from "../../../client/cli/partial-file.js"
import type { AssetReader } from "../../../client/sdk/reader/asset-reader.js"
import { SEGMENT_PLAINTEXT_BYTES } from "../../../shared/protocol/sizes.js"

const SEGMENT = SEGMENT_PLAINTEXT_BYTES
const bytes = randomBytes(4 * SEGMENT + 1_000)

/** Compares with what is in memory, as the SDK's reader does with what was published. */
const reader: AssetReader = {
  sizeBytes: bytes.length,
  mediaType: "video/mp4",
  isSegment: (segment, plaintext) =>
    Promise.resolve(segment < 4 && bytes.subarray(segment * SEGMENT, (segment + 1) * SEGMENT).equals(plaintext)),
  read: async function* (start, end) {
    yield await Promise.resolve(bytes.subarray(start, end + 1))
  },
}

describe("CLI: what an interrupted download kept", () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "taciturn-partial-"))
    path = join(folder, ".partial")
  })
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  async function keptOf(contents: Uint8Array, range = { start: 0, end: bytes.length - 1 }): Promise<number> {
    await writeFile(path, contents)
    const file = await openPartial(path)
    try {
      return await keptBytes(file, reader, range, new AbortController().signal)
    } finally {
      await file.close()
    }
  }

  it("counts whole segments that are the recording's", async () => {
    expect(await keptOf(bytes)).to.equal(4 * SEGMENT)
    expect(await keptOf(bytes.subarray(0, 2 * SEGMENT + 17))).to.equal(2 * SEGMENT)
    expect(await keptOf(bytes.subarray(0, SEGMENT - 1))).to.equal(0)
    expect(await keptOf(new Uint8Array(0))).to.equal(0)
  })

  it("ends before the first byte that is not", async () => {
    const changed = Buffer.from(bytes)
    changed[3 * SEGMENT - 1]! ^= 1
    expect(await keptOf(changed)).to.equal(2 * SEGMENT)
    expect(await keptOf(randomBytes(bytes.length))).to.equal(0)
  })

  it("counts nothing that was appended behind it", async () => {
    expect(await keptOf(Buffer.concat([bytes, randomBytes(SEGMENT)]))).to.equal(4 * SEGMENT)
    expect(await keptOf(bytes, { start: 0, end: SEGMENT + 5 })).to.equal(SEGMENT)
  })

  it("fetches again what stands before the first whole segment of a range", async () => {
    const range = { start: 1_000, end: 3 * SEGMENT + 9 }
    const contents = Buffer.from(bytes.subarray(range.start, range.end + 1))
    contents[0]! ^= 1
    expect(await keptOf(contents, range)).to.equal(3 * SEGMENT - 1_000)
    const repaired = await readFile(path)
    expect(repaired.subarray(0, 3 * SEGMENT - 1_000).equals(bytes.subarray(1_000, 3 * SEGMENT))).to.equal(true)
  })

  it("is written in few large parts, in order, from any place", async () => {
    await writeFile(path, bytes.subarray(0, 100))
    const file = await openPartial(path)
    const writer = new BufferedWriter(file, 100)
    for (let at = 100; at < bytes.length; at += 9_999) await writer.write(bytes.subarray(at, at + 9_999))
    await writer.flush()
    await file.close()
    expect((await readFile(path)).equals(bytes)).to.equal(true)
  })

  it("says where nothing can be written", async () => {
    const failure = await openPartial(join(folder, "none", ".partial")).catch((error: unknown) => error)
    expect(failure).to.have.property("code", "usage")
  })
})
