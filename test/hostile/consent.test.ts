import { randomBytes } from "node:crypto"
import { expect } from "chai"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { decodeEvent, encodeEvent, eventAad, eventContext } from "../../shared/protocol/event.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { type NoteContent, noteValues } from "../../shared/protocol/notes.js"
import { encodeBody, type EventBody, verifyStatementEnvelope } from "../../shared/protocol/statement.js"
import { sealRecord } from "../../client/crypto/committed-seal.js"
import { mediaHeaderHash } from "../../client/crypto/consent.js"
import { makeEvent, openEventBody } from "../../client/crypto/log-event.js"
import { verifySignature } from "../../client/crypto/sodium.js"
import { fetchChainOf } from "../../client/sdk/chains.js"
import { selfAsAuthor } from "../../client/sdk/client.js"
import {
  consentOf,
  createMeeting,
  giveConsent,
  type MeetingId,
  readMeeting,
  type RecordingId,
  withdrawConsent,
} from "../../client/sdk/index.js"
import { fetchEvents } from "../../client/sdk/meeting-events.js"
import { appendEvent, requireMeeting } from "../../client/sdk/meetings.js"
import { random } from "../support/people.js"
import type { TestClient } from "../support/sdk/clients.js"
import { admit, json, openScene, refusal, type Scene } from "./support.js"

/** SPEC.md §7.5: consent that nobody gave, was given to something else, or was taken back. */
describe("consent, by a server that lies and members who forge it", function () {
  this.timeout(60_000)
  let scene: Scene
  let alice: TestClient
  let bob: TestClient
  let carol: TestClient
  let meetingId: MeetingId
  let recordingId: RecordingId

  before(async () => {
    scene = await openScene()
    ;({ alice, bob } = scene)
    carol = await scene.newClient("Carol's desktop")
  })
  after(() => scene.close())
  beforeEach(async () => {
    meetingId = await createMeeting(alice.client, "Consent")
    for (const person of [bob, carol]) await admit(alice, person, meetingId)
    ;({ recordingId } = await scene.upload(randomBytes(100), alice, meetingId))
  })

  const genesisHashOf = ({ client }: TestClient): Uint8Array => client.state.current.secrets.genesisHash
  const read = async ({ client }: TestClient, id = meetingId) => await readMeeting(client, id)
  const headerOf = async (id: RecordingId): Promise<Uint8Array> =>
    mediaHeaderHash((await read(alice)).recordings.find(({ fields }) => equalBytes(fields.recordingId, id))!)
  const answerOf = async (person: TestClient, id = recordingId): Promise<string | undefined> =>
    consentOf(await read(carol), id)?.members?.find(({ genesisHash }) => equalBytes(genesisHash, genesisHashOf(person)))
      ?.state
  const voidsOf = async (id = meetingId): Promise<readonly string[]> =>
    (await read(alice, id)).voids.map(({ code }) => code)

  /** Appends a note as a client without scruples would. */
  async function say(by: TestClient, note: NoteContent, as = by): Promise<void> {
    const { client } = by
    const log = await read(by)
    const { headHash } = await fetchChainOf(client, genesisHashOf(as))
    const author = { ...selfAsAuthor(client, headHash), genesisHash: genesisHashOf(as) }
    const position = { meetingId, meetingHash: log.meetingHash, seq: log.head.seq + 1, prev: log.head.hash }
    const content = { type: note.type, values: noteValues(note), assets: [], carried: [], epochPart: null }
    const rawEvent = makeEvent(position, log.current.keys, author, content, {
      timeMs: Date.now(),
      random,
    })
    await appendEvent(client, log, rawEvent)
  }

  async function openEvent({ client }: TestClient, seq: number): Promise<EventBody> {
    const { meetingHash, current } = await readMeeting(client, meetingId)
    const rawEvents = await fetchEvents(client, meetingHash, requireMeeting(client, meetingId).known)
    return openEventBody(decodeEvent(rawEvents[seq]!), meetingHash, current.keys)
  }

  /** Appends what somebody signed for another place, as a member with the log's key can seal it. */
  async function sealAgain(by: TestClient, body: EventBody, into: MeetingId): Promise<void> {
    const log = await read(by, into)
    const { meetingHash, head, current } = log
    const { epoch, logKey: key } = current.keys
    const place = { meetingId: into, seq: head.seq + 1, prev: head.hash, epoch, assets: [], epochPart: null }
    const visible = { ...place, statementHash: verifyStatementEnvelope(body.envelope, verifySignature).statementHash }
    const context = eventContext(meetingHash, visible)
    const sealed = sealRecord({ key, label: LABELS.event, context, aad: eventAad(visible) }, encodeBody(body), random)
    await appendEvent(by.client, log, encodeEvent({ ...visible, sealedBody: sealed }))
  }

  it("a consent that a member signs for another is void (CO3)", async () => {
    const headerHash = await headerOf(recordingId)
    await say(bob, { type: "consent", headerHash })
    await say(bob, { type: "consent", headerHash }, carol)
    expect([await answerOf(bob), await answerOf(carol)]).to.deep.equal(["agreed", "unanswered"])
    expect(await voidsOf()).to.deep.equal(["not-authorised"])
  })

  it("a consent to nothing that was announced or published is void, also when that comes behind it (CO3)", async () => {
    const capture = { headerHash: random(32), recordingId: random(16) as RecordingId }
    await say(bob, { type: "consent", headerHash: capture.headerHash })
    await say(alice, { type: "capture", ...capture })
    expect([await voidsOf(), await answerOf(bob, capture.recordingId)]).to.deep.equal([
      ["not-authorised"],
      "unanswered",
    ])
    await giveConsent(bob.client, capture.recordingId)
    expect(await answerOf(bob, capture.recordingId)).to.equal("agreed")
  })

  it("a consent is carried to no other recording and no other meeting", async () => {
    await giveConsent(bob.client, recordingId)
    const given = (await read(alice)).head.seq
    const other = await scene.upload(randomBytes(100), alice, meetingId)
    expect([await answerOf(bob), await answerOf(bob, other.recordingId)]).to.deep.equal(["agreed", "unanswered"])
    // An announcement by somebody else of what is published already, to draw consents to it, has no effect.
    await say(carol, {
      type: "capture",
      headerHash: await headerOf(recordingId),
      recordingId: random(16) as RecordingId,
    })
    expect(await voidsOf()).to.deep.equal(["replayed"])
    // What Bob signed, as Carol opens it, sealed anew at other places: here, here with another header, and in another meeting of both.
    const elsewhere = await createMeeting(alice.client, "Elsewhere")
    for (const person of [bob, carol]) await admit(alice, person, elsewhere)
    const body = await openEvent(carol, given)
    const header = await headerOf(other.recordingId)
    const altered = { ...body, fields: body.fields.map((f) => (f.name === "header" ? { ...f, value: header } : f)) }
    await sealAgain(carol, body, meetingId)
    await sealAgain(carol, altered, meetingId)
    await sealAgain(carol, body, elsewhere)
    expect(await voidsOf()).to.deep.equal(["replayed", "bad-signature", "bad-signature"])
    expect(await voidsOf(elsewhere)).to.deep.equal(["bad-signature"])
    expect([await answerOf(bob, other.recordingId), (await read(alice, elsewhere)).answers]).to.deep.equal([
      "unanswered",
      [],
    ])
  })

  it("a withdrawal that the server hides is noticed as soon as anything comes that was signed behind it", async () => {
    await giveConsent(bob.client, recordingId)
    const { head } = await read(carol)
    await withdrawConsent(bob.client, recordingId)
    const cut = json<{ events: readonly string[] }>((page) => ({ ...page, events: page.events.slice(0, head.seq + 1) }))
    const hidden = scene.liar.lie({ path: /\/events\?from=0$/, tell: cut })
    // Nothing newer came: what Carol saw last is shown on.
    expect(await answerOf(bob)).to.equal("agreed")
    hidden.stop()
    expect(hidden.delivered()).to.be.greaterThan(0)
    await scene.upload(randomBytes(10), alice, meetingId)
    const leaking = json<{ events: readonly string[] }>((page) => ({
      ...page,
      events: page.events.filter((_event, index) => index !== head.seq + 1),
    }))
    const told = scene.liar.lie({ path: /\/events\?from=0$/, tell: leaking })
    expect(await refusal(async () => await read(carol))).to.deep.equal(["bad-chain", `event ${head.seq + 1}`])
    told.stop()
    expect(told.delivered()).to.be.greaterThan(0)
    expect(await answerOf(bob)).to.equal("withdrawn")
  })

  it("who reads an announcement announces nothing in its place (CO2)", async () => {
    await say(alice, { type: "capture", headerHash: random(32), recordingId: random(16) as RecordingId })
    const announced = (await read(bob)).captures.at(-1)!
    await say(bob, { type: "capture", headerHash: random(32), recordingId: announced.recordingId })
    expect(await voidsOf()).to.deep.equal(["replayed"])
    expect(consentOf(await read(carol), announced.recordingId)?.authorGenesisHash).to.deep.equal(genesisHashOf(alice))
  })
})
