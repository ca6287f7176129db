import { randomBytes } from "node:crypto"
import { expect } from "chai"
import { chunkSubtreeRoot, encodeChunkHashes } from "../../shared/protocol/chunk-hashes.js"
import { leafHash } from "../../shared/protocol/merkle.js"
import { CHUNK_BYTES, SEGMENT_BYTES, SEGMENT_PLAINTEXT_BYTES, SEGMENTS_PER_CHUNK } from "../../shared/protocol/sizes.js"
import { createSegmentSealer } from "../../client/crypto/segments.js"
import {
  createClient,
  findRecording,
  nodePrimitives,
  type OpenRecording,
  readAsset,
  type RecordingId,
  type SegmentPrimitives,
} from "../../client/sdk/index.js"
import { inlineSegmentWork } from "../../client/sdk/segment-work.js"
import { type Answer, type Lie, rangeOf } from "../support/liar.js"
import { TEST_RUN } from "../support/config.js"
import { readAll } from "../support/sdk/sources.js"
import { expectRefused, openScene, type Scene } from "./support.js"

/** Three chunks, the last with a short segment. */
const FILE_BYTES = 20_000_000
const COMMITMENT = 0
const CIPHERTEXT = 32
const TAG = SEGMENT_BYTES - 1

describe("segments and chunks from a server that lies", function () {
  this.timeout(60_000)
  let scene: Scene
  let found: OpenRecording
  let truth: Buffer
  let stream: Buffer
  let otherStream: Buffer
  /** Ways of reading that were seen to succeed without a lie: nothing of the recording changes between them. */
  const seenWithoutLie = new Set<string>()

  before(async () => {
    scene = await openScene()
    truth = randomBytes(FILE_BYTES)
    const [mine, other] = [await scene.upload(truth), await scene.upload(randomBytes(FILE_BYTES))]
    found = await findRecording(scene.bob.client, mine.recordingId)
    stream = await scene.storedStream(found.media.header.assetId)
    const otherFound = await findRecording(scene.bob.client, other.recordingId)
    otherStream = await scene.storedStream(otherFound.media.header.assetId)
    expect([stream.length, otherStream.length]).to.deep.equal([found.media.storedBytes, found.media.storedBytes])
  })
  after(() => scene.close())

  /** Reads the whole recording, both as a file is read and as a player does; what is given out must be the truth, up to the place of a refusal at the furthest. */
  async function expectNoLieGivenOut(
    lie: Lie,
    expected: readonly [string, string | undefined],
    start = 0,
    ways: readonly boolean[] = [false, true],
  ): Promise<void> {
    for (const readsOn of ways) await expectNoLieRead(lie, expected, start, readsOn)
  }

  async function expectNoLieRead(
    lie: Lie,
    expected: readonly [string, string | undefined],
    start: number,
    readsOn: boolean,
  ): Promise<void> {
    let given: Buffer[] = []
    const way = `${start} ${readsOn}`
    await expectRefused(
      scene,
      lie,
      async () => {
        given = []
        const reader = readAsset(scene.bob.client, found, found.media, { patienceMs: 0, readsOn })
        for await (const part of reader.read(start, FILE_BYTES - 1)) given.push(Buffer.from(part))
      },
      expected,
      seenWithoutLie.has(way),
    )
    seenWithoutLie.add(way)
    const [, kind, n] = /^(segment|chunk) (\d+)$/.exec(expected[1] ?? "") ?? []
    const limit = Number(n) * (kind === "chunk" ? SEGMENTS_PER_CHUNK : 1) * SEGMENT_PLAINTEXT_BYTES
    const out = Buffer.concat(given)
    expect(start + out.length).to.be.at.most(Math.max(limit, start))
    expect(out.equals(truth.subarray(start, start + out.length)), "what was given out is the truth").to.equal(true)
  }

  const segment = (index: number, of = stream): Buffer =>
    of.subarray(index * SEGMENT_BYTES, Math.min(of.length, (index + 1) * SEGMENT_BYTES))
  const lastIndex = (): number => Math.ceil(stream.length / SEGMENT_BYTES) - 1
  /** The stream with segments exchanged for others. */
  const withSegments = (others: Readonly<Record<number, Buffer>>): Buffer => {
    const forged = Buffer.from(stream)
    for (const [index, bytes] of Object.entries(others)) bytes.copy(forged, Number(index) * SEGMENT_BYTES)
    return forged
  }
  const flipped = (index: number, at: number): Buffer => {
    const forged = Buffer.from(segment(index))
    forged[at] = (forged[at] ?? 0) ^ 1
    return withSegments({ [index]: forged })
  }
  const without = (index: number): Buffer =>
    Buffer.concat([
      stream.subarray(0, index * SEGMENT_BYTES),
      stream.subarray((index + 1) * SEGMENT_BYTES),
      Buffer.alloc(SEGMENT_BYTES),
    ])
  const repeated = (index: number): Buffer =>
    Buffer.concat([
      stream.subarray(0, (index + 1) * SEGMENT_BYTES),
      stream.subarray(index * SEGMENT_BYTES, stream.length - SEGMENT_BYTES),
    ])

  /** Every range is answered from `forged`, well-formed as the true server's answers are. */
  const serving = (forged: Buffer): Lie => ({
    path: /\/stream$/,
    tell: ({ status, headers, body }, asked): Answer => {
      expect(status).to.equal(206)
      const { start, end } = rangeOf(asked)
      const bytes = forged.subarray(start, end + 1)
      expect(body.length).to.equal(end - start + 1)
      return { status, headers, body: bytes }
    },
  })
  /** The same, with hashes and audit paths that fit the forgery: all that fails is the root. */
  const servingConsistently = (forged: Buffer): Lie => {
    const chunks = Array.from({ length: Math.ceil(forged.length / CHUNK_BYTES) }, (_, n) => {
      const bytes = forged.subarray(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES)
      return Buffer.concat(
        Array.from({ length: Math.ceil(bytes.length / SEGMENT_BYTES) }, (_unused, index) =>
          leafHash(segment(index, bytes)),
        ),
      )
    })
    const roots = chunks.map(chunkSubtreeRoot)
    const { tell } = serving(forged)
    return {
      path: /\/stream$|\/chunks\/\d+\/hashes$/,
      tell: (answer, asked) => {
        const n = /\/chunks\/(\d+)\/hashes$/.exec(asked.path)?.[1]
        const leaves = chunks[Number(n)]
        if (n === undefined || leaves === undefined) return tell(answer, asked)
        return Buffer.from(encodeChunkHashes(leaves, roots, Number(n)))
      },
    }
  }

  describe("with the true hashes, are refused where they were (A7)", () => {
    const parts = [
      ["commitment", COMMITMENT],
      ["ciphertext", CIPHERTEXT],
      ["tag", TAG],
    ] as const
    for (const [nth, index] of [0, 5, 127, 128, 200].entries()) {
      // Which part of which segment is all one to the hash that refuses it: each once, and every pair in a full run.
      for (const [part, at] of TEST_RUN.isFull ? parts : [parts[nth % parts.length]!])
        it(`flipped in the ${part} of segment ${index}`, async () => {
          await expectNoLieGivenOut(serving(flipped(index, at)), ["integrity", `segment ${index}`])
        })
    }
    it("flipped in the last", async () => {
      await expectNoLieGivenOut(serving(flipped(lastIndex(), 40)), ["integrity", `segment ${lastIndex()}`])
    })
    it("swapped within a chunk", async () => {
      await expectNoLieGivenOut(serving(withSegments({ 7: segment(40), 40: segment(7) })), ["integrity", "segment 7"])
    })
    it("swapped across chunks", async () => {
      const forged = withSegments({ 20: segment(148), 148: segment(20) })
      await expectNoLieGivenOut(serving(forged), ["integrity", "segment 20"])
    })
    it("whole chunks swapped", async () => {
      const [first, second] = [stream.subarray(0, CHUNK_BYTES), stream.subarray(CHUNK_BYTES, 2 * CHUNK_BYTES)]
      const forged = Buffer.concat([second, first, stream.subarray(2 * CHUNK_BYTES)])
      await expectNoLieGivenOut(serving(forged), ["integrity", "segment 0"])
    })
    it("a segment dropped", async () => {
      await expectNoLieGivenOut(serving(without(33)), ["integrity", "segment 33"])
    })
    it("a chunk dropped, and its neighbour in its place", async () => {
      const forged = Buffer.concat([
        stream.subarray(0, CHUNK_BYTES),
        stream.subarray(2 * CHUNK_BYTES),
        Buffer.alloc(CHUNK_BYTES),
      ])
      await expectNoLieGivenOut(serving(forged), ["integrity", "segment 128"])
    })
    it("a segment repeated", async () => {
      await expectNoLieGivenOut(serving(repeated(64)), ["integrity", "segment 65"])
    })
    it("a segment of another recording of the same meeting, at its own place", async () => {
      await expectNoLieGivenOut(serving(withSegments({ 90: segment(90, otherStream) })), ["integrity", "segment 90"])
    })
    it("another recording of the same meeting, whole", async () => {
      await expectNoLieGivenOut(serving(otherStream), ["integrity", "segment 0"])
    })
    it("altered only where a reader begins in the middle", async () => {
      const start = 150 * SEGMENT_PLAINTEXT_BYTES
      await expectNoLieGivenOut(serving(flipped(151, CIPHERTEXT)), ["integrity", "segment 151"], start)
    })
  })

  describe("with hashes that fit the lie, are refused by the signed root (A6)", () => {
    it("a flipped bit", async () => {
      await expectNoLieGivenOut(servingConsistently(flipped(5, CIPHERTEXT)), ["integrity", "chunk 0"])
    })
    it("another recording of the same meeting, whole", async () => {
      await expectNoLieGivenOut(servingConsistently(otherStream), ["integrity", "chunk 0"])
    })
    it("whatever holds the content key: a segment sealed again, correctly, with other bytes", async () => {
      const { contentKey, rawHeader } = found.media
      const sealed = Buffer.alloc(SEGMENT_BYTES)
      createSegmentSealer({ contentKey, rawHeader }, nodePrimitives).seal(
        130,
        false,
        randomBytes(SEGMENT_PLAINTEXT_BYTES),
        sealed,
      )
      const forged = withSegments({ 130: sealed })
      await expectNoLieGivenOut(servingConsistently(forged), ["integrity", "chunk 0"])
      // The same with the true hashes: what opens well is refused all the same, as it is not what was signed.
      await expectNoLieGivenOut(serving(forged), ["integrity", "segment 130"])
    })
    it("the hashes of another chunk", async () => {
      const swap: Lie = {
        path: /\/chunks\/1\/hashes$/,
        tell: async (answer, asked) => {
          const other = await fetch(scene.service.url + asked.path.replace("/1/", "/0/"), {
            headers: { authorization: String(asked.headers["authorization"]) },
          })
          expect(other.status).to.equal(200)
          return { ...answer, body: Buffer.from(await other.arrayBuffer()) }
        },
      }
      await expectNoLieGivenOut(swap, ["integrity", "chunk 1"])
    })
    it("hashes that are cut, lengthened, or no hashes at all", async () => {
      const bodies: ((body: Buffer) => Buffer)[] = [
        (body) => body.subarray(0, body.length - 1),
        (body) => Buffer.concat([body, Buffer.alloc(1)]),
        () => Buffer.alloc(0),
        () => randomBytes(500),
      ]
      for (const change of bodies)
        await expectNoLieGivenOut({ path: /\/chunks\/0\/hashes$/, tell: ({ body }) => change(body) }, [
          "integrity",
          "chunk 0",
        ])
    })
  })

  describe("that come to an end too early, or are other bytes than were asked for, are refused (A5)", () => {
    const cutAt = (bytes: number): Lie => ({
      path: /\/stream$/,
      tell: (answer, asked) => {
        const cut = answer.body.subarray(0, Math.max(0, bytes - rangeOf(asked).start))
        return cut.length === answer.body.length ? null : cut
      },
    })
    it("cut at a segment's border", async () => {
      await expectNoLieGivenOut(cutAt(60 * SEGMENT_BYTES), ["truncated", "segment 60"])
    })
    it("cut at a chunk's border", async () => {
      await expectNoLieGivenOut(cutAt(CHUNK_BYTES), ["truncated", "segment 128"])
    })
    it("cut within a segment", async () => {
      await expectNoLieGivenOut(cutAt(60 * SEGMENT_BYTES + 777), ["truncated", "segment 60"])
    })
    it("cut before the first byte", async () => {
      await expectNoLieGivenOut(cutAt(0), ["truncated", "segment 0"])
    })
    it("cut before the last segment, said to be all there is", async () => {
      const shorter = stream.length - (stream.length % SEGMENT_BYTES || SEGMENT_BYTES)
      const lie: Lie = {
        path: /\/stream$/,
        tell: ({ headers, body }, asked) => {
          const { start, end } = rangeOf(asked)
          const stop = Math.min(end, shorter - 1)
          return {
            status: 206,
            headers: { ...headers, "content-range": `bytes ${start}-${stop}/${shorter}` },
            body: body.subarray(0, stop + 1 - start),
          }
        },
      }
      await expectNoLieGivenOut(lie, ["integrity", "segment 0"])
    })
    it("another range, said to be so or not", async () => {
      const from = (start: number): Lie => ({
        path: /\/stream$/,
        tell: ({ headers, body }) => ({
          status: 206,
          headers: { ...headers, "content-range": `bytes ${start}-${start + body.length - 1}/${stream.length}` },
          body: stream.subarray(start, start + body.length),
        }),
      })
      await expectNoLieGivenOut(from(SEGMENT_BYTES), ["integrity", "segment 0"])
      await expectNoLieGivenOut(serving(stream.subarray(SEGMENT_BYTES)), ["integrity", "segment 0"])
    })
    it("the whole stream where a part was asked for", async () => {
      const lie: Lie = { path: /\/stream$/, tell: ({ headers }) => ({ status: 200, headers, body: stream }) }
      await expectNoLieGivenOut(lie, ["integrity", "segment 0"])
    })
    it("more than was asked for", async () => {
      const lie: Lie = { path: /\/stream$/, tell: ({ body }) => Buffer.concat([body, Buffer.alloc(1)]) }
      await expectNoLieGivenOut(lie, ["integrity", "segment 1"], 0, [false])
    })
  })

  it("say nothing that tells one failure to open from another", async () => {
    const messages = new Set<string>()
    for (const at of [COMMITMENT, CIPHERTEXT, TAG]) {
      const told = scene.liar.lie(serving(flipped(3, at)))
      const reader = readAsset(scene.bob.client, found, found.media, { patienceMs: 0 })
      await readAll(reader).catch((error: unknown) =>
        messages.add(`${String(error)} ${String((error as Error).cause)}`),
      )
      told.stop()
    }
    expect([...messages]).to.have.length(1)
  })

  /** A member that signs for what it uploads: hashes and root fit, and what fails is the seal itself. */
  describe("that another member sealed falsely, and signed for, are refused where they are (A3, A4)", () => {
    /** `sealed` is ciphertext and tag; the commitment stands before it. */
    const lies: readonly (readonly [string, (sealed: Uint8Array) => void])[] = [
      ["a commitment to another key", (sealed) => new Uint8Array(sealed.buffer, sealed.byteOffset - 32, 32).fill(7)],
      ["a tag that does not fit", (sealed) => sealed.fill(7, sealed.length - 16)],
    ]
    for (const [name, corrupt] of lies)
      it(name, async () => {
        let sealedSegments = 0
        const lying: SegmentPrimitives = {
          ...nodePrimitives,
          seal: (key, nonce, aad, plaintext, out) => {
            nodePrimitives.seal(key, nonce, aad, plaintext, out)
            if (isLying && sealedSegments++ === 5) corrupt(out)
          },
        }
        let isLying = false
        const { bob, alice } = scene
        const segmentWork = inlineSegmentWork(lying)
        const mallory = { ...bob, client: createClient({ ...bob.client, primitives: lying, segmentWork }) }
        const bytes = randomBytes(1_000_000)
        const read = async (recordingId: RecordingId): Promise<Buffer> => {
          const recording = await findRecording(alice.client, recordingId)
          return await readAll(readAsset(alice.client, recording, recording.media, { patienceMs: 0 }))
        }
        const honest = await scene.upload(bytes, mallory)
        expect((await read(honest.recordingId)).equals(bytes)).to.equal(true)
        isLying = true
        const { recordingId } = await scene.upload(bytes, mallory)
        const failure = await read(recordingId).catch((error: unknown) => error)
        expect(failure).to.include({ code: "integrity", place: "segment 5" })
        expect(sealedSegments).to.be.greaterThan(5)
      })
  })
})
