import { idOfHash, type MeetingId } from "../../../shared/protocol/ids.js"
import type { Found, SearchFilter, SearchShard } from "./shard.js"

/** What was found, with what the places around it are called. */
export interface FoundInMeeting extends Found {
  readonly meetingId: MeetingId
  readonly meetingTitle: string | null
  readonly recordingTitle: string | null
}

/** All that a meeting's shard has of it, as `SearchShard.search`. */
export function findIn(
  meetingHash: Uint8Array,
  shard: SearchShard,
  query: string,
  filter: SearchFilter,
): readonly FoundInMeeting[] {
  const meetingId = idOfHash("meeting", meetingHash)
  const meetingTitle = shard.textOf("meeting")
  return shard.search(query, filter).map((item) => ({
    ...item,
    meetingId,
    meetingTitle,
    recordingTitle: item.recording === null ? null : shard.textOf(`r:${item.recording}`),
  }))
}

/** The first of what several meetings have: the best, or the newest where no word was asked for. */
export function bestOf(found: readonly FoundInMeeting[], query: string, limit: number): readonly FoundInMeeting[] {
  const ordered =
    query.trim() === ""
      ? found.toSorted((a, b) => b.timeMs - a.timeMs)
      : found.toSorted((a, b) => b.score - a.score || b.timeMs - a.timeMs)
  return ordered.slice(0, limit)
}
