import { type ReactElement, type ReactNode, useState } from "react"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Field } from "../ui/field.js"
import { Failure } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { useTask } from "../ui/use-task.js"
import { defaultDeviceName, deviceNameError } from "./device-name.js"

/** The first step of every way in: what this device is called. */
export function DeviceNameForm({
  title,
  lead,
  action,
  onNamed,
  onBack,
  failure = (error) => <Failure error={error} />,
  children,
}: {
  readonly title: string
  readonly lead: string
  readonly action: string
  /** What it throws is shown, and the name can be given again. */
  readonly onNamed: (name: string) => Promise<void>
  readonly onBack: () => void
  /** How a failure is told, where it has a meaning of its own. */
  readonly failure?: (error: unknown) => ReactNode
  readonly children?: ReactNode
}): ReactElement {
  const [name, setName] = useState(() => defaultDeviceName(navigator.userAgent))
  const [error, setError] = useState<string | null>(null)
  const task = useTask(async () => {
    await onNamed(name.trim())
  })
  return (
    <Page title={title} lead={lead}>
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
        {children}
        <Field
          label={strings.account.deviceName}
          hint={strings.account.deviceNameHint}
          error={error}
          value={name}
          onChange={setName}
        />
        {failure(task.error)}
        <div className="actions">
          <Action kind="primary" type="submit" isPending={task.isBusy}>
            {action}
          </Action>
          <Action isDisabled={task.isBusy} onPress={onBack}>
            {strings.account.back}
          </Action>
        </div>
      </form>
    </Page>
  )
}
