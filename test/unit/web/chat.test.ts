import { expect } from "chai"
import { createElement } from "react"
import { renderToStaticMarkup } from "react-dom/server"
import { Markdown } from "../../../client/web/chat/markdown.js"
import { Drafts, NO_DRAFT } from "../../../client/web/chat/drafts.js"
import { mentionAt, mentionsIn, mentionsInEdit } from "../../../client/web/chat/mentioning.js"
import {
  currentOf,
  reachesBack,
  searched,
  type TimelineItem,
  timelineOf,
} from "../../../client/web/watch/timeline-items.js"
import { formatDay, formatDayNumber, formatMoment, formatTime } from "../../../client/web/ui/format.js"
import { mostUsed } from "../../../client/web/chat/most-used.js"
import { rowsOf } from "../../../client/web/chat/rows.js"
import { type ChatLine, type ChatText, isClockOff } from "../../../client/sdk/index.js"
import { LAST_DAY, LAST_TIME_MS } from "../../../shared/protocol/ambient.js"
import type { RecordingPlace } from "../../../shared/protocol/message-content.js"
import { asId } from "../../../shared/protocol/ids.js"
import { textContent } from "../../../shared/protocol/message-content.js"
import { LIMITS } from "../../../shared/protocol/limits.js"

function shown(text: string): string {
  return renderToStaticMarkup(createElement(Markdown, { text, tabIndex: 0 }))
    .replace(/^<div class="[^"]+" dir="auto">/, "")
    .replace(/<\/div>$/, "")
}

const OUT = 'target="_blank" rel="noopener noreferrer" tabindex="0"'

describe("Markdown that others wrote", () => {
  it("is laid out as elements", () => {
    expect(shown("a **b** _c_ `d` ~~e~~")).to.equal("<p>a <strong>b</strong> <em>c</em> <code>d</code> <s>e</s></p>")
    expect(shown("one\ntwo")).to.equal("<p>one<br/>two</p>")
    expect(shown("3. a\n4. b")).to.equal('<ol start="3"><li>a</li><li>b</li></ol>')
    expect(shown("# Loud")).to.equal('<p class="markdown-heading">Loud</p>')
  })

  it("has no markup of a page, whatever is written", () => {
    for (const text of [
      "<script>alert(1)</script>",
      "<img src=x onerror=alert(1)>",
      "<b>bold</b>",
      "<!-- -->",
      "&lt;script&gt;",
      '<a href="javascript:alert(1)">x</a>',
    ])
      expect(shown(text), text).not.to.match(/<(?!\/?p>|br\/>)/)
  })

  it("leads nowhere but out, and says where to", () => {
    for (const text of [
      "[x](javascript:alert(1))",
      "[x](data:text/html,hi)",
      "[x](vbscript:a)",
      "[x](#/devices)",
      "[x](/app/)",
      "[x](//evil.example)",
      "[x](blob:https://a.example/1)",
      "evil.example",
    ])
      expect(shown(text), text).not.to.include("<a ")
    expect(shown("[bank](https://evil.example/a)")).to.equal(
      `<p><a href="https://evil.example/a" title="https://evil.example/a" ${OUT}><bdi>bank</bdi></a><span class="link-target"> (evil.example)</span></p>`,
    )
    // Letters of another alphabet are not taken for Latin ones.
    expect(shown("https://аpple.com/")).to.include("<bdi>https://xn--pple-43d.com/</bdi>")
  })

  it("fetches no picture", () => {
    expect(shown("![cat](https://evil.example/a.png)")).to.include("Picture: cat").and.not.include("<img")
  })

  it("is shown as it was written where it would become far more elements than anybody writes", () => {
    const elements = (text: string): number => shown(text).split(/<[a-z]/).length - 1
    const table = (columns: number, rows: number): string =>
      `|${"a|".repeat(columns)}\n|${"-|".repeat(columns)}\n${"a\n".repeat(rows)}`
    const nested = "*a **b ".repeat(100) + "b** a* ".repeat(100)
    for (const text of [
      table(256, 260),
      table(256, 260).replaceAll(/^/gm, "> "),
      `1. ${table(256, 260).replaceAll("\n", "\n   ")}`,
      table(20, 10).concat("\n").repeat(5),
      "-\n+\n".repeat(400),
      "- + * - + * - + * a\n".repeat(90),
      "> > > > > > > > > > > > > > > > > > > a\n\n".repeat(45),
      "`a` ".repeat(500),
      "[a](http:b)".repeat(500),
      "***\n".repeat(500),
      nested,
    ]) {
      expect(elements(text), text.slice(0, 40)).to.equal(0)
      expect(shown(text)).to.include(text.slice(2, 20).replaceAll(">", "&gt;"))
    }
    expect(elements(table(6, 30))).to.be.greaterThan(6 * 30)
    expect(elements(`${table(4, 3)}\n${"a - b\n".repeat(200)}`)).to.be.greaterThan(200)
  })

  it("takes its time with nothing that is as long as a message may be", () => {
    const patterns = [">", "*a _a ", "[](a)[", "[a]: u\n", "a\n> ", "http://a."]
    for (const pattern of patterns) {
      const text = pattern.repeat(LIMITS.messageTextBytes).slice(0, LIMITS.messageTextBytes)
      expect(shown(text).length, pattern).to.be.greaterThan(0)
    }
  }).timeout(20_000)
})

describe("what is being written", () => {
  it("stays, by meeting, and what could not be sent stands in front of what was written since", () => {
    const drafts = new Drafts()
    const [first, second] = [new File(["1"], "first"), new File(["2"], "second")]
    let changes = 0
    const end = drafts.subscribe(() => {
      changes++
    })
    const line = said("target", 1) as ChatText
    const sent = { text: "sent", files: [first], about: { kind: "reply", line } } as const
    drafts.write("a", NO_DRAFT)
    drafts.write("a", { text: "typed since", files: [second], about: { kind: "edit", line } })
    drafts.putBack("a", sent)
    expect(drafts.of("a")).to.deep.equal({ ...sent, text: "sent\ntyped since", files: [first, second] })
    drafts.putBack("b", sent)
    expect(drafts.of("b")).to.deep.equal(sent)
    expect(drafts.of("c")).to.equal(NO_DRAFT)
    expect(changes).to.equal(4)
    end()
    drafts.write("a", NO_DRAFT)
    expect(changes).to.equal(4)
  })
})

describe("mentions", () => {
  const people = ["Ann", "Anna", "Bob Marsh"].map((name, index) => ({
    name,
    genesisHash: new Uint8Array(32).fill(index),
  }))

  it("are the people that a text names with an @, and nobody who is only called alike", () => {
    const named = (text: string): readonly (number | undefined)[] => mentionsIn(text, people).map(([first]) => first)
    expect(named("@Anna, and @Bob Marsh!")).to.deep.equal([1, 2])
    expect(named("@Ann")).to.deep.equal([0])
    expect(named("Ann, Anna, Bob")).to.deep.equal([])
  })

  it("of a message that is changed are those of its new text, and who was named otherwise", () => {
    const [ann, , bob] = people.map(({ genesisHash }) => ({ genesisHash }))
    const unknown = { genesisHash: new Uint8Array(32).fill(9) }
    const before = { text: "hi @Ann", mentions: [ann!, unknown] }
    const named = (text: string) => mentionsInEdit(text, people, before).map(([first]) => first)
    expect(named("hi")).to.deep.equal([9])
    expect(named("hi @Ann, @Bob Marsh")).to.deep.equal([0, 2, 9])
    expect(mentionsInEdit("@Bob Marsh", people, { text: "Bob", mentions: [bob!] })).to.have.length(1)
  })

  it("begin where an @ begins a word", () => {
    expect(mentionAt("hi @bo", 6)).to.deep.equal({ from: 3, typed: "bo" })
    expect(mentionAt("a@bo", 4)).to.equal(null)
    expect(mentionAt("hi @bo", 2)).to.equal(null)
  })
})

const DAY_MS = 86_400_000
const NOON_MS = 20_000 * DAY_MS + DAY_MS / 2
const SELF = new Uint8Array(32).fill(1)
const OTHER = new Uint8Array(32).fill(2)

let seq = 0

/** A line as a reader would fold it: what rows and timelines are made of. */
function said(
  text: string,
  timeMs: number,
  {
    author = OTHER,
    place = null,
    day = Math.floor(timeMs / DAY_MS),
  }: { author?: Uint8Array; place?: RecordingPlace | null; day?: number } = {},
): ChatLine {
  const messageId = asId("message", new Uint8Array(16).fill(++seq))
  const content = textContent(text, { place })
  const message = {
    messageId,
    content,
    served: { seq, incarnation: 0, day },
    statement: { authorGenesisHash: author, timeMs },
  }
  return {
    kind: "text",
    message,
    content,
    text,
    mentions: [],
    editedAtMs: null,
    deletedBy: null,
    reactions: [],
  } as unknown as ChatLine
}

describe("a chat's rows", () => {
  const shownRows = (lines: readonly ChatLine[], more: Partial<Parameters<typeof rowsOf>[0]> = {}): readonly string[] =>
    rowsOf({ lines, waiting: [], self: SELF, readUntil: null, hasOlder: false, ...more }).map((row) =>
      row.kind === "text"
        ? `${row.isFirst ? "" : "+"}${row.line.text ?? ""}`
        : row.kind === "closed"
          ? `closed ${row.count}`
          : row.kind,
    )

  it("begin with each day, and say once who says several things in one go", () => {
    expect(
      shownRows([
        said("a", NOON_MS),
        said("b", NOON_MS + 60_000),
        said("c", NOON_MS + 60_000, { author: SELF }),
        said("d", NOON_MS + 20 * 60_000, { author: SELF }),
        said("e", NOON_MS + DAY_MS),
      ]),
    ).to.deep.equal(["day", "a", "+b", "c", "d", "day", "e"])
  })

  it("make no day of a clock that is off", () => {
    expect(
      shownRows([said("a", NOON_MS), said("b", NOON_MS - 400 * DAY_MS, { day: Math.floor(NOON_MS / DAY_MS) })]),
    ).to.deep.equal(["day", "a", "b"])
  })

  it("show a time that is far off, and one that is no date as the number that it is", () => {
    const far = [0, LAST_TIME_MS, LAST_TIME_MS + 1, Number.MAX_SAFE_INTEGER]
    const lines = far.map((timeMs) => said(String(timeMs), timeMs, { day: Math.floor(NOON_MS / DAY_MS) }))
    const [first, last, next, number] = far.map(String)
    expect(shownRows([said("a", NOON_MS), ...lines])).to.deep.equal(["day", "a", first, last, `+${next ?? ""}`, number])
    expect(lines.every((line) => line.kind === "text" && isClockOff(line.message))).to.equal(true)
    for (const format of [formatDay, formatMoment, formatTime]) {
      const digits = far.map((timeMs) => format(timeMs).replaceAll(/\D/g, ""))
      expect(digits.slice(2)).to.deep.equal([next, number])
      expect(digits.slice(0, 2)).to.not.include.members([first, last])
    }
    expect(formatDayNumber(LAST_DAY)).to.include("275760")
    expect(formatDayNumber(LAST_DAY + 1).replaceAll(/\D/g, "")).to.equal(String(LAST_DAY + 1))
  })

  it("say where what is new begins: behind what was looked at, and with what others wrote", () => {
    const lines = [said("a", NOON_MS), said("own", NOON_MS, { author: SELF }), said("b", NOON_MS), said("c", NOON_MS)]
    const [first] = lines
    const readUntil = { incarnation: 0, seq: first?.kind === "text" ? first.message.served.seq + 1 : 0 }
    expect(shownRows(lines, { readUntil })).to.deep.equal(["day", "a", "own", "fresh", "b", "+c"])
    expect(shownRows(lines, { readUntil: { incarnation: 1, seq: 0 } })).to.not.include("fresh")
  })

  it("count what is closed as one", () => {
    const closed = (at: number): ChatLine => ({
      kind: "closed",
      epoch: 0,
      hash: SELF,
      served: { seq: at, incarnation: 0, day: 0, raw: SELF },
    })
    expect(shownRows([closed(1), closed(2), said("a", NOON_MS), closed(9)])).to.deep.equal([
      "closed 2",
      "day",
      "a",
      "closed 1",
    ])
  })
})

describe("a message's reactions", () => {
  const by = (...authors: readonly number[]): readonly Uint8Array[] =>
    authors.map((one) => new Uint8Array(32).fill(one))

  it("are one's own and those of most people, whatever number somebody gives", () => {
    const flood = Array.from({ length: 5_000 }, (_, n) => ({ reaction: `flood ${n}`, authors: by(9) }))
    const reactions = [
      ...flood,
      { reaction: "✅", authors: by(3) },
      { reaction: "👍", authors: by(3, 4) },
      ...flood.slice(0, 20).map(({ reaction, authors }) => ({ reaction: `${reaction}!`, authors })),
      { reaction: "🎉", authors: by(1) },
    ]
    const shown = mostUsed(reactions, SELF, 12)
    expect(shown).to.have.length(12)
    expect(shown.map(({ reaction }) => reaction).slice(-3)).to.deep.equal(["✅", "👍", "🎉"])
    expect(mostUsed(reactions, SELF, 1).map(({ reaction }) => reaction)).to.deep.equal(["🎉"])
    expect(mostUsed(reactions, SELF, 2).map(({ reaction }) => reaction)).to.deep.equal(["👍", "🎉"])
    const few = reactions.slice(-4)
    expect(mostUsed(few, SELF, 4)).to.equal(few)
  })
})

describe("what was said and written, beside a recording", () => {
  const recordingId = asId("recording", new Uint8Array(16).fill(7))
  const input = {
    hasOlder: false,
    cues: [{ startS: 10, endS: 12, text: "Let us begin" }],
    recordingId,
    startMs: NOON_MS,
    lengthMs: 60_000,
    nameOf: (hash: Uint8Array) => (hash === SELF ? "You" : "Bob"),
    isUnverified: () => false,
  }
  const texts = (items: readonly { readonly text: string }[]): readonly string[] => items.map(({ text }) => text)

  it("stands where the message says, else where its time is on the recording's clock, before and after too", () => {
    const other = asId("recording", new Uint8Array(16).fill(8))
    const { before, during, after } = timelineOf({
      ...input,
      lines: [
        said("before", NOON_MS - 60_000),
        said("placed", NOON_MS + 50_000, { place: { recordingId, offsetMs: 5_000 } }),
        said("by time", NOON_MS + 20_000),
        said("in another one", NOON_MS + 30_000, { place: { recordingId: other, offsetMs: 1 } }),
        said("clock off", NOON_MS + 25_000, { day: 0 }),
        said("after", NOON_MS + 61_000),
      ],
    })
    expect([texts(before), texts(during), texts(after)]).to.deep.equal([
      ["before"],
      ["placed", "Let us begin", "by time", "in another one", "clock off"],
      ["after"],
    ])
  })

  it("has every place where no message is shown, beside what stands before it, or else behind it", () => {
    const gap = (fromSeq: number): ChatLine => ({ kind: "gap", fromSeq, untilSeq: fromSeq + 1 })
    const refused = (at: number): ChatLine =>
      ({ kind: "refused", code: "bad-signature", reason: "", served: { seq: at, incarnation: 0 } }) as ChatLine
    const without = (at: number, reason: "late" | "no-target"): ChatLine =>
      ({ kind: "without-effect", message: { messageId: new Uint8Array(16).fill(at) }, reason }) as unknown as ChatLine
    const lines = [
      gap(1),
      said("before", NOON_MS - 60_000),
      said("during", NOON_MS + 1_000),
      refused(3),
      without(4, "late"),
      without(5, "no-target"),
      said("deleted", NOON_MS + 2_000),
      said("after", NOON_MS + 90_000),
      gap(9),
    ]
    const kinds = (items: readonly TimelineItem[]): readonly string[] =>
      items.map((item) => (item.kind === "aside" ? item.row.kind : item.text))
    const { before, during, after } = timelineOf({ ...input, cues: [], lines })
    expect([before, during, after].map(kinds)).to.deep.equal([
      ["gap", "before"],
      ["during", "refused", "without-effect", "without-effect", "deleted"],
      ["after", "gap"],
    ])
    expect(currentOf(during, 1_500)?.text).to.equal("during")
    expect(searched(during, "during")).to.have.length(1)
    const more = timelineOf({ ...input, cues: [], lines, hasOlder: true })
    expect(kinds(more.during)).to.deep.equal(["during", "refused", "without-effect", "deleted"])
    // Where nothing tells when the recording began, only beside what names its place.
    const placed = said("placed", NOON_MS, { place: { recordingId, offsetMs: 5 } })
    const alone = timelineOf({ ...input, cues: [], startMs: null, lines: [...lines, placed, gap(20), ...lines] })
    expect(kinds(alone.during)).to.deep.equal(["gap", "placed", "gap", "gap"])
    const flood = timelineOf({
      ...input,
      cues: [],
      lines: [...Array.from({ length: 500 }, (_, n) => refused(n)), ...lines],
    })
    expect(flood.before).to.have.length(50)
  })

  it("is read back until its authors' clocks say so, whatever one of them says", () => {
    const day = Math.floor(NOON_MS / DAY_MS)
    const far = NOON_MS - 3_600_000
    const recent = [said("a", NOON_MS, { author: SELF }), said("b", NOON_MS + 1)]
    const old = [said("a", far - 1, { author: SELF }), said("b", far - 2)]
    const wrong = Array.from({ length: 20 }, (_, n) =>
      said(`wrong ${n}`, far - 1_000, { author: new Uint8Array(32).fill(3) }),
    )
    expect(reachesBack([said("2019", NOON_MS - 2_000 * DAY_MS, { day }), ...recent], far)).to.equal(false)
    expect(reachesBack([said("slow", NOON_MS - DAY_MS / 2, { day, author: SELF }), ...recent], far)).to.equal(false)
    const others = [0, 1, 2, 3, 4, 5].map((n) => said(`right ${n}`, NOON_MS + n, { author: SELF }))
    expect(reachesBack([...wrong, ...others], far)).to.equal(false)
    expect(reachesBack([...old, ...recent.slice(0, 1)], far)).to.equal(true)
    expect(reachesBack([said("2019", NOON_MS - 2_000 * DAY_MS, { day })], far)).to.equal(false)
    expect(reachesBack([], far)).to.equal(false)
  })

  it("what was imported stands where its clock says, all of it, and apart where nothing tells (IM2, IM5)", () => {
    const line = (text: string, placeMs: number | null) =>
      ({ type: "message", clockMs: placeMs, placeMs, author: "Ringo", to: null, about: null, text }) as const
    const far = Array.from({ length: 120 }, (_, index) => line(`after ${index}`, 61_000 + index))
    const { before, during, after, placeless } = timelineOf({
      ...input,
      lines: [said("by time", NOON_MS + 20_000)],
      imported: [line("early", -5_000), line("amid", 15_000), line("nowhere", null), ...far],
    })
    expect([texts(before), texts(during), texts(placeless)]).to.deep.equal([
      ["early"],
      ["Let us begin", "amid", "by time"],
      ["nowhere"],
    ])
    expect(after).to.have.length(120)
    expect(texts(searched(during, "ringo"))).to.deep.equal(["amid"])
  })

  it("without a beginning has only what names its place", () => {
    const lines = [said("by time", NOON_MS), said("placed", NOON_MS, { place: { recordingId, offsetMs: 5 } })]
    const { before, during, after } = timelineOf({ ...input, cues: [], startMs: null, lines })
    expect([texts(before), texts(during), texts(after)]).to.deep.equal([[], ["placed"], []])
  })

  it("is searched by words, in what is said and in who says it", () => {
    const { during } = timelineOf({ ...input, lines: [said("The Budget is late", NOON_MS + 1_000)] })
    expect(texts(searched(during, "budget bob"))).to.deep.equal(["The Budget is late"])
    expect(texts(searched(during, "BEGIN"))).to.deep.equal(["Let us begin"])
    expect(texts(searched(during, " "))).to.have.length(2)
    expect(searched(during, "budget begin")).to.deep.equal([])
  })

  it("follows what plays", () => {
    const { during } = timelineOf({ ...input, lines: [said("a", NOON_MS + 1_000)] })
    expect([0, 1_000, 9_999, 10_000].map((atMs) => currentOf(during, atMs)?.text ?? null)).to.deep.equal([
      null,
      "a",
      "a",
      "Let us begin",
    ])
  })
})
