/** What pure code is given instead of reading it from around it. */

/** `count` bytes from a cryptographically secure source. */
export type RandomBytes = (count: number) => Uint8Array

export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  nowMs(): number
}

const DAY_MS = 86_400_000

/** Whole days since 1970-01-01 UTC. SPEC.md §1. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS)
}

/** `2026-01-31` of a time, in UTC. */
export function dateOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10)
}

/** `2026-01-31` of a day. */
export function dateOfDay(day: number): string {
  return dateOf(day * DAY_MS)
}
