import type { ReactElement } from "react"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Failure, Notice } from "../ui/notice.js"
import type { EndedRecording } from "./recorder.js"
import { useRecordingManager } from "./recordings-context.js"

/** Why a recording ended that nobody ended here; nothing where somebody did. */
export function Ended({ ended: { why, failure } }: { readonly ended: EndedRecording }): ReactElement | null {
  const manager = useRecordingManager()
  if (why === "asked") return null
  const { what, lead } = strings.record.ended[why]
  return (
    <Notice kind={why === "screen" ? "info" : "warning"} title={what}>
      <p>{lead}</p>
      <Failure error={failure} />
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
