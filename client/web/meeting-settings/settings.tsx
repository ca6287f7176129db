import type { ReactElement } from "react"
import { canActAsAdmin } from "../../sdk/epochs.js"
import { readStorage } from "../../sdk/keeping.js"
import { renewalDueMs, renewMeeting } from "../../sdk/standing.js"
import type { MeetingPartProps } from "../meeting/meeting.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import "../styles/settings.css"
import { Action } from "../ui/button.js"
import { formatBytes, formatDay } from "../ui/format.js"
import { Failure } from "../ui/notice.js"
import { useLoaded } from "../ui/use-loaded.js"
import { useTask } from "../ui/use-task.js"
import { EndMeeting } from "./end-meeting.js"
import { InviteLinks } from "./invite-links.js"
import { Offers } from "./offers.js"
import { Policy } from "./policy.js"
import { Retention } from "./retention.js"
import { Section } from "./section.js"

/** What holds for the meeting as a whole, and what its admins may change of it. */
export function Settings({ log }: MeetingPartProps): ReactElement {
  const client = useClient()
  const mayAct = canActAsAdmin(client, log)
  const texts = strings.settings
  return (
    <div className="settings">
      {mayAct ? null : <p className="faint">{texts.adminsOnly}</p>}
      {mayAct ? <Offers meetingId={log.meetingId} /> : null}
      {mayAct ? (
        <Section title={texts.links}>
          <InviteLinks meetingId={log.meetingId} />
        </Section>
      ) : null}
      <Section title={texts.newcomers}>
        <Policy log={log} mayAct={mayAct} />
      </Section>
      <Section title={texts.retention}>
        <Retention log={log} mayAct={mayAct} />
      </Section>
      <Section title={texts.storage}>
        <Storage log={log} />
      </Section>
      {mayAct ? (
        <Section title={texts.renewal}>
          <Renewal log={log} />
        </Section>
      ) : null}
      <EndMeeting log={log} mayAct={mayAct} />
    </div>
  )
}

function Storage({ log }: MeetingPartProps): ReactElement {
  const client = useClient()
  const storage = useLoaded(async () => await readStorage(client, log.meetingId), [client, log.head.seq])
  if (storage.state === "failed") return <Failure error={storage.error} />
  if (storage.value === null) return <p className="faint">{strings.common.loading}</p>
  const kept = storage.value.recordings.filter(({ assets }) => assets.some(({ keptBytes }) => keptBytes !== null))
  const bytes = kept.flatMap(({ assets }) => assets).reduce((sum, { keptBytes }) => sum + (keptBytes ?? 0), 0)
  return <p>{strings.settings.stored(formatBytes(bytes), kept.length)}</p>
}

function Renewal({ log }: MeetingPartProps): ReactElement {
  const client = useClient()
  const due = renewalDueMs(log)
  const renewing = useTask(async () => {
    await renewMeeting(client, log.meetingId)
  })
  return (
    <>
      <p>{strings.settings.renewalLead(formatDay(due))}</p>
      <Failure error={renewing.error} />
      <div className="actions">
        <Action isPending={renewing.isBusy} onPress={renewing.run}>
          {strings.settings.renew}
        </Action>
      </div>
    </>
  )
}
