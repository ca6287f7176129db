import type { ReactElement } from "react"
import { closeKeyring, rekeyPending, type RekeyReport } from "../../sdk/devices.js"
import { checkPhrase } from "../../sdk/recovery.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Failure } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { useTask } from "../ui/use-task.js"

const { words: texts } = strings.devices

/** New words were sent, and it is not known whether they arrived: the server's chain says which words count. */
export function UnsureWords({
  words,
  error,
  onNew,
  onOld,
}: {
  readonly words: string
  readonly error: unknown
  readonly onNew: (report: RekeyReport) => void
  readonly onOld: () => void
}): ReactElement {
  const client = useClient()
  const look = useTask(async () => {
    if (!(await checkPhrase(client, words))) {
      onOld()
      return
    }
    await closeKeyring(client)
    onNew(await rekeyPending(client))
  })
  return (
    <Page title={texts.unsureTitle} lead={texts.unsureLead}>
      <Failure error={look.error ?? error} />
      <div className="actions">
        <Action kind="primary" isPending={look.isBusy} onPress={look.run}>
          {texts.look}
        </Action>
      </div>
    </Page>
  )
}
