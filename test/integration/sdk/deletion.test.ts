import { randomBytes } from "node:crypto"
import { mkdtemp } from "node:fs/promises"
import path from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  createMeeting,
  deleteMeeting,
  deleteRecording,
  findRecording,
  formatId,
  isArchiveError,
  leaveMeeting,
  listInvitations,
  type MeetingId,
  openJournalFolder,
  readAsset,
  readMeeting,
  readStorage,
  type RecordingId,
  rekeyMeeting,
  renameRecording,
  setRetention,
  titleOf,
  uploadRecording,
  whoAmI,
} from "../../../client/sdk/index.js"
import { dayOf } from "../../../shared/protocol/ambient.js"
import { bytesSource, readAll } from "../../support/sdk/sources.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"

describe("SDK: deletion", function () {
  this.timeout(60_000)
  let service: Service
  let alice: TestClient
  let bob: TestClient
  let meetingId: MeetingId

  before(async () => {
    service = await startService({ PURGE_GRACE_DAYS: "1" })
    alice = await startClient(service, "Alice's laptop")
    bob = await startClient(service, "Bob's phone")
  })
  after(async () => {
    await Promise.all([alice.close(), bob.close()])
    await service.stop()
  })
  beforeEach(async () => {
    meetingId = await createMeeting(alice.client, "Deletion")
    await admit()
  })

  async function admit(): Promise<void> {
    await addMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    const [waiting] = await listInvitations(bob.client)
    await acceptInvitation(bob.client, waiting!)
  }

  async function upload(by: TestClient): Promise<RecordingId> {
    const journal = await openJournalFolder(await mkdtemp(path.join(by.home, "journal-")))
    const details = {
      title: "A title",
      fileName: null,
      capturedAtMs: null,
      durationMs: null,
      prepared: "as-is",
    } as const
    const source = (bytes: number) => bytesSource(randomBytes(bytes))
    const assets = [
      { role: "media", mediaType: "video/mp4", source: source(1_000) },
      { role: "poster", mediaType: "image/jpeg", source: source(10) },
    ] as const
    return (await uploadRecording(by.client, meetingId, journal, { details, assets })).recordingId
  }

  async function refusal(act: () => Promise<unknown>): Promise<string> {
    try {
      await act()
    } catch (error) {
      if (isArchiveError(error)) return error.code
      throw error
    }
    return "done"
  }

  const fatesOf = async (reader: TestClient) =>
    (await readStorage(reader.client, meetingId)).recordings.map(({ fate }) => fate)

  async function reachPurgeDay(): Promise<void> {
    for (const table of ["assets", "meetings"])
      await service.catalog.query(`UPDATE ${table} SET purge_day = purge_day - 1`, [])
  }

  /** Until the worker has been there. */
  async function untilEmpty(reader: TestClient): Promise<void> {
    for (;;) {
      const { keeping, recordings } = await readStorage(reader.client, meetingId)
      if (
        keeping.assetCount === 0 &&
        recordings.every(({ assets }) => assets.every((asset) => asset.keptBytes === null))
      )
        return
      await delay(50)
    }
  }

  it("D5: a recording is deleted by its author or an admin; the members are told by whom, and the bytes go", async () => {
    const [byBob, byAlice, kept] = [await upload(bob), await upload(bob), await upload(alice)]
    expect(await refusal(() => deleteRecording(bob.client, kept))).to.equal("not-authorised")
    const deleted = await deleteRecording(bob.client, byBob)
    expect(deleted).to.deep.equal({ meetingId, isStated: true, purgeDay: dayOf(Date.now()) + 1 })
    await deleteRecording(alice.client, byAlice)
    for (const reader of [alice, bob]) {
      const log = await readMeeting(reader.client, meetingId)
      const authors = log.recordings.map(({ withdrawal }) => withdrawal?.authorGenesisHash ?? null)
      expect(authors).to.deep.equal([
        bob.client.state.current.secrets.genesisHash,
        alice.client.state.current.secrets.genesisHash,
        null,
      ])
      expect(log.voids).to.deep.equal([])
      for (const gone of [byBob, byAlice])
        expect(await refusal(() => findRecording(reader.client, gone))).to.equal("gone")
      expect(await fatesOf(reader)).to.deep.equal(["withdrawn", "withdrawn", "kept"])
      const found = await findRecording(reader.client, kept)
      expect(await readAll(readAsset(reader.client, found, found.media))).to.have.length(1_000)
    }
    await deleteRecording(alice.client, kept)
    await reachPurgeDay()
    await untilEmpty(bob)
    expect(await deleteRecording(bob.client, byBob)).to.deep.include({ isStated: true, purgeDay: null })
    expect((await readMeeting(bob.client, meetingId)).notes.map(({ type }) => type)).to.deep.equal([
      "withdrawal",
      "withdrawal",
      "withdrawal",
    ])
  })

  it("what was removed or left a member deletes what it uploaded, unsaid; D6: to the members that is missing", async () => {
    const [first, second, others] = [await upload(bob), await upload(bob), await upload(alice)]
    await leaveMeeting(bob.client, meetingId)
    expect(await deleteRecording(bob.client, first)).to.deep.include({ isStated: false })
    await rekeyMeeting(alice.client, meetingId)
    expect(await deleteRecording(bob.client, second)).to.deep.include({ isStated: false })
    expect(await refusal(() => deleteRecording(bob.client, others))).to.equal("not-authorised")
    expect(await fatesOf(alice)).to.deep.equal(["missing", "missing", "kept"])
    const found = await findRecording(alice.client, first)
    expect(await refusal(() => readAll(readAsset(alice.client, found, found.media)))).to.equal("not-found")
    await admit()
  })

  it("a recording is called what its author or an admin said last", async () => {
    const recordingId = await upload(bob)
    await renameRecording(bob.client, recordingId, "Second")
    await renameRecording(alice.client, recordingId, "Third")
    expect((await findRecording(bob.client, recordingId)).details.title).to.equal("Third")
    expect(titleOf((await readMeeting(bob.client, meetingId)).recordings[0]!)).to.equal("Third")
    const byAlice = await upload(alice)
    expect(await refusal(() => renameRecording(bob.client, byAlice, "Mine"))).to.equal("not-authorised")
    expect(await refusal(() => renameRecording(bob.client, recordingId, " "))).to.equal("usage")
  })

  it("D7: a retention is said in the log and told to the server, by an admin", async () => {
    expect(await refusal(() => setRetention(bob.client, meetingId, 30))).to.equal("not-authorised")
    for (const days of [30, 30, null, 90]) {
      expect((await setRetention(alice.client, meetingId, days)).retentionDays).to.equal(days)
      const { log, keeping } = await readStorage(bob.client, meetingId)
      expect([log.standing.retention?.days, keeping.retentionDays]).to.deep.equal([days, days])
    }
    expect((await readMeeting(bob.client, meetingId)).notes).to.have.length(3)
  })

  it("D8: a meeting is deleted by an admin with all that is in it; nothing is sealed to it, and who did it is known after", async () => {
    const recordingId = await upload(bob)
    expect(await refusal(() => deleteMeeting(bob.client, meetingId))).to.equal("not-authorised")
    expect(await deleteMeeting(alice.client, meetingId)).to.equal(dayOf(Date.now()) + 1)
    for (const reader of [alice, bob]) {
      const { log, keeping, recordings } = await readStorage(reader.client, meetingId)
      expect(log.standing.deletion?.authorGenesisHash).to.deep.equal(alice.client.state.current.secrets.genesisHash)
      expect([keeping.purgeDay, recordings.map(({ fate }) => fate)]).to.deep.equal([dayOf(Date.now()) + 1, ["deleted"]])
      expect(await refusal(() => upload(reader))).to.equal("gone")
    }
    await reachPurgeDay()
    while ((await refusal(() => readMeeting(alice.client, meetingId))) !== "gone") await delay(50)
    for (const act of [
      () => findRecording(bob.client, recordingId),
      () => deleteMeeting(alice.client, meetingId),
      () => upload(bob),
    ])
      expect(await refusal(act)).to.equal("gone")
    const told = await readMeeting(bob.client, meetingId).catch((error: unknown) => error)
    expect(told)
      .to.have.property("message")
      .that.includes(formatId("account", whoAmI(alice.client).accountId))
  })
})
