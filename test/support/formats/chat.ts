import { openRecord, sealRecord } from "../../../client/crypto/committed-seal.js"
import { deriveEpochKeys } from "../../../client/crypto/epoch-keys.js"
import { makeMessage, type OpenedMessage, openMessage } from "../../../client/crypto/message.js"
import { readChatHeads, chatHeadsValue } from "../../../shared/protocol/chat-heads.js"
import { LAST_TIME_MS } from "../../../shared/protocol/ambient.js"
import { type CborValue, decodeCbor, encodeCbor } from "../../../shared/protocol/cbor.js"
import { makeEnvelope } from "../../../shared/protocol/envelope.js"
import type { ErrorCode } from "../../../shared/protocol/errors.js"
import { asId } from "../../../shared/protocol/ids.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import {
  decodeMessage,
  decodeMessageBody,
  encodeMessage,
  messageAad,
  messageContext,
} from "../../../shared/protocol/message.js"
import {
  type MessageContent,
  messageValues,
  readMessageContent,
  readReplaces,
  textContent,
  type SentFile,
} from "../../../shared/protocol/message-content.js"
import { storedBytesOfFile } from "../../../shared/protocol/padding.js"
import { UPLOAD_SECRET_BOX_BYTES } from "../../../shared/protocol/recording.js"
import { SAMPLE_TIME_MS } from "./accounts.js"
import { sampleHeader } from "./assets.js"
import {
  arrayOf,
  bytesOf,
  commonRefusals,
  edit,
  flip,
  type Format,
  seededBytes,
  signerOf,
  unchanged,
  valueAt,
} from "./format.js"
import { liveHeader } from "./live.js"
import { rootOf } from "./meetings.js"
import { encodeFields, fieldsOf } from "./recordings.js"

const MEETING_HASH = bytesOf("chat meeting")
const MEETING_ID = asId("meeting", MEETING_HASH.slice(0, 16))
const MESSAGE_ID = asId("message", bytesOf("message id", 16))
const TARGET = { messageId: asId("message", bytesOf("target id", 16)), hash: bytesOf("target") }
const MENTIONS = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]

/** Material: the statement, and the fields of the body. Everything is signed and sealed again. */
function message(): Format {
  const keys = deriveEpochKeys(bytesOf("chat epoch"), 3)
  const signer = signerOf("a chatting device")
  const raw = makeMessage(
    {
      meetingId: MEETING_ID,
      meetingHash: MEETING_HASH,
      messageId: MESSAGE_ID,
      counter: 7,
      prev: bytesOf("message before"),
      newestLogHash: bytesOf("newest event"),
      replaces: [bytesOf("an earlier sealing")],
      timeMs: SAMPLE_TIME_MS,
      content: textContent("Shall we **begin**?", { mentions: MENTIONS }),
    },
    keys,
    { genesisHash: bytesOf("author"), chainHead: bytesOf("author's head"), signer },
    seededBytes("a message"),
  )
  const visible = { meetingId: MEETING_ID, epoch: 3, messageId: MESSAGE_ID }
  const place = {
    key: keys.chatKey,
    label: LABELS.chat,
    context: messageContext(MEETING_HASH, visible),
    aad: messageAad(visible),
  }
  const body = openRecord(place, decodeMessage(raw).sealedBody)
  const statement = decodeCbor(valueAt(decodeMessageBody(body).envelope, [2]) as Uint8Array, LIMITS.linkBytes)
  const material = encodeCbor([1, statement, valueAt(body, [2])])
  const assemble = (given: Uint8Array, by = signer): Uint8Array => {
    const items = arrayOf(given)
    const [version, rawStatement, fields, ...rest] = items ?? []
    const signed = Array.isArray(rawStatement)
      ? (rawStatement as readonly CborValue[]).map((item, index) => (index === 12 ? rootOf(fields ?? null) : item))
      : rawStatement
    const plaintext =
      items === null
        ? given
        : encodeCbor([
            version ?? null,
            makeEnvelope(LABELS.signMessage, by, encodeCbor(signed ?? null)),
            fields ?? null,
            ...rest,
          ])
    return encodeMessage({ ...visible, sealedBody: sealRecord(place, plaintext, seededBytes("salt of a message")) })
  }
  const sealed = assemble(material)
  const other = signerOf("another device")
  return {
    name: "message",
    section: "16.1",
    codes: ["malformed", "too-large", "unsupported-version", "cannot-open", "bad-signature"],
    limitBytes: LIMITS.messageBytes,
    vouched: true,
    material,
    assemble: (given) => assemble(given),
    decode: (given): OpenedMessage => openMessage(decodeMessage(given), MEETING_HASH, keys),
    refusals: [
      ...commonRefusals(sealed, sealed, LIMITS.messageBytes, unchanged),
      { name: "of another meeting", code: "cannot-open", raw: edit(sealed, [1], bytesOf("meeting", 16)) },
      { name: "of another epoch", code: "cannot-open", raw: edit(sealed, [2], 4) },
      { name: "under another id", code: "cannot-open", raw: edit(sealed, [3], bytesOf("id", 16)) },
      { name: "an id of 15 bytes", code: "malformed", raw: edit(sealed, [3], bytesOf("id", 15)) },
      { name: "a seal with one bit turned", code: "cannot-open", raw: flip(sealed, -1) },
      { name: "a body too short for a seal", code: "malformed", raw: edit(sealed, [4], bytesOf("body", 335)) },
      { name: "a body of version 2", code: "unsupported-version", raw: assemble(edit(material, [0], 2)) },
      { name: "a statement of version 2", code: "unsupported-version", raw: assemble(edit(material, [1, 0], 2)) },
      { name: "signed by another device", code: "bad-signature", raw: assemble(material, other) },
      {
        name: "signed for another meeting",
        code: "bad-signature",
        raw: assemble(edit(material, [1, 1], bytesOf("another meeting"))),
      },
      { name: "signed for another epoch", code: "bad-signature", raw: assemble(edit(material, [1, 2], 4)) },
      {
        name: "signed under another id",
        code: "bad-signature",
        raw: assemble(edit(material, [1, 4], bytesOf("another id", 16))),
      },
      { name: "a counter that is text", code: "malformed", raw: assemble(edit(material, [1, 5], "7")) },
      { name: "a hash before of 31 bytes", code: "malformed", raw: assemble(edit(material, [1, 6], bytesOf("p", 31))) },
      { name: "a time that is no date", code: "malformed", raw: assemble(edit(material, [1, 11], LAST_TIME_MS + 1)) },
      { name: "a field without a value", code: "malformed", raw: assemble(edit(material, [2, 0], ["mentions"])) },
    ],
  }
}

/** What a message says in its fields beside the nonce. `refused` edits the value of the field at an index. */
function contentOf(
  content: MessageContent,
  refused: readonly (readonly [name: string, index: number, value: CborValue, code?: ErrorCode])[],
  name = `message-${content.type}`,
): Format {
  const random = seededBytes(`message ${content.type}`)
  const raw = encodeFields(messageValues(content).map(([name, value]) => ({ name, salt: random(32), value })))
  return {
    name,
    section: "16.2",
    codes: [...new Set(["malformed" as const, ...refused.map(([, , , code = "malformed"]) => code)])],
    limitBytes: LIMITS.messageBytes,
    vouched: false,
    material: raw,
    assemble: unchanged,
    decode: (given) => readMessageContent(content.type, fieldsOf(given)),
    refusals: [
      { name: "no field", code: "malformed", raw: encodeCbor([]) },
      ...refused.map(([name, index, value, code = "malformed"]) => ({ name, code, raw: edit(raw, [index, 2], value) })),
    ],
  }
}

const SENT_FILE = {
  rawHeader: sampleHeader,
  storedBytes: storedBytesOfFile(1_000),
  trueBytes: 1_000,
  root: bytesOf("root of a file"),
  mediaType: "application/pdf",
  fileName: "agenda.pdf",
  contentKey: bytesOf("key of a file"),
  uploadSecretBox: null,
}

/** The field of one file whose header has another version. */
const LATER_FILE = [
  "a file whose header has version 2",
  0,
  [fileValueOf(SENT_FILE).with(0, sampleHeader.with(8, 2))],
  "unsupported-version",
] as const

function fileValueOf(file: SentFile): readonly CborValue[] {
  const [, value] = messageValues(textContent("", { files: [file] })).find(([name]) => name === "files") ?? []
  return (value as readonly (readonly CborValue[])[])[0]!
}

function text(): Format {
  const fileValue = fileValueOf(SENT_FILE)
  const file = (index: number, value: CborValue): CborValue => fileValue.with(index, value)
  const content = textContent("See *this*.", {
    replyTo: TARGET,
    mentions: MENTIONS,
    files: [SENT_FILE],
    place: { recordingId: asId("recording", bytesOf("recording id", 16)), offsetMs: 61_000 },
  })
  return contentOf(content, [
    ["no files where there is their field", 0, []],
    ["nine files", 0, Array.from({ length: 9 }, () => fileValue)],
    ["a file of kind live", 0, [file(0, liveHeader)]],
    LATER_FILE,
    ["a file of a size that does not fit the true size", 0, [file(2, 2_000_000)]],
    ["a file's key of 31 bytes", 0, [file(6, bytesOf("key", 31))]],
    ["mentions that are not sorted", 1, MENTIONS.toReversed()],
    ["somebody mentioned twice", 1, [bytesOf("m"), bytesOf("m")]],
    ["65 mentions", 1, Array.from({ length: 65 }, (_, index) => new Uint8Array(32).fill(index))],
    ["a place without its recording", 2, [61_000]],
    ["a reply without a hash", 3, [TARGET.messageId]],
    ["a text of 16,385 bytes", 4, "x".repeat(16_385)],
    ["no text", 4, null],
  ])
}

/** With what deletes its files. */
function textWithSecrets(): Format {
  const box = bytesOf("box of an upload secret", UPLOAD_SECRET_BOX_BYTES)
  const content = textContent("", { files: [{ ...SENT_FILE, uploadSecretBox: box }] })
  return contentOf(
    content,
    [
      ["no upload secret where there is their field", 2, []],
      ["two upload secrets of one file", 2, [box, box]],
      ["an upload secret that is none", 2, [null]],
      ["an upload secret a byte too short", 2, [box.slice(1)]],
      ["an upload secret a byte too long", 2, [Uint8Array.of(...box, 0)]],
      LATER_FILE,
    ],
    "message-text-secrets",
  )
}

/** The hashes of earlier sealings, of any type of message. */
function replaces(): Format {
  const raw = encodeFields([
    { name: "replaces", salt: bytesOf("salt"), value: [bytesOf("first sealing"), bytesOf("second sealing")] },
  ])
  return {
    name: "message-replaces",
    section: "16.2",
    codes: ["malformed"],
    limitBytes: LIMITS.messageBytes,
    vouched: false,
    material: raw,
    assemble: unchanged,
    decode: (given) => readReplaces(fieldsOf(given)),
    refusals: [
      { name: "none", code: "malformed", raw: edit(raw, [0, 2], []) },
      {
        name: "17",
        code: "malformed",
        raw: edit(
          raw,
          [0, 2],
          Array.from({ length: 17 }, () => bytesOf("s")),
        ),
      },
      { name: "a hash of 31 bytes", code: "malformed", raw: edit(raw, [0, 2, 1], bytesOf("s", 31)) },
    ],
  }
}

function heads(): Format {
  const head = (byte: number, counter: number) => ({
    deviceKey: new Uint8Array(32).fill(byte),
    counter,
    hash: bytesOf(`message ${byte}`),
  })
  const encode = (...given: readonly ReturnType<typeof head>[]): Uint8Array => encodeCbor(chatHeadsValue(given))
  const raw = encode(head(1, 0), head(2, 41))
  return {
    name: "chat-heads",
    section: "16.3",
    codes: ["malformed", "too-large"],
    limitBytes: LIMITS.epochEventBytes,
    vouched: false,
    material: raw,
    assemble: unchanged,
    decode: (given) => readChatHeads(decodeCbor(given, LIMITS.epochEventBytes)),
    refusals: [
      { name: "no list", code: "malformed", raw: encodeCbor(null) },
      { name: "not sorted", code: "malformed", raw: encode(head(2, 0), head(1, 0)) },
      { name: "a device twice", code: "malformed", raw: encode(head(1, 0), head(1, 1)) },
      { name: "a counter that is text", code: "malformed", raw: edit(raw, [0, 1], "0") },
      { name: "a hash of 16 bytes", code: "malformed", raw: edit(raw, [1, 2], bytesOf("hash", 16)) },
    ],
  }
}

export function chatFormats(): readonly Format[] {
  return [
    message(),
    text(),
    textWithSecrets(),
    contentOf({ type: "edit", target: TARGET, text: "Shall we begin at ten?", mentions: [] }, [
      ["a target's id of 15 bytes", 0, [bytesOf("id", 15), TARGET.hash]],
      ["an empty text", 1, ""],
    ]),
    contentOf({ type: "reaction", target: TARGET, reaction: "👍", isSet: true }, [
      ["neither set nor not", 0, 1],
      ["an empty reaction", 1, ""],
      ["a reaction of 65 bytes", 1, "x".repeat(65)],
      ["a target's hash of 31 bytes", 2, [TARGET.messageId, bytesOf("hash", 31)]],
    ]),
    contentOf({ type: "deletion", target: TARGET }, [["no target", 0, null]]),
    replaces(),
    heads(),
  ]
}
