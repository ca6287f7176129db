import { ASSET_HEADER_BYTES, decodeAssetHeader } from "./asset-header.js"
import type { CborValue } from "./cbor.js"
import { readArray, readBytes, readNullable, readText, readUint } from "./cbor.js"
import { PUBLIC_KEY_BYTES } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES, ID_BYTES } from "./hash.js"
import { asId, type MessageId, type RecordingId } from "./ids.js"
import { LIMITS } from "./limits.js"
import { type Field, fieldBytes, fieldValue } from "./statement.js"

/** What goes live, and the key to it. SPEC.md §7.6. */
export interface LiveContent {
  readonly type: "live"
  readonly recordingId: RecordingId
  readonly rawHeader: Uint8Array
  /** Signs its heads. */
  readonly deviceKey: Uint8Array
  readonly mediaType: string
  readonly sealedKey: Uint8Array
}

/** What somebody says to have opened for others: of a recording the minutes, or all; of an event the names of its fields; messages. SPEC.md §18.1. */
export type OpeningSubject =
  | {
      readonly of: "recording"
      readonly recordingId: RecordingId
      readonly part: { readonly fromMs: number; readonly toMs: number } | null
    }
  | { readonly of: "event"; readonly seq: number; readonly names: readonly string[] }
  | { readonly of: "messages"; readonly ids: readonly MessageId[] }

/** What statements say that are neither an epoch nor a recording. SPEC.md §7.3 to §7.5. */
export type NoteContent =
  | { readonly type: "leave" | "renewal" | "expiry" | "deletion" }
  /** `days` is `null` for ever. */
  | { readonly type: "retention"; readonly days: number | null }
  | { readonly type: "withdrawal"; readonly recordingId: RecordingId }
  | { readonly type: "recording-title"; readonly recordingId: RecordingId; readonly title: string }
  /** `headerHash`: of the media asset's header. */
  | { readonly type: "capture"; readonly headerHash: Uint8Array; readonly recordingId: RecordingId }
  | LiveContent
  | { readonly type: "opening"; readonly subject: OpeningSubject }
  | { readonly type: "consent" | "consent-withdrawal"; readonly headerHash: Uint8Array }

export type NoteType = NoteContent["type"]

/** A note's fields beside `nonce`, as names and values; the caller salts them. */
export function noteValues(note: NoteContent): readonly (readonly [name: string, value: CborValue])[] {
  switch (note.type) {
    case "leave":
    case "renewal":
    case "expiry":
    case "deletion":
      return []
    case "retention":
      return [["days", note.days]]
    case "withdrawal":
      return [["recording", note.recordingId]]
    case "recording-title":
      return [
        ["recording", note.recordingId],
        ["title", note.title],
      ]
    case "capture":
      return [
        ["header", note.headerHash],
        ["recording", note.recordingId],
      ]
    case "live":
      return [
        ["asset", note.rawHeader],
        ["device", note.deviceKey],
        ["key", note.sealedKey],
        ["mediaType", note.mediaType],
        ["recording", note.recordingId],
      ]
    case "opening":
      return [["opened", subjectValue(note.subject)]]
    case "consent":
    case "consent-withdrawal":
      return [["header", note.headerHash]]
  }
}

/** @returns `null` for a statement of another type. @throws {@link ArchiveError} `malformed`. */
export function readNote(type: string, fields: readonly Field[]): NoteContent | null {
  const recordingId = (): RecordingId => asId("recording", fieldBytes(fields, "recording", ID_BYTES))
  const headerHash = (): Uint8Array => fieldBytes(fields, "header", HASH_BYTES)
  switch (type) {
    case "leave":
    case "renewal":
    case "expiry":
    case "deletion":
      return { type }
    case "retention":
      return { type, days: readNullable(fieldValue(fields, "days"), readDays) }
    case "withdrawal":
      return { type, recordingId: recordingId() }
    case "recording-title":
      return {
        type,
        recordingId: recordingId(),
        title: readText(fieldValue(fields, "title"), "title", LIMITS.titleBytes),
      }
    case "capture":
      return { type, headerHash: headerHash(), recordingId: recordingId() }
    case "live":
      return {
        type,
        recordingId: recordingId(),
        rawHeader: readLiveHeader(fieldBytes(fields, "asset", ASSET_HEADER_BYTES)),
        deviceKey: fieldBytes(fields, "device", PUBLIC_KEY_BYTES),
        mediaType: readText(fieldValue(fields, "mediaType"), "media type", LIMITS.mediaTypeBytes),
        sealedKey: fieldBytes(fields, "key", { min: 336, max: 8_192 }),
      }
    case "opening":
      return { type, subject: readSubject(fieldValue(fields, "opened")) }
    case "consent":
    case "consent-withdrawal":
      return { type, headerHash: headerHash() }
    default:
      return null
  }
}

function readLiveHeader(rawHeader: Uint8Array): Uint8Array {
  if (decodeAssetHeader(rawHeader).kind !== "live")
    throw new ArchiveError("malformed", "what goes live is of kind live")
  return rawHeader
}

function readDays(value: CborValue | undefined): number {
  const days = readUint(value, "days", LIMITS.retentionDays)
  if (days === 0) throw new ArchiveError("malformed", "a retention of no day")
  return days
}

function subjectValue(subject: OpeningSubject): CborValue {
  if (subject.of === "event") return ["event", subject.seq, subject.names]
  if (subject.of === "messages") return ["messages", subject.ids, null]
  const { recordingId, part } = subject
  return ["recording", recordingId, part === null ? null : [part.fromMs, part.toMs]]
}

function readSubject(raw: CborValue): OpeningSubject {
  const [of, which, detail] = readArray(raw, "what was opened", 3)
  if (of === "messages") {
    const ids = readArray(which, "ids of messages").map((id) =>
      asId("message", readBytes(id, "id of a message", ID_BYTES)),
    )
    if (ids.length === 0 || ids.length > LIMITS.openingMessages || detail !== null)
      throw new ArchiveError("malformed", "an opening of no message, or of more than one has")
    return { of, ids }
  }
  if (of === "event") {
    const names = readArray(detail, "names of fields").map((name) =>
      readText(name, "name of a field", LIMITS.fieldNameBytes),
    )
    if (names.length === 0 || names.length > LIMITS.fields)
      throw new ArchiveError("malformed", "an opening of no field")
    return { of, seq: readUint(which, "seq"), names }
  }
  if (of !== "recording") throw new ArchiveError("malformed", "an opening of something unknown")
  const part = readNullable(detail, (value) => {
    const [from, to] = readArray(value, "part", 2)
    return { fromMs: readUint(from, "beginning"), toMs: readUint(to, "end") }
  })
  if (part !== null && part.fromMs >= part.toMs)
    throw new ArchiveError("malformed", "a part that ends before it begins")
  return { of, recordingId: asId("recording", readBytes(which, "recording id", ID_BYTES)), part }
}
