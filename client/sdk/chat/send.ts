import * as z from "zod"
import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { PostMessageRequest, PostMessageResponse } from "../../../shared/protocol/http.js"
import { asId, idOfHash, type MeetingId, type MessageId } from "../../../shared/protocol/ids.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { decodeMessage, messageHash } from "../../../shared/protocol/message.js"
import type { MessageContent } from "../../../shared/protocol/message-content.js"
import { deriveEpochKeys, type EpochKeys } from "../../crypto/epoch-keys.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { makeMessage, type NewMessage, openMessage } from "../../crypto/message.js"
import { type Client, selfAsAuthor } from "../client.js"
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
    return {
      ...chat,
      next: { counter: chat.next.counter + 1, prev: messageHash(raw) },
      outbox: [...chat.outbox, { messageId, raw }],
    }
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

/**
 * Sends what waits, in order, the same bytes each time. What an epoch ended before it arrived is sealed anew.
 * @throws {@link ArchiveError} never for what a later call may mend or what keeps this account from sealing: that is in the report.
 */
export async function flushChat(
  client: Client,
  meetingId: MeetingId,
  options: SealingOptions = {},
): Promise<SendReport> {
  const { meetingHash } = requireMeeting(client, meetingId)
  let stored = 0
  try {
    for (let attempt = 1; chatStateOf(client.state.current, meetingHash).outbox.length > 0; attempt++) {
      const log = await prepareToSeal(client, await readMeeting(client, meetingId), options)
      await sealAnew(client, log)
      try {
        for (let item = nextItem(client, meetingHash); item !== undefined; item = nextItem(client, meetingHash)) {
          await post(client, log, item)
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

type Item = ChatState["outbox"][number]

function nextItem(client: Client, meetingHash: Uint8Array): Item | undefined {
  return chatStateOf(client.state.current, meetingHash).outbox[0]
}

/** @throws {@link ArchiveError} what the server refuses; `integrity` where it has another message under this id. */
async function post(client: Client, log: MeetingLog, item: Item): Promise<void> {
  const hash = messageHash(item.raw)
  await client.tokens.with(client.http, currentCapability(log), async (token, subject) => {
    const placed = await client.http.json(PostMessageResponse, {
      method: "POST",
      path: `/v1/meetings/${subject}/messages`,
      subject,
      token,
      json: z.encode(PostMessageRequest, { message: item.raw }),
    })
    if (!equalBytes(placed.hash, hash))
      throw new ArchiveError("integrity", "the server says that it holds another message than the one that was sent", {
        place: `message ${placed.seq}`,
      })
  })
  client.failpoint("chat.sent")
  await confirmSent(client, log.meetingHash, item)
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
    let next = { counter, prev }
    const renamed = new Map<string, Uint8Array>()
    const anew = chat.outbox.slice(first).map((item): Item => {
      const { statement, content, replaces } = openItem(meeting, item)
      const raw = seal(client, meeting, { ...chat, next: { ...next, counter: statement.counter } }, keys, {
        messageId: item.messageId as MessageId,
        newestLogHash: log.head.hash,
        replaces: [...replaces, messageHash(item.raw)].slice(-LIMITS.replacedSealings),
        timeMs: statement.timeMs,
        content: retargeted(content, renamed),
      })
      renamed.set(toHex(messageHash(item.raw)), messageHash(raw))
      next = { counter: statement.counter + 1, prev: messageHash(raw) }
      return { messageId: item.messageId, raw }
    })
    return { ...chat, next: { counter: chat.next.counter, prev: next.prev }, outbox: [...kept, ...anew] }
  })
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
