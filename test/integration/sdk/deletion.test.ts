import { randomBytes } from "node:crypto"
import { mkdtemp } from "node:fs/promises"
import path from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import {
  abandonUpload,
  acceptInvitation,
  addMember,
  ArchiveError,
  type Client,
  type ClientFailpoint,
  closePublished,
  closeAccount,
  createMeeting,
  deleteMeeting,
  deleteRecording,
  describeUpload,
  findRecording,
  formatId,
  isArchiveError,
  isAccountClosed,
  type JournalStore,
  leaveMeeting,
  listInvitations,
  type MeetingId,
  openJournalFolder,
  planClosing,
  readAsset,
  readMeeting,
  readStorage,
  refreshKeys,
  type RecordingId,
  rekeyMeeting,
  renameRecording,
  setRetention,
  setRole,
  titleOf,
  uploadRecording,
  whoAmI,
} from "../../../client/sdk/index.js"
import { dayOf } from "../../../shared/protocol/ambient.js"
import { SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { bytesSource, readAll } from "../../support/sdk/sources.js"
import { recoverClient, type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"

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

  async function upload(by: Pick<TestClient, "client" | "home">, journal?: JournalStore): Promise<RecordingId> {
    const store = journal ?? (await openJournalFolder(await mkdtemp(path.join(by.home, "journal-"))))
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
    return (await uploadRecording(by.client, meetingId, store, { details, assets })).recordingId
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

  it("an upload that was interrupted is described, and given up at the server and here, unless it was published", async () => {
    const stopAt = (stop: ClientFailpoint): Client => {
      const failpoint = (name: ClientFailpoint): void => {
        if (name === stop) throw new ArchiveError("interrupted", "stopped")
      }
      return alice.again({ failpoint })
    }
    for (const [client, state, sentBytes, isMarked] of [
      [stopAt("upload.journal-kept"), "sending", 0, false],
      [stopAt("upload.piece-acknowledged"), "sending", SEGMENT_BYTES, false],
      [stopAt("upload.receipt-kept"), "sending", SEGMENT_BYTES, true],
      [stopAt("upload.event-kept"), "stored", 2 * SEGMENT_BYTES, true],
    ] as const) {
      const journal = await openJournalFolder(await mkdtemp(path.join(alice.home, "journal-")))
      await refusal(() => upload({ ...alice, client }, journal))
      const kept = (await journal.load())!
      const described = await describeUpload(alice.client, kept)
      expect(described).to.include({ state, title: "A title", sentBytes, totalBytes: 2 * SEGMENT_BYTES })
      expect((await abandonUpload(alice.client, journal, kept)) !== null).to.equal(isMarked)
      expect(await journal.load()).to.equal(null)
      const { unpublished } = await readStorage(alice.client, meetingId)
      expect(unpublished.every(({ purgeDay }) => purgeDay !== null)).to.equal(true)
      expect(await abandonUpload(alice.client, journal, kept)).to.equal(isMarked ? dayOf(Date.now()) + 1 : null)
      expect((await describeUpload(alice.client, kept)).state).to.equal(isMarked ? "lost" : "sending")
    }
    const journal = await openJournalFolder(await mkdtemp(path.join(alice.home, "journal-")))
    await refusal(() => upload({ ...alice, client: stopAt("upload.event-appended") }, journal))
    const published = (await journal.load())!
    expect(await refusal(() => abandonUpload(alice.client, journal, published))).to.equal("exists")
    await closePublished(alice.client, journal, published)
    expect(await journal.load()).to.equal(null)
    expect(await fatesOf(bob)).to.deep.equal(["kept"])
  })

  it("an account leaves its meetings, and is closed: no device, inbox, keyring or box is left of it, and its signatures hold", async () => {
    const carol = await startClient(service, "Carol's desktop")
    const carolsId = whoAmI(carol.client).accountId
    const accept = async (): Promise<void> => {
      const [waiting] = await listInvitations(carol.client)
      await acceptInvitation(carol.client, waiting!)
    }
    await addMember(alice.client, meetingId, carolsId, "admin")
    await accept()
    const recordingId = await upload(carol)
    const alone = await createMeeting(carol.client, "Alone")
    const led = await createMeeting(carol.client, "Led")
    await addMember(carol.client, led, whoAmI(bob.client).accountId)
    await acceptInvitation(bob.client, (await listInvitations(bob.client))[0]!)
    expect(await planClosing(carol.client)).to.deep.equal({
      leaves: [meetingId],
      deletes: [alone],
      blockedBy: [led],
      unreadable: [],
    })
    await setRole(carol.client, led, whoAmI(bob.client).accountId, "admin")
    const plan = await planClosing(carol.client)
    expect([plan.leaves, plan.blockedBy]).to.deep.equal([[meetingId, led], []])
    await closeAccount(carol.client, plan)
    await closeAccount(carol.client, { leaves: [], deletes: [], blockedBy: [], unreadable: [] })
    expect(await isAccountClosed(carol.client)).to.equal(true)
    expect(await refusal(() => refreshKeys(carol.client))).to.equal("gone")
    expect(await refusal(() => recoverClient(service, carol.recoveryPhrase, "phone"))).to.equal("not-found")
    for (const table of ["account_boxes", "inbox_entries", "keyring_records"])
      expect(
        await service.catalog.query(`SELECT 1 FROM ${table} WHERE account_id = $1`, [carolsId]),
        table,
      ).to.deep.equal([])
    // A member's next upload takes it out, and what it published opens on.
    await upload(bob)
    const { current, voids } = await readMeeting(alice.client, meetingId)
    expect([current.roster.length, voids]).to.deep.equal([2, []])
    const found = await findRecording(bob.client, recordingId)
    expect(await readAll(readAsset(bob.client, found, found.media))).to.have.length(1_000)
    expect(await refusal(() => addMember(alice.client, meetingId, carolsId))).to.equal("gone")
    await carol.close()
  })

  it("who closes an account without leaving is sealed nothing to: an admin's next upload takes it out, a member's waits for that (L16)", async () => {
    const dave = await startClient(service, "Dave's tablet")
    await addMember(alice.client, meetingId, whoAmI(dave.client).accountId)
    const [waiting] = await listInvitations(dave.client)
    await acceptInvitation(dave.client, waiting!)
    await closeAccount(dave.client, { leaves: [], deletes: [], blockedBy: [], unreadable: [] })
    expect(await refusal(() => upload(bob))).to.equal("not-authorised")
    expect(await refusal(() => rekeyMeeting(bob.client, meetingId))).to.equal("gone")
    await upload(alice)
    expect((await readMeeting(bob.client, meetingId)).current.roster).to.have.length(2)
    await upload(bob)
    await dave.close()
  })
})
