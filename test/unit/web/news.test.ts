import { expect } from "chai"
import { newsView, type ToldNews, tellNews, updateNews } from "../../../client/web/news/news-store.js"
import { asId } from "../../../shared/protocol/ids.js"

describe("news in the web app", () => {
  const [alice, bob] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const log = { meetingId: asId("meeting", new Uint8Array(16)), recordings: [], current: { title: "Weekly" } }
  const removal = (about: Uint8Array, seq = 3): ToldNews => ({
    of: "meeting",
    log,
    change: { kind: "removed", seq, timeMs: 0, by: alice, about },
  })
  const device = (seq: number): ToldNews => ({
    of: "account",
    change: { kind: "device-added", about: alice, seq, day: 0 },
  })

  it("what the page and a worker both read is told once, also after it was put aside", () => {
    for (const news of [removal(bob), removal(bob), removal(alice), device(3), device(3), removal(bob, 5)])
      tellNews(news)
    expect(newsView().told).to.deep.equal([removal(bob), removal(alice), device(3), removal(bob, 5)])
    updateNews({ told: [] })
    for (const news of [removal(bob), device(4)]) tellNews(news)
    expect(newsView().told).to.deep.equal([device(4)])
  })
})
