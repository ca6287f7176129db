import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { ServedMessage } from "../../crypto/message-judge.js"
import type { Client } from "../client.js"
import { backoffMs, Bell, type LineChat, type PostingLine } from "../live-line.js"
import { watchMeeting, type WatchOptions } from "../live.js"
import { requireMeeting } from "../meetings.js"
import type { SealingOptions } from "../standing.js"
import { chatStateOf } from "./chat-state.js"
import { hasFilesToSettle, settleFiles } from "./delete-files.js"
import { ChatReader } from "./read.js"
import { flushChat, type SendReport } from "./send.js"

export interface FollowChatOptions extends Pick<WatchOptions, "signal" | "onTrouble" | "presence"> {
  /** Called with the chat as it was read, and again whenever something came, or stands otherwise; nothing more is read until it is done. */
  readonly onChange: (reader: ChatReader) => void | Promise<void>
  /** Told what became of the messages of this device that waited, each time that they were sent. */
  readonly onSent?: ((report: SendReport) => void) | undefined
  /** Asked for before anything that waits is sent. */
  readonly sealing?: (() => SealingOptions) | undefined
  /** How often the chat is asked for although nothing was heard: a server can be silent. */
  readonly pollMs?: number
}

const POLL_MS = 20_000
/** Between two times that what was heard is pinned. */
const PIN_SPACING_MS = 500
/** What waits to be judged; more of it is fetched in pages. */
const HEARD_MESSAGES = 1_000

/**
 * Follows a meeting's chat until the signal ends it, and sends what waits of this device. What comes on the socket is taken as a page would be: judged, and
 * fetched where something is missing. Without a socket it goes on by fetching from time to time. SPEC.md §16.5.
 * @throws {@link ArchiveError} as `watchMeeting` and `ChatReader.open`; what `onChange` throws.
 */
export async function followChat(client: Client, meetingId: MeetingId, options: FollowChatOptions): Promise<void> {
  const ended = new AbortController()
  const { onTrouble, presence } = options
  const signal = AbortSignal.any([options.signal, ended.signal])
  const follower = new ChatFollower(client, meetingId, { ...options, signal })
  const onChange = (log: MeetingLog): void => {
    follower.follow(log)
  }
  try {
    await Promise.all([
      watchMeeting(client, meetingId, { signal, onTrouble, presence, chat: follower, onChange }),
      follower.read(),
    ])
  } finally {
    ended.abort()
  }
}

/** A meeting's chat, followed on the line of one {@link watchMeeting}, which is given it as `chat`. `followChat` is made of it. */
export class ChatFollower implements LineChat {
  readonly #client: Client
  readonly #meetingId: MeetingId
  readonly #options: Omit<FollowChatOptions, "presence">
  readonly #signal: AbortSignal
  readonly #bell: Bell
  /** Ends the rest after a failure. */
  readonly #hurry: Bell
  #heard: ServedMessage[] = []
  #counted = 0
  #line: PostingLine | null = null
  #log: MeetingLog | null = null
  readonly #pinning: Beside
  readonly #sending: Beside
  #wakes = 0
  /** Whether files of deleted messages were dealt with since something was sent: what is to be seen later is not looked for again and again. */
  #isSettled = false

  constructor(client: Client, meetingId: MeetingId, options: Omit<FollowChatOptions, "presence">) {
    this.#client = client
    this.#meetingId = meetingId
    this.#options = options
    this.#signal = options.signal
    this.#bell = new Bell(options.signal)
    this.#hurry = new Bell(options.signal)
    const ring = (): void => {
      this.#bell.ring()
    }
    this.#pinning = new Beside(ring)
    this.#sending = new Beside(ring)
  }

  attach(line: PostingLine | null): void {
    this.#line = line
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

  /** To be called with each log that the watch verified. */
  follow(log: MeetingLog): void {
    this.#log = log
    this.#bell.ring()
  }

  /** Sends what was just queued, and tries again at once what failed: there may be a network again. */
  wake(): void {
    this.#wakes += 1
    this.#isSettled = false
    this.#hurry.ring()
    this.#bell.ring()
  }

  /** Until the signal ends it; what was heard is pinned then, and nothing is being sent. @throws {@link ArchiveError} as `ChatReader.open`; what `onChange` throws. */
  async read(): Promise<void> {
    try {
      await this.#readAll()
    } finally {
      await Promise.all([this.#pinning.ended(), this.#sending.ended()])
    }
  }

  async #readAll(): Promise<void> {
    let reader: ChatReader | null = null
    let [failures, wasRung] = [0, true]
    const isOver = (): boolean => this.#signal.aborted
    while (!isOver()) {
      try {
        const isNews: boolean = reader === null || (await this.#catchUp(reader, wasRung))
        reader ??= await this.#open()
        if (isNews) await this.#options.onChange(reader)
        this.#pin(reader)
        this.#send()
        failures = 0
      } catch (error) {
        if (isOver()) return
        if (!isArchiveError(error) || !error.retryable) throw error
        failures += 1
        this.#options.onTrouble?.(error)
        // What was left undone is tried again by itself, as if there were news.
        this.#bell.ring()
      }
      // Who is told of messages that do not come asks ever more seldom.
      if (reader !== null && this.#counted > reader.until) failures += 1
      if (failures > 0) await this.#hurry.wait(backoffMs(this.#client, failures))
      wasRung = await this.#bell.wait(this.#options.pollMs ?? POLL_MS)
    }
  }

  async #open(): Promise<ChatReader> {
    const log = this.#log === null ? {} : { log: this.#log }
    return await ChatReader.open(this.#client, this.#meetingId, { signal: this.#signal, ...log })
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

  /** It takes a disk longer than a message takes to come. */
  #pin(reader: ChatReader): void {
    this.#pinning.start(reader.hasUnpinned, async () => {
      while (reader.hasUnpinned) {
        await reader.remember()
        await new Bell(this.#signal).wait(PIN_SPACING_MS)
      }
      return false
    })
  }

  /** Others' messages are shown however long this device's own take. */
  #send(): void {
    const { meetingHash } = requireMeeting(this.#client, this.#meetingId)
    const waits = chatStateOf(this.#client.state.current, meetingHash).outbox.length > 0
    const isToSettle = !this.#isSettled && hasFilesToSettle(this.#client, meetingHash)
    this.#sending.start(waits || isToSettle, async () => {
      const wakes = this.#wakes
      const report = await flushChat(this.#client, this.#meetingId, { ...this.#options.sealing?.(), line: this.#line })
      this.#options.onSent?.(report)
      if (report.trouble !== null) this.#options.onTrouble?.(report.trouble)
      if (report.stored > 0) this.#isSettled = false
      await this.#settle(meetingHash)
      return this.#wakes !== wakes
    })
  }

  async #settle(meetingHash: Uint8Array): Promise<void> {
    if (this.#isSettled || !hasFilesToSettle(this.#client, meetingHash)) return
    const { trouble } = await settleFiles(this.#client, this.#meetingId)
    this.#isSettled = trouble === null
    if (trouble !== null) this.#options.onTrouble?.(trouble)
  }
}

/** Work that goes on beside a loop, one time after another. */
class Beside {
  readonly #ring: () => void
  #running: Promise<void> | null = null
  #failure: Error | null = null

  /** @param ring has the loop come by again. */
  constructor(ring: () => void) {
    this.#ring = ring
  }

  /**
   * Begins it where there is something to do, and it is not under way.
   * @param work says whether there is more to do at once.
   * @throws what it failed with the last time.
   */
  start(isDue: boolean, work: () => Promise<boolean>): void {
    const failure = this.#failure
    this.#failure = null
    if (failure !== null) throw failure
    if (isDue) this.#running ??= this.#run(work)
  }

  async ended(): Promise<void> {
    await this.#running
  }

  async #run(work: () => Promise<boolean>): Promise<void> {
    let isDueAgain = true
    try {
      isDueAgain = await work()
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error))
    } finally {
      this.#running = null
      if (isDueAgain) this.#ring()
    }
  }
}
