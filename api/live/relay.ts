import { toHex } from "../../shared/protocol/bytes.js"
import { LIVE_LIMITS } from "../../shared/protocol/live.js"
import type { ChangeFeed, Said } from "../../shared/server/ports.js"
import type { Seat, Seats } from "./seats.js"

const WINDOW_MS = 1_000

/** Passes on what is said on a meeting's sockets, here and at the other processes. Nothing of it is kept or logged. SPEC.md §11.2. */
export interface Relay {
  /** What a seat of this process says. */
  say(seat: Seat, sealed: Uint8Array): void
  close(): void
}

export function createRelay(seats: Seats, changes: ChangeFeed): Relay {
  const passed = new Map<string, number>()
  const window = setInterval(() => {
    passed.clear()
  }, WINDOW_MS)
  /** A flood in one meeting is lost there, and costs no other anything. PR2. */
  const isWithinLimit = ({ meetingId }: Said): boolean => {
    const key = toHex(meetingId)
    const count = (passed.get(key) ?? 0) + 1
    passed.set(key, count)
    return count <= LIVE_LIMITS.saidPerSecond
  }
  changes.listenToSaid((said) => {
    if (isWithinLimit(said)) seats.pass(said)
  })
  return {
    say: (seat, sealed) => {
      const said = { meetingId: seat.subject, epoch: seat.epoch, sealed }
      if (!isWithinLimit(said)) return
      seats.pass(said, seat)
      changes.pass(said)
    },
    close: () => {
      clearInterval(window)
    },
  }
}
