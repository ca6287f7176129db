import { type ReactElement, useState } from "react"
import { formatId } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { listDevices } from "../../sdk/devices.js"
import { adoptKeyring } from "../../sdk/keyring.js"
import { forgetDevice } from "../platform/sign-out.js"
import { strings } from "../strings.js"
import { Busy } from "../ui/busy.js"
import { Action } from "../ui/button.js"
import { Confirm } from "../ui/confirm.js"
import { formatDayNumber } from "../ui/format.js"
import { Failure } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { useLoaded } from "../ui/use-loaded.js"

const { link: texts } = strings.account

/** What account this device was put into: its person knows by the devices beside it whether it is theirs. */
export function DeviceLinked({
  client,
  onReady,
}: {
  readonly client: Client
  readonly onReady: () => void
}): ReactElement {
  const [asks, setAsks] = useState(false)
  const beside = useLoaded(async () => {
    await adoptKeyring(client)
    return (await listDevices(client)).filter(({ isThis }) => !isThis)
  }, [client])
  return (
    <Page title={texts.doneTitle} lead={texts.doneLead}>
      {beside.state === "loading" ? <Busy label={texts.joining} /> : null}
      <Failure error={beside.error}>
        <Action onPress={beside.reload}>{strings.common.tryAgain}</Action>
      </Failure>
      {beside.value === null ? null : (
        <>
          <h2>{texts.beside}</h2>
          <ul className="rows">
            {beside.value.map(({ deviceId, name, addedDay }) => (
              <li key={formatId("device", deviceId)}>
                <strong>{name ?? strings.account.unnamedDevice}</strong>
                <span className="faint">{strings.account.addedOn(formatDayNumber(addedDay))}</span>
              </li>
            ))}
          </ul>
          <div className="actions">
            <Action kind="primary" onPress={onReady}>
              {texts.mine}
            </Action>
            <Action
              onPress={() => {
                setAsks(true)
              }}
            >
              {texts.notMine}
            </Action>
          </div>
        </>
      )}
      <Confirm
        title={texts.notMine}
        action={texts.notMineAction}
        isOpen={asks}
        onClose={() => {
          setAsks(false)
        }}
        onConfirm={forgetDevice}
      >
        <p>{texts.notMineWhat}</p>
      </Confirm>
    </Page>
  )
}
