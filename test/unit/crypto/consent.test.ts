import { expect } from "chai"
import type { MeetingLog } from "../../../client/crypto/meeting-log.js"
import { mediaHeaderHash } from "../../../client/crypto/consent.js"
import { sodiumReady } from "../../../client/crypto/sodium.js"
import { consentOf } from "../../../client/sdk/consent.js"
import { assetHeaderHash } from "../../../shared/protocol/asset-header.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { asId, type RecordingId } from "../../../shared/protocol/ids.js"
import { makePerson, newMedia, type Person, random, TestMeeting } from "../../support/people.js"

const codesOf = (log: MeetingLog): readonly string[] => log.voids.map((event) => event.code)

/** SPEC.md §7.5, CO1 to CO5: events as a member could forge them, judged by every reader. */
describe("announced captures and consent", () => {
  let [alice, bob, carol, dave]: Person[] = []
  let meeting: TestMeeting
  let headerHash: Uint8Array
  let recordingId: RecordingId

  before(async () => {
    await sodiumReady()
    ;[alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map(makePerson)
  })
  beforeEach(async () => {
    meeting = new TestMeeting(alice!, "Three")
    await meeting.add(alice!, bob!, carol!)
    headerHash = random(32)
    recordingId = asId("recording", random(16))
  })

  const announce = async (by: Person, overrides: { headerHash?: Uint8Array; recordingId?: RecordingId } = {}) => {
    await meeting.say(by, { type: "capture", headerHash, recordingId, ...overrides }, 20)
  }
  /** What every reader is shown of who answered how, and when. */
  async function expectAnswers(id: RecordingId, expected: Readonly<Record<string, string>>): Promise<void> {
    for (const reader of [alice!, bob!, carol!]) {
      const page = consentOf(await meeting.read(reader), id)
      const answers = page?.members?.map(({ genesisHash, state, timeMs }) => [
        Object.entries({ alice, bob, carol, dave }).find(([, person]) =>
          equalBytes(person!.chain.genesisHash, genesisHash),
        )?.[0],
        timeMs === null ? state : `${state} at ${timeMs}`,
      ])
      expect(Object.fromEntries(answers ?? [])).to.deep.equal(expected)
    }
  }
  async function expectCodes(...codes: readonly string[]): Promise<void> {
    for (const reader of [alice!, bob!, carol!]) expect(codesOf(await meeting.read(reader))).to.deep.equal(codes)
  }

  it("CO1: fields of another form are void", async () => {
    await announce(alice!, { headerHash: random(31) })
    await announce(alice!, { recordingId: random(32) as RecordingId })
    await meeting.say(bob!, { type: "consent", headerHash: random(33) })
    await expectCodes("malformed", "malformed", "malformed")
  })

  it("CO2: what was announced or published is announced by nobody again, and its id is its announcer's", async () => {
    const published = await meeting.publish(bob!, "A file")
    const header = mediaHeaderHash((await meeting.read(bob!)).recordings[0]!)
    await announce(alice!)
    await announce(alice!, { recordingId: asId("recording", random(16)) })
    await announce(bob!, { headerHash: random(32) })
    await announce(bob!, { headerHash: header, recordingId: asId("recording", random(16)) })
    await announce(bob!, { headerHash: random(32), recordingId: published })
    await meeting.publish(bob!, "Squatted", 5, recordingId)
    await expectCodes(...Array.from({ length: 5 }, () => "replayed"))
    await meeting.publish(alice!, "As announced", 5, recordingId)
    expect((await meeting.read(carol!)).recordings).to.have.length(2)
  })

  it("CO3: an answer needs what it is to before it, and the newest of its author counts, for its author alone", async () => {
    await meeting.say(bob!, { type: "consent", headerHash }, 10)
    await announce(alice!)
    await expectCodes("not-authorised")
    await expectAnswers(recordingId, { alice: "unanswered", bob: "unanswered", carol: "unanswered" })
    await meeting.say(bob!, { type: "consent", headerHash }, 30)
    await meeting.say(carol!, { type: "consent-withdrawal", headerHash }, 31)
    await expectAnswers(recordingId, { alice: "unanswered", bob: "agreed at 30", carol: "withdrawn at 31" })
    await meeting.say(bob!, { type: "consent-withdrawal", headerHash }, 25)
    await meeting.say(bob!, { type: "leave" })
    await meeting.say(bob!, { type: "consent", headerHash }, 50)
    await expectAnswers(recordingId, { alice: "unanswered", bob: "withdrawn at 25", carol: "withdrawn at 31" })
    await expectCodes("not-authorised", "not-authorised")
  })

  it("CO3: who can't open what was before takes no answer to it for a forgery, and counts none", async () => {
    await meeting.nextEpoch(alice!, (await meeting.read(alice!)).current.roster, { policy: "from-join" })
    await announce(alice!)
    await meeting.add(alice!, dave!)
    await meeting.say(bob!, { type: "consent", headerHash })
    await expectCodes()
    const log = await meeting.read(dave!)
    expect([codesOf(log), log.answers, log.captures]).to.deep.equal([[], [], []])
    const id = await meeting.publish(bob!, "Since")
    expect(consentOf(await meeting.read(dave!), id)?.members).to.have.length(4)
  })

  it("CO4: answers are to what the header was announced or published as first, and to nothing else", async () => {
    const asset = newMedia()
    const header = { headerHash: assetHeaderHash(asset.rawHeader) }
    await announce(alice!, header)
    await meeting.say(bob!, { type: "consent", ...header }, 30)
    const other = await meeting.publish(carol!, "Another's", 40, undefined, asset)
    await expectAnswers(other, { alice: "unanswered", bob: "unanswered", carol: "unanswered" })
    expect(consentOf(await meeting.read(bob!), other)).to.include({ capture: null, isOtherwiseNamed: true })
    await meeting.publish(alice!, "As announced", 40, recordingId, asset)
    await expectAnswers(recordingId, { alice: "unanswered", bob: "agreed at 30", carol: "unanswered" })
    expect(consentOf(await meeting.read(bob!), recordingId)?.capture?.timeMs).to.equal(20)
  })

  it("CO5: asked are the members of when it was announced, else of the capture epoch; who answers besides is shown", async () => {
    await announce(alice!)
    const file = await meeting.publish(bob!, "A file")
    await meeting.add(alice!, dave!)
    await meeting.say(dave!, { type: "consent", headerHash }, 30)
    const { roster } = (await meeting.read(alice!)).current
    await meeting.nextEpoch(
      alice!,
      roster.filter(({ genesisHash }) => !equalBytes(genesisHash, dave!.chain.genesisHash)),
    )
    await expectAnswers(recordingId, {
      alice: "unanswered",
      bob: "unanswered",
      carol: "unanswered",
      dave: "agreed at 30",
    })
    await expectAnswers(file, { alice: "unanswered", bob: "unanswered", carol: "unanswered" })
    expect(consentOf(await meeting.read(bob!), file)).to.include({ capture: null, isOtherwiseNamed: false })
  })
})
