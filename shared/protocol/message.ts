import { LAST_TIME_MS } from "./ambient.js"
import { concatBytes, equalBytes, u64 } from "./bytes.js"
import { decodeCbor, encodeCbor, readBytes, readText, readUint, readVersioned } from "./cbor.js"
import { openEnvelope, PUBLIC_KEY_BYTES, type VerifySignature } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES, ID_BYTES, sha256 } from "./hash.js"
import { asId, type MeetingId, type MessageId } from "./ids.js"
import { LABELS } from "./labels.js"
import { LIMITS } from "./limits.js"
import { type Field, fieldsRoot, fieldsValue, readFields, verifyShown } from "./statement.js"

/** A chat message: what a server sees of it, and what its signature covers. SPEC.md §16.1. */

/** What its sender sets that a server sees; seq, incarnation and day are the server's and stand under no seal. */
export interface Message {
  readonly meetingId: MeetingId
  readonly epoch: number
  readonly messageId: MessageId
  readonly sealedBody: Uint8Array
}

/** As a meeting statement; message id, the device's own counter and the hash of its message before stand for seq and prev. */
export interface MessageStatement {
  readonly meetingHash: Uint8Array
  readonly epoch: number
  readonly epochCommitment: Uint8Array
  readonly messageId: MessageId
  /** From 0, one more with each message of the device to the meeting. */
  readonly counter: number
  /** Of the device's message before, as sealed; zeros before the first. */
  readonly prev: Uint8Array
  readonly authorGenesisHash: Uint8Array
  readonly authorChainHead: Uint8Array
  readonly deviceKey: Uint8Array
  readonly type: string
  /** By the author's clock, and a date. B6. */
  readonly timeMs: number
  readonly fieldsRoot: Uint8Array
  /** The newest event of the meeting's log that the author had verified. */
  readonly newestLogHash: Uint8Array
}

/** The opened body of a message. */
export interface MessageBody {
  readonly envelope: Uint8Array
  readonly fields: readonly Field[]
}

/** Of the committed seal around one padded step of 256 bytes. */
const SMALLEST_SEAL_BYTES = 336

export function encodeMessage({ meetingId, epoch, messageId, sealedBody }: Message): Uint8Array {
  return encodeCbor([1, meetingId, epoch, messageId, sealedBody])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`. CH1. */
export function decodeMessage(raw: Uint8Array): Message {
  const items = readVersioned(decodeCbor(raw, LIMITS.messageBytes), "message", 5)
  return {
    meetingId: asId("meeting", readBytes(items[1], "meeting id", ID_BYTES)),
    epoch: readUint(items[2], "epoch", 0xffff_ffff),
    messageId: asId("message", readBytes(items[3], "message id", ID_BYTES)),
    sealedBody: readBytes(items[4], "sealed body", { min: SMALLEST_SEAL_BYTES, max: LIMITS.messageBytes }),
  }
}

export function messageHash(rawMessage: Uint8Array): Uint8Array {
  return sha256(rawMessage)
}

/** `meetingHash ‖ u64(epoch) ‖ message id`. SPEC.md §16.1. */
export function messageContext(meetingHash: Uint8Array, message: Pick<Message, "epoch" | "messageId">): Uint8Array {
  return concatBytes(meetingHash, u64(message.epoch), message.messageId)
}

/** Everything visible that the sender set. SPEC.md §16.1. */
export function messageAad({ meetingId, epoch, messageId }: Omit<Message, "sealedBody">): Uint8Array {
  return encodeCbor([1, meetingId, epoch, messageId])
}

export function encodeMessageStatement(s: MessageStatement): Uint8Array {
  return encodeCbor([
    1,
    s.meetingHash,
    s.epoch,
    s.epochCommitment,
    s.messageId,
    s.counter,
    s.prev,
    s.authorGenesisHash,
    s.authorChainHead,
    s.deviceKey,
    s.type,
    s.timeMs,
    s.fieldsRoot,
    s.newestLogHash,
  ])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`. */
export function decodeMessageStatement(raw: Uint8Array): MessageStatement {
  const items = readVersioned(decodeCbor(raw, LIMITS.linkBytes), "statement of a message", 14)
  const hash = (index: number, what: string): Uint8Array => readBytes(items[index], what, HASH_BYTES)
  return {
    meetingHash: hash(1, "meeting hash"),
    epoch: readUint(items[2], "epoch"),
    epochCommitment: hash(3, "epoch commitment"),
    messageId: asId("message", readBytes(items[4], "message id", ID_BYTES)),
    counter: readUint(items[5], "counter"),
    prev: hash(6, "hash of the message before"),
    authorGenesisHash: hash(7, "author"),
    authorChainHead: hash(8, "author's chain head"),
    deviceKey: readBytes(items[9], "device key", PUBLIC_KEY_BYTES),
    type: readText(items[10], "type", LIMITS.fieldNameBytes),
    timeMs: readUint(items[11], "time", LAST_TIME_MS),
    fieldsRoot: hash(12, "fields root"),
    newestLogHash: hash(13, "newest log hash"),
  }
}

export function encodeMessageBody({ envelope, fields }: MessageBody): Uint8Array {
  return encodeCbor([1, envelope, fieldsValue(fields)])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`. */
export function decodeMessageBody(raw: Uint8Array): MessageBody {
  const [, envelope, fields] = readVersioned(decodeCbor(raw, LIMITS.messageBytes), "body of a message", 3)
  return {
    envelope: readBytes(envelope, "envelope", { min: 1, max: LIMITS.linkBytes }),
    fields: readFields(fields),
  }
}

/**
 * The signed statement of a message's body, with its fields checked against it.
 * @throws {@link ArchiveError} `bad-signature` (also for other fields than were signed), `malformed`, `unsupported-version`.
 */
export function verifyMessageBody(body: MessageBody, verify: VerifySignature): MessageStatement {
  const { statement } = verifyMessageEnvelope(body.envelope, verify)
  if (!equalBytes(statement.fieldsRoot, fieldsRoot(body.fields)))
    throw new ArchiveError("bad-signature", "fields that are not those that were signed")
  return statement
}

interface SignedMessageStatement {
  readonly statement: MessageStatement
  /** As it was signed. */
  readonly signed: Uint8Array
}

function verifyMessageEnvelope(raw: Uint8Array, verify: VerifySignature): SignedMessageStatement {
  const envelope = openEnvelope(raw, LABELS.signMessage, verify, LIMITS.linkBytes)
  const statement = decodeMessageStatement(envelope.statement)
  if (!equalBytes(statement.deviceKey, envelope.publicKey))
    throw new ArchiveError("bad-signature", "a message that names another key than the one that signed it")
  return { statement, signed: envelope.statement }
}

/** A shown field of a message's statement. @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`, `bad-signature`. SPEC.md §6, §16.1. */
export function verifyShownMessageField(
  raw: Uint8Array,
  verify: VerifySignature,
): { readonly statement: MessageStatement; readonly statementHash: Uint8Array; readonly field: Field } {
  const { statement, signed, field } = verifyShown(raw, (envelope) => verifyMessageEnvelope(envelope, verify))
  return { statement, statementHash: sha256(signed), field }
}
