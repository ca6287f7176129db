import { expect } from "chai"
import { withMember } from "../../../client/sdk/epochs.js"
import { GENESIS_POSITION, makeEpochEvent } from "../../../client/crypto/epoch-event.js"
import { sodiumReady } from "../../../client/crypto/sodium.js"
import { compareBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { decodeEvent } from "../../../shared/protocol/event.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { readRoster, type RosterEntry, rosterValue } from "../../../shared/protocol/roster.js"
import { entryOf, makePerson, random } from "../../support/people.js"

describe("the most members that a meeting has", () => {
  const anybody = (): RosterEntry => ({ genesisHash: random(32), chainHead: random(32), generation: 1, role: "admin" })
  const rosterOf = (count: number): readonly RosterEntry[] =>
    Array.from({ length: count }, anybody).toSorted((a, b) => compareBytes(a.genesisHash, b.genesisHash))

  it("are 1,000: one more is refused, by whoever adds it and by whoever reads of it", () => {
    const almost = rosterOf(LIMITS.members - 1)
    const full = withMember(almost, anybody())
    expect(full).to.have.length(1_000)
    expect(() => withMember(full, anybody()))
      .to.throw(ArchiveError, "at most 1000 members")
      .with.property("code", "too-large")
    expect(() => withMember(full, full[7]!))
      .to.throw(ArchiveError)
      .with.property("code", "exists")
    expect(readRoster(rosterValue(rosterOf(1_000)))).to.have.length(1_000)
    expect(() => readRoster(rosterValue(rosterOf(1_001))))
      .to.throw(ArchiveError)
      .with.property("code", "malformed")
  })

  it("have an epoch event that is within its limit", async function () {
    this.timeout(90_000)
    await sodiumReady()
    const alice = makePerson("Alice's laptop")
    const { rawEvent } = makeEpochEvent({
      position: GENESIS_POSITION,
      epoch: 0,
      base: null,
      roster: [...rosterOf(LIMITS.members - 1), entryOf(alice, "admin")],
      userPublicKeyOf: () => alice.chain.userKeys[0]!.publicKey,
      policy: "shared",
      title: "x".repeat(LIMITS.titleBytes),
      admin: { seed: random(32) },
      adminKeyIsNew: true,
      carried: [],
      author: alice.author,
      timeMs: 1,
      random,
    })
    expect(rawEvent.length).to.be.lessThan(LIMITS.epochEventBytes / 2)
    expect(decodeEvent(rawEvent).epochPart?.boxes).to.have.length(1_024)
  })
})
