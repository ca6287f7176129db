import { expect } from "chai"
import { parseCaptions, plainText } from "../../../client/sdk/captions.js"

describe("SDK: what captions say", () => {
  const said = (text: string): string => plainText({ text })

  it("names who speaks, without what marks it up", () => {
    expect(said("<v Alice>Welcome to <i>the</i> call.")).to.equal("Alice: Welcome to the call.")
    expect(said("<v.loud Bob Lee>Yes.</v>\n<v Alice>No.")).to.equal("Bob Lee: Yes.\nAlice: No.")
    expect(said("Carol: <c.yellow>plain</c> <00:01:02.000>words")).to.equal("Carol: plain words")
    expect(said("{\\an8}<b>Above</b>")).to.equal("Above")
  })

  it("says characters as they are meant, and leaves what it doesn't know", () => {
    expect(said("A &amp; B &lt;b&gt; &amp;lt; &copy; &")).to.equal("A & B <b> &lt; &copy; &")
    expect(said("2 < 3 {braces}")).to.equal("2 < 3 {braces}")
  })

  it("is what is left of a whole file", () => {
    const { cues } = parseCaptions(Buffer.from("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Alice>Hello\n\n"))
    expect(cues.map(plainText)).to.deep.equal(["Alice: Hello"])
  })
})
