import { type ReactElement, useState } from "react"
import { Form } from "react-aria-components"
import { fromHex } from "../../../shared/protocol/bytes.js"
import { fetchInstance } from "../../sdk/instance.js"
import { createMeeting } from "../../sdk/meetings.js"
import { navigate } from "../routes.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Sheet } from "../ui/dialog.js"
import { Field } from "../ui/field.js"
import { Failure } from "../ui/notice.js"
import { useLoaded } from "../ui/use-loaded.js"
import { useTask } from "../ui/use-task.js"

/** Asks what a new meeting is called, and makes it. */
export function CreateMeeting({
  isOpen,
  onClose,
}: {
  readonly isOpen: boolean
  readonly onClose: () => void
}): ReactElement {
  return (
    <Sheet title={strings.meetings.create} isOpen={isOpen} onClose={onClose}>
      <MeetingForm onClose={onClose} />
    </Sheet>
  )
}

function MeetingForm({ onClose }: { readonly onClose: () => void }): ReactElement {
  const client = useClient()
  const [title, setTitle] = useState("")
  const [code, setCode] = useState("")
  const [isTried, setTried] = useState(false)
  const instance = useLoaded(async () => await fetchInstance(client.http, client.state.current.instanceKey), [client])
  const needsCode = instance.value?.meetingCreation === "code"
  const isCode = /^(?:[0-9a-f]{2}){16,64}$/.test(code.trim().toLowerCase())
  const titleError = isTried && title.trim() === "" ? strings.meetings.titleMissing : null
  const codeError = isTried && needsCode && !isCode ? strings.meetings.codeWrong : null
  const making = useTask(async () => {
    const given = needsCode ? fromHex(code.trim().toLowerCase()) : undefined
    const meetingId = await createMeeting(client, title.trim(), given)
    onClose()
    navigate({ screen: "meeting", meetingId, tab: "recordings" })
  })
  return (
    <Form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        setTried(true)
        if (title.trim() !== "" && (!needsCode || isCode)) making.run()
      }}
    >
      <Field
        label={strings.meetings.titleField}
        hint={strings.meetings.titleHint}
        error={titleError}
        value={title}
        onChange={setTitle}
        autoFocus
      />
      {needsCode ? (
        <Field
          label={strings.meetings.code}
          hint={strings.meetings.codeHint}
          error={codeError}
          value={code}
          onChange={setCode}
        />
      ) : null}
      <Failure error={instance.error ?? making.error} />
      <div className="actions">
        <Action kind="primary" type="submit" isPending={making.isBusy}>
          {strings.meetings.make}
        </Action>
        <Action onPress={onClose}>{strings.common.cancel}</Action>
      </div>
    </Form>
  )
}
