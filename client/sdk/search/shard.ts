import * as z from "zod"
import type { RandomBytes } from "../../../shared/protocol/ambient.js"
import { concatBytes, equalBytes, fromHex, fromUtf8, toHex, u32, utf8 } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { sha256 } from "../../../shared/protocol/hash.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { openRecord, sealRecord, type SealPlace } from "../../crypto/committed-seal.js"
import type { Findable, SearchFilter } from "./findable.js"
import { type FoundRow, SearchVolume } from "./volume.js"
import { wordsOf } from "./words.js"

export type { Findable, SearchFilter } from "./findable.js"

/** What can be found of one meeting, by this device alone. It needs no client: a worker can hold it. SPEC.md §14.2. */

const uint = z.number().int().min(0)

/** How far it was brought up to date. */
const readUntilSchema = z.object({
  logSeq: uint,
  chat: z.object({ incarnation: uint, until: uint }).nullable(),
  /** By recording id in hexadecimal: what it is called, and whether what goes along with it is in. */
  recordings: z.record(z.string(), z.object({ title: z.string().nullable(), isWhole: z.boolean() })),
})
export type ReadUntil = z.infer<typeof readUntilSchema>

const VERSION = 3
const headSchema = z.object({
  version: z.literal(VERSION),
  readUntil: readUntilSchema,
  /** Of each volume as it is sealed, the oldest first. */
  volumes: z.array(z.object({ sizeBytes: z.int().min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
})
type ShardHead = z.infer<typeof headSchema>

const HEAD_LENGTH_BYTES = 4
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

/** How much of what is found is wanted. */
export interface Wanted {
  /** So many of the first are read. */
  readonly limit: number
  /** Asked now and then, with how much was found. */
  readonly isEnough: (count: number) => boolean
}

/** The first of what was found, and how much there is; where it is not whole, there is more in what is older. */
export interface FoundSome {
  readonly first: readonly Found[]
  readonly total: number
  readonly isWhole: boolean
}

const ALL: Wanted = { limit: Number.POSITIVE_INFINITY, isEnough: () => false }

export class SearchShard {
  /** What was put in first is in the first of them. */
  readonly #volumes: SearchVolume[]
  /** `null` until somebody asked. */
  #authors: { readonly accounts: Set<string>; readonly claimed: Set<string> } | null = null
  readUntil: ReadUntil

  private constructor(volumes: SearchVolume[], readUntil: ReadUntil) {
    this.#volumes = volumes
    this.readUntil = readUntil
  }

  static empty(): SearchShard {
    return new SearchShard([], { logSeq: 0, chat: null, recordings: {} })
  }

  get size(): number {
    return this.#volumes.reduce((size, volume) => size + volume.size, 0)
  }

  has(id: string): boolean {
    return this.#volumeOf(id) !== undefined
  }

  /** What something says; `null` where it isn't there. */
  textOf(id: string): string | null {
    return this.#volumeOf(id)?.get(id)?.text ?? null
  }

  /** In the place of whatever had its id. */
  put(findable: Findable): void {
    this.remove(findable.id)
    let last = this.#volumes.at(-1)
    if (last === undefined || last.isFull) {
      last = SearchVolume.empty()
      this.#volumes.push(last)
    }
    last.add(findable)
    this.#note(findable)
  }

  remove(id: string): void {
    this.#volumeOf(id)?.remove(id)
  }

  #volumeOf(id: string): SearchVolume | undefined {
    return this.#volumes.find((volume) => volume.has(id))
  }

  /** Removes all of a recording. */
  removeRecording(recording: string): void {
    for (const volume of this.#volumes) for (const id of volume.idsOf(recording)) volume.remove(id)
  }

  /** The best first: what has every word of the query, the last perhaps only begun. Without a word, everything that the filter lets through, the newest first. */
  search(query: string, filter: SearchFilter = {}): readonly Found[] {
    return this.searchSome(query, filter, ALL).first
  }

  /** As `search`, from what was put in last to what was put in first, until that is enough. Without a word nothing is left out. */
  searchSome(query: string, filter: SearchFilter, { limit, isEnough }: Wanted): FoundSome {
    if (wordsOf(query).length === 0) {
      const all = query.trim() === "" ? this.#volumes.flatMap((volume) => everythingOf(volume, filter)) : []
      return someOf(all, (a, b) => b.volume.timeOf(b.row) - a.volume.timeOf(a.row), limit, true)
    }
    const found: FoundPlace[] = []
    let isWhole = true
    for (const volume of this.#volumes.toReversed()) {
      isWhole = found.length === 0 || !isEnough(found.length)
      if (!isWhole) break
      for (const each of volume.search(query, filter)) found.push({ ...each, volume })
    }
    return someOf(found, (a, b) => b.score - a.score, limit, isWhole)
  }

  /** Also those of what was removed since it was opened. */
  authors(): IndexedAuthors {
    if (this.#authors === null) {
      this.#authors = { accounts: new Set(), claimed: new Set() }
      for (const { accounts, claimed } of this.#volumes.map((volume) => volume.authors())) {
        for (const each of accounts) this.#authors.accounts.add(each)
        for (const each of claimed) this.#authors.claimed.add(each)
      }
    }
    return this.#authors
  }

  #note({ author, claimedAuthor }: Findable): void {
    if (author !== null) this.#authors?.accounts.add(author)
    if (claimedAuthor !== null) this.#authors?.claimed.add(claimedAuthor)
  }

  /** SPEC.md §14.2. */
  seal(key: Uint8Array, meetingHash: Uint8Array, random: RandomBytes): Uint8Array {
    const volumes = this.#volumes.map((volume) => sealRecord(shardPlace(key, meetingHash), volume.encode(), random))
    const head: ShardHead = {
      version: VERSION,
      readUntil: this.readUntil,
      volumes: volumes.map((sealed) => ({ sizeBytes: sealed.length, sha256: toHex(sha256(sealed)) })),
    }
    const sealedHead = sealRecord(shardPlace(key, meetingHash), utf8(JSON.stringify(head)), random)
    return concatBytes(u32(sealedHead.length), sealedHead, ...volumes)
  }

  /** Makes room of what was removed. */
  tidy(): void {
    for (const volume of this.#volumes) volume.tidy()
  }

  /** @throws {@link ArchiveError} `cannot-open`, `malformed`, `unsupported-version`: then it is built anew. Y5. */
  static open(key: Uint8Array, meetingHash: Uint8Array, sealed: Uint8Array): SearchShard {
    const place = shardPlace(key, meetingHash)
    if (sealed.length < HEAD_LENGTH_BYTES) throw otherForm()
    let at = HEAD_LENGTH_BYTES + new DataView(sealed.buffer, sealed.byteOffset).getUint32(0)
    const head = readShardHead(openRecord(place, sealed.subarray(HEAD_LENGTH_BYTES, at)))
    const volumes = head.volumes.map((volume, index) => {
      const raw = sealed.subarray(at, (at += volume.sizeBytes))
      // One of them out of an older writing would open as well.
      if (!equalBytes(sha256(raw), fromHex(volume.sha256))) throw otherForm()
      return SearchVolume.open(openRecord(place, raw), index === head.volumes.length - 1)
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

interface FoundPlace extends FoundRow {
  readonly volume: SearchVolume
}

function everythingOf(volume: SearchVolume, filter: SearchFilter): readonly FoundPlace[] {
  return volume.rows(filter).map((row) => ({ row, score: 1, matches: [], volume }))
}

/** What is found by a common word is much: only what is given is read. */
function someOf(
  found: FoundPlace[],
  order: (a: FoundPlace, b: FoundPlace) => number,
  limit: number,
  isWhole: boolean,
): FoundSome {
  const first = found
    .toSorted(order)
    .slice(0, limit)
    .map(({ volume, row, score, matches }) => ({ ...volume.read(row), score, matches }))
  return { first, total: found.length, isWhole }
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
