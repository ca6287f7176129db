import { randomBytes } from "node:crypto"
import { expect } from "chai"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { decodeEvent, type MeetingEvent } from "../../shared/protocol/event.js"
import type { EventBody } from "../../shared/protocol/statement.js"
import { mediaHeaderHash } from "../../client/crypto/consent.js"
import { openEventBody } from "../../client/crypto/log-event.js"
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
import { admit, json, openScene, refusal, resealed, say, type Scene } from "./support.js"

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

  async function eventAt({ client }: TestClient, seq: number): Promise<readonly [MeetingEvent, EventBody]> {
    const { meetingHash, current } = await readMeeting(client, meetingId)
    const rawEvents = await fetchEvents(client, meetingHash, requireMeeting(client, meetingId).known)
    const event = decodeEvent(rawEvents[seq]!)
    return [event, openEventBody(event, meetingHash, current.keys)]
  }

  it("a consent that a member signs for another is void (CO3)", async () => {
    const headerHash = await headerOf(recordingId)
    await say(bob, meetingId, { type: "consent", headerHash })
    await say(bob, meetingId, { type: "consent", headerHash }, { as: carol })
    expect([await answerOf(bob), await answerOf(carol)]).to.deep.equal(["agreed", "unanswered"])
    expect(await voidsOf()).to.deep.equal(["not-authorised"])
  })

  it("a consent to nothing that was announced or published is void, also when that comes behind it (CO3)", async () => {
    const capture = { headerHash: random(32), recordingId: random(16) as RecordingId }
    await say(bob, meetingId, { type: "consent", headerHash: capture.headerHash })
    await say(alice, meetingId, { type: "capture", ...capture })
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
    await say(carol, meetingId, {
      type: "capture",
      headerHash: await headerOf(recordingId),
      recordingId: random(16) as RecordingId,
    })
    expect(await voidsOf()).to.deep.equal(["replayed"])
    // What Bob signed, as Carol opens it, sealed anew at other places: here, here with another header, and in another meeting of both.
    const elsewhere = await createMeeting(alice.client, "Elsewhere")
    for (const person of [bob, carol]) await admit(alice, person, elsewhere)
    const [event, body] = await eventAt(carol, given)
    const header = await headerOf(other.recordingId)
    const altered = { ...body, fields: body.fields.map((f) => (f.name === "header" ? { ...f, value: header } : f)) }
    for (const [changed, id] of [
      [body, meetingId],
      [altered, meetingId],
      [body, elsewhere],
    ] as const) {
      const into = await read(carol, id)
      await appendEvent(carol.client, into, resealed(event, changed, into))
    }
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
    await say(alice, meetingId, { type: "capture", headerHash: random(32), recordingId: random(16) as RecordingId })
    const announced = (await read(bob)).captures.at(-1)!
    await say(bob, meetingId, { type: "capture", headerHash: random(32), recordingId: announced.recordingId })
    expect(await voidsOf()).to.deep.equal(["replayed"])
    expect(consentOf(await read(carol), announced.recordingId)?.authorGenesisHash).to.deep.equal(genesisHashOf(alice))
  })
})
