import { expect } from "chai"
import { readByteRange, readId } from "../../../client/cli/arguments.js"
import { EXIT_CODES } from "../../../client/cli/exit-codes.js"
import { escapeHtml } from "../../../client/cli/html.js"
import { formatDuration, formatSize, printable } from "../../../client/cli/output.js"
import { ERROR_CODES } from "../../../shared/protocol/errors.js"
import { asId, formatId } from "../../../shared/protocol/ids.js"

describe("CLI: what a terminal is given", () => {
  it("another member's title can't move the cursor, hide, or turn a line around", () => {
    for (const evil of ["\u001b[2J", "\r", "\n", "\u0007", "\u009b31m", "\u202e", "\u2066", "\u200b", "\u2028"])
      expect(printable(`a${evil}b`), JSON.stringify(evil)).to.not.match(/[\p{Cc}\p{Cf}\p{Zl}]/u)
    expect(printable("größer 会議")).to.equal("größer 会議")
  })

  it("what people write stays as they wrote it: joined emoji, flags, Persian, tabs, and ends of lines", () => {
    const england = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}"
    for (const text of ["👨‍👩‍👧", "👩‍💻", "❤️", "می\u200cخواهم", "क्‍ष", england, "\u0601١٢", "a\tb"]) {
      expect(printable(text)).to.equal(text)
      expect(escapeHtml(text)).to.equal(text)
    }
    expect(escapeHtml("one\r\ntwo\rthree\nfour")).to.equal("one\ntwo\nthree\nfour")
    expect(printable("one\r\ntwo")).to.equal("one\u{fffd}two")
  })

  it("nor do pages show what turns a line around, or is not seen", () => {
    const unseen = [
      "\u202e",
      "\u2066",
      "\u200f",
      "\u061c",
      "\u200b",
      "\u00ad",
      "\ufeff",
      "\u2060",
      "\u2028",
      "\u0085",
      "\u0000",
    ]
    for (const evil of [...unseen, "\u{e0067}", "\u{e007f}"]) {
      expect(escapeHtml(`a${evil}b`), JSON.stringify(evil)).to.equal("a\u{fffd}b")
      expect(printable(`a${evil}b`), JSON.stringify(evil)).to.equal("a\u{fffd}b")
    }
    // A flag of none, in which words could be hidden.
    const hidden = `\u{1f3f4}${"\u{e0068}".repeat(20)}\u{e007f}`
    expect(escapeHtml(hidden)).to.equal(`\u{1f3f4}${"\u{fffd}".repeat(21)}`)
  })

  it("sizes and lengths are given as people read them", () => {
    expect([0, 1_023, 1_024, 118_663, 2 ** 30].map(formatSize)).to.deep.equal([
      "0 bytes",
      "1023 bytes",
      "1.0 KiB",
      "115.9 KiB",
      "1.0 GiB",
    ])
    expect([null, 0, 61.9, 3_661].map(formatDuration)).to.deep.equal(["—", "0:00", "1:01", "1:01:01"])
  })

  it("every error has one of the exit codes", () => {
    for (const code of ERROR_CODES) expect(EXIT_CODES[code], code).to.be.oneOf([1, 2, 3, 4, 130])
    expect(EXIT_CODES.integrity).to.equal(3)
    expect(EXIT_CODES.unavailable).to.equal(4)
  })
})

describe("CLI: arguments", () => {
  it("an id of one kind is never taken for another", () => {
    const id = asId("meeting", new Uint8Array(16).fill(7))
    const text = formatId("meeting", id)
    expect(readId("meeting", text)).to.deep.equal(id)
    for (const wrong of ["", "x", text.slice(0, -1), `${text}a`, text.replace("mtg_", "rec_")])
      expect(() => readId("meeting", wrong), wrong)
        .to.throw(/is no id of a meeting/)
        .with.property("code", "usage")
  })

  it("a range is START-END, inclusive", () => {
    expect(readByteRange("0-0")).to.deep.equal({ start: 0, end: 0 })
    expect(readByteRange("5-17")).to.deep.equal({ start: 5, end: 17 })
    for (const wrong of ["", "5", "5-", "-5", "5-1", "a-b", "1-2-3", "0x1-2", "1.5-2", " 1-2", "-1--2"])
      expect(() => readByteRange(wrong), wrong)
        .to.throw()
        .with.property("code", "usage")
  })
})
