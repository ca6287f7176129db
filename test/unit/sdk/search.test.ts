import { expect } from "chai"
import * as fc from "fast-check"
import MiniSearch from "minisearch"
import { sodiumReady } from "../../../client/crypto/sodium.js"
import { bestOf, findIn } from "../../../client/sdk/search/find.js"
import { Dictionary } from "../../../client/sdk/search/dictionary.js"
import { type Findable, letGoOf, readShardHead, SearchShard } from "../../../client/sdk/search/shard.js"
import { type LetGoVolume, SearchVolume } from "../../../client/sdk/search/volume.js"
import { foldWord, toleranceOf, wordsOf } from "../../../client/sdk/search/words.js"
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

/** As a device keeps it. */
interface Kept {
  readonly head: Uint8Array
  readonly volumes: ReadonlyMap<string, Uint8Array>
}

/** @param before where it was kept already: only what is new is written. */
async function keep(shard: SearchShard, before: Kept | null = null): Promise<Kept & { readonly written: number }> {
  const volumes = new Map(before?.volumes)
  let written = 0
  const names = new Set(volumes.keys())
  const kept = await shard.seal(bytesOf("key"), bytesOf("meeting"), seededBytes("salt"), {
    names,
    write: async (name, sealed) => {
      written += 1
      await Promise.resolve(volumes.set(name, sealed))
    },
  })
  for (const name of volumes.keys()) if (!kept.volumes.has(name)) volumes.delete(name)
  return { head: kept.head, volumes, written }
}

async function open({ head, volumes }: Kept, key = "key", meeting = "meeting"): Promise<SearchShard> {
  return await SearchShard.open(bytesOf(key), bytesOf(meeting), head, async (name) =>
    Promise.resolve(volumes.get(name) ?? null),
  )
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

  it("what is put again stands once, and what is removed is not found, also where it was kept", async () => {
    const shard = shardOf(findable("a", "before"), findable("b", "stays"))
    shard.put(findable("a", "after"))
    shard.remove("b")
    shard.remove("unknown")
    const again = await open(await keep(shard))
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

  describe("finds", () => {
    const word = fc.constantFrom(
      ..."heron herons heroine egret peacock peacocks pea Zoë 東京の会議 plan.pdf".split(" "),
    )
    const text = fc.array(word, { maxLength: 6 }).map((words) => words.join(" "))
    const row = fc.record({ text, files: text, claimedAuthor: text, timeMs: fc.nat(), isRemoved: fc.boolean() })
    const rows = fc.array(row, { maxLength: 20 })
    const query = fc
      .array(fc.constantFrom("her", "heron", "heorns", "pecock", "pea", "zoe", "会議", "pdf"), {
        minLength: 1,
        maxLength: 3,
      })
      .map((words) => words.join(" "))

    const volumeOf = (all: readonly (typeof row extends fc.Arbitrary<infer Row> ? Row : never)[]): SearchVolume => {
      const volume = SearchVolume.empty()
      for (const [index, each] of all.entries()) volume.add(findable(String(index), each.text, each))
      return volume
    }

    it("the same in what is kept as in what still grows", () => {
      fc.assert(
        fc.property(rows, query, (all, words) => {
          const [grown, growsAgain] = [volumeOf(all), volumeOf(all)]
          const kept = SearchVolume.open(grown.encode(), false)
          for (const [index, { isRemoved }] of all.entries())
            for (const volume of isRemoved ? [grown, kept, growsAgain] : []) volume.remove(String(index))
          const last = SearchVolume.open(growsAgain.encode(), true)
          for (const volume of [grown, kept, last]) volume.add(findable("last", "a heron, and a peacock in 東京"))
          const found = [grown, kept, last, SearchVolume.open(kept.encode(), false)].map((volume) => {
            const { rows: places, matchesOf } = volume.search(words, {}, Number.POSITIVE_INFINITY)
            return places.map((place) => [volume.read(place.row).id, matchesOf(place.row).toSorted()])
          })
          expect(found).to.deep.equal([found[0], found[0], found[0], found[0]])
        }),
      )
    })

    it("what MiniSearch finds, by the same words, each worth as much", () => {
      fc.assert(
        fc.property(rows, query, (all, words) => {
          const library = new MiniSearch({
            fields: ["text", "files", "claimedAuthor"],
            tokenize: (each) => [...wordsOf(each)],
            processTerm: (each) => foldWord(each),
          })
          library.addAll(
            all.map(({ text: said, files, claimedAuthor }, id) => ({ id, text: said, files, claimedAuthor })),
          )
          const expected = library
            .search(words, { combineWith: "AND", prefix: true, fuzzy: (each) => toleranceOf(each) })
            .map(({ id, score, queryTerms, terms }) => ({
              row: id as number,
              score: score / queryTerms.length,
              matches: terms.toSorted(),
            }))
            .toSorted((a, b) => a.row - b.row)
          const { rows: found, matchesOf } = volumeOf(all).search(words, {}, Number.POSITIVE_INFINITY)
          expect(found.map((each) => [each.row, matchesOf(each.row).toSorted()])).to.deep.equal(
            expected.map((each) => [each.row, each.matches]),
          )
          for (const [index, { score }] of found.entries())
            expect(score).to.be.closeTo(expected[index]?.score ?? 0, 1e-9)
        }),
      )
    })

    it("the best of them, where so many are wanted, and how many there are", () => {
      fc.assert(
        fc.property(rows, query, fc.integer({ min: 1, max: 5 }), (all, words, limit) => {
          const shard = shardOf(...all.map((each, id) => findable(String(id), each.text, each)))
          const whole = shard.search(words)
          const { first, total } = shard.searchSome(words, {}, { limit, isEnough: () => false })
          expect([first.map(({ score, timeMs }) => [score, timeMs]), total]).to.deep.equal([
            whole.slice(0, limit).map(({ score, timeMs }) => [score, timeMs]),
            whole.length,
          ])
        }),
      )
    })

    it("words that are nearly it by as few changes as there are, in a dictionary of any", () => {
      const letters = fc.string({ unit: fc.constantFrom(..."abcß東"), minLength: 1, maxLength: 9 })
      fc.assert(
        fc.property(fc.uniqueArray(letters, { maxLength: 30 }), letters, fc.nat({ max: 6 }), (words, wanted, most) => {
          const sorted = words.toSorted((a, b) => (a < b ? -1 : 1))
          const dictionary = new Dictionary(sorted)
          const near = sorted.flatMap((each, place) => {
            const changes = changesBetween(each, wanted)
            return changes <= most ? [[place, changes]] : []
          })
          expect([...dictionary.near(wanted, most)]).to.deep.equal(near)
          const { from, until } = dictionary.beginningWith(wanted)
          expect(sorted.slice(from, until)).to.deep.equal(sorted.filter((each) => each.startsWith(wanted)))
          expect(sorted.map((each) => dictionary.placeOf(each))).to.deep.equal([...sorted.keys()])
          expect(dictionary.placeOf(`${wanted}z`)).to.equal(-1)
        }),
      )
    })
  })

  describe("of ten thousand", () => {
    const MANY = 10_000
    let shard: SearchShard
    before(() => {
      const text = (n: number): string => `heron ${n % 100 === 0 ? "peacock " : ""}${n}`
      shard = shardOf(...Array.from({ length: MANY }, (_, n) => findable(String(n), text(n), { timeMs: n })))
    })

    it("a word that all have is found in all, or in enough of what came last; a rare one in all", () => {
      expect(shard.search("heron")).to.have.length(MANY)
      const some = shard.searchSome("heron", {}, { limit: 25, isEnough: (count) => count > 10 })
      expect([some.isWhole, some.first.length]).to.deep.equal([false, 25])
      expect(some.total).to.be.within(1_000, 6_000)
      expect(some.first.every(({ timeMs }) => timeMs >= MANY - some.total)).to.equal(true)
      const rare = shard.searchSome("peacock", {}, { limit: MANY, isEnough: (count) => count >= MANY })
      expect([rare.first.length, rare.total, rare.isWhole]).to.deep.equal([MANY / 100, MANY / 100, true])
      const [limit, isEnough] = [3, () => true]
      expect(shard.searchSome("", {}, { limit, isEnough })).to.include({ total: MANY, isWhole: true })
      const none = { first: [], total: 0, isWhole: true }
      expect(shard.searchSome("heron zebra", {}, { limit, isEnough })).to.deep.equal(none)
    })

    it("is what it was once it was kept, changed in any of its parts, and kept again: only what changed is written", async () => {
      const kept = await keep(shard)
      expect(kept.written).to.equal(kept.volumes.size).and.to.be.above(2)
      const again = await open(kept)
      for (const query of ["heron 17", "peacock", "heorn", "pea 99"])
        expect(ids(again, query), query).to.deep.equal(ids(shard, query))
      expect([again.size, again.textOf("17"), again.textOf("9999")]).to.deep.equal([MANY, "heron 17", "heron 9999"])
      expect((await keep(again, kept)).written).to.equal(0)
      again.remove("9999")
      expect((await keep(again, kept)).written).to.equal(1)
      again.put(findable("17", "egret"))
      const changed = await keep(again, kept)
      // The first, of which 17 was a part, and the last.
      expect([changed.written, changed.volumes.size]).to.deep.equal([2, kept.volumes.size])
      for (const each of [again, await open(changed)]) {
        expect([ids(each, "egret"), each.size, each.has("9999")]).to.deep.equal([["17"], MANY - 1, false])
        expect([ids(each, "heron 17").includes("17"), ids(each, "heron 9999")]).to.deep.equal([false, []])
      }
    })

    it("with a part out of an older writing, one that lacks, or one in another's place, it is built anew (Y5)", async () => {
      const older = await keep(shard)
      shard.put(findable("17", "heron 18"))
      const kept = await keep(shard)
      const [first = "", second = ""] = kept.volumes.keys()
      const oldest = [...older.volumes.values()][0] ?? new Uint8Array(0)
      const keptWith = (name: string, sealed: Uint8Array): Kept => ({
        ...kept,
        volumes: new Map([...kept.volumes, [name, sealed]]),
      })
      const codes = [
        { ...kept, volumes: new Map([...kept.volumes].slice(1)) },
        keptWith(first, oldest),
        keptWith(first, kept.volumes.get(second) ?? oldest),
        { ...kept, volumes: older.volumes },
      ].map(async (each) => await codeOf(async () => await open(each)))
      expect(await Promise.all(codes)).to.deep.equal(Array(4).fill("malformed"))
      expect((await open(kept)).textOf("17")).to.equal("heron 18")
    })
  })

  it("what it let go of is not held, and stands where it was put once all is kept and opened anew; without it nothing is kept", async () => {
    const volumes = new Map<string, Uint8Array>()
    const letGo = async (...all: readonly Findable[]): Promise<LetGoVolume> => {
      const volume = SearchVolume.empty(all.length)
      for (const each of all) volume.add(each)
      expect(volume.isFull).to.equal(true)
      return await letGoOf(volume, bytesOf("key"), bytesOf("meeting"), seededBytes("first"), async (name, sealed) => {
        await Promise.resolve(volumes.set(name, sealed))
      })
    }
    const shard = shardOf(findable("1", "heron 1"))
    shard.append([
      await letGo(findable("2", "heron 2"), findable("3", "heron 3")),
      await letGo(findable("4", "heron 4")),
    ])
    shard.put(findable("5", "heron 5"))
    expect([shard.size, shard.isWhole, shard.has("2")]).to.deep.equal([5, false, false])
    expect(ids(shard, "heron")).to.deep.equal(["1", "5"])
    for (const query of ["heron", ""])
      expect(shard.searchSome(query, {}, { limit: 9, isEnough: () => false }).isWhole, query).to.equal(false)
    expect(await codeOf(async () => await keep(shard))).to.equal("not-found")
    const kept = await keep(shard, { head: new Uint8Array(0), volumes })
    expect(kept.written).to.equal(2)
    const again = await open(kept)
    expect([again.size, again.isWhole, ids(again, "heron")]).to.deep.equal([5, true, ["1", "2", "3", "4", "5"]])
    const newest = again.searchSome("heron", {}, { limit: 9, isEnough: (count) => count >= 2 })
    expect(newest.first.map(({ id }) => id).toSorted()).to.deep.equal(["4", "5"])
  })

  it("is kept sealed: nothing of it stands in the clear, and it opens under its own key, for its own meeting, whole (Y5)", async () => {
    const kept = await keep(shardOf(findable("a", "the quarterly secret")))
    const [[name, sealed] = ["", new Uint8Array(0)]] = kept.volumes
    for (const raw of [kept.head, sealed]) expect(Buffer.from(raw).includes("quarterly")).to.equal(false)
    const code = async (...call: Parameters<typeof open>): Promise<string> =>
      await codeOf(async () => await open(...call))
    expect(await code(kept)).to.equal("opened")
    expect(await code(kept, "another")).to.equal("cannot-open")
    expect(await code(kept, "key", "another")).to.equal("cannot-open")
    expect(await code({ ...kept, head: flip(kept.head, 100) })).to.equal("cannot-open")
    expect(await code({ ...kept, volumes: new Map([[name, flip(sealed, 100)]]) })).to.equal("malformed")
    expect(await codeOf(() => readShardHead(new TextEncoder().encode('{"version":3}')))).to.equal("unsupported-version")
  })

  it("a letter that is cut in half by the longest that a word may be is left out, so that what is kept opens", async () => {
    const long = `${"x".repeat(63)}𠮷`
    const again = await open(await keep(shardOf(findable("a", `${"x".repeat(62)}𠮷 ${long}`), findable("b", "y"))))
    expect([ids(again, "xxx"), ids(again, "y")]).to.deep.equal([["a"], ["b"]])
  })
})

/** By the book, a row of the whole table at a time. */
function changesBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let at = 0; at < one.length; at++) {
    const next = [at + 1]
    for (let column = 1; column <= other.length; column++)
      next.push(
        Math.min(
          (row[column - 1] ?? 0) + (one[at] === other[column - 1] ? 0 : 1),
          (row[column] ?? 0) + 1,
          (next[column - 1] ?? 0) + 1,
        ),
      )
    row = next
  }
  return row[other.length] ?? 0
}

async function codeOf(action: () => unknown): Promise<string> {
  try {
    await action()
    return "opened"
  } catch (error) {
    if (error instanceof ArchiveError) return error.code
    throw error
  }
}
