import * as z from "zod"
import { toHex } from "../../shared/protocol/bytes.js"
import { LIVE_LIMITS, LiveMessage } from "../../shared/protocol/live.js"
import { type KeptMessage, messagesFrom, type MessageStore } from "../../shared/server/catalog/messages.js"

/** In one query. */
const MESSAGES_PER_LOOK = 64
/** Whoever lacks more is told how many there are, and fetches them in pages. */
const MOST_BEHIND = 256

/** What is said at once of a meeting, by its id in hexadecimal. */
type ShowMessages = (key: string, messages: readonly SaidMessage[]) => void
export type SaidMessage = z.input<typeof LiveMessage>

/** Behind what is said to many it is silent for so many times as long as that took: what the process is asked goes between, and what comes meanwhile shares a packet. */
const REST = 1
/** Shorter rests are no matter. */
const LEAST_REST_MS = 2

/** Of JSON around each message, at most. */
const PLACE_BYTES = 128

/**
 * Says new messages on the sockets of their meetings, once for all sockets of this process: those that it kept itself, and what it reads from the catalog. What
 * another process says only makes it look, so no message comes from anywhere else. SPEC.md §16.4.
 */
export class ChatFeed {
  readonly #store: MessageStore
  readonly #show: ShowMessages
  readonly #onFailed: (error: unknown) => void
  /** By meeting with sockets here, the seq that was not taken to be said yet. */
  readonly #next = new Map<string, number>()
  /** Of meetings that were just spoken of, what is to be said next. */
  readonly #resting = new Map<string, KeptMessage[]>()
  readonly #looking = new Set<string>()
  readonly #due = new Set<string>()

  /** @param show says messages on all sockets of a meeting, at once. */
  constructor(store: MessageStore, show: ShowMessages, onFailed: (error: unknown) => void) {
    this.#store = store
    this.#show = show
    this.#onFailed = onFailed
  }

  /** A word that a meeting changed; it may be false. */
  changed(meetingId: Uint8Array): void {
    const key = toHex(meetingId)
    if (!this.#next.has(key)) return
    this.#due.add(key)
    if (!this.#looking.has(key)) void this.#look(key, meetingId)
  }

  /**
   * Messages that this process kept in one commit, by seq.
   * @returns whether there was anything to say them to; where others stand before them, all are read.
   */
  kept(meetingId: Uint8Array, messages: readonly KeptMessage[]): boolean {
    const key = toHex(meetingId)
    const next = this.#next.get(key)
    if (next === undefined) return false
    if (messages.every(({ seq }, index) => seq === next + index)) {
      this.#next.set(key, next + messages.length)
      this.#say(key, messages)
    } else this.changed(meetingId)
    return true
  }

  /**
   * How many messages a meeting with sockets here has, as the catalog says.
   * @returns whether all of them were said here, or are about to be.
   */
  stands(meetingId: Uint8Array, count: number): boolean {
    const key = toHex(meetingId)
    const next = this.#next.get(key)
    if (next === undefined || count - next > MOST_BEHIND) {
      this.#next.set(key, count)
      return false
    }
    if (next < count) this.changed(meetingId)
    return true
  }

  /** A meeting has no sockets here any more. */
  forget(key: string): void {
    this.#next.delete(key)
    this.#resting.delete(key)
  }

  #say(key: string, messages: readonly KeptMessage[]): void {
    if (messages.length === 0) return
    const resting = this.#resting.get(key)
    if (resting === undefined) this.#sayNow(key, messages)
    else for (const message of messages) resting.push(message)
  }

  #sayNow(key: string, messages: readonly KeptMessage[]): void {
    const beganMs = performance.now()
    for (const together of inPackets(messages.map((message) => z.encode(LiveMessage, message))))
      this.#show(key, together)
    const restMs = (performance.now() - beganMs) * REST
    if (restMs < LEAST_REST_MS) return
    const waiting: KeptMessage[] = []
    this.#resting.set(key, waiting)
    setTimeout(() => {
      // Not where everybody went meanwhile, and somebody came.
      if (this.#resting.get(key) !== waiting) return
      this.#resting.delete(key)
      if (waiting.length > 0) this.#sayNow(key, waiting)
    }, restMs)
  }

  async #look(key: string, meetingId: Uint8Array): Promise<void> {
    this.#looking.add(key)
    try {
      while (this.#due.delete(key)) {
        const from = this.#next.get(key)
        if (from === undefined) return
        const found = await messagesFrom(this.#store, meetingId, from, MESSAGES_PER_LOOK)
        const next = this.#next.get(key)
        if (next === undefined) return
        // What is lost is passed, so that what stands behind it is said; nothing else is, since rows come in the order of their seqs. Some may have been said meanwhile.
        this.#next.set(key, Math.max(next, found.next))
        this.#say(
          key,
          found.messages.filter(({ seq }) => seq >= next),
        )
        if (!found.isAll) this.#due.add(key)
      }
    } catch (error) {
      this.#onFailed(error)
    } finally {
      this.#looking.delete(key)
    }
  }
}

/** As many at once as a packet takes: where a chat goes fast, each packet costs more than what is in it. */
function inPackets(messages: readonly SaidMessage[]): readonly (readonly SaidMessage[])[] {
  const packets: SaidMessage[][] = []
  let sizeBytes = Infinity
  for (const said of messages) {
    const saidBytes = said.message.length + PLACE_BYTES
    sizeBytes += saidBytes
    if (sizeBytes > LIVE_LIMITS.messageBytes - PLACE_BYTES) {
      packets.push([])
      sizeBytes = saidBytes
    }
    packets.at(-1)?.push(said)
  }
  return packets
}
