import { expect } from "chai"
import { parseRange } from "../../../client/sdk/reader/byte-range.js"

describe("SDK: byte ranges", () => {
  for (const [range, start, end] of [
    ["bytes=0-1", 0, 1],
    ["bytes=0-", 0, 99],
    ["bytes=99-", 99, 99],
    ["bytes=10-900", 10, 99],
    ["bytes=-5", 95, 99],
    ["bytes=-900", 0, 99],
  ] as const)
    it(`${range} of 100 bytes are ${start} to ${end}`, () => {
      expect(parseRange(range, 100)).to.deep.equal({ start, end })
    })

  it("what is not there is unsatisfiable", () => {
    for (const range of ["bytes=100-", "bytes=-0", "bytes=900-901"])
      expect(parseRange(range, 100), range).to.equal("unsatisfiable")
  })

  it("what is no single range is none", () => {
    for (const range of [undefined, null, "", "bytes=5-1", "bytes=-", "items=0-1", "bytes=0-1,3-4", "bytes=a-b"])
      expect(parseRange(range, 100), String(range)).to.equal(null)
  })

  it("an empty recording has none", () => {
    expect(parseRange(undefined, 0)).to.equal(null)
    expect(parseRange("bytes=0-", 0)).to.equal("unsatisfiable")
    expect(parseRange("bytes=-1", 0)).to.equal("unsatisfiable")
  })
})
