import type { ReactElement } from "react"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { isTakenOut } from "../meeting/no-member.js"
import { errorTexts, strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Notice } from "../ui/notice.js"
import type { EndedRecording } from "./recorder.js"
import { useRecordingManager } from "./recordings-context.js"

/** Why a recording ended that nobody ended here; nothing where somebody did. What becomes of it its own row says. */
export function Ended({ ended: { why, failure } }: { readonly ended: EndedRecording }): ReactElement | null {
  const manager = useRecordingManager()
  if (why === "asked") return null
  const { what, lead } = strings.record.ended[isTakenOut(failure) ? "removed" : why]
  const cause = failure === null || isTakenOut(failure) ? null : causeOf(failure)
  return (
    <Notice kind={why === "screen" ? "info" : "warning"} title={what}>
      {cause === null ? null : <p>{cause}</p>}
      <p>{lead}</p>
      <Action
        kind="quiet"
        onPress={() => {
          manager.forgetEnd()
        }}
      >
        {strings.record.captures.dismiss}
      </Action>
    </Notice>
  )
}

function causeOf(failure: unknown): string {
  const { what, todo } = errorTexts[isArchiveError(failure) ? failure.code : "internal"]
  return `${what} ${todo}`
}
