import { type ReactElement, useState } from "react"
import { FileTrigger } from "react-aria-components"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import "../styles/uploads.css"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { ChosenSheet } from "./chosen-sheet.js"

/** Chooses files, or a folder of them, for a meeting. */
export function UploadButton({ meetingId }: { readonly meetingId: MeetingId }): ReactElement {
  const [files, setFiles] = useState<readonly File[] | null>(null)
  const choose = (list: FileList | null): void => {
    if (list !== null && list.length > 0) setFiles([...list])
  }
  return (
    <div className="actions">
      <FileTrigger allowsMultiple onSelect={choose}>
        <Action kind="primary">{strings.uploads.upload}</Action>
      </FileTrigger>
      <FileTrigger acceptDirectory onSelect={choose}>
        <Action>{strings.uploads.uploadFolder}</Action>
      </FileTrigger>
      {files === null ? null : (
        <ChosenSheet
          meetingId={meetingId}
          files={files}
          onClose={() => {
            setFiles(null)
          }}
        />
      )}
    </div>
  )
}
