import { randomBytes } from "node:crypto"
import { mkdtemp } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import {
  addMember,
  createMeeting,
  findRecording,
  type MeetingId,
  openJournalFolder,
  readAsset,
  uploadRecording,
  whoAmI,
} from "../../../client/sdk/index.js"
import { bytesSource, readAll } from "../../support/sdk/sources.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"

const MIB = 1024 * 1024

describe("SDK: a meeting that moves on", function () {
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
})
