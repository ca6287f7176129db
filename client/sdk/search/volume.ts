import type { SearchOptions } from "minisearch"
import { decodeCbor, encodeCbor, readArray, readBytes } from "../../../shared/protocol/cbor.js"
import { Documents } from "./documents.js"
import type { Findable, SearchFilter } from "./findable.js"
import { type EncodedWords, WordIndex } from "./word-index.js"
import { toleranceOf, wordsOf } from "./words.js"

/** Searched, and sealed, at once: a word that everything has holds nobody up, and sealing takes no second of the memory. */
const VOLUME_SIZE = 2_000
/** Documents, lengths, words, postings. */
const PARTS = 4

const BY_WORDS: SearchOptions = { combineWith: "AND", prefix: true, fuzzy: (word) => toleranceOf(word) }

/** What was found in a volume, by its row. */
export interface FoundRow {
  readonly row: number
  readonly score: number
  /** The words of it that were found, folded. */
  readonly matches: readonly string[]
}

/** Some of a shard's places, in the order in which they were put in. */
export class SearchVolume {
  #documents: Documents
  #words: WordIndex
  #isFull: boolean
  /** Of what is full as long as nothing is removed: so that it is not made anew whenever something else is kept. */
  #encoded: EncodedWords | null

  private constructor(documents: Documents, words: WordIndex, isFull: boolean, encoded: EncodedWords | null) {
    this.#documents = documents
    this.#words = words
    this.#isFull = isFull
    this.#encoded = encoded
  }

  static empty(): SearchVolume {
    return new SearchVolume(Documents.empty(), new WordIndex(), false, null)
  }

  /** @param isLast whether more may be put into it, as far as there is room. @throws {@link ArchiveError} `malformed`. SPEC.md §14.2. */
  static open(plaintext: Uint8Array, isLast: boolean): SearchVolume {
    const parts = readArray(decodeCbor(plaintext, plaintext.length), "a search volume", PARTS)
    const [kept, lengths, words, postings] = parts.map((part) =>
      readBytes(part, "a part of a search volume", { min: 0, max: plaintext.length }),
    )
    const none = new Uint8Array(0)
    const documents = Documents.open(kept ?? none)
    const isFull = !isLast || documents.rowCount >= VOLUME_SIZE
    const encoded = { lengths: lengths ?? none, words: words ?? none, postings: postings ?? none }
    const index = WordIndex.open(encoded, documents.rowCount, !isFull)
    return new SearchVolume(documents, index, isFull, isFull ? encoded : null)
  }

  /** What is there, and nothing of what was removed. */
  encode(): Uint8Array {
    const numberOf = (): ReadonlyMap<number, number> =>
      new Map([...this.#documents.rows()].map((row, number) => [row, number]))
    const { lengths, words, postings } = this.#encoded ?? this.#words.encode(numberOf())
    return encodeCbor([this.#documents.encode(), lengths, words, postings])
  }

  get size(): number {
    return this.#documents.size
  }

  /** Whether nothing more is put into it. */
  get isFull(): boolean {
    return this.#isFull
  }

  has(id: string): boolean {
    return this.#documents.rowOf(id) !== undefined
  }

  /** `null` for what is not there. */
  get(id: string): Findable | null {
    const row = this.#documents.rowOf(id)
    return row === undefined ? null : this.#documents.read(row)
  }

  read(row: number): Findable {
    return this.#documents.read(row)
  }

  timeOf(row: number): number {
    return this.#documents.timeOf(row)
  }

  authors(): ReturnType<Documents["authors"]> {
    return this.#documents.authors()
  }

  idsOf(recording: string): readonly string[] {
    return this.#documents.idsOf(recording)
  }

  /** @param findable whose id is not there. */
  add(findable: Findable): void {
    const { text, files, claimedAuthor } = findable
    this.#words.add({ id: this.#documents.add(findable), text, files, claimedAuthor })
    if (this.#documents.rowCount >= VOLUME_SIZE) this.tidy()
  }

  remove(id: string): void {
    const row = this.#documents.rowOf(id)
    if (row === undefined) return
    this.#documents.remove(id)
    this.#words.discard(row)
    this.#encoded = null
  }

  /** Lets go of what was removed, and holds what grows no more in less. */
  tidy(): void {
    const { rowCount, size } = this.#documents
    if (size === rowCount && (this.#isFull || rowCount < VOLUME_SIZE)) return
    const tidied = SearchVolume.open(this.encode(), !this.#isFull)
    this.#documents = tidied.#documents
    this.#words = tidied.#words
    this.#isFull = tidied.#isFull
    this.#encoded = tidied.#encoded
  }

  /** Rows that a filter lets through. */
  rows(filter: SearchFilter): readonly number[] {
    return [...this.#documents.rows()].filter(this.#documents.passes(filter))
  }

  /** What has every word, the best first. */
  search(query: string, filter: SearchFilter): readonly FoundRow[] {
    const having = this.#havingLongest(query)
    if (having?.size === 0) return []
    const options =
      having === null ? BY_WORDS : { ...BY_WORDS, boostDocument: (row: unknown) => (having.has(row as number) ? 1 : 0) }
    const passes = this.#documents.passes(filter)
    return this.#words.search(query, options).flatMap(({ id, score, terms }) => {
      const row = id as number
      return passes(row) ? [{ row, score, matches: terms }] : []
    })
  }

  /**
   * What has the longest of several words, which is the rarest more often than not: only there the others are worth a look.
   * @returns `null` for a single word.
   */
  #havingLongest(query: string): ReadonlySet<number> | null {
    const words = wordsOf(query)
    if (words.length < 2) return null
    const longest = words.reduce((one, other) => (other.length > one.length ? other : one))
    return new Set(this.#words.search(longest, BY_WORDS).map(({ id }) => id as number))
  }
}
