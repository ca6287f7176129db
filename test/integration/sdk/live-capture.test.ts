import { randomBytes } from "node:crypto"
import { mkdtemp } from "node:fs/promises"
import path from "node:path"
import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  archiveCapture,
  type AssetSource,
  type Capture,
  capturedSource,
  consentOf,
  createMeeting,
  finishCapture,
  followLive,
  isArchiveError,
  type JournalStore,
  listInvitations,
  type LiveCapture,
  liveCapturesOf,
  livePlaceIn,
  type MeetingId,
  openCaptured,
  openJournalFolder,
  readMeeting,
  type RecordingPlace,
  recoverCapture,
  rekeyMeeting,
  removeMember,
  startCapture,
  whoAmI,
} from "../../../client/sdk/index.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { LIVE_SEGMENT_BYTES } from "../../../shared/protocol/live-asset.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"
import { bytesSource } from "../../support/sdk/sources.js"

describe("SDK: live capture", function () {
  this.timeout(60_000)
  let service: Service
  let alice: TestClient
  let bob: TestClient
  let meetingId: MeetingId

  before(async () => {
    service = await startService()
    alice = await startClient(service, "Alice's laptop")
    bob = await startClient(service, "Bob's phone")
    meetingId = await createMeeting(alice.client, "Live")
    await addMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    const [waiting] = await listInvitations(bob.client)
    await acceptInvitation(bob.client, waiting!)
  })
  after(async () => {
    for (const person of [alice, bob]) await person.close()
    await service.stop()
  })

  const newJournal = async (): Promise<JournalStore> =>
    await openJournalFolder(await mkdtemp(path.join(alice.home, "journal-")))
  const capture = { title: "Standup", mediaType: "video/webm", capturedAtMs: 1_800_000_000_000 }
  const newestOf = async ({ client }: TestClient): Promise<LiveCapture> =>
    liveCapturesOf(await readMeeting(client, meetingId)).at(-1)!
  const writeAll = async (running: Capture, flushes: readonly Uint8Array[]): Promise<void> => {
    for (const bytes of flushes) {
      running.write(bytes)
      await running.flush()
    }
  }
  async function readAll(source: AssetSource): Promise<Uint8Array> {
    const [opened, into] = [await source.open(), new Uint8Array(8 * 1024 * 1024)]
    return into.slice(0, await opened.read(into))
  }
  async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  it("is followed byte for byte while it runs, ends with a receipt, and its archive stands in its place as it was announced", async () => {
    const journal = await newJournal()
    const running = await startCapture(alice.client, meetingId, journal, capture)
    const flushes = [1_000, LIVE_SEGMENT_BYTES, 2 * LIVE_SEGMENT_BYTES + 5, 1].map((size) => randomBytes(size))
    const [seen, live]: [Uint8Array[], LiveCapture] = [[], await newestOf(bob)]
    expect(live).to.include({ title: "Standup", mediaType: "video/webm", isOpen: true })
    const following = followLive(bob.client, live, {
      from: "start",
      onBytes: (bytes) => {
        seen.push(bytes)
      },
    })
    await writeAll(running, flushes.slice(0, 2))
    await until(() => seen.length >= 2)
    await writeAll(running, flushes.slice(2))
    await running.stop()
    expect(await following).to.equal("finished")
    const whole = Buffer.concat(flushes)
    expect(Buffer.concat(seen).equals(whole)).to.equal(true)
    expect(equalBytes(await readAll(await capturedSource(alice.client, journal)), whole)).to.equal(true)
    const captured = await openCaptured(alice.client, journal)
    expect(captured.sizeBytes).to.equal(whole.length)
    for (const [start, end] of [
      [0, 1],
      [999, 70_000],
      [whole.length - 2, whole.length + 5],
    ] as const)
      expect(equalBytes(await captured.read(start, end), whole.subarray(start, end))).to.equal(true)

    const edge: { readonly segment: number; readonly isAfterGap: boolean }[] = []
    await followLive(bob.client, live, {
      from: "edge",
      onBytes: (_bytes, place) => {
        edge.push(place)
      },
    })
    expect(edge[0]).to.deep.equal({ segment: 0, isAfterGap: false })

    const details = { title: "Standup", fileName: null, capturedAtMs: 1, durationMs: 2, prepared: "remuxed" as const }
    const assets = [{ role: "media" as const, mediaType: "video/webm", source: bytesSource(whole) }]
    const { recordingId } = await archiveCapture(alice.client, journal, { details, assets })
    expect(equalBytes(recordingId, running.recordingId)).to.equal(true)
    const log = await readMeeting(bob.client, meetingId)
    expect(consentOf(log, recordingId)?.capture, "it was announced").to.not.equal(null)
    expect(liveCapturesOf(log).at(-1)?.isOpen).to.equal(false)
    expect(await followLive(bob.client, live, { from: "start", onBytes: () => undefined })).to.equal("replaced")
    expect(await journal.load()).to.equal(null)
  })

  it("what was flushed survives its recorder: on the device it is finished, and by a member it is recovered", async () => {
    const journal = await newJournal()
    const dying = new AbortController()
    let sent = 0
    const running = await startCapture(alice.again({}), meetingId, journal, capture, {
      signal: dying.signal,
      onState: ({ sentSegments }) => {
        sent = sentSegments
      },
    })
    const flushes = [randomBytes(70_000), randomBytes(10)]
    await writeAll(running, flushes)
    await until(() => sent === 3)
    dying.abort()
    running.write(randomBytes(30))
    await running.flush()
    running.write(randomBytes(1_000))
    const recovered = await readAll(await recoverCapture(bob.client, await newestOf(bob)))
    expect(equalBytes(recovered, Buffer.concat(flushes))).to.equal(true)

    const again = alice.again({})
    await finishCapture(again, journal)
    await finishCapture(again, journal)
    const kept = await readAll(await capturedSource(again, journal))
    expect(kept.length).to.equal(70_040)
    const whole = await readAll(await recoverCapture(bob.client, await newestOf(bob)))
    expect(equalBytes(whole, kept)).to.equal(true)
  })

  it("tells who writes meanwhile where its clock stands, as long as its heads come, it goes on, and it is of the epoch in force", async () => {
    let awayMs = 0
    const reader = { ...bob.client, clock: { nowMs: () => Date.now() + awayMs } }
    const placeNow = async (): Promise<RecordingPlace | null> =>
      await livePlaceIn(reader, await readMeeting(reader, meetingId))
    const isOf = (place: RecordingPlace | null, { recordingId }: Capture): boolean =>
      place !== null && equalBytes(place.recordingId, recordingId)
    const begin = async (by: TestClient): Promise<Capture> =>
      await startCapture(by.client, meetingId, await newJournal(), capture)
    const grow = async (running: Capture, clockMs: number): Promise<void> => {
      running.write(randomBytes(10))
      await running.flush(clockMs)
      await until(async () => isOf(await placeNow(), running))
    }
    expect(await placeNow(), "nothing is recorded").to.equal(null)
    const first = await begin(alice)
    expect(await placeNow(), "nothing of it came").to.equal(null)
    // By its own clock, not by the time since it was announced: it may have been halted, or begun late.
    await grow(first, 600_000)
    expect((await placeNow())?.offsetMs).to.be.within(600_000, 610_000)
    awayMs = 5_000
    expect((await placeNow())?.offsetMs, "goes on between its heads").to.be.within(605_000, 610_000)
    awayMs = 11_000
    expect(await placeNow(), "no head came for long").to.equal(null)
    awayMs = -60_000
    expect((await placeNow())?.offsetMs, "by a clock that is slow").to.be.within(600_000, 610_000)
    awayMs = 0
    // Somebody else's that began later takes nothing from it.
    const second = await begin(bob)
    second.write(randomBytes(10))
    await second.flush(1_000)
    await grow(first, 601_000)
    await first.stop()
    await grow(second, 2_000)
    expect((await placeNow())?.offsetMs).to.be.within(2_000, 12_000)
    await rekeyMeeting(alice.client, meetingId)
    expect(await placeNow(), "it belongs to an older epoch").to.equal(null)
    await second.stop()
  })

  it("ends by itself with the epoch, and who was removed can't follow what comes after", async () => {
    let mustRestart = false
    let phase = ""
    const running = await startCapture(alice.client, meetingId, await newJournal(), capture, {
      onState: (state) => {
        mustRestart = state.mustRestart
        phase = state.phase
      },
    })
    await writeAll(running, [randomBytes(10)])
    const live = await newestOf(bob)
    await removeMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    running.look()
    await until(() => phase === "stored")
    expect(mustRestart).to.equal(true)
    const next = await startCapture(alice.client, meetingId, await newJournal(), capture)
    await writeAll(next, [randomBytes(10)])
    const refused = await followLive(bob.client, live, { from: "start", onBytes: () => undefined }).then(
      () => null,
      (error: unknown) => (isArchiveError(error) ? error.code : error),
    )
    expect(refused).to.be.oneOf(["forbidden", "not-authorised"])
    await next.stop()
  })
})
