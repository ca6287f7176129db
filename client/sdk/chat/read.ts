import type * as z from "zod"
import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import type { ChatHead } from "../../../shared/protocol/chat-heads.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { bothHeads } from "../../../shared/protocol/hash.js"
import { MessagesResponse } from "../../../shared/protocol/http.js"
import type { MeetingId, MessageId } from "../../../shared/protocol/ids.js"
import { messageHash } from "../../../shared/protocol/message.js"
import { compareChatPlaces } from "../../../shared/protocol/read-marks.js"
import { type ArrangedChat, arrangeWhole, continueChat, precedeChat, settleChat } from "../../crypto/chat-growth.js"
import { type ChatEntry, chatHeadsOf, type ChatKnowledge } from "../../crypto/chat-order.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { deviceSigner } from "../../crypto/account-keys.js"
import { type JudgedMessage, MessageJudge, type ServedMessage } from "../../crypto/message-judge.js"
import { type ChainOf, chainCache } from "../chains.js"
import type { Client } from "../client.js"
import { fetchEvents } from "../meeting-events.js"
import { currentCapability, mayBeBehind, readMeeting, requireMeeting } from "../meetings.js"
import { Spacing } from "../spacing.js"
import type { ChatState } from "../state.js"
import { chatStateOf, updateChat } from "./chat-state.js"
import { type NotKept, notKeptOf, withDatedPlaces } from "./kept.js"

/** Reading a meeting's chat: pages as served, each message judged by itself, and all that were read together. SPEC.md §16.3. */

type Page = z.output<typeof MessagesResponse>

const PAGE_MESSAGES = 200
/** So many are asked for before they are wanted: a server may take longer to find one than it takes to verify one. */
const PAGES_AHEAD = 3
/** Verified in some 10 ms, so that whatever else is to be drawn meanwhile is drawn. */
const MESSAGES_AT_A_TIME = 20

interface JudgedPage {
  readonly by: MessageJudge
  readonly judged: readonly JudgedMessage[]
}

/** An older page, asked for before it is wanted. */
interface PageAhead {
  readonly query: string
  readonly page: Promise<() => Page>
  judged: Promise<JudgedPage> | null
}

export interface ChatReadOptions {
  readonly pageMessages?: number
  /** Where these were read just now. */
  readonly log?: MeetingLog
  readonly chainOf?: ChainOf
  /** Ends whatever is being fetched. */
  readonly signal?: AbortSignal | undefined
}

/**
 * A meeting's chat from some message on to the newest, as far as it was read. It grows in both directions; what it holds is contiguous, but for what the
 * server doesn't give.
 */
export class ChatReader {
  readonly #client: Client
  readonly #meetingId: MeetingId
  readonly #chainOf: ChainOf
  readonly #signal: AbortSignal | undefined
  readonly #messages = new Map<number, JudgedMessage>()
  /** As it was last asked for; `null` where more changed than that something came before or behind it. */
  #arranged: ArrangedChat | null = null
  /** What everything is arranged by, where some of it was let go of. */
  #letGoBy: Pick<ChatKnowledge, "epochs" | "pins"> | null = null
  /** By what was asked. */
  readonly #ahead = new Map<string, PageAhead>()
  /** Not where the server gives fewer than were asked for: then nobody knows where the page before a page begins. */
  #asksFarAhead = true
  #log: MeetingLog
  #judge: MessageJudge
  /** Seqs that were read: from this to before that. */
  #from = 0
  #until = 0
  /** Seqs of what a newer log, or a newer chain, may make authentic. */
  readonly #unsettled = new Set<number>()
  readonly #settling = new Spacing()
  /** So many of the newest were heard and not pinned yet. */
  #heardCount = 0
  #first = 0

  private constructor(client: Client, log: MeetingLog, chainOf: ChainOf, signal: AbortSignal | undefined) {
    this.#signal = signal
    this.#client = client
    this.#meetingId = log.meetingId
    this.#chainOf = chainOf
    this.#log = log
    this.#judge = new MessageJudge(log, chainOf)
  }

  /**
   * Reads the newest messages.
   * @throws {@link ArchiveError} `rollback`, `fork` for a chat that lacks the newest message that this device has seen; as `readMeeting`.
   */
  static async open(client: Client, meetingId: MeetingId, options: ChatReadOptions = {}): Promise<ChatReader> {
    const { pageMessages = PAGE_MESSAGES, chainOf = chainCache(client) } = options
    const log = options.log ?? (await readMeeting(client, meetingId, chainOf))
    const reader = new ChatReader(client, log, chainOf, options.signal)
    const page = await reader.#fetch(`limit=${pageMessages}`)
    reader.#from = page.next ?? page.first
    reader.#until = page.count
    reader.#first = page.first
    await reader.#assertExtendsPin(page)
    await reader.#take(page)
    await reader.#remember(pageMessages)
    return reader
  }

  get log(): MeetingLog {
    return this.#log
  }

  /** Whether there is more before what was read. */
  get hasOlder(): boolean {
    return this.#from > this.#first
  }

  /** What was not to be kept of what was before, as an admin had it; `null` where nothing was, or more is to be read. */
  get notKept(): NotKept | null {
    return this.hasOlder ? null : this.#notKept()
  }

  /** The oldest seq that was read. */
  get from(): number {
    return this.#from
  }

  /** One more than the newest seq that was read. */
  get until(): number {
    return this.#until
  }

  /**
   * Reads a page of what is before.
   * @param backTo where more is wanted: the pages before are asked for while this one is verified.
   * @returns whether there was any.
   */
  async readOlder(pageMessages = PAGE_MESSAGES, backTo = this.#from): Promise<boolean> {
    if (!this.hasOlder) return false
    const ahead = this.#askAhead(this.#from, pageMessages)
    const page = (await ahead.page)()
    this.#ahead.delete(ahead.query)
    if (page.next !== null && page.next >= this.#from) throw pagesDoNotFollow()
    this.#asksFarAhead &&= page.next === null || page.next === this.#from - pageMessages
    if (page.next !== null) this.#askFarAhead(page.next, pageMessages, Math.max(backTo, page.first))
    this.#first = page.first
    await this.#take(page, ahead)
    this.#from = Math.min(this.#from, page.next ?? page.first)
    return true
  }

  /** Fetches the page before what was read and verifies it, a few messages at a time: for somebody who is going back, so that `readOlder` has it at once. */
  prepareOlder(pageMessages = PAGE_MESSAGES): void {
    if (!this.hasOlder) return
    const ahead = this.#askAhead(this.#from, pageMessages)
    ahead.judged ??= ahead.page.then(async (page) => await judgeByAndBy(this.#judge, servedOf(page())))
    ahead.judged.catch(() => {
      // As with the page: whoever wants it has it judged then.
      ahead.judged = null
    })
  }

  #askAhead(before: number, pageMessages: number): PageAhead {
    const query = `before=${before}&limit=${pageMessages}`
    const known = this.#ahead.get(query)
    if (known !== undefined) return known
    const ahead: PageAhead = { query, page: this.#fetchLater(query), judged: null }
    this.#ahead.set(query, ahead)
    ahead.page.catch(() => {
      // The next who wants it asks again.
      if (this.#ahead.get(query) === ahead) this.#ahead.delete(query)
    })
    return ahead
  }

  #askFarAhead(from: number, pageMessages: number, backTo: number): void {
    if (!this.#asksFarAhead) this.#ahead.clear()
    const count = this.#asksFarAhead ? PAGES_AHEAD : 1
    for (let seq = from, left = count; left > 0 && seq > backTo; seq -= pageMessages, left--)
      this.#askAhead(seq, pageMessages)
  }

  /** Lets go of what is older than the newest `count` places; `readOlder` reads it again. */
  forgetOlder(count: number): void {
    this.#from = Math.max(this.#from, this.#until - count)
    this.#ahead.clear()
    this.#arranged = null
    for (const seq of this.#messages.keys()) if (seq < this.#from) this.#drop(seq)
  }

  #drop(seq: number): void {
    this.#messages.delete(seq)
    this.#unsettled.delete(seq)
  }

  /**
   * Lets go of what older messages say nothing more of: so a chat of any length is read back with little of it held. From then on the reader only reads
   * older ones, and does not say how many a device's counter lacks.
   * @returns what it let go of, as it stands; `null` where something is out of the ordinary, so that only all of it together tells.
   */
  letGo(): readonly ChatEntry[] | null {
    const isFirst = this.#letGoBy === null
    const { epochs, pins } = (this.#letGoBy ??= { epochs: this.#log.epochs, pins: this.#pinnedHeads() })
    const knowledge = { epochs, pins, fromSeq: this.#from, untilSeq: this.#until, isFromStart: false }
    if (isFirst) this.#arranged = arrangeWhole(this.#read(), knowledge)
    else this.#arranged &&= this.#grow(this.#arranged, knowledge)
    if (this.#arranged === null) return null
    const { settled, open } = settleChat(this.#arranged)
    this.#arranged = open
    this.#messages.clear()
    this.#unsettled.clear()
    return settled
  }

  /** Reads everything that came since. @returns whether anything did, or stands otherwise now. @throws {@link ArchiveError} `rollback`, `fork`. */
  async readNewer(): Promise<boolean> {
    const before = this.#until
    let isNews = false
    // From the newest on that is known: so that it is seen to be still there.
    for (let from: number | null = Math.max(0, before - 1); from !== null;) {
      const page: Page = await this.#fetch(`from=${from}`)
      if (page.count < this.#until) throw this.#rolledBack(page.count)
      isNews = (await this.#take(page)) || isNews
      this.#first = page.first
      this.#until = Math.max(this.#until, page.next ?? page.count)
      if (page.next !== null && page.next <= from) throw pagesDoNotFollow()
      from = page.next
    }
    if (this.#until > before) await this.#remember(this.#until - before)
    return isNews || this.#until > before
  }

  /**
   * Takes what was heard on a socket, if it continues what was read; else it reads what is missing. What was heard is pinned by `remember`, so that it is
   * shown before it is written down.
   * @returns whether anything is new.
   */
  async hear(served: readonly ServedMessage[]): Promise<boolean> {
    const news = served.filter(({ seq }) => seq >= this.#until).toSorted((a, b) => a.seq - b.seq)
    if (news.length === 0) return false
    if (news.some(({ seq }, index) => seq !== this.#until + index)) return await this.readNewer()
    await this.#judgeAll(news)
    this.#until += news.length
    this.#heardCount += news.length
    return true
  }

  /** Whether something was heard that `remember` has not pinned. */
  get hasUnpinned(): boolean {
    return this.#heardCount > 0
  }

  /** Pins, durably, what was heard. More may be heard meanwhile. */
  async remember(): Promise<void> {
    const count = this.#heardCount
    if (count === 0) return
    await this.#remember(count)
    this.#heardCount -= count
  }

  /** The log as it was read anew; what was refused or closed by an older one may not be by it. @returns whether it is newer. */
  async adoptLog(log: MeetingLog): Promise<boolean> {
    if (log.head.seq <= this.#log.head.seq) return false
    this.#chainOf.forget()
    this.#use(log)
    for (const { kind, served } of this.#messages.values()) if (kind === "closed") this.#unsettled.add(served.seq)
    await this.#judgeAgain()
    return true
  }

  /** All that was read and not let go of, oldest first, with what is missing in it. The same array as long as nothing changes. */
  entries(): readonly ChatEntry[] {
    return this.#arrange().entries
  }

  /** Whether a message is among what was read, and let go of too. */
  has(messageId: MessageId): boolean {
    return this.#arrange().ids.has(toHex(messageId))
  }

  #arrange(): ArrangedChat {
    if (this.#letGoBy !== null && this.#arranged !== null) return this.#arranged
    const knowledge = this.#knowledge()
    const grown = this.#arranged === null ? null : this.#grow(this.#arranged, knowledge)
    this.#arranged = grown ?? arrangeWhole(this.#read(), knowledge)
    return this.#arranged
  }

  #read(): readonly JudgedMessage[] {
    return [...this.#messages.values()].filter(({ served }) => served.seq >= this.#from)
  }

  #grow(before: ArrangedChat, knowledge: ChatKnowledge): ArrangedChat | null {
    const { fromSeq, untilSeq } = before.knowledge
    return knowledge.fromSeq === fromSeq
      ? continueChat(before, this.#readBetween(untilSeq, knowledge.untilSeq), knowledge)
      : precedeChat(before, this.#readBetween(knowledge.fromSeq, fromSeq), knowledge)
  }

  #readBetween(fromSeq: number, untilSeq: number): readonly JudgedMessage[] {
    const read: JudgedMessage[] = []
    for (let seq = fromSeq; seq < untilSeq; seq++) {
      const message = this.#messages.get(seq)
      // What is missing there is for the whole to tell; and a count is the server's word, however large.
      if (message === undefined) break
      read.push(message)
    }
    return read
  }

  #knowledge(): ChatKnowledge {
    // What a retention can't have taken is a gap. CH13.
    const beginning = this.hasOlder ? this.#from : (this.#notKept()?.untilSeq ?? 0)
    const fromSeq = Math.min(this.#from, beginning)
    return {
      epochs: this.#log.epochs,
      pins: this.#pinnedHeads(),
      fromSeq,
      untilSeq: this.#until,
      isFromStart: fromSeq === 0,
    }
  }

  #notKept(): NotKept | null {
    const { datedPlaces } = this.#chatState()
    return notKeptOf(this.#log, datedPlaces, this.#first, this.#client.clock.nowMs())
  }

  /** Of each device the newest message that can be vouched for, by what was read and what was seen before. */
  heads(): readonly ChatHead[] {
    return chatHeadsOf(this.entries(), this.#pinnedHeads())
  }

  #pinnedHeads(): ChatState["heads"] {
    return this.#chatState().heads
  }

  #chatState(): ChatState {
    return chatStateOf(this.#client.state.current, this.#log.meetingHash)
  }

  /** With the keys of the newest epoch: one that began since ended those of before. */
  async #fetch(query: string): Promise<Page> {
    return (await this.#fetchLater(query))()
  }

  async #fetchLater(query: string): Promise<() => Page> {
    try {
      return await this.#ask(query)
    } catch (error) {
      if (!mayBeBehind(error)) throw error
      await this.#refreshLog()
      return await this.#ask(query)
    }
  }

  async #ask(query: string): Promise<() => Page> {
    const capability = currentCapability(this.#log)
    const { http, tokens } = this.#client
    return await tokens.with(
      http,
      capability,
      async (token, subject) =>
        await http.jsonLater(MessagesResponse, {
          path: `/v1/meetings/${subject}/messages?${query}`,
          subject,
          token,
          signal: this.#signal,
        }),
    )
  }

  async #refreshLog(): Promise<void> {
    this.#chainOf.forget()
    this.#use(await readMeeting(this.#client, this.#meetingId, this.#chainOf))
  }

  async #take(page: Page, ahead: PageAhead | null = null): Promise<boolean> {
    return await this.#judgeAll(servedOf(page), await ahead?.judged)
  }

  /**
   * @param prepared What a judge said of them before: it counts if that is still the one.
   * @returns whether something that was read before stands otherwise now.
   */
  async #judgeAll(served: readonly ServedMessage[], prepared: JudgedPage | null = null): Promise<boolean> {
    for (const message of served) {
      const known = this.#messages.get(message.seq)
      if (known !== undefined && !equalBytes(known.hash, messageHash(message.raw)))
        throw new ArchiveError(
          "fork",
          `the server gives another message than before at one place: ${bothHeads(known.hash, messageHash(message.raw))}`,
          { place: `message ${message.seq}` },
        )
    }
    // Together, so that the chains of their authors are fetched side by side.
    const judged =
      prepared?.by === this.#judge
        ? [...prepared.judged]
        : await Promise.all(served.map(async (message) => await this.#judge.judge(message)))
    this.#keep(judged)
    return await this.#settle()
  }

  /** @returns whether something that was read before stands otherwise now. */
  #keep(judged: readonly JudgedMessage[]): boolean {
    let isOtherwise = false
    for (const message of judged) {
      const { seq } = message.served
      // What stood there already may be judged otherwise now.
      if (seq >= this.#from && seq < this.#until && !isSame(this.#messages.get(seq), message)) {
        this.#arranged = null
        isOtherwise = true
      }
      this.#messages.set(seq, message)
      if (this.#isUnsettled(message)) this.#unsettled.add(seq)
      else this.#unsettled.delete(seq)
    }
    return isOtherwise
  }

  /** What a newer log, or a newer chain, may make authentic. */
  #isUnsettled(message: JudgedMessage): boolean {
    if (message.kind === "closed") return message.epoch > this.#log.newestEpochSeen
    return message.kind === "refused" ? message.newerChainOf !== undefined : message.isAhead
  }

  /**
   * Judges again what a newer log, or newer chains, may settle. Those are asked for ever more seldom as long as they settle nothing, since a member can write
   * what never is; and what stands is shown where they can't be had. SPEC.md §16.3.
   * @returns whether something that was read before stands otherwise now.
   */
  async #settle(): Promise<boolean> {
    if (this.#unsettled.size === 0 || !this.#settling.isDue) return false
    try {
      await this.#refreshFor(this.#unsettledMessages())
    } catch (error) {
      if (!isArchiveError(error) || !error.retryable || this.#signal?.aborted === true) throw error
      this.#settling.failed()
      return false
    }
    const isOtherwise = await this.#judgeAgain()
    if (this.#unsettled.size > 0) this.#settling.failed()
    else this.#settling.succeeded()
    return isOtherwise
  }

  #unsettledMessages(): readonly JudgedMessage[] {
    return [...this.#unsettled].flatMap((seq) => this.#messages.get(seq) ?? [])
  }

  async #judgeAgain(): Promise<boolean> {
    const waiting = this.#unsettledMessages()
    return this.#keep(await Promise.all(waiting.map(async ({ served }) => await this.#judge.judge(served))))
  }

  /** Reads the log anew if it grew, else the chains of those alone whose messages wait for a newer one. */
  async #refreshFor(waiting: readonly JudgedMessage[]): Promise<void> {
    const isForLog = waiting.some(({ kind }) => kind !== "refused")
    if (isForLog) {
      const { known } = requireMeeting(this.#client, this.#meetingId)
      const events = await fetchEvents(this.#client, this.#log.meetingHash, known)
      if (events.length > this.#log.eventHashes.length) {
        await this.#refreshLog()
        return
      }
    }
    for (const message of waiting)
      if (message.kind === "refused" && message.newerChainOf !== undefined) this.#chainOf.forget(message.newerChainOf)
    this.#use(this.#log)
  }

  #use(log: MeetingLog): void {
    this.#log = log
    this.#judge = new MessageJudge(log, this.#chainOf)
  }

  async #assertExtendsPin(page: Page): Promise<void> {
    const { pin } = this.#chatState()
    if (pin === null) return
    if (page.incarnation < pin.incarnation || (page.incarnation === pin.incarnation && page.count <= pin.seq))
      throw this.#rolledBack(page.count)
    // What is not there to be compared was not to be kept, or is a gap.
    if (pin.seq < page.first) return
    const own = page.messages.find(({ seq }) => seq === pin.seq)
    const served = own ?? (await this.#fetch(`from=${pin.seq}&limit=1`)).messages.find(({ seq }) => seq === pin.seq)
    if (served === undefined) return
    const hash = messageHash(served.message)
    if (!equalBytes(hash, pin.hash))
      throw new ArchiveError(
        "fork",
        `the chat that the server gives is another than this device has seen: ${bothHeads(pin.hash, hash)}`,
        { place: `message ${pin.seq}` },
      )
  }

  #rolledBack(count: number): ArchiveError {
    return new ArchiveError("rollback", "the chat that the server gives is shorter than this device has seen", {
      place: `message ${count}`,
    })
  }

  /** Pins the newest place, and of each device the newest message that can be vouched for, as far as the last `news` messages say. */
  async #remember(news: number): Promise<void> {
    const newest = this.#messages.get(this.#until - 1)
    const entries = this.entries().slice(-(news + PAGE_MESSAGES))
    const ownKey = deviceSigner(this.#client.state.current.secrets).publicKey
    await updateChat(this.#client, this.#log.meetingHash, (chat) => {
      const heads = chatHeadsOf(entries, chat.heads)
      const datedPlaces = withDatedPlaces(chat.datedPlaces, entries, this.#client.clock.nowMs())
      const isOlder = newest === undefined || (chat.pin !== null && compareChatPlaces(newest.served, chat.pin) <= 0)
      const pin = isOlder
        ? chat.pin
        : { incarnation: newest.served.incarnation, seq: newest.served.seq, hash: newest.hash }
      const isSame =
        pin === chat.pin &&
        datedPlaces === chat.datedPlaces &&
        heads.length === chat.heads.length &&
        heads.every(({ hash }, index) => equalBytes(hash, chat.heads[index]?.hash ?? new Uint8Array(0)))
      if (isSame) return chat
      const own = heads.find(({ deviceKey }) => equalBytes(deviceKey, ownKey))
      // A device whose state is older than what it wrote goes on behind that, or it would use a counter twice.
      const next =
        own === undefined || own.counter < chat.next.counter ? chat.next : { counter: own.counter + 1, prev: own.hash }
      return { ...chat, pin, datedPlaces, next, heads: heads.map((head) => ({ ...head })) }
    })
  }
}

/** @throws {@link ArchiveError} `bad-chain` for one that stands where the page says that there is none yet: such places are looked at and pinned by nobody. */
function servedOf({ messages, count }: Page): readonly ServedMessage[] {
  if (messages.some(({ seq }) => seq >= count)) throw pagesDoNotFollow()
  return messages.map(({ message, ...place }) => ({ ...place, raw: message }))
}

async function judgeByAndBy(judge: MessageJudge, served: readonly ServedMessage[]): Promise<JudgedPage> {
  const judged: JudgedMessage[] = []
  for (let at = 0; at < served.length; at += MESSAGES_AT_A_TIME) {
    await new Promise((resolve) => setTimeout(resolve))
    const next = served.slice(at, at + MESSAGES_AT_A_TIME)
    judged.push(...(await Promise.all(next.map(async (message) => await judge.judge(message)))))
  }
  return { by: judge, judged }
}

function pagesDoNotFollow(): ArchiveError {
  return new ArchiveError("bad-chain", "a chat whose pages do not follow each other")
}

/** Whether nothing would be shown otherwise. */
function isSame(before: JudgedMessage | undefined, after: JudgedMessage): boolean {
  if (before === undefined || !equalBytes(before.hash, after.hash)) return false
  const { incarnation, day } = before.served
  if (incarnation !== after.served.incarnation || day !== after.served.day) return false
  if (before.kind === "refused") return after.kind === "refused" && before.code === after.code
  if (before.kind === "closed") return after.kind === "closed" && before.epoch === after.epoch
  return after.kind === "authentic" && before.isAhead === after.isAhead
}
