import type { ReactElement } from "react"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Sheet } from "../ui/dialog.js"

/** All keys of the player. */
export function KeysSheet({
  isOpen,
  onClose,
}: {
  readonly isOpen: boolean
  readonly onClose: () => void
}): ReactElement {
  const texts = strings.watch.keys
  return (
    <Sheet title={texts.title} isOpen={isOpen} onClose={onClose}>
      <p className="faint">{texts.lead}</p>
      <table className="keys">
        <tbody>
          {texts.rows.map(([keys, what]) => (
            <tr key={what}>
              <td>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </td>
              <th scope="row">{what}</th>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="actions">
        <Action onPress={onClose}>{strings.common.close}</Action>
      </div>
    </Sheet>
  )
}
