import { expect } from "chai"
import { compareBytes, concatBytes, equalBytes, u64 } from "../../../shared/protocol/bytes.js"
import type { CborValue } from "../../../shared/protocol/cbor.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { boxesHash, decodeEvent, type EpochPart, eventHash } from "../../../shared/protocol/event.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import type { HistoryPolicy, Role } from "../../../shared/protocol/roster.js"
import { sealRecord } from "../../../client/crypto/committed-seal.js"
import { boxTag } from "../../../client/crypto/epoch-boxes.js"
import { GENESIS_POSITION, type MadeEpoch, makeEpochEvent } from "../../../client/crypto/epoch-event.js"
import { makeEvent, openEventBody } from "../../../client/crypto/log-event.js"
import { type MeetingLog, readMeetingLog } from "../../../client/crypto/meeting-log.js"
import { sodiumReady, xwingPublicKey } from "../../../client/crypto/sodium.js"
import { entryOf, makePerson, type Person, random, TestMeeting } from "../../support/people.js"

const codesOf = (log: MeetingLog): readonly string[] => log.voids.map((event) => event.code)
const epochsOf = (log: MeetingLog): readonly number[] => log.epochs.map((epoch) => epoch.keys.epoch)

/** The newest event made again by its author with another visible part, signed and sealed as honestly as can be. */
function rewriteNewest(
  meeting: TestMeeting,
  by: Person,
  made: MadeEpoch,
  change: (part: EpochPart) => EpochPart,
): void {
  const event = decodeEvent(made.rawEvent)
  const body = openEventBody(event, meeting.meetingHash, made.keys)
  const epochPart = change(event.epochPart!)
  const values = body.fields
    .filter((field) => field.name !== "nonce")
    .map(({ name, value }): [string, CborValue] => [name, name === "boxes" ? boxesHash(epochPart.boxes) : value])
  const position = { meetingId: event.meetingId, meetingHash: meeting.meetingHash, seq: event.seq, prev: event.prev }
  const content = { type: "epoch", values, assets: [], carried: body.carried, epochPart }
  const rawEvent = makeEvent(position, made.keys, by.author, content, { timeMs: 5, random })
  meeting.events.splice(-1, 1, rawEvent)
}

describe("who may make an epoch", () => {
  let [alice, bob, carol, dave]: Person[] = []

  before(async () => {
    await sodiumReady()
    ;[alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map(makePerson)
  })

  /** Alice and Bob as admins, Carol as a member, at epoch 2. */
  async function meetingOfThree(policy: "shared" | "from-join" = "shared"): Promise<TestMeeting> {
    const meeting = new TestMeeting(alice!, "Three", policy)
    await meeting.add(alice!, bob!, carol!)
    await meeting.nextEpoch(alice!, roster(["admin", "admin", "member"]))
    return meeting
  }

  const roster = (roles: readonly (Role | null)[]) =>
    [alice!, bob!, carol!, dave!].flatMap((person, index) => {
      const role = roles[index] ?? null
      return role === null ? [] : [entryOf(person, role)]
    })

  it("a member who becomes admin is brought the admin seed by its box, and uses it", async () => {
    const meeting = await meetingOfThree()
    expect(equalBytes((await meeting.read(bob!)).adminSeed!, meeting.adminSeed)).to.equal(true)
    await meeting.add(bob!, dave!)
    for (const reader of [alice!, bob!, carol!, dave!]) {
      const log = await meeting.read(reader)
      expect(epochsOf(log)).to.deep.equal([0, 1, 2, 3])
      expect(codesOf(log)).to.deep.equal([])
      expect(log.carried).to.have.length(2)
    }
  })

  it("a genesis with others than its author begins no meeting (M16)", async () => {
    const meeting = new TestMeeting(alice!)
    meeting.know(bob!)
    for (const [author, roles, code] of [
      [alice!, ["admin", "member"], "not-authorised"],
      [bob!, ["admin"], "not-authorised"],
      [alice!, ["member"], "malformed"],
    ] as const) {
      const made = makeEpochEvent({
        position: GENESIS_POSITION,
        epoch: 0,
        base: null,
        roster: roster(roles).toSorted((a, b) => compareBytes(a.genesisHash, b.genesisHash)),
        userPublicKeyOf: meeting.userPublicKeyOf,
        policy: "shared",
        title: "Not alone",
        admin: { seed: meeting.adminSeed },
        adminKeyIsNew: true,
        carried: [],
        author: author.author,
        timeMs: 1,
        random,
      })
      meeting.events.splice(0, 1, made.rawEvent)
      meeting.tell(alice!, made)
      const refusal: unknown = await meeting.read(alice!).catch((error: unknown) => error)
      expect(refusal).to.have.property("code", code)
    }
  })

  it("an admin who was removed makes no epoch any more, not from an older base and with whatever proofs (M19, M21)", async () => {
    const meeting = await meetingOfThree()
    const before = await meeting.read(bob!)
    await meeting.nextEpoch(alice!, roster(["admin", null, "member"]))
    const { carried } = await meeting.read(alice!)
    await meeting.nextEpoch(bob!, before.current.roster)
    await meeting.nextEpoch(bob!, before.current.roster, { carried })
    for (const reader of [alice!, carol!]) {
      const log = await meeting.read(reader)
      expect(codesOf(log)).to.deep.equal(["malformed", "not-authorised"])
      expect(log.current.keys.epoch).to.equal(3)
      expect(log.isMember).to.equal(true)
    }
  })

  it("an admin may skip a valid epoch, and whom that had removed is back; a member may not", async () => {
    const meeting = await meetingOfThree()
    const { current: base } = await meeting.read(alice!)
    await meeting.nextEpoch(bob!, roster(["admin", "admin"]))
    expect((await meeting.read(carol!)).isMember).to.equal(false)
    await meeting.nextEpoch(alice!, roster(["admin", "admin", "member"]), { base })
    for (const reader of [alice!, bob!]) expect(epochsOf(await meeting.read(reader))).to.deep.equal([0, 1, 2, 3, 4])
    const byCarol = await meeting.read(carol!)
    expect(byCarol.isMember).to.equal(true)
    expect(byCarol.current.keys.epoch).to.equal(4)
    await meeting.nextEpoch(carol!, base.roster, { base })
    expect(codesOf(await meeting.read(alice!))).to.deep.equal(["not-authorised"])
  })

  it("a newcomer after a skipped change of admins reads who the admins are, as the others do (M19)", async () => {
    const meeting = await meetingOfThree("from-join")
    const { current: base } = await meeting.read(alice!)
    await meeting.nextEpoch(bob!, roster(["admin", "admin", "admin"]))
    await meeting.nextEpoch(alice!, roster(["admin", "admin", "member"]), { base })
    await meeting.add(bob!, dave!)
    for (const reader of [alice!, bob!, carol!, dave!]) {
      const log = await meeting.read(reader)
      expect(codesOf(log)).to.deep.equal([])
      expect(log.current.keys.epoch).to.equal(5)
      expect(log.carried).to.have.length(4)
    }
  })

  it("whoever was removed and added again reads on, without what was between", async () => {
    const meeting = await meetingOfThree("from-join")
    await meeting.nextEpoch(alice!, roster(["admin", "admin"]))
    await meeting.nextEpoch(bob!, roster(["admin", "admin"]))
    const without = await meeting.read(carol!)
    expect(without.isMember).to.equal(false)
    expect(codesOf(without)).to.deep.equal([])
    meeting.tell(carol!, await meeting.nextEpoch(alice!, roster(["admin", "admin", "member"])))
    const log = await meeting.read(carol!)
    expect(epochsOf(log)).to.deep.equal([1, 2, 5])
    expect(log.isMember).to.equal(true)
    await meeting.nextEpoch(carol!, log.current.roster)
    expect(epochsOf(await meeting.read(bob!))).to.deep.equal([1, 2, 3, 4, 5, 6])
  })

  it("an event of noise stops nobody for good: any member goes on from the epoch before (M24)", async () => {
    const meeting = await meetingOfThree()
    const { current } = await meeting.read(carol!)
    const made = await meeting.nextEpoch(carol!, current.roster)
    const { epochPart, ...event } = decodeEvent(made.rawEvent)
    const noise = { ...epochPart!, boxes: [{ tag: random(16), memberBox: random(1_200), adminBox: random(1_200) }] }
    const content = { type: "epoch", values: [], assets: [], carried: [], epochPart: noise }
    const position = { ...event, meetingHash: meeting.meetingHash }
    meeting.events.splice(-1, 1, makeEvent(position, made.keys, carol!.author, content, { timeMs: 1, random }))
    // The admins' key stays, so an admin knows that whoever made this had to bring it the secret.
    expect(codesOf(await meeting.read(alice!))).to.deep.equal(["bad-boxes"])
    await meeting.nextEpoch(carol!, current.roster)
    for (const reader of [alice!, bob!, carol!]) {
      const log = await meeting.read(reader)
      expect(log.isMember).to.equal(true)
      expect(log.current.keys.epoch).to.equal(4)
    }
  })

  it("an account that does not exist, named by a member, is never asked for (M21)", async () => {
    const meeting = await meetingOfThree()
    const stranger = makePerson("stranger")
    const { current } = await meeting.read(carol!)
    await meeting.nextEpoch(carol!, [...current.roster, entryOf(stranger, "member")], {
      userPublicKeyOf: (member) =>
        equalBytes(member.genesisHash, stranger.chain.genesisHash)
          ? xwingPublicKey(random(32))
          : meeting.userPublicKeyOf(member),
    })
    expect(codesOf(await meeting.read(alice!))).to.deep.equal(["not-authorised"])
  })

  it("a roster goes back to no older head and no older user key of a member (M22)", async () => {
    const links = [bob!.chain.headHash, random(32)]
    const userKeys = [
      ...bob!.chain.userKeys,
      { generation: 2, publicKey: xwingPublicKey(random(32)), sealedPrevious: null, madeSeq: 1 },
    ]
    const renewed = { ...bob!, chain: { ...bob!.chain, linkHashes: links, headHash: links[1]!, userKeys } }
    const older = [{ chainHead: links[0]! }, { generation: 1 }]
    for (const back of older) {
      const meeting = new TestMeeting(alice!)
      meeting.know(renewed)
      const newest = { ...entryOf(renewed, "member"), generation: 2 }
      const userPublicKeyOf = (member: { readonly genesisHash: Uint8Array; readonly generation: number }) =>
        equalBytes(member.genesisHash, renewed.chain.genesisHash)
          ? userKeys[member.generation - 1]!.publicKey
          : alice!.chain.userKeys[0]!.publicKey
      await meeting.nextEpoch(alice!, [entryOf(alice!, "admin"), newest], { userPublicKeyOf })
      await meeting.nextEpoch(alice!, [entryOf(alice!, "admin"), { ...newest, ...back }], { userPublicKeyOf })
      const log = await meeting.read(alice!)
      expect(codesOf(log)).to.deep.equal(["not-authorised"])
      expect(log.current.keys.epoch).to.equal(1)
    }
  })

  it("a statement by another's device, or for another place, is void (M9, M10, M11, M12, M13)", async () => {
    const meeting = await meetingOfThree()
    const log = await meeting.read(alice!)
    const { meetingId, meetingHash } = log
    const append = (author: Person["author"], commitment: Uint8Array, keys = log.current.keys): void => {
      const prev = eventHash(meeting.events.at(-1)!)
      const position = { meetingId, meetingHash, seq: meeting.events.length, prev }
      const content = { type: "note", values: [], assets: [], carried: [], epochPart: null }
      meeting.events.push(makeEvent(position, { ...keys, commitment }, author, content, { timeMs: 1, random }))
    }
    const { commitment } = log.current.keys
    append({ ...alice!.author, signer: carol!.author.signer }, commitment)
    append({ ...alice!.author, chainHead: random(32) }, commitment)
    append(dave!.author, commitment)
    append(alice!.author, random(32))
    append(alice!.author, commitment, { ...log.current.keys, logKey: random(32) })
    append(alice!.author, log.epochs[1]!.keys.commitment, log.epochs[1]!.keys)
    append(carol!.author, commitment)
    expect(codesOf(await meeting.read(bob!))).to.deep.equal([
      "not-authorised",
      "not-authorised",
      "not-authorised",
      "bad-signature",
      "cannot-open",
      "not-authorised",
    ])
  })

  it("what an account's chain fails stops the reader, and voids nothing", async () => {
    const meeting = await meetingOfThree()
    const { current, meetingId } = await meeting.read(alice!)
    const known = [{ eventHash: current.eventHash, epoch: 2, secret: current.keys.secret, adminSeed: null }]
    for (const code of ["malformed", "bad-signature", "not-found", "fork"] as const) {
      const refusal: unknown = await readMeetingLog(meetingId, meeting.events, {
        secrets: alice!.secrets,
        known,
        checkedEpochs: [],
        chainOf: (genesisHash) =>
          equalBytes(genesisHash, bob!.chain.genesisHash)
            ? Promise.reject(new ArchiveError(code, "a lie"))
            : meeting.chainOf(genesisHash),
      }).catch((error: unknown) => error)
      expect(refusal).to.have.property("code", code)
    }
  })
})

describe("what an epoch brings its members", () => {
  let [alice, bob, carol]: Person[] = []
  let meeting: TestMeeting

  before(async () => {
    await sodiumReady()
    ;[alice, bob, carol] = ["alice", "bob", "carol"].map(makePerson)
  })

  beforeEach(async () => {
    meeting = new TestMeeting(alice!)
    await meeting.add(alice!, bob!)
    meeting.know(carol!)
  })

  it("one wrong box voids the event for everybody who can open it, and for the one who cannot (M18)", async () => {
    const { current } = await meeting.read(alice!)
    const made = await meeting.nextEpoch(alice!, [...current.roster, entryOf(carol!, "member")], {
      userPublicKeyOf: (member) =>
        equalBytes(member.genesisHash, bob!.chain.genesisHash)
          ? xwingPublicKey(random(32))
          : meeting.userPublicKeyOf(member),
    })
    for (const reader of [alice!, bob!]) {
      const log = await meeting.read(reader)
      expect(codesOf(log)).to.deep.equal(["bad-boxes"])
      expect(log.current.keys.epoch).to.equal(1)
      expect(log.newestEpochSeen).to.equal(2)
    }
    meeting.tell(carol!, made)
    expect(codesOf(await meeting.read(carol!))).to.deep.equal(["bad-boxes"])
  })

  it("a shared history that leads elsewhere or nowhere voids the event; so does one where none is shared (M17)", async () => {
    const { current, meetingHash } = await meeting.read(alice!)
    const sealed = (made: MadeEpoch, epoch: number, secret: Uint8Array): Uint8Array => {
      const context = concatBytes(meetingHash, u64(made.keys.epoch), current.eventHash)
      const place = { key: made.keys.secret, label: LABELS.history, context, aad: new Uint8Array(0) }
      return sealRecord(place, concatBytes(u64(epoch), secret), random)
    }
    const changes: readonly (readonly [HistoryPolicy, string, (made: MadeEpoch) => Uint8Array | null])[] = [
      ["shared", "bad-boxes", () => null],
      ["shared", "bad-boxes", (made) => sealed(made, 1, random(32))],
      ["shared", "bad-boxes", (made) => sealed(made, 0, current.keys.secret)],
      ["shared", "cannot-open", () => random(336)],
      ["from-join", "malformed", (made) => sealed(made, 1, current.keys.secret)],
    ]
    for (const [policy, code, historyOf] of changes) {
      const made = await meeting.nextEpoch(alice!, current.roster, { policy })
      rewriteNewest(meeting, alice!, made, (part) => ({ ...part, sealedHistory: historyOf(made) }))
      for (const reader of [alice!, bob!]) expect(codesOf(await meeting.read(reader))).to.deep.equal([code])
      meeting.events.pop()
    }
  })

  it("a wrong box for an admin is shown to the admins, voids nothing, and is mended by the next admin's epoch (M25)", async () => {
    const { current } = await meeting.read(alice!)
    const admins = [entryOf(alice!, "admin"), entryOf(bob!, "admin")]
    const made = await meeting.nextEpoch(alice!, admins)
    const tag = boxTag(current.keys.secret, meeting.meetingHash, made.keys.epoch, bob!.chain.genesisHash)
    rewriteNewest(meeting, alice!, made, (part) => ({
      ...part,
      boxes: part.boxes.map((box) => (equalBytes(box.tag, tag) ? { ...box, adminBox: random(1_200) } : box)),
    }))
    const [byAlice, byBob] = [await meeting.read(alice!), await meeting.read(bob!)]
    expect([codesOf(byAlice), codesOf(byBob)]).to.deep.equal([[], []])
    expect(byAlice.current.adminBoxesAreWrong).to.equal(true)
    expect(byBob.adminSeed).to.equal(null)
    await meeting.nextEpoch(alice!, admins)
    for (const reader of [alice!, bob!]) {
      const log = await meeting.read(reader)
      expect(equalBytes(log.adminSeed!, meeting.adminSeed)).to.equal(true)
      expect(log.current.adminBoxesAreWrong).to.equal(false)
    }
  })

  it("a member's rekey brings no admin seed, and the admins keep theirs", async () => {
    const { current } = await meeting.read(bob!)
    await meeting.nextEpoch(bob!, current.roster)
    const log = await meeting.read(alice!)
    expect(equalBytes(log.adminSeed!, meeting.adminSeed)).to.equal(true)
    expect(log.current.adminBoxesAreWrong).to.equal(false)
  })
})
