import { type ReactElement, useState } from "react"
import { formatId } from "../../../shared/protocol/ids.js"
import type { ListedDevice, RekeyReport } from "../../sdk/devices.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { formatDayNumber } from "../ui/format.js"
import { RemoveDevice } from "./remove-device.js"
import { RenameDevice } from "./rename-device.js"

const texts = strings.devices

/** Each device with what can be done about it. This one is forgotten elsewhere, and removed from another. */
export function DeviceList({
  devices,
  onChanged,
  onRemoved,
}: {
  readonly devices: readonly ListedDevice[]
  readonly onChanged: () => void
  readonly onRemoved: (name: string, report: RekeyReport) => void
}): ReactElement {
  const [asked, setAsked] = useState<{ readonly about: "name" | "removal"; readonly device: ListedDevice } | null>(null)
  const onClose = (): void => {
    setAsked(null)
  }
  return (
    <>
      <ul className="rows" aria-label={texts.list}>
        {devices.map((device) => {
          const name = device.name ?? strings.account.unnamedDevice
          return (
            <li key={formatId("device", device.deviceId)}>
              <div>
                <strong>{name}</strong> {device.isThis ? <span className="known">{texts.thisDevice}</span> : null}
                <div className="faint">{strings.account.addedOn(formatDayNumber(device.addedDay))}</div>
              </div>
              <div className="actions device-actions">
                <Action
                  kind="quiet"
                  aria-label={texts.renameOf(name)}
                  onPress={() => {
                    setAsked({ about: "name", device })
                  }}
                >
                  {texts.rename}
                </Action>
                {device.isThis ? null : (
                  <Action
                    kind="quiet"
                    aria-label={texts.removeOf(name)}
                    onPress={() => {
                      setAsked({ about: "removal", device })
                    }}
                  >
                    {strings.common.remove}
                  </Action>
                )}
              </div>
            </li>
          )
        })}
      </ul>
      {asked?.about === "name" ? <RenameDevice device={asked.device} onClose={onClose} onRenamed={onChanged} /> : null}
      {asked?.about === "removal" ? (
        <RemoveDevice device={asked.device} onClose={onClose} onRemoved={onRemoved} />
      ) : null}
    </>
  )
}
