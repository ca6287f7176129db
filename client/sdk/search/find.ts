import { idOfHash, type MeetingId } from "../../../shared/protocol/ids.js"
import type { Found, SearchFilter, SearchShard } from "./shard.js"

/** What was found, with what the places around it are called. */
export interface FoundInMeeting extends Found {
  readonly meetingId: MeetingId
  readonly meetingTitle: string | null
  readonly recordingTitle: string | null
}

/**
 * The first of what a meeting's shard has, in the order of `SearchShard.search`, and how much there is.
 * @param isEnough as for `SearchShard.searchSome`; then there is at least so much.
 */
export function findIn(
  meetingHash: Uint8Array,
  shard: SearchShard,
  query: string,
  filter: SearchFilter,
  limit: number,
  isEnough: (count: number) => boolean = () => false,
): { readonly first: readonly FoundInMeeting[]; readonly total: number; readonly isWhole: boolean } {
  const { first, total, isWhole } = shard.searchSome(query, filter, { limit, isEnough })
  const place = { meetingId: idOfHash("meeting", meetingHash), meetingTitle: shard.textOf("meeting") }
  const placed = first.map((item) => ({
    ...item,
    ...place,
    recordingTitle: item.recording === null ? null : shard.textOf(`r:${item.recording}`),
  }))
  return { first: placed, total, isWhole }
}

/** The first of what several meetings have: the best, or the newest where no word was asked for. */
export function bestOf(found: readonly FoundInMeeting[], query: string, limit: number): readonly FoundInMeeting[] {
  const ordered =
    query.trim() === ""
      ? found.toSorted((a, b) => b.timeMs - a.timeMs)
      : found.toSorted((a, b) => b.score - a.score || b.timeMs - a.timeMs)
  return ordered.slice(0, limit)
}
