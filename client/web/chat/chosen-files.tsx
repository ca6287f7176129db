import type { ReactElement } from "react"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { formatBytes } from "../ui/format.js"

const texts = strings.chat.files
const WHOLE_PERCENT = 100

/** What will go along with a message, and how far it is while it goes. */
export function ChosenFiles({
  files,
  isBusy,
  progress,
  onRemove,
  onCancel,
}: {
  readonly files: readonly File[]
  readonly isBusy: boolean
  /** 0 to 1, of all of them together; `null` while none is sent. */
  readonly progress: number | null
  readonly onRemove: (file: File) => void
  readonly onCancel: () => void
}): ReactElement | null {
  if (files.length === 0) return null
  return (
    <div className="chosen-files">
      <ul className="message-files">
        {files.map((file, index) => (
          <li key={`${index} ${file.name}`}>
            <span className="message-file">
              <bdi>{file.name}</bdi> <span className="faint">{formatBytes(file.size)}</span>
            </span>
            {isBusy ? null : (
              <Action
                kind="quiet"
                aria-label={texts.remove(file.name)}
                onPress={() => {
                  onRemove(file)
                }}
              >
                <span aria-hidden="true">✕</span>
              </Action>
            )}
          </li>
        ))}
      </ul>
      {progress === null ? null : (
        <div className="actions">
          <span role="status">{texts.sending(Math.floor(progress * WHOLE_PERCENT))}</span>
          <Action kind="quiet" onPress={onCancel}>
            {strings.common.cancel}
          </Action>
        </div>
      )}
    </div>
  )
}
