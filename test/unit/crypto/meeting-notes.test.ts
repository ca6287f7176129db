import { expect } from "chai"
import type { MeetingLog } from "../../../client/crypto/meeting-log.js"
import { sodiumReady } from "../../../client/crypto/sodium.js"
import type { NoteContent } from "../../../shared/protocol/notes.js"
import type { Role } from "../../../shared/protocol/roster.js"
import { entryOf, makePerson, type Person, TestMeeting } from "../../support/people.js"

const codesOf = (log: MeetingLog): readonly string[] => log.voids.map((event) => event.code)

/** SPEC.md §7.3, and what §7.1 says of admins' keys: events as a member or an admin could forge them, judged by every reader. */
describe("leaving, renewal, expiry", () => {
  let [alice, bob, carol]: Person[] = []

  before(async () => {
    await sodiumReady()
    ;[alice, bob, carol] = ["alice", "bob", "carol"].map(makePerson)
  })

  const roster = (roles: readonly (Role | null)[]) =>
    [alice!, bob!, carol!].flatMap((person, index) => {
      const role = roles[index] ?? null
      return role === null ? [] : [entryOf(person, role)]
    })

  /** Alice and Bob as admins, Carol as a member. */
  async function meetingOfThree(): Promise<TestMeeting> {
    const meeting = new TestMeeting(alice!, "Three")
    await meeting.add(alice!, bob!, carol!)
    await meeting.nextEpoch(alice!, roster(["admin", "admin", "member"]))
    return meeting
  }

  type Bare = Extract<NoteContent, { readonly type: "leave" | "renewal" | "expiry" | "deletion" }>["type"]
  async function note(meeting: TestMeeting, by: Person, type: Bare, timeMs?: number): Promise<void> {
    await meeting.say(by, { type }, timeMs)
  }

  async function expectAlike(meeting: TestMeeting, expected: (log: MeetingLog, reader: Person) => void): Promise<void> {
    for (const reader of [alice!, bob!, carol!]) {
      const log = await meeting.read(reader)
      if (log.isMember) expected(log, reader)
    }
  }

  it("renewals and expiries count by admins alone; the newest time of a renewal counts", async () => {
    const meeting = await meetingOfThree()
    await note(meeting, carol!, "renewal", 99)
    await note(meeting, carol!, "expiry")
    await note(meeting, bob!, "renewal", 50)
    await note(meeting, alice!, "renewal", 40)
    await expectAlike(meeting, (log) => {
      expect(codesOf(log)).to.deep.equal(["not-authorised", "not-authorised"])
      expect([log.standing.renewedAtMs, log.standing.expiry]).to.deep.equal([50, null])
    })
    await note(meeting, bob!, "expiry")
    await expectAlike(meeting, (log) =>
      expect(log.standing.expiry?.authorGenesisHash).to.deep.equal(bob!.chain.genesisHash),
    )
    await meeting.nextEpoch(carol!, roster(["admin", "admin", "member"]))
    await expectAlike(meeting, (log) => expect(log.standing.expiry).to.not.equal(null))
    await meeting.nextEpoch(alice!, roster(["admin", "admin", "member"]))
    await expectAlike(meeting, (log) => expect(log.standing.expiry).to.equal(null))
  })

  it("what somebody who left says is void, until an admin's epoch names it again", async () => {
    const meeting = await meetingOfThree()
    await note(meeting, bob!, "leave")
    await note(meeting, bob!, "renewal", 50)
    await note(meeting, bob!, "leave")
    await expectAlike(meeting, (log) => {
      expect(codesOf(log)).to.deep.equal(["not-authorised", "not-authorised"])
      expect(log.standing.left).to.deep.equal([bob!.chain.genesisHash])
    })
    await meeting.nextEpoch(alice!, roster(["admin", "admin", "member"]))
    await note(meeting, bob!, "renewal", 60)
    await expectAlike(meeting, (log) => {
      expect(log.standing.left).to.deep.equal([])
      expect(log.standing.renewedAtMs).to.equal(60)
    })
  })

  it("the last admin who stays can't leave", async () => {
    const meeting = await meetingOfThree()
    await note(meeting, bob!, "leave")
    await note(meeting, alice!, "leave")
    await expectAlike(meeting, (log) => {
      expect(codesOf(log)).to.deep.equal(["not-authorised"])
      expect(log.standing.left).to.deep.equal([bob!.chain.genesisHash])
    })
  })

  it("a member's rekey leaves out every member who left, no admin, and nobody else", async () => {
    for (const [leaver, roles, valid] of [
      ["bob", ["admin", null, "member"], false],
      ["bob", ["admin", "admin", "member"], true],
      ["carol", ["admin", "admin", "member"], false],
      ["carol", ["admin", "admin"], true],
      ["carol", ["admin", null], false],
    ] as const) {
      const meeting = new TestMeeting(alice!, "Four")
      const dave = makePerson("dave")
      await meeting.add(alice!, bob!, carol!, dave)
      await meeting.nextEpoch(alice!, [...roster(["admin", "admin", "member"]), entryOf(dave, "member")])
      await note(meeting, leaver === "bob" ? bob! : carol!, "leave")
      await meeting.nextEpoch(dave, [...roster(roles), entryOf(dave, "member")])
      await expectAlike(meeting, (log, reader) => {
        // An admin who was left out sees no roster, but that it lacks its box.
        const code = reader === bob && roles[1] === null ? "bad-boxes" : "not-authorised"
        expect(codesOf(log), `${leaver} left, ${roles.join()}`).to.deep.equal(valid ? [] : [code])
      })
    }
  })

  it("no rekey is made by somebody who left", async () => {
    const meeting = await meetingOfThree()
    await note(meeting, carol!, "leave")
    await meeting.nextEpoch(carol!, roster(["admin", "admin"]))
    expect(codesOf(await meeting.read(alice!))).to.deep.equal(["not-authorised"])
  })

  it("an epoch that takes an admin away and keeps the admins' key, or goes back to an older one, is void for every reader", async () => {
    const meeting = await meetingOfThree()
    const first = meeting.adminSeed
    await meeting.nextEpoch(alice!, roster(["admin", "member", "member"]), {
      admin: { seed: first },
      adminKeyIsNew: false,
    })
    await expectAlike(meeting, (log) => expect(codesOf(log)).to.deep.equal(["not-authorised"]))
    await meeting.nextEpoch(alice!, roster(["admin", "member", "member"]))
    await expectAlike(meeting, (log) => expect(log.current.keys.epoch).to.equal(4))
    await meeting.nextEpoch(alice!, roster(["admin", "admin", "member"]))
    await meeting.nextEpoch(alice!, roster(["admin", null, "member"]), { admin: { seed: first }, adminKeyIsNew: true })
    for (const reader of [alice!, carol!])
      expect(codesOf(await meeting.read(reader))).to.deep.equal(["not-authorised", "not-authorised"])
  })
})
