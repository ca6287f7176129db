import { type ReactElement, useState } from "react"
import { Form } from "react-aria-components"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import type { LiveCapture } from "../../sdk/live-capture/captures.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Sheet } from "../ui/dialog.js"
import { Field } from "../ui/field.js"
import { Failure } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"
import { useUploadManager } from "../uploads/uploads-context.js"

const texts = strings.live.save
/** A recorder that was not heard for so long, is not waited for any more; it may still come back. */
export const LEFT_MS = 5 * 60_000

/** Offers to save what there is of a capture whose recorder is gone, and says what that means. */
export function SaveCapture({
  meetingId,
  live,
  author,
  onSaving = () => undefined,
}: {
  readonly meetingId: MeetingId
  readonly live: LiveCapture
  /** What its author is called here. */
  readonly author: string
  readonly onSaving?: () => void
}): ReactElement {
  const [isOpen, setOpen] = useState(false)
  const close = (): void => {
    setOpen(false)
  }
  return (
    <>
      <Action
        onPress={() => {
          setOpen(true)
        }}
      >
        {texts.action}
      </Action>
      <Sheet title={texts.heading(live.title)} isOpen={isOpen} onClose={close}>
        <p>{texts.what}</p>
        <p>{texts.meaning(author)}</p>
        <p>{texts.twice(author)}</p>
        <SaveForm
          meetingId={meetingId}
          live={live}
          onDone={() => {
            close()
            onSaving()
          }}
          onCancel={close}
        />
      </Sheet>
    </>
  )
}

function SaveForm({
  meetingId,
  live: { recordingId, capturedAtMs, title: announced },
  onDone,
  onCancel,
}: {
  readonly meetingId: MeetingId
  readonly live: LiveCapture
  readonly onDone: () => void
  readonly onCancel: () => void
}): ReactElement {
  const manager = useUploadManager()
  const [title, setTitle] = useState(texts.titled(announced))
  const saving = useTask(async () => {
    await manager.recover(meetingId, { recordingId, capturedAtMs, title: title.trim() })
    onDone()
  })
  return (
    <Form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        if (title.trim() !== "") saving.run()
      }}
    >
      <Field label={strings.uploads.title} value={title} onChange={setTitle} />
      <Failure error={saving.error} />
      <div className="actions">
        <Action kind="primary" type="submit" isPending={saving.isBusy}>
          {texts.confirm}
        </Action>
        <Action onPress={onCancel}>{strings.common.cancel}</Action>
      </div>
    </Form>
  )
}
