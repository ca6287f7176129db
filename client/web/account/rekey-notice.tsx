import type { ReactElement } from "react"
import type { Client } from "../../sdk/client.js"
import type { RekeyReport } from "../../sdk/devices.js"
import { strings } from "../strings.js"
import { Notice } from "../ui/notice.js"
import { titleOf } from "./title-of.js"

/** What became of the meetings to whose keys somebody else may hold an old one; nothing where there are none. */
export function RekeyNotice({
  client,
  report: { rekeyed, failed },
}: {
  readonly client: Client
  readonly report: RekeyReport
}): ReactElement | null {
  if (rekeyed.length === 0 && failed.length === 0) return null
  return (
    <Notice kind={failed.length === 0 ? "good" : "warning"}>
      {rekeyed.length === 0 ? null : <p>{strings.account.rekeyed(rekeyed.length)}</p>}
      {failed.map(({ meetingId }) => (
        <p key={meetingId.join()}>{strings.account.notRekeyed(titleOf(client, meetingId))}</p>
      ))}
    </Notice>
  )
}
