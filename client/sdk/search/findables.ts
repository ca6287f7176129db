import { toHex } from "../../../shared/protocol/bytes.js"
import type { PublishedRecording } from "../../crypto/meeting-log.js"
import { type Cue, plainText } from "../captions.js"
import type { ChatText } from "../chat/fold.js"
import type { PlacedLine } from "../imports/read-imported.js"
import { titleOf } from "../recordings.js"
import type { Findable } from "./shard.js"

/** What of a meeting can be found, each as the index has it. */

const NOTHING = {
  files: "",
  hasFile: false,
  author: null,
  claimedAuthor: null,
  recording: null,
  placeMs: null,
  message: null,
} as const
const MS_PER_S = 1_000

export function meetingFindable(title: string, timeMs: number): Findable {
  return { ...NOTHING, id: "meeting", kind: "meeting", text: title, timeMs }
}

/** Its title, and what its file was called. */
export function recordingFindable(recording: PublishedRecording): Findable {
  const id = toHex(recording.fields.recordingId)
  const { opened, authorGenesisHash } = recording
  return {
    ...NOTHING,
    id: `r:${id}`,
    kind: "recording",
    text: titleOf(recording) ?? "",
    files: opened?.details.fileName ?? "",
    hasFile: true,
    author: toHex(authorGenesisHash),
    timeMs: startOf(recording),
    recording: id,
  }
}

/** A caption. Who speaks in it is whom its own text names, as transcripts do. */
export function captionFindable(recording: PublishedRecording, file: number, index: number, cue: Cue): Findable {
  const id = toHex(recording.fields.recordingId)
  const placeMs = Math.round(cue.startS * MS_PER_S)
  const text = plainText(cue)
  return {
    ...NOTHING,
    id: `c:${id}:${file}:${index}`,
    kind: "caption",
    text,
    claimedAuthor: /^([^:\n]{1,128}):\s/.exec(text)?.[1] ?? null,
    timeMs: startOf(recording) + placeMs,
    recording: id,
    placeMs,
  }
}

export function importedFindable(recording: PublishedRecording, index: number, line: PlacedLine): Findable {
  const id = toHex(recording.fields.recordingId)
  return {
    ...NOTHING,
    id: `i:${id}:${index}`,
    kind: "imported",
    text: line.text,
    claimedAuthor: line.author,
    timeMs: Math.max(0, startOf(recording) + (line.placeMs ?? 0)),
    recording: id,
    placeMs: line.placeMs,
  }
}

/** `null` for one that was deleted. */
export function messageFindable({ message, text, content }: ChatText): Findable | null {
  if (text === null) return null
  const id = toHex(message.messageId)
  return {
    ...NOTHING,
    id: messageKey(message.messageId),
    kind: "message",
    text,
    files: content.files.map(({ fileName }) => fileName).join("\n"),
    hasFile: content.files.length > 0,
    author: toHex(message.statement.authorGenesisHash),
    timeMs: message.statement.timeMs,
    recording: content.place === null ? null : toHex(content.place.recordingId),
    placeMs: content.place?.offsetMs ?? null,
    message: id,
  }
}

export function messageKey(messageId: Uint8Array): string {
  return `m:${toHex(messageId)}`
}

function startOf({ opened, timeMs }: PublishedRecording): number {
  return opened?.details.capturedAtMs ?? timeMs
}
