import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { isSeekable, type ReadRange } from "../../../client/web/prepare/container-layout.js"
import { asChapters } from "../../../client/web/prepare/chapters.js"
import { WINDOW_BYTES, windowed } from "../../../client/web/prepare/windowed.js"
import { parseCaptions } from "../../../client/sdk/captions.js"
import { guessPlatform } from "../../../client/sdk/imports/plan.js"
import { folderOf } from "../../../client/web/imports/given-folder.js"
import { type ImportDraft, isOffset, withClock } from "../../../client/web/imports/import-draft.js"
import { groupFiles } from "../../../client/web/uploads/chosen-files.js"
import type { GivenFile } from "../../../client/web/uploads/dropped-files.js"
import { SpeedMeter } from "../../../client/web/uploads/speed-meter.js"
import { root } from "../../support/programs.js"

function reader(bytes: Uint8Array): ReadRange {
  return (start, end) => Promise.resolve(bytes.subarray(start, end))
}

function box(type: string, ...inner: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(inner)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + content.length)
  head.write(type, 4, "latin1")
  return Buffer.concat([head, content])
}

/** Its size is one byte, or where the content is longer two. */
function element(id: string, content: Uint8Array): Buffer {
  const size = content.length < 127 ? [0x80 | content.length] : [0x40 | (content.length >> 8), content.length & 0xff]
  return Buffer.concat([Buffer.from(id, "hex"), Buffer.from(size), content])
}

function matroska(docType: string, ...inSegment: readonly Uint8Array[]): Buffer {
  const head = element(
    "1a45dfa3",
    Buffer.concat([element("4286", Buffer.of(1)), element("4282", Buffer.from(docType))]),
  )
  return Buffer.concat([head, element("18538067", Buffer.concat(inSegment))])
}

const seekTo = (id: string): Buffer =>
  element(
    "114d9b74",
    element("4dbb", Buffer.concat([element("53ab", Buffer.from(id, "hex")), element("53ac", Buffer.of(9))])),
  )
const cluster = element("1f43b675", Buffer.alloc(200))
/** Its size in eight bytes, as those write it that don't know it before. */
const room = Buffer.concat([Buffer.from("ec0100000000000068", "hex"), Buffer.alloc(0x68)])

describe("web: whether a file is seeked in as it is", () => {
  const ftyp = box("ftyp", Buffer.from("isommp42"))
  const large = Buffer.concat([
    Buffer.from([0, 0, 0, 1]),
    Buffer.from("free"),
    Buffer.from([0, 0, 0, 0, 0, 0, 0, 24]),
    Buffer.alloc(8),
  ])
  for (const [what, bytes, expected] of [
    ["MP4 with its index in front", Buffer.concat([ftyp, box("free"), box("moov", box("mvhd")), box("mdat")]), true],
    ["MP4 with a box of 64-bit size before it", Buffer.concat([ftyp, large, box("moov", box("mvhd"))]), true],
    ["MP4 with its index behind", Buffer.concat([ftyp, box("mdat", Buffer.alloc(99)), box("moov")]), false],
    ["MP4 in fragments", Buffer.concat([ftyp, box("moov", box("mvhd"), box("mvex")), box("moof"), box("mdat")]), false],
    ["MP4 that is cut off", Buffer.concat([ftyp, box("free")]), false],
    ["a box that claims no bytes", Buffer.concat([ftyp, Buffer.from([0, 0, 0, 4]), Buffer.from("moovmoov")]), false],
    ["WebM that names its cues", matroska("webm", seekTo("1c53bb6b"), cluster), true],
    ["WebM with its cues in front", matroska("webm", element("1c53bb6b", Buffer.alloc(9)), cluster), true],
    ["WebM with room before its cues", matroska("webm", room, seekTo("1c53bb6b"), cluster), true],
    ["WebM that names others", matroska("webm", seekTo("1549a966"), cluster), false],
    ["WebM as it is captured", matroska("webm", element("1549a966", Buffer.alloc(9)), cluster), false],
    ["Matroska, which players may not know", matroska("matroska", seekTo("1c53bb6b"), cluster), false],
    ["something else", Buffer.alloc(4_096, 7), false],
    ["nothing", Buffer.alloc(0), false],
  ] as const)
    it(`${what}: ${expected ? "yes" : "no"}`, async () => {
      expect(await isSeekable(reader(bytes))).to.equal(expected)
    })

  it("a real recording with its index behind: no", async () => {
    expect(await isSeekable(reader(await readFile(join(root, "test/data/meeting.mp4"))))).to.equal(false)
  })

  it("ends on any bytes", async () => {
    for (const start of [box("ftyp"), matroska("webm")])
      for (let seed = 0; seed < 200; seed++) {
        const noise = Uint8Array.from(
          { length: 300 },
          (_, index) => (seed * 31 + index * index * 17 + (index % seed || 0)) & 0xff,
        )
        expect(await isSeekable(reader(Buffer.concat([start, noise])))).to.be.a("boolean")
      }
  })
})

describe("web: reading a file in windows", () => {
  const file = new Uint8Array(4 * WINDOW_BYTES - 7).map((_, at) => at % 251)
  const open = (sizeBytes = file.length) => {
    const given: Uint8Array[] = []
    const read = windowed((start, end) => {
      given.push(file.slice(start, end))
      return Promise.resolve(given.at(-1) ?? new Uint8Array(0))
    }, sizeBytes)
    return { given, read }
  }

  it("gives what was asked for, also across borders and at once, and frees all windows but two", async () => {
    const { given, read } = open()
    const places = [0, WINDOW_BYTES - 5, 3 * WINDOW_BYTES, 10, 2 * WINDOW_BYTES - 1, file.length - 9]
    const parts = await Promise.all(places.map(async (at) => await read(at, Math.min(file.length, at + 9))))
    for (const [index, at] of places.entries()) expect(parts[index]).to.deep.equal(file.slice(at, at + 9))
    expect(given.filter(({ length }) => length > 0)).to.have.length(2)
    expect(await read(5, file.length)).to.deep.equal(file.subarray(5))
  })

  it("reads a window once while what is asked for lies in two of them", async () => {
    const { given, read } = open()
    for (let at = 0; at < 900; at += 9) {
      await read(at, at + 9)
      await read(2 * WINDOW_BYTES + at, 2 * WINDOW_BYTES + at + 9)
    }
    expect(given).to.have.length(2)
  })

  it("rejects where the file gives less than its size, and reads on elsewhere", async () => {
    const { read } = open(file.length + 100)
    const cut = await read(file.length - 5, file.length + 5).catch((error: unknown) => error)
    expect(cut).to.include({ code: "changed" })
    expect(await read(3, 9)).to.deep.equal(file.slice(3, 9))
  })
})

describe("web: files that were chosen", () => {
  const file = (path: string, type = ""): File => {
    const made = new File(["x"], path.split("/").at(-1) ?? "", { type, lastModified: 1_700_000_000_000 })
    return Object.defineProperty(made, "webkitRelativePath", { value: path.includes("/") ? path : "" })
  }

  it("captions go with the recording of their name, in their folder, .vtt before .srt", () => {
    const files = ["call.mp4", "call.srt", "call.vtt", "a/talk.webm", "b/talk.vtt", "a/talk.srt", ".DS_Store"].map(
      (path) => file(path),
    )
    const { recordings, strays } = groupFiles(files)
    expect(recordings.map(({ title, captions }) => [title, captions?.name])).to.deep.equal([
      ["call", "call.vtt"],
      ["talk", "talk.srt"],
    ])
    expect(strays).to.deep.equal([files[4]])
  })

  it("chapters go with the recording of their name, beside its captions", () => {
    const files = ["call.mp4", "call.vtt", "call.chapters.vtt", "talk.chapters.vtt", "talk.chapters.srt"].map((path) =>
      file(path),
    )
    const { recordings, strays } = groupFiles(files)
    expect(recordings.map(({ captions, chapters }) => [captions?.name, chapters?.name])).to.deep.equal([
      ["call.vtt", "call.chapters.vtt"],
    ])
    expect(strays).to.deep.equal(files.slice(3))
  })

  it("chapters say that they are, once", () => {
    const read = (text: string): string | null => {
      const made = asChapters(Buffer.from(text))
      return made === null ? null : Buffer.from(made).toString()
    }
    const cues = "\n\n00:00.000 --> 00:10.000\nWelcome\n"
    expect(read(`WEBVTT - chapters${cues}`)).to.equal(`WEBVTT - chapters\nKind: chapters${cues}`)
    expect(read(`\ufeffWEBVTT\r\nLanguage: en${cues}`)).to.equal(`WEBVTT\nKind: chapters\nLanguage: en${cues}`)
    const said = `WEBVTT\nLanguage: en\nkind: Chapters${cues}`
    expect(read(said)).to.equal(said)
    expect(parseCaptions(asChapters(Buffer.from(`WEBVTT${cues}`))!)).to.deep.equal({
      language: null,
      isChapters: true,
      cues: [{ startS: 0, endS: 10, text: "Welcome" }],
    })
    expect(read("1\n00:00,000 --> 00:10,000\nWelcome\n")).to.equal(null)
  })

  it("what is neither sound nor picture is told apart, and the file's own time is taken", () => {
    const { recordings } = groupFiles([
      file("agenda.pdf", "application/pdf"),
      file("Call.MP4"),
      file("memo", "audio/amr"),
    ])
    expect(recordings.map(({ isMedia }) => isMedia)).to.deep.equal([false, true, true])
    expect(recordings[0]?.capturedAtMs).to.equal(1_700_000_000_000)
  })
})

describe("web: the speed of an upload", () => {
  it("is that of the last seconds, and tells what is left", () => {
    const meter = new SpeedMeter()
    expect(meter.add(0, 0, 1_000)).to.equal(null)
    expect(meter.add(1_000, 100, 1_000)).to.deep.equal({ bytesPerSecond: 100, leftMs: 9_000 })
    // It became slower, and what was before is forgotten.
    meter.add(30_000, 110, 1_000)
    meter.add(40_000, 120, 1_000)
    expect(meter.add(50_000, 130, 1_000)).to.deep.equal({ bytesPerSecond: 1, leftMs: 870_000 })
  })

  it("is unknown where nothing went, of an unknown length, and behind a pause", () => {
    const meter = new SpeedMeter()
    meter.add(0, 50, 1_000)
    expect(meter.add(5_000, 50, 1_000)).to.equal(null)
    expect(meter.add(6_000, 60, null)).to.equal(null)
    meter.forget()
    expect(meter.add(7_000, 70, 1_000)).to.equal(null)
  })
})

describe("web: a folder from another platform", () => {
  const given = (path: string, text = "x"): GivenFile => ({
    path,
    file: new File([text], path.split("/").at(-1) ?? ""),
  })

  it("is what lies under its own name; hidden files are left out, and files that came alone are none", () => {
    const folder = folderOf([given("call/a.mp4"), given("call/sub/b.txt"), given("call/.DS_Store")])
    expect([folder?.name, folder?.files.map(({ path }) => path), folder?.hidden.map(({ path }) => path)]).to.deep.equal(
      ["call", ["a.mp4", "sub/b.txt"], [".DS_Store"]],
    )
    expect(folder?.fileAt("sub/b.txt").name).to.equal("b.txt")
    expect(folderOf([given("one/a.mp4"), given("two/b.mp4")])?.files.map(({ path }) => path)).to.deep.equal([
      "one/a.mp4",
      "two/b.mp4",
    ])
    expect(folderOf([given("a.mp4")])).to.equal(null)
  })

  it("is known by the names in it", () => {
    const guess = (name: string, ...paths: readonly string[]) =>
      guessPlatform(
        name,
        paths.map((path) => ({ path })),
      )
    expect(guess("x", "meeting_saved_chat.txt")).to.equal("zoom")
    expect(guess("2020-09-24 11.35.16 Standup", "double_click_to_convert_01.zoom")).to.equal("zoom")
    expect(guess("x", "GMT20200924-153516_Recording.mp4")).to.equal("zoom")
    expect(guess("x", "metadata.xml", "video/webcams.webm")).to.equal("bbb")
    expect(guess("x", "talk.mp4", "talk.txt")).to.equal("folder")
    expect(guess("x", "talk.mp4", "talk.vtt", "readme.txt")).to.equal(null)
  })

  it("a chat's clock is as it was worked out until somebody says otherwise", () => {
    const clock = { basis: "wall", startMs: 3_600_000 } as const
    const beside = { clock } as unknown as ImportDraft["ready"]["beside"]
    const draft = (offset: string): ImportDraft => ({
      ready: { beside } as ImportDraft["ready"],
      isIncluded: true,
      title: " Call ",
      offset,
    })
    expect(withClock(draft("-1:00:00")).beside.clock).to.deep.equal(clock)
    expect(withClock(draft("+90")).beside.clock).to.deep.equal({ basis: "given", startMs: -90_000 })
    expect([withClock(draft("")).beside.clock, withClock(draft("")).title]).to.deep.equal([null, "Call"])
    expect([isOffset(""), isOffset("soon"), isOffset("-1:02:03")]).to.deep.equal([true, false, true])
  })
})
