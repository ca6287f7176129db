import { FIELDS, MOST_COUNT, type SearchedRow, WordIndex } from "./word-index.js"
import { Dictionary } from "./dictionary.js"
import { foldWord, wordsOf } from "./words.js"

/** Words of rows that are still put in. */
export class GrowingWords {
  /** Of each word in turn field and row, as one number, and how often it stands there. */
  readonly #standing = new Map<string, number[]>()
  /** As {@link WordIndex} has them. */
  readonly #lengths: number[] = []

  /** With the rows of an index. */
  static from(index: WordIndex): GrowingWords {
    const growing = new GrowingWords()
    for (const length of index.lengths) growing.#lengths.push(length)
    for (let place = 0; place < index.dictionary.size; place++) {
      const standing: number[] = []
      for (const field of FIELDS.keys())
        index.standing(place, field, (row, count) => {
          standing.push(row * FIELDS.length + field, count)
        })
      growing.#standing.set(index.dictionary.wordAt(place), standing)
    }
    return growing
  }

  /** Behind the last row. */
  add(searched: SearchedRow): void {
    const row = this.#lengths.length / FIELDS.length
    for (const [field, name] of FIELDS.entries()) {
      const text = searched[name]
      const words = text === null ? [] : wordsOf(text)
      this.#lengths.push(text === null ? 0 : new Set(words).size + 1)
      for (const word of words) this.#count(foldWord(word), row * FIELDS.length + field)
    }
  }

  #count(word: string, place: number): void {
    if (word === "") return
    const standing = this.#standing.get(word)
    if (standing === undefined) this.#standing.set(word, [place, 1])
    else if (standing.at(-2) !== place) standing.push(place, 1)
    else standing[standing.length - 1] = Math.min(MOST_COUNT, (standing.at(-1) ?? 0) + 1)
  }

  index(): WordIndex {
    const words = [...this.#standing.keys()].toSorted((a, b) => (a < b ? -1 : 1))
    const size = [...this.#standing.values()].reduce((sum, standing) => sum + standing.length / 2, 0)
    const [starts, rows, counts] = [
      new Uint32Array(words.length * FIELDS.length + 1),
      new Uint16Array(size),
      new Uint16Array(size),
    ]
    let at = 0
    for (const [place, word] of words.entries()) {
      const standing = this.#standing.get(word) ?? []
      for (const field of FIELDS.keys()) {
        for (let index = 0; index < standing.length; index += 2) {
          const code = standing[index] ?? 0
          if (code % FIELDS.length !== field) continue
          rows[at] = Math.floor(code / FIELDS.length)
          counts[at++] = standing[index + 1] ?? 0
        }
        starts[place * FIELDS.length + field + 1] = at
      }
    }
    return new WordIndex({
      dictionary: new Dictionary(words),
      lengths: Uint32Array.from(this.#lengths),
      starts,
      rows,
      counts,
    })
  }
}
