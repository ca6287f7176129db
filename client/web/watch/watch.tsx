import type { ReactElement, ReactNode } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { RecordingId } from "../../../shared/protocol/ids.js"
import type { MeetingLog, PublishedRecording } from "../../crypto/meeting-log.js"
import { type LiveCapture, liveCapturesOf } from "../../sdk/live-capture/captures.js"
import { openRecordingOf, titleOf } from "../../sdk/recordings.js"
import { hrefOf } from "../routes.js"
import { isTakenOut, NoMember } from "../meeting/no-member.js"
import { useClient } from "../signed-in/client-context.js"
import { PersonName } from "../signed-in/person-name.js"
import { useMeeting } from "../signed-in/use-meeting.js"
import { strings } from "../strings.js"
import "../styles/watch.css"
import { Action } from "../ui/button.js"
import { Busy } from "../ui/busy.js"
import { formatDay } from "../ui/format.js"
import { Failure, Notice } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { WatchRecording } from "./watch-recording.js"

/** A recording, watched; or why it can't be. */
export function Watch({
  recordingId,
  startMs,
  actions,
}: {
  readonly recordingId: RecordingId
  /** Where it begins. */
  readonly startMs: number | null
  /** What else can be done with it. */
  readonly actions?: ReactNode
}): ReactElement {
  const client = useClient()
  const { log, error, retry } = useMeeting()
  if (log === null)
    return (
      <Page title={strings.watch.title} back={{ href: hrefOf({ screen: "meetings" }), label: strings.app.meetings }}>
        {error === null ? (
          <Busy label={strings.watch.opening} />
        ) : isTakenOut(error) ? (
          <NoMember onRetry={retry} />
        ) : (
          <Failure error={error}>
            <Action onPress={retry}>{strings.common.tryAgain}</Action>
          </Failure>
        )}
      </Page>
    )
  const live = liveCapturesOf(log).find((one) => one.isOpen && equalBytes(one.recordingId, recordingId))
  const published = log.recordings.find(({ fields }) => equalBytes(fields.recordingId, recordingId))
  if (published?.opened == null || published.withdrawal !== null || log.standing.deletion !== null)
    return <NotThere log={log} published={published ?? null} live={live ?? null} />
  return (
    <WatchRecording
      key="open"
      recording={openRecordingOf(client, log, published)}
      startMs={startMs}
      actions={actions}
    />
  )
}

/** Why nothing is shown, and who did it where somebody did. */
function NotThere({
  log,
  published,
  live,
}: {
  readonly log: MeetingLog
  readonly published: PublishedRecording | null
  /** Where it is still being recorded, or made ready. */
  readonly live: LiveCapture | null
}): ReactElement {
  const texts = strings.watch.notThere
  const back = {
    href: hrefOf({ screen: "meeting", meetingId: log.meetingId, tab: "recordings" }),
    label: log.current.title,
  }
  const title = published === null ? (live?.title ?? null) : titleOf(published)
  const deletion = published?.withdrawal ?? log.standing.deletion
  return (
    <Page key="closed" title={title ?? strings.watch.title} back={back}>
      {deletion !== null && published !== null ? (
        <Notice title={texts.deleted}>
          <p>
            <PersonName genesisHash={deletion.authorGenesisHash} /> · {formatDay(deletion.timeMs)}
          </p>
          <p>{texts.deletedLead}</p>
        </Notice>
      ) : live !== null ? (
        <Notice title={texts.live}>
          <p>{texts.liveLead}</p>
          <p>
            <a
              className="action action-primary"
              href={hrefOf({ screen: "live", meetingId: log.meetingId, recordingId: live.recordingId })}
            >
              {texts.toLive}
            </a>
          </p>
        </Notice>
      ) : published === null && log.hasGaps ? (
        <Notice kind="warning" title={texts.perhapsEarlier}>
          <p>{texts.perhapsEarlierLead}</p>
        </Notice>
      ) : published === null ? (
        <Failure error={new ArchiveError("not-found", texts.missing)} />
      ) : (
        <Notice kind="warning" title={texts.earlier}>
          <p>{texts.earlierLead}</p>
        </Notice>
      )}
    </Page>
  )
}
