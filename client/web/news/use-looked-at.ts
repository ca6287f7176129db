import { useEffect } from "react"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { lookAtMeeting } from "../../sdk/unseen.js"
import { useClient } from "../signed-in/client-context.js"

/** Nothing of this meeting is new any more, once it was before somebody's eyes. */
export function useLookedAt(log: MeetingLog | null): void {
  const client = useClient()
  useEffect(() => {
    if (log === null) return
    const look = (): void => {
      if (document.visibilityState !== "visible") return
      // Where it can't be kept, the mark stays, and is cleared at the next look.
      lookAtMeeting(client, log).catch(() => undefined)
    }
    look()
    document.addEventListener("visibilitychange", look)
    return () => {
      document.removeEventListener("visibilitychange", look)
    }
  }, [client, log])
}
