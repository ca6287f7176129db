import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { makeEnvelope } from "../../shared/protocol/envelope.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import type { MeetingId, MessageId } from "../../shared/protocol/ids.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import {
  decodeMessageBody,
  encodeMessage,
  encodeMessageBody,
  encodeMessageStatement,
  type Message,
  messageAad,
  messageContext,
  type MessageStatement,
  verifyMessageBody,
} from "../../shared/protocol/message.js"
import {
  type MessageContent,
  messageValues,
  type OtherContent,
  readMessageContent,
  readReplaces,
} from "../../shared/protocol/message-content.js"
import { fieldsRoot } from "../../shared/protocol/statement.js"
import { openRecord, openWithRecordSecret, recordSecretOf, sealRecord, type SealPlace } from "./committed-seal.js"
import type { EpochKeys } from "./epoch-keys.js"
import type { Author } from "./log-event.js"
import { saltFields } from "./salted-fields.js"
import { verifySignature } from "./sodium.js"

/** What stands in a message beside what it says. */
export interface NewMessage {
  readonly meetingId: MeetingId
  readonly meetingHash: Uint8Array
  readonly messageId: MessageId
  readonly counter: number
  readonly prev: Uint8Array
  readonly newestLogHash: Uint8Array
  /** Hashes of the sealings under older epochs that this one stands for. */
  readonly replaces: readonly Uint8Array[]
  readonly timeMs: number
  readonly content: MessageContent
}

/** A message that opened, and whose signature holds. Whether its author may write is for the {@link MessageJudge}. */
export interface OpenedMessage {
  readonly statement: MessageStatement
  readonly content: MessageContent | OtherContent
  readonly replaces: readonly Uint8Array[]
}

/**
 * Salts, signs and seals a message. SPEC.md §16.1.
 * @throws {@link ArchiveError} `too-large`, `malformed` for what every reader would refuse.
 */
export function makeMessage(message: NewMessage, keys: EpochKeys, author: Author, random: RandomBytes): Uint8Array {
  const { meetingId, meetingHash, messageId, counter, prev, newestLogHash, replaces, timeMs, content } = message
  const values = messageValues(content)
  const fields = saltFields(replaces.length === 0 ? values : [...values, ["replaces", replaces]], random)
  readMessageContent(content.type, fields)
  const statement = encodeMessageStatement({
    meetingHash,
    epoch: keys.epoch,
    epochCommitment: keys.commitment,
    messageId,
    counter,
    prev,
    authorGenesisHash: author.genesisHash,
    authorChainHead: author.chainHead,
    deviceKey: author.signer.publicKey,
    type: content.type,
    timeMs,
    fieldsRoot: fieldsRoot(fields),
    newestLogHash,
  })
  const body = encodeMessageBody({ envelope: makeEnvelope(LABELS.signMessage, author.signer, statement), fields })
  const visible = { meetingId, epoch: keys.epoch, messageId }
  const raw = encodeMessage({ ...visible, sealedBody: sealRecord(bodyPlace(meetingHash, visible, keys), body, random) })
  if (raw.length > LIMITS.messageBytes)
    throw new ArchiveError("too-large", `a message of ${raw.length} bytes where ${LIMITS.messageBytes} are allowed`)
  return raw
}

/** @throws {@link ArchiveError} `cannot-open`; `bad-signature` also for what was signed for another place; `malformed`, `unsupported-version`. CH2, CH4. */
export function openMessage(message: Message, meetingHash: Uint8Array, keys: EpochKeys): OpenedMessage {
  const body = decodeMessageBody(openRecord(bodyPlace(meetingHash, message, keys), message.sealedBody))
  const statement = verifyMessageBody(body, verifySignature)
  const fits =
    equalBytes(statement.meetingHash, meetingHash) &&
    statement.epoch === message.epoch &&
    equalBytes(statement.epochCommitment, keys.commitment) &&
    equalBytes(statement.messageId, message.messageId)
  if (!fits) throw new ArchiveError("bad-signature", "a message that was signed for another place")
  return { statement, content: readMessageContent(statement.type, body.fields), replaces: readReplaces(body.fields) }
}

const SALT_BYTES = 32

/** What opens this message and no other: what an opening reveals. SPEC.md §2, §18. */
export function messageSecret(message: Message, meetingHash: Uint8Array, keys: EpochKeys): Uint8Array {
  return recordSecretOf(bodyPlace(meetingHash, message, keys), message.sealedBody.subarray(0, SALT_BYTES))
}

/** Opens one message by its secret alone. @returns its body. @throws {@link ArchiveError} `cannot-open`. */
export function openMessageBySecret(message: Message, meetingHash: Uint8Array, secret: Uint8Array): Uint8Array {
  return openWithRecordSecret(secret, openPlace(meetingHash, message), message.sealedBody)
}

function bodyPlace(meetingHash: Uint8Array, message: Omit<Message, "sealedBody">, keys: EpochKeys): SealPlace {
  return { key: keys.chatKey, ...openPlace(meetingHash, message) }
}

function openPlace(meetingHash: Uint8Array, message: Omit<Message, "sealedBody">): Omit<SealPlace, "key"> {
  return {
    label: LABELS.chat,
    context: messageContext(meetingHash, message),
    aad: messageAad(message),
  }
}
