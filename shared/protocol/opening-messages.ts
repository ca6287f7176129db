import { equalBytes } from "./bytes.js"
import { type CborValue, readArray, readBytes, readNullable, readUint } from "./cbor.js"
import { indexOfHead, isActiveAt, type VerifiedChain, verifyChain } from "./chain.js"
import type { VerifySignature } from "./envelope.js"
import { ArchiveError, isArchiveError } from "./errors.js"
import { HASH_BYTES } from "./hash.js"
import { idOfHash } from "./ids.js"
import { LIMITS } from "./limits.js"
import {
  decodeMessage,
  decodeMessageBody,
  type Message,
  messageHash,
  type MessageStatement,
  verifyMessageBody,
  verifyShownMessageField,
} from "./message.js"
import type { Field } from "./statement.js"

/** What an opening of chat messages is made of, and what it proves. SPEC.md §18. */

export interface OpenedMessage {
  /** Which of the opening's chains is its author's. */
  readonly chain: number
  readonly content: MessageFields | SealedMessage
}

/** Some fields of a message's statement, each with its path. */
export interface MessageFields {
  readonly shown: readonly Uint8Array[]
}

/** A message as it was sealed, and the secret that opens it and no other. */
export interface SealedMessage {
  readonly rawMessage: Uint8Array
  readonly secret: Uint8Array
}

export interface MessagesHead {
  readonly meetingHash: Uint8Array
  /** Of each author one, up to the newest link that one of its messages names. */
  readonly chains: readonly (readonly Uint8Array[])[]
  readonly messages: readonly OpenedMessage[]
}

/** Opens a message by its secret alone. @returns its body. @throws {@link ArchiveError} `cannot-open`. */
export type OpenMessageBySecret = (message: Message, meetingHash: Uint8Array, secret: Uint8Array) => Uint8Array

export interface CheckedMessage {
  readonly statement: MessageStatement
  /** As they were signed; all of them where the sealed message is opened. */
  readonly fields: readonly Field[]
  /** The author's, up to the newest head at which one of its messages was signed. */
  readonly chain: VerifiedChain
  /** `null` where only fields are shown. */
  readonly rawMessage: Uint8Array | null
  /** Which of the opening's messages it names as the one that its device wrote before. */
  readonly follows: number | null
}

export interface CheckedMessages {
  readonly meetingHash: Uint8Array
  readonly messages: readonly CheckedMessage[]
}

const SECRET_BYTES = 32

export function messagesHeadValues({ messages, chains, meetingHash }: MessagesHead): readonly CborValue[] {
  return [
    messages.map(({ chain, content }) =>
      "shown" in content ? [chain, content.shown, null] : [chain, null, [content.rawMessage, content.secret]],
    ),
    chains,
    meetingHash,
  ]
}

/** @throws {@link ArchiveError} `malformed`. OP1, OP11. */
export function readMessagesHead(
  rawMessages: CborValue | undefined,
  rawChains: CborValue | undefined,
  rawMeetingHash: CborValue | undefined,
): MessagesHead {
  const chains = readSome(rawChains, "chains", LIMITS.openingMessages).map((links) =>
    readItems(links, "links", LIMITS.links, LIMITS.linkBytes),
  )
  const messages = readSome(rawMessages, "messages", LIMITS.openingMessages).map((item): OpenedMessage => {
    const [rawChain, rawShown, rawSealed] = readArray(item, "message", 3)
    const chain = readUint(rawChain, "chain of a message", chains.length - 1)
    const shown = readNullable(rawShown, (fields) =>
      readItems(fields, "shown fields", LIMITS.fields, LIMITS.messageBytes),
    )
    const sealed = readNullable(rawSealed, readSealed)
    if (shown !== null && sealed === null) return { chain, content: { shown } }
    if (sealed !== null && shown === null) return { chain, content: sealed }
    throw new ArchiveError("malformed", "a message that is opened neither by fields nor as sealed, or by both")
  })
  return { messages, chains, meetingHash: readBytes(rawMeetingHash, "meeting hash", HASH_BYTES) }
}

function readSealed(raw: CborValue | undefined): SealedMessage {
  const [rawMessage, secret] = readArray(raw, "sealed message", 2)
  return {
    rawMessage: readBytes(rawMessage, "sealed message", { min: 1, max: LIMITS.messageBytes }),
    secret: readBytes(secret, "secret of a message", SECRET_BYTES),
  }
}

function readSome(raw: CborValue | undefined, what: string, most: number): readonly CborValue[] {
  const items = readArray(raw, what)
  if (items.length === 0 || items.length > most) throw new ArchiveError("malformed", `${items.length} ${what}`)
  return items
}

/** One to `most` byte strings. @throws {@link ArchiveError} `malformed`, `too-large`. */
export function readItems(
  raw: CborValue | undefined,
  what: string,
  most: number,
  limitBytes: number,
): readonly Uint8Array[] {
  return readSome(raw, what, most).map((item) => readBytes(item, what, { min: 1, max: limitBytes }))
}

/**
 * Checks statements, fields, devices, chains, sealed messages, and how they follow each other.
 * @throws {@link ArchiveError} `bad-signature`, `bad-chain`, `not-authorised`, `cannot-open`, `integrity`, `malformed`, with the place. OP11, OP12.
 */
export function checkMessages(head: MessagesHead, verify: VerifySignature, open: OpenMessageBySecret): CheckedMessages {
  const chains = head.chains.map((links) => verifyChain(links, verify))
  const messages = head.messages.map((message, index) =>
    at(index, () => checkMessage(message, head.meetingHash, chains, verify, open)),
  )
  assertDistinct(messages)
  for (const chain of chains) assertIsNeeded(chain, messages)
  return {
    meetingHash: head.meetingHash,
    messages: messages.map((message, index) => ({
      ...message,
      follows: at(index, () => precursorOf(message, messages)),
    })),
  }
}

type MessageAlone = Omit<CheckedMessage, "follows">

function checkMessage(
  { chain: chainIndex, content }: OpenedMessage,
  meetingHash: Uint8Array,
  chains: readonly VerifiedChain[],
  verify: VerifySignature,
  open: OpenMessageBySecret,
): MessageAlone {
  const opened = "shown" in content ? openFields(content, verify) : openSealed(content, meetingHash, verify, open)
  const { statement } = opened
  if (!equalBytes(statement.meetingHash, meetingHash))
    throw new ArchiveError("malformed", "a message of another meeting than the opening's")
  const chain = chains[chainIndex]
  if (chain === undefined || !equalBytes(chain.genesisHash, statement.authorGenesisHash))
    throw new ArchiveError("bad-chain", "the chain of another account than the one that signed")
  const head = indexOfHead(chain, statement.authorChainHead)
  if (head < 0) throw new ArchiveError("bad-chain", "a chain that ends before its account signed")
  if (!isActiveAt(chain, statement.deviceKey, head))
    throw new ArchiveError("not-authorised", "a message by a device that was not its author's then")
  return { ...opened, chain }
}

function openFields(
  { shown }: MessageFields,
  verify: VerifySignature,
): Pick<CheckedMessage, "statement" | "fields" | "rawMessage"> {
  const verified = shown.map((raw) => verifyShownMessageField(raw, verify))
  const [first] = verified
  const areOfOne =
    first !== undefined && verified.every(({ statementHash }) => equalBytes(statementHash, first.statementHash))
  if (!areOfOne) throw new ArchiveError("malformed", "fields of different messages shown as one's")
  const fields = verified.map(({ field }) => field)
  if (new Set(fields.map(({ name }) => name)).size !== fields.length)
    throw new ArchiveError("malformed", "a field that is shown twice")
  return { statement: first.statement, fields, rawMessage: null }
}

function openSealed(
  { rawMessage, secret }: SealedMessage,
  meetingHash: Uint8Array,
  verify: VerifySignature,
  open: OpenMessageBySecret,
): Pick<CheckedMessage, "statement" | "fields" | "rawMessage"> {
  const message = decodeMessage(rawMessage)
  const body = decodeMessageBody(open(message, meetingHash, secret))
  const statement = verifyMessageBody(body, verify)
  const fits =
    equalBytes(message.meetingId, idOfHash("meeting", meetingHash)) &&
    statement.epoch === message.epoch &&
    equalBytes(statement.messageId, message.messageId)
  if (!fits) throw new ArchiveError("bad-signature", "a message that was signed for another place")
  return { statement, fields: body.fields, rawMessage }
}

function assertDistinct(messages: readonly MessageAlone[]): void {
  for (const [index, { statement }] of messages.entries())
    if (messages.slice(0, index).some((other) => equalBytes(other.statement.messageId, statement.messageId)))
      throw new ArchiveError("malformed", "a message that is opened twice", { place: `message ${index}` })
}

/** A chain shows of an account no more than its messages need. */
function assertIsNeeded(chain: VerifiedChain, messages: readonly MessageAlone[]): void {
  const newest = messages
    .filter((message) => message.chain === chain)
    .reduce((most, { statement }) => Math.max(most, indexOfHead(chain, statement.authorChainHead)), -1)
  if (newest !== chain.linkHashes.length - 1)
    throw new ArchiveError("bad-chain", "a chain that goes on behind where its account signed", { place: "links" })
}

/** @throws {@link ArchiveError} `integrity` where the message before it is in the opening, with other bytes than it names. */
function precursorOf({ statement }: MessageAlone, messages: readonly MessageAlone[]): number | null {
  const before = messages.flatMap(({ statement: other, rawMessage }, index) =>
    rawMessage !== null &&
    other.counter === statement.counter - 1 &&
    equalBytes(other.deviceKey, statement.deviceKey) &&
    equalBytes(other.authorGenesisHash, statement.authorGenesisHash)
      ? [{ index, hash: messageHash(rawMessage) }]
      : [],
  )
  if (before.length === 0) return null
  const found = before.find(({ hash }) => equalBytes(hash, statement.prev))
  if (found === undefined)
    throw new ArchiveError("integrity", "a message that names other bytes before it than those that are opened")
  return found.index
}

function at<T>(index: number, check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!isArchiveError(error)) throw error
    throw new ArchiveError(error.code, error.message, { place: `message ${index}`, cause: error })
  }
}
