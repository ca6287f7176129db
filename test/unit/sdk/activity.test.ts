import { expect } from "chai"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { sodiumReady } from "../../../client/crypto/sodium.js"
import { activityOf } from "../../../client/sdk/index.js"
import { entryOf, makePerson, type Person, TestMeeting } from "../../support/people.js"

describe("what changed in a meeting", () => {
  let people: Readonly<Record<"alice" | "bob" | "carol", Person>>

  before(async () => {
    await sodiumReady()
    people = { alice: makePerson("alice"), bob: makePerson("bob"), carol: makePerson("carol") }
  })

  it("is every change of its members, admins and policy, by whom, for whoever can see it (M31)", async () => {
    const { alice, bob, carol } = people
    const meeting = new TestMeeting(alice, "Changing")
    await meeting.add(alice, bob)
    await meeting.nextEpoch(alice, [entryOf(alice, "admin"), entryOf(bob, "admin")])
    await meeting.add(bob, carol)
    const roster = [entryOf(alice, "admin"), entryOf(bob, "member"), entryOf(carol, "member")]
    await meeting.nextEpoch(alice, roster, { policy: "from-join", title: "Changed" })
    await meeting.say(carol, { type: "leave" })
    await meeting.nextEpoch(bob, [entryOf(alice, "admin"), entryOf(bob, "member")])
    await meeting.say(alice, { type: "expiry" })
    const nameOf = (genesisHash: Uint8Array): string =>
      Object.entries(people).find(([, { chain }]) => equalBytes(chain.genesisHash, genesisHash))?.[0] ?? "nobody"
    const seen = activityOf(await meeting.read(bob)).map(
      (change) => `${nameOf(change.by)} ${change.kind}${"about" in change ? ` ${nameOf(change.about)}` : ""}`,
    )
    expect(seen).to.deep.equal([
      "alice joined bob",
      "alice made-admin bob",
      "bob joined carol",
      "alice made-member bob",
      "alice policy",
      "alice renamed",
      "carol left",
      "bob removed carol",
      "alice ended",
    ])
  })
})
