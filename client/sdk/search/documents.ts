import * as z from "zod"
import { concatBytes, fromUtf8, utf8 } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { Column } from "./column.js"
import type { Findable, SearchFilter } from "./findable.js"
import { hashMore, hashOf, IdTable, NO_HASH } from "./id-table.js"
import { NumberReader, NumberWriter } from "./numbers.js"
import { foldWord } from "./words.js"

/** What can be found, row by row, as it is kept: read when it is shown. What filters and orders ask of many rows is beside it. SPEC.md §14.2. */

const KINDS = ["meeting", "recording", "message", "caption", "imported"] as const
const NO_NAME = -1
const LINE_END = 0x0a
const QUOTE = 0x22
const ESCAPE = 0x5c
const ASCII_END = 0x80
/** A row begins with its id, in its quotes. */
const BEFORE_ID = '["'.length
const TIME_BYTES = 8

type Row = readonly [id: string, text: string, files: string, placeMs: number | null, message: string | null]
const namesSchema = z.array(z.string())

export interface EncodedDocuments {
  /** An array of strings in JSON. */
  readonly names: Uint8Array
  /** Of each row its id, text and files, its place on its recording's clock, and its message: lines of JSON, each ended. */
  readonly rows: Uint8Array
  /** Of each row its kind and whether it has a file, and its author, claimed author and recording by their places among the names. */
  readonly columns: Uint8Array
  readonly times: Uint8Array
}

export class Documents {
  /** As they were kept, and where each begins. */
  readonly #kept: Uint8Array
  readonly #begins: Uint32Array
  /** Rows behind those. */
  readonly #added: string[] = []
  readonly #names: string[] = []
  readonly #places = new Map<string, number>()
  readonly #ids = new IdTable()
  readonly #removed = new Set<number>()
  /** Twice the kind, and one more with a file. */
  readonly #kinds = new Column(new Uint8Array(0))
  readonly #authors = new Column(new Int32Array(0))
  readonly #claimed = new Column(new Int32Array(0))
  readonly #recordings = new Column(new Int32Array(0))
  readonly #times = new Column(new Float64Array(0))

  private constructor(kept: Uint8Array, begins: Uint32Array) {
    this.#kept = kept
    this.#begins = begins
  }

  static empty(): Documents {
    return new Documents(new Uint8Array(0), new Uint32Array(0))
  }

  /** @throws {@link ArchiveError} `malformed`. */
  static open({ names, rows, columns, times }: EncodedDocuments): Documents {
    const rowCount = Math.floor(times.length / TIME_BYTES)
    const documents = new Documents(rows, new Uint32Array(rowCount))
    for (const each of readNames(names)) documents.#placeOf(each)
    const reader = new NumberReader(columns)
    const view = new DataView(times.buffer, times.byteOffset, times.length)
    let begin = 0
    for (let row = 0; row < rowCount; row++) {
      documents.#begins[row] = begin
      begin = rows.indexOf(LINE_END, begin) + 1
      if (begin === 0) throw otherForm()
      documents.#ids.add(documents.#hashAt(row))
      documents.#kinds.push(below(2 * KINDS.length, reader.read()))
      for (const column of [documents.#authors, documents.#claimed, documents.#recordings])
        column.push(below(documents.#names.length, reader.read() - 1))
      documents.#times.push(view.getFloat64(row * TIME_BYTES))
    }
    if (begin !== rows.length || reader.at !== columns.length || times.length !== rowCount * TIME_BYTES)
      throw otherForm()
    return documents
  }

  /** Rows, those of what was removed among them. */
  get rowCount(): number {
    return this.#kinds.length
  }

  /** What is there. */
  get size(): number {
    return this.rowCount - this.#removed.size
  }

  /** The rows of what is there, ascending. */
  rows(): readonly number[] {
    return [...Array(this.rowCount).keys()].filter(this.isThere)
  }

  ids(): readonly string[] {
    return this.rows().map((row) => this.#rowAt(row)[0])
  }

  /** Whether a row was not removed. */
  readonly isThere = (row: number): boolean => !this.#removed.has(row)

  rowOf(id: string): number | undefined {
    return this.#ids.find(hashOf(id), (row) => this.isThere(row) && this.#rowAt(row)[0] === id)
  }

  timeOf(row: number): number {
    return this.#times.at(row)
  }

  /** @throws {@link ArchiveError} `malformed`. */
  read(row: number): Findable {
    const [id, text, files, placeMs, message] = this.#rowAt(row)
    const named = (column: Column): string | null => this.#names[column.at(row)] ?? null
    return {
      id,
      kind: KINDS[this.#kinds.at(row) >>> 1] ?? "message",
      text,
      files,
      hasFile: this.#hasFile(row),
      author: named(this.#authors),
      claimedAuthor: named(this.#claimed),
      timeMs: this.timeOf(row),
      recording: named(this.#recordings),
      placeMs,
      message,
    }
  }

  /** @param findable whose id is not there. */
  add(findable: Findable): void {
    const { id, kind, text, files, hasFile, author, claimedAuthor, timeMs, recording, placeMs, message } = findable
    const place = (named: string | null): number => (named === null ? NO_NAME : this.#placeOf(named))
    const row: Row = [id, text, files, placeMs, message]
    this.#added.push(JSON.stringify(row))
    this.#ids.add(hashOf(id))
    this.#kinds.push(2 * KINDS.indexOf(kind) + (hasFile ? 1 : 0))
    this.#authors.push(place(author))
    this.#claimed.push(place(claimedAuthor))
    this.#recordings.push(place(recording))
    this.#times.push(timeMs)
  }

  remove(id: string): void {
    const row = this.rowOf(id)
    if (row !== undefined) this.#removed.add(row)
  }

  /** Which rows a filter lets through. */
  passes({ author, fromMs, untilMs, hasFile }: SearchFilter): (row: number) => boolean {
    const isBy = author === undefined ? null : this.#isBy(author)
    return (row) => {
      const timeMs = this.timeOf(row)
      if (fromMs !== undefined && timeMs < fromMs) return false
      if (untilMs !== undefined && timeMs >= untilMs) return false
      if (hasFile === true && !this.#hasFile(row)) return false
      return isBy === null || isBy(row)
    }
  }

  #hasFile(row: number): boolean {
    return this.#kinds.at(row) % 2 === 1
  }

  #isBy({ account, name: wanted }: NonNullable<SearchFilter["author"]>): (row: number) => boolean {
    // An account's id begins its genesis hash.
    const accounts = this.#names.map((each) => account !== null && each.startsWith(account))
    const claimed = this.#names.map((each) => wanted !== "" && foldWord(each).includes(foldWord(wanted)))
    return (row) => accounts[this.#authors.at(row)] === true || claimed[this.#claimed.at(row)] === true
  }

  /** Who is named as an author, of what is there. */
  authors(): { readonly accounts: ReadonlySet<string>; readonly claimed: ReadonlySet<string> } {
    const [accounts, claimed] = [new Set<string>(), new Set<string>()]
    for (const row of this.rows()) {
      const [author, other] = [this.#names[this.#authors.at(row)], this.#names[this.#claimed.at(row)]]
      if (author !== undefined) accounts.add(author)
      if (other !== undefined) claimed.add(other)
    }
    return { accounts, claimed }
  }

  /** Ids of what is in a recording, or goes along with it; messages that name a place in it are not. */
  idsOf(recording: string): readonly string[] {
    const place = this.#places.get(recording)
    if (place === undefined) return []
    const message = KINDS.indexOf("message")
    return this.rows()
      .filter((row) => this.#recordings.at(row) === place && this.#kinds.at(row) >>> 1 !== message)
      .map((row) => this.#rowAt(row)[0])
  }

  /** As `open` takes it, without what was removed. */
  encode(): EncodedDocuments {
    if (this.#removed.size > 0) {
      const tidy = Documents.empty()
      for (const row of this.rows()) tidy.add(this.read(row))
      return tidy.encode()
    }
    const columns = new NumberWriter()
    const times = new Uint8Array(this.rowCount * TIME_BYTES)
    const view = new DataView(times.buffer)
    for (let row = 0; row < this.rowCount; row++) {
      columns.write(this.#kinds.at(row))
      for (const column of [this.#authors, this.#claimed, this.#recordings]) columns.write(column.at(row) + 1)
      view.setFloat64(row * TIME_BYTES, this.timeOf(row))
    }
    const added = utf8(this.#added.map((line) => `${line}\n`).join(""))
    return {
      names: utf8(JSON.stringify(this.#names)),
      rows: this.#added.length === 0 ? this.#kept : concatBytes(this.#kept, added),
      columns: columns.bytes(),
      times,
    }
  }

  /** Of a row's id, as it is kept. */
  #hashAt(row: number): number {
    let hash = NO_HASH
    for (let at = (this.#begins[row] ?? 0) + BEFORE_ID; ; at++) {
      const byte = this.#kept[at] ?? ESCAPE
      if (byte === QUOTE) return hash
      if (byte === ESCAPE || byte >= ASCII_END) return hashOf(this.#rowAt(row)[0])
      hash = hashMore(hash, byte)
    }
  }

  #rowAt(row: number): Row {
    const begin = this.#begins[row]
    const line =
      begin === undefined
        ? (this.#added[row - this.#begins.length] ?? "")
        : fromUtf8(this.#kept.subarray(begin, this.#kept.indexOf(LINE_END, begin)))
    return readRow(line)
  }

  #placeOf(named: string): number {
    const known = this.#places.get(named)
    if (known !== undefined) return known
    this.#places.set(named, this.#names.length)
    return this.#names.push(named) - 1
  }
}

function below(limit: number, value: number): number {
  if (value >= limit) throw otherForm()
  return value
}

function readNames(raw: Uint8Array): readonly string[] {
  const parsed = namesSchema.safeParse(parseJson(fromUtf8(raw)))
  if (!parsed.success) throw otherForm(parsed.error)
  return parsed.data
}

/** By hand: a page of what was found is read at each letter, and a schema takes longer for it than all of the search. */
function readRow(line: string): Row {
  const parsed = parseJson(line)
  if (!Array.isArray(parsed)) throw otherForm()
  const [id, text, files, placeMs, message, ...others] = parsed as readonly unknown[]
  const isText = typeof id === "string" && typeof text === "string" && typeof files === "string"
  const isPlaced = placeMs === null || typeof placeMs === "number"
  const isNamed = message === null || typeof message === "string"
  if (!isText || !isPlaced || !isNamed || others.length > 0) throw otherForm()
  return [id, text, files, placeMs, message]
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw otherForm(cause)
  }
}

function otherForm(cause?: unknown): ArchiveError {
  return new ArchiveError("malformed", "a search index of another form", { cause })
}
