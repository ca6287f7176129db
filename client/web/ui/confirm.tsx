import type { ReactElement, ReactNode } from "react"
import { strings } from "../strings.js"
import { Action } from "./button.js"
import { Sheet } from "./dialog.js"
import { Failure } from "./notice.js"
import { useTask } from "./use-task.js"

/** Asks before something that can't be undone. `onConfirm` may take its time; what it throws is shown, and the question stays. */
export function Confirm({
  title,
  children,
  action,
  dismissal = strings.common.cancel,
  isOpen,
  onClose,
  onConfirm,
}: {
  readonly title: string
  readonly children: ReactNode
  /** What the button says: the deed, not "OK". */
  readonly action: string
  /** What the other button says, where "Cancel" could be taken for the deed. */
  readonly dismissal?: string
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly onConfirm: () => Promise<void>
}): ReactElement {
  const task = useTask(async () => {
    await onConfirm()
    onClose()
  })
  return (
    <Sheet title={title} isOpen={isOpen} onClose={onClose} mustAnswer={task.isBusy}>
      {children}
      <Failure error={task.error} />
      <div className="actions">
        <Action kind="danger" isPending={task.isBusy} onPress={task.run}>
          {action}
        </Action>
        <Action isDisabled={task.isBusy} onPress={onClose}>
          {dismissal}
        </Action>
      </div>
    </Sheet>
  )
}
