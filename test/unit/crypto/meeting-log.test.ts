import { expect } from "chai"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { eventHash } from "../../../shared/protocol/event.js"
import { asId } from "../../../shared/protocol/ids.js"
import { makeEvent } from "../../../client/crypto/log-event.js"
import { readMeetingLog } from "../../../client/crypto/meeting-log.js"
import { makeRecordingContent } from "../../../client/crypto/recording-event.js"
import { openUploadSecret } from "../../../client/crypto/upload-secret.js"
import { sodiumReady } from "../../../client/crypto/sodium.js"
import { entryOf, makePerson, newMedia, type Person, random, TestMeeting } from "../../support/people.js"

describe("the meeting log", () => {
  let alice: Person
  let bob: Person
  let carol: Person

  before(async () => {
    await sodiumReady()
    ;[alice, bob, carol] = [makePerson("alice"), makePerson("bob"), makePerson("carol")]
  })

  it("a creator reads its genesis: title, itself as admin, the admin seed", async () => {
    const log = await new TestMeeting(alice, "Budget").read(alice)
    expect(log.current.title).to.equal("Budget")
    expect(log.current.roster.map((entry) => entry.role)).to.deep.equal(["admin"])
    expect(log.adminSeed).to.have.length(32)
    expect(log.voids).to.deep.equal([])
  })

  it("a member added later reads everything where the policy is shared, and follows later epochs by its box", async () => {
    const meeting = new TestMeeting(alice)
    await meeting.add(alice, bob)
    await meeting.add(alice, carol)
    const [byAlice, byBob, byCarol] = [await meeting.read(alice), await meeting.read(bob), await meeting.read(carol)]
    for (const log of [byAlice, byBob, byCarol]) {
      expect(log.epochs.map((epoch) => epoch.keys.epoch)).to.deep.equal([0, 1, 2])
      expect(equalBytes(log.current.keys.secret, byAlice.current.keys.secret)).to.equal(true)
      expect(log.current.roster).to.have.length(3)
      expect(log.voids).to.deep.equal([])
    }
    expect(byBob.adminSeed).to.equal(null)
  })

  it("a newcomer under from-join reads from its own epoch on, and checks authority by the carried proofs", async () => {
    const meeting = new TestMeeting(alice, "Quiet", "from-join")
    await meeting.add(alice, bob)
    await meeting.add(alice, carol)
    const log = await meeting.read(carol)
    expect(log.epochs.map((epoch) => epoch.keys.epoch)).to.deep.equal([2])
    expect(log.current.title).to.equal("Quiet")
    expect((await meeting.read(bob)).epochs).to.have.length(2)
  })

  it("boxes and tags that were all recomputed once are not again; of a void event, or without the base's secret, they never were (M18)", async () => {
    const meeting = new TestMeeting(alice, "Quiet", "from-join")
    await meeting.add(alice, bob)
    await meeting.add(alice, carol)
    const { current } = await meeting.read(alice)
    const wrong = { userPublicKeyOf: () => bob.chain.userKeys[0]!.publicKey }
    await meeting.nextEpoch(alice, current.roster, wrong)
    const [byAlice, byCarol] = [await meeting.read(alice), await meeting.read(carol)]
    expect(byAlice.voids.map(({ code }) => code)).to.deep.equal(["bad-boxes"])
    expect(byAlice.epochs.map(({ isChecked }) => isChecked)).to.deep.equal([true, true, true])
    expect(byCarol.epochs.map(({ isChecked }) => isChecked)).to.deep.equal([false])

    // To a chain with another user key no box fits: who recomputes one sees it.
    const chainOf: typeof meeting.chainOf = async (genesisHash) => {
      const chain = await meeting.chainOf(genesisHash)
      const [key] = equalBytes(genesisHash, bob.chain.genesisHash) ? carol.chain.userKeys : chain.userKeys
      return { ...chain, userKeys: [key!] }
    }
    const checkedEpochs = byAlice.epochs.map(({ eventHash: hash }) => hash)
    const voidsOf = async (checked: readonly Uint8Array[]): Promise<readonly number[]> =>
      (await meeting.read(alice, meeting.events, { checkedEpochs: checked, chainOf })).voids.map(({ seq }) => seq)
    expect(await voidsOf([])).to.include(1)
    expect(await voidsOf(checkedEpochs)).to.deep.equal([3])
  })

  it("a member that adds somebody makes a void event; the roster in force stays", async () => {
    const meeting = new TestMeeting(alice)
    await meeting.add(alice, bob)
    meeting.know(carol)
    const before = await meeting.read(bob)
    await meeting.nextEpoch(bob, [...before.current.roster, entryOf(carol, "member")])
    for (const reader of [alice, bob]) {
      const log = await meeting.read(reader)
      expect(log.voids.map((event) => event.code)).to.deep.equal(["not-authorised"])
      expect(log.current.roster).to.have.length(2)
      expect(log.newestEpochSeen).to.equal(2)
    }
  })

  it("a member may rekey, but not rename (M20)", async () => {
    const meeting = new TestMeeting(alice)
    await meeting.add(alice, bob)
    const { current } = await meeting.read(bob)
    await meeting.nextEpoch(bob, current.roster)
    expect((await meeting.read(alice)).epochs).to.have.length(3)
    await meeting.nextEpoch(bob, current.roster, { title: "Mine now" })
    expect((await meeting.read(alice)).voids.map((event) => event.code)).to.deep.equal(["not-authorised"])
  })

  it("events that are reordered, dropped or of another meeting stop the reader (M7)", async () => {
    const meeting = new TestMeeting(alice)
    await meeting.add(alice, bob)
    const [genesis, second] = meeting.events
    const { meetingId } = await meeting.read(alice)
    for (const lie of [[second!, genesis!], [second!], [genesis!, genesis!], new TestMeeting(alice).events]) {
      const refusal: unknown = await readMeetingLog(meetingId, lie, {
        secrets: alice.secrets,
        known: [],
        checkedEpochs: [],
        chainOf: meeting.chainOf,
      }).catch((error: unknown) => error)
      expect(refusal).to.have.property("code", "bad-chain")
    }
  })

  it("a recording opens for every member, and its upload secret for its author alone (R2)", async () => {
    const meeting = new TestMeeting(alice)
    await meeting.add(alice, bob)
    const log = await meeting.read(alice)
    const asset = newMedia()
    const details = {
      title: "First take",
      fileName: "take.mp4",
      capturedAtMs: null,
      durationMs: 1_234,
      prepared: "as-is" as const,
    }
    const [first] = log.epochs
    const recording = {
      recordingId: asId("recording", random(16)),
      assets: [asset],
      details,
      authorUserPublicKey: alice.chain.userKeys[0]!.publicKey,
    }
    const content = makeRecordingContent(recording, log.meetingHash, first!.keys, log.current.keys, random)
    const position = {
      meetingId: log.meetingId,
      meetingHash: log.meetingHash,
      seq: log.head.seq + 1,
      prev: log.head.hash,
    }
    meeting.events.push(makeEvent(position, log.current.keys, alice.author, content, { timeMs: 3, random }))
    const [published] = (await meeting.read(bob)).recordings
    expect(published?.opened?.details).to.deep.equal(details)
    expect(equalBytes(published!.opened!.assets[0]!.contentKey, asset.contentKey)).to.equal(true)
    const box = published!.fields.uploadSecretBoxes[0]!
    expect(equalBytes(openUploadSecret(alice.secrets.userSeeds[0]!.seed, asset, box), asset.uploadSecret)).to.equal(
      true,
    )
    expect(() => openUploadSecret(bob.secrets.userSeeds[0]!.seed, asset, box))
      .to.throw()
      .with.property("code", "cannot-open")

    const again = { ...position, seq: position.seq + 1, prev: (await meeting.read(bob)).head.hash }
    meeting.events.push(makeEvent(again, log.current.keys, bob.author, content, { timeMs: 4, random }))
    const replayed = await meeting.read(alice)
    expect(replayed.voids.map((event) => event.code)).to.deep.equal(["replayed"])
    expect(replayed.recordings).to.have.length(1)
  })

  it("an event that names other assets outside than inside is void (M14)", async () => {
    const meeting = new TestMeeting(alice)
    await meeting.add(alice, bob)
    await meeting.publish(alice, "Honest")
    const { meetingId, meetingHash, current } = await meeting.read(alice)
    const details = { title: "Lie", fileName: null, capturedAtMs: null, durationMs: null, prepared: "as-is" } as const
    const recording = {
      recordingId: asId("recording", random(16)),
      assets: [newMedia()],
      details,
      authorUserPublicKey: alice.chain.userKeys[0]!.publicKey,
    }
    const content = makeRecordingContent(recording, meetingHash, current.keys, current.keys, random)
    const renewal = { type: "renewal", values: [], carried: [], epochPart: null }
    for (const lie of [
      { ...content, assets: [] },
      { ...content, assets: [random(32)] },
      { ...content, assets: [...content.assets, random(32)] },
      { ...renewal, assets: content.assets },
    ]) {
      const position = { meetingId, meetingHash, seq: meeting.events.length, prev: eventHash(meeting.events.at(-1)!) }
      meeting.events.push(makeEvent(position, current.keys, alice.author, lie, { timeMs: 3, random }))
    }
    const log = await meeting.read(bob)
    expect(log.voids.map(({ code }) => code)).to.deep.equal(Array.from({ length: 4 }, () => "malformed"))
    expect(log.recordings).to.have.length(1)
  })
})
