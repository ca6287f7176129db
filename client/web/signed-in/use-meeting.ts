import { useEffect, useState } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { type ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { watchMeeting } from "../../sdk/live.js"
import { useClient } from "./client-context.js"

export interface FollowedMeeting {
  /** The newest verified log; `null` until the first came. It stays where a failure comes behind it. */
  readonly log: MeetingLog | null
  /** What ended the following, such as a removal; `null` while it goes on. */
  readonly error: unknown
  /** What keeps the newest from being heard of at once, while it does. */
  readonly trouble: ArchiveError | null
  /** Begins anew, after an error. */
  readonly retry: () => void
}

interface Seen {
  readonly meetingId: MeetingId
  readonly log: MeetingLog | null
  readonly error: unknown
  readonly trouble: ArchiveError | null
}

/** A meeting as it stands, followed while a screen shows it. */
export function useMeeting(meetingId: MeetingId): FollowedMeeting {
  const client = useClient()
  const [seen, setSeen] = useState<Seen>({ meetingId, log: null, error: null, trouble: null })
  const [turn, setTurn] = useState(0)
  // Two ids of the same bytes are two objects.
  const key = meetingId.join()
  useEffect(() => {
    const stopped = new AbortController()
    setSeen((before) =>
      equalBytes(before.meetingId, meetingId) ? before : { meetingId, log: null, error: null, trouble: null },
    )
    watchMeeting(client, meetingId, {
      signal: stopped.signal,
      onChange: (log) => {
        setSeen({ meetingId, log, error: null, trouble: null })
      },
      onTrouble: (trouble) => {
        setSeen((before) => ({ ...before, trouble }))
      },
    }).catch((error: unknown) => {
      if (stopped.signal.aborted || (isArchiveError(error) && error.code === "interrupted")) return
      setSeen((before) => ({ ...before, error }))
    })
    return () => {
      stopped.abort()
    }
  }, [client, key, turn])
  const isThis = equalBytes(seen.meetingId, meetingId)
  return {
    log: isThis ? seen.log : null,
    error: isThis ? seen.error : null,
    trouble: isThis ? seen.trouble : null,
    retry: () => {
      setSeen((before) => ({ ...before, error: null }))
      setTurn((count) => count + 1)
    },
  }
}
