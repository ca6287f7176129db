import { type ReactElement, useState } from "react"
import { type ListedDevice, type RekeyReport, revokeDevices } from "../../sdk/devices.js"
import { RekeyProgress } from "../account/rekey-progress.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Confirm } from "../ui/confirm.js"

const texts = strings.devices

/** Asks whether a device is to go, then takes it out of the account, and its keys out of every meeting. */
export function RemoveDevice({
  device: { deviceId, name },
  onClose,
  onRemoved,
}: {
  readonly device: ListedDevice
  readonly onClose: () => void
  readonly onRemoved: (name: string, report: RekeyReport) => void
}): ReactElement {
  const client = useClient()
  const [isUnderWay, setUnderWay] = useState(false)
  const shownName = name ?? strings.account.unnamedDevice
  return (
    <Confirm
      title={texts.removeTitle(shownName)}
      action={texts.removeAction}
      isOpen
      onClose={onClose}
      onConfirm={async () => {
        setUnderWay(true)
        try {
          onRemoved(shownName, await revokeDevices(client, [deviceId]))
        } finally {
          setUnderWay(false)
        }
      }}
    >
      <p>{texts.removeWhat}</p>
      <p>{texts.removeLinks}</p>
      {isUnderWay ? <RekeyProgress client={client} /> : null}
    </Confirm>
  )
}
