import type { EntryPoint } from "./capture-scan.js"

/** Segments that are read at once: closer than that nothing is gained by looking on. */
const NEAR_SEGMENTS = 16
/** A guess is never so near to what is known that it tells nothing. */
const LEAST_SHARE = 1 / 16

/**
 * Looks for the last place to begin at or before a time, by guessing where that lies between two that are known, and halving in turn: a capture may say of its times what it likes.
 * @param low at or before the time; what is returned where nothing later is.
 * @param high behind the time, or the end.
 * @param probe the first place that begins in the segments from `from` to before `to`; `null` where none does.
 */
export async function locate(
  timeS: number,
  low: EntryPoint,
  high: EntryPoint,
  probe: (from: number, to: number) => Promise<EntryPoint | null>,
): Promise<EntryPoint> {
  let [before, behind] = [low, high]
  for (let turn = 0; behind.segment - before.segment > NEAR_SEGMENTS; turn++) {
    const guess = (timeS - before.timeS) / (behind.timeS - before.timeS)
    const share =
      turn % 2 === 1 || !Number.isFinite(guess) ? 0.5 : Math.min(Math.max(guess, LEAST_SHARE), 1 - LEAST_SHARE)
    const at = before.segment + Math.ceil(share * (behind.segment - before.segment - 1))
    const found = await probe(at, behind.segment)
    if (found !== null && found.timeS <= timeS) before = found
    else behind = { timeS: found?.timeS ?? behind.timeS, segment: at }
  }
  return before
}
