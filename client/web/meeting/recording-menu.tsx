import { type ReactElement, useState } from "react"
import { Button, Form, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import type { MeetingLog, PublishedRecording } from "../../crypto/meeting-log.js"
import { deleteRecording, renameRecording } from "../../sdk/deletion.js"
import { canActAsAdmin } from "../../sdk/epochs.js"
import { titleOf } from "../../sdk/recordings.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Confirm } from "../ui/confirm.js"
import { Sheet } from "../ui/dialog.js"
import { Field } from "../ui/field.js"
import { Failure } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"

const texts = strings.meeting.recordings

/** What a recording's author, or an admin, may do about it; nothing for others. */
export function RecordingMenu({
  log,
  recording,
}: {
  readonly log: MeetingLog
  readonly recording: PublishedRecording
}): ReactElement | null {
  const client = useClient()
  const [doing, setDoing] = useState<"rename" | "remove" | null>(null)
  const isAuthor = equalBytes(recording.authorGenesisHash, client.state.current.secrets.genesisHash)
  const title = titleOf(recording)
  if (title === null || recording.withdrawal !== null || (!isAuthor && !canActAsAdmin(client, log))) return null
  const { recordingId } = recording.fields
  const close = (): void => {
    setDoing(null)
  }
  return (
    <>
      <MenuTrigger>
        <Button className="action action-quiet" aria-label={texts.more(title)}>
          <span aria-hidden="true">⋯</span>
        </Button>
        <Popover placement="bottom end" className="menu">
          <Menu
            onAction={(key) => {
              setDoing(key === "rename" ? "rename" : "remove")
            }}
          >
            <MenuItem id="rename" className="menu-item">
              {texts.rename}
            </MenuItem>
            <MenuItem id="remove" className="menu-item">
              {texts.remove}
            </MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
      <Sheet title={texts.rename} isOpen={doing === "rename"} onClose={close}>
        <RenameForm
          title={title}
          onClose={close}
          onRename={async (next) => {
            await renameRecording(client, recordingId, next)
          }}
        />
      </Sheet>
      <Confirm
        title={texts.removeTitle(title)}
        action={texts.removeAction}
        isOpen={doing === "remove"}
        onClose={close}
        onConfirm={async () => {
          await deleteRecording(client, recordingId)
        }}
      >
        <p>{texts.removeMeaning}</p>
      </Confirm>
    </>
  )
}

function RenameForm({
  title,
  onClose,
  onRename,
}: {
  readonly title: string
  readonly onClose: () => void
  readonly onRename: (title: string) => Promise<void>
}): ReactElement {
  const [next, setNext] = useState(title)
  const renaming = useTask(async () => {
    await onRename(next.trim())
    onClose()
  })
  return (
    <Form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        if (next.trim() !== "") renaming.run()
      }}
    >
      <Field label={texts.renameField} value={next} onChange={setNext} autoFocus />
      <Failure error={renaming.error} />
      <div className="actions">
        <Action kind="primary" type="submit" isPending={renaming.isBusy}>
          {strings.common.save}
        </Action>
        <Action onPress={onClose}>{strings.common.cancel}</Action>
      </div>
    </Form>
  )
}
