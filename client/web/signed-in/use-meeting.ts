import { createContext, startTransition, useContext, useEffect, useMemo, useState } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { type ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { watchMeeting } from "../../sdk/live.js"
import { RoomChat } from "../chat/room-chat.js"
import { Presence, type PresentMember } from "../../sdk/presence.js"
import { Typing } from "../../sdk/typing.js"
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
  /** Who else has the meeting open, since longest first; this account where another of its devices or windows has. */
  readonly present: readonly PresentMember[]
  /** Its chat, on the same socket; `null` before the first moment. */
  readonly chat: RoomChat | null
}

interface Seen {
  readonly meetingId: MeetingId
  readonly log: MeetingLog | null
  readonly error: unknown
  readonly trouble: ArchiveError | null
}

const NOBODY: readonly PresentMember[] = []

const RoomContext = createContext<FollowedMeeting | null>(null)
export const RoomProvider = RoomContext.Provider

/** The meeting of this screen, as it stands. All of its screens share one following, and so one socket: only below `MeetingRoom`. */
export function useMeeting(): FollowedMeeting {
  const room = useContext(RoomContext)
  if (room === null) throw new Error("no meeting: this is shown outside of one")
  return room
}

/** A meeting as it stands, followed while one of its screens is shown; this account is here while the tab is visible. */
export function useFollowedMeeting(meetingId: MeetingId): FollowedMeeting {
  const client = useClient()
  const [present, setPresent] = useState(NOBODY)
  const [seen, setSeen] = useState<Seen>({ meetingId, log: null, error: null, trouble: null })
  const [turn, setTurn] = useState(0)
  const [chat, setChat] = useState<RoomChat | null>(null)
  // Two ids of the same bytes are two objects.
  const key = meetingId.join()
  useEffect(() => {
    const stopped = new AbortController()
    setSeen((before) =>
      equalBytes(before.meetingId, meetingId) ? before : { meetingId, log: null, error: null, trouble: null },
    )
    const typing = new Typing(client, (people) => {
      room.typing(people)
    })
    const presence = new Presence(client, {
      onChange: setPresent,
      onSaid: (said) => {
        typing.hear(said)
      },
    })
    const room = new RoomChat(client, meetingId, {
      signal: stopped.signal,
      onTyping: () => {
        typing.say(presence)
      },
      onSent: () => {
        typing.sent()
      },
      onMessage: (deviceKey) => {
        typing.wrote(deviceKey)
      },
    })
    setChat(room)
    const look = (): void => {
      if (document.visibilityState === "visible") presence.come()
      else presence.go()
    }
    const leave = (): void => {
      presence.go()
    }
    look()
    document.addEventListener("visibilitychange", look)
    addEventListener("pagehide", leave)
    addEventListener("pageshow", look)
    watchMeeting(client, meetingId, {
      signal: stopped.signal,
      presence,
      chat: room,
      onChange: (log) => {
        room.follow(log)
        // A long list drawn anew does not keep the page from what is done in it meanwhile.
        startTransition(() => {
          setSeen({ meetingId, log, error: null, trouble: null })
        })
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
      typing.end()
      document.removeEventListener("visibilitychange", look)
      removeEventListener("pagehide", leave)
      removeEventListener("pageshow", look)
    }
  }, [client, key, turn])
  return useMemo(() => {
    const isThis = equalBytes(seen.meetingId, meetingId)
    return {
      log: isThis ? seen.log : null,
      error: isThis ? seen.error : null,
      trouble: isThis ? seen.trouble : null,
      present: isThis ? present : NOBODY,
      chat: isThis ? chat : null,
      retry: () => {
        setSeen((before) => ({ ...before, error: null }))
        setTurn((count) => count + 1)
      },
    }
  }, [seen, present, chat, key])
}
