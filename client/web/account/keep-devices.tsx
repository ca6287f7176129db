import { type ReactElement, useState } from "react"
import { formatId } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import {
  closeKeyring,
  type ListedDevice,
  listDevices,
  rekeyPending,
  type RekeyReport,
  revokeDevices,
} from "../../sdk/devices.js"
import { adoptKeyring } from "../../sdk/keyring.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { CheckBox } from "../ui/check-box.js"
import { formatDayNumber } from "../ui/format.js"
import { Failure } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { useTask } from "../ui/use-task.js"
import type { Recovered } from "./recovered-page.js"
import { RekeyProgress } from "./rekey-progress.js"

const { recover: texts } = strings.account

/** Asks which devices are not lost; the others are removed. */
export function KeepDevices({
  client,
  others,
  onDone,
}: {
  readonly client: Client
  readonly others: readonly ListedDevice[]
  readonly onDone: (recovered: Recovered) => void
}): ReactElement {
  const [kept, setKept] = useState<readonly string[]>([])
  const lost = others.filter(({ deviceId }) => !kept.includes(formatId("device", deviceId)))
  const task = useTask(async () => {
    await adoptKeyring(client)
    onDone({ removed: lost, report: await removeDevices(client, lost) })
  })
  return (
    <Page title={texts.keepTitle} lead={others.length === 0 ? texts.onlyThis : texts.keepLead}>
      {others.length === 0 ? null : (
        <fieldset className="keep" disabled={task.isBusy}>
          <legend>{texts.keepLegend}</legend>
          <ul className="rows">
            {others.map(({ deviceId, name, addedDay }) => {
              const id = formatId("device", deviceId)
              return (
                <li key={id}>
                  <CheckBox
                    isSelected={kept.includes(id)}
                    onChange={(isKept) => {
                      setKept((before) => (isKept ? [...before, id] : before.filter((other) => other !== id)))
                    }}
                  >
                    <span>
                      <strong>{name ?? strings.account.unnamedDevice}</strong>
                      <br />
                      <span className="faint">{strings.account.addedOn(formatDayNumber(addedDay))}</span>
                    </span>
                  </CheckBox>
                </li>
              )
            })}
          </ul>
        </fieldset>
      )}
      {task.isBusy ? <RekeyProgress client={client} /> : null}
      <Failure error={task.error} />
      <div className="actions">
        <Action kind="primary" isPending={task.isBusy} onPress={task.run}>
          {others.length === 0 ? texts.goOn : lost.length === 0 ? texts.keepAll : texts.remove(lost.length)}
        </Action>
      </div>
    </Page>
  )
}

/** Tried again, it removes those that are left. */
async function removeDevices(client: Client, lost: readonly ListedDevice[]): Promise<RekeyReport> {
  const left = await listDevices(client)
  const ids = lost.map(({ deviceId }) => formatId("device", deviceId))
  const toRemove = left.filter(({ deviceId }) => ids.includes(formatId("device", deviceId)))
  if (toRemove.length > 0)
    return await revokeDevices(
      client,
      toRemove.map(({ deviceId }) => deviceId),
    )
  await closeKeyring(client)
  return await rekeyPending(client)
}
