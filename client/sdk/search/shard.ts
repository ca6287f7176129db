import MiniSearch, { type Options, type SearchOptions, type SearchResult } from "minisearch"
import * as z from "zod"
import type { RandomBytes } from "../../../shared/protocol/ambient.js"
import { concatBytes, equalBytes, fromHex, fromUtf8, toHex, u32, utf8 } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { sha256 } from "../../../shared/protocol/hash.js"
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

const VERSION = 2
const headSchema = z.object({
  version: z.literal(VERSION),
  readUntil: readUntilSchema,
  /** Of each volume as it is sealed, the oldest first. */
  volumes: z.array(z.object({ sizeBytes: z.int().min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
})
type ShardHead = z.infer<typeof headSchema>

const HEAD_LENGTH_BYTES = 4
/** Searched, and sealed, at once: a word that everything has holds nobody up, and sealing takes no second of the memory. */
const VOLUME_SIZE = 8_000

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

/** What was found; where it is not whole, there is more in what is older. */
export interface FoundSome {
  readonly found: readonly Found[]
  readonly isWhole: boolean
}

export class SearchShard {
  /** What was put in first is in the first of them. */
  readonly #volumes: MiniSearch<Findable>[]
  /** `null` until somebody asked. */
  #authors: { readonly accounts: Set<string>; readonly claimed: Set<string> } | null = null
  readUntil: ReadUntil

  private constructor(volumes: MiniSearch<Findable>[], readUntil: ReadUntil) {
    this.#volumes = volumes
    this.readUntil = readUntil
  }

  static empty(): SearchShard {
    return new SearchShard([], { logSeq: 0, chat: null, recordings: {} })
  }

  get size(): number {
    return this.#volumes.reduce((size, volume) => size + volume.documentCount, 0)
  }

  has(id: string): boolean {
    return this.#volumeOf(id) !== undefined
  }

  /** What something says; `null` where it isn't there. */
  textOf(id: string): string | null {
    const text = this.#volumeOf(id)?.getStoredFields(id)?.["text"]
    return typeof text === "string" ? text : null
  }

  /** In the place of whatever had its id. */
  put(findable: Findable): void {
    this.remove(findable.id)
    let last = this.#volumes.at(-1)
    if (last === undefined || last.documentCount >= VOLUME_SIZE) {
      last = new MiniSearch(OPTIONS)
      this.#volumes.push(last)
    }
    last.add(findable)
    this.#note(findable)
  }

  remove(id: string): void {
    this.#volumeOf(id)?.discard(id)
  }

  #volumeOf(id: string): MiniSearch<Findable> | undefined {
    return this.#volumes.find((volume) => volume.has(id))
  }

  /** Removes all of a recording. */
  removeRecording(recording: string): void {
    for (const volume of this.#volumes) {
      const all = volume.search(MiniSearch.wildcard, {
        filter: (found) => found["recording"] === recording && found["kind"] !== "message",
      })
      for (const { id } of all) volume.discard(id as string)
    }
  }

  /** The best first: what has every word of the query, the last perhaps only begun. Without a word, everything that the filter lets through, the newest first. */
  search(query: string, filter: SearchFilter = {}): readonly Found[] {
    return this.searchSome(query, filter, () => false).found
  }

  /**
   * As `search`, from what was put in last to what was put in first, until that is enough. Without a word nothing is left out.
   * @param isEnough asked now and then, with how much was found.
   */
  searchSome(query: string, filter: SearchFilter, isEnough: (count: number) => boolean): FoundSome {
    const isWanted = (found: SearchResult): boolean => passes(found as unknown as Findable, filter)
    if (wordsOf(query).length === 0) {
      const all =
        query.trim() === ""
          ? this.#volumes.flatMap((volume) => toFound(volume.search(MiniSearch.wildcard, { filter: isWanted })))
          : []
      return { found: all.toSorted((a, b) => b.timeMs - a.timeMs), isWhole: true }
    }
    const found: (readonly Found[])[] = []
    let [count, isWhole] = [0, true]
    for (const volume of this.#volumes.toReversed()) {
      isWhole = count === 0 || !isEnough(count)
      if (!isWhole) break
      const here = searchVolume(volume, query, isWanted)
      count += here.length
      found.push(toFound(here))
    }
    const [alone] = found
    const all = found.length === 1 && alone !== undefined ? alone : found.flat().toSorted((a, b) => b.score - a.score)
    return { found: all, isWhole }
  }

  /** Also those of what was removed since it was opened. */
  authors(): IndexedAuthors {
    if (this.#authors === null) {
      this.#authors = { accounts: new Set(), claimed: new Set() }
      for (const volume of this.#volumes)
        for (const found of volume.search(MiniSearch.wildcard)) this.#note(found as unknown as Findable)
    }
    return this.#authors
  }

  #note({ author, claimedAuthor }: Findable): void {
    if (author !== null) this.#authors?.accounts.add(author)
    if (claimedAuthor !== null) this.#authors?.claimed.add(claimedAuthor)
  }

  /** SPEC.md §14.2. */
  seal(key: Uint8Array, meetingHash: Uint8Array, random: RandomBytes): Uint8Array {
    const volumes = this.#volumes.map((volume) =>
      sealRecord(shardPlace(key, meetingHash), utf8(JSON.stringify(volume)), random),
    )
    const head: ShardHead = {
      version: VERSION,
      readUntil: this.readUntil,
      volumes: volumes.map((sealed) => ({ sizeBytes: sealed.length, sha256: toHex(sha256(sealed)) })),
    }
    const sealedHead = sealRecord(shardPlace(key, meetingHash), utf8(JSON.stringify(head)), random)
    return concatBytes(u32(sealedHead.length), sealedHead, ...volumes)
  }

  /** Makes room of what was removed. */
  async tidy(): Promise<void> {
    for (const volume of this.#volumes) if (volume.dirtCount > 0) await volume.vacuum()
  }

  /** @throws {@link ArchiveError} `cannot-open`, `malformed`, `unsupported-version`: then it is built anew. Y5. */
  static open(key: Uint8Array, meetingHash: Uint8Array, sealed: Uint8Array): SearchShard {
    const place = shardPlace(key, meetingHash)
    if (sealed.length < HEAD_LENGTH_BYTES) throw otherForm()
    let at = HEAD_LENGTH_BYTES + new DataView(sealed.buffer, sealed.byteOffset).getUint32(0)
    const head = readShardHead(openRecord(place, sealed.subarray(HEAD_LENGTH_BYTES, at)))
    const volumes = head.volumes.map((volume) => {
      const raw = sealed.subarray(at, (at += volume.sizeBytes))
      // One of them out of an older writing would open as well.
      if (!equalBytes(sha256(raw), fromHex(volume.sha256))) throw otherForm()
      return readVolume(openRecord(place, raw))
    })
    if (at !== sealed.length) throw otherForm()
    return new SearchShard(volumes, head.readUntil)
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
}

const BY_WORDS: SearchOptions = { combineWith: "AND", prefix: true, fuzzy: (word) => toleranceOf(word) }

/** What has every word. The longest is looked for alone first, as it is the rarest more often than not: only what has it is worth a look at the others. */
function searchVolume(
  volume: MiniSearch<Findable>,
  query: string,
  filter: (found: SearchResult) => boolean,
): readonly SearchResult[] {
  const words = wordsOf(query)
  if (words.length < 2) return volume.search(query, { ...BY_WORDS, filter })
  const longest = words.reduce((one, other) => (other.length > one.length ? other : one))
  const having = new Set(volume.search(longest, BY_WORDS).map(({ id }) => id as string))
  if (having.size === 0) return []
  return volume.search(query, { ...BY_WORDS, filter, boostDocument: (id) => (having.has(id as string) ? 1 : 0) })
}

/** What a shard's first seal holds. @throws {@link ArchiveError} `malformed`, `unsupported-version`. */
export function readShardHead(plaintext: Uint8Array): ShardHead {
  const raw = parseJson(plaintext)
  const version = z.object({ version: z.number() }).safeParse(raw)
  if (version.success && version.data.version !== VERSION)
    throw new ArchiveError("unsupported-version", `a search index of version ${version.data.version}`)
  const parsed = headSchema.safeParse(raw)
  if (!parsed.success) throw otherForm()
  return parsed.data
}

/** What each of the others holds, as the library writes it. @throws {@link ArchiveError} `malformed`. */
export function readVolume(plaintext: Uint8Array): MiniSearch<Findable> {
  const raw = parseJson(plaintext)
  if (typeof raw !== "object" || raw === null) throw otherForm()
  try {
    return MiniSearch.loadJS<Findable>(raw as Parameters<typeof MiniSearch.loadJS>[0], OPTIONS)
  } catch (cause) {
    throw otherForm(cause)
  }
}

function parseJson(plaintext: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(plaintext))
  } catch (cause) {
    throw new ArchiveError("malformed", "a search index that is no JSON", { cause })
  }
}

function otherForm(cause?: unknown): ArchiveError {
  return new ArchiveError("malformed", "a search index of another form", { cause })
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
