import * as z from "zod"
import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { PostMessageRequest, PostMessageResponse } from "../../../shared/protocol/http.js"
import { includesHash } from "../../../shared/protocol/hash.js"
import { asId, idOfHash, type MeetingId, type MessageId } from "../../../shared/protocol/ids.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { decodeMessage, messageHash } from "../../../shared/protocol/message.js"
import type { MessageContent } from "../../../shared/protocol/message-content.js"
import { deriveEpochKeys, type EpochKeys } from "../../crypto/epoch-keys.js"
import type { StandingMessage } from "../../crypto/chat-order.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { makeMessage, type NewMessage, openMessage } from "../../crypto/message.js"
import { type Client, selfAsAuthor } from "../client.js"
import { ownUploadSecret } from "../deletion.js"
import type { PostingLine } from "../live-line.js"
import { currentCapability, mayBeBehind, readMeeting, requireMeeting } from "../meetings.js"
import { prepareToSeal, type SealingOptions } from "../standing.js"
import type { ChatState, ClientState, MeetingState } from "../state.js"
import { chatStateOf, updateChat } from "./chat-state.js"

/** Sending: a message is kept durably first, and sent as it was kept until the server confirms it. SPEC.md §16. */

const ATTEMPTS = 5

/** A message of this device that the server has not confirmed. */
export interface UnsentMessage {
  readonly messageId: MessageId
  /** Of the bytes that wait. Sealed anew for a newer epoch, they are others. */
  readonly hash: Uint8Array
  readonly timeMs: number
  readonly content: MessageContent
}

/** A message that is to be deleted, as a reader of the chat has it. */
export type DeletedMessage = Pick<StandingMessage, "messageId" | "hash" | "content">

export interface SendReport {
  /** So many were confirmed. */
  readonly stored: number
  /** What keeps the others; they stay, and `flushChat` sends them. `null` where none is left. */
  readonly trouble: ArchiveError | null
}

/**
 * Keeps a message to be sent, without asking anybody: it is on the screen at once, and nothing of it is lost with the process.
 * It is sealed under the newest epoch that this device knows; before it is sent, `flushChat` sees whether that is in force.
 * @throws {@link ArchiveError} `not-found` for a meeting that this device doesn't know; `malformed` for what no reader would take.
 */
export async function queueMessage(client: Client, meetingId: MeetingId, content: MessageContent): Promise<MessageId> {
  return await queue(client, meetingId, content, (chat) => chat)
}

/**
 * Keeps the deletion of a message to be sent; once it stands, `settleFiles` deletes the message's files at the server, too.
 * @throws {@link ArchiveError} as `queueMessage`.
 */
export async function queueDeletion(
  client: Client,
  meetingId: MeetingId,
  { messageId: targetId, hash, content }: DeletedMessage,
): Promise<MessageId> {
  const hasFiles = content.type === "text" && content.files.length > 0
  const deletion = { type: "deletion", target: { messageId: targetId, hash } } as const
  return await queue(client, meetingId, deletion, (chat, statementId) =>
    hasFiles ? { ...chat, deletions: [...chat.deletions, { statementId, targetId }] } : chat,
  )
}

/** @param more what else of the chat is kept with it. */
async function queue(
  client: Client,
  meetingId: MeetingId,
  content: MessageContent,
  more: (chat: ChatState, messageId: MessageId) => ChatState,
): Promise<MessageId> {
  const meeting = requireMeeting(client, meetingId)
  const messageId = asId("message", client.random(16))
  const keys = newestKeys(meeting)
  await updateChat(client, meeting.meetingHash, (chat) => {
    const raw = seal(client, meeting, chat, keys, {
      messageId,
      newestLogHash: meeting.head.hash,
      replaces: [],
      timeMs: client.clock.nowMs(),
      content,
    })
    const next = { counter: chat.next.counter + 1, prev: messageHash(raw) }
    const looseFiles = withoutFilesOf(chat.looseFiles, content)
    return more({ ...chat, next, outbox: [...chat.outbox, { messageId, raw }], looseFiles }, messageId)
  })
  client.failpoint("chat.kept")
  return messageId
}

/**
 * Queues a message, and sends it with what waited before.
 * @throws {@link ArchiveError} as `queueMessage`; what keeps it from being sent is in the report.
 */
export async function sendMessage(
  client: Client,
  meetingId: MeetingId,
  content: MessageContent,
  options: SealingOptions = {},
): Promise<SendReport & { readonly messageId: MessageId }> {
  const messageId = await queueMessage(client, meetingId, content)
  return { messageId, ...(await flushChat(client, meetingId, options)) }
}

/** What waits to be sent, oldest first. */
export function unsentMessages(client: Client, meetingId: MeetingId): readonly UnsentMessage[] {
  const meeting = requireMeeting(client, meetingId)
  return chatStateOf(client.state.current, meeting.meetingHash).outbox.map((item) => opened(meeting, item))
}

/** Meetings in whose chat something of this device waits to be sent. */
export function waitingChats(client: Client): readonly { readonly meetingId: MeetingId; readonly count: number }[] {
  const { meetings } = client.state.current
  return meetings.flatMap(({ meetingHash }) => {
    const count = chatStateOf(client.state.current, meetingHash).outbox.length
    return count === 0 ? [] : [{ meetingId: idOfHash("meeting", meetingHash), count }]
  })
}

/** Sends what waits in the chats of all meetings, one meeting after another: what keeps one keeps none of the others. */
export async function flushChats(client: Client): Promise<readonly (SendReport & { readonly meetingId: MeetingId })[]> {
  const reports: (SendReport & { readonly meetingId: MeetingId })[] = []
  for (const { meetingId } of waitingChats(client)) reports.push({ meetingId, ...(await flushChat(client, meetingId)) })
  return reports
}

export interface FlushOptions extends SealingOptions {
  /** A socket that is open anyway: messages of its epoch are posted on it, and by HTTP where it does not answer. */
  readonly line?: PostingLine | null | undefined
}

/**
 * Sends what waits, in order, the same bytes each time. What an epoch ended before it arrived is sealed anew.
 * @throws {@link ArchiveError} never for what a later call may mend or what keeps this account from sealing: that is in the report.
 */
export async function flushChat(client: Client, meetingId: MeetingId, options: FlushOptions = {}): Promise<SendReport> {
  const { meetingHash } = requireMeeting(client, meetingId)
  let stored = 0
  try {
    for (let attempt = 1; chatStateOf(client.state.current, meetingHash).outbox.length > 0; attempt++) {
      const log = await prepareToSeal(client, await readMeeting(client, meetingId), options)
      await sealAnew(client, log)
      try {
        for (let item = nextItem(client, meetingHash); item !== undefined; item = nextItem(client, meetingHash)) {
          // What is refused on a socket is judged by a newer log, and by HTTP.
          await post(client, log, item, attempt === 1 ? (options.line ?? null) : null)
          stored += 1
        }
      } catch (error) {
        if (!mayBeBehind(error) || attempt === ATTEMPTS) throw error
        if (isArchiveError(error) && error.code === "conflict") await sealAnew(client, log, { isRefused: true })
      }
    }
    return { stored, trouble: null }
  } catch (error) {
    if (!isArchiveError(error)) throw error
    return { stored, trouble: error }
  }
}

/**
 * Throws away a message that waits, with its files, which `settleFiles` deletes at the server, and with what was to change or answer it alone; what waits behind it is sealed anew, and goes on in its place. The first that
 * waits may have arrived although no answer came: the server is asked once more, and only what it refuses for good is thrown away.
 * @returns the ids of what was thrown away; none where it was sent meanwhile.
 * @throws {@link ArchiveError} what keeps the server from being asked.
 */
export async function discardMessage(
  client: Client,
  meetingId: MeetingId,
  messageId: MessageId,
  options: SealingOptions = {},
): Promise<readonly MessageId[]> {
  const meeting = requireMeeting(client, meetingId)
  const isIt = (item: Item | undefined): boolean => item !== undefined && equalBytes(item.messageId, messageId)
  if (isIt(nextItem(client, meeting.meetingHash))) {
    const { trouble } = await flushChat(client, meetingId, options)
    if (trouble?.retryable === true) throw trouble
  }
  let discarded: readonly MessageId[] = []
  await updateChat(client, meeting.meetingHash, (chat) => {
    const first = chat.outbox.findIndex(isIt)
    const at = chat.outbox[first]
    if (at === undefined) return chat
    const thrown = openItem(meeting, at)
    const { counter, prev } = thrown.statement
    const behind = chat.outbox.slice(first + 1).map((item) => ({ item, ...openItem(meeting, item) }))
    const kept = behind.filter(
      ({ content }) => content.type === "text" || !equalBytes(content.target.messageId, messageId),
    )
    discarded = [messageId, ...behind.filter((one) => !kept.includes(one)).map(({ statement }) => statement.messageId)]
    const resealed = sealBehind(client, meeting, chat, newestKeys(meeting), {
      newestLogHash: meeting.head.hash,
      next: { counter, prev },
      items: kept.map(({ statement, content, replaces }, index) => ({
        messageId: statement.messageId,
        counter: counter + index,
        timeMs: statement.timeMs,
        // None of these was ever sent.
        replaces,
        content: withoutReplyTo(content, messageId),
        before: kept[index]?.item.raw ?? at.raw,
      })),
    })
    // What this device is known to have written since is gone behind, too.
    const isAhead = chat.next.counter > counter + behind.length + 1
    return {
      ...chat,
      next: isAhead ? chat.next : resealed.next,
      outbox: [...chat.outbox.slice(0, first), ...resealed.items],
      looseFiles: [...chat.looseFiles, ...looseWithout(client, thrown.content, kept)],
      deletions: chat.deletions.filter(({ statementId }) => !includesHash(discarded, statementId)),
    }
  })
  return discarded
}

/** Files that nobody will show: of what is thrown away, but for those that something shows which still waits. */
function looseWithout(
  client: Client,
  thrown: MessageContent,
  kept: readonly { readonly content: MessageContent }[],
): ChatState["looseFiles"] {
  const shown = kept.flatMap(({ content }) => (content.type === "text" ? content.files : []))
  if (thrown.type !== "text") return []
  return thrown.files.flatMap(({ rawHeader, uploadSecretBox }) => {
    if (uploadSecretBox === null || shown.some((file) => equalBytes(file.rawHeader, rawHeader))) return []
    const uploadSecret = ownUploadSecret(client, { rawHeader }, uploadSecretBox)
    return uploadSecret === null ? [] : [{ rawHeader, uploadSecret, dueAtMs: 0 }]
  })
}

/** What is left once a message has its files. */
function withoutFilesOf(loose: ChatState["looseFiles"], content: MessageContent): ChatState["looseFiles"] {
  if (content.type !== "text") return loose
  return loose.filter((file) => !content.files.some(({ rawHeader }) => equalBytes(rawHeader, file.rawHeader)))
}

function withoutReplyTo(content: MessageContent, messageId: MessageId): MessageContent {
  const isReply =
    content.type === "text" && content.replyTo !== null && equalBytes(content.replyTo.messageId, messageId)
  return isReply ? { ...content, replyTo: null } : content
}

type Item = ChatState["outbox"][number]

function nextItem(client: Client, meetingHash: Uint8Array): Item | undefined {
  return chatStateOf(client.state.current, meetingHash).outbox[0]
}

/** @throws {@link ArchiveError} what the server refuses; `integrity` where it has another message under this id. */
async function post(client: Client, log: MeetingLog, item: Item, line: PostingLine | null): Promise<void> {
  const placed = (await postOnLine(log, item, line)) ?? (await postByHttp(client, log, item))
  if (!equalBytes(placed.hash, messageHash(item.raw)))
    throw new ArchiveError("integrity", "the server says that it holds another message than the one that was sent", {
      place: `message ${placed.seq}`,
    })
  client.failpoint("chat.sent")
  await confirmSent(client, log.meetingHash, item)
}

type Placed = z.output<typeof PostMessageResponse>

/** @returns `null` where there is no socket for it, or not now: it may have been kept, and posted again it is answered alike. */
async function postOnLine(log: MeetingLog, item: Item, line: PostingLine | null): Promise<Placed | null> {
  if (line?.epoch !== log.current.keys.epoch) return null
  try {
    return await line.post(item.raw)
  } catch (error) {
    if (isArchiveError(error) && error.retryable) return null
    throw error
  }
}

async function postByHttp(client: Client, log: MeetingLog, item: Item): Promise<Placed> {
  return await client.tokens.with(
    client.http,
    currentCapability(log),
    async (token, subject) =>
      await client.http.json(PostMessageResponse, {
        method: "POST",
        path: `/v1/meetings/${subject}/messages`,
        subject,
        token,
        json: z.encode(PostMessageRequest, { message: item.raw }),
      }),
  )
}

async function confirmSent(client: Client, meetingHash: Uint8Array, item: Item): Promise<void> {
  const hash = messageHash(item.raw)
  await updateChat(client, meetingHash, (chat) => {
    const outbox = chat.outbox.filter((other) => !equalBytes(messageHash(other.raw), hash))
    return outbox.length === chat.outbox.length ? chat : { ...chat, outbox }
  })
}

/**
 * Seals anew, from the first on that is not as the log in force wants it, everything that waits: links and targets then name the bytes that are sent.
 * What an older epoch's key sealed is asked for first, as the server may have it: only what it refused is sealed anew.
 */
async function sealAnew(client: Client, log: MeetingLog, { isRefused = false } = {}): Promise<void> {
  const meeting = requireMeeting(client, log.meetingId)
  const { keys, seq } = log.current
  const inForce = new Set(log.eventHashes.slice(seq).map(toHex))
  const isFit = (item: Item): boolean => {
    const { epoch } = decodeMessage(item.raw)
    if (epoch !== keys.epoch) return !isRefused
    return inForce.has(toHex(openItem(meeting, item).statement.newestLogHash))
  }
  await updateChat(client, log.meetingHash, (chat) => {
    const first = chat.outbox.findIndex((item) => !isFit(item))
    if (first < 0) return chat
    const kept = chat.outbox.slice(0, first)
    const firstItem = chat.outbox[first]
    if (firstItem === undefined) return chat
    const { counter, prev } = openItem(meeting, firstItem).statement
    const anew = sealBehind(client, meeting, chat, keys, {
      newestLogHash: log.head.hash,
      next: { counter, prev },
      items: chat.outbox.slice(first).map((item) => {
        const { statement, content, replaces } = openItem(meeting, item)
        return {
          messageId: statement.messageId,
          counter: statement.counter,
          timeMs: statement.timeMs,
          replaces: [...replaces, messageHash(item.raw)].slice(-LIMITS.replacedSealings),
          content,
          before: item.raw,
        }
      }),
    })
    return { ...chat, next: { counter: chat.next.counter, prev: anew.next.prev }, outbox: [...kept, ...anew.items] }
  })
}

interface Resealing extends Pick<NewMessage, "messageId" | "counter" | "timeMs" | "replaces" | "content"> {
  /** The bytes that it stands for. */
  readonly before: Uint8Array
}

/** Seals what waits one behind the other, from the place `next` on. */
function sealBehind(
  client: Client,
  meeting: MeetingState,
  chat: ChatState,
  keys: EpochKeys,
  {
    newestLogHash,
    next,
    items,
  }: Pick<NewMessage, "newestLogHash"> & Pick<ChatState, "next"> & { readonly items: readonly Resealing[] },
): { readonly items: readonly Item[]; readonly next: ChatState["next"] } {
  const renamed = new Map<string, Uint8Array>()
  let place = next
  const sealed = items.map(({ before, counter, content, ...message }): Item => {
    const raw = seal(client, meeting, { ...chat, next: { ...place, counter } }, keys, {
      ...message,
      newestLogHash,
      content: retargeted(content, renamed),
    })
    renamed.set(toHex(messageHash(before)), messageHash(raw))
    place = { counter: counter + 1, prev: messageHash(raw) }
    return { messageId: message.messageId, raw }
  })
  return { items: sealed, next: place }
}

/** What names a message that was sealed anew names its new bytes. */
function retargeted(content: MessageContent, renamed: ReadonlyMap<string, Uint8Array>): MessageContent {
  const target = content.type === "text" ? content.replyTo : content.target
  const hash = target === null ? undefined : renamed.get(toHex(target.hash))
  if (target === null || hash === undefined) return content
  return content.type === "text"
    ? { ...content, replyTo: { ...target, hash } }
    : { ...content, target: { ...target, hash } }
}

function seal(
  client: Client,
  meeting: MeetingState,
  chat: ChatState,
  keys: EpochKeys,
  message: Pick<NewMessage, "messageId" | "newestLogHash" | "replaces" | "timeMs" | "content">,
): Uint8Array {
  const { meetingHash } = meeting
  const place = { meetingId: idOfHash("meeting", meetingHash), meetingHash, ...chat.next }
  return makeMessage({ ...place, ...message }, keys, selfAsAuthor(client, ownHead(client.state.current)), client.random)
}

/** The newest link of the own chain that this device knows. */
function ownHead({ pins, secrets }: ClientState): Uint8Array {
  const own = pins.find((pin) => equalBytes(pin.genesisHash, secrets.genesisHash))
  if (own === undefined) throw new ArchiveError("internal", "a device that does not know its own account's chain")
  return own.headHash
}

function newestKeys({ known }: MeetingState): EpochKeys {
  const newest = known.reduce<MeetingState["known"][number] | null>(
    (found, secret) => (found === null || secret.epoch > found.epoch ? secret : found),
    null,
  )
  if (newest === null) throw new ArchiveError("not-authorised", "this device holds no key of this meeting")
  return deriveEpochKeys(newest.secret, newest.epoch)
}

function openItem(meeting: MeetingState, item: Item) {
  const message = decodeMessage(item.raw)
  // Of a void epoch's number there may be two secrets.
  for (const secret of meeting.known.filter(({ epoch }) => epoch === message.epoch))
    try {
      const { content, ...opened } = openMessage(
        message,
        meeting.meetingHash,
        deriveEpochKeys(secret.secret, secret.epoch),
      )
      if (content.type !== "other") return { ...opened, content }
    } catch (error) {
      if (!isArchiveError(error) || error.code !== "cannot-open") throw error
    }
  throw new ArchiveError("cannot-open", "a message that waits to be sent, and whose key this device lacks")
}

function opened(meeting: MeetingState, item: Item): UnsentMessage {
  const { statement, content } = openItem(meeting, item)
  return { messageId: statement.messageId, hash: messageHash(item.raw), timeMs: statement.timeMs, content }
}
