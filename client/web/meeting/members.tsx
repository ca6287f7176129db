import { type ReactElement, useState } from "react"
import { idOfHash } from "../../../shared/protocol/ids.js"
import { canActAsAdmin, inviteAgain, removeMember, setRole } from "../../sdk/epochs.js"
import { type CurrentMember, membersOf } from "../../sdk/membership.js"
import { useClient } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Confirm } from "../ui/confirm.js"
import { formatDay } from "../ui/format.js"
import { Failure } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"
import { AddMember } from "./add-member.js"
import type { MeetingPartProps } from "./meeting.js"

/** Who can open the meeting, since when, and what an admin may do about it. */
export function Members({ log }: MeetingPartProps): ReactElement {
  const client = useClient()
  const { current, former } = membersOf(log)
  const mayAct = canActAsAdmin(client, log)
  return (
    <>
      {mayAct ? <AddMember meetingId={log.meetingId} /> : null}
      <ul className="rows">
        {current.map((member) => (
          <MemberRow key={member.genesisHash.join()} log={log} member={member} mayAct={mayAct} />
        ))}
      </ul>
      {former.length === 0 ? null : (
        <section className="stack" aria-labelledby="former-members">
          <h2 id="former-members">{strings.meeting.members.former}</h2>
          <ul className="rows">
            {former.map(({ genesisHash, until }) => (
              <li key={genesisHash.join()}>
                <PersonName genesisHash={genesisHash} />
                <span className="faint">{strings.meeting.members.until(formatDay(until.timeMs))}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  )
}

function MemberRow({
  log: { meetingId },
  member,
  mayAct,
}: MeetingPartProps & { readonly member: CurrentMember; readonly mayAct: boolean }): ReactElement {
  const client = useClient()
  const [isRemoving, setRemoving] = useState(false)
  const texts = strings.meeting.members
  const { name, state } = knownAs(client, member.genesisHash)
  const accountId = idOfHash("account", member.genesisHash)
  const otherRole = member.role === "admin" ? "member" : "admin"
  const changing = useTask(async () => await setRole(client, meetingId, accountId, otherRole))
  const [isInvited, setInvited] = useState(false)
  const inviting = useTask(async () => {
    await inviteAgain(client, meetingId, accountId)
    setInvited(true)
  })
  return (
    <li>
      <div>
        <PersonName genesisHash={member.genesisHash} />
        <div className="faint">
          {texts.roles[member.role]}
          {", "}
          {member.since === null ? texts.sinceUnknown : texts.since(formatDay(member.since.timeMs))}
          {member.isLeaving ? ` · ${texts.leaving}` : ""}
        </div>
        <span role="status">{isInvited ? texts.invited : ""}</span>
        <Failure error={changing.error ?? inviting.error} />
      </div>
      {mayAct && state !== "self" ? (
        <div className="actions">
          <Action kind="quiet" isPending={inviting.isBusy} onPress={inviting.run}>
            {texts.inviteAgain}
          </Action>
          <Action kind="quiet" isPending={changing.isBusy} onPress={changing.run}>
            {otherRole === "admin" ? texts.makeAdmin : texts.makeMember}
          </Action>
          <Action
            kind="quiet"
            onPress={() => {
              setRemoving(true)
            }}
          >
            {texts.remove}
          </Action>
        </div>
      ) : null}
      <Confirm
        title={texts.removeTitle(name)}
        action={texts.removeAction}
        isOpen={isRemoving}
        onClose={() => {
          setRemoving(false)
        }}
        onConfirm={async () => {
          await removeMember(client, meetingId, accountId)
        }}
      >
        <p>{texts.removeMeaning}</p>
      </Confirm>
    </li>
  )
}
