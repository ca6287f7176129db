import * as z from "zod"
import { fromUtf8, utf8 } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { Findable, SearchFilter } from "./findable.js"
import { foldWord } from "./words.js"

/** What can be found, row by row, as it is kept: read when it is shown. What filters and orders ask of many rows is beside it. SPEC.md §14.2. */

const KINDS = ["meeting", "recording", "message", "caption", "imported"] as const
const NO_NAME = -1
const LINE_END = 0x0a

const name = z.int().min(NO_NAME)
const rowSchema = z.tuple([
  z.string(),
  z
    .int()
    .min(0)
    .max(KINDS.length - 1),
  z.string(),
  z.string(),
  z.boolean(),
  // Author, claimed author and recording, by their places among the names.
  name,
  name,
  name,
  // When, where on its recording's clock, and its message.
  z.number(),
  z.number().nullable(),
  z.string().nullable(),
])
type Row = z.infer<typeof rowSchema>
const namesSchema = z.array(z.string())

export class Documents {
  /** Rows as they were kept, in JSON, and where each begins. */
  readonly #kept: Uint8Array
  readonly #begins: number[] = []
  /** Rows behind those. */
  readonly #added: string[] = []
  readonly #names: string[] = []
  readonly #places = new Map<string, number>()
  /** By id. What was removed has none. */
  readonly #rows = new Map<string, number>()
  readonly #removed = new Set<number>()
  // An array for each: an object for each row takes several times as much.
  readonly #kinds: number[] = []
  readonly #hasFile: boolean[] = []
  readonly #authors: number[] = []
  readonly #claimed: number[] = []
  readonly #recordings: number[] = []
  readonly #times: number[] = []

  private constructor(kept: Uint8Array) {
    this.#kept = kept
  }

  static empty(): Documents {
    return new Documents(new Uint8Array(0))
  }

  /** @throws {@link ArchiveError} `malformed`. */
  static open(kept: Uint8Array): Documents {
    const documents = new Documents(kept)
    const [names, ...rows] = fromUtf8(kept).split("\n")
    // Each line is ended.
    if (rows.pop() !== "") throw otherForm()
    for (const each of parse(namesSchema, names ?? "")) documents.#placeOf(each)
    let end = kept.indexOf(LINE_END)
    for (const row of rows) {
      documents.#note(parse(rowSchema, row))
      documents.#begins.push(end + 1)
      end = kept.indexOf(LINE_END, end + 1)
    }
    return documents
  }

  /** Rows, those of what was removed among them. */
  get rowCount(): number {
    return this.#kinds.length
  }

  /** What is there. */
  get size(): number {
    return this.#rows.size
  }

  /** The rows of what is there, ascending. */
  rows(): Iterable<number> {
    return this.#rows.values()
  }

  ids(): Iterable<string> {
    return this.#rows.keys()
  }

  rowOf(id: string): number | undefined {
    return this.#rows.get(id)
  }

  timeOf(row: number): number {
    return this.#times[row] ?? 0
  }

  read(row: number): Findable {
    const [id, kind, text, files, hasFile, author, claimedAuthor, recording, timeMs, placeMs, message] =
      this.#rowAt(row)
    const named = (place: number): string | null => this.#names[place] ?? null
    return {
      id,
      kind: KINDS[kind] ?? "message",
      text,
      files,
      hasFile,
      author: named(author),
      claimedAuthor: named(claimedAuthor),
      timeMs,
      recording: named(recording),
      placeMs,
      message,
    }
  }

  /** @param findable whose id is not there. @returns its row, the last. */
  add(findable: Findable): number {
    const { id, kind, text, files, hasFile, author, claimedAuthor, timeMs, recording, placeMs, message } = findable
    const place = (named: string | null): number => (named === null ? NO_NAME : this.#placeOf(named))
    const row: Row = [
      ...([id, KINDS.indexOf(kind), text, files, hasFile] as const),
      ...([place(author), place(claimedAuthor), place(recording), timeMs, placeMs, message] as const),
    ]
    this.#added.push(JSON.stringify(row))
    return this.#note(row)
  }

  remove(id: string): void {
    const row = this.#rows.get(id)
    if (row === undefined) return
    this.#rows.delete(id)
    this.#removed.add(row)
  }

  /** Whether a row was not removed. */
  readonly isThere = (row: number): boolean => !this.#removed.has(row)

  /** Which rows a filter lets through. */
  passes({ author, fromMs, untilMs, hasFile }: SearchFilter): (row: number) => boolean {
    const isBy = author === undefined ? null : this.#isBy(author)
    return (row) => {
      const timeMs = this.timeOf(row)
      if (fromMs !== undefined && timeMs < fromMs) return false
      if (untilMs !== undefined && timeMs >= untilMs) return false
      if (hasFile === true && this.#hasFile[row] !== true) return false
      return isBy === null || isBy(row)
    }
  }

  #isBy({ account, name: wanted }: NonNullable<SearchFilter["author"]>): (row: number) => boolean {
    // An account's id begins its genesis hash.
    const accounts = this.#names.map((each) => account !== null && each.startsWith(account))
    const claimed = this.#names.map((each) => wanted !== "" && foldWord(each).includes(foldWord(wanted)))
    return (row) => accounts[this.#authors[row] ?? NO_NAME] === true || claimed[this.#claimed[row] ?? NO_NAME] === true
  }

  /** Who is named as an author, of what is there. */
  authors(): { readonly accounts: ReadonlySet<string>; readonly claimed: ReadonlySet<string> } {
    const [accounts, claimed] = [new Set<string>(), new Set<string>()]
    for (const row of this.#rows.values()) {
      const [author, other] = [this.#names[this.#authors[row] ?? NO_NAME], this.#names[this.#claimed[row] ?? NO_NAME]]
      if (author !== undefined) accounts.add(author)
      if (other !== undefined) claimed.add(other)
    }
    return { accounts, claimed }
  }

  /** Ids of what is in a recording, or goes along with it; messages that name a place in it are not. */
  idsOf(recording: string): readonly string[] {
    const place = this.#places.get(recording)
    const message = KINDS.indexOf("message")
    return [...this.#rows].flatMap(([id, row]) =>
      place !== undefined && this.#recordings[row] === place && this.#kinds[row] !== message ? [id] : [],
    )
  }

  /** As `open` takes it, without what was removed. */
  encode(): Uint8Array {
    if (this.#added.length === 0 && this.#rows.size === this.rowCount && this.#kept.length > 0) return this.#kept
    const tidy = Documents.empty()
    for (const row of this.#rows.values()) tidy.add(this.read(row))
    return utf8([JSON.stringify(tidy.#names), ...tidy.#added].map((line) => `${line}\n`).join(""))
  }

  #rowAt(row: number): Row {
    const begin = this.#begins[row]
    const line =
      begin === undefined
        ? (this.#added[row - this.#begins.length] ?? "")
        : fromUtf8(this.#kept.subarray(begin, this.#kept.indexOf(LINE_END, begin)))
    return JSON.parse(line) as Row
  }

  #note(row: Row): number {
    const [id, kind, , , hasFile, author, claimedAuthor, recording, timeMs] = row
    const at = this.rowCount
    this.#rows.set(id, at)
    this.#kinds.push(kind)
    this.#hasFile.push(hasFile)
    this.#authors.push(author)
    this.#claimed.push(claimedAuthor)
    this.#recordings.push(recording)
    this.#times.push(timeMs)
    return at
  }

  #placeOf(named: string): number {
    const known = this.#places.get(named)
    if (known !== undefined) return known
    this.#places.set(named, this.#names.length)
    return this.#names.push(named) - 1
  }
}

function parse<T>(schema: z.ZodType<T>, line: string): T {
  try {
    return schema.parse(JSON.parse(line))
  } catch (cause) {
    throw otherForm(cause)
  }
}

function otherForm(cause?: unknown): ArchiveError {
  return new ArchiveError("malformed", "a search index of another form", { cause })
}
