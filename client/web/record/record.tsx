import { type ReactElement, useEffect } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import { isTakenOut, NoMember } from "../meeting/no-member.js"
import { HereNow } from "../presence/here-now.js"
import { hrefOf } from "../routes.js"
import { useMeeting } from "../signed-in/use-meeting.js"
import { strings } from "../strings.js"
import "../styles/record.css"
import { Action } from "../ui/button.js"
import { Busy } from "../ui/busy.js"
import { Failure, Notice } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { CaptureList } from "./capture-list.js"
import { Ended } from "./ended.js"
import { useRecordingManager, useRecordings } from "./recordings-context.js"
import { Running } from "./running.js"
import { SetUp } from "./set-up.js"

const texts = strings.record

/** The recorder of a meeting: what is chosen, what is recorded, and what becomes of it. */
export function Record({ meetingId }: { readonly meetingId: MeetingId }): ReactElement {
  const { log, error, retry } = useMeeting()
  const manager = useRecordingManager()
  const { running, ended } = useRecordings()
  const epoch = log?.newestEpochSeen
  useEffect(() => {
    // Sooner than the recorder looks by itself.
    manager.look(meetingId)
  }, [manager, epoch])
  const back = { href: hrefOf({ screen: "meeting", meetingId, tab: "recordings" }), label: texts.back }
  const isHere = running !== null && equalBytes(running.meetingId, meetingId)
  const isOut = isTakenOut(error)
  if (log === null && !isHere && !isOut)
    return (
      <Page title={texts.title} back={back}>
        {error === null ? (
          <Busy label={strings.meeting.opening} />
        ) : (
          <Failure error={error}>
            <Action onPress={retry}>{strings.common.tryAgain}</Action>
          </Failure>
        )}
      </Page>
    )
  const title = log?.current.title ?? ""
  return (
    <Page key="open" title={texts.title} back={back} lead={isHere || isOut ? undefined : texts.lead(title)} isWide>
      {log === null || isOut ? null : <HereNow />}
      {ended !== null && equalBytes(ended.meetingId, meetingId) ? <Ended ended={ended} /> : null}
      <CaptureList meetingId={meetingId} />
      {isHere ? (
        <Running running={running} log={log} />
      ) : isOut ? (
        <NoMember onRetry={retry} />
      ) : running !== null ? (
        <Notice kind="warning" title={texts.otherMeeting}>
          <p>{texts.otherMeetingLead}</p>
          <a href={hrefOf({ screen: "record", meetingId: running.meetingId })}>{texts.toRecorder}</a>
        </Notice>
      ) : log === null ? null : (
        <SetUp log={log} />
      )}
    </Page>
  )
}
