import { expect } from "chai"
import type { MeetingLog } from "../../../client/crypto/meeting-log.js"
import { sodiumReady } from "../../../client/crypto/sodium.js"
import { asId, type RecordingId } from "../../../shared/protocol/ids.js"
import { makePerson, type Person, random, TestMeeting } from "../../support/people.js"

const codesOf = (log: MeetingLog): readonly string[] => log.voids.map((event) => event.code)

/** SPEC.md §7.4, D1 to D4: events as a member could forge them, judged by every reader. */
describe("withdrawals, titles, retention and deletion", () => {
  let [alice, bob, carol]: Person[] = []
  let meeting: TestMeeting
  let recordingId: RecordingId

  before(async () => {
    await sodiumReady()
    ;[alice, bob, carol] = ["alice", "bob", "carol"].map(makePerson)
  })
  /** Alice is the admin; Bob published, Carol did not. */
  beforeEach(async () => {
    meeting = new TestMeeting(alice!, "Three")
    await meeting.add(alice!, bob!, carol!)
    recordingId = await meeting.publish(bob!, "First take")
  })

  async function expectAlike(expected: (log: MeetingLog) => void): Promise<void> {
    for (const reader of [alice!, bob!, carol!]) expected(await meeting.read(reader))
  }

  it("D1: by neither the recording's author nor an admin they are void, and change nothing", async () => {
    await meeting.say(carol!, { type: "withdrawal", recordingId })
    await meeting.say(carol!, { type: "recording-title", recordingId, title: "Mine" })
    await expectAlike((log) => {
      expect(codesOf(log)).to.deep.equal(["not-authorised", "not-authorised"])
      const [recording] = log.recordings
      expect([recording?.withdrawal, recording?.renamed]).to.deep.equal([null, null])
    })
  })

  it("D1: of a recording that is published behind them, or never, they change nothing", async () => {
    await meeting.say(carol!, { type: "withdrawal", recordingId: asId("recording", random(16)) })
    await expectAlike((log) => {
      expect(codesOf(log)).to.deep.equal([])
      expect(log.recordings.map(({ withdrawal }) => withdrawal)).to.deep.equal([null])
    })
  })

  it("D2: the first withdrawal counts, and the newest title, by the author or an admin", async () => {
    await meeting.say(bob!, { type: "recording-title", recordingId, title: "Second" }, 20)
    await meeting.say(alice!, { type: "recording-title", recordingId, title: "Third" }, 15)
    await meeting.say(alice!, { type: "withdrawal", recordingId }, 30)
    await meeting.say(bob!, { type: "withdrawal", recordingId }, 25)
    await expectAlike((log) => {
      expect(codesOf(log)).to.deep.equal([])
      const [recording] = log.recordings
      expect(recording?.renamed?.title).to.equal("Third")
      expect(recording?.withdrawal?.timeMs).to.equal(30)
      expect(recording?.withdrawal?.authorGenesisHash).to.deep.equal(alice!.chain.genesisHash)
    })
  })

  it("D2: who left the meeting withdraws nothing in its log any more", async () => {
    await meeting.say(bob!, { type: "leave" })
    await meeting.say(bob!, { type: "withdrawal", recordingId })
    await expectAlike((log) => {
      expect(codesOf(log)).to.deep.equal(["not-authorised"])
      expect(log.recordings[0]?.withdrawal).to.equal(null)
    })
  })

  it("D3: a member's retention or deletion is void; an admin's newest retention and first deletion count, epochs or not", async () => {
    await meeting.say(carol!, { type: "retention", days: 1 })
    await meeting.say(bob!, { type: "deletion" })
    await expectAlike((log) => {
      expect(codesOf(log)).to.deep.equal(["not-authorised", "not-authorised"])
      expect([log.standing.retention, log.standing.deletion]).to.deep.equal([null, null])
    })
    await meeting.say(alice!, { type: "retention", days: 30 })
    await meeting.say(alice!, { type: "retention", days: null })
    await meeting.say(alice!, { type: "deletion" }, 40)
    await meeting.say(alice!, { type: "deletion" }, 50)
    const { current } = await meeting.read(carol!)
    await meeting.nextEpoch(carol!, current.roster)
    await meeting.nextEpoch(alice!, current.roster)
    await expectAlike(({ standing }) => {
      expect([standing.retention?.days, standing.deletion?.timeMs]).to.deep.equal([null, 40])
    })
  })

  it("D4: fields of another form are void", async () => {
    await meeting.say(alice!, { type: "retention", days: 0 })
    await meeting.say(alice!, { type: "recording-title", recordingId, title: "x".repeat(513) })
    await meeting.say(bob!, { type: "withdrawal", recordingId: random(17) as RecordingId })
    await expectAlike((log) => expect(codesOf(log)).to.deep.equal(["malformed", "malformed", "malformed"]))
  })
})
