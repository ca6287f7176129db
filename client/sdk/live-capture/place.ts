import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { LiveHead } from "../../../shared/protocol/live-asset.js"
import type { RecordingPlace } from "../../../shared/protocol/message-content.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { Client } from "../client.js"
import { type LiveCapture, runningCapturesOf } from "./captures.js"
import { LiveView } from "./live-view.js"

/** Where the clock of a recording stands that another device makes: what is written meanwhile belongs there. SPEC.md §16.2. */

/** Flushes come about once a second, and are asked for every few: a recording of which none came for longer halts, or is over. */
const SILENT_MS = 10_000
/** Two devices' clocks may differ so much before a recording seems longer than the time since it was begun. */
const CLOCKS_DIFFER_MS = 3_600_000
/** Nobody waits longer for the place of what they write. */
const WAIT_MS = 1_500

/**
 * Where a recording's clock stands by the newest flush that its head names, and by the time since then. That is its recorder's word: none is taken that
 * says more than has passed since the meeting's members came together or the recording was announced.
 * @param seenMs for how long that head has been here.
 * @returns `null` where it says none, where the recording is over, or where its newest flush is too old to know whether it goes on.
 */
export function placeByHead(live: LiveCapture, head: LiveHead, seenMs: number, nowMs: number): RecordingPlace | null {
  const flush = head.flushes.at(-1)
  if (head.isLast || flush === undefined) return null
  // Whichever is more: this device's clock may be behind the recorder's.
  const sinceMs = Math.max(seenMs + Math.max(0, head.timeMs - flush.timeMs), nowMs - flush.timeMs)
  const offsetMs = Math.round(flush.clockMs + sinceMs)
  const possibleMs = nowMs - Math.max(live.saidMs, live.log.current.timeMs) + CLOCKS_DIFFER_MS
  return sinceMs > SILENT_MS || offsetMs > possibleMs ? null : { recordingId: live.recordingId, offsetMs }
}

/**
 * Where a recording stands that is being made in a meeting, asked of the server by one small request for each: of several that run the one that went live
 * first, so that no member takes what is written from another's recording by beginning one of their own.
 * @returns `null` where none runs, and where nothing is known of one that can be waited for: what is written goes without a place.
 */
export async function livePlaceIn(client: Client, log: MeetingLog): Promise<RecordingPlace | null> {
  const running = runningCapturesOf(log)
  if (running.length === 0) return null
  const late = AbortSignal.timeout(WAIT_MS)
  const nothing = new Promise<null>((resolve) => {
    late.addEventListener("abort", () => {
      resolve(null)
    })
  })
  const places = running.map(async (live) => await Promise.race([placeOf(client, live, late), nothing]))
  return (await Promise.all(places)).find((place) => place !== null) ?? null
}

async function placeOf(client: Client, live: LiveCapture, signal: AbortSignal): Promise<RecordingPlace | null> {
  try {
    const head = await new LiveView(client, live, { signal, patienceMs: 0 }).glance()
    return head === null ? null : placeByHead(live, head, 0, client.clock.nowMs())
  } catch (error) {
    // One whose head can't be had, or is not its recorder's, keeps nobody from writing.
    if (isArchiveError(error)) return null
    throw error
  }
}
