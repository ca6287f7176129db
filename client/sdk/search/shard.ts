import * as z from "zod"
import type { RandomBytes } from "../../../shared/protocol/ambient.js"
import { fromUtf8, toHex, utf8 } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { sha256 } from "../../../shared/protocol/hash.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { openRecord, sealRecord, type SealPlace } from "../../crypto/committed-seal.js"
import type { Findable, SearchFilter } from "./findable.js"
import { firstOf } from "./first-of.js"
import { type FoundInVolume, type FoundRow, type LetGoVolume, SearchVolume } from "./volume.js"
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

const VERSION = 5
const headSchema = z.object({
  version: z.literal(VERSION),
  readUntil: readUntilSchema,
  /** SHA-256 in hexadecimal of each volume as it is sealed, the oldest first. */
  volumes: z.array(z.string().regex(/^[0-9a-f]{64}$/)),
})
type ShardHead = z.infer<typeof headSchema>

/** Where a shard's volumes are kept, each by the SHA-256 in hexadecimal of what it is as sealed. */
export interface KeptVolumes {
  readonly names: ReadonlySet<string>
  readonly write: (name: string, sealed: Uint8Array) => Promise<void>
}

/** A shard as it is kept: its volumes were written. */
export interface SealedShard {
  readonly head: Uint8Array
  /** All others of the shard can be removed, once the head is written. */
  readonly volumes: ReadonlySet<string>
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
  readonly #all: (SearchVolume | LetGoVolume)[]
  /** `null` until somebody asked. */
  #authors: { readonly accounts: Set<string>; readonly claimed: Set<string> } | null = null
  readUntil: ReadUntil

  private constructor(volumes: SearchVolume[], readUntil: ReadUntil) {
    this.#all = volumes
    this.readUntil = readUntil
  }

  static empty(): SearchShard {
    return new SearchShard([], { logSeq: 0, chat: null, recordings: {} })
  }

  get size(): number {
    return this.#all.reduce((size, volume) => size + volume.size, 0)
  }

  /** Whether it holds all that is in it; else only sealing, and opening what was sealed, gives what it let go of. */
  get isWhole(): boolean {
    return this.#all.every((volume) => volume instanceof SearchVolume)
  }

  get #volumes(): readonly SearchVolume[] {
    return this.#all.filter((volume) => volume instanceof SearchVolume)
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
    let last = this.#all.at(-1)
    if (!(last instanceof SearchVolume) || last.isFull) {
      last = SearchVolume.empty()
      this.#all.push(last)
    }
    last.add(findable)
    this.#note(findable)
  }

  /** Volumes that were filled apart, behind what is there. @param volumes the oldest first, with nothing that stands here. */
  append(volumes: readonly (SearchVolume | LetGoVolume)[]): void {
    this.#all.push(...volumes)
    this.#authors = null
  }

  /** What was put in last, of what is held; `null` where nothing is. */
  get last(): Findable | null {
    for (const volume of this.#volumes.toReversed()) {
      const row = volume.rows({}).at(-1)
      if (row !== undefined) return volume.read(row)
    }
    return null
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

  /** As `search`, from what was put in last to what was put in first, until that is enough. Without a word nothing that is held is left out. */
  searchSome(query: string, filter: SearchFilter, { limit, isEnough }: Wanted): FoundSome {
    if (wordsOf(query).length === 0) {
      const all = query.trim() === "" ? this.#volumes.flatMap((volume) => everythingOf(volume, filter)) : []
      return { first: readFirst(all, limit), total: all.length, isWhole: this.isWhole }
    }
    const found: FoundPlace[] = []
    let [total, isWhole] = [0, true]
    for (const volume of this.#volumes.toReversed()) {
      isWhole = total === 0 || !isEnough(total)
      if (!isWhole) break
      const { count, rows, matchesOf } = volume.search(query, filter, limit)
      total += count
      for (const { row, score } of rows) found.push({ row, score, volume, matchesOf })
    }
    return { first: readFirst(found, limit), total, isWhole: isWhole && this.isWhole }
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

  /**
   * Writes what is not kept yet, volume by volume: no more than one of them is sealed at once. SPEC.md §14.2.
   * @throws {@link ArchiveError} `not-found` where what it let go of is kept no more.
   */
  async seal(
    key: Uint8Array,
    meetingHash: Uint8Array,
    random: RandomBytes,
    { names, write }: KeptVolumes,
  ): Promise<SealedShard> {
    // What is put in or removed meanwhile is in the next one.
    const { readUntil } = this
    const place = shardPlace(key, meetingHash)
    const volumes: string[] = []
    for (const volume of this.#all.filter(({ size }) => size > 0)) {
      if (volume.keptAs === null || !names.has(volume.keptAs)) {
        if (!(volume instanceof SearchVolume)) throw new ArchiveError("not-found", "a part of a search index is gone")
        await keepVolume(place, volume, random, write)
      }
      volumes.push(volume.keptAs ?? "")
    }
    const head: ShardHead = { version: VERSION, readUntil, volumes }
    return { head: sealRecord(place, utf8(JSON.stringify(head)), random), volumes: new Set(volumes) }
  }

  /** Makes room of what was removed. */
  tidy(): void {
    for (const volume of this.#volumes) volume.tidy()
  }

  /**
   * @param readVolume what is kept under a volume's name; `null` where that is nothing.
   * @throws {@link ArchiveError} `cannot-open`, `malformed`, `unsupported-version`: then it is built anew. Y5.
   */
  static async open(
    key: Uint8Array,
    meetingHash: Uint8Array,
    sealedHead: Uint8Array,
    readVolume: (name: string) => Promise<Uint8Array | null>,
  ): Promise<SearchShard> {
    const place = shardPlace(key, meetingHash)
    const head = readShardHead(openRecord(place, sealedHead))
    const volumes: SearchVolume[] = []
    for (const [index, name] of head.volumes.entries()) {
      const sealed = await readVolume(name)
      // One of them out of an older writing would open as well.
      if (sealed === null || toHex(sha256(sealed)) !== name) throw otherForm()
      const volume = SearchVolume.open(openRecord(place, sealed), index === head.volumes.length - 1)
      volume.keptAs = name
      volumes.push(volume)
    }
    return new SearchShard(volumes, head.readUntil)
  }

  /** An empty one in the place of what doesn't open. Y5. */
  static async openOrEmpty(...given: Parameters<typeof SearchShard.open>): Promise<SearchShard> {
    try {
      return await SearchShard.open(...given)
    } catch (error) {
      if (!isArchiveError(error)) throw error
      return SearchShard.empty()
    }
  }
}

/** Keeps a volume before its shard is sealed, which then needs not hold it. @throws what `write` throws. */
export async function letGoOf(
  volume: SearchVolume,
  key: Uint8Array,
  meetingHash: Uint8Array,
  random: RandomBytes,
  write: KeptVolumes["write"],
): Promise<LetGoVolume> {
  return { keptAs: await keepVolume(shardPlace(key, meetingHash), volume, random, write), size: volume.size }
}

async function keepVolume(
  place: SealPlace,
  volume: SearchVolume,
  random: RandomBytes,
  write: KeptVolumes["write"],
): Promise<string> {
  const sealed = sealRecord(place, volume.encode(), random)
  const name = toHex(sha256(sealed))
  volume.keptAs = name
  await write(name, sealed)
  return name
}

interface FoundPlace extends FoundRow, Pick<FoundInVolume, "matchesOf"> {
  readonly volume: SearchVolume
}

const noMatches = (): readonly string[] => []

function everythingOf(volume: SearchVolume, filter: SearchFilter): readonly FoundPlace[] {
  return volume.rows(filter).map((row) => ({ row, score: 1, volume, matchesOf: noMatches }))
}

/** What is found by a common word is much: only what is given is read. The best first; of what is as good, the newest. */
function readFirst(found: readonly FoundPlace[], limit: number): readonly Found[] {
  const order = (a: FoundPlace, b: FoundPlace): number =>
    b.score - a.score || b.volume.timeOf(b.row) - a.volume.timeOf(a.row)
  return firstOf(found, limit, order).map(({ volume, row, score, matchesOf }) => ({
    ...volume.read(row),
    score,
    matches: matchesOf(row),
  }))
}

/** What a shard's head holds. @throws {@link ArchiveError} `malformed`, `unsupported-version`. */
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
