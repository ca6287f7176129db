import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import fc from "fast-check"
import { parseCaptions } from "../../../client/sdk/captions.js"
import { parseBbbChat, parseBbbMetadata } from "../../../client/sdk/imports/bbb.js"
import { formatOffset, parseOffset, workOutClock } from "../../../client/sdk/imports/chat-clock.js"
import { type FoundFile, planImport } from "../../../client/sdk/imports/plan.js"
import { readBeside } from "../../../client/sdk/imports/read-beside.js"
import { importedOf, placeLine } from "../../../client/sdk/imports/read-imported.js"
import { importRecords, readyImport } from "../../../client/sdk/imports/ready.js"
import { shownName } from "../../../client/sdk/shown-name.js"
import { countLines } from "../../../client/sdk/imports/imported-lines.js"
import { decodeSourceText } from "../../../client/sdk/imports/source-text.js"
import { parseZoomChat } from "../../../client/sdk/imports/zoom-chat.js"
import { parseZoomPeople } from "../../../client/sdk/imports/zoom-people.js"
import {
  decodeImportRecord,
  encodeImportRecord,
  type ImportedLine,
  splitImportedLines,
} from "../../../shared/protocol/import-record.js"
import { LIMITS } from "../../../shared/protocol/limits.js"

const MINUTE_MS = 60_000
const REAL = "test/data/zoom-meeting"

const read = async (name: string): Promise<Uint8Array> => await readFile(join(REAL, name))
const files = (...paths: readonly string[]): readonly FoundFile[] =>
  paths.map((path) => ({ path, sizeBytes: 1, mtimeMs: 0 }))
const unread = ({ lines }: ReturnType<typeof parseZoomChat>): number => countLines(lines).unread
const shown = (text: string): readonly unknown[] =>
  parseZoomChat(text).lines.map(({ type, clockMs, author, to, about, text: said }) => [
    type,
    clockMs === null ? null : clockMs / 1_000,
    author,
    to,
    about,
    said,
  ])

describe("importing: what a Zoom chat says", () => {
  it("the real one, with tabs", async () => {
    const parsed = parseZoomChat(decodeSourceText(await read("meeting001_chat.txt")).text)
    expect([unread(parsed), parsed.hasTabs]).to.deep.equal([0, true])
    expect(parsed.lines).to.have.length(10)
    expect(parsed.lines[5]).to.deep.equal({
      type: "message",
      clockMs: (30 * 60 + 51) * 1_000,
      author: "Andrew Knight",
      to: null,
      about: null,
      text: "And Turbo Pascal…programming language!",
    })
    expect([parsed.lines[0]?.clockMs, parsed.lines.at(-1)?.clockMs]).to.deep.equal([1_274_000, 2_209_000])
  })

  it("From A to Everyone, with text in the same line or below, private ones, and names that hold a to or nothing", () => {
    expect(
      shown(
        [
          "14:03:22 From Ann Lee to Everyone: hello: all",
          "14:03:25\t From  Bob  to  Ann Lee(Direct Message) : psst",
          "14:03:26 From Bob to Ann (privately): again",
          "14:04:00 From Way to Go to Everyone:",
          "\tfirst line",
          "\t\tindented",
          "",
          "\tlast line",
          "",
          "14:05:00 From Solo : alone",
          "2024-05-01 14:06:00 From Ann Lee to Hosts and panelists:",
          "\tnew form",
        ].join("\n"),
      ),
    ).to.deep.equal([
      ["message", 50_602, "Ann Lee", null, null, "hello: all"],
      ["message", 50_605, "Bob", "Ann Lee", null, "psst"],
      ["message", 50_606, "Bob", "Ann", null, "again"],
      ["message", 50_640, "Way to Go", null, null, "first line\n\tindented\n\nlast line"],
      ["message", 50_700, "Solo", null, null, "alone"],
      ["message", 50_760, "Ann Lee", "Hosts and panelists", null, "new form"],
    ])
  })

  it("names that hold a colon, a to or a tab: marks, spaces and other lines tell who wrote to whom, and what nothing tells is not read", () => {
    const said = (source: string, people: readonly string[] = []): readonly unknown[] =>
      parseZoomChat(
        source,
        people.map((name) => ({ name })),
      ).lines.map(({ type, author, to, text }) => (type === "unread" ? ["unread", text] : [author, to, text]))
    for (const [source, expected, people] of [
      ["10:11:13 From Bob: PhD to Alice (Direct Message):\n\tmy secret", ["Bob: PhD", "Alice", "my secret"]],
      ["10:11:13 From Bob: PhD to Alice (Direct Message): my secret", ["Bob: PhD", "Alice", "my secret"]],
      ["10:11:13 From Alice to Dr: Bob (Direct Message):\n\tsecret", ["Alice", "Dr: Bob", "secret"]],
      ["10:11:13\t From Bob (he:him) to Alice(Direct Message) : secret", ["Bob (he:him)", "Alice", "secret"]],
      ["10:11:13\t From  A : B  to  Alice(Privately) : secret", ["A : B", "Alice", "secret"]],
      ["10:11:13 From Alice to Bob (Direct Message): pw:\thunter2", ["Alice", "Bob", "pw:\thunter2"]],
      ["10:11:13 From  Alice  to  Way to Go(Direct Message):\n\thi", ["Alice", "Way to Go", "hi"]],
      ["10:11:13 From Alice to Way to Go (Direct Message):\n\thi", ["Alice", "Way to Go", "hi"], ["Alice"]],
      ["10:11:13 From Alice to Way to Go (Direct Message):\n\thi", ["Alice", "Way to Go", "hi"], ["Way to Go (Anna)"]],
      ["10:11:13\t From Alice : the list:\tapples", ["Alice", null, "the list:\tapples"]],
      ["10:11:13\t From Bob: PhD : hello", ["Bob: PhD", null, "hello"]],
      ["10:11:13 From Bob: PhD to Everyone: a: b", ["Bob: PhD", null, "a: b"]],
      ["10:11:13 From Ann  Lee to Everyone: hi", ["Ann  Lee", null, "hi"]],
      ["10:11:13 From A to Everyone: he (Direct Message): x", ["A", null, "he (Direct Message): x"]],
      ["10:11:13\t From  Ready to Go : hello all", ["Ready to Go", null, "hello all"]],
      ["10:11:13\t From Ready to Go : hello all", ["Ready to Go", null, "hello all"], ["Ready to Go"]],
      ["10:11:13 From Ann to Bob: hello", ["Ann", "Bob", "hello"], ["Ann"]],
      ["10:11:13\tFrom Space:\thi", ["From Space", null, "hi"]],
      ["10:11:13\tAlice:\tsee this:\tx", ["Alice", null, "see this:\tx"]],
    ] as const)
      expect(said(source, people), source).to.deep.equal([expected])
    for (const source of [
      "10:11:13\t From Ready to Go : hello all",
      "10:11:13 From Alice to Way to Go (Direct Message):\n\thi",
      "10:11:13 From Bob: PhD to Alice: secret",
      "10:11:13 From Alice (Direct Message): secret",
      "10:11:13\tAlice to Bob (Direct Message):\tsecret",
      "10:11:13\tFrom Alice to Bob:\tsecret",
    ])
      expect(said(source), source).to.deep.equal([["unread", source]])
    expect(said("10:11:13\t From Ready to Go : hi", ["Ready", "Ready to Go"])[0]).to.contain("unread")
    const learnt = "10:00:00 From Way to Go to Everyone: hi\n10:00:01 From Al to Way to Go (Direct Message): psst"
    expect(said(learnt)).to.deep.equal([
      ["Way to Go", null, "hi"],
      ["Al", "Way to Go", "psst"],
    ])
  })

  it("times of twelve hours", () => {
    const times = (text: string): readonly unknown[] => parseZoomChat(text).lines.map(({ clockMs }) => clockMs)
    const line = (time: string): string => `${time} From A to Everyone: x`
    const clocks = ["11:12:13 AM", "12:00:01 PM", "01:00:00 pm", "11:59:59 PM", "12:00:01 AM"]
    expect(times(clocks.map(line).join("\n"))).to.deep.equal(
      [40_333, 43_201, 46_800, 86_399, 86_401].map((seconds) => seconds * 1_000),
    )
  })

  it("lines that can't be read are counted one way, as their file has them, before and after they are stored", () => {
    const text = `garbage\n\n  more\n${"x".repeat(LIMITS.importTextBytes - 20)}\n${"last\n".repeat(20)}`
    const source = `${text}10:00:00 Von A an Alle:\n10:00:01 Von B an Alle:\n10:00:02 From A to Everyone: yes\n`
    const { lines } = parseZoomChat(source)
    expect(countLines(lines)).to.deep.equal({ lines: 26, unread: 25 })
    expect(importedOf([record(lines)], new Uint8Array(32))?.unreadCount).to.equal(25)
    expect(lines.map((line) => line.text).join("")).to.equal(`${source.split("10:00:02")[0]?.trimEnd()}yes`)
  })

  it("reactions, reactions taken back, and replies", () => {
    expect(
      shown(
        [
          '10:00:00 From Ann to Everyone:\n\tReacted to "so good" with 👍',
          '10:00:01 From Ann to Everyone:\n\tRemoved a 👍 reaction from "so good"',
          '10:00:02 From Bob to Everyone:\n\tReplying to "so "very" good"\n\t\n\tI agree',
          '10:00:03 From Bob to Everyone: Replying to "nothing"',
        ].join("\n"),
      ),
    ).to.deep.equal([
      ["reaction", 36_000, "Ann", null, "so good", "👍"],
      ["reaction-removed", 36_001, "Ann", null, "so good", "👍"],
      ["reply", 36_002, "Bob", null, 'so "very" good', "I agree"],
      ["message", 36_003, "Bob", null, null, 'Replying to "nothing"'],
    ])
  })

  it("goes on over midnight, by the clock and by dates", () => {
    expect(
      shown("23:59:59 From A to Everyone: old\n00:00:01 From A to Everyone: new").map((line) => (line as unknown[])[1]),
    ).to.deep.equal([86_399, 86_401])
    const dated = "2024-02-28 23:00:00 From A to Everyone: a\n2024-03-01 01:00:00 From A to Everyone: b"
    expect(shown(dated).map((line) => (line as unknown[])[1])).to.deep.equal([82_800, 2 * 86_400 + 3_600])
  })

  it("what can't be read is kept as it was, and counted (IM4)", () => {
    const parsed = parseZoomChat(
      `-- saved chat --\n  two\n10:00:00 nobody says\n10:00:01 From A to Everyone: yes\n10:00:02\t${"x".repeat(513)}:\tno`,
    )
    expect(unread(parsed)).to.equal(4)
    expect(parsed.lines.map(({ type, text }) => [type, text.slice(0, 30)])).to.deep.equal([
      ["unread", "-- saved chat --\n  two\n10:00:0"],
      ["message", "yes"],
      ["unread", `10:00:02\t${"x".repeat(21)}`],
    ])
  })

  it("whatever stands in a chat file stands in what is made of it (IM4)", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "10:00:00 From A to Everyone: ",
        "10:00:00\tA:\t",
        "\t",
        "From",
        'Reacted to "',
        '" with 👍',
        "99:99:99 ",
        " to ",
      ),
      fc.string({ unit: "grapheme", maxLength: 12 }),
    )
    fc.assert(
      fc.property(fc.array(fc.array(piece, { maxLength: 4 }), { maxLength: 12 }), (source) => {
        const text = decodeSourceText(new TextEncoder().encode(source.map((line) => line.join("")).join("\n"))).text
        const { lines } = parseZoomChat(text)
        const kept = lines.flatMap((line) => [line.author, line.to, line.about, line.text]).join("\n")
        for (const word of text.match(/[\p{L}\p{N}]{2,}/gu) ?? [])
          if (!/^\d\d$|^(?:From|to|with|Reacted|Everyone)$/i.test(word)) expect(kept).to.include(word)
        for (const line of lines) expect(() => decodeImportRecord(record([line]))).not.to.throw()
      }),
    )
  })

  it("long texts, long lines and millions of them take no longer than they are", () => {
    const started = performance.now()
    const spaces = " ".repeat(1_100)
    expect(unread(parseZoomChat(`10:00:00 From${spaces}a\n`.repeat(2_000)))).to.equal(2_000)
    expect(unread(parseZoomChat("a\n".repeat(500_000)))).to.equal(500_000)
    for (const piece of ["a: ", "a to ", "(privately) ", "to  ", "\t:"])
      expect(parseZoomChat(`10:00:00 From ${piece.repeat(400)}\n`.repeat(1_000)).lines).not.to.deep.equal([])
    const long = parseZoomChat(`10:00:00 From A to Everyone: ${"é".repeat(70_000)}`)
    expect(long.lines.map(({ text }) => text.length)).to.deep.equal([32_768, 32_768, 4_464])
    expect(performance.now() - started).to.be.lessThan(10_000)
  })
})

describe("importing: text of any encoding", () => {
  const text = "00:00:01\tZoë 王:\tHé\n"
  const utf16 = (bigEndian: boolean, mark: boolean): Uint8Array => {
    const bytes = Buffer.from(`${mark ? "\u{feff}" : ""}${text}`, "utf16le")
    return new Uint8Array(bigEndian ? bytes.swap16() : bytes)
  }

  it("UTF-8 with and without a mark, UTF-16 in both orders with and without one, and an older program's", () => {
    for (const [raw, encoding] of [
      [Buffer.from(text), "utf-8"],
      [Buffer.from(`\u{feff}${text}`), "utf-8"],
      [utf16(false, true), "utf-16le"],
      [utf16(true, true), "utf-16be"],
    ] as const)
      expect(decodeSourceText(raw)).to.deep.equal({ text, encoding, isDamaged: false })
    const plain = Buffer.from("00:00:01\tBob:\thello there", "utf16le")
    expect(decodeSourceText(plain).encoding).to.equal("utf-16le")
    expect(decodeSourceText(Buffer.from(plain).swap16()).encoding).to.equal("utf-16be")
    for (const said of [
      "00:00:01\tAnn:\t第一次\n",
      "00:00:01\t王开:\t最开始的时候我们一起讨论一下这个问题，然后开会\n".repeat(40),
    ]) {
      const chinese = Buffer.from(said, "utf16le")
      expect(decodeSourceText(chinese)).to.deep.equal({ text: said, encoding: "utf-16le", isDamaged: false })
      const swapped = decodeSourceText(Buffer.from(chinese).swap16())
      expect(swapped).to.deep.equal({ text: said, encoding: "utf-16be", isDamaged: false })
    }
    const zeros = Buffer.alloc(4_096)
    expect(decodeSourceText(zeros).encoding).to.equal("utf-8")
    expect(decodeSourceText(Buffer.from("caf\xe9 cr\xe8me", "latin1"))).to.deep.equal({
      text: "café crème",
      encoding: "windows-1252",
      isDamaged: false,
    })
  })

  it("says where bytes are no text, and reads the rest", () => {
    const raw = Buffer.concat([Buffer.from("žluťoučký "), Buffer.of(0xff), Buffer.from(" kůň\r\n\r")])
    expect(decodeSourceText(raw)).to.deep.equal({
      text: "žluťoučký \u{fffd} kůň\n\n",
      encoding: "utf-8",
      isDamaged: true,
    })
    expect(decodeSourceText(new Uint8Array(0))).to.deep.equal({ text: "", encoding: "utf-8", isDamaged: false })
  })
})

describe("importing: participants", () => {
  it("the real list, behind its byte order mark", async () => {
    const parsed = parseZoomPeople(decodeSourceText(await read("meeting001_participants.csv")).text)
    expect(parsed).to.deep.include({ topic: "Meeting about Reunion", leftOut: 0 })
    expect(new Date(parsed.startedLocalMs ?? 0).toISOString()).to.equal("2020-09-24T11:35:16.000Z")
    expect(parsed.people).to.have.length(10)
    expect(parsed.people[1]).to.deep.equal({
      name: "George Harrison",
      address: "george.harrison@gmail.com",
      minutes: 72,
    })
    expect(parsed.people[9]).to.deep.equal({ name: "Eric's iPad (Clapton)", address: null, minutes: 57 })
  })

  it("a list without its meeting, with quotes, formulas and line breaks in names, and rows of unknown form", () => {
    const parsed = parseZoomPeople('Name (Original Name),Guest\n"=HYPERLINK(""x"")","Yes"\n"a\nb",No\n')
    expect(parsed.people.map(({ name }) => name)).to.deep.equal(['=HYPERLINK("x")', "a\nb"])
    expect(parseZoomPeople("王,3\nwer,4").people.map(({ name }) => name)).to.deep.equal(["王, 3", "wer, 4"])
    expect(parseZoomPeople("").people).to.deep.equal([])
    expect(parseZoomPeople(`Name\n${"x".repeat(600)}\nBob`)).to.deep.include({ leftOut: 1 })
  })
})

describe("importing: the chat's clock (IM5)", () => {
  const at = (...times: readonly number[]): readonly ImportedLine[] =>
    times.map((clockMs) => ({ type: "message", clockMs, author: "A", to: null, about: null, text: "x" }))
  const hints = { givenOffsetMs: null, lengthMs: 0, wallStartMs: null, hasTabs: false }
  const noon = 12 * 60 * MINUTE_MS

  it("counts from the recording's start where its times fit its length", () => {
    expect(
      workOutClock(at(1_000, 59 * MINUTE_MS), { ...hints, lengthMs: 60 * MINUTE_MS, wallStartMs: noon }),
    ).to.deep.equal({ basis: "recording", startMs: 0 })
  })
  it("is a clock on the wall where they fit the hours behind its start, over midnight too", () => {
    expect(workOutClock(at(noon + 5_000), { ...hints, wallStartMs: noon })).to.deep.equal({
      basis: "wall",
      startMs: noon,
    })
    const lateMs = 23 * 60 * MINUTE_MS + 50 * MINUTE_MS
    expect(workOutClock(at(40 * MINUTE_MS), { ...hints, lengthMs: MINUTE_MS, wallStartMs: lateMs })).to.deep.equal({
      basis: "wall",
      startMs: lateMs - 24 * 60 * MINUTE_MS,
    })
  })
  it("is what a person says, before all else", () => {
    expect(workOutClock(at(1_000), { ...hints, lengthMs: 9_000, givenOffsetMs: -500 })).to.deep.equal({
      basis: "given",
      startMs: 500,
    })
  })
  it("is not guessed where nothing fits, and a line without one has no place", () => {
    expect(workOutClock(at(noon), { ...hints, lengthMs: MINUTE_MS })).to.equal(null)
    expect(workOutClock([], hints)).to.equal(null)
    const [line] = at(noon)
    expect(placeLine(line!, null).placeMs).to.equal(null)
    expect(placeLine({ ...line!, clockMs: null }, { basis: "recording", startMs: 0 }).placeMs).to.equal(null)
    expect(placeLine(line!, { basis: "wall", startMs: noon + 1 }).placeMs).to.equal(-1)
  })
  it("offsets are read and shown alike", () => {
    for (const [text, ms] of [
      ["-1:02:03", -3_723_000],
      ["+90", 90_000],
      ["12.5", 12_500],
      ["0", 0],
      ["-2:00", -120_000],
    ] as const) {
      expect(parseOffset(text), text).to.equal(ms)
      expect(parseOffset(formatOffset(ms)), text).to.equal(ms)
    }
    for (const text of ["", "x", "1:2:3:4", "--1", "1e3", "1:-2", "-", ":"])
      expect(parseOffset(text), text).to.equal(null)
  })
})

describe("importing: BigBlueButton", () => {
  it("the chat in its slides, in seconds, its markup as text", () => {
    const chat = parseBbbChat(
      '<?xml version="1.0"?><popcorn>\n<chattimeline in="12.5" direction="down" name="Ann &amp; Co" message="a &lt;b&gt;bold&lt;/b&gt;&lt;br/&gt;x &amp;lt; 3 &lt; 4" target="chat"/>\n<chattimeline in="soon" name="Bob" message="?"/><other/></popcorn>',
    )
    expect(chat.lines.map(({ clockMs, author, text }) => [clockMs, author, text])).to.deep.equal([
      [12_500, "Ann & Co", "a bold\nx < 3 < 4"],
      [null, null, '{"in":"soon","name":"Bob","message":"?"}'],
    ])
    expect(unread(chat)).to.equal(1)
  })

  it("what is broken from some place on is kept from there on, and an entity bomb is no more than text (IM4)", () => {
    const broken = parseBbbChat(
      '<popcorn><chattimeline in="1" name="A" message="m"/>\n<chattimeline in="2" name="B\nmore',
    )
    expect(broken.lines.map(({ type }) => type)).to.deep.equal(["message", "unread"])
    expect(broken.lines[1]?.text).to.contain('<chattimeline in="2" name="B\nmore')
    const bomb = parseBbbChat(
      '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><popcorn><chattimeline in="1" name="&b;" message="m"/></popcorn>',
    )
    expect(bomb.lines.map(({ type }) => type)).to.deep.equal(["unread"])
  })

  it("its metadata", () => {
    const text =
      "<recording><id>x</id><start_time>1600947316000</start_time><meta><meetingName>Weekly &amp; more</meetingName></meta></recording>"
    expect(parseBbbMetadata(text)).to.deep.equal({ title: "Weekly & more", startedMs: 1_600_947_316_000 })
    expect(parseBbbMetadata("<no")).to.deep.equal({ title: null, startedMs: null })
  })
})

describe("importing: which file goes with which", () => {
  const planned = (...call: Parameters<typeof planImport>) => {
    const { recordings, leftOut } = planImport(...call)
    return {
      recordings: recordings.map(({ title, media, captions, chats, participants }) => [
        title,
        media?.path ?? null,
        [...captions, ...chats, ...participants].map(({ path }) => path),
      ]),
      leftOut: leftOut.map(({ path }) => path),
    }
  }

  it("a Zoom folder of several clips: what lies beside goes with the first, sound that the video has stays", () => {
    const name = "2020-09-24 11.35.16 Reunion planning 12345678901"
    const found = files(
      "zoom_10.mp4",
      "zoom_2.mp4",
      "audio_only.m4a",
      "chat.txt",
      "recording.conf",
      "closed_caption.txt",
      "notes.docx",
    )
    const plan = planned("zoom", name, found)
    expect(plan).to.deep.equal({
      recordings: [
        ["Reunion planning (1)", "zoom_2.mp4", ["closed_caption.txt", "chat.txt"]],
        ["Reunion planning (2)", "zoom_10.mp4", []],
      ],
      leftOut: ["notes.docx", "recording.conf", "audio_only.m4a"],
    })
    expect(planImport("zoom", name, found).recordings[0]?.started).to.deep.equal({
      ms: Date.UTC(2020, 8, 24, 11, 35, 16),
      isUtc: false,
    })
    expect(planned("zoom", name, found, { withAudio: true }).recordings).to.have.length(3)
  })

  it("sound alone, a chat alone, folders in a folder, and names that belong together", () => {
    expect(planned("zoom", "x", files("audio_only.m4a")).recordings).to.deep.equal([["x", "audio_only.m4a", []]])
    expect(planned("zoom", "x", files("chat.txt")).recordings).to.deep.equal([["x", null, ["chat.txt"]]])
    const two = files(
      "a1_video.mp4",
      "a1_chat.txt",
      "a2_video.mp4",
      "a2_chat.txt",
      "a2_transcript.vtt",
      "a1_participants.csv",
    )
    expect(planned("zoom", "x", two).recordings.map(([, ...rest]) => rest)).to.deep.equal([
      ["a1_video.mp4", ["a1_chat.txt", "a1_participants.csv"]],
      ["a2_video.mp4", ["a2_transcript.vtt", "a2_chat.txt"]],
    ])
    const nested = planned("zoom", "Zoom", files("Monday/zoom_0.mp4", "Monday/chat.txt", "Tuesday/zoom_0.mp4"))
    expect(nested.recordings).to.deep.equal([
      ["Monday", "Monday/zoom_0.mp4", ["Monday/chat.txt"]],
      ["Tuesday", "Tuesday/zoom_0.mp4", []],
    ])
  })

  it("a BigBlueButton folder, and any media with what has its name", () => {
    const bbb = files(
      "metadata.xml",
      "video/webcams.webm",
      "video/webcams.mp4",
      "deskshare/deskshare.webm",
      "slides_new.xml",
      "caption_en.vtt",
      "presentation/a/slide-1.png",
      "shapes.svg",
    )
    expect(planned("bbb", "Weekly", bbb)).to.deep.equal({
      recordings: [
        ["Weekly", "video/webcams.mp4", ["caption_en.vtt", "slides_new.xml"]],
        ["Weekly (shared screen)", "deskshare/deskshare.webm", []],
      ],
      leftOut: ["presentation/a/slide-1.png", "shapes.svg", "video/webcams.webm"],
    })
    expect(planned("folder", "x", files("a.mkv", "a.srt", "a.txt", "b.txt", "sub/a.mp3"))).to.deep.equal({
      recordings: [
        ["a", "a.mkv", ["a.srt", "a.txt"]],
        ["a", "sub/a.mp3", []],
      ],
      leftOut: ["b.txt"],
    })
  })

  it("captions and people without a video, or beside an empty one, are kept all the same", () => {
    const beside = files("audio_transcript.vtt", "participants_1.csv")
    expect(planned("zoom", "x", beside)).to.deep.equal({
      recordings: [["x", null, ["audio_transcript.vtt", "participants_1.csv"]]],
      leftOut: [],
    })
    expect(planned("zoom", "x", [{ path: "zoom_0.mp4", sizeBytes: 0, mtimeMs: 0 }, ...beside.slice(1)])).to.deep.equal({
      recordings: [["x", null, ["participants_1.csv"]]],
      leftOut: ["zoom_0.mp4"],
    })
    const bbb = files("metadata.xml", "caption_en.vtt")
    expect(planned("bbb", "Weekly", bbb).recordings).to.deep.equal([["Weekly", null, ["caption_en.vtt"]]])
  })

  it("several meetings of the cloud's in one folder are told apart by their stamps", () => {
    const [first, second] = ["GMT20240501-140000_Recording", "GMT20240508-140000_Recording"]
    const chat = [`${second}newChat.txt`, `${second}.transcript.vtt`]
    expect(planned("zoom", "Zoom", files(`${first}_1920x1080.mp4`, ...chat, "participants_1.csv"))).to.deep.equal({
      recordings: [
        ["Zoom (1)", `${first}_1920x1080.mp4`, []],
        ["Zoom (2)", null, [chat[1], chat[0]]],
      ],
      leftOut: ["participants_1.csv"],
    })
    const plan = planImport("zoom", "Zoom", files(`${first}.mp4`, `${first}.m4a`, `${second}.m4a`, ...chat))
    expect(plan.recordings.map(({ media, chats, started }) => [media?.path, chats.length, started?.ms])).to.deep.equal([
      [`${first}.mp4`, 0, Date.UTC(2024, 4, 1, 14)],
      [`${second}.m4a`, 1, Date.UTC(2024, 4, 8, 14)],
    ])
    expect(plan.leftOut).to.deep.equal([{ path: `${first}.m4a`, reason: "spare-sound" }])
    const one = files(`${first}.mp4`, `${first}newChat.txt`, "participants_1.csv")
    expect(planned("zoom", "Zoom", one).recordings).to.deep.equal([
      ["Zoom", `${first}.mp4`, [`${first}newChat.txt`, "participants_1.csv"]],
    ])
  })

  it("folders of thousands of files take no longer than they are", function () {
    this.timeout(20_000)
    const stems = Array.from({ length: 3_000 }, (_, index) => `GMT20240501-${100_000 + index}_Recording`)
    for (const of of [stems, stems.map((stem) => stem.slice(1))]) {
      const found = files(...of.flatMap((stem) => [`${stem}.mp4`, `${stem}newChat.txt`, `${stem}.transcript.vtt`]))
      const { recordings } = planImport("zoom", "Zoom", found)
      expect(recordings).to.have.length(of.length)
      for (const { media, chats, captions } of recordings)
        expect([chats.length, captions.length], media?.path).to.deep.equal([1, 1])
    }
    const streams = files(...stems.flatMap((stem) => [`video/${stem}.mp4`, `video/${stem}.webm`]))
    expect(planImport("bbb", "x", streams).leftOut).to.have.length(stems.length)
  })

  it("an empty file is left out, and said", () => {
    expect(planImport("zoom", "x", [{ path: "zoom_0.mp4", sizeBytes: 0, mtimeMs: 0 }])).to.deep.equal({
      recordings: [],
      leftOut: [{ path: "zoom_0.mp4", reason: "empty" }],
    })
  })
})

describe("importing: the record", () => {
  const prepare = async (texts: Readonly<Record<string, string>>) => {
    const found = Object.entries(texts).map(([path, { length }]) => ({ path, sizeBytes: length, mtimeMs: 0 }))
    const [planned] = planImport("zoom", "x", found).recordings
    const readSmall = async ({ path }: FoundFile) => await Promise.resolve(new TextEncoder().encode(texts[path]))
    const beside = await readBeside(readSmall, "zoom", planned!, null, null)
    return { beside, ready: readyImport(planned!, beside) }
  }
  const made = { sha256: new Uint8Array(32), importedAtMs: 1 }

  it("is read by whoever it is made for, however many people and how long names its lists have", async () => {
    const list = (letter: string, count: number): string =>
      `Name\n${Array.from({ length: count }, (_, index) => `${letter}${index}`).join("\n")}`
    const long = "é".repeat(200)
    for (const [texts, count, rows] of [
      [{ "participants_1.csv": list("a", 3_000), "participants_2.csv": list("b", 3_000) }, 5_000, "1000 rows"],
      [{ "participants_1.csv": list(long, 4_000) }, 2_560, "1440 rows"],
    ] as const) {
      const { beside, ready } = await prepare({ ...texts, "chat.txt": "00:00:01\tA:\thi" })
      const [raw] = importRecords("zoom", ready!, made)
      expect(decodeImportRecord(raw!).people).to.deep.equal(beside.people).and.to.have.length(count)
      expect(beside.notes.join()).to.contain(rows)
    }
  })

  it("files whose names are longer than it holds are named by their ends", async () => {
    const name = `${"deep/".repeat(200)}chat.txt`
    const { ready } = await prepare({ [name]: "00:00:01\tA:\thi" })
    const [raw] = importRecords("zoom", ready!, made)
    expect(decodeImportRecord(raw!).files.map((file) => name.endsWith(file.name))).to.deep.equal([true, true])
  })

  it("one that nobody could read is refused before it is sealed", async () => {
    const { ready } = await prepare({ "chat.txt": "00:00:01\tA:\thi" })
    const people = Array.from({ length: 5_001 }, () => ({ name: "A", address: null, minutes: null }))
    expect(() => importRecords("zoom", { ...ready!, beside: { ...ready!.beside, people } }, made)).to.throw(
      "5001 people",
    )
  })

  it("captions or people alone are what is stored where there is nothing else", async () => {
    const vtt = "WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n"
    const { ready } = await prepare({ "transcript.vtt": vtt, "participants.csv": "Name\nAnn" })
    expect([ready?.main.path, ready?.beside.captions.length, ready?.isMedia]).to.deep.equal([
      "transcript.vtt",
      1,
      false,
    ])
    const none = await prepare({ "transcript.vtt": "WEBVTT", "participants.csv": "Name\nAnn" })
    expect(none.ready?.main.path).to.equal("participants.csv")
    expect(none.beside.leftOut).to.deep.equal([{ path: "transcript.vtt", reason: "no-captions" }])
  })

  it("a chat that is longer than one holds goes into several, none of it lost", () => {
    const lines = Array.from({ length: 70_000 }, (_, index) => ({ ...LINE, text: `line ${index}` }))
    const parts = splitImportedLines(lines)
    expect(parts.map(({ length }) => length)).to.deep.equal([30_000, 30_000, 10_000])
    expect(parts.flatMap((part) => decodeImportRecord(record(part)).lines)).to.deep.equal(lines)
    const heavy = Array.from({ length: 100 }, () => ({ ...LINE, text: "é".repeat(LIMITS.importTextBytes / 2) }))
    for (const part of splitImportedLines(heavy)) expect(decodeImportRecord(record(part)).lines).to.deep.equal(part)
    expect(splitImportedLines([])).to.deep.equal([[]])
  })

  it("the real transcript's captions are all read", async () => {
    const { cues } = parseCaptions(await read("meeting001_transcript.vtt"))
    expect(cues).to.have.length(300)
    expect(cues.at(-1)?.endS).to.equal(3_341.97)
  })
})

const LINE: ImportedLine = { type: "message", clockMs: 1, author: "A", to: null, about: null, text: "" }

function record(lines: readonly ImportedLine[]): Uint8Array {
  return encodeImportRecord({ source: "zoom", importedAtMs: 1, files: [], people: [], clock: null, lines })
}

describe("importing: names as they can be shown", () => {
  it("what turns round, breaks or hides what stands beside a name is a sign; letters of every script stay, with what joins them", () => {
    expect(shownName("Zoë \u{202e}Ann\u{2066}\n.exe")).to.equal("Zoë \u{fffd}Ann\u{fffd}\u{fffd}.exe")
    for (const name of ["王さん", "שרה", "می\u{200c}خواهم", "👩\u{200d}👧", "O'Neill/Sons"])
      expect(shownName(name)).to.equal(name)
  })
})
