import { randomBytes } from "node:crypto"
import { mkdtemp } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import {
  addMember,
  type AssetSource,
  CLIENT_FAILPOINTS,
  type ClientFailpoint,
  createMeeting,
  findRecording,
  flushOutbox,
  listInvitations,
  type MeetingId,
  openJournalFolder,
  readAsset,
  readMeeting,
  uploadRecording,
  type UploadedRecording,
  whoAmI,
} from "../../../client/sdk/index.js"
import { TEST_RUN } from "../../support/config.js"
import { bytesSource, onceSource, readAll } from "../../support/sdk/sources.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"

const MIB = 1024 * 1024
/** A chunk, and a piece behind it. */
const FILE_BYTES = 9 * MIB
/** Two chunks, and a piece behind them. */
const LONGER_FILE_BYTES = 17 * MIB

/** The process ends here: nothing after it runs. */
class Ended extends Error {}

describe("SDK: interruptions", function () {
  this.timeout(120_000)
  let service: Service
  let alice: TestClient
  let meetingId: MeetingId

  before(async () => {
    service = await startService()
    alice = await startClient(service, "Alice's laptop")
    meetingId = await createMeeting(alice.client, "Reviews")
  })
  after(async () => {
    await alice.close()
    await service.stop()
  })

  const newFolder = async (): Promise<string> => await mkdtemp(join(alice.home, "journal-"))

  /** An upload by a process of its own, which ends at `endAt` if that is given. */
  async function upload(
    folder: string,
    source: AssetSource,
    endAt?: ClientFailpoint,
    count = 1,
    title = "R",
  ): Promise<UploadedRecording> {
    let left = count
    const failpoint = (name: ClientFailpoint): void => {
      if (name === endAt && --left === 0) throw new Ended(name)
    }
    const details = { title, fileName: null, capturedAtMs: null, durationMs: null, prepared: "as-is" as const }
    const assets = [{ role: "media" as const, mediaType: "video/mp4", source }]
    return await uploadRecording(
      alice.again({ failpoint }),
      meetingId,
      await openJournalFolder(folder),
      { details, assets },
      { patienceMs: 3_000 },
    )
  }

  async function expectPublishedOnce(count: number, uploaded: UploadedRecording, bytes: Uint8Array): Promise<void> {
    const log = await readMeeting(alice.client, meetingId)
    expect(log.recordings).to.have.length(count)
    expect(log.voids).to.deep.equal([])
    const found = await findRecording(alice.client, uploaded.recordingId)
    expect((await readAll(readAsset(alice.client, found, found.media))).equals(bytes)).to.equal(true)
  }

  const countRecordings = async (): Promise<number> => (await readMeeting(alice.client, meetingId)).recordings.length

  const sources = [
    ["stream", onceSource],
    ["file", bytesSource],
  ] as const
  for (const [nth, endAt] of CLIENT_FAILPOINTS.filter((name) => name.startsWith("upload.")).entries()) {
    const count = endAt === "upload.leaves-kept" || endAt === "upload.piece-acknowledged" ? 2 : 1
    const isOfStreams = endAt === "upload.input-kept" || endAt === "upload.announced"
    for (const [index, [kind, sourceOf]] of sources.entries()) {
      if (kind === "file" && isOfStreams) continue
      // Each end with one of both, in turn; with both in a full run.
      if (!TEST_RUN.isFull && !isOfStreams && index !== nth % 2) continue
      it(`a ${kind}'s upload that ended at ${endAt} is completed by the next call, once`, async () => {
        // Where it ends at the second piece, that is not the last.
        const sizeBytes = count > 1 ? LONGER_FILE_BYTES : FILE_BYTES
        const [bytes, folder, before] = [randomBytes(sizeBytes), await newFolder(), await countRecordings()]
        const failure = await upload(folder, sourceOf(bytes), endAt, count).catch((error: unknown) => error)
        expect(failure).to.be.instanceOf(Ended)
        if (endAt === "upload.journal-removed") return expect(await countRecordings()).to.equal(before + 1)
        const uploaded = await upload(folder, sourceOf(bytes))
        await expectPublishedOnce(before + 1, uploaded, bytes)
      })
    }
  }

  it("a stream that had ended needs nothing of its source again", async () => {
    const [bytes, folder, before] = [randomBytes(FILE_BYTES), await newFolder(), await countRecordings()]
    await upload(folder, onceSource(bytes), "upload.input-kept").catch(() => undefined)
    await expectPublishedOnce(before + 1, await upload(folder, onceSource(new Uint8Array(0))), bytes)
  })

  it("another stream after one that had ended loses neither", async () => {
    const [first, folder, before] = [randomBytes(LONGER_FILE_BYTES), await newFolder(), await countRecordings()]
    await upload(folder, onceSource(first), "upload.input-kept").catch(() => undefined)
    const second = Buffer.concat([first.subarray(0, 9 * MIB), randomBytes(9 * MIB)])
    await expectPublishedOnce(before + 2, await upload(folder, onceSource(second)), second)
    const earlier = (await readMeeting(alice.client, meetingId)).recordings.at(-2)!
    const found = await findRecording(alice.client, earlier.fields.recordingId)
    expect((await readAll(readAsset(alice.client, found, found.media))).equals(first)).to.equal(true)
  })

  it("another stream after one that was cut off begins anew, and an empty one is refused", async () => {
    const [first, folder, before] = [randomBytes(26 * MIB), await newFolder(), await countRecordings()]
    await upload(folder, onceSource(first), "upload.leaves-kept", 2).catch(() => undefined)
    expect(await upload(folder, onceSource(new Uint8Array(0))).catch((error: unknown) => error)).to.have.property(
      "code",
      "usage",
    )
    const second = Buffer.concat([first.subarray(0, 9 * MIB), randomBytes(9 * MIB)])
    await expectPublishedOnce(before + 1, await upload(folder, onceSource(second)), second)
  })

  it("a file that changed begins anew under another key", async () => {
    const [bytes, folder, before] = [randomBytes(FILE_BYTES), await newFolder(), await countRecordings()]
    await upload(folder, bytesSource(bytes), "upload.piece-acknowledged").catch(() => undefined)
    const journal = await (await openJournalFolder(folder)).load()
    bytes[5] = bytes[5]! ^ 1
    const uploaded = await upload(folder, bytesSource(bytes))
    await expectPublishedOnce(before + 1, uploaded, bytes)
    const found = await findRecording(alice.client, uploaded.recordingId)
    expect(Buffer.from(found.media.contentKey).equals(journal!.assets[0]!.contentKey)).to.equal(false)
  })

  it("a stream is kept to its end though the server is gone, and sent by a later call", async () => {
    const [bytes, folder, before] = [randomBytes(30 * MIB), await newFolder(), await countRecordings()]
    const source = onceSource(bytes)
    const cutting: AssetSource = {
      ...source,
      open: async () => {
        const opened = await source.open()
        let reads = 0
        return {
          ...opened,
          read: async (into) =>
            ++reads === 2 ? (service.relay.cut(), await opened.read(into)) : await opened.read(into),
        }
      },
    }
    expect(await upload(folder, cutting).catch((error: unknown) => error)).to.have.property("code", "unavailable")
    service.relay.mend()
    await expectPublishedOnce(before + 1, await upload(folder, onceSource(new Uint8Array(0))), bytes)
  })

  it("a meeting that was begun is gone on with, once", async () => {
    for (const endAt of ["meeting.kept", "meeting.created"] as const) {
      const ending = alice.again({
        failpoint: (name) => {
          if (name === endAt) throw new Ended(name)
        },
      })
      expect(await createMeeting(ending, endAt).catch((error: unknown) => error)).to.be.instanceOf(Ended)
      const known = alice.client.state.current.meetings.length
      await createMeeting(alice.client, endAt)
      expect(alice.client.state.current.meetings).to.have.length(known + 1)
      expect(alice.client.state.current.drafts).to.deep.equal([])
    }
  })

  it("an invitation is sent though the process ended behind the append, and not where it ended before", async () => {
    for (const [endAt, invitations] of [
      ["member.invitation-kept", 0],
      ["member.epoch-appended", 1],
    ] as const) {
      const person = await startClient(service, "Bob's phone")
      const meeting = await createMeeting(alice.client, `Adding ${endAt}`)
      const ending = alice.again({
        failpoint: (name) => {
          if (name === endAt) throw new Ended(name)
        },
      })
      expect(
        await addMember(ending, meeting, whoAmI(person.client).accountId).catch((error: unknown) => error),
      ).to.be.instanceOf(Ended)
      await flushOutbox(alice.client)
      expect(await listInvitations(person.client)).to.have.length(invitations)
      await person.close()
    }
  })
})
