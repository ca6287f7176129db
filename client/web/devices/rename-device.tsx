import { type ReactElement, useState } from "react"
import { type ListedDevice, renameDevice } from "../../sdk/devices.js"
import { deviceNameError } from "../account/device-name.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Sheet } from "../ui/dialog.js"
import { Field } from "../ui/field.js"
import { Failure } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"

export function RenameDevice({
  device: { deviceId, name: before },
  onClose,
  onRenamed,
}: {
  readonly device: ListedDevice
  readonly onClose: () => void
  readonly onRenamed: () => void
}): ReactElement {
  const client = useClient()
  const [name, setName] = useState(before ?? "")
  const [error, setError] = useState<string | null>(null)
  const task = useTask(async () => {
    await renameDevice(client, deviceId, name.trim())
    onRenamed()
    onClose()
  })
  return (
    <Sheet title={strings.devices.renameTitle} isOpen onClose={onClose} mustAnswer={task.isBusy}>
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          const wrong = deviceNameError(name)
          setError(wrong)
          if (wrong === null) task.run()
        }}
      >
        <Field
          label={strings.devices.name}
          hint={strings.account.deviceNameHint}
          error={error}
          value={name}
          onChange={setName}
          autoFocus
        />
        <Failure error={task.error} />
        <div className="actions">
          <Action kind="primary" type="submit" isPending={task.isBusy}>
            {strings.common.save}
          </Action>
          <Action isDisabled={task.isBusy} onPress={onClose}>
            {strings.common.cancel}
          </Action>
        </div>
      </form>
    </Sheet>
  )
}
