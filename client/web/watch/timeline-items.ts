import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import type { RecordingId } from "../../../shared/protocol/ids.js"
import type { RecordingPlace } from "../../../shared/protocol/message-content.js"
import { type ChatLine, type ChatText, mayYetCount } from "../../sdk/chat/fold.js"
import { isClockOff } from "../../sdk/chat/states.js"
import { type Cue, plainText } from "../../sdk/captions.js"
import { type AsideRow, asideOf } from "../chat/rows.js"
import type { PlacedLine } from "../../sdk/imports/read-imported.js"

/** What was said in a recording and written around it, on the recording's clock. */
export type TimelineItem = { readonly key: string; readonly offsetMs: number; readonly text: string } & (
  | { readonly kind: "cue" }
  /** Of a chat elsewhere: nobody signed it. */
  | { readonly kind: "imported"; readonly line: PlacedLine; readonly name: string }
  /**
   * `isPlaced`: its author's device noted where the recording stood; else its time is compared with the recording's beginning, and pauses are not known. Of a clock
   * that is off there is no time: it stands with the one before it.
   */
  | {
      readonly kind: "message"
      readonly line: ChatText
      readonly isPlaced: boolean
      readonly name: string
      readonly isUnverified: boolean
    }
  /** A place in the chat where no message is shown; beside what stands before it there. */
  | { readonly kind: "aside"; readonly row: AsideRow }
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
  /** Whether more of the chat is before these. */
  readonly hasOlder: boolean
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
  hasOlder,
  cues,
  imported = [],
  recordingId,
  startMs,
  lengthMs,
  nameOf,
  isUnverified,
}: TimelineInput): Timeline {
  const isHere = (place: RecordingPlace | null): place is RecordingPlace =>
    place !== null && equalBytes(place.recordingId, recordingId)
  const offsets = offsetsOf(lines, ({ content: { place }, message }) =>
    isHere(place)
      ? place.offsetMs
      : startMs === null
        ? "unknown"
        : isClockOff(message)
          ? "neighbour"
          : message.statement.timeMs - startMs,
  )
  const messages = lines.flatMap((line, index): readonly TimelineItem[] => {
    const offsetMs = offsets[index] ?? null
    if (offsetMs === null || line.kind === "closed" || mayYetCount(line, hasOlder)) return []
    if (line.kind !== "text") {
      const row = asideOf(line)
      return [{ kind: "aside", key: row.key, offsetMs, text: "", row }]
    }
    const { content, message, text } = line
    if (text === null) return []
    const { authorGenesisHash } = message.statement
    const who = { name: nameOf(authorGenesisHash), isUnverified: isUnverified(authorGenesisHash) }
    const isPlaced = isHere(content.place)
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

/**
 * Where each line stands. What has no time of its own stands where the one before it in the chat does, or else the one behind it.
 * @param offsetOf of a text; `unknown` where nothing tells how far it is from its neighbours, either.
 */
function offsetsOf(
  lines: readonly ChatLine[],
  offsetOf: (line: ChatText) => number | "neighbour" | "unknown",
): readonly (number | null)[] {
  const own = lines.map((line) => (line.kind === "text" ? offsetOf(line) : "neighbour"))
  const known = (offsets: readonly (number | "neighbour" | "unknown")[]): readonly (number | null)[] => {
    let near: number | null = null
    return offsets.map((offset) => {
      if (offset !== "neighbour") near = offset === "unknown" ? null : offset
      return near
    })
  }
  const behind = known(own.toReversed()).toReversed()
  return known(own).map((offset, index) => offset ?? behind[index] ?? null)
}

/** Without those of the chat that are further away; what was imported stands nowhere else. */
function shortened(nearestFirst: readonly TimelineItem[]): readonly TimelineItem[] {
  let ofChat = 0
  return nearestFirst.filter(({ kind }) => (kind !== "message" && kind !== "aside") || ++ofChat <= AROUND_MESSAGES)
}

/** @returns those that have each word of it, in what is said or in who says it. */
export function searched(items: readonly TimelineItem[], wanted: string): readonly TimelineItem[] {
  const words = wanted
    .toLocaleLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== "")
  if (words.length === 0) return items
  return items.filter((item) => {
    const text = `${"name" in item ? item.name : ""} ${item.text}`.toLocaleLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** The newest that began. */
export function currentOf(items: readonly TimelineItem[], atMs: number): TimelineItem | null {
  return items.findLast(({ kind, offsetMs }) => kind !== "aside" && offsetMs <= atMs) ?? null
}

/** So much of what was read first tells how far back that is, and so much of each author: one whose clock is off is outvoted. */
const WITNESSES_AMONG = 200
const WITNESSES_EACH = 5

/** Whether a chat was read back to before a moment, by its authors' clocks. */
export function reachesBack(lines: readonly ChatLine[], timeMs: number): boolean {
  const counts = new Map<string, number>()
  const times = lines.slice(0, WITNESSES_AMONG).flatMap((line) => {
    if (line.kind !== "text" || isClockOff(line.message)) return []
    const { authorGenesisHash, timeMs: ownMs } = line.message.statement
    const author = toHex(authorGenesisHash)
    const count = (counts.get(author) ?? 0) + 1
    counts.set(author, count)
    return count > WITNESSES_EACH ? [] : [ownMs]
  })
  const middle = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]
  return middle !== undefined && middle < timeMs
}
