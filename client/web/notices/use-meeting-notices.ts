import type { MeetingLog } from "../../crypto/meeting-log.js"
import { meetingNotices, type Notice } from "../../sdk/notices.js"
import { useClient } from "../signed-in/client-context.js"
import { type Loaded, useLoaded } from "../ui/use-loaded.js"

/** What the operator tells a meeting's members, asked when one opens it. */
export function useMeetingNotices(log: MeetingLog): Loaded<readonly Notice[]> {
  const client = useClient()
  return useLoaded(async () => await meetingNotices(client, log), [client, log.meetingId.join()])
}
