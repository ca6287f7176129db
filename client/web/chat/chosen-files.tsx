import type { ReactElement, ReactNode } from "react"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { formatBytes } from "../ui/format.js"
import { beginningOf } from "./beginning.js"

const texts = strings.chat.files
const WHOLE_PERCENT = 100

/** What will go along with a message. */
export function ChosenFiles({
  files,
  onRemove,
}: {
  readonly files: readonly File[]
  readonly onRemove: (file: File) => void
}): ReactElement | null {
  if (files.length === 0) return null
  return (
    <div className="chosen-files">
      <Listed
        files={files}
        action={(file) => (
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
      />
    </div>
  )
}

/** A message whose files are on their way, and how far they are: it goes once they are there. */
export function GoingFiles({
  text,
  files,
  progress,
  onCancel,
}: {
  readonly text: string
  readonly files: readonly File[]
  /** 0 to 1, of all of them together; `null` while none is sent. */
  readonly progress: number | null
  readonly onCancel: () => void
}): ReactElement | null {
  if (files.length === 0) return null
  return (
    <div className="chosen-files">
      {text === "" ? null : <p dir="auto">{beginningOf(text)}</p>}
      <Listed files={files} action={() => null} />
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

function Listed({
  files,
  action,
}: {
  readonly files: readonly File[]
  readonly action: (file: File) => ReactNode
}): ReactElement {
  return (
    <ul className="message-files">
      {files.map((file, index) => (
        <li key={`${index} ${file.name}`}>
          <span className="message-file">
            <bdi>{file.name}</bdi> <span className="faint">{formatBytes(file.size)}</span>
          </span>
          {action(file)}
        </li>
      ))}
    </ul>
  )
}
