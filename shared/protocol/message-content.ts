import { ASSET_HEADER_BYTES, decodeAssetHeader } from "./asset-header.js"
import { assertAscending, type CborValue, readArray, readBoolean, readBytes, readText, readUint } from "./cbor.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES, ID_BYTES } from "./hash.js"
import { asId, type MessageId, type RecordingId } from "./ids.js"
import { LIMITS } from "./limits.js"
import { storedBytesOfFile } from "./padding.js"
import { UPLOAD_SECRET_BOX_BYTES } from "./recording.js"
import { isStreamSize } from "./sizes.js"
import { type Field, fieldValue, optionalField } from "./statement.js"

/** What messages say, in the fields of their statements. SPEC.md §16.2. */

/** Another message, by its id and by the hash of its bytes: so nobody is made to answer to something else. */
export interface MessageTarget {
  readonly messageId: MessageId
  readonly hash: Uint8Array
}

/** Where a recording's clock stood. */
export interface RecordingPlace {
  readonly recordingId: RecordingId
  readonly offsetMs: number
}

/** A sealed asset of the meeting that no recording has, and what opens it. */
export interface SentFile {
  readonly rawHeader: Uint8Array
  readonly storedBytes: number
  readonly trueBytes: number
  readonly root: Uint8Array
  readonly mediaType: string
  readonly fileName: string
  readonly contentKey: Uint8Array
  /** What deletes it at the server, sealed to the author alone; `null` where the message does not have it. */
  readonly uploadSecretBox: Uint8Array | null
}

export interface TextContent {
  readonly type: "text"
  /** Markdown, as its author typed it: whoever shows it sanitises it. Empty only beside files. */
  readonly text: string
  readonly replyTo: MessageTarget | null
  /** Genesis hashes, ascending. */
  readonly mentions: readonly Uint8Array[]
  readonly files: readonly SentFile[]
  readonly place: RecordingPlace | null
}

export type MessageContent =
  | TextContent
  | {
      readonly type: "edit"
      readonly target: MessageTarget
      readonly text: string
      readonly mentions: readonly Uint8Array[]
    }
  /** `isSet` is `false` where it is taken back. */
  | { readonly type: "reaction"; readonly target: MessageTarget; readonly reaction: string; readonly isSet: boolean }
  | { readonly type: "deletion"; readonly target: MessageTarget }

/** Of a type that this version does not know: it keeps its place, and is shown as something that can't be shown. */
export interface OtherContent {
  readonly type: "other"
  readonly name: string
}

export function textContent(text: string, more: Partial<Omit<TextContent, "type" | "text">> = {}): TextContent {
  return { type: "text", text, replyTo: null, mentions: [], files: [], place: null, ...more }
}

/** A message's fields beside `nonce` and `replaces`, as names and values; the caller salts them. What is empty has no field. */
export function messageValues(content: MessageContent): readonly (readonly [name: string, value: CborValue])[] {
  switch (content.type) {
    case "text":
      return [
        ...listValue("files", content.files.map(fileValue)),
        ...listValue("mentions", content.mentions),
        ...(content.place === null ? [] : [["place", [content.place.recordingId, content.place.offsetMs]] as const]),
        ...(content.replyTo === null ? [] : [["reply", targetValue(content.replyTo)] as const]),
        ["text", content.text],
        ...uploadSecretsValue(content.files),
      ]
    case "edit":
      return [
        ...listValue("mentions", content.mentions),
        ["target", targetValue(content.target)],
        ["text", content.text],
      ]
    case "reaction":
      return [
        ["isSet", content.isSet],
        ["reaction", content.reaction],
        ["target", targetValue(content.target)],
      ]
    case "deletion":
      return [["target", targetValue(content.target)]]
  }
}

function listValue(name: string, items: readonly CborValue[]): readonly (readonly [string, CborValue])[] {
  return items.length === 0 ? [] : [[name, items]]
}

/** Of all files or of none: their order says whose they are. */
function uploadSecretsValue(files: readonly SentFile[]): readonly (readonly [string, CborValue])[] {
  const boxes = files.flatMap(({ uploadSecretBox }) => (uploadSecretBox === null ? [] : [uploadSecretBox]))
  return boxes.length === files.length ? listValue("uploadSecrets", boxes) : []
}

function targetValue({ messageId, hash }: MessageTarget): CborValue {
  return [messageId, hash]
}

function fileValue(file: SentFile): CborValue {
  return [file.rawHeader, file.storedBytes, file.trueBytes, file.root, file.mediaType, file.fileName, file.contentKey]
}

/** @throws {@link ArchiveError} `malformed`. CH4. */
export function readMessageContent(type: string, fields: readonly Field[]): MessageContent | OtherContent {
  const target = (): MessageTarget => readTarget(fieldValue(fields, "target"))
  switch (type) {
    case "text": {
      const listed = optionalField(fields, "files", readFiles) ?? []
      const boxes = optionalField(fields, "uploadSecrets", (value) => readUploadSecrets(value, listed.length))
      const files = listed.map((file, index) => ({ ...file, uploadSecretBox: boxes?.[index] ?? null }))
      return {
        type,
        text: readMessageText(fieldValue(fields, "text"), files.length === 0),
        replyTo: optionalField(fields, "reply", readTarget),
        mentions: optionalField(fields, "mentions", readMentions) ?? [],
        files,
        place: optionalField(fields, "place", readPlace),
      }
    }
    case "edit":
      return {
        type,
        target: target(),
        text: readMessageText(fieldValue(fields, "text"), true),
        mentions: optionalField(fields, "mentions", readMentions) ?? [],
      }
    case "reaction":
      return {
        type,
        target: target(),
        reaction: readFilled(fieldValue(fields, "reaction"), "reaction", LIMITS.reactionBytes),
        isSet: readBoolean(fieldValue(fields, "isSet"), "whether it is set"),
      }
    case "deletion":
      return { type, target: target() }
    default:
      return { type: "other", name: type }
  }
}

/** Hashes of the sealings that this one stands for: the same message under older epochs. @throws {@link ArchiveError} `malformed`. */
export function readReplaces(fields: readonly Field[]): readonly Uint8Array[] {
  return (
    optionalField(fields, "replaces", (value) =>
      readList(value, "replaced sealings", LIMITS.replacedSealings).map((hash) =>
        readBytes(hash, "hash of a sealing", HASH_BYTES),
      ),
    ) ?? []
  )
}

function readMessageText(value: CborValue, isNeeded: boolean): string {
  return isNeeded
    ? readFilled(value, "text", LIMITS.messageTextBytes)
    : readText(value, "text", LIMITS.messageTextBytes)
}

function readFilled(value: CborValue, what: string, maxBytes: number): string {
  const text = readText(value, what, maxBytes)
  if (text === "") throw new ArchiveError("malformed", `${what} is empty`)
  return text
}

function readList(value: CborValue, what: string, most: number): readonly CborValue[] {
  const items = readArray(value, what)
  if (items.length === 0 || items.length > most) throw new ArchiveError("malformed", `${items.length} ${what}`)
  return items
}

function readTarget(value: CborValue): MessageTarget {
  const [messageId, hash] = readArray(value, "target", 2)
  return {
    messageId: asId("message", readBytes(messageId, "id of the target", ID_BYTES)),
    hash: readBytes(hash, "hash of the target", HASH_BYTES),
  }
}

function readMentions(value: CborValue): readonly Uint8Array[] {
  const mentions = readList(value, "mentions", LIMITS.mentions).map((hash) => readBytes(hash, "mention", HASH_BYTES))
  assertAscending(mentions, "mentions")
  return mentions
}

function readPlace(value: CborValue): RecordingPlace {
  const [recordingId, offsetMs] = readArray(value, "place", 2)
  return {
    recordingId: asId("recording", readBytes(recordingId, "recording of the place", ID_BYTES)),
    offsetMs: readUint(offsetMs, "place in the recording"),
  }
}

function readUploadSecrets(value: CborValue, count: number): readonly Uint8Array[] {
  const boxes = readList(value, "upload secrets", LIMITS.filesPerMessage)
  if (boxes.length !== count) throw new ArchiveError("malformed", `${boxes.length} upload secrets of ${count} files`)
  return boxes.map((box) => readBytes(box, "upload secret", UPLOAD_SECRET_BOX_BYTES))
}

function readFiles(value: CborValue): readonly Omit<SentFile, "uploadSecretBox">[] {
  return readList(value, "files", LIMITS.filesPerMessage).map((item) => {
    const [header, stored, trueSize, root, mediaType, fileName, contentKey] = readArray(item, "file", 7)
    const rawHeader = readBytes(header, "header", ASSET_HEADER_BYTES)
    const storedBytes = readUint(stored, "stored size")
    const trueBytes = readUint(trueSize, "true size")
    const { kind } = decodeAssetHeader(rawHeader)
    if (kind !== "file" || storedBytes !== storedBytesOfFile(trueBytes) || !isStreamSize(storedBytes, kind))
      throw new ArchiveError("malformed", "a file whose kind and sizes do not fit each other")
    return {
      rawHeader,
      storedBytes,
      trueBytes,
      root: readBytes(root, "root", HASH_BYTES),
      mediaType: readText(mediaType, "media type", LIMITS.mediaTypeBytes),
      fileName: readText(fileName, "file name", LIMITS.fileNameBytes),
      contentKey: readBytes(contentKey, "content key", HASH_BYTES),
    }
  })
}
