import MiniSearch, { type Options } from "minisearch"
import { fromUtf8, utf8 } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { NumberReader, NumberWriter } from "./numbers.js"
import { foldWord, wordsOf } from "./words.js"

/** Which words stand in which rows, and how well what is looked for fits them: the library's index, held in few bytes where it grows no more. SPEC.md §14.2. */

const FIELDS = ["text", "files", "claimedAuthor"] as const

/** What of a row is searched. */
export interface SearchedRow {
  /** Its number: the library gives each the same one. */
  readonly id: number
  readonly text: string
  readonly files: string
  readonly claimedAuthor: string | null
}

/** Of a word, by field, how often it stands in which rows. */
type Standing = Map<number, Map<number, number>>

export interface EncodedWords {
  /** How many words each field of each row has. */
  readonly lengths: Uint8Array
  readonly words: Uint8Array
  /** Of each word, in their order. */
  readonly postings: Uint8Array
}

const OPTIONS: Options<SearchedRow> = {
  fields: [...FIELDS],
  tokenize: (text) => [...wordsOf(text)],
  processTerm: (word) => foldWord(word),
  // What was removed is left out when it is written.
  autoVacuum: false,
}

/** As the library makes it, it takes some hundred bytes for each word of each row, most of them for maps: so these are made when a word is looked for. */
export class WordIndex extends MiniSearch<SearchedRow> {
  constructor() {
    super(OPTIONS)
  }

  /** @param grows whether rows will be added. @throws {@link ArchiveError} `malformed`. */
  static open({ lengths, words, postings }: EncodedWords, rowCount: number, grows: boolean): WordIndex {
    const index = new WordIndex()
    const packed: PackedPostings = { postings, isThere: (row) => index._documentIds.has(row) }
    index.#openLengths(new NumberReader(lengths), rowCount)
    const all = fromUtf8(words)
    const reader = new NumberReader(postings)
    for (const word of all === "" ? [] : all.split("\n")) {
      const { at } = reader
      if (grows) index._index.set(word, readStanding(reader, rowCount))
      else {
        for (const _field of FIELDS) skipRows(reader, rowCount)
        index._index.set(word, asStanding(new PackedStanding(packed, at)))
      }
    }
    if (reader.at !== postings.length) throw otherForm()
    return index
  }

  /** What is there. @param numberOf of each row as it will be counted; none for what was removed. */
  encode(numberOf: ReadonlyMap<number, number>): EncodedWords {
    const [lengths, postings] = [new NumberWriter(), new NumberWriter()]
    for (const row of numberOf.keys())
      for (const field of FIELDS.keys()) lengths.write((this._fieldLength.get(row)?.[field] ?? -1) + 1)
    const words: string[] = []
    for (const [word, standing] of this._index) {
      const fields = [...FIELDS.keys()].map((field) =>
        [...(standing.get(field) ?? [])].flatMap(([row, count]) => {
          const number = numberOf.get(row)
          return number === undefined ? [] : [{ number, count }]
        }),
      )
      if (fields.every((rows) => rows.length === 0)) continue
      words.push(word)
      for (const rows of fields) {
        postings.write(rows.length)
        let before = 0
        for (const { number, count } of rows) {
          postings.write(number - before)
          postings.write(count)
          before = number
        }
      }
    }
    return { lengths: lengths.bytes(), words: utf8(words.join("\n")), postings: postings.bytes() }
  }

  #openLengths(reader: NumberReader, rowCount: number): void {
    const sums = FIELDS.map(() => ({ words: 0, rows: 0 }))
    // Few rows have lengths of their own.
    const known = new Map<string, number[]>()
    for (let row = 0; row < rowCount; row++) {
      const lengths: number[] = []
      for (const [field, sum] of sums.entries()) {
        const length = reader.read() - 1
        if (length < 0) continue
        lengths[field] = length
        sum.words += length
        sum.rows += 1
      }
      const key = lengths.join()
      const same = known.get(key) ?? lengths
      known.set(key, same)
      this._fieldLength.set(row, same)
      this._documentIds.set(row, row)
      this._idToShortId.set(row, row)
    }
    this._avgFieldLength = sums.map(({ words, rows }) => (rows === 0 ? 0 : words / rows))
    this._documentCount = rowCount
    this._nextId = rowCount
  }
}

interface PackedPostings {
  readonly postings: Uint8Array
  readonly isThere: (row: number) => boolean
}

/** What the library asks of a word's {@link Standing}, read anew each time. */
class PackedStanding {
  readonly #packed: PackedPostings
  readonly #at: number

  constructor(packed: PackedPostings, at: number) {
    this.#packed = packed
    this.#at = at
  }

  get(field: number): Map<number, number> | undefined {
    const { postings, isThere } = this.#packed
    const reader = new NumberReader(postings, this.#at)
    for (let before = 0; before < field; before++) skipRows(reader)
    const rows = readRows(reader)
    // The library would take these out, and counts them until it does.
    for (const row of rows?.keys() ?? []) if (!isThere(row)) rows?.delete(row)
    return rows
  }
}

/** All that a search does with it is to `get` a field. */
function asStanding(packed: PackedStanding): Standing {
  return packed as unknown as Standing
}

function readStanding(reader: NumberReader, rowCount: number): Standing {
  const standing: Standing = new Map()
  for (const field of FIELDS.keys()) {
    const rows = readRows(reader, rowCount)
    if (rows !== undefined) standing.set(field, rows)
  }
  return standing
}

/** Those of one field: how many, and of each how far it is behind the one before, and how often the word stands in it. */
function readRows(reader: NumberReader, rowCount = Number.POSITIVE_INFINITY): Map<number, number> | undefined {
  const count = reader.read()
  if (count === 0) return undefined
  const rows = new Map<number, number>()
  for (let [row, index] = [0, 0]; index < count; index++) {
    row += reader.read()
    if (row >= rowCount) throw otherForm()
    rows.set(row, reader.read())
  }
  return rows
}

/** As {@link readRows}, without making anything of it. */
function skipRows(reader: NumberReader, rowCount = Number.POSITIVE_INFINITY): void {
  let row = 0
  for (let left = reader.read(); left > 0; left--) {
    row += reader.read()
    if (row >= rowCount) throw otherForm()
    reader.read()
  }
}

function otherForm(): ArchiveError {
  return new ArchiveError("malformed", "a search index of another form")
}
