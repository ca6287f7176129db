import { createContext, useCallback, useContext } from "react"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import type { RecordingPlace } from "../../../shared/protocol/message-content.js"
import { useRecordingManager } from "../record/recordings-context.js"

/** Asked for at the moment of sending. */
export type PlaceNow = () => RecordingPlace | null

const WatchedPlace = createContext<PlaceNow | null>(null)
/** Around a chat beside what is watched while it is recorded. */
export const WatchedPlaceProvider = WatchedPlace.Provider

/** Where a recording stands that is being made here, or else watched while it is: what is written now belongs there. SPEC.md §16.2. */
export function usePlaceNow(meetingId: MeetingId): PlaceNow {
  const manager = useRecordingManager()
  const watched = useContext(WatchedPlace)
  return useCallback(() => manager.placeIn(meetingId) ?? watched?.() ?? null, [manager, watched, meetingId])
}
