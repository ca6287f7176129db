import { toHex } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingId, MessageId } from "../../../shared/protocol/ids.js"
import type { MessageContent } from "../../../shared/protocol/message-content.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { ServedMessage } from "../../crypto/message-judge.js"
import { ChatFold, type ChatLine, foldUnsent } from "../../sdk/chat/fold.js"
import { ChatFollower } from "../../sdk/chat/follow.js"
import type { NotKept } from "../../sdk/chat/kept.js"
import type { ChatReader } from "../../sdk/chat/read.js"
import {
  type DeletedMessage,
  discardMessage,
  queueDeletion,
  queueMessage,
  type UnsentMessage,
  unsentMessages,
} from "../../sdk/chat/send.js"
import { lookAtChat, rememberUnread } from "../../sdk/chat/unread.js"
import type { Client } from "../../sdk/client.js"
import type { LineChat, PostingLine } from "../../sdk/live-line.js"

/** A text of this device that is not among what was read yet. */
export interface WaitingText extends UnsentMessage {
  /** Whether the server has confirmed it. */
  readonly isStored: boolean
}

export interface ChatView {
  /** Whether its newest page was read. */
  readonly isRead: boolean
  readonly lines: readonly ChatLine[]
  readonly waiting: readonly WaitingText[]
  /** So many of this device's own, edits and the like among them, are not confirmed. */
  readonly unsentCount: number
  /** Of these the one that is sent first: what keeps it keeps the others. */
  readonly firstUnsent: UnsentMessage | null
  /** Ids of what has something of this account's that waits, in hexadecimal. */
  readonly changing: ReadonlySet<string>
  readonly hasOlder: boolean
  readonly notKept: NotKept | null
  /** What keeps the newest from coming; it goes on by itself. */
  readonly trouble: unknown
  /** What keeps this device's own from being sent. */
  readonly sendTrouble: unknown
  /** Who else writes right now; genesis hashes. */
  readonly typing: readonly Uint8Array[]
  /** What ended the reading, such as a chat that contradicts what was seen before. */
  readonly error: unknown
}

export interface RoomChatOptions {
  readonly signal: AbortSignal
  /** Its person types; called with each letter. */
  readonly onTyping: () => void
  /** Its person sent what was typed. */
  readonly onSent: () => void
  /** A message of that device came. */
  readonly onMessage: (deviceKey: Uint8Array) => void
}

const NOTHING: ChatView = {
  isRead: false,
  lines: [],
  waiting: [],
  unsentCount: 0,
  firstUnsent: null,
  changing: new Set(),
  hasOlder: false,
  notKept: null,
  trouble: null,
  sendTrouble: null,
  typing: [],
  error: null,
}

/** Shown together. */
const PAGES_AT_ONCE = 20
/** So many are kept where older ones are let go of. */
const KEPT_MESSAGES = 1_000
/** While somebody stays at the newest, older ones are let go of where there are more than so many. */
const MOST_MESSAGES = 4 * KEPT_MESSAGES

/** A meeting's chat while one of its screens is shown, on the one line of that meeting; what it shows changes under its subscribers. */
export class RoomChat implements LineChat {
  readonly #client: Client
  readonly #meetingId: MeetingId
  readonly #options: RoomChatOptions
  readonly #signal: AbortSignal
  readonly #listeners = new Set<() => void>()
  #follower: ChatFollower | null = null
  #line: PostingLine | null = null
  #log: MeetingLog | null = null
  #reader: ChatReader | null = null
  readonly #fold = new ChatFold()
  #view = NOTHING
  #unsent: readonly UnsentMessage[] = []
  #confirmed: readonly UnsentMessage[] = []
  #acceptsNotRenewed = false
  #older: Promise<void> | null = null
  #isAtNewest = false

  constructor(client: Client, meetingId: MeetingId, options: RoomChatOptions) {
    const { signal } = options
    this.#client = client
    this.#meetingId = meetingId
    this.#options = options
    this.#signal = signal
    addEventListener(
      "online",
      () => {
        this.#follower?.wake()
      },
      { signal },
    )
  }

  get view(): ChatView {
    return this.#view
  }

  /** `null` until the newest page was read. */
  get reader(): ChatReader | null {
    return this.#reader
  }

  /** @returns what ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  attach(line: PostingLine | null): void {
    this.#line = line
    this.#follower?.attach(line)
  }

  counted(count: number): void {
    this.#follower?.counted(count)
  }

  received(message: ServedMessage): void {
    this.#follower?.received(message)
  }

  /** To be called with each log that the watch verified: the first begins it. */
  follow(log: MeetingLog): void {
    this.#log = log
    if (this.#follower === null) this.retry()
    else this.#follower.follow(log)
  }

  /** Begins anew, after an error. */
  retry(): void {
    const follower = new ChatFollower(this.#client, this.#meetingId, {
      signal: this.#signal,
      sealing: () => ({ acceptsNotRenewed: this.#acceptsNotRenewed }),
      onChange: async (reader) => {
        this.#reader = reader
        if (this.#isAtNewest) this.#forget(reader, MOST_MESSAGES)
        this.#changed({ trouble: null })
        const newest = this.#view.lines.findLast((line) => line.kind === "text")
        if (newest !== undefined) this.#options.onMessage(newest.message.statement.deviceKey)
        await rememberUnread(this.#client, reader, this.#linesOf(reader)).catch(() => undefined)
      },
      onTrouble: (trouble) => {
        this.#changed({ trouble })
      },
      onSent: ({ trouble }) => {
        this.#changed({ sendTrouble: trouble })
      },
    })
    // Before it begins to read: the log need not be fetched again.
    follower.attach(this.#line)
    if (this.#log !== null) follower.follow(this.#log)
    this.#follower = follower
    this.#reader = null
    this.#changed({ error: null })
    follower.read().catch((error: unknown) => {
      if (this.#signal.aborted || (isArchiveError(error) && error.code === "interrupted")) return
      this.#follower = null
      this.#changed({ error })
    })
  }

  /** Keeps a message durably, shows it, and sends it as soon as that can be. @throws {@link ArchiveError} where it can't be kept. */
  async send(content: MessageContent): Promise<void> {
    await queueMessage(this.#client, this.#meetingId, content)
    this.#queued()
  }

  /** Keeps a message's deletion durably, shows it, and sends it as `send` does; then its files go, too. @throws {@link ArchiveError} where it can't be kept. */
  async remove(message: DeletedMessage): Promise<void> {
    await queueDeletion(this.#client, this.#meetingId, message)
    this.#queued()
  }

  #queued(): void {
    this.#changed({})
    this.#options.onSent()
    this.#follower?.wake()
  }

  /** Who else writes. */
  typing(people: readonly Uint8Array[]): void {
    this.#show({ typing: people })
  }

  /** Tells the others that somebody writes here. */
  type(): void {
    this.#options.onTyping()
  }

  /** @param acceptsNotRenewed although no admin confirmed the meeting's members of late. */
  sendAgain(acceptsNotRenewed = false): void {
    this.#acceptsNotRenewed ||= acceptsNotRenewed
    this.#follower?.wake()
  }

  /**
   * Throws away what waits and can't be sent, and goes on with what waits behind it.
   * @throws {@link ArchiveError} what keeps the server from being asked whether it has it.
   */
  async discard(messageId: MessageId): Promise<void> {
    const sealing = { acceptsNotRenewed: this.#acceptsNotRenewed }
    const discarded = idsOf(
      (await discardMessage(this.#client, this.#meetingId, messageId, sealing)).map((id) => ({ messageId: id })),
    )
    // What waits no more was sent otherwise.
    this.#unsent = this.#unsent.filter((message) => !discarded.has(idOf(message)))
    this.#confirmed = this.#confirmed.filter((message) => !discarded.has(idOf(message)))
    this.#changed({ sendTrouble: null })
    this.#follower?.wake()
  }

  /** Reads a page of what is before; one at a time. @throws {@link ArchiveError} */
  async readOlder(): Promise<void> {
    await this.#readBack(async (reader) => {
      await reader.readOlder()
    })
  }

  /** Somebody goes back: what is before is there by the time they come to it. */
  prepareOlder(): void {
    if (this.#older === null) this.#reader?.prepareOlder()
  }

  /** Reads some pages of what is before, as far as a message is not there. @throws {@link ArchiveError} */
  async readBackTo(messageId: MessageId): Promise<void> {
    await this.#readBack(async (reader) => {
      for (let page = 0; page < PAGES_AT_ONCE && !reader.has(messageId) && (await reader.readOlder()); page++);
    })
  }

  async #readBack(read: (reader: ChatReader) => Promise<void>): Promise<void> {
    const reader = this.#reader
    if (reader === null) return
    this.#older ??= read(reader).then(
      () => {
        this.#older = null
        this.#changed({})
      },
      (error: unknown) => {
        this.#older = null
        throw error
      },
    )
    await this.#older
  }

  /** Somebody looks at the newest of it. */
  look(): void {
    const reader = this.#reader
    // Where it can't be kept, the mark stays, and is cleared at the next look.
    if (reader !== null) lookAtChat(this.#client, reader).catch(() => undefined)
  }

  /** Nobody looks at what is long ago any more. */
  letGo(): void {
    if (this.#reader !== null && this.#forget(this.#reader, 2 * KEPT_MESSAGES)) this.#changed({})
  }

  /** Whether its newest stands before somebody's eyes, and what comes follows it there. */
  standAtNewest(isThere: boolean): void {
    this.#isAtNewest = isThere
  }

  /** @returns whether more than so many were held. */
  #forget(reader: ChatReader, most: number): boolean {
    if (this.#older !== null || reader.until - reader.from <= most) return false
    reader.forgetOlder(KEPT_MESSAGES)
    return true
  }

  #changed(changes: Partial<ChatView>): void {
    if (this.#signal.aborted) return
    const reader = this.#reader
    const { current } = this.#client.state
    const unsent = unsentMessages(this.#client, this.#meetingId)
    const isThere = ({ messageId }: UnsentMessage): boolean => reader?.has(messageId) === true
    const waits = idsOf(unsent)
    // Between the server's word that it has them and the page or message that brings them they must not vanish.
    this.#confirmed = [...this.#confirmed, ...this.#unsent].filter(
      (message) => !waits.has(idOf(message)) && !isThere(message),
    )
    this.#unsent = unsent
    const own = [...this.#confirmed, ...unsent]
    const lines = reader === null ? [] : this.#linesOf(reader)
    this.#show({
      ...changes,
      ...(unsent.length === 0 ? { sendTrouble: null } : {}),
      isRead: reader !== null,
      lines: foldUnsent(lines, own, current.secrets.genesisHash),
      waiting: own
        .filter((message) => message.content.type === "text" && !isThere(message))
        .map((message) => ({ ...message, isStored: !waits.has(idOf(message)) })),
      unsentCount: unsent.length,
      firstUnsent: unsent[0] ?? null,
      changing: new Set(
        unsent.flatMap(({ content }) => (content.type === "text" ? [] : [toHex(content.target.messageId)])),
      ),
      hasOlder: reader?.hasOlder ?? false,
      notKept: reader?.notKept ?? null,
    })
  }

  /** Folded once: as long as nothing came, the same. */
  #linesOf(reader: ChatReader): readonly ChatLine[] {
    return this.#fold.fold(reader.entries(), reader.log.epochs)
  }

  #show(changes: Partial<ChatView>): void {
    this.#view = { ...this.#view, ...changes }
    for (const listener of this.#listeners) listener()
  }
}

function idOf({ messageId }: { readonly messageId: Uint8Array }): string {
  return toHex(messageId)
}

function idsOf(messages: readonly { readonly messageId: Uint8Array }[]): ReadonlySet<string> {
  return new Set(messages.map(idOf))
}
