import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, type MeetingId, type MessageId } from "../../../shared/protocol/ids.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { decodeMessage, decodeMessageBody, type MessageBody } from "../../../shared/protocol/message.js"
import { encodeOpeningHead } from "../../../shared/protocol/opening.js"
import type { OpenedMessage } from "../../../shared/protocol/opening-messages.js"
import { showField } from "../../../shared/protocol/statement.js"
import type { ChatEntry, StandingMessage } from "../../crypto/chat-order.js"
import type { EpochKeys } from "../../crypto/epoch-keys.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { messageSecret, openMessageBySecret } from "../../crypto/message.js"
import { checkHead } from "../../verifier/read-opening.js"
import { ChatReader } from "../chat/read.js"
import type { Client } from "../client.js"
import { linksUpTo } from "./statement-proof.js"

/** Which messages: by their ids, or those that their authors' clocks put between two times, the second exclusive. */
export type MessageChoice =
  { readonly ids: readonly MessageId[] } | { readonly fromMs: number; readonly untilMs: number }

/** A message that can be opened, and how. */
export interface OpenableMessage {
  readonly message: StandingMessage
  readonly body: MessageBody
  readonly secret: Uint8Array
  /** Of its fields those that are opened; all of them where it is opened as it was sealed. */
  readonly names: readonly string[]
  readonly isSealed: boolean
}

export interface OpenableMessages {
  readonly log: MeetingLog
  /** In the chat's order. */
  readonly messages: readonly OpenableMessage[]
  /** In the chosen time there are so many more that this account can't open, or that nobody can be told to have written. */
  readonly others: number
}

/** Keys of files and what deletes them, other members, other recordings: what a message holds beside what it says stays closed. */
const KEPT_BACK: ReadonlySet<string> = new Set(["files", "mentions", "place", "uploadSecrets"])

/**
 * Reads the chat back as far as the choice needs.
 * @throws {@link ArchiveError} `not-found` for what is not there or does not open; `usage` for none, `too-large` for more than one opening holds; what a reader of the chat refuses.
 */
export async function openableMessages(
  client: Client,
  meetingId: MeetingId,
  choice: MessageChoice,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<OpenableMessages> {
  const reader = await ChatReader.open(client, meetingId, options)
  const chosen = "ids" in choice ? await messagesOfIds(reader, choice.ids) : await messagesOfTime(reader, choice)
  if (chosen.messages.length === 0) throw new ArchiveError("usage", "there is no message to be opened then")
  if (chosen.messages.length > LIMITS.openingMessages)
    throw new ArchiveError(
      "too-large",
      `${chosen.messages.length} messages: one opening holds ${LIMITS.openingMessages}, so make several`,
    )
  const { log } = reader
  return { log, others: chosen.others, messages: chosen.messages.map((message) => openable(log, message)) }
}

interface Chosen {
  readonly messages: readonly StandingMessage[]
  readonly others: number
}

async function messagesOfIds(reader: ChatReader, ids: readonly MessageId[]): Promise<Chosen> {
  for (;;) {
    const found = reader.entries().filter(isAuthentic)
    const missing = ids.find((id) => !found.some(({ messageId }) => equalBytes(messageId, id)))
    if (missing === undefined)
      return {
        messages: found.filter(({ messageId }) => ids.some((id) => equalBytes(messageId, id))),
        others: 0,
      }
    if (!(await reader.readOlder()))
      throw new ArchiveError("not-found", `${formatId("message", missing)} is not in this chat, or does not open here`)
  }
}

/** Clocks differ, so all of it is read. */
async function messagesOfTime(
  reader: ChatReader,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): Promise<Chosen> {
  while (await reader.readOlder());
  const entries = reader.entries()
  const isWithin = (entry: ChatEntry): boolean =>
    isAuthentic(entry) && entry.statement.timeMs >= fromMs && entry.statement.timeMs < untilMs
  const [first, last] = [entries.findIndex(isWithin), entries.findLastIndex(isWithin)]
  const between = first < 0 ? [] : entries.slice(first, last + 1)
  return {
    messages: entries.filter(isAuthentic).filter(isWithin),
    others: between.filter((entry) => !isAuthentic(entry)).length,
  }
}

function isAuthentic(entry: ChatEntry): entry is StandingMessage {
  return entry.kind === "authentic"
}

/**
 * @param isWhole opens it as it was sealed, also where it has files, mentions or a place.
 * @throws {@link ArchiveError} `internal` for a message of another log.
 */
export function openable(log: MeetingLog, message: StandingMessage, { isWhole = false } = {}): OpenableMessage {
  const keys = keysOf(log, message.epoch)
  const decoded = decodeMessage(message.served.raw)
  const secret = messageSecret(decoded, log.meetingHash, keys)
  const body = decodeMessageBody(openMessageBySecret(decoded, log.meetingHash, secret))
  const names = body.fields.map(({ name }) => name)
  const isSealed = isWhole || !names.some((name) => KEPT_BACK.has(name))
  return { message, body, secret, isSealed, names: isSealed ? names : names.filter((name) => !KEPT_BACK.has(name)) }
}

function keysOf(log: MeetingLog, epoch: number): EpochKeys {
  const found = log.epochs.find(({ keys }) => keys.epoch === epoch)
  if (found === undefined) throw new ArchiveError("internal", "an authentic message of an epoch without keys")
  return found.keys
}

/** As few openings as hold them all, where none contradicts another of the same opening: OP12 would refuse it. */
export function splitIntoOpenings(messages: readonly StandingMessage[]): readonly (readonly StandingMessage[])[] {
  const openings: (readonly StandingMessage[])[] = []
  for (let rest = messages; rest.length > 0;) {
    const [chosen, left] = firstOpening(rest)
    openings.push(chosen)
    rest = left
  }
  return openings
}

function firstOpening(
  messages: readonly StandingMessage[],
): readonly [chosen: readonly StandingMessage[], left: readonly StandingMessage[]] {
  const chosen: StandingMessage[] = []
  const contradicting: StandingMessage[] = []
  const byPlace = new Map<string, StandingMessage[]>()
  const at = (message: StandingMessage, step: number): readonly StandingMessage[] =>
    byPlace.get(placeOf(message, step)) ?? []
  const isBefore = (before: StandingMessage, { statement }: StandingMessage): boolean =>
    equalBytes(before.hash, statement.prev)
  for (const [index, message] of messages.entries()) {
    if (chosen.length === LIMITS.openingMessages) return [chosen, [...contradicting, ...messages.slice(index)]]
    const before = at(message, -1)
    const fits =
      (before.length === 0 || before.some((other) => isBefore(other, message))) &&
      at(message, 1).every((after) => [message, ...at(message, 0)].some((other) => isBefore(other, after)))
    if (!fits) {
      contradicting.push(message)
      continue
    }
    chosen.push(message)
    byPlace.set(placeOf(message, 0), [...at(message, 0), message])
  }
  return [chosen, contradicting]
}

function placeOf({ statement }: StandingMessage, step: number): string {
  return `${toHex(statement.authorGenesisHash)} ${toHex(statement.deviceKey)} ${statement.counter + step}`
}

/**
 * An opening of chat messages: who wrote them, and what they say. One that has files, mentions or a place in a recording is opened by its other fields
 * alone. SPEC.md §18.
 * @throws {@link ArchiveError} `bad-chain`, `integrity`.
 */
export async function makeMessageOpening(client: Client, { log, messages }: OpenableMessages): Promise<Uint8Array> {
  const authors: Uint8Array[] = []
  for (const { message } of messages)
    if (!authors.some((author) => equalBytes(author, message.statement.authorGenesisHash)))
      authors.push(message.statement.authorGenesisHash)
  const chains: (readonly Uint8Array[])[] = []
  for (const author of authors) {
    const heads = messages
      .map(({ message: { statement } }) => statement)
      .filter(({ authorGenesisHash }) => equalBytes(authorGenesisHash, author))
      .map(({ authorChainHead }) => authorChainHead)
    chains.push(await linksUpTo(client, author, heads))
  }
  const head = {
    meetingHash: log.meetingHash,
    chains,
    messages: messages.map(({ message, body, secret, names, isSealed }): OpenedMessage => ({
      chain: authors.findIndex((author) => equalBytes(author, message.statement.authorGenesisHash)),
      content: isSealed
        ? { rawMessage: message.served.raw, secret }
        : { shown: names.map((name) => showField(body, name)) },
    })),
  }
  checkHead(head)
  return encodeOpeningHead(head)
}
