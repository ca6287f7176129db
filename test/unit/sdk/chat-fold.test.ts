import { expect } from "chai"
import fc from "fast-check"
import { ChatFold, type ChatLine, foldChat } from "../../../client/sdk/chat/fold.js"
import type { ChatEntry, StandingMessage } from "../../../client/crypto/chat-order.js"
import type { ValidEpoch } from "../../../client/crypto/meeting-log.js"
import { type MessageContent, textContent } from "../../../shared/protocol/message-content.js"

const MESSAGES = 40

/** What folding looks at of a message that was verified. */
function messageOf(n: number, content: MessageContent, author: number, isLate = false): StandingMessage {
  return {
    kind: "authentic",
    messageId: new Uint8Array(16).fill(n),
    hash: new Uint8Array(32).fill(n),
    epoch: 1,
    content,
    served: { incarnation: 0, seq: n },
    statement: { authorGenesisHash: new Uint8Array(32).fill(author), timeMs: n },
    standing: { isVouched: !isLate, missingBefore: 0, conflict: null },
  } as unknown as StandingMessage
}

/** Each line in a word. */
function shown(lines: readonly ChatLine[]): readonly string[] {
  return lines.map((line) => {
    if (line.kind === "without-effect") return `${line.message.statement.timeMs} ${line.reason}`
    if (line.kind !== "text") return line.kind
    const reactions = line.reactions.map(
      ({ reaction, authors }) => `${reaction}${authors.map(([one]) => one).join("+")}`,
    )
    return [line.message.statement.timeMs, line.text, line.editedAtMs, line.deletedBy?.[0], ...reactions].join(" ")
  })
}

const action = fc.record({
  type: fc.constantFrom("edit" as const, "reaction" as const, "deletion" as const),
  target: fc.nat(MESSAGES - 1),
  isOther: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  isSet: fc.boolean(),
})
const entry = fc.record({
  action: fc.option(action),
  author: fc.integer({ min: 1, max: 3 }),
  isLate: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  isGap: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
})

function contentOf(
  n: number,
  made: { readonly type: string; readonly target: number; readonly isOther: boolean; readonly isSet: boolean } | null,
): MessageContent {
  if (made === null) return textContent(`text ${n}`)
  const target = {
    messageId: new Uint8Array(16).fill(made.target) as StandingMessage["messageId"],
    hash: new Uint8Array(32).fill(made.isOther ? 99 : made.target),
  }
  if (made.type === "edit") return { type: "edit", target, text: `edit ${n}`, mentions: [] }
  return made.type === "reaction"
    ? { type: "reaction", target, reaction: made.isSet ? "👍" : "👎", isSet: n % 3 !== 0 }
    : { type: "deletion", target }
}

describe("a chat that is folded as it grows", () => {
  it("is what all of it at once is, at whichever end it grows, and whatever is named", () => {
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: MESSAGES, maxLength: MESSAGES }),
        fc.nat(MESSAGES),
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 12 })), { maxLength: 12 }),
        (made, start, steps) => {
          const entries = made.map(({ action: one, author, isLate, isGap }, n): ChatEntry =>
            isGap ? { kind: "gap", fromSeq: n, untilSeq: n + 1 } : messageOf(n, contentOf(n, one), author, isLate),
          )
          const epochs: readonly ValidEpoch[] = []
          const fold = new ChatFold()
          let [from, until] = [start, start]
          for (const [isOlder, count] of steps) {
            if (isOlder) from = Math.max(0, from - count)
            else until = Math.min(MESSAGES, until + count)
            const held = entries.slice(from, until)
            expect(shown(fold.fold(held, epochs))).to.deep.equal(shown(foldChat(held, epochs)))
          }
        },
      ),
    )
  })

  it("what names an older message comes in its order, also where that message is read last", () => {
    const fold = new ChatFold()
    const epochs: readonly ValidEpoch[] = []
    const first = messageOf(1, textContent("one"), 1)
    const target = { messageId: first.messageId, hash: first.hash }
    const [earlier, later] = [2, 3].map((n) =>
      messageOf(n, { type: "edit", target, text: `edit ${n}`, mentions: [] }, 1),
    ) as [StandingMessage, StandingMessage]
    for (const entries of [[later], [earlier, later], [first, earlier, later]]) fold.fold(entries, epochs)
    expect(shown(fold.fold([first, earlier, later], epochs))).to.deep.equal(
      shown(foldChat([first, earlier, later], epochs)),
    )
    expect(shown(fold.fold([first, earlier, later], epochs))[0]).to.contain("edit 3")
  })

  it("a message names whom its newest edit names, each since it did", () => {
    const [ann, bob, carol] = [7, 8, 9].map((one) => new Uint8Array(32).fill(one)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const said = messageOf(1, textContent("hi @Ann @Bob", { mentions: [ann, bob] }), 1)
    const target = { messageId: said.messageId, hash: said.hash }
    const edit = (n: number, mentions: readonly Uint8Array[], author = 1) =>
      messageOf(n, { type: "edit", target, text: `edit ${n}`, mentions }, author)
    const named = (...entries: readonly StandingMessage[]) =>
      foldChat([said, ...entries], []).flatMap((line) =>
        line.kind === "text" ? line.mentions.map(({ genesisHash: [one], served }) => [one, served?.seq]) : [],
      )
    expect(named()).to.deep.equal([
      [7, 1],
      [8, 1],
    ])
    expect(named(edit(2, [bob, carol]))).to.deep.equal([
      [8, 1],
      [9, 2],
    ])
    expect(named(edit(2, [bob, carol]), edit(3, [ann, carol]))).to.deep.equal([
      [7, 3],
      [9, 2],
    ])
    expect(named(edit(2, []))).to.deep.equal([])
    expect(named(edit(2, [], 2)), "of another").to.have.length(2)
  })

  it("gives the same lines again for what did not change, and the same array where nothing did", () => {
    const fold = new ChatFold()
    const epochs: readonly ValidEpoch[] = []
    const entries = [messageOf(1, textContent("one"), 1), messageOf(2, textContent("two"), 1)]
    const first = fold.fold(entries, epochs)
    expect(fold.fold(entries, epochs)).to.equal(first)
    const target = { messageId: entries[0]!.messageId, hash: entries[0]!.hash }
    const more = fold.fold(
      [...entries, messageOf(3, { type: "edit", target, text: "one, again", mentions: [] }, 1)],
      epochs,
    )
    expect(more.map((line) => (line.kind === "text" ? line.text : line.kind))).to.deep.equal(["one, again", "two"])
    expect(more[1]).to.equal(first[1])
  })

  it("is folded however many reactions one message gets, also where it is read after them", () => {
    const said = messageOf(1, textContent("one"), 1)
    const target = { messageId: said.messageId, hash: said.hash }
    const reactions = Array.from({ length: 60_000 }, (_, n) =>
      messageOf(2, { type: "reaction", target, reaction: `${n}`, isSet: true }, 2),
    )
    const fold = new ChatFold()
    const epochs: readonly ValidEpoch[] = []
    fold.fold(reactions, epochs)
    for (const lines of [foldChat([said, ...reactions], epochs), fold.fold([said, ...reactions], epochs)])
      expect(lines.map((line) => (line.kind === "text" ? line.reactions.length : line.kind))).to.deep.equal([60_000])
  }).timeout(20_000)

  it("is folded however long it is", () => {
    const all = Array.from({ length: 200_000 }, (_, n): ChatEntry => ({ kind: "gap", fromSeq: n, untilSeq: n + 1 }))
    expect(foldChat(all, [])).to.have.length(all.length)
  })
})
