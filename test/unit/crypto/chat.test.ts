import { expect } from "chai"
import fc from "fast-check"
import {
  type ArrangedChat,
  arrangeWhole,
  continueChat,
  precedeChat,
  settleChat,
} from "../../../client/crypto/chat-growth.js"
import { arrangeChat, type ChatEntry, chatHeadsOf, type ChatKnowledge } from "../../../client/crypto/chat-order.js"
import type { MeetingLog, ValidEpoch } from "../../../client/crypto/meeting-log.js"
import { makeMessage, type NewMessage } from "../../../client/crypto/message.js"
import { type JudgedMessage, MessageJudge, type ServedMessage } from "../../../client/crypto/message-judge.js"
import { sodiumReady } from "../../../client/crypto/sodium.js"
import { ZERO_HASH } from "../../../shared/protocol/hash.js"
import { asId } from "../../../shared/protocol/ids.js"
import { messageHash } from "../../../shared/protocol/message.js"
import { type MessageContent, textContent } from "../../../shared/protocol/message-content.js"
import { entryOf, makePerson, type Person, random, TestMeeting } from "../../support/people.js"

/** A device that writes, honestly unless told otherwise. */
class Writer {
  readonly #person: Person
  counter = 0
  prev: Uint8Array = ZERO_HASH

  constructor(person: Person) {
    this.#person = person
  }

  /** Seals under an epoch of `log`, the newest unless another is named. */
  write(log: MeetingLog, text: string | MessageContent, lies: Partial<NewMessage> & { epoch?: ValidEpoch } = {}) {
    const { epoch = log.current, ...changed } = lies
    const until = log.epochs.find(({ seq }) => seq > epoch.seq)?.seq ?? log.eventHashes.length
    const raw = makeMessage(
      {
        meetingId: log.meetingId,
        meetingHash: log.meetingHash,
        messageId: asId("message", random(16)),
        counter: this.counter,
        prev: this.prev,
        newestLogHash: log.eventHashes[until - 1] ?? ZERO_HASH,
        replaces: [],
        timeMs: 1_800_000_000_000,
        content: typeof text === "string" ? textContent(text) : text,
        ...changed,
      },
      epoch.keys,
      this.#person.author,
      random,
    )
    this.counter = (changed.counter ?? this.counter) + 1
    this.prev = messageHash(raw)
    return raw
  }
}

/** SPEC.md §16.3: messages as a member, somebody removed, or a server could forge them. */
describe("chat as a reader judges it", () => {
  let [alice, bob, carol]: Person[] = []

  before(async () => {
    await sodiumReady()
    ;[alice, bob, carol] = ["alice", "bob", "carol"].map(makePerson)
  })

  const served = (raws: readonly (Uint8Array | null)[], first = 0): readonly ServedMessage[] =>
    raws.flatMap((raw, index) => (raw === null ? [] : [{ incarnation: 0, seq: first + index, day: 20_000, raw }]))

  async function meetingOfTwo(): Promise<TestMeeting> {
    const meeting = new TestMeeting(alice!, "Two")
    await meeting.add(alice!, bob!)
    return meeting
  }

  async function judge(meeting: TestMeeting, reader: Person, messages: readonly ServedMessage[]) {
    const log = await meeting.read(reader)
    const judge = new MessageJudge(log, meeting.chainOf)
    const judged: JudgedMessage[] = []
    for (const message of messages) judged.push(await judge.judge(message))
    return { log, judged }
  }

  async function judgedBy(
    meeting: TestMeeting,
    reader: Person,
    messages: readonly ServedMessage[],
    knowledge: Partial<ChatKnowledge> = {},
  ): Promise<readonly ChatEntry[]> {
    const { log, judged } = await judge(meeting, reader, messages)
    const untilSeq = Math.max(0, ...messages.map(({ seq }) => seq + 1))
    return arrangeChat(judged, {
      epochs: log.epochs,
      pins: [],
      fromSeq: 0,
      untilSeq,
      isFromStart: true,
      ...knowledge,
    })
  }

  /** What is shown of each, in a word. */
  function shown(entry: ChatEntry): string {
    if (entry.kind === "gap") return `gap ${entry.fromSeq}-${entry.untilSeq - 1}`
    if (entry.kind === "refused") return entry.code
    if (entry.kind === "closed") return "closed"
    const { isVouched, missingBefore, conflict } = entry.standing
    const text = entry.content.type === "text" ? entry.content.text : entry.content.type
    return [text, ...(isVouched ? [] : ["late"]), ...(missingBefore > 0 ? [`-${missingBefore}`] : []), conflict ?? ""]
      .filter((word) => word !== "")
      .join(" ")
  }

  it("messages of both are authentic, in the server's order", async () => {
    const meeting = await meetingOfTwo()
    const log = await meeting.read(alice!)
    const [fromAlice, fromBob] = [new Writer(alice!), new Writer(bob!)]
    const raws = [fromAlice.write(log, "one"), fromBob.write(log, "two"), fromAlice.write(log, "three")]
    for (const reader of [alice!, bob!])
      expect((await judgedBy(meeting, reader, served(raws).toReversed())).map(shown)).to.deep.equal([
        "one",
        "two",
        "three",
      ])
  })

  it("what fails is refused by itself, and every neighbour stays (CH9)", async () => {
    const meeting = await meetingOfTwo()
    const log = await meeting.read(alice!)
    const [fromAlice, fromBob, fromCarol] = [new Writer(alice!), new Writer(bob!), new Writer(carol!)]
    const good = fromAlice.write(log, "one")
    const raws = [
      good,
      new Uint8Array(50),
      good.with(-1, (good.at(-1) ?? 0) ^ 1),
      fromCarol.write(log, "I am no member"),
      fromBob.write(log, "two"),
    ]
    expect((await judgedBy(meeting, bob!, served(raws))).map(shown)).to.deep.equal([
      "one",
      "malformed",
      "cannot-open",
      "not-authorised",
      "two",
    ])
  })

  it("one of another meeting, as which it stays sealed, is refused (CH2)", async () => {
    const [meeting, other] = [await meetingOfTwo(), await meetingOfTwo()]
    const raw = new Writer(alice!).write(await other.read(alice!), "elsewhere")
    expect((await judgedBy(meeting, alice!, served([raw]))).map(shown)).to.deep.equal(["bad-signature"])
  })

  it("nobody writes for an epoch that was not in force for it, or that it left (CH3)", async () => {
    const meeting = await meetingOfTwo()
    const before = await meeting.read(bob!)
    await meeting.say(bob!, { type: "leave" })
    const log = await meeting.read(bob!)
    await meeting.nextEpoch(alice!, [entryOf(alice!, "admin")])
    const after = await meeting.read(alice!)
    const inTime = new Writer(bob!).write(before, "in time")
    const afterLeaving = new Writer(bob!).write(log, "after leaving")
    const inNewEpoch = new Writer(alice!).write(after, "new log, old key", {
      epoch: after.epochs.at(-2)!,
      newestLogHash: after.head.hash,
    })
    const unheard = new Writer(alice!).write(after, "of an event that nobody has", { newestLogHash: random(32) })
    const entries = await judgedBy(meeting, alice!, served([inTime, afterLeaving, inNewEpoch, unheard]))
    expect(entries.map(shown)).to.deep.equal([
      "in time late",
      "not-authorised",
      "not-authorised",
      "of an event that nobody has",
    ])
    expect(entries.map((entry) => entry.kind === "authentic" && entry.isAhead)).to.deep.equal([
      false,
      false,
      false,
      true,
    ])
  })

  it("an id again counts nothing, with the same bytes or with others (CH5)", async () => {
    const meeting = await meetingOfTwo()
    const log = await meeting.read(alice!)
    const [fromAlice, fromBob] = [new Writer(alice!), new Writer(bob!)]
    const messageId = asId("message", random(16))
    const first = fromAlice.write(log, "one", { messageId })
    const raws = [first, first, fromBob.write(log, "under the same id", { messageId })]
    expect((await judgedBy(meeting, bob!, served(raws))).map(shown)).to.deep.equal(["one", "replayed", "replayed"])
  })

  it("a message that was dropped, swapped, forked or linked to other bytes shows (CH6)", async () => {
    const meeting = await meetingOfTwo()
    const log = await meeting.read(alice!)
    const writer = new Writer(alice!)
    const [one, two, three] = ["one", "two", "three"].map((text) => writer.write(log, text))
    const fork = new Writer(alice!)
    fork.counter = 1
    fork.prev = messageHash(one!)
    const otherTwo = fork.write(log, "other two")
    const show = async (...raws: readonly (Uint8Array | null)[]) =>
      (await judgedBy(meeting, bob!, served(raws))).map(shown)
    expect(await show(one!, two!, three!)).to.deep.equal(["one", "two", "three"])
    expect(await show(one!, null, three!)).to.deep.equal(["one", "gap 1-1", "three -1"])
    expect(await show(two!, three!)).to.deep.equal(["two -1", "three"])
    expect(await show(one!, three!, two!)).to.deep.equal(["one", "three", "two order"])
    expect(await show(one!, otherTwo, three!)).to.deep.equal(["one", "other two", "three link"])
    expect(await show(one!, two!, otherTwo)).to.deep.equal(["one", "two fork", "other two fork"])
    const pins = [{ deviceKey: alice!.author.signer.publicKey, counter: 1, hash: messageHash(two!) }]
    expect((await judgedBy(meeting, bob!, served([one!, otherTwo]), { pins })).map(shown)).to.deep.equal([
      "one",
      "other two fork",
    ])
    const begunLater = await judgedBy(meeting, bob!, served([three!], 2), { fromSeq: 2, isFromStart: false })
    expect(begunLater.map(shown)).to.deep.equal(["three"])
  })

  it("what a removed member writes into the past is late; what was there in time is vouched for (CH7)", async () => {
    const meeting = await meetingOfTwo()
    const old = await meeting.read(bob!)
    const [fromAlice, fromBob] = [new Writer(alice!), new Writer(bob!)]
    const raws = [fromAlice.write(old, "one"), fromBob.write(old, "two"), fromBob.write(old, "three")]
    const chat = chatHeadsOf(await judgedBy(meeting, alice!, served(raws)), [])
    const unseen = fromAlice.write(old, "on its way")
    await meeting.nextEpoch(alice!, [entryOf(alice!, "admin")], { chat })
    const backdated = fromBob.write(old, "backdated")
    const rewritten = new Writer(bob!)
    const all = [...raws, unseen, backdated, rewritten.write(old, "two, rewritten")]
    expect((await judgedBy(meeting, alice!, served(all))).map(shown)).to.deep.equal([
      "one",
      "two",
      "three",
      "on its way late",
      "backdated late",
      "two, rewritten late fork",
    ])
    const log = await meeting.read(alice!)
    expect(
      (await judgedBy(meeting, alice!, served([...raws, unseen, fromAlice.write(log, "by the way")]))).map(shown),
    ).to.deep.equal(["one", "two", "three", "on its way", "by the way"])
  })

  it("what no epoch event vouches for is late, but to who saw it in time (CH7)", async () => {
    const meeting = await meetingOfTwo()
    const old = await meeting.read(bob!)
    const raw = new Writer(bob!).write(old, "one")
    const pins = chatHeadsOf(await judgedBy(meeting, alice!, served([raw])), [])
    await meeting.nextEpoch(alice!, [entryOf(alice!, "admin")])
    expect((await judgedBy(meeting, alice!, served([raw]))).map(shown)).to.deep.equal(["one late"])
    expect((await judgedBy(meeting, alice!, served([raw]), { pins })).map(shown)).to.deep.equal(["one"])
  })

  it("chat heads of another form void their epoch (CH8)", async () => {
    const meeting = await meetingOfTwo()
    const head = { deviceKey: ZERO_HASH, counter: 0, hash: ZERO_HASH }
    await meeting.nextEpoch(alice!, [entryOf(alice!, "admin"), entryOf(bob!, "member")], { chat: [head, head] })
    const log = await meeting.read(bob!)
    expect(log.voids.map(({ code }) => code)).to.deep.equal(["malformed"])
  })

  it("who joined without the past finds it closed, and no gap of counters in it", async () => {
    const meeting = new TestMeeting(alice!, "From joining on", "from-join")
    const old = await meeting.read(alice!)
    const writer = new Writer(alice!)
    const raws = [writer.write(old, "one"), writer.write(old, "two")]
    const chat = chatHeadsOf(await judgedBy(meeting, alice!, served(raws)), [])
    meeting.know(bob!)
    const made = await meeting.nextEpoch(alice!, [entryOf(alice!, "admin"), entryOf(bob!, "member")], { chat })
    meeting.tell(bob!, made)
    raws.push(writer.write(await meeting.read(alice!), "three"))
    expect((await judgedBy(meeting, bob!, served(raws))).map(shown)).to.deep.equal(["closed", "closed", "three"])
    expect((await judgedBy(meeting, alice!, served(raws))).map(shown)).to.deep.equal(["one", "two", "three"])
  })

  /** What is written next, and how it is not as it should be. */
  const steps = fc.array(
    fc.record({
      isAlice: fc.boolean(),
      way: fc.oneof(
        { weight: 6, arbitrary: fc.constant("honest") },
        fc.constantFrom("fork", "hole", "lower", "repeat", "stranger", "other link", "old epoch", "not given"),
      ),
    }),
    { maxLength: 14 },
  )

  it("a chat that grows, or is let go of as it is read back, is arranged as all of it at once is, whatever comes (CH5, CH6, CH7)", async function () {
    this.timeout(60_000)
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.nat(6),
        fc.boolean(),
        fc.boolean(),
        fc.nat(2),
        async (written, oldCount, isVouched, isFromStart, pinnedLater) => {
          const meeting = await meetingOfTwo()
          const old = await meeting.read(alice!)
          const [fromAlice, fromBob] = [new Writer(alice!), new Writer(bob!)]
          const raws: (Uint8Array | null)[] = []
          const write = (
            log: MeetingLog,
            { isAlice, way }: { readonly isAlice: boolean; readonly way: string },
          ): void => {
            const writer = isAlice ? fromAlice : fromBob
            const { counter, prev } = writer
            const raw = (lies: Parameters<Writer["write"]>[2] = {}): Uint8Array => writer.write(log, way, lies)
            if (way === "repeat") raws.push(raws.at(-1) ?? null)
            else if (way === "stranger") raws.push(new Writer(carol!).write(log, way))
            else if (way === "fork") raws.push(raw({ counter: Math.max(0, counter - 1) }))
            else if (way === "hole") raws.push(raw({ counter: counter + 2 }))
            else if (way === "lower") raws.push(raw({ counter: Math.max(0, counter - 3), prev }))
            else if (way === "other link") raws.push(raw({ prev: random(32) }))
            else if (way === "old epoch") raws.push(raw({ epoch: log.epochs.at(-2) ?? log.current }))
            else if (way === "not given") {
              raw()
              raws.push(null)
            } else raws.push(raw())
          }
          for (const step of written.slice(0, oldCount)) write(old, step)
          const heads = chatHeadsOf(await judgedBy(meeting, bob!, served(raws)), [])
          const roster = [entryOf(alice!, "admin"), entryOf(bob!, "member")]
          await meeting.nextEpoch(alice!, roster, isVouched ? { chat: heads } : {})
          const log = await meeting.read(alice!)
          for (const step of written.slice(oldCount)) write(log, step)
          const { judged } = await judge(meeting, alice!, served(raws))
          let grown: ArrangedChat | null = null
          let pins = isVouched ? [] : heads
          const unpinned: ChatEntry[][] = []
          for (let untilSeq = 0; untilSeq <= raws.length; untilSeq++) {
            const place = { fromSeq: 0, untilSeq, isFromStart }
            const knowledge: ChatKnowledge = { ...place, epochs: log.epochs, pins }
            const until = judged.filter(({ served: { seq } }) => seq < untilSeq)
            const since = until.filter(({ served: { seq } }) => seq === untilSeq - 1)
            grown = (grown === null ? null : continueChat(grown, since, knowledge)) ?? arrangeWhole(until, knowledge)
            expect(grown.entries).to.deep.equal(arrangeChat(until, knowledge))
            // While what was read is written down, more comes.
            unpinned.push([...grown.entries])
            if (unpinned.length > pinnedLater) pins = [...chatHeadsOf(unpinned.shift() ?? [], pins)]
          }

          let back: ArrangedChat | null = null
          const untilSeq = raws.length
          for (let [from, before] = [Math.max(0, untilSeq - 2), untilSeq]; ;) {
            const place = { fromSeq: from, untilSeq, isFromStart: from === 0 && isFromStart }
            const knowledge: ChatKnowledge = { ...place, epochs: log.epochs, pins }
            const held = judged.filter(({ served: { seq } }) => seq >= from)
            const older = held.filter(({ served: { seq } }) => seq < before)
            back = (back === null ? null : precedeChat(back, older, knowledge)) ?? arrangeWhole(held, knowledge)
            expect(back.entries).to.deep.equal(arrangeChat(held, knowledge))
            if (from === 0) break
            before = from
            from = Math.max(0, from - 1 - (oldCount % 3))
          }

          let passed: ArrangedChat | null = null
          const settled: ChatEntry[] = []
          const all: ChatKnowledge = { fromSeq: 0, untilSeq, isFromStart: false, epochs: log.epochs, pins }
          for (let [from, before] = [Math.max(0, untilSeq - 2), untilSeq]; ;) {
            const knowledge: ChatKnowledge = { ...all, fromSeq: from }
            const older = judged.filter(({ served: { seq } }) => seq >= from && seq < before)
            passed = passed === null ? arrangeWhole(older, knowledge) : precedeChat(passed, older, knowledge)
            if (passed === null || from === 0) break
            const { settled: more, open } = settleChat(passed)
            settled.push(...more)
            passed = open
            before = from
            from = Math.max(0, from - 1 - (oldCount % 3))
          }
          if (written.every(({ way }) => way === "honest")) expect(passed).not.to.equal(null)
          if (passed === null) return
          const standing = (entries: readonly ChatEntry[]): readonly unknown[] =>
            entries
              .filter((entry) => entry.kind !== "gap")
              .toSorted((a, b) => a.served.seq - b.served.seq)
              .map((entry) =>
                entry.kind === "authentic"
                  ? [entry.served.seq, entry.standing.isVouched, entry.standing.conflict]
                  : [entry.served.seq, entry.kind],
              )
          expect(standing([...settled, ...passed.entries])).to.deep.equal(standing(arrangeChat(judged, all)))
        },
      ),
      { numRuns: 30 },
    )
  })

  it("what continues a chat as it should leaves alone what was arranged before", async () => {
    const meeting = await meetingOfTwo()
    const log = await meeting.read(alice!)
    const [fromAlice, fromBob] = [new Writer(alice!), new Writer(bob!)]
    const raws = [fromAlice.write(log, "one"), fromBob.write(log, "two"), fromAlice.write(log, "three")]
    const { judged } = await judge(meeting, bob!, served(raws))
    const knowledge = { epochs: log.epochs, pins: [], fromSeq: 0, untilSeq: 2, isFromStart: true }
    const before = arrangeWhole(judged.slice(0, 2), knowledge)
    const grown = continueChat(before, judged.slice(2), {
      ...knowledge,
      untilSeq: 3,
      pins: chatHeadsOf(before.entries, []),
    })
    expect(grown?.entries.map(shown)).to.deep.equal(["one", "two", "three"])
    expect(grown?.entries[0]).to.equal(before.entries[0])
    // Also where more came while what was heard before was pinned.
    const [four, five] = [fromAlice.write(log, "four"), fromAlice.write(log, "five")]
    const more = (await judge(meeting, bob!, served([...raws, four, five]))).judged.slice(3)
    const pinned = chatHeadsOf(grown?.entries ?? [], [])
    const further = { ...knowledge, pins: grown?.knowledge.pins ?? [] }
    const known = grown && continueChat(grown, more.slice(0, 1), { ...further, untilSeq: 4 })
    const last = known && continueChat(known, more.slice(1), { ...knowledge, untilSeq: 5, pins: pinned })
    expect(last?.entries.map(shown)).to.deep.equal(["one", "two", "three", "four", "five"])
    expect(last?.entries[0]).to.equal(before.entries[0])
    const from = { ...knowledge, untilSeq: 3, isFromStart: false }
    const newest = arrangeWhole(judged.slice(2), { ...from, fromSeq: 2 })
    const whole = precedeChat(newest, judged.slice(0, 2), from)
    expect(whole?.entries.map(shown)).to.deep.equal(["one", "two", "three"])
    expect(whole?.entries[2]).to.equal(newest.entries[0])
  })

  it("what every reader would refuse is not sealed at all", async () => {
    const log = await (await meetingOfTwo()).read(alice!)
    const codeOf = (content: MessageContent): string => {
      try {
        new Writer(alice!).write(log, content)
        return "sealed"
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    expect(codeOf(textContent("x".repeat(16_384)))).to.equal("sealed")
    expect(codeOf(textContent("x".repeat(16_385)))).to.equal("malformed")
    expect(codeOf(textContent(""))).to.equal("malformed")
  })
})
