import { type ReactElement, useState } from "react"
import { Form } from "react-aria-components"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import { findPerson } from "../../sdk/contacts.js"
import { addMember } from "../../sdk/epochs.js"
import { flushOutbox } from "../../sdk/outbox.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { CheckBox } from "../ui/check-box.js"
import { Sheet } from "../ui/dialog.js"
import { Field } from "../ui/field.js"
import { Failure } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"

/** Asks whom to add, and adds them: a new key for the meeting, and an invitation. */
export function AddMember({ meetingId }: { readonly meetingId: MeetingId }): ReactElement {
  const [isOpen, setOpen] = useState(false)
  const close = (): void => {
    setOpen(false)
  }
  return (
    <div className="actions">
      <Action
        kind="primary"
        onPress={() => {
          setOpen(true)
        }}
      >
        {strings.meeting.members.add}
      </Action>
      <Sheet title={strings.meeting.members.addTitle} isOpen={isOpen} onClose={close}>
        <MemberForm meetingId={meetingId} onClose={close} />
      </Sheet>
    </div>
  )
}

function MemberForm({
  meetingId,
  onClose,
}: {
  readonly meetingId: MeetingId
  readonly onClose: () => void
}): ReactElement {
  const client = useClient()
  const [who, setWho] = useState("")
  const [isAdmin, setAdmin] = useState(false)
  const texts = strings.meeting.members
  const adding = useTask(async () => {
    await addMember(client, meetingId, await findPerson(client, who.trim()), isAdmin ? "admin" : "member")
    onClose()
    // It waits a random moment of its own; what stays is sent later.
    void flushOutbox(client).catch(() => undefined)
  })
  return (
    <Form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        if (who.trim() !== "") adding.run()
      }}
    >
      <Field label={texts.who} hint={texts.whoHint} value={who} onChange={setWho} autoFocus />
      <CheckBox isSelected={isAdmin} onChange={setAdmin}>
        {texts.asAdmin}
      </CheckBox>
      <Failure error={adding.error} />
      <div className="actions">
        <Action kind="primary" type="submit" isPending={adding.isBusy}>
          {texts.addAction}
        </Action>
        <Action onPress={onClose}>{strings.common.cancel}</Action>
      </div>
    </Form>
  )
}
