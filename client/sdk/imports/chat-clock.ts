import type { ImportClock, ImportedLine } from "../../../shared/protocol/import-record.js"

/** What tells how a chat's clock stands to its recording's. */
export interface ClockHints {
  /** What a person says is to be added to the chat's times. */
  readonly givenOffsetMs: number | null
  /** How long the recording is, by its media or its captions, whichever reach further; 0 where nothing tells. */
  readonly lengthMs: number
  /** What a clock on the wall showed when it began, in milliseconds since midnight. */
  readonly wallStartMs: number | null
  /** Whether the chat is in the form whose times count from the recording's start. */
  readonly hasTabs: boolean
}

const MINUTE_MS = 60_000
/** People go on writing when the recording is over. */
const AFTER_MS = 15 * MINUTE_MS
const LONGEST_MS = 12 * 60 * MINUTE_MS
const DAY_MS = 24 * 60 * MINUTE_MS

/**
 * How the clocks stand to each other, by which of the possible ways the chat's times fit; `null` where none does, since a place that is guessed wrong is
 * worse than none. SPEC.md §8.1, IM5.
 */
export function workOutClock(lines: readonly ImportedLine[], hints: ClockHints): ImportClock | null {
  const times = lines.flatMap(({ clockMs }) => (clockMs === null ? [] : [clockMs]))
  const [first] = times
  if (hints.givenOffsetMs !== null) return { basis: "given", startMs: 0 - hints.givenOffsetMs }
  if (first === undefined) return null
  const last = times.reduce((latest, time) => Math.max(latest, time), first)
  if (last <= hints.lengthMs + AFTER_MS) return { basis: "recording", startMs: 0 }
  const wall = hints.wallStartMs === null ? null : wallClock(first, hints.wallStartMs)
  if (wall !== null) return wall
  return hints.hasTabs && last < LONGEST_MS ? { basis: "recording", startMs: 0 } : null
}

/** Where the chat began within the hours around the recording's start, also over midnight. */
function wallClock(first: number, wallStartMs: number): ImportClock | null {
  const startMs = [wallStartMs, wallStartMs - DAY_MS].find(
    (start) => first >= start - AFTER_MS && first <= start + LONGEST_MS,
  )
  return startMs === undefined ? null : { basis: "wall", startMs }
}

/** A signed time as a person gives and reads it: `-1:02:03`, `+90`, `12.5` in seconds. @returns `null` for anything else. */
export function parseOffset(text: string): number | null {
  const match = /^([+-]?)(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6}(?:\.\d{1,3})?)$/.exec(text)
  if (match === null) return null
  const [, sign, hours = "0", minutes = "0", seconds = "0"] = match
  const ms = Math.round(((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000)
  return sign === "-" ? 0 - ms : ms
}

export function formatOffset(ms: number): string {
  const seconds = Math.abs(ms) / 1_000
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60), seconds % 60]
  const two = (value: number): string => String(value).padStart(2, "0")
  const fraction = rest % 1 === 0 ? two(rest) : rest.toFixed(3).padStart(6, "0")
  return `${ms < 0 ? "-" : "+"}${hours}:${two(minutes)}:${fraction}`
}
