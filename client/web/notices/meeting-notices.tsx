import type { ReactElement } from "react"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { strings } from "../strings.js"
import { OperatorNotices } from "./operator-notices.js"
import { useMeetingNotices } from "./use-meeting-notices.js"

/** Above a meeting: what authorities asked about it, as soon as its members may be told. */
export function MeetingNotices({ log }: { readonly log: MeetingLog }): ReactElement | null {
  const { value } = useMeetingNotices(log)
  return value === null ? null : <OperatorNotices title={strings.notices.ofMeeting} notices={value} />
}
