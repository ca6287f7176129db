import type { ReactElement } from "react"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { idOfHash, type MeetingId } from "../../../shared/protocol/ids.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import type { Client } from "../../sdk/client.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Notice } from "../ui/notice.js"

/** Whether a meeting stopped opening for this account, as it does for whoever was taken out. */
export function isTakenOut(error: unknown): boolean {
  return isArchiveError(error) && error.code === "not-authorised"
}

/** What a meeting was called when this device last saw it. */
export function lastSeenTitle(client: Client, meetingId: MeetingId): string | null {
  const known = client.state.current.meetings.find(({ meetingHash }) =>
    equalBytes(idOfHash("meeting", meetingHash), meetingId),
  )
  return known?.seen?.title ?? null
}

/** Told to whoever was taken out of a meeting: nothing of it is shown. */
export function NoMember({ onRetry }: { readonly onRetry: () => void }): ReactElement {
  return (
    <>
      <Notice kind="warning" title={strings.meeting.noMember}>
        <p>{strings.meeting.noMemberLead}</p>
      </Notice>
      <div className="actions">
        <Action onPress={onRetry}>{strings.common.tryAgain}</Action>
      </div>
    </>
  )
}
