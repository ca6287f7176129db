import { type ReactElement, startTransition, useState } from "react"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import "../styles/uploads.css"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { ChooseFiles } from "../ui/choose-files.js"
import { type GivenFile, givenFiles } from "./dropped-files.js"
import { GivenSheet } from "./given-sheet.js"

/** Chooses files, or a folder of them, for a meeting. */
export function UploadButton({ meetingId }: { readonly meetingId: MeetingId }): ReactElement {
  const [given, setGiven] = useState<readonly GivenFile[] | null>(null)
  const choose = (files: readonly File[]): void => {
    // The sheet is laid out in portions: the page does not stand still for it.
    startTransition(() => {
      setGiven(givenFiles(files))
    })
  }
  return (
    <div className="actions">
      <ChooseFiles onChoose={choose}>
        <Action kind="primary">{strings.uploads.upload}</Action>
      </ChooseFiles>
      <ChooseFiles isFolder onChoose={choose}>
        <Action>{strings.uploads.uploadFolder}</Action>
      </ChooseFiles>
      {given === null ? null : (
        <GivenSheet
          meetingId={meetingId}
          given={given}
          onClose={() => {
            setGiven(null)
          }}
        />
      )}
    </div>
  )
}
