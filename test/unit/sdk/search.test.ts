import { expect } from "chai"
import * as fc from "fast-check"
import { sodiumReady } from "../../../client/crypto/sodium.js"
import { bestOf, findIn } from "../../../client/sdk/search/find.js"
import { type Findable, readShardHead, SearchShard } from "../../../client/sdk/search/shard.js"
import { SearchVolume } from "../../../client/sdk/search/volume.js"
import { foldWord, wordsOf } from "../../../client/sdk/search/words.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { bytesOf, flip, seededBytes } from "../../support/formats/format.js"

const DAY_MS = 86_400_000

function findable(id: string, text: string, more: Partial<Findable> = {}): Findable {
  return {
    id,
    kind: "message",
    text,
    files: "",
    hasFile: false,
    author: null,
    claimedAuthor: null,
    timeMs: 0,
    recording: null,
    placeMs: null,
    message: null,
    ...more,
  }
}

function shardOf(...findables: readonly Findable[]): SearchShard {
  const shard = SearchShard.empty()
  for (const each of findables) shard.put(each)
  return shard
}

const ids = (shard: SearchShard, ...call: Parameters<SearchShard["search"]>): readonly string[] =>
  shard
    .search(...call)
    .map(({ id }) => id)
    .toSorted()

describe("search on the own device", () => {
  before(() => sodiumReady())

  it("finds words by how they begin, without their accents and case, nearly right, and all of several", () => {
    const shard = shardOf(
      findable("a", "Anywhere but the Fuselage!"),
      findable("b", "Zoë's café is open"),
      findable("c", "fuselage and cockpit", { files: "Quarterly report.pdf" }),
    )
    expect(ids(shard, "fuse")).to.deep.equal(["a", "c"])
    expect(ids(shard, "FUSELAGE cock")).to.deep.equal(["c"])
    expect(ids(shard, "fuselaeg")).to.deep.equal(["a", "c"])
    expect(ids(shard, "zoe cafe")).to.deep.equal(["b"])
    expect(ids(shard, "quarterly")).to.deep.equal(["c"])
    expect(ids(shard, "fuselage zebra")).to.deep.equal([])
    expect(ids(shard, "!!!")).to.deep.equal([])
  })

  it("finds words of languages without spaces, and keeps marks that carry meaning", () => {
    const shard = shardOf(
      findable("ja", "明日の会議は東京で開催されます"),
      findable("zh", "我们讨论了加密聊天的设计"),
      findable("th", "การประชุมวันพรุ่งนี้"),
      findable("hi", "कल बैठक है"),
      findable("he", "הפגישה מחר"),
    )
    expect(ids(shard, "東京")).to.deep.equal(["ja"])
    expect(ids(shard, "会議")).to.deep.equal(["ja"])
    expect(ids(shard, "加密")).to.deep.equal(["zh"])
    expect(ids(shard, "设计")).to.deep.equal(["zh"])
    expect(ids(shard, "ประชุม")).to.deep.equal(["th"])
    expect(ids(shard, "बैठक")).to.deep.equal(["hi"])
    expect(ids(shard, "מחר")).to.deep.equal(["he"])
    expect(foldWord("कि")).not.to.equal(foldWord("क"))
    expect(wordsOf("ＡＢＣ　x_1")).to.deep.equal(["ABC", "x_1"])
  })

  it("filters by author, claimed author, day and file", () => {
    const author = "ab".repeat(32)
    const shard = shardOf(
      findable("own", "plan", { author, timeMs: DAY_MS }),
      findable("said", "plan", { claimedAuthor: "Ringo Starr", timeMs: 2 * DAY_MS - 1 }),
      findable("file", "plan", { hasFile: true, files: "plan.pdf", timeMs: 3 * DAY_MS }),
    )
    expect(ids(shard, "plan", { author: { account: author.slice(0, 32), name: "" } })).to.deep.equal(["own"])
    expect(ids(shard, "plan", { author: { account: null, name: "ringo" } })).to.deep.equal(["said"])
    expect(ids(shard, "plan", { author: { account: null, name: "" } })).to.deep.equal([])
    expect(ids(shard, "plan", { fromMs: DAY_MS, untilMs: 2 * DAY_MS })).to.deep.equal(["own", "said"])
    expect(ids(shard, "", { hasFile: true })).to.deep.equal(["file"])
    expect(shard.search("").map(({ id }) => id)).to.deep.equal(["file", "said", "own"])
  })

  it("what is put again stands once, and what is removed is not found, also where it was kept", () => {
    const shard = shardOf(findable("a", "before"), findable("b", "stays"))
    shard.put(findable("a", "after"))
    shard.remove("b")
    shard.remove("unknown")
    const again = SearchShard.open(
      bytesOf("key"),
      bytesOf("meeting"),
      shard.seal(bytesOf("key"), bytesOf("meeting"), seededBytes("salt")),
    )
    for (const each of [shard, again]) {
      expect([ids(each, "before"), ids(each, "after"), ids(each, "stays"), each.size]).to.deep.equal([[], ["a"], [], 1])
      expect([each.textOf("a"), each.textOf("b")]).to.deep.equal(["after", null])
    }
  })

  it("tells who wrote in it, and gives the best of several meetings first", () => {
    const [one, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    const first = shardOf(findable("meeting", "Board", { kind: "meeting" }), findable("a", "heron", { author: "aa" }))
    expect([...first.authors().accounts]).to.deep.equal(["aa"])
    first.put(findable("b", "a heron, among many other words", { author: "bb", claimedAuthor: "Ringo", timeMs: 5 }))
    expect([...first.authors().accounts, ...first.authors().claimed]).to.deep.equal(["aa", "bb", "Ringo"])
    const second = shardOf(findable("c", "nothing of it"), findable("d", "heron", { timeMs: 9 }))
    const here = [findIn(one, first, "heron", {}, 1), findIn(other, second, "heron", {}, 9)]
    expect(here.map(({ total, first: found }) => [total, found.length])).to.deep.equal([
      [2, 1],
      [1, 1],
    ])
    const best = bestOf(
      here.flatMap(({ first: found }) => found),
      "heron",
      1,
    )
    expect(best.map(({ id, matches }) => [id, matches])).to.deep.equal([["d", ["heron"]]])
    expect(here[0]?.first[0]?.meetingTitle).to.equal("Board")
  })

  it("a recording that goes takes what goes along with it, and no message", () => {
    const recording = "01".repeat(16)
    const shard = shardOf(
      findable("r", "title", { kind: "recording", recording }),
      findable("c", "caption", { kind: "caption", recording }),
      findable("m", "message", { recording }),
      findable("other", "other", { kind: "caption", recording: "02".repeat(16) }),
    )
    shard.removeRecording(recording)
    expect(shard.search("").map(({ id }) => id)).to.have.members(["m", "other"])
  })

  it("finds the same, as well, in what is kept in few bytes as in what still grows", () => {
    const word = fc.constantFrom(..."heron herons egret peacock pea Zoë 東京の会議 plan.pdf".split(" "))
    const text = fc.array(word, { maxLength: 6 }).map((words) => words.join(" "))
    const one = fc.record({
      text,
      files: text,
      claimedAuthor: fc.option(text),
      timeMs: fc.nat(),
      isRemoved: fc.boolean(),
    })
    const query = fc.array(fc.constantFrom("her", "heron", "heorns", "pea", "zoe", "会議", "pdf"), {
      minLength: 1,
      maxLength: 2,
    })
    fc.assert(
      fc.property(fc.array(one, { maxLength: 20 }), query, (all, words) => {
        const grown = SearchVolume.empty()
        for (const [index, each] of all.entries()) grown.add(findable(String(index), each.text, each))
        const packed = SearchVolume.open(grown.encode(), false)
        for (const [index, { isRemoved }] of all.entries())
          for (const volume of isRemoved ? [grown, packed] : []) volume.remove(String(index))
        const found = [
          grown,
          packed,
          SearchVolume.open(packed.encode(), false),
          SearchVolume.open(grown.encode(), true),
        ].map((volume) =>
          volume
            .search(words.join(" "), {})
            .map(({ row }) => volume.read(row).id)
            .toSorted(),
        )
        expect(found).to.deep.equal([found[0], found[0], found[0], found[0]])
        expect(packed.search("heron", {}).every(({ score }) => score > 0)).to.equal(true)
      }),
    )
  })

  describe("of ten thousand", () => {
    const MANY = 10_000
    let shard: SearchShard
    const sealed = (): Uint8Array => shard.seal(bytesOf("key"), bytesOf("meeting"), seededBytes("salt"))
    const open = (raw: Uint8Array): SearchShard => SearchShard.open(bytesOf("key"), bytesOf("meeting"), raw)
    before(() => {
      const text = (n: number): string => `heron ${n % 100 === 0 ? "peacock " : ""}${n}`
      shard = shardOf(...Array.from({ length: MANY }, (_, n) => findable(String(n), text(n), { timeMs: n })))
    })

    it("a word that all have is found in all, or in enough of what came last; a rare one in all", () => {
      expect(shard.search("heron")).to.have.length(MANY)
      const some = shard.searchSome("heron", {}, { limit: 25, isEnough: (count) => count > 10 })
      expect([some.isWhole, some.first.length]).to.deep.equal([false, 25])
      expect(some.total).to.be.within(1_000, 5_000)
      expect(some.first.every(({ timeMs }) => timeMs >= MANY - some.total)).to.equal(true)
      const rare = shard.searchSome("peacock", {}, { limit: MANY, isEnough: (count) => count >= MANY })
      expect([rare.first.length, rare.total, rare.isWhole]).to.deep.equal([MANY / 100, MANY / 100, true])
      const [limit, isEnough] = [3, () => true]
      expect(shard.searchSome("", {}, { limit, isEnough })).to.include({ total: MANY, isWhole: true })
      const none = { first: [], total: 0, isWhole: true }
      expect(shard.searchSome("heron zebra", {}, { limit, isEnough })).to.deep.equal(none)
    })

    it("is what it was once it was kept, changed in any of its parts, and kept again", () => {
      const again = open(sealed())
      for (const query of ["heron 17", "peacock", "heorn", "pea 99"])
        expect(ids(again, query), query).to.deep.equal(ids(shard, query))
      expect([again.size, again.textOf("17"), again.textOf("9999")]).to.deep.equal([MANY, "heron 17", "heron 9999"])
      again.put(findable("17", "egret"))
      again.remove("9999")
      for (const each of [again, open(again.seal(bytesOf("key"), bytesOf("meeting"), seededBytes("salt")))]) {
        expect([ids(each, "egret"), each.size, each.has("9999")]).to.deep.equal([["17"], MANY - 1, false])
        expect([ids(each, "heron 17").includes("17"), ids(each, "heron 9999")]).to.deep.equal([false, []])
      }
    })

    it("with a part out of an older writing, one that lacks, or one in another's place, it is built anew (Y5)", () => {
      const before = sealed()
      shard.put(findable("17", "heron 18"))
      const after = sealed()
      const first = 4 + new DataView(after.buffer).getUint32(0)
      const codes = [
        after.subarray(0, -1),
        after.subarray(0, first),
        Buffer.concat([after, Buffer.from([0])]),
        Buffer.concat([after.subarray(0, first), before.subarray(4 + new DataView(before.buffer).getUint32(0))]),
        after.subarray(0, 3),
      ].map((raw) => codeOf(() => open(raw)))
      expect(codes).to.deep.equal(Array(5).fill("malformed"))
      expect(open(after).textOf("17")).to.equal("heron 18")
    })
  })

  it("is kept sealed: nothing of it stands in the clear, and it opens under its own key, for its own meeting, whole (Y5)", () => {
    const shard = shardOf(findable("a", "the quarterly secret"))
    const sealed = shard.seal(bytesOf("key"), bytesOf("meeting"), seededBytes("salt"))
    expect(Buffer.from(sealed).includes("quarterly")).to.equal(false)
    const open = (...[key, meeting, raw]: Parameters<typeof SearchShard.open>) =>
      codeOf(() => SearchShard.open(key, meeting, raw))
    expect(open(bytesOf("key"), bytesOf("meeting"), sealed)).to.equal("opened")
    expect(open(bytesOf("another"), bytesOf("meeting"), sealed)).to.equal("cannot-open")
    expect(open(bytesOf("key"), bytesOf("another"), sealed)).to.equal("cannot-open")
    expect(open(bytesOf("key"), bytesOf("meeting"), flip(sealed, 100))).to.equal("cannot-open")
    expect(codeOf(() => readShardHead(new TextEncoder().encode('{"version":1}')))).to.equal("unsupported-version")
  })
})

function codeOf(action: () => unknown): string {
  try {
    action()
    return "opened"
  } catch (error) {
    if (error instanceof ArchiveError) return error.code
    throw error
  }
}
