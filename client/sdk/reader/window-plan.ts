import { SEGMENT_BYTES, SEGMENTS_PER_CHUNK } from "../../../shared/protocol/sizes.js"

/** Segments that a read from a new place fetches first, so that it starts soon; then twice as many each time. */
const FIRST_SEGMENTS = 2
/** What is opened at once in the end: large enough for few hand-overs, small enough that memory stays flat. */
export const LARGEST_WINDOW_SEGMENTS = 16
export const LARGEST_WINDOW_BYTES = LARGEST_WINDOW_SEGMENTS * SEGMENT_BYTES

export interface PlannedWindow {
  readonly first: number
  readonly last: number
  /** Whether the bytes of this window are asked for by themselves, or flow from one request for all that is left. */
  readonly flows: boolean
}

/** Segments `first` to `last` in windows, each within one chunk. */
export function* planWindows(first: number, last: number): Generator<PlannedWindow> {
  let size = FIRST_SEGMENTS
  for (let from = first; from <= last;) {
    const chunkEnd = from - (from % SEGMENTS_PER_CHUNK) + SEGMENTS_PER_CHUNK - 1
    const to = Math.min(last, from + size - 1, chunkEnd)
    yield { first: from, last: to, flows: size === LARGEST_WINDOW_SEGMENTS }
    size = Math.min(size * 2, LARGEST_WINDOW_SEGMENTS)
    from = to + 1
  }
}
