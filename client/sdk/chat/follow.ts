import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { ServedMessage } from "../../crypto/message-judge.js"
import type { Client } from "../client.js"
import { backoffMs, Bell, type LineChat } from "../live-line.js"
import { watchMeeting, type WatchOptions } from "../live.js"
import { requireMeeting } from "../meetings.js"
import { chatStateOf } from "./chat-state.js"
import { ChatReader } from "./read.js"
import { flushChat } from "./send.js"

export interface FollowChatOptions extends Pick<WatchOptions, "signal" | "onTrouble" | "presence"> {
  /** Called with the chat as it was read, and again whenever something came, or stands otherwise; nothing more is read until it is done. */
  readonly onChange: (reader: ChatReader) => void | Promise<void>
  /** How often the chat is asked for although nothing was heard: a server can be silent. */
  readonly pollMs?: number
}

const POLL_MS = 20_000
/** What waits to be judged; more of it is fetched in pages. */
const HEARD_MESSAGES = 1_000

/**
 * Follows a meeting's chat until the signal ends it, and sends what waits of this device. What comes on the socket is taken as a page would be: judged, and
 * fetched where something is missing. Without a socket it goes on by fetching from time to time. SPEC.md §16.5.
 * @throws {@link ArchiveError} as `watchMeeting` and `ChatReader.open`; what `onChange` throws.
 */
export async function followChat(client: Client, meetingId: MeetingId, options: FollowChatOptions): Promise<void> {
  const ended = new AbortController()
  const follower = new ChatFollower(client, meetingId, options, AbortSignal.any([options.signal, ended.signal]))
  try {
    await Promise.all([follower.watch(), follower.read()])
  } finally {
    ended.abort()
  }
}

class ChatFollower implements LineChat {
  readonly #client: Client
  readonly #meetingId: MeetingId
  readonly #options: FollowChatOptions
  readonly #signal: AbortSignal
  readonly #bell: Bell
  #heard: ServedMessage[] = []
  #counted = 0
  #log: MeetingLog | null = null

  constructor(client: Client, meetingId: MeetingId, options: FollowChatOptions, signal: AbortSignal) {
    this.#client = client
    this.#meetingId = meetingId
    this.#options = options
    this.#signal = signal
    this.#bell = new Bell(signal)
  }

  counted(count: number): void {
    this.#counted = count
    this.#bell.ring()
  }

  received(message: ServedMessage): void {
    if (this.#heard.length < HEARD_MESSAGES) this.#heard.push(message)
    this.#counted = Math.max(this.#counted, message.seq + 1)
    this.#bell.ring()
  }

  async watch(): Promise<void> {
    const { onTrouble, presence } = this.#options
    await watchMeeting(this.#client, this.#meetingId, {
      signal: this.#signal,
      onTrouble,
      presence,
      chat: this,
      onChange: (log) => {
        this.#log = log
        this.#bell.ring()
      },
    })
  }

  async read(): Promise<void> {
    let reader: ChatReader | null = null
    let [failures, wasRung] = [0, true]
    const isOver = (): boolean => this.#signal.aborted
    while (!isOver()) {
      try {
        const isNews: boolean = reader === null || (await this.#catchUp(reader, wasRung))
        reader ??= await ChatReader.open(this.#client, this.#meetingId, { signal: this.#signal })
        if (isNews) await this.#options.onChange(reader)
        await this.#sendWaiting()
        failures = 0
      } catch (error) {
        if (isOver()) return
        if (!isArchiveError(error) || !error.retryable) throw error
        failures += 1
        this.#options.onTrouble?.(error)
      }
      // Who is told of messages that do not come asks ever more seldom.
      if (reader !== null && this.#counted > reader.until) failures += 1
      await new Bell(this.#signal).wait(backoffMs(this.#client, failures))
      wasRung = await this.#bell.wait(this.#options.pollMs ?? POLL_MS)
    }
  }

  /** @returns whether anything is new, or stands otherwise. */
  async #catchUp(reader: ChatReader, wasRung: boolean): Promise<boolean> {
    const heard = this.#heard
    this.#heard = []
    let isNews = this.#log !== null && (await reader.adoptLog(this.#log))
    isNews = (await reader.hear(heard)) || isNews
    if (this.#counted > reader.until || !wasRung) isNews = (await reader.readNewer()) || isNews
    return isNews
  }

  async #sendWaiting(): Promise<void> {
    const { meetingHash } = requireMeeting(this.#client, this.#meetingId)
    if (chatStateOf(this.#client.state.current, meetingHash).outbox.length === 0) return
    const { trouble } = await flushChat(this.#client, this.#meetingId)
    if (trouble !== null) this.#options.onTrouble?.(trouble)
  }
}
