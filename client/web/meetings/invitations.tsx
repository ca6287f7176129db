import type { ReactElement } from "react"
import { acceptInvitation, declineInvitations, listInvitations, type WaitingInvitation } from "../../sdk/invitations.js"
import { navigate } from "../routes.js"
import { useClient } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Failure } from "../ui/notice.js"
import { useLoaded } from "../ui/use-loaded.js"
import { useTask } from "../ui/use-task.js"

/** The invitations that wait in this account's inbox; nothing where none does. */
export function Invitations(): ReactElement | null {
  const client = useClient()
  const waiting = useLoaded(async () => await listInvitations(client), [client])
  if (waiting.state === "failed") return <Failure error={waiting.error} />
  if (waiting.value === null || waiting.value.length === 0) return null
  return (
    <section className="stack" aria-labelledby="invitations">
      <h2 id="invitations">{strings.meetings.invitations}</h2>
      <ul className="rows">
        {waiting.value.map((invitation) => (
          <InvitationRow key={invitation.sealedHash.join()} waiting={invitation} onDone={waiting.reload} />
        ))}
      </ul>
    </section>
  )
}

function InvitationRow({
  waiting,
  onDone,
}: {
  readonly waiting: WaitingInvitation
  readonly onDone: () => void
}): ReactElement {
  const client = useClient()
  const accepting = useTask(async () => {
    const meetingId = await acceptInvitation(client, waiting)
    navigate({ screen: "meeting", meetingId, tab: "recordings" })
  })
  const declining = useTask(async () => {
    await declineInvitations(client, [waiting])
    onDone()
  })
  const { invitation, problem } = waiting
  return (
    <li>
      <div>
        <strong>{invitation?.title ?? strings.meetings.brokenInvitation}</strong>
        {invitation === null ? null : (
          <div className="faint">
            {strings.meetings.invitedBy} <PersonName genesisHash={invitation.inviterGenesisHash} />
            {knownAs(client, invitation.inviterGenesisHash).state === "unknown" ? (
              <p>{strings.meetings.unknownInviter}</p>
            ) : null}
          </div>
        )}
        <Failure error={problem ?? accepting.error ?? declining.error} />
      </div>
      <div className="actions">
        {invitation === null ? null : (
          <Action kind="primary" isPending={accepting.isBusy} onPress={accepting.run}>
            {strings.meetings.accept}
          </Action>
        )}
        <Action isPending={declining.isBusy} onPress={declining.run}>
          {strings.meetings.decline}
        </Action>
      </div>
    </li>
  )
}
