import type { ReactElement } from "react"
import { formatId, type MeetingId } from "../../../shared/protocol/ids.js"
import type { ClosingPlan } from "../../sdk/closing.js"
import { titleOf } from "../account/title-of.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Notice } from "../ui/notice.js"

const { leave: texts } = strings.devices

/** What closing the account does to each of its meetings, and to the account. */
export function ShowClosingPlan({
  plan: { leaves, deletes, blockedBy, unreadable },
}: {
  readonly plan: ClosingPlan
}): ReactElement {
  const isInNone = [leaves, deletes, blockedBy, unreadable].every((meetings) => meetings.length === 0)
  return (
    <>
      {blockedBy.length === 0 ? null : (
        <Notice kind="warning" title={texts.blocked}>
          <p>{texts.blockedLead}</p>
          <Titles meetings={blockedBy} />
        </Notice>
      )}
      <div className="card stack">
        {isInNone ? <p>{texts.none}</p> : null}
        <Fate title={texts.leaves} lead={texts.leavesLead} meetings={leaves} />
        <Fate title={texts.deletes} meetings={deletes} />
        <Fate title={texts.unreadable} meetings={unreadable} />
        <p>{texts.devices}</p>
        <p>{texts.chain}</p>
      </div>
    </>
  )
}

function Fate({
  title,
  lead,
  meetings,
}: {
  readonly title: string
  readonly lead?: string
  readonly meetings: readonly MeetingId[]
}): ReactElement | null {
  if (meetings.length === 0) return null
  return (
    <section>
      <h2>{title}</h2>
      {lead === undefined ? null : <p className="faint">{lead}</p>}
      <Titles meetings={meetings} />
    </section>
  )
}

function Titles({ meetings }: { readonly meetings: readonly MeetingId[] }): ReactElement {
  const client = useClient()
  return (
    <ul>
      {meetings.map((meetingId) => (
        <li key={formatId("meeting", meetingId)}>{titleOf(client, meetingId)}</li>
      ))}
    </ul>
  )
}
