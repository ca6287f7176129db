import { type ReactElement, useEffect, useState } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingId, RecordingId } from "../../../shared/protocol/ids.js"
import { liveCapturesOf } from "../../sdk/live-capture/captures.js"
import { hrefOf } from "../routes.js"
import { useMeeting } from "../signed-in/use-meeting.js"
import { strings } from "../strings.js"
import "../styles/live.css"
import "../styles/watch.css"
import { Action } from "../ui/button.js"
import { Busy } from "../ui/busy.js"
import { Failure } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { LiveWatch } from "./live-watch.js"

/** What is being recorded, watched while that goes on; or the way to what became of it. */
export function Live({
  meetingId,
  recordingId,
}: {
  readonly meetingId: MeetingId
  readonly recordingId: RecordingId
}): ReactElement {
  const { log, error, retry } = useMeeting()
  const [wasOpen, setWasOpen] = useState(false)
  const live = log === null ? null : liveCapturesOf(log).findLast((one) => equalBytes(one.recordingId, recordingId))
  const isOpen = live?.isOpen ?? null
  useEffect(() => {
    if (isOpen === true) setWasOpen(true)
    // Who came by an old link finds what stands in its place; who watches is not taken away from it.
    else if (isOpen === false && !wasOpen)
      location.replace(hrefOf({ screen: "recording", meetingId, recordingId, startMs: null }))
  }, [isOpen, wasOpen])
  const back =
    log === null
      ? { href: hrefOf({ screen: "meetings" }), label: strings.app.meetings }
      : { href: hrefOf({ screen: "meeting", meetingId, tab: "recordings" }), label: log.current.title }
  if (log !== null && live != null && (live.isOpen || wasOpen))
    return <LiveWatch key="open" log={log} live={live} back={back} halt={error} />
  return (
    <Page title={strings.live.title} back={back}>
      {log !== null && live == null ? (
        <Failure error={new ArchiveError("not-found", strings.live.missing)} />
      ) : error === null ? (
        <Busy label={strings.live.opening} />
      ) : (
        <Failure error={error}>
          <Action onPress={retry}>{strings.common.tryAgain}</Action>
        </Failure>
      )}
    </Page>
  )
}
