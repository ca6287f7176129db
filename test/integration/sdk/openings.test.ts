import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import {
  acceptInvitation,
  activityOf,
  addMember,
  type Client,
  createMeeting,
  findRecording,
  listInvitations,
  makeEventOpening,
  makeOpening,
  type MeetingId,
  noteOpening,
  nodePrimitives,
  openableEvent,
  type OpeningPlan,
  openJournalFolder,
  planOpening,
  readAsset,
  readMeeting,
  type RecordingId,
  uploadRecording,
  whoAmI,
} from "../../../client/sdk/index.js"
import { reportOpening } from "../../../client/verifier/words.js"
import { openSegmentBySecret, segmentSecret } from "../../../client/crypto/segments.js"
import { assetHeaderHash } from "../../../shared/protocol/asset-header.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { collected, loopedFilm, probe, verifyBytes } from "../../support/openings.js"
import { Haystack, type Needle } from "../../support/needles.js"
import { hasPrograms } from "../../support/has-programs.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"
import { bytesSource, readAll } from "../../support/sdk/sources.js"

const SECONDS = 40

/** A segment as the server has it. */
async function sealedSegment(client: Client, plan: OpeningPlan, segment: number): Promise<Buffer> {
  const ranges = [{ first: segment, count: 1 }]
  return (await collected(makeOpening(client, { ...plan, ranges }))).subarray(-65_536)
}

describe("SDK: openings", function () {
  this.timeout(180_000)
  let service: Service
  let alice: TestClient
  let bob: TestClient
  let meetingId: MeetingId
  const films = new Map<string, { readonly recordingId: RecordingId; readonly bytes: Buffer }>()

  before(async function () {
    if (!hasPrograms("ffmpeg", "ffprobe")) this.skip()
    service = await startService()
    alice = await startClient(service, "Alice's laptop")
    bob = await startClient(service, "Bob's phone")
    meetingId = await createMeeting(alice.client, "Reviews")
    await addMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    await acceptInvitation(bob.client, (await listInvitations(bob.client))[0]!)
    for (const kind of ["mp4", "webm"] as const) {
      const { bytes } = await loopedFilm(service.folder, SECONDS, kind)
      const journal = await openJournalFolder(join(alice.home, `journal-${kind}`))
      const { recordingId } = await uploadRecording(alice.client, meetingId, journal, {
        details: {
          title: `Secret plans ${kind}`,
          fileName: null,
          capturedAtMs: null,
          durationMs: SECONDS * 1_000,
          prepared: "as-is",
        },
        assets: [{ role: "media", mediaType: `video/${kind}`, source: bytesSource(bytes) }],
      })
      films.set(kind, { recordingId, bytes })
    }
  })
  after(async () => {
    await (alice as TestClient | undefined)?.close()
    await (bob as TestClient | undefined)?.close()
    await (service as Service | undefined)?.stop()
  })

  for (const kind of ["mp4", "webm"]) {
    it(`opens some minutes of ${kind}, as a film of their own, and no other byte`, async () => {
      const { recordingId, bytes } = films.get(kind)!
      const found = await findRecording(bob.client, recordingId)
      const part = { fromMs: 20_500, toMs: 25_000 }
      const plan = await planOpening(bob.client, found, part)
      expect(plan.openedSegments)
        .to.be.greaterThan(1)
        .and.lessThan(plan.segments / 2)
      const raw = await collected(makeOpening(bob.client, plan))
      const verified = await verifyBytes(raw)
      expect(verified.written).to.deep.equal({ what: "part", ...plan.extracted })
      // From the key frame before on; a key frame stands every 50 pictures.
      expect(plan.extracted!.startMs).to.be.within(part.fromMs - 2_100, part.fromMs)
      expect(plan.extracted!.endMs).to.be.within(part.toMs, part.toMs + 150)
      const path = join(service.folder, `part.${kind}`)
      await writeFile(path, verified.out)
      const probed = await probe(path)
      expect(probed.seconds).to.be.closeTo(plan.extracted!.durationMs / 1_000, 0.15)
      expect(probed.streams).to.have.length(2)
      expect(probed.pictures).to.be.closeTo(probed.seconds * 25, 8)
      // What is opened is the recording's own, at its place; all else was never there.
      for (const { first, count } of plan.ranges) {
        const [start, end] = [first * 65_488, Math.min((first + count) * 65_488, bytes.length)]
        expect(verified.scratch.subarray(start, end).equals(bytes.subarray(start, end))).to.equal(true)
      }
    })
  }

  it("OP9: an opening that lacks what its minutes need gives out nothing", async () => {
    const found = await findRecording(bob.client, films.get("mp4")!.recordingId)
    const plan = await planOpening(bob.client, found, { fromMs: 20_500, toMs: 25_000 })
    const [index, media] = plan.ranges
    expect(plan.ranges).to.have.length(2)
    for (const ranges of [[media!], [index!, { ...media!, count: media!.count - 1 }]]) {
      const raw = await collected(makeOpening(bob.client, { ...plan, ranges }))
      const refused = await verifyBytes(raw).catch((error: unknown) => error)
      expect(refused)
        .to.include({ code: "truncated" })
        .and.have.property("place")
        .that.matches(/^bytes \d+ to \d+$/)
    }
  })

  it("holds no key to anything else, no title, no member and no neighbour, in whatever form", async () => {
    const found = await findRecording(bob.client, films.get("mp4")!.recordingId)
    const plan = await planOpening(bob.client, found, { fromMs: 20_500, toMs: 25_000 })
    const raw = await collected(makeOpening(bob.client, plan))
    const { media, log } = found
    const headerHash = assetHeaderHash(media.rawHeader)
    const isOpened = (segment: number): boolean =>
      plan.ranges.some(({ first, count }) => segment >= first && segment < first + count)
    const others = Array.from({ length: plan.segments }, (_, index) => index).filter((index) => !isOpened(index))
    const { keys } = log.current
    const secrets = bob.client.state.current.secrets
    const needles: Needle[] = [
      { name: "content key", bytes: media.contentKey },
      { name: "epoch secret", bytes: keys.secret },
      { name: "log key", bytes: keys.logKey },
      { name: "content wrap key", bytes: keys.contentWrapKey },
      { name: "title", bytes: Buffer.from("Secret plans") },
      { name: "meeting's title", bytes: Buffer.from("Reviews") },
      { name: "another member", bytes: secrets.genesisHash },
      { name: "recording id", bytes: found.recording.fields.recordingId },
      { name: "sealed content key", bytes: found.recording.fields.sealedContentKeys[0]! },
      { name: "sealed details", bytes: found.recording.fields.sealedDetails },
      ...others.map((index) => ({
        name: `secret of segment ${index}`,
        bytes: segmentSecret(media.contentKey, headerHash, index),
      })),
    ]
    expect(others.length).to.be.greaterThan(5)
    const haystack = new Haystack(needles)
    haystack.scan("the opening", raw)
    expect([...haystack.found]).to.deep.equal([])
    // It would have seen one.
    const seeing = new Haystack([{ name: "an opened secret", bytes: segmentSecret(media.contentKey, headerHash, 0) }])
    seeing.scan("the opening", raw)
    expect([...seeing.found]).to.have.length(1)
    // Every 32 bytes of it, tried as the content key of a segment that was not opened.
    const [other = 0] = others
    const sealedOther = await sealedSegment(bob.client, plan, other)
    for (let at = 0; at + 32 <= Math.min(raw.length, 20_000); at++) {
      const tried = raw.subarray(at, at + 32)
      for (const secret of [tried, segmentSecret(tried, headerHash, other)]) {
        const opens = (): unknown =>
          openSegmentBySecret(secret, { headerHash, index: other, last: false }, sealedOther, nodePrimitives)
        expect(opens).to.throw()
      }
    }
  })

  it("opens all of a recording as the file that it is", async () => {
    const { recordingId, bytes } = films.get("webm")!
    const plan = await planOpening(bob.client, await findRecording(bob.client, recordingId), null)
    const { out, written, opening } = await verifyBytes(await collected(makeOpening(bob.client, plan)))
    expect(written).to.deep.equal({ what: "file" })
    expect(out.equals(bytes)).to.equal(true)
    expect(opening.asset?.receipt).to.not.equal(null)
  })

  it("says who signed, as which device, in which meeting, and what is not proven", async () => {
    const { recordingId } = films.get("mp4")!
    const plan = await planOpening(bob.client, await findRecording(bob.client, recordingId), { fromMs: 0, toMs: 1_000 })
    const { document, lines } = reportOpening(await verifyBytes(await collected(makeOpening(bob.client, plan))), null)
    const { accountId } = whoAmI(alice.client)
    expect(document["signed"]).to.include({
      account: formatId("account", accountId),
      meeting: formatId("meeting", meetingId),
      seq: plan.recording.recording.seq,
      type: "recording",
    })
    expect(lines.join("\n")).to.include("Not proven:").and.not.include("Secret plans")
  })

  it("makes none of minutes that the recording has not, and none of what is no film", async () => {
    const { recordingId } = films.get("mp4")!
    const found = await findRecording(bob.client, recordingId)
    const codeOf = async (fromMs: number, toMs: number, recording = found): Promise<unknown> =>
      await planOpening(bob.client, recording, { fromMs, toMs }).catch((error: unknown) =>
        Reflect.get(error as object, "code"),
      )
    expect(await codeOf(5_000, 5_000)).to.equal("usage")
    const journal = await openJournalFolder(join(alice.home, "journal-text"))
    const text = await uploadRecording(alice.client, meetingId, journal, {
      details: { title: "Minutes", fileName: null, capturedAtMs: null, durationMs: null, prepared: "as-is" },
      assets: [{ role: "media", mediaType: "text/plain", source: bytesSource(Buffer.from("No film.")) }],
    })
    const minutes = await findRecording(bob.client, text.recordingId)
    expect(await codeOf(0, 1_000, minutes)).to.equal("unsupported")
    const plan = await planOpening(bob.client, minutes, null)
    expect((await verifyBytes(await collected(makeOpening(bob.client, plan)))).out.toString()).to.equal("No film.")
    expect(await readAll(readAsset(bob.client, minutes, minutes.media))).to.deep.equal(Buffer.from("No film."))
  })

  it("opens chosen fields of an event, and nothing of the others", async () => {
    const openable = await openableEvent(bob.client, meetingId, 1)
    expect(openable.names).to.include.members(["roster", "title", "admins"])
    const raw = await makeEventOpening(bob.client, openable, ["roster"])
    const { opening } = await verifyBytes(raw)
    expect(opening.fields.map(({ name }) => name)).to.deep.equal(["roster"])
    const { document } = reportOpening({ opening, written: null }, null)
    const { genesisHash } = bob.client.state.current.secrets
    expect(JSON.stringify(document["fields"])).to.include(Buffer.from(genesisHash).toString("hex"))
    expect(Buffer.from(raw).includes("Reviews")).to.equal(false)
    const refused = await makeEventOpening(bob.client, openable, ["rosters"]).catch((error: unknown) => error)
    expect(refused).to.have.property("code", "usage")
    expect(await openableEvent(bob.client, meetingId, 999).catch((error: unknown) => error)).to.have.property(
      "code",
      "not-found",
    )
  })

  it("tells the members what was opened, where its maker says so", async () => {
    const { recordingId } = films.get("mp4")!
    const part = { fromMs: 1_000, toMs: 2_000 }
    await noteOpening(bob.client, meetingId, { of: "recording", recordingId, part })
    const log = await readMeeting(alice.client, meetingId)
    const told = activityOf(log).filter(({ kind }) => kind === "opened")
    expect(told).to.have.length(1)
    expect(told[0]).to.deep.include({ subject: { of: "recording", recordingId, part } })
    expect(log.voids).to.deep.equal([])
  })
})
