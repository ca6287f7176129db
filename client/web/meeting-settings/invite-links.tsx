import { type ReactElement, useState } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { idOfHash, type MeetingId } from "../../../shared/protocol/ids.js"
import { createInviteLink, listInviteLinks, revokeInviteLink } from "../../sdk/invite-links.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { CopyAction } from "../ui/copy-action.js"
import { formatDay } from "../ui/format.js"
import { Failure } from "../ui/notice.js"
import { QrCode } from "../ui/qr-code.js"
import { useLoaded } from "../ui/use-loaded.js"
import { useTask } from "../ui/use-task.js"

const GOOD_FOR_MS = 7 * 86_400_000

const texts = strings.settings

/** Links for people without an account: made, listed, ended. */
export function InviteLinks({ meetingId }: { readonly meetingId: MeetingId }): ReactElement {
  const client = useClient()
  const [url, setUrl] = useState<string | null>(null)
  const links = useLoaded(
    async () =>
      (await listInviteLinks(client)).filter(({ meetingHash }) =>
        equalBytes(idOfHash("meeting", meetingHash), meetingId),
      ),
    [client, meetingId.join()],
  )
  const making = useTask(async () => {
    const made = await createInviteLink(client, meetingId, {
      expiresAtMs: client.clock.nowMs() + GOOD_FOR_MS,
      uses: 1,
      isPreApproved: false,
      showsTitle: true,
    })
    setUrl(made.url)
    links.reload()
  })
  return (
    <>
      <p>{texts.linksLead}</p>
      <Failure error={making.error ?? links.error} />
      <div className="actions">
        <Action isPending={making.isBusy} onPress={making.run}>
          {texts.makeLink}
        </Action>
      </div>
      {url === null ? null : (
        <div className="stack" role="status">
          <p>{texts.linkIs}</p>
          <code>{url}</code>
          <div className="actions">
            <CopyAction text={url} />
          </div>
          <QrCode text={url} label={texts.linkCode} />
        </div>
      )}
      {links.value === null || links.value.length === 0 ? null : (
        <>
          <h3>{texts.ownLinks}</h3>
          <ul className="rows">
            {links.value.toReversed().map(({ linkId, expiresAtMs, isRevoked }) => (
              <li key={linkId.join()}>
                <span>{isRevoked ? texts.linkRevoked : texts.linkUntil(formatDay(expiresAtMs))}</span>
                {isRevoked ? null : <RevokeLink linkId={linkId} onDone={links.reload} />}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  )
}

function RevokeLink({ linkId, onDone }: { readonly linkId: Uint8Array; readonly onDone: () => void }): ReactElement {
  const client = useClient()
  const revoking = useTask(async () => {
    await revokeInviteLink(client, idOfHash("link", linkId))
    onDone()
  })
  return (
    <div className="actions">
      <Failure error={revoking.error} />
      <Action kind="quiet" isPending={revoking.isBusy} onPress={revoking.run}>
        {texts.revoke}
      </Action>
    </div>
  )
}
