import { type ReactElement, useEffect } from "react"
import { toHex } from "../../../shared/protocol/bytes.js"
import { acceptInvitation, declineInvitations, type WaitingInvitation } from "../../sdk/invitations.js"
import { newsView, updateNews } from "../news/news-store.js"
import { useNews } from "../news/use-news.js"
import { navigate } from "../routes.js"
import { useClient } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Failure } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"

/** The invitations that wait in this account's inbox, as they come; nothing where none does. */
export function Invitations(): ReactElement | null {
  const { invitations, error } = useNews()
  useEffect(() => {
    // Whoever looks at them here needs no notice any more.
    const shown = (invitations ?? []).map(({ sealedHash }) => toHex(sealedHash))
    if (shown.some((hash) => !newsView().seenInvitations.includes(hash))) updateNews({ seenInvitations: shown })
  }, [invitations])
  if (invitations === null) return <Failure error={error} />
  if (invitations.length === 0) return null
  return (
    <section className="stack" aria-labelledby="invitations">
      <h2 id="invitations">{strings.meetings.invitations}</h2>
      <ul className="rows">
        {invitations.map((invitation) => (
          <InvitationRow key={toHex(invitation.sealedHash)} waiting={invitation} />
        ))}
      </ul>
    </section>
  )
}

function InvitationRow({ waiting }: { readonly waiting: WaitingInvitation }): ReactElement {
  const client = useClient()
  const onDone = (): void => {
    const { invitations } = newsView()
    updateNews({ invitations: (invitations ?? []).filter((other) => other !== waiting) })
  }
  const accepting = useTask(async () => {
    const meetingId = await acceptInvitation(client, waiting)
    onDone()
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
