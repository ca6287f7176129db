import { type ReactElement, useState } from "react"
import type { MeetingId, RecordingId } from "../../../shared/protocol/ids.js"
import { hrefOf } from "../routes.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { formatDuration } from "../ui/format.js"

/** Copies a link to the moment that is shown. It opens for the meeting's members alone. */
export function CopyLink({
  meetingId,
  recordingId,
  atMs,
}: {
  readonly meetingId: MeetingId
  readonly recordingId: RecordingId
  readonly atMs: () => number
}): ReactElement {
  const [said, setSaid] = useState("")
  return (
    <>
      <Action
        onPress={() => {
          const startMs = atMs()
          const link = new URL(hrefOf({ screen: "recording", meetingId, recordingId, startMs }), location.href)
          navigator.clipboard.writeText(link.href).then(
            () => {
              setSaid(strings.watch.link.copied(formatDuration(startMs)))
            },
            () => {
              setSaid(strings.watch.link.refused)
            },
          )
        }}
      >
        {strings.watch.link.copy}
      </Action>
      <span role="status" className="faint copy-link-said">
        {said}
      </span>
    </>
  )
}
