import type { ReactElement, ReactNode } from "react"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import { isTakenOut } from "../meeting/no-member.js"
import { RoomProvider, useFollowedMeeting } from "../signed-in/use-meeting.js"
import "../styles/presence.css"
import { ConsentBanner } from "./consent-banner.js"

/** Around every screen of a meeting: it is followed once, however one goes between them, and whoever is here is asked what waits for an answer. */
export function MeetingRoom({
  meetingId,
  children,
}: {
  readonly meetingId: MeetingId
  readonly children: ReactNode
}): ReactElement {
  const room = useFollowedMeeting(meetingId)
  return (
    <RoomProvider value={room}>
      {room.log === null || isTakenOut(room.error) ? null : <ConsentBanner log={room.log} />}
      {children}
    </RoomProvider>
  )
}
