import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import type { RecordingId } from "../../../shared/protocol/ids.js"
import type { ChatLine, ChatText } from "../../sdk/chat/fold.js"
import { isClockOff } from "../../sdk/chat/states.js"
import { type Cue, plainText } from "../../sdk/captions.js"
import type { PlacedLine } from "../../sdk/imports/read-imported.js"

/** What was said in a recording and written around it, on the recording's clock. */
export type TimelineItem = { readonly key: string; readonly offsetMs: number; readonly text: string } & (
  | { readonly kind: "cue" }
  /** Of a chat elsewhere: nobody signed it. */
  | { readonly kind: "imported"; readonly line: PlacedLine; readonly name: string }
  /** `isPlaced`: its author's device noted where the recording stood; else its time is compared with the recording's beginning, and pauses are not known. */
  | {
      readonly kind: "message"
      readonly line: ChatText
      readonly isPlaced: boolean
      readonly name: string
      readonly isUnverified: boolean
    }
)

export interface Timeline {
  readonly before: readonly TimelineItem[]
  readonly during: readonly TimelineItem[]
  readonly after: readonly TimelineItem[]
  /** What was imported and has no place: none is guessed. */
  readonly placeless: readonly TimelineItem[]
}

export interface TimelineInput {
  readonly lines: readonly ChatLine[]
  readonly cues: readonly Cue[]
  readonly imported?: readonly PlacedLine[]
  readonly recordingId: RecordingId
  /** When the recording begins; `null` where its author did not say: then only messages that name their place have one. */
  readonly startMs: number | null
  readonly lengthMs: number
  readonly nameOf: (genesisHash: Uint8Array) => string
  readonly isUnverified: (genesisHash: Uint8Array) => boolean
}

/** So much of what was written before and after is shown beside a recording; the chat has the rest. */
const AROUND_MESSAGES = 50
const MS_PER_S = 1_000

export function timelineOf({
  lines,
  cues,
  imported = [],
  recordingId,
  startMs,
  lengthMs,
  nameOf,
  isUnverified,
}: TimelineInput): Timeline {
  const messages = lines.flatMap((line): readonly TimelineItem[] => {
    if (line.kind !== "text" || line.text === null) return []
    const { content, message, text } = line
    const { place } = content
    const isPlaced = place !== null && equalBytes(place.recordingId, recordingId)
    const byTimeMs = startMs === null || isClockOff(message) ? null : message.statement.timeMs - startMs
    const offsetMs = isPlaced ? place.offsetMs : byTimeMs
    if (offsetMs === null) return []
    const { authorGenesisHash } = message.statement
    const who = { name: nameOf(authorGenesisHash), isUnverified: isUnverified(authorGenesisHash) }
    return [{ kind: "message", key: toHex(message.messageId), offsetMs, text, line, isPlaced, ...who }]
  })
  const spoken = cues.map((cue, index): TimelineItem => {
    return { kind: "cue", key: `cue ${index}`, offsetMs: cue.startS * MS_PER_S, text: plainText(cue) }
  })
  const elsewhere = imported.map((line, index): TimelineItem => {
    const { placeMs, text, author } = line
    return { kind: "imported", key: `imported ${index}`, offsetMs: placeMs ?? 0, text, line, name: author ?? "" }
  })
  const isPlaced = (item: TimelineItem): boolean => item.kind !== "imported" || item.line.placeMs !== null
  const all = [...spoken, ...messages, ...elsewhere.filter(isPlaced)].toSorted((a, b) => a.offsetMs - b.offsetMs)
  return {
    before: shortened(all.filter(({ offsetMs }) => offsetMs < 0).toReversed()).toReversed(),
    during: all.filter(({ offsetMs }) => offsetMs >= 0 && offsetMs <= lengthMs),
    after: shortened(all.filter(({ offsetMs }) => offsetMs > lengthMs)),
    placeless: elsewhere.filter((item) => !isPlaced(item)),
  }
}

/** Without the messages that are further away; what was imported stands nowhere else. */
function shortened(nearestFirst: readonly TimelineItem[]): readonly TimelineItem[] {
  let messages = 0
  return nearestFirst.filter(({ kind }) => kind !== "message" || ++messages <= AROUND_MESSAGES)
}

/** @returns those that have each word of it, in what is said or in who says it. */
export function searched(items: readonly TimelineItem[], wanted: string): readonly TimelineItem[] {
  const words = wanted
    .toLocaleLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== "")
  if (words.length === 0) return items
  return items.filter((item) => {
    const text = `${item.kind === "cue" ? "" : item.name} ${item.text}`.toLocaleLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** The newest that began. */
export function currentOf(items: readonly TimelineItem[], atMs: number): TimelineItem | null {
  return items.findLast(({ offsetMs }) => offsetMs <= atMs) ?? null
}
