import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { idOfHash } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { adoptKeyring } from "../../sdk/keyring.js"
import { bringUpToDate, isOver, isUpToDate } from "../../sdk/search/bring-up-to-date.js"
import { bestOf, findIn, type FoundInMeeting } from "../../sdk/search/find.js"
import { searchKeyOf, shardName } from "../../sdk/search/search-key.js"
import { letGoOf, type SearchFilter, SearchShard } from "../../sdk/search/shard.js"
import type { LetGoVolume, SearchVolume } from "../../sdk/search/volume.js"
import { wordsOf } from "../../sdk/search/words.js"
import type { MeetingState } from "../../sdk/state.js"
import {
  keepShards,
  readShardHead,
  readVolume,
  shardRevision,
  volumeNames,
  writeShardHead,
  writeVolume,
} from "../platform/sealed-shards.js"
import type { IndexView, SearchAnswerPage, SearchQuery, Unread } from "./search-messages.js"

interface Held {
  readonly meetingHash: Uint8Array
  readonly shard: SearchShard
  /** As it was read or written last. */
  revision: number
  /** `null` where all of it is kept. */
  changedAtMs: number | null
}

/** Sealing a volume anew for each word that is said is much to write: what is new in a large shard may wait, as it can be read again. */
const LARGE = 5_000
const KEEP_MS = 60_000
/** What nearly everything has is not counted to the end: so that each letter is answered at once. */
const ASKED_MS = 5

/** Each time that it is told how far this is, the page draws it, and leaves some of that to its garbage collector. */
const PROGRESS_MS = 500

const WARM_UP_ROWS = 25
const WARM_UP_MS = 500

const ANYTHING: SearchQuery = { words: "", meeting: null, author: null, fromMs: null, untilMs: null, hasFile: false }

/** One tab reads at a time; another takes what it kept. */
const LOCK = "taciturn-search"

/** What this device can search, of all meetings: held in a worker, kept sealed. SPEC.md §14.2. */
export class SearchIndex {
  readonly #client: Client
  readonly #key: Uint8Array
  readonly #onView: (view: IndexView) => void
  readonly #held = new Map<string, Held>()
  readonly #unread = new Map<string, Unread>()
  readonly #withoutCaptions = new Map<string, number>()
  #readCount = 0
  #view: IndexView = {
    isReady: false,
    round: null,
    isAway: false,
    unread: [],
    withoutCaptions: 0,
    accounts: [],
    claimed: [],
    revision: 0,
  }

  private constructor(client: Client, key: Uint8Array, onView: (view: IndexView) => void) {
    this.#client = client
    this.#key = key
    this.#onView = onView
  }

  static async open(client: Client, onView: (view: IndexView) => void): Promise<SearchIndex> {
    const index = new SearchIndex(client, await searchKeyOf(client), onView)
    await index.#load()
    index.#warmUp().catch(() => undefined)
    return index
  }

  /** Whether so much was read that what that left behind takes more memory than the index; and all of it is kept. */
  get isSpent(): boolean {
    const isMuch = this.#readCount > LARGE || !this.isWhole
    return isMuch && [...this.#held.values()].every(({ changedAtMs }) => changedAtMs === null)
  }

  /** Whether it holds all that it read: else another that opens what is kept finds more. */
  get isWhole(): boolean {
    return [...this.#held.values()].every(({ shard }) => shard.isWhole)
  }

  get meetings(): number {
    return this.#held.size
  }

  ask({ words, meeting, author, fromMs, untilMs, hasFile }: SearchQuery, limit: number): SearchAnswerPage {
    const filter: SearchFilter = {
      ...(author === null ? {} : { author }),
      ...(fromMs === null ? {} : { fromMs }),
      ...(untilMs === null ? {} : { untilMs }),
      ...(hasFile ? { hasFile } : {}),
    }
    const wanted = [...this.#held.values()].filter(
      ({ meetingHash }) => meeting === null || toHex(meetingHash) === meeting,
    )
    const startedMs = performance.now()
    let before = 0
    const isEnough = (count: number): boolean => before + count >= limit && performance.now() - startedMs > ASKED_MS
    const all = wanted.map(({ meetingHash, shard }) => {
      const here = findIn(meetingHash, shard, words, filter, limit, isEnough)
      before += here.total
      return here
    })
    return {
      found: bestOf(
        all.flatMap(({ first }) => first),
        words,
        limit,
      ).map(asMessage),
      total: before,
      isWhole: all.every(({ isWhole }) => isWhole),
    }
  }

  /** Takes what was kept, and then reads what is new in each meeting, the newest first, until it is whole no more. @throws {@link ArchiveError} */
  async bringUpToDate(signal: AbortSignal): Promise<void> {
    await navigator.locks.request(LOCK, { signal }, async () => {
      await this.#takeKept()
      // Meetings that were joined on another device.
      await adoptKeyring(this.#client).catch((error: unknown) => {
        if (!isArchiveError(error) || !error.retryable) throw error
      })
      const meetings = this.#client.state.current.meetings.toReversed()
      for (const [index, meeting] of meetings.entries()) {
        if (signal.aborted) return
        this.#show({ round: { meetings: index, allMeetings: meetings.length, messages: 0, recordings: 0 } })
        await this.#bring(meeting, signal)
        if (!this.isWhole) return
      }
      if (this.isSpent) this.#warmUp().catch(() => undefined)
      this.#show({ isReady: true })
    })
  }

  /** Keeps what was not worth it before: nobody searches any more. Where another tab reads, it reads that too. */
  async keepAll(): Promise<void> {
    await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
      if (lock !== null) for (const [name, held] of this.#held) await this.#keep(name, held, true)
    })
  }

  async #keep(name: string, held: Held, isNow = false): Promise<void> {
    const { shard, meetingHash, changedAtMs } = held
    if (changedAtMs === null) return
    const isDue = isNow || !shard.isWhole || shard.size < LARGE || this.#client.clock.nowMs() - changedAtMs > KEEP_MS
    if (!isDue) return
    const { head, volumes } = await shard.seal(this.#key, meetingHash, this.#client.random, {
      names: await volumeNames(name),
      write: async (volume, sealed) => {
        await writeVolume(name, volume, sealed)
      },
    })
    held.revision = await writeShardHead(name, head, volumes)
    held.changedAtMs = null
  }

  /** What is run for the first time runs ten times as slowly until the browser has compiled it: better now than with somebody's first letter. What it fails of is told to who asks. */
  async #warmUp(): Promise<void> {
    const startedMs = performance.now()
    for (const { shard } of [...this.#held.values()]) {
      const words = wordsOf(shard.last?.text ?? "")
      for (const [index, word] of words.entries())
        for (const query of [word.slice(0, 1), word, `${word} ${words[index - 1]?.slice(0, 1) ?? ""}`]) {
          if (performance.now() - startedMs > WARM_UP_MS) return
          this.ask({ ...ANYTHING, words: query }, WARM_UP_ROWS)
          // Whoever asks meanwhile is answered first.
          await breathe()
        }
    }
  }

  /** Says how it stands between rounds. */
  rest(): void {
    this.#show({ round: null })
  }

  /** What was kept of every meeting, and nothing of others. */
  async #takeKept(): Promise<void> {
    const { meetings } = this.#client.state.current
    const names = new Set(meetings.map(({ meetingHash }) => this.#nameOf(meetingHash)))
    await keepShards(names)
    for (const name of this.#held.keys()) if (!names.has(name)) this.#forget(name)
    await this.#load()
  }

  async #load(): Promise<void> {
    for (const { meetingHash } of this.#client.state.current.meetings) {
      const name = this.#nameOf(meetingHash)
      if ((this.#held.get(name)?.revision ?? -1) >= (await shardRevision(name))) continue
      const { shard, revision } = await this.#read(name, meetingHash)
      this.#held.set(name, { meetingHash, shard, revision, changedAtMs: null })
      if (shard.size > 0) this.#changed()
    }
  }

  async #read(name: string, meetingHash: Uint8Array): Promise<Pick<Held, "shard" | "revision">> {
    for (;;) {
      const { revision, sealed } = await readShardHead(name)
      if (sealed === null) return { shard: SearchShard.empty(), revision }
      const shard = await SearchShard.openOrEmpty(this.#key, meetingHash, sealed, async (volume) => {
        await breathe()
        return await readVolume(name, volume)
      })
      // Else another tab wrote it meanwhile, and removed what it replaced.
      if ((await shardRevision(name)) === revision) return { shard, revision }
    }
  }

  async #bring(meeting: MeetingState, signal: AbortSignal): Promise<void> {
    const { meetingHash } = meeting
    const meetingId = idOfHash("meeting", meetingHash)
    const name = this.#nameOf(meetingHash)
    const held = this.#held.get(name) ?? { meetingHash, shard: SearchShard.empty(), revision: 0, changedAtMs: null }
    const { shard } = held
    try {
      const isSettled = await isUpToDate(this.#client, this.#newest(meeting), shard).catch((error: unknown) => {
        if (isAway(error)) throw error
        return false
      })
      if (isSettled) {
        this.#unread.delete(name)
        await this.#keep(name, held)
        this.#show({ isAway: false })
        return
      }
      const before = shard.size
      let toldAtMs = Number.NEGATIVE_INFINITY
      const { isChanged, notIndexed } = await bringUpToDate(this.#client, meetingId, shard, {
        signal,
        breathe,
        letGo: async (volume) => await this.#letGo(name, meetingHash, volume),
        onProgress: ({ recordings, messages }) => {
          if (this.#view.round === null || performance.now() - toldAtMs < PROGRESS_MS) return
          toldAtMs = performance.now()
          this.#show({ round: { ...this.#view.round, recordings, messages } })
        },
      })
      this.#unread.delete(name)
      this.#withoutCaptions.set(name, notIndexed.length)
      this.#held.set(name, held)
      this.#show({ isAway: false })
      if (!isChanged) return
      this.#readCount += Math.max(0, shard.size - before)
      // What it let go of is found once another opened it.
      if (shard.isWhole) this.#changed()
      held.changedAtMs ??= this.#client.clock.nowMs()
      // The first reading of a meeting is the longest.
      await this.#keep(name, held, before === 0)
    } catch (error) {
      if (!isArchiveError(error) || signal.aborted) throw error
      if (isAway(error)) {
        this.#show({ isAway: true })
        throw error
      }
      if (isOver(error)) {
        this.#forget(name)
        await keepShards(new Set([...this.#held.keys()]))
        return
      }
      this.#unread.set(name, {
        meetingId,
        title: shard.textOf("meeting") ?? meeting.seen?.title ?? null,
        code: error.code,
      })
      this.#show({})
    }
  }

  /** What can't be written is held. */
  async #letGo(name: string, meetingHash: Uint8Array, volume: SearchVolume): Promise<LetGoVolume | null> {
    try {
      return await letGoOf(volume, this.#key, meetingHash, this.#client.random, async (keptAs, sealed) => {
        await writeVolume(name, keptAs, sealed)
      })
    } catch (error) {
      if (!isArchiveError(error)) throw error
      return null
    }
  }

  /** Others who read it with this state, as the page does, may have seen more of it meanwhile. */
  #newest(meeting: MeetingState): MeetingState {
    return (
      this.#client.state.current.meetings.find(({ meetingHash }) => equalBytes(meetingHash, meeting.meetingHash)) ??
      meeting
    )
  }

  #forget(name: string): void {
    const wasThere = this.#held.delete(name)
    this.#unread.delete(name)
    this.#withoutCaptions.delete(name)
    if (wasThere) this.#changed()
  }

  #nameOf(meetingHash: Uint8Array): string {
    return shardName(this.#key, meetingHash)
  }

  #changed(): void {
    const authors = [...this.#held.values()].map(({ shard }) => shard.authors())
    this.#show({
      accounts: [...new Set(authors.flatMap(({ accounts }) => [...accounts]))],
      claimed: [...new Set(authors.flatMap(({ claimed }) => [...claimed]))].toSorted((a, b) => a.localeCompare(b)),
      revision: this.#view.revision + 1,
    })
  }

  #show(changes: Partial<IndexView>): void {
    this.#view = {
      ...this.#view,
      ...changes,
      unread: [...this.#unread.values()],
      withoutCaptions: [...this.#withoutCaptions.values()].reduce((total, count) => total + count, 0),
    }
    this.#onView(this.#view)
  }
}

/** Where no server answers, none of the other meetings can be read either. */
function isAway(error: unknown): boolean {
  return isArchiveError(error) && error.code === "unavailable"
}

/** Lets the worker answer what was asked meanwhile. */
async function breathe(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, 0)
  })
}

/** Nothing goes along that a page has no use for. */
function asMessage(found: FoundInMeeting): FoundInMeeting {
  const { id, kind, text, files, hasFile, author, claimedAuthor, timeMs, recording, placeMs, message } = found
  const { score, matches, meetingId, meetingTitle, recordingTitle } = found
  return {
    ...{ id, kind, text, files, hasFile, author, claimedAuthor, timeMs, recording, placeMs, message },
    ...{ score, matches, meetingId, meetingTitle, recordingTitle },
  }
}
