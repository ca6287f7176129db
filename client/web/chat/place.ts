import { createContext, useCallback, useContext, useEffect, useMemo, useRef } from "react"
import type { RecordingPlace } from "../../../shared/protocol/message-content.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { runningCapturesOf } from "../../sdk/live-capture/captures.js"
import { placeByHead } from "../../sdk/live-capture/place.js"
import { type CaptureStanding, followStanding } from "../live/use-live-states.js"
import { useRecordingManager } from "../record/recordings-context.js"
import { useClient } from "../signed-in/client-context.js"

/** Asked for at the moment of sending. */
export type PlaceNow = () => RecordingPlace | null

const WatchedPlace = createContext<PlaceNow | null>(null)
/** Around a chat beside what is watched while it is recorded. */
export const WatchedPlaceProvider = WatchedPlace.Provider

/** Where a recording stands that is being made here, or else watched while it is, or else made by another: what is written now belongs there. SPEC.md §16.2. */
export function usePlaceNow(log: MeetingLog): PlaceNow {
  const manager = useRecordingManager()
  const watched = useContext(WatchedPlace)
  const elsewhere = usePlaceElsewhere(log)
  return useCallback(
    () => manager.placeIn(log.meetingId) ?? watched?.() ?? elsewhere(),
    [manager, watched, elsewhere, log.meetingId.join()],
  )
}

/** Of what the server was asked last, while this is shown: nothing is asked when somebody sends, and nothing tells it when they write. */
function usePlaceElsewhere(log: MeetingLog): PlaceNow {
  const client = useClient()
  const running = useMemo(() => runningCapturesOf(log), [log])
  const standings = useRef<readonly (CaptureStanding | null)[]>([])
  const key = running.map(({ header }) => header.assetId.join()).join(" ")
  useEffect(() => {
    const stopped = new AbortController()
    const seen: (CaptureStanding | null)[] = running.map(() => null)
    standings.current = seen
    for (const [index, live] of running.entries())
      followStanding(client, live, stopped.signal, (standing) => {
        seen[index] = standing
      }).catch(() => undefined)
    return () => {
      stopped.abort()
    }
    // A newer log has the same captures, but for those that the key tells.
  }, [client, key])
  return useCallback(() => {
    const [nowMs, pageMs] = [client.clock.nowMs(), performance.now()]
    for (const [index, live] of running.entries()) {
      const standing = standings.current[index]
      if (standing?.kind !== "live") continue
      const place = placeByHead(live, standing.head, pageMs - standing.seenAtMs, nowMs)
      if (place !== null) return place
    }
    return null
  }, [client, key])
}
