import type { ReactElement } from "react"
import type { Client } from "../../sdk/client.js"
import type { ListedDevice, RekeyReport } from "../../sdk/devices.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Page } from "../ui/page.js"
import { RekeyNotice } from "./rekey-notice.js"

const { recover: texts } = strings.account

export interface Recovered {
  readonly removed: readonly ListedDevice[]
  readonly report: RekeyReport
}

/** What the words brought back, and what was taken from lost devices. */
export function RecoveredPage({
  client,
  recovered: { removed, report },
  onReady,
}: {
  readonly client: Client
  readonly recovered: Recovered
  readonly onReady: () => void
}): ReactElement {
  const names = removed.map(({ name }) => name ?? strings.account.unnamedDevice)
  return (
    <Page title={texts.doneTitle} lead={texts.meetings(client.state.current.meetings.length)}>
      {names.length === 0 ? null : <p>{texts.removed(new Intl.ListFormat().format(names))}</p>}
      <RekeyNotice client={client} report={report} />
      <p>{texts.wordsStay}</p>
      <div className="actions">
        <Action kind="primary" onPress={onReady}>
          {texts.finish}
        </Action>
      </div>
    </Page>
  )
}
