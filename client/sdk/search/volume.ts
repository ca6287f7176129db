import { decodeCbor, encodeCbor, readArray, readBytes } from "../../../shared/protocol/cbor.js"
import { Documents } from "./documents.js"
import type { Findable, SearchFilter } from "./findable.js"
import { GrowingWords } from "./growing-words.js"
import { WordIndex } from "./word-index.js"

/** Searched, and sealed, at once: sealing one takes little memory, and what all of them have, such as most words, stands not too often. */
const VOLUME_SIZE = 4_000
/** Names, rows, columns, times, lengths, words, postings. */
const PARTS = 7

/** What was found in a volume, by its row. */
export interface FoundRow {
  readonly row: number
  readonly score: number
}

export interface FoundInVolume {
  /** How many rows have every word. */
  readonly count: number
  /** The best of them among some others, in no order. */
  readonly rows: readonly FoundRow[]
  /** The words of a row that were found, folded. */
  readonly matchesOf: (row: number) => readonly string[]
}

/** A volume that is kept and no longer held: its shard has it once it is opened anew. */
export interface LetGoVolume {
  readonly keptAs: string
  readonly size: number
}

/** Some of a shard's places, in the order in which they were put in. */
export class SearchVolume {
  #documents: Documents
  /** `null` where something was put in since it was made. */
  #words: WordIndex | null
  /** Where something was put in. */
  #growing: GrowingWords | null = null
  #isFull: boolean
  readonly #most: number
  /** What it is kept as, by the SHA-256 in hexadecimal of that; `null` where it is kept nowhere as it is. */
  keptAs: string | null = null

  private constructor(documents: Documents, words: WordIndex | null, isFull: boolean, most = VOLUME_SIZE) {
    this.#documents = documents
    this.#words = words
    this.#isFull = isFull
    this.#most = most
  }

  /** @param most with so many it is full. */
  static empty(most?: number): SearchVolume {
    return new SearchVolume(Documents.empty(), null, false, most)
  }

  /** @param isLast whether more may be put into it, as far as there is room. @throws {@link ArchiveError} `malformed`. SPEC.md §14.2. */
  static open(plaintext: Uint8Array, isLast: boolean): SearchVolume {
    const parts = readArray(decodeCbor(plaintext, plaintext.length), "a search volume", PARTS)
    const part = (index: number): Uint8Array =>
      readBytes(parts[index], "a part of a search volume", { min: 0, max: plaintext.length })
    const documents = Documents.open({ names: part(0), rows: part(1), columns: part(2), times: part(3) })
    const index = WordIndex.open({ lengths: part(4), words: part(5), postings: part(6) }, documents.rowCount)
    return new SearchVolume(documents, index, !isLast || documents.rowCount >= VOLUME_SIZE)
  }

  /** What is there, and nothing of what was removed. */
  encode(): Uint8Array {
    const numbers = Array.from({ length: this.#documents.rowCount }, () => -1)
    for (const [number, row] of this.#documents.rows().entries()) numbers[row] = number
    const { lengths, words, postings } = this.#index.encode(numbers)
    const { names, rows, columns, times } = this.#documents.encode()
    return encodeCbor([names, rows, columns, times, lengths, words, postings])
  }

  get #index(): WordIndex {
    this.#words ??= (this.#growing ?? new GrowingWords()).index()
    return this.#words
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

  ids(): readonly string[] {
    return this.#documents.ids()
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
    this.#growing ??= this.#words === null ? new GrowingWords() : GrowingWords.from(this.#words)
    this.#documents.add(findable)
    this.#growing.add(findable)
    this.#words = null
    this.keptAs = null
    if (this.#documents.rowCount >= this.#most) this.tidy()
  }

  remove(id: string): void {
    if (!this.has(id)) return
    this.#documents.remove(id)
    this.keptAs = null
  }

  /** Lets go of what was removed, and holds in less what doesn't grow. */
  tidy(): void {
    const { rowCount, size } = this.#documents
    if (size === rowCount && this.#growing === null) return
    if (size === rowCount) {
      this.#words = this.#index
      this.#documents = Documents.open(this.#documents.encode())
    } else {
      const tidied = SearchVolume.open(this.encode(), true)
      this.#documents = tidied.#documents
      this.#words = tidied.#words
    }
    this.#isFull ||= this.#documents.rowCount >= this.#most
    this.#growing = null
  }

  /** Rows that a filter lets through. */
  rows(filter: SearchFilter): readonly number[] {
    return this.#documents.rows().filter(this.#documents.passes(filter))
  }

  /** What has every word. @param limit so many of the best are wanted; of what is as good, the newest. */
  search(query: string, filter: SearchFilter, limit: number): FoundInVolume {
    const documents = this.#documents
    const words = this.#index
    const fitting = words.fitting(query)
    const scores = words.search(fitting, documents.size === documents.rowCount ? null : documents.isThere)
    const matchesOf = (row: number): readonly string[] => words.matches(fitting, documents.read(row))
    if (scores === null) return { count: 0, rows: [], matchesOf }
    const passes = documents.passes(filter)
    const order = (a: FoundRow, b: FoundRow): number =>
      b.score - a.score || documents.timeOf(b.row) - documents.timeOf(a.row)
    let [count, least, rows] = [0, 0, [] as FoundRow[]]
    for (let row = 0; row < scores.length; row++) {
      const score = scores[row] ?? 0
      if (score === 0 || !passes(row)) continue
      count += 1
      // Nearly all of what has a common word is left out here.
      if (score < least) continue
      rows.push({ row, score })
      if (rows.length < 2 * limit) continue
      rows = rows.toSorted(order).slice(0, limit)
      least = rows.at(-1)?.score ?? 0
    }
    return { count, rows, matchesOf }
  }
}
