import { isArchiveError } from "../../../shared/protocol/errors.js"
import { idOfHash } from "../../../shared/protocol/ids.js"
import { lookForMessages } from "../../sdk/chat/unread.js"
import type { Client } from "../../sdk/client.js"
import { readMeeting } from "../../sdk/meetings.js"
import { sleep } from "../../sdk/retry.js"
import { shareLooks } from "../../sdk/share-looks.js"
import { hasNewEvents, isCountedAnew } from "../../sdk/unseen.js"

/** One small request in so long, however many meetings there are: the server's limits are for all that a person does. */
const SPACING_MS = 2_000
/** Between two rounds through all meetings. */
const ROUND_MS = 2 * 60_000
const TIRED_MS = 60_000

/**
 * Looks through all meetings for what is new, one after another, the newest first, while the tab is visible; until the signal ends it. What was looked at here is
 * told to the other devices meanwhile, once that is due.
 */
export async function lookForNews(client: Client, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await visible(signal)
    await tellLooks(client)
    for (const { meetingHash } of client.state.current.meetings.toReversed()) {
      await visible(signal)
      await pause(await lookAt(client, meetingHash, signal), signal)
    }
    await pause(ROUND_MS, signal)
  }
}

/** What can't be told now waits for another time. */
async function tellLooks(client: Client): Promise<void> {
  try {
    await shareLooks(client)
  } catch (error) {
    if (!isArchiveError(error)) throw error
  }
}

/** @returns how long to rest after it. */
async function lookAt(client: Client, meetingHash: Uint8Array, signal: AbortSignal): Promise<number> {
  const meeting = client.state.current.meetings.find((known) => known.meetingHash.join() === meetingHash.join())
  if (meeting === undefined) return 0
  try {
    if (isCountedAnew(client.state.current, meeting) || (await hasNewEvents(client, meeting)))
      await readMeeting(client, idOfHash("meeting", meetingHash))
    await pause(SPACING_MS, signal)
    await lookForMessages(client, meeting)
    return SPACING_MS
  } catch (error) {
    // Its own screen says why it can't be read; one that can't hides no other.
    if (!isArchiveError(error)) throw error
    return error.retryable ? TIRED_MS : SPACING_MS
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0 && !signal.aborted) await sleep(ms, signal).catch(() => undefined)
}

async function visible(signal: AbortSignal): Promise<void> {
  while (document.visibilityState !== "visible" && !signal.aborted)
    await new Promise<void>((resolve) => {
      const done = (): void => {
        document.removeEventListener("visibilitychange", done)
        signal.removeEventListener("abort", done)
        resolve()
      }
      document.addEventListener("visibilitychange", done)
      signal.addEventListener("abort", done)
    })
}
