import { expect } from "chai"
import fc from "fast-check"
import { folderName, mediaFileName } from "../../../client/cli/export/manifest.js"
import { mediaTypeOfBytes } from "../../../client/cli/file-names.js"
import { mediaTypeOf } from "../../../client/sdk/media-types.js"
import { defaultFileName, sanitiseFileName } from "../../../client/sdk/saved-name.js"

describe("CLI: file names made of titles", () => {
  for (const [title, name] of [
    ["Weekly call", "Weekly call"],
    ["../../etc/passwd", "_.._etc_passwd"],
    ["C:\\Windows\\system32", "C__Windows_system32"],
    [".bashrc", "bashrc"],
    ["...", "recording"],
    ["", "recording"],
    ["  ", "recording"],
    ["con", "_con"],
    ["NUL.mp4", "_NUL.mp4"],
    ["COM1", "_COM1"],
    ["console", "console"],
    ["call\u0000\u001b[2J\n", "call__[2J_"],
    ["invoice\u202egpj.exe", "invoice_gpj.exe"],
    ['what? <b>|*"', "what_ _b____"],
    ["trailing. . ", "trailing"],
    ["Besprechung – größer 会議 🎥", "Besprechung – größer 会議 🎥"],
  ] as const)
    it(`${JSON.stringify(title)} gives ${JSON.stringify(name)}`, () => {
      expect(sanitiseFileName(title)).to.equal(name)
    })

  it("any title gives one plain name that every system takes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (title) => {
        const name = sanitiseFileName(title)
        expect(name).to.not.match(/[/\\<>:"|?*\p{Cc}\p{Cf}]|^[. ]|[. ]$/u)
        expect(name).to.not.equal("")
        expect(Buffer.byteLength(name)).to.be.at.most(181)
      }),
    )
  })

  it("the ending is the media type's, or else the file's own, and never stands twice", () => {
    expect(defaultFileName("Call", "call.mov", "video/mp4")).to.equal("Call.mp4")
    expect(defaultFileName("Call.MP4", "x", "video/mp4")).to.equal("Call.MP4")
    expect(defaultFileName("Notes", "notes.pdf", "application/octet-stream")).to.equal("Notes.pdf")
    expect(defaultFileName("Notes", "a/../x.p/d", "application/octet-stream")).to.equal("Notes")
    expect(defaultFileName("Notes", null, "application/octet-stream")).to.equal("Notes")
  })

  it("in an export two ids that end alike have two folders, and no title takes the place of what lies beside a recording", () => {
    const ids = ["rec_aaaa7k3m9x2q", "rec_bbbb7k3m9x2q"]
    expect(new Set(ids.map((id) => folderName("Same", id))).size).to.equal(2)
    const beside = ["imported.json", "Captions-1.vtt", "poster-12.jpg", "import-0.cbor", "x.opening", "a.mp4.partial"]
    for (const name of beside) expect(mediaFileName(name)).to.equal(`media ${name}`)
    expect(mediaFileName("captions.mp4")).to.equal("captions.mp4")
  })

  it("media types come from a file's ending, or from a stream's first bytes", () => {
    expect(mediaTypeOf("/a/b.MP4")).to.equal("video/mp4")
    expect(mediaTypeOf("/a/b")).to.equal("application/octet-stream")
    for (const [start, type] of [
      ["00000018667479706d703432", "video/mp4"],
      ["1a45dfa39f4286810142f7810142f2810442f381084282847765626d", "video/webm"],
      ["1a45dfa3a34286810142f7810142f2810442f381084282886d6174726f736b61", "video/x-matroska"],
      ["4f676753", "audio/ogg"],
      ["524946462400000057415645", "audio/wav"],
      ["494433", "audio/mpeg"],
      ["25504446", "application/octet-stream"],
      ["", "application/octet-stream"],
    ] as const)
      expect(mediaTypeOfBytes(Buffer.from(start, "hex")), start).to.equal(type)
  })
})
