import { type ReactElement, useState } from "react"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import "../styles/uploads.css"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { ChooseFiles } from "../ui/choose-files.js"
import { ChosenSheet } from "./chosen-sheet.js"

/** Chooses files, or a folder of them, for a meeting. */
export function UploadButton({ meetingId }: { readonly meetingId: MeetingId }): ReactElement {
  const [files, setFiles] = useState<readonly File[] | null>(null)
  return (
    <div className="actions">
      <ChooseFiles onChoose={setFiles}>
        <Action kind="primary">{strings.uploads.upload}</Action>
      </ChooseFiles>
      <ChooseFiles isFolder onChoose={setFiles}>
        <Action>{strings.uploads.uploadFolder}</Action>
      </ChooseFiles>
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
