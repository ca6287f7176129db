import { DAY_MS, dayOf } from "../../../shared/protocol/ambient.js"
import type { ChatEntry } from "../../crypto/chat-order.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { ChatState } from "../state.js"
import { isClockOff } from "./states.js"

/** How much of a chat's beginning may be gone because an admin had it so; what else is missing of it is missing. SPEC.md §16.5, CH13. */

/** Days count whole, and a clock may say another day than the server's before it is called off. */
const SLACK_DAYS = 2
/** So many days are remembered of a chat, the newest ones and the first. */
const DATED_PLACES = 64

type DatedPlaces = ChatState["datedPlaces"]

/** The beginning of a chat that was not to be kept, or of which nobody who reads it can tell. */
export interface NotKept {
  /** What was there before this place. */
  readonly untilSeq: number
  /** What was written since may not be missing; `null` where what was to be kept may have been said in a part of the log that is closed to its reader. */
  readonly writtenBeforeMs: number | null
}

/** @param first the oldest place that the server says is kept. @returns `null` where nothing that was before can have been taken. */
export function notKeptOf(log: MeetingLog, datedPlaces: DatedPlaces, first: number, nowMs: number): NotKept | null {
  if (first === 0) return null
  const reachMs = retentionReachMs(log, nowMs)
  const since = reachMs === null ? undefined : datedPlaces.find(({ timeMs }) => timeMs >= reachMs)
  const untilSeq = reachMs === null ? 0 : Math.min(first, since?.seq ?? first)
  if (untilSeq < first && log.hasGaps) return { untilSeq: first, writtenBeforeMs: null }
  return untilSeq === 0 || reachMs === null ? null : { untilSeq, writtenBeforeMs: Math.min(reachMs, nowMs) }
}

/** Before when something may have been written that a retention took while it was in force. */
function retentionReachMs(log: MeetingLog, nowMs: number): number | null {
  const retentions = log.notes.filter((note) => note.type === "retention")
  const reachesMs = retentions.map(({ days }, index) => {
    const endMs = Math.min(retentions[index + 1]?.timeMs ?? nowMs, nowMs)
    return days === null ? 0 : endMs - (days - SLACK_DAYS) * DAY_MS
  })
  const reachMs = Math.max(0, ...reachesMs)
  // Of a meeting whose first events are closed to it a reader knows no beginning.
  const beganMs = log.epochs[0]?.seq === 0 ? log.epochs[0].timeMs : 0
  return reachMs > beganMs ? reachMs : null
}

/** Of each day the first place that was read with a message of it: by the author's clock, where the server's says about the same, and not later than now. */
export function withDatedPlaces(known: DatedPlaces, entries: readonly ChatEntry[], nowMs: number): DatedPlaces {
  const ofDays = new Map(known.map((place) => [dayOf(place.timeMs), place]))
  let isChanged = false
  for (const entry of entries) {
    if (entry.kind !== "authentic" || isClockOff(entry)) continue
    const place = { seq: entry.served.seq, timeMs: Math.min(entry.statement.timeMs, nowMs) }
    const day = dayOf(place.timeMs)
    const before = ofDays.get(day)
    if (before !== undefined && before.seq <= place.seq) continue
    ofDays.set(day, place)
    isChanged = true
  }
  if (!isChanged) return known
  const [first, ...others] = [...ofDays.values()].toSorted((a, b) => a.seq - b.seq)
  return first === undefined ? [] : [first, ...others.slice(1 - DATED_PLACES)]
}
