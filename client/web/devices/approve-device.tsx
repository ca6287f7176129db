import { type ReactElement, useEffect, useRef, useState } from "react"
import { approveDevice, type RequestedDevice } from "../../sdk/pairing.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Busy } from "../ui/busy.js"
import { Action } from "../ui/button.js"
import { Failure } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { useTask } from "../ui/use-task.js"
import { EnterCode } from "./enter-code.js"

const texts = strings.devices.approve

/** Lets a new device in, by the code that it shows. */
export function ApproveDevice({
  onDone,
  onBack,
}: {
  readonly onDone: (text: string) => void
  readonly onBack: () => void
}): ReactElement {
  const [requested, setRequested] = useState<RequestedDevice | null>(null)
  return requested === null ? (
    <EnterCode onRequested={setRequested} onBack={onBack} />
  ) : (
    <AskToAdd requested={requested} onDone={onDone} onBack={onBack} />
  )
}

function AskToAdd({
  requested,
  onDone,
  onBack,
}: {
  readonly requested: RequestedDevice
  readonly onDone: (text: string) => void
  readonly onBack: () => void
}): ReactElement {
  const client = useClient()
  const stopped = useRef<AbortController | null>(null)
  const { name } = requested.request
  const task = useTask(async () => {
    stopped.current = new AbortController()
    await approveDevice(client, requested, { signal: stopped.current.signal })
    onDone(texts.added(name))
  })
  useEffect(
    () => () => {
      stopped.current?.abort()
    },
    [],
  )
  return (
    <Page title={texts.askTitle(name)} lead={texts.askWhat}>
      {task.isBusy ? <Busy label={texts.waiting} /> : null}
      <Failure error={task.error} />
      <div className="actions">
        <Action kind="primary" isPending={task.isBusy} onPress={task.run}>
          {texts.add}
        </Action>
        <Action onPress={onBack}>{strings.common.cancel}</Action>
      </div>
    </Page>
  )
}
