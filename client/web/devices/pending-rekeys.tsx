import type { ReactElement } from "react"
import { rekeyPending } from "../../sdk/devices.js"
import { RekeyProgress } from "../account/rekey-progress.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Failure, Notice } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"

/** Meetings whose key a removed device, or replaced words, may still know; nothing where there are none. */
export function PendingRekeys(): ReactElement | null {
  const client = useClient()
  const { pendingRekeys } = useClientState()
  const task = useTask(async () => {
    const [first] = (await rekeyPending(client)).failed
    if (first !== undefined) throw first.error
  })
  if (pendingRekeys.length === 0) return null
  return (
    <Notice kind="warning" title={strings.devices.pending}>
      <p>{strings.devices.pendingTodo}</p>
      <RekeyProgress client={client} />
      <Failure error={task.error} />
      <Action isPending={task.isBusy} onPress={task.run}>
        {strings.common.tryAgain}
      </Action>
    </Notice>
  )
}
