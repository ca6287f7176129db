import { fromUtf8, utf8 } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { Dictionary } from "./dictionary.js"
import { NumberReader, NumberWriter } from "./numbers.js"
import { foldWord, toleranceOf, wordsOf } from "./words.js"

/**
 * Which words stand in which rows, and how well what is looked for fits them. It finds and orders as MiniSearch does, of which the tests make sure; as
 * arrays of numbers it takes some bytes for each word of a row, where that library takes a hundred, and is searched in a fraction of the time. SPEC.md §14.2.
 */

export const FIELDS = ["text", "files", "claimedAuthor"] as const
/** Rows are held in 16 bits, and so is how often a word stands in one. */
const MOST_ROWS = 0x10000
export const MOST_COUNT = 0xffff

/** What of a row is searched. */
export type SearchedRow = Readonly<Record<(typeof FIELDS)[number], string | null>>

export interface EncodedWords {
  /** How many words each field of each row has. */
  readonly lengths: Uint8Array
  readonly words: Uint8Array
  /** Of each word, in their order. */
  readonly postings: Uint8Array
}

interface WordParts {
  readonly dictionary: Dictionary
  /** Of each row how many words each field has, and one more; 0 where it has no such field. */
  readonly lengths: Uint32Array
  /** Of each word and field where it begins in what follows, and where the last ends. */
  readonly starts: Uint32Array
  readonly rows: Uint16Array
  readonly counts: Uint16Array
}

/** Words that fit one that is looked for: those of a stretch of the dictionary begin with it, others are nearly it. */
export interface Fitting {
  readonly length: number
  readonly from: number
  readonly until: number
  readonly near: ReadonlyMap<number, number>
}

/** As MiniSearch has them: what a word that only begins so, or is nearly it, is worth, and BM25+. */
const PREFIX_WEIGHT = 0.375
const PREFIX_LOSS = 0.3
const NEAR_WEIGHT = 0.45
const MOST_CHANGES = 6
const BM25 = { k: 1.2, b: 0.7, d: 0.5 }

export class WordIndex {
  readonly dictionary: Dictionary
  readonly lengths: Uint32Array
  readonly #starts: Uint32Array
  readonly #rows: Uint16Array
  readonly #counts: Uint16Array
  /** Of what has the field. */
  readonly #averageLengths: readonly number[]

  constructor({ dictionary, lengths, starts, rows, counts }: WordParts) {
    this.dictionary = dictionary
    this.lengths = lengths
    this.#starts = starts
    this.#rows = rows
    this.#counts = counts
    this.#averageLengths = FIELDS.map((_, field) => {
      let [sum, having] = [0, 0]
      for (let at = field; at < lengths.length; at += FIELDS.length) {
        const length = lengths[at] ?? 0
        if (length === 0) continue
        sum += length - 1
        having += 1
      }
      return having === 0 ? 0 : sum / having
    })
  }

  /** @throws {@link ArchiveError} `malformed`. */
  static open(encoded: EncodedWords, rowCount: number): WordIndex {
    if (rowCount > MOST_ROWS) throw otherForm()
    const all = fromUtf8(encoded.words)
    const words = all === "" ? [] : all.split("\n")
    const lengthReader = new NumberReader(encoded.lengths)
    const lengths = new Uint32Array(rowCount * FIELDS.length)
    for (let index = 0; index < lengths.length; index++) lengths[index] = lengthReader.read()
    const reader = new NumberReader(encoded.postings)
    const starts = new Uint32Array(words.length * FIELDS.length + 1)
    // Each takes two bytes at least.
    const [rows, counts] = [
      new Uint16Array(encoded.postings.length >>> 1),
      new Uint16Array(encoded.postings.length >>> 1),
    ]
    let at = 0
    for (let each = 1; each < starts.length; each++) {
      let row = 0
      for (let left = reader.read(); left > 0; left--) {
        row += reader.read()
        const count = reader.read()
        if (row >= rowCount || count > MOST_COUNT) throw otherForm()
        rows[at] = row
        counts[at++] = count
      }
      starts[each] = at
    }
    if (reader.at !== encoded.postings.length || lengthReader.at !== encoded.lengths.length) throw otherForm()
    return new WordIndex({
      dictionary: new Dictionary(words),
      lengths,
      starts,
      rows: rows.slice(0, at),
      counts: counts.slice(0, at),
    })
  }

  /** What is there. @param numbers of each row as it will be counted, ascending; -1 for what was removed. */
  encode(numbers: readonly number[]): EncodedWords {
    const [lengths, postings] = [new NumberWriter(), new NumberWriter()]
    for (const [row, number] of numbers.entries())
      if (number >= 0) for (const field of FIELDS.keys()) lengths.write(this.#lengthOf(row, field))
    const words: string[] = []
    for (let place = 0; place < this.dictionary.size; place++) {
      const having = FIELDS.map((_, field) => {
        let count = 0
        this.standing(place, field, (row) => {
          if ((numbers[row] ?? -1) >= 0) count += 1
        })
        return count
      })
      if (having.every((count) => count === 0)) continue
      words.push(this.dictionary.wordAt(place))
      for (const [field, count] of having.entries()) {
        postings.write(count)
        let before = 0
        this.standing(place, field, (row, often) => {
          const number = numbers[row] ?? -1
          if (number < 0) return
          postings.write(number - before)
          postings.write(often)
          before = number
        })
      }
    }
    return { lengths: lengths.bytes(), words: utf8(words.join("\n")), postings: postings.bytes() }
  }

  /** In which rows a field has a word, ascending, and how often. */
  standing(place: number, field: number, tell: (row: number, count: number) => void): void {
    const each = place * FIELDS.length + field
    const until = this.#starts[each + 1] ?? 0
    for (let at = this.#starts[each] ?? 0; at < until; at++) tell(this.#rows[at] ?? 0, this.#counts[at] ?? 0)
  }

  /**
   * How well each row fits that has every word that is looked for; 0 for all others.
   * @param isThere which rows were not removed; `null`: all.
   * @returns `null` where no row has all of them.
   */
  search(query: readonly Fitting[], isThere: ((row: number) => boolean) | null): Float64Array | null {
    const rowCount = this.lengths.length / FIELDS.length
    // What few rows have is looked for first: only there the others are worth a look.
    const all = query.map((fitting) => ({ fitting, size: this.#sizeOf(fitting) })).toSorted((a, b) => a.size - b.size)
    if (all.some(({ size }) => size === 0)) return null
    const scores = new Float64Array(rowCount)
    const present = isThere ?? ((): boolean => true)
    let count = 0
    for (let row = 0; row < rowCount; row++) if (present(row)) count += 1
    for (const [index, { fitting }] of all.entries()) {
      if (index === 0) {
        this.#score(fitting, scores, isThere, count)
        continue
      }
      const others = new Float64Array(rowCount)
      this.#score(fitting, others, isThere, count, scores)
      for (let row = 0; row < rowCount; row++) {
        const other = others[row] ?? 0
        scores[row] = other === 0 ? 0 : (scores[row] ?? 0) + other
      }
    }
    return scores
  }

  /** Which words of a row fit a query. */
  matches(query: readonly Fitting[], searched: SearchedRow): readonly string[] {
    const words = new Set(FIELDS.flatMap((field) => wordsOf(searched[field] ?? "").map(foldWord)))
    return [...words].filter((word) => {
      const place = this.dictionary.placeOf(word)
      return query.some(({ from, until, near }) => (place >= from && place < until) || near.has(place))
    })
  }

  /** What fits each word of a query, here. */
  fitting(query: string): readonly Fitting[] {
    return wordsOf(query)
      .map(foldWord)
      .filter((word) => word !== "")
      .map((word) => {
        const most = Math.min(MOST_CHANGES, Math.round(word.length * toleranceOf(word)))
        const near = most === 0 ? NONE : this.dictionary.near(word, most)
        return { length: word.length, ...this.dictionary.beginningWith(word), near }
      })
  }

  #sizeOf({ from, until, near }: Fitting): number {
    let size = (this.#starts[until * FIELDS.length] ?? 0) - (this.#starts[from * FIELDS.length] ?? 0)
    for (const place of near.keys())
      size += (this.#starts[(place + 1) * FIELDS.length] ?? 0) - (this.#starts[place * FIELDS.length] ?? 0)
    return size
  }

  /** Adds up what each word that fits is worth. @param within where this is 0 it may be left out. */
  #score(
    { length, from, until, near }: Fitting,
    scores: Float64Array,
    isThere: ((row: number) => boolean) | null,
    rowCount: number,
    within: Float64Array | null = null,
  ): void {
    for (let place = from; place < until; place++) {
      const own = this.dictionary.lengthAt(place)
      const weight = own === length ? 1 : (PREFIX_WEIGHT * own) / (own + PREFIX_LOSS * (own - length))
      this.#scoreWord(place, weight, scores, isThere, rowCount, within)
    }
    for (const [place, changes] of near) {
      // What begins so is counted.
      if (place >= from && place < until) continue
      const own = this.dictionary.lengthAt(place)
      this.#scoreWord(place, (NEAR_WEIGHT * own) / (own + changes), scores, isThere, rowCount, within)
    }
  }

  #scoreWord(
    place: number,
    weight: number,
    scores: Float64Array,
    isThere: ((row: number) => boolean) | null,
    rowCount: number,
    within: Float64Array | null,
  ): void {
    for (let field = 0; field < FIELDS.length; field++) {
      const each = place * FIELDS.length + field
      const [start, end] = [this.#starts[each] ?? 0, this.#starts[each + 1] ?? 0]
      if (start === end) continue
      let having = end - start
      if (isThere !== null) for (let at = start; at < end; at++) if (!isThere(this.#rows[at] ?? 0)) having -= 1
      const rarity = Math.log(1 + (rowCount - having + 0.5) / (having + 0.5))
      const average = this.#averageLengths[field] ?? 0
      for (let at = start; at < end; at++) {
        const row = this.#rows[at] ?? 0
        if (within !== null && within[row] === 0) continue
        if (isThere !== null && !isThere(row)) continue
        const count = this.#counts[at] ?? 0
        const relative = (this.#lengthOf(row, field) - 1) / average
        const often = (count * (BM25.k + 1)) / (count + BM25.k * (1 - BM25.b + BM25.b * relative))
        scores[row] = (scores[row] ?? 0) + weight * rarity * (BM25.d + often)
      }
    }
  }

  #lengthOf(row: number, field: number): number {
    return this.lengths[row * FIELDS.length + field] ?? 0
  }
}

const NONE: ReadonlyMap<number, number> = new Map()

function otherForm(): ArchiveError {
  return new ArchiveError("malformed", "a search index of another form")
}
