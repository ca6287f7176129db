import MiniSearch, { type Options, type SearchResult } from "minisearch"
import * as z from "zod"
import type { RandomBytes } from "../../../shared/protocol/ambient.js"
import { fromUtf8, utf8 } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { openRecord, sealRecord, type SealPlace } from "../../crypto/committed-seal.js"
import { foldWord, toleranceOf, wordsOf } from "./words.js"

/** What can be found of one meeting, by this device alone. It needs no client: a worker can hold it. SPEC.md §14.2. */

const uint = z.number().int().min(0)

/** Something that can be found. */
export interface Findable {
  /** Unique in its meeting. */
  readonly id: string
  readonly kind: "meeting" | "recording" | "message" | "caption" | "imported"
  readonly text: string
  /** Names of its files, which are searched too. */
  readonly files: string
  readonly hasFile: boolean
  /** Genesis hash in hexadecimal of who signed it; `null` for what nobody signed as its author. */
  readonly author: string | null
  /** A name that a platform or a transcript wrote. Nobody's account stands behind it. */
  readonly claimedAuthor: string | null
  readonly timeMs: number
  readonly recording: string | null
  /** On the recording's clock. */
  readonly placeMs: number | null
  readonly message: string | null
}

/** How far it was brought up to date. */
const readUntilSchema = z.object({
  logSeq: uint,
  chat: z.object({ incarnation: uint, until: uint }).nullable(),
  /** By recording id in hexadecimal: what it is called, and whether what goes along with it is in. */
  recordings: z.record(z.string(), z.object({ title: z.string().nullable(), isWhole: z.boolean() })),
})
export type ReadUntil = z.infer<typeof readUntilSchema>

const shardSchema = z.object({ version: z.literal(1), readUntil: readUntilSchema, index: z.unknown() })

const OPTIONS: Options<Findable> = {
  fields: ["text", "files", "claimedAuthor"],
  storeFields: [
    "kind",
    "text",
    "files",
    "hasFile",
    "author",
    "claimedAuthor",
    "timeMs",
    "recording",
    "placeMs",
    "message",
  ],
  tokenize: (text) => [...wordsOf(text)],
  processTerm: (word) => foldWord(word),
  // Cleaned up when it is kept, and not in the midst of something else.
  autoVacuum: false,
}

export interface SearchFilter {
  /** An account's id in hexadecimal, or part of a name that a platform wrote. */
  readonly author?: { readonly account: string | null; readonly name: string }
  readonly fromMs?: number
  /** Before this. */
  readonly untilMs?: number
  readonly hasFile?: boolean
}

export interface Found extends Findable {
  readonly score: number
  /** The words of it that were found, folded; none where none was asked for. */
  readonly matches: readonly string[]
}

/** Who is named as an author of what is in a shard. */
export interface IndexedAuthors {
  /** Genesis hashes in hexadecimal. */
  readonly accounts: ReadonlySet<string>
  /** Names that a platform or a transcript wrote. */
  readonly claimed: ReadonlySet<string>
}

export class SearchShard {
  #index: MiniSearch<Findable>
  /** `null` until somebody asked. */
  #authors: { readonly accounts: Set<string>; readonly claimed: Set<string> } | null = null
  readUntil: ReadUntil

  private constructor(index: MiniSearch<Findable>, readUntil: ReadUntil) {
    this.#index = index
    this.readUntil = readUntil
  }

  static empty(): SearchShard {
    return new SearchShard(new MiniSearch(OPTIONS), { logSeq: 0, chat: null, recordings: {} })
  }

  get size(): number {
    return this.#index.documentCount
  }

  has(id: string): boolean {
    return this.#index.has(id)
  }

  /** What something says; `null` where it isn't there. */
  textOf(id: string): string | null {
    const text = this.#index.getStoredFields(id)?.["text"]
    return typeof text === "string" ? text : null
  }

  /** In the place of whatever had its id. */
  put(findable: Findable): void {
    if (this.#index.has(findable.id)) this.#index.discard(findable.id)
    this.#index.add(findable)
    this.#note(findable)
  }

  remove(id: string): void {
    if (this.#index.has(id)) this.#index.discard(id)
  }

  /** Removes all of a recording. */
  removeRecording(recording: string): void {
    const all = this.#index.search(MiniSearch.wildcard, {
      filter: (found) => found["recording"] === recording && found["kind"] !== "message",
    })
    for (const { id } of all) this.#index.discard(id as string)
  }

  /** The best first: what has every word of the query, the last perhaps only begun. Without a word, everything that the filter lets through, the newest first. */
  search(query: string, filter: SearchFilter = {}): readonly Found[] {
    const isWanted = (found: SearchResult): boolean => passes(found as unknown as Findable, filter)
    if (wordsOf(query).length === 0)
      return query.trim() === ""
        ? toFound(this.#index.search(MiniSearch.wildcard, { filter: isWanted })).toSorted((a, b) => b.timeMs - a.timeMs)
        : []
    const found = this.#index.search(query, {
      combineWith: "AND",
      prefix: true,
      fuzzy: (word) => toleranceOf(word),
      filter: isWanted,
    })
    return toFound(found)
  }

  /** Also those of what was removed since it was opened. */
  authors(): IndexedAuthors {
    if (this.#authors === null) {
      this.#authors = { accounts: new Set(), claimed: new Set() }
      for (const found of this.#index.search(MiniSearch.wildcard)) this.#note(found as unknown as Findable)
    }
    return this.#authors
  }

  #note({ author, claimedAuthor }: Findable): void {
    if (author !== null) this.#authors?.accounts.add(author)
    if (claimedAuthor !== null) this.#authors?.claimed.add(claimedAuthor)
  }

  /** SPEC.md §14.2. */
  seal(key: Uint8Array, meetingHash: Uint8Array, random: RandomBytes): Uint8Array {
    const shard = { version: 1, readUntil: this.readUntil, index: this.#index.toJSON() }
    return sealRecord(shardPlace(key, meetingHash), utf8(JSON.stringify(shard)), random)
  }

  /** Makes room of what was removed. */
  async tidy(): Promise<void> {
    if (this.#index.dirtCount > 0) await this.#index.vacuum()
  }

  /** @throws {@link ArchiveError} `cannot-open`, `malformed`, `unsupported-version`: then it is built anew. Y5. */
  static open(key: Uint8Array, meetingHash: Uint8Array, sealed: Uint8Array): SearchShard {
    return SearchShard.parse(openRecord(shardPlace(key, meetingHash), sealed))
  }

  /** An empty one in the place of what doesn't open. Y5. */
  static openOrEmpty(...given: Parameters<typeof SearchShard.open>): SearchShard {
    try {
      return SearchShard.open(...given)
    } catch (error) {
      if (!isArchiveError(error)) throw error
      return SearchShard.empty()
    }
  }

  /** What a shard's seal holds. @throws {@link ArchiveError} `malformed`, `unsupported-version`. */
  static parse(plaintext: Uint8Array): SearchShard {
    const { readUntil, index } = readShard(plaintext)
    try {
      const raw = index as Parameters<typeof MiniSearch.loadJS>[0]
      return new SearchShard(MiniSearch.loadJS<Findable>(raw, OPTIONS), readUntil)
    } catch (cause) {
      throw new ArchiveError("malformed", "a search index of another form", { cause })
    }
  }
}

function readShard(plaintext: Uint8Array): { readonly readUntil: ReadUntil; readonly index: unknown } {
  let raw: unknown
  try {
    raw = JSON.parse(fromUtf8(plaintext))
  } catch (cause) {
    throw new ArchiveError("malformed", "a search index that is no JSON", { cause })
  }
  const version = z.object({ version: z.number() }).safeParse(raw)
  if (version.success && version.data.version !== 1)
    throw new ArchiveError("unsupported-version", `a search index of version ${version.data.version}`)
  const parsed = shardSchema.safeParse(raw)
  if (!parsed.success || typeof parsed.data.index !== "object" || parsed.data.index === null)
    throw new ArchiveError("malformed", "a search index of another form")
  return parsed.data
}

function shardPlace(key: Uint8Array, meetingHash: Uint8Array): SealPlace {
  return { key, label: LABELS.searchIndex, context: meetingHash, aad: new Uint8Array(0) }
}

function passes(found: Findable, { author, fromMs, untilMs, hasFile }: SearchFilter): boolean {
  if (fromMs !== undefined && found.timeMs < fromMs) return false
  if (untilMs !== undefined && found.timeMs >= untilMs) return false
  if (hasFile === true && !found.hasFile) return false
  if (author === undefined) return true
  // An account's id begins its genesis hash.
  if (author.account !== null && found.author?.startsWith(author.account) === true) return true
  const claimed = found.claimedAuthor
  return claimed !== null && author.name !== "" && foldWord(claimed).includes(foldWord(author.name))
}

/** What is found by a common word is much: each is what the index gave, and no copy of it. */
function toFound(results: readonly SearchResult[]): readonly Found[] {
  for (const result of results) result["matches"] = result.terms
  return results as unknown as readonly Found[]
}
