import { randomBytes } from "node:crypto"
import { mkdtemp } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import {
  addMember,
  type Client,
  createMeeting,
  fetchInstance,
  findRecording,
  type MeetingId,
  openJournalFolder,
  readAsset,
  readMeeting,
  type Transport,
  uploadRecording,
  whoAmI,
} from "../../../client/sdk/index.js"
import { bytesSource, readAll } from "./sources.js"
import { type Service, startClient, startService, type TestClient } from "./support.js"

const MIB = 1024 * 1024

describe("SDK: a server that lies, a meeting that moves on", function () {
  this.timeout(60_000)
  let service: Service
  let alice: TestClient

  before(async () => {
    service = await startService()
    alice = await startClient(service, "Alice's laptop")
  })
  after(async () => {
    await alice.close()
    await service.stop()
  })

  const details = { title: "R", fileName: null, capturedAtMs: null, durationMs: null, prepared: "as-is" as const }

  async function upload(
    meetingId: MeetingId,
    bytes: Uint8Array,
    onSent: () => Promise<void> = () => Promise.resolve(),
  ): Promise<ReturnType<typeof uploadRecording>> {
    const begun: Promise<void>[] = []
    const journal = await openJournalFolder(await mkdtemp(join(alice.home, "journal-")))
    const uploaded = await uploadRecording(
      alice.client,
      meetingId,
      journal,
      { details, assets: [{ role: "media", mediaType: "video/mp4", source: bytesSource(bytes) }] },
      {
        onProgress: ({ sentBytes }) => {
          if (sentBytes > 0 && begun.length === 0) begun.push(onSent())
        },
      },
    )
    await Promise.all(begun)
    return uploaded
  }

  /** Alice behind a server that changes the bodies of what it answers to `path`. */
  function liedTo(path: RegExp, change: (body: Buffer) => Buffer): Client {
    const transport: Transport = async (request) => {
      const response = await alice.transport(request)
      if (!path.test(request.url)) return response
      const body = async (limitBytes: number): Promise<Buffer> => change(Buffer.from(await response.bytes(limitBytes)))
      return {
        ...response,
        bytes: body,
        chunks: async function* (limitBytes) {
          yield await body(limitBytes)
        },
      }
    }
    return alice.again({ transport })
  }

  const codeOf = async (work: Promise<unknown>): Promise<{ readonly code?: string; readonly place?: string }> =>
    (await work.then(
      () => ({}),
      (error: unknown) => error,
    )) as { code?: string; place?: string }

  it("an epoch that begins while a recording is sent makes it no less readable", async () => {
    const meetingId = await createMeeting(alice.client, "Growing")
    const person = await startClient(service, "Bob's phone")
    const bytes = randomBytes(30 * MIB)
    const { recordingId } = await upload(meetingId, bytes, async () => {
      await addMember(alice.client, meetingId, whoAmI(person.client).accountId)
    })
    const found = await findRecording(alice.client, recordingId)
    expect([found.recording.fields.captureEpoch, found.recording.epoch]).to.deep.equal([0, 1])
    expect((await readAll(readAsset(alice.client, found, found.media))).equals(bytes)).to.equal(true)
    await person.close()
  })

  it("an epoch that begins while a recording is read stops nothing", async () => {
    const meetingId = await createMeeting(alice.client, "Read on")
    const person = await startClient(service, "Bob's phone")
    const bytes = randomBytes(40 * MIB)
    const { recordingId } = await upload(meetingId, bytes)
    const found = await findRecording(alice.client, recordingId)
    const reader = readAsset(alice.client, found, found.media)
    expect((await readAll(reader, 0, 10)).equals(bytes.subarray(0, 11))).to.equal(true)
    await addMember(alice.client, meetingId, whoAmI(person.client).accountId)
    expect((await readAll(reader)).equals(bytes)).to.equal(true)
    await person.close()
  })

  it("refuses what is not what was sealed, and gives out nothing of it", async () => {
    const meetingId = await createMeeting(alice.client, "Lies")
    const bytes = randomBytes(3 * MIB)
    const { recordingId } = await upload(meetingId, bytes)
    const found = await findRecording(alice.client, recordingId)
    const lies: readonly (readonly [
      name: string,
      path: RegExp,
      change: (body: Buffer) => Buffer,
      code: string,
      place: string,
    ])[] = [
      [
        "a flipped byte",
        /stream$/,
        (body) => {
          body[70_000] = body[70_000]! ^ 1
          return body
        },
        "integrity",
        "segment 1",
      ],
      [
        "swapped segments",
        /stream$/,
        (body) => Buffer.concat([body.subarray(65_536, 131_072), body.subarray(0, 65_536), body.subarray(131_072)]),
        "integrity",
        "segment 0",
      ],
      ["a stream cut at a segment's border", /stream$/, (body) => body.subarray(0, 65_536), "truncated", "segment 1"],
      [
        "hashes of something else",
        /hashes$/,
        (body) => {
          body[40] = body[40]! ^ 1
          return body
        },
        "integrity",
        "chunk 0",
      ],
    ]
    for (const [name, path, change, code, place] of lies) {
      let isLying = false
      const client = liedTo(path, (body) => (isLying ? change(body) : body))
      expect((await readAll(readAsset(client, found, found.media))).equals(bytes), name).to.equal(true)
      isLying = true
      const given: Uint8Array[] = []
      const read = async (): Promise<void> => {
        for await (const part of readAsset(client, found, found.media, { patienceMs: 0 }).read(0, bytes.length - 1))
          given.push(part)
      }
      const failure = await codeOf(read())
      expect([failure.code, failure.place], name).to.deep.equal([code, place])
      expect(given, name).to.deep.equal([])
    }
  })

  it("refuses a log that is shorter than it was, another log, and another instance", async () => {
    const meetingId = await createMeeting(alice.client, "Rolled back")
    await upload(meetingId, randomBytes(10))
    await readMeeting(alice.client, meetingId)
    type Page = { events: string[] }
    const events = (change: (page: Page) => Page): Client =>
      liedTo(/events\?/, (body) => Buffer.from(JSON.stringify(change(JSON.parse(body.toString("utf8")) as Page))))
    expect(
      (
        await codeOf(
          readMeeting(
            events((page) => ({ ...page, events: page.events.slice(0, -1) })),
            meetingId,
          ),
        )
      ).code,
    ).to.equal("rollback")
    const fork = await codeOf(
      readMeeting(
        events((page) => ({
          ...page,
          events: page.events.map((event, seq) => (seq === 0 ? event : `${event.slice(0, -8)}AAAAAAAA`)),
        })),
        meetingId,
      ),
    )
    expect(["fork", "malformed"]).to.include(fork.code)
    const other = randomBytes(32).toString("base64url")
    const instance = liedTo(/instance$/, (body) =>
      Buffer.from(body.toString("utf8").replace(/"instanceKey":"[^"]*"/, `"instanceKey":"${other}"`)),
    )
    const { instanceKey } = alice.client.state.current
    await fetchInstance(alice.client.http, instanceKey)
    expect(["bad-signature", "instance-changed"]).to.include(
      (await codeOf(fetchInstance(instance.http, instanceKey))).code,
    )
  })
})
