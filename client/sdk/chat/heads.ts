import type { ChatHead } from "../../../shared/protocol/chat-heads.js"
import { toHex } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { ChainOf } from "../chains.js"
import type { Client } from "../client.js"
import { chatStateOf } from "./chat-state.js"
import { ChatReader } from "./read.js"

/** Whoever takes somebody out of a meeting does not wait longer for its chat. */
const PATIENCE_MS = 5_000
/** What was written before is vouched for by the epoch events before, or by who saw it. */
const PAGES = 25

/**
 * What this device can vouch for in the epoch that it is about to begin: what it saw, and what came since. A server that keeps the chat back keeps
 * nobody from making an epoch: then its messages are late. SPEC.md §16.3.
 */
export async function chatHeadsFor(client: Client, log: MeetingLog, chainOf: ChainOf): Promise<readonly ChatHead[]> {
  const seen = chatStateOf(client.state.current, log.meetingHash)
  try {
    const reader = await ChatReader.open(client, log.meetingId, {
      log,
      chainOf,
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    const known = seen.pin === null ? 0 : seen.pin.seq + 1
    for (let page = 1; page < PAGES && reader.from > known && (await reader.readOlder()); page++);
    // What this device verified itself goes before what another epoch's author said.
    const own = reader.heads()
    const isOwn = new Set(own.map(({ deviceKey }) => toHex(deviceKey)))
    return newestOf(
      vouchedBefore(log).filter(({ deviceKey }) => !isOwn.has(toHex(deviceKey))),
      own,
    )
  } catch (error) {
    if (!isArchiveError(error)) throw error
    return newestOf(vouchedBefore(log), seen.heads)
  }
}

function vouchedBefore(log: MeetingLog): readonly ChatHead[] {
  return log.epochs.findLast(({ chatHeads }) => chatHeads !== null)?.chatHeads ?? []
}

/** Of each device the one with the highest counter, sorted by device. */
function newestOf(...lists: readonly (readonly ChatHead[])[]): readonly ChatHead[] {
  const newest = new Map<string, ChatHead>()
  for (const head of lists.flat()) {
    const key = toHex(head.deviceKey)
    const before = newest.get(key)
    if (before === undefined || before.counter < head.counter) newest.set(key, head)
  }
  return [...newest.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, head]) => head)
}
