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
  ChatReader,
  makeEventOpening,
  makeMessageOpening,
  makeOpening,
  type MessageChoice,
  type MeetingId,
  noteOpening,
  nodePrimitives,
  openableEvent,
  openableMessages,
  type OpeningPlan,
  openJournalFolder,
  planOpening,
  readAsset,
  readMeeting,
  type RecordingId,
  sendMessage,
  textContent,
  uploadRecording,
  whoAmI,
} from "../../../client/sdk/index.js"
import { assetOf } from "../../../client/verifier/read-opening.js"
import { reportOpening } from "../../../client/verifier/words.js"
import { openMessageBySecret } from "../../../client/crypto/message.js"
import { openSegmentBySecret, segmentSecret } from "../../../client/crypto/segments.js"
import { assetHeaderHash } from "../../../shared/protocol/asset-header.js"
import { formatId, type MessageId } from "../../../shared/protocol/ids.js"
import { decodeMessage } from "../../../shared/protocol/message.js"
import { OPENING_BLOCK_PREFIX_BYTES, OPENING_PREFIX_BYTES, openingHeadBytes } from "../../../shared/protocol/opening.js"
import { segmentSize } from "../../../shared/protocol/sizes.js"
import { collected, loopedFilm, probe, verifyBytes } from "../../support/openings.js"
import { Haystack, type Needle } from "../../support/needles.js"
import { hasPrograms } from "../../support/has-programs.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"
import { TEST_RUN } from "../../support/config.js"
import { bytesSource, readAll } from "../../support/sdk/sources.js"

const SECONDS = 40

function doesOpen(open: () => unknown): boolean {
  try {
    open()
    return true
  } catch {
    return false
  }
}

/** A segment as the server has it. */
async function sealedSegment(client: Client, plan: OpeningPlan, segment: number): Promise<Buffer> {
  const ranges = [{ first: segment, count: 1 }]
  const { storedBytes } = plan.recording.media
  return (await collected(makeOpening(client, { ...plan, ranges }))).subarray(-segmentSize(segment, storedBytes))
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
    // Said to be minutes that the file has not: where its end is opened, it is seen to be one.
    const beyond = { fromMs: (SECONDS + 1) * 1_000, toMs: (SECONDS + 60) * 1_000 }
    const last = await planOpening(bob.client, found, { fromMs: (SECONDS - 1) * 1_000, toMs: SECONDS * 1_000 })
    for (const [from, refusal] of [
      [plan, { code: "truncated" }],
      [last, { code: "malformed", place: "head" }],
    ] as const) {
      const raw = await collected(makeOpening(bob.client, { ...from, part: beyond }))
      expect(await verifyBytes(raw).catch((error: unknown) => error)).to.include(refusal)
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
    // Every 32 bytes of what is not sealed in it, tried on segments that were not opened (in a full run on all), as its secret and as the content key.
    const firstBlock = OPENING_PREFIX_BYTES + openingHeadBytes(raw.subarray(0, OPENING_PREFIX_BYTES))
    const unsealedBytes = firstBlock + OPENING_BLOCK_PREFIX_BYTES + raw.readUInt32BE(firstBlock)
    const targets = TEST_RUN.isFull ? others : [...others.slice(0, 2), ...others.slice(-1)]
    const sealed = await Promise.all(targets.map(async (index) => await sealedSegment(bob.client, plan, index)))
    for (let at = 0; at + 32 <= unsealedBytes; at++) {
      const tried = raw.subarray(at, at + 32)
      for (const [place, index] of targets.entries())
        for (const secret of [tried, segmentSecret(tried, headerHash, index)]) {
          const last = index === plan.segments - 1
          const open = (): unknown =>
            openSegmentBySecret(secret, { headerHash, index, last }, sealed[place]!, nodePrimitives)
          if (doesOpen(open)) expect.fail(`the 32 bytes at ${at} open segment ${index}`)
        }
    }
    const opened = plan.ranges[0]!.first
    const ownSecret = segmentSecret(media.contentKey, headerHash, opened)
    const ownSegment = await sealedSegment(bob.client, plan, opened)
    const place = { headerHash, index: opened, last: false }
    expect(
      doesOpen(() => openSegmentBySecret(ownSecret, place, ownSegment, nodePrimitives)),
      "it would",
    ).to.equal(true)
  })

  it("opens all of a recording as the file that it is", async () => {
    const { recordingId, bytes } = films.get("webm")!
    const plan = await planOpening(bob.client, await findRecording(bob.client, recordingId), null)
    const { out, written, opening } = await verifyBytes(await collected(makeOpening(bob.client, plan)))
    expect(assetOf(opening)?.receipt).to.not.equal(null)
    expect(written).to.deep.equal({ what: "file" })
    expect(out.equals(bytes)).to.equal(true)
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
    expect(await codeOf((SECONDS + 1) * 1_000, (SECONDS + 60) * 1_000)).to.equal("usage")
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
    expect("fields" in opening ? opening.fields.map(({ name }) => name) : []).to.deep.equal(["roster"])
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

  it("opens chosen messages of the chat, and none of their neighbours", async () => {
    const { genesisHash } = alice.client.state.current.secrets
    const said = [
      [alice, textContent("Shall we begin?")],
      [bob, textContent("Not without her.")],
      [alice, textContent("We begin.")],
      [bob, textContent("So be it.", { mentions: [genesisHash] })],
    ] as const
    for (const [{ client }, content] of said) await sendMessage(client, meetingId, content)
    const all = (await ChatReader.open(bob.client, meetingId)).entries().filter((entry) => entry.kind === "authentic")
    const chosen = [0, 1, 3].map((index) => all[index]!)
    const openable = await openableMessages(bob.client, meetingId, { ids: chosen.map(({ messageId }) => messageId) })
    expect(openable.messages.map(({ isSealed }) => isSealed)).to.deep.equal([true, true, false])
    const raw = Buffer.from(await makeMessageOpening(bob.client, openable))
    const { opening } = await verifyBytes(raw)
    if (!("messages" in opening)) return expect.fail("an opening of messages")
    const texts = opening.messages.map(({ fields }) => fields.find(({ name }) => name === "text")?.value)
    expect(texts).to.deep.equal(["Shall we begin?", "Not without her.", "So be it."])
    expect(opening.messages.map(({ follows }) => follows)).to.deep.equal([null, null, 1])
    const { document, lines } = reportOpening({ opening, written: null }, null)
    expect(document["messages"]).to.have.length(3)
    expect(lines.join("\n")).to.include("Shall we begin?").and.not.include("We begin.")
    // Not the other message, no key, and nobody whom a message names.
    const { log } = openable
    const haystack = new Haystack([
      { name: "another message", bytes: Buffer.from("We begin.") },
      { name: "epoch secret", bytes: log.current.keys.secret },
      { name: "chat key", bytes: log.current.keys.chatKey },
      { name: "meeting's title", bytes: Buffer.from("Reviews") },
    ])
    haystack.scan("the opening", raw)
    expect([...haystack.found]).to.deep.equal([])
    expect(opening.messages[2]!.fields.map(({ name }) => name)).to.not.include("mentions")
    const opens = new Set<number>()
    for (const [index, { served }] of all.entries())
      for (let at = 0; at + 32 <= raw.length; at++)
        try {
          openMessageBySecret(decodeMessage(served.raw), log.meetingHash, raw.subarray(at, at + 32))
          opens.add(index)
        } catch (error) {
          expect(error).to.have.property("code", "cannot-open")
        }
    expect([...opens]).to.deep.equal([0, 1])
    // The same by their time, and none where there is none.
    const [first, last] = [all[0]!.statement.timeMs, all[3]!.statement.timeMs]
    const byTime = await openableMessages(bob.client, meetingId, { fromMs: first, untilMs: last + 1 })
    expect(byTime.messages).to.have.length(4)
    const codeOf = async (choice: MessageChoice): Promise<unknown> =>
      await openableMessages(bob.client, meetingId, choice).catch((error: unknown) =>
        Reflect.get(error as object, "code"),
      )
    expect(await codeOf({ fromMs: 0, untilMs: 1 })).to.equal("usage")
    expect(await codeOf({ ids: [new Uint8Array(16) as MessageId] })).to.equal("not-found")
    await noteOpening(bob.client, meetingId, { of: "messages", ids: chosen.map(({ messageId }) => messageId) })
    const told = activityOf(await readMeeting(alice.client, meetingId)).at(-1)
    expect(told).to.deep.include({ kind: "opened" })
  })

  it("tells the members what was opened, where its maker says so", async () => {
    const { recordingId } = films.get("mp4")!
    const part = { fromMs: 1_000, toMs: 2_000 }
    await noteOpening(bob.client, meetingId, { of: "recording", recordingId, part })
    const log = await readMeeting(alice.client, meetingId)
    const told = activityOf(log).filter(({ kind }) => kind === "opened")
    expect(told.at(-1)).to.deep.include({ subject: { of: "recording", recordingId, part } })
    expect(log.voids).to.deep.equal([])
  })
})
