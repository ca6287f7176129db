import { createHash, randomBytes } from "node:crypto"
import { mkdtemp } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  type AssetReader,
  type AssetSource,
  type Client,
  createMeeting,
  createSegmentThread,
  findRecording,
  listInvitations,
  type MeetingId,
  openJournalFolder,
  readAsset,
  type ReaderOptions,
  type RecordingId,
  uploadRecording,
  type UploadOptions,
  type UploadProgress,
  whoAmI,
} from "../../../client/sdk/index.js"
import { bytesSource, onceSource, readAll } from "../../support/sdk/sources.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"

const MIB = 1024 * 1024
const CHUNK_PLAINTEXT_BYTES = 65_488 * 128

const details = (title: string) => ({
  title,
  fileName: null,
  capturedAtMs: null,
  durationMs: 1_000,
  prepared: "as-is" as const,
})

describe("SDK: recordings", function () {
  this.timeout(120_000)
  let service: Service
  let alice: TestClient
  let bob: TestClient
  let meetingId: MeetingId
  let homes = 0

  before(async () => {
    service = await startService()
    alice = await startClient(service, "Alice's laptop")
    bob = await startClient(service, "Bob's phone")
    meetingId = await createMeeting(alice.client, "Reviews")
    await addMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    const [waiting] = await listInvitations(bob.client)
    await acceptInvitation(bob.client, waiting!)
  })
  after(async () => {
    await alice.close()
    await bob.close()
    await service.stop()
  })

  const newFolder = async (): Promise<string> => await mkdtemp(join(alice.home, `journal-${homes++}-`))

  async function upload(
    source: AssetSource,
    client: Client = alice.client,
    folder?: string,
    options: UploadOptions = {},
  ): Promise<RecordingId> {
    const journal = await openJournalFolder(folder ?? (await newFolder()))
    const uploaded = await uploadRecording(
      client,
      meetingId,
      journal,
      { details: details("Stand-up"), assets: [{ role: "media", mediaType: "video/mp4", source }] },
      options,
    )
    return uploaded.recordingId
  }

  async function readerOf(recordingId: RecordingId, client: Client = bob.client): Promise<AssetReader> {
    const found = await findRecording(client, recordingId)
    expect(found.details.title).to.equal("Stand-up")
    return readAsset(client, found, found.media)
  }

  for (const size of [
    0,
    1,
    65_487,
    65_488,
    CHUNK_PLAINTEXT_BYTES - 1,
    CHUNK_PLAINTEXT_BYTES,
    CHUNK_PLAINTEXT_BYTES + 1,
    20 * MIB + 7,
  ]) {
    for (const [kind, source] of [
      ["a file", bytesSource],
      ["a stream", onceSource],
    ] as const) {
      it(`brings ${kind} of ${size} bytes to another member`, async () => {
        const bytes = randomBytes(size)
        const reader = await readerOf(await upload(source(bytes)))
        expect(reader.sizeBytes).to.equal(size)
        expect((await readAll(reader)).equals(bytes)).to.equal(true)
      })
    }
  }

  it("gives any range, and the same through a thread", async () => {
    const thread = createSegmentThread(new URL("./segment-thread.mjs", import.meta.url))
    const bytes = randomBytes(19 * MIB)
    const withThread = { ...alice.client, segmentWork: thread }
    const recordingId = await upload(bytesSource(bytes), withThread)
    const reader = await readerOf(recordingId, { ...bob.client, segmentWork: thread })
    for (const [start, end] of [
      [0, 0],
      [65_487, 65_488],
      [3 * MIB, 3 * MIB + 5],
      [CHUNK_PLAINTEXT_BYTES - 1, CHUNK_PLAINTEXT_BYTES + 1],
      [0, bytes.length - 1],
      [bytes.length - 1, bytes.length - 1],
      [MIB, 18 * MIB],
    ] as const) {
      expect((await readAll(reader, start, end)).equals(bytes.subarray(start, end + 1)), `${start}-${end}`).to.equal(
        true,
      )
    }
    await thread.close()
  })

  it("publishes several assets as one recording, and tells progress over all of them", async () => {
    const [media, poster] = [randomBytes(MIB), randomBytes(9_000)]
    const reports: UploadProgress[] = []
    const journal = await openJournalFolder(await newFolder())
    const assets = [
      { role: "media" as const, mediaType: "video/mp4", source: bytesSource(media) },
      { role: "poster" as const, mediaType: "image/jpeg", source: bytesSource(poster) },
    ]
    const { recordingId } = await uploadRecording(
      alice.client,
      meetingId,
      journal,
      { details: details("Two"), assets },
      { onProgress: (report) => reports.push(report) },
    )
    const found = await findRecording(bob.client, recordingId)
    expect(found.assets.map(({ role }) => role)).to.deep.equal(["media", "poster"])
    expect((await readAll(readAsset(bob.client, found, found.assets[1]!))).equals(poster)).to.equal(true)
    const last = reports.at(-1)!
    expect(last.phase).to.equal("publishing")
    expect([last.sealedBytes, last.sentBytes, last.storedBytes]).to.deep.equal([
      last.totalBytes,
      last.totalBytes,
      last.totalBytes,
    ])
  })

  describe("from a random place", () => {
    const bytes = randomBytes(40 * MIB)
    const place = 23 * MIB
    const segment = Math.floor(place / 65_488)
    let recordingId: RecordingId

    before(async () => {
      recordingId = await upload(bytesSource(bytes))
    })

    /** A reader of that recording, and what it asks for. */
    async function countedReader(options: ReaderOptions): Promise<readonly [AssetReader, string[]]> {
      const fetched: string[] = []
      const counting = bob.again({
        transport: async (request) => {
          fetched.push(
            `${new URL(request.url).pathname.split("/").slice(6).join("/")} ${request.headers["range"] ?? ""}`.trim(),
          )
          return await bob.transport(request)
        },
      })
      const found = await findRecording(counting, recordingId)
      const reader = readAsset(counting, found, found.media, options)
      fetched.length = 0
      return [reader, fetched]
    }

    function expectTruth(given: IteratorResult<Uint8Array, unknown>): void {
      const opened = Buffer.from((given.value as Uint8Array | undefined) ?? [])
      expect(opened.length).to.be.greaterThan(0)
      expect(opened.equals(bytes.subarray(place, place + opened.length))).to.equal(true)
    }

    it("fetches two segments and one chunk's hashes before the first byte", async () => {
      const [reader, fetched] = await countedReader({})
      const pieces = reader.read(place, bytes.length - 1)
      expectTruth(await pieces.next())
      expect(fetched.filter((path) => path.includes("/hashes"))).to.have.length(1)
      const ranges = fetched.filter((path) => path.includes("bytes="))
      expect(ranges).to.deep.equal([`stream bytes=${segment * 65_536}-${(segment + 2) * 65_536 - 1}`])
      await pieces.return(undefined)
    })

    it("asks at once for all that a player will want, gives out what came, and breaks the rest off", async () => {
      const [reader, fetched] = await countedReader({ readsOn: true })
      const pieces = reader.read(place, bytes.length - 1)
      const first = await pieces.next()
      expectTruth(first)
      expect((first.value as Uint8Array).length).to.be.at.most(2 * 65_488)
      await pieces.return(undefined)
      const ranges = fetched.filter((path) => path.includes("bytes="))
      expect(ranges).to.have.length(1)
      expect(ranges[0]).to.match(new RegExp(`^stream bytes=${segment * 65_536}-\\d{8}$`))
      expect(fetched.filter((path) => path.includes("/hashes"))).to.have.length(1)
    })

    it("has the hashes of the next chunk before it comes there", async () => {
      const [reader, fetched] = await countedReader({ readsOn: true })
      const chunk = 2
      const pieces = reader.read(chunk * 128 * 65_488, bytes.length - 1)
      // Two windows of 16 segments are under way at most, and the chunk has 31 left.
      for (let segments = 0; segments < 97;) {
        const { value } = await pieces.next()
        segments += (value as Uint8Array).length / 65_488
      }
      while (!fetched.includes(`chunks/${chunk + 1}/hashes`)) await new Promise((resolve) => setTimeout(resolve, 10))
      await pieces.return(undefined)
    })

    it("reads on to the end in one request, whose connection may break", async () => {
      const [reader, fetched] = await countedReader({ readsOn: true })
      const parts: Buffer[] = []
      for await (const part of reader.read(place, bytes.length - 1)) {
        parts.push(Buffer.from(part))
        if (parts.length !== 2) continue
        service.relay.cut()
        setTimeout(() => {
          service.relay.mend()
        }, 700)
      }
      expect(Buffer.concat(parts).equals(bytes.subarray(place))).to.equal(true)
      const ranges = new Set(fetched.filter((path) => path.includes("bytes=")))
      expect(ranges.size, "the first, and one from where it broke").to.equal(2)
    })

    it("gives out each segment as it comes over a slow line, and does not wait for more", async () => {
      const slow = bob.again({
        transport: async (request) => {
          const response = await bob.transport(request)
          return {
            ...response,
            header: (name) => response.header(name),
            chunks: async function* (limitBytes) {
              const sealed = await response.bytes(limitBytes)
              for (let at = 0; at < sealed.length; at += 65_536) {
                await new Promise((resolve) => setTimeout(resolve, 60))
                yield sealed.subarray(at, at + 65_536)
              }
            },
          }
        },
      })
      const found = await findRecording(slow, recordingId)
      const reader = readAsset(slow, found, found.media, { readsOn: true })
      const parts: Buffer[] = []
      const end = (segment + 16) * 65_488 - 1
      for await (const part of reader.read(segment * 65_488, end)) parts.push(Buffer.from(part))
      expect(Buffer.concat(parts).equals(bytes.subarray(segment * 65_488, end + 1))).to.equal(true)
      // A busy machine may see two as one.
      expect(parts.length).to.be.greaterThan(6)
    })
  })

  it("waits for a server that is gone, while it sends and while it reads", async () => {
    const bytes = randomBytes(30 * MIB)
    let cuts = 0
    const recordingId = await upload(bytesSource(bytes), alice.client, undefined, {
      onProgress: ({ sentBytes }) => {
        if (cuts > 0 || sentBytes < 8 * MIB) return
        cuts++
        service.relay.cut()
        setTimeout(() => {
          service.relay.mend()
        }, 700)
      },
    })
    expect(cuts).to.equal(1)
    const reader = await readerOf(recordingId)
    const parts: Buffer[] = []
    for await (const part of reader.read(0, bytes.length - 1)) {
      parts.push(Buffer.from(part))
      if (parts.length === 12) {
        service.relay.cut()
        setTimeout(() => {
          service.relay.mend()
        }, 700)
      }
    }
    expect(createHash("sha256").update(Buffer.concat(parts)).digest("hex")).to.equal(
      createHash("sha256").update(bytes).digest("hex"),
    )
  })

  it("stops when told to, and goes on when called again", async () => {
    const bytes = randomBytes(30 * MIB)
    const folder = await newFolder()
    const abort = new AbortController()
    const options = {
      signal: abort.signal,
      onProgress: ({ sentBytes }: UploadProgress) => {
        if (sentBytes >= 8 * MIB) abort.abort()
      },
    }
    const failure = await upload(bytesSource(bytes), alice.client, folder, options).catch((error: unknown) => error)
    expect(failure).to.have.property("code", "interrupted")
    expect(
      (await readAll(await readerOf(await upload(bytesSource(bytes), alice.client, folder)))).equals(bytes),
    ).to.equal(true)
  })
})
