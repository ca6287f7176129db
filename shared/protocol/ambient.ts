/** What pure code is given instead of reading it from around it. */

/** `count` bytes from a cryptographically secure source. */
export type RandomBytes = (count: number) => Uint8Array

export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  nowMs(): number
}

export const DAY_MS = 86_400_000

/** Whole days since 1970-01-01 UTC. SPEC.md §1. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS)
}

/** The last of the times that are dates, as ECMAScript counts them. SPEC.md §1. */
export const LAST_TIME_MS = 8_640_000_000_000_000
/** The day that begins with it. */
export const LAST_DAY = LAST_TIME_MS / DAY_MS

/** Whether a time is a date: what somebody signed may be any number. */
export function isDate(timeMs: number): boolean {
  return Math.abs(timeMs) <= LAST_TIME_MS
}

/** `2026-01-31T14:32:00.000Z`; of a time that is no date, how many milliseconds it is. */
export function isoTimeOf(timeMs: number): string {
  return isDate(timeMs) ? new Date(timeMs).toISOString() : `${timeMs} ms`
}

/** `2026-01-31 14:32` of what {@link isoTimeOf} gives; of a time that is no date, that. */
export function minuteIn(isoTime: string): string {
  return isoTime.replace(/:\d\d\.\d{3}Z$/, "").replace("T", " ")
}

/** `2026-01-31` of what {@link isoTimeOf} gives; of a time that is no date, that. */
export function dateIn(isoTime: string): string {
  return isoTime.replace(/T.*$/, "")
}

/** `2026-01-31` of a time, in UTC. */
export function dateOf(timeMs: number): string {
  return dateIn(isoTimeOf(timeMs))
}

/** `2026-01-31` of a day; of one that is no date, its number. */
export function dateOfDay(day: number): string {
  return isDate(day * DAY_MS) ? dateOf(day * DAY_MS) : `day ${day}`
}
