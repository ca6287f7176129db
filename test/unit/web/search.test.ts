import { expect } from "chai"
import { hrefOf, parseRoute } from "../../../client/web/routes.js"
import { markedParts } from "../../../client/web/search/marked-parts.js"
import { NOTHING_WANTED, queryOf } from "../../../client/web/search/query.js"
import { asId } from "../../../shared/protocol/ids.js"
import { seededBytes } from "../../support/formats/format.js"

describe("search, in the app", () => {
  const shown = (text: string, ...matches: readonly string[]): string =>
    markedParts(text, matches)
      .map((part) => (part.isMatch ? `[${part.text}]` : part.text))
      .join("")

  it("marks every word that was found, as it is written, and nothing within others", () => {
    expect(shown("Zoë's Café, the cafeteria", "cafe")).to.equal("Zoë's [Café], the cafeteria")
    expect(shown("one\n two  ONE", "one", "two")).to.equal("[one] [two] [ONE]")
    expect(shown("明日の会議は東京で開催", "東京")).to.equal("明日の会議は[東京]で開催")
    expect(shown("<b>bold</b>", "bold")).to.equal("<b>[bold]</b>")
    expect(shown("nothing of it")).to.equal("nothing of it")
  })

  it("shows a long text around the first word that was found", () => {
    const long = `${"before ".repeat(60)}needle ${"after ".repeat(60)}`
    const text = shown(long, "needle")
    expect(text).to.match(/^… before .*\[needle\] after .* …$/)
    expect(text.length).to.be.below(260)
    expect(shown("x".repeat(1_000), "needle")).to.equal(`${"x".repeat(240)} …`)
  })

  it("asks nothing where nothing is looked for, and takes days as they are here", () => {
    expect(queryOf(NOTHING_WANTED)).to.equal(null)
    expect(queryOf({ ...NOTHING_WANTED, meeting: "ab", words: " " })).to.equal(null)
    expect(queryOf({ ...NOTHING_WANTED, fromDay: "2024-02-30x" })).to.equal(null)
    expect(queryOf({ ...NOTHING_WANTED, fromDay: "2024-02-29", untilDay: "2024-02-29" })).to.deep.include({
      fromMs: new Date(2024, 1, 29).getTime(),
      untilMs: new Date(2024, 2, 1).getTime(),
    })
    const author = { of: "claimed", name: "Ringo" } as const
    expect(queryOf({ ...NOTHING_WANTED, author })?.author).to.deep.equal({ account: null, name: "Ringo" })
  })

  it("a link to a message names it by its id, and one that is cut off leads nowhere", () => {
    const meetingId = asId("meeting", seededBytes("meeting")(16))
    const messageId = asId("message", seededBytes("message")(16))
    const route = { screen: "meeting", meetingId, tab: "chat", messageId } as const
    expect(parseRoute(hrefOf(route))).to.deep.equal(route)
    expect(parseRoute(hrefOf(route).slice(0, -1))).to.deep.equal({ screen: "not-found" })
    expect(parseRoute("#/search")).to.deep.equal({ screen: "search" })
    expect(parseRoute("#/search/words")).to.deep.equal({ screen: "not-found" })
  })
})
