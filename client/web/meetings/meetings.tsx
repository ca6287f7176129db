import { type ReactElement, useEffect, useState } from "react"
import { idOfHash } from "../../../shared/protocol/ids.js"
import { chatStateOf } from "../../sdk/chat/chat-state.js"
import { adoptKeyring } from "../../sdk/keyring.js"
import { flushOutbox } from "../../sdk/outbox.js"
import type { ChatState, MeetingState } from "../../sdk/state.js"
import { UnseenMark } from "../news/unseen-mark.js"
import { hrefOf } from "../routes.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import "../styles/meetings.css"
import { Action } from "../ui/button.js"
import { Empty } from "../ui/empty.js"
import { Field } from "../ui/field.js"
import { Failure } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { CreateMeeting } from "./create-meeting.js"
import { Invitations } from "./invitations.js"

/** A list is searched once it is longer than what one sees at a glance. */
const GLANCE = 6

/** All meetings of this account as this device last saw them, and the invitations that wait. */
export function Meetings(): ReactElement {
  const client = useClient()
  const state = useClientState()
  const { meetings } = state
  const [isCreating, setCreating] = useState(false)
  const [wanted, setWanted] = useState("")
  const [error, setError] = useState<unknown>(null)
  useEffect(() => {
    // What other devices of the account learned, and what this one has yet to send.
    adoptKeyring(client)
      .then(async () => {
        await flushOutbox(client)
      })
      .catch(setError)
  }, [client])
  const found = meetings.filter(({ seen }) =>
    (seen?.title ?? "").toLocaleLowerCase().includes(wanted.trim().toLocaleLowerCase()),
  )
  return (
    <Page
      title={strings.meetings.title}
      lead={strings.meetings.lead}
      actions={
        <Action
          kind="primary"
          onPress={() => {
            setCreating(true)
          }}
        >
          {strings.meetings.create}
        </Action>
      }
    >
      <Failure error={error} />
      <Invitations />
      {meetings.length > GLANCE ? (
        <Field label={strings.meetings.search} type="search" value={wanted} onChange={setWanted} />
      ) : null}
      {meetings.length === 0 ? (
        <Empty title={strings.meetings.emptyTitle}>
          <ol className="steps">
            {strings.meetings.emptySteps.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ol>
        </Empty>
      ) : found.length === 0 ? (
        <p role="status">{strings.meetings.nothingFound}</p>
      ) : (
        <ul className="rows meeting-rows">
          {found.toReversed().map((meeting) => (
            <MeetingRow
              key={meeting.meetingHash.join()}
              meeting={meeting}
              chat={chatStateOf(state, meeting.meetingHash)}
            />
          ))}
        </ul>
      )}
      <CreateMeeting
        isOpen={isCreating}
        onClose={() => {
          setCreating(false)
        }}
      />
    </Page>
  )
}

function MeetingRow({
  meeting,
  chat: { unread, outbox },
}: {
  readonly meeting: MeetingState
  readonly chat: ChatState
}): ReactElement {
  const { meetingHash, seen, unseen } = meeting
  const href = hrefOf({ screen: "meeting", meetingId: idOfHash("meeting", meetingHash), tab: "recordings" })
  return (
    <li>
      <span className="meeting-name">
        <a href={href}>{seen?.title ?? strings.meetings.untitled}</a>
        <UnseenMark unseen={unseen} unread={unread} />
      </span>
      <span className="faint">
        {seen?.members == null
          ? strings.meetings.notLookedAt
          : strings.meetings.counts(seen.members, seen.recordings ?? 0)}
        {outbox.length === 0 ? null : ` · ${strings.meetings.waiting(outbox.length)}`}
      </span>
    </li>
  )
}
