import { equalBytes } from "../../../shared/protocol/bytes.js"
import { idOfHash, type MeetingId } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { strings } from "../strings.js"

/** A meeting's title as this device last saw it. */
export function titleOf({ state }: Client, meetingId: MeetingId): string {
  const found = state.current.meetings.find(({ meetingHash }) =>
    equalBytes(idOfHash("meeting", meetingHash), meetingId),
  )
  return found?.seen?.title ?? strings.account.someMeeting
}
