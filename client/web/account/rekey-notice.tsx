import type { ReactElement } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { idOfHash } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import type { RekeyReport } from "../../sdk/devices.js"
import { strings } from "../strings.js"
import { Notice } from "../ui/notice.js"

/** What became of the meetings to whose keys somebody else may hold an old one; nothing where there are none. */
export function RekeyNotice({
  client,
  report: { rekeyed, failed },
}: {
  readonly client: Client
  readonly report: RekeyReport
}): ReactElement | null {
  if (rekeyed.length === 0 && failed.length === 0) return null
  const titleOf = (meetingId: Uint8Array): string => {
    const { meetings } = client.state.current
    const found = meetings.find(({ meetingHash }) => equalBytes(idOfHash("meeting", meetingHash), meetingId))
    return found?.seen?.title ?? strings.account.someMeeting
  }
  return (
    <Notice kind={failed.length === 0 ? "good" : "warning"}>
      {rekeyed.length === 0 ? null : <p>{strings.account.rekeyed(rekeyed.length)}</p>}
      {failed.map(({ meetingId }) => (
        <p key={meetingId.join()}>{strings.account.notRekeyed(titleOf(meetingId))}</p>
      ))}
    </Notice>
  )
}
