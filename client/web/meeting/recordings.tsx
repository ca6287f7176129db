import type { ReactElement } from "react"
import { formatDay, formatDayNumber, formatDuration } from "../ui/format.js"
import { readStoredRecordings, type StoredRecording } from "../../sdk/keeping.js"
import { liveCapturesOf } from "../../sdk/live-capture/captures.js"
import { titleOf } from "../../sdk/recordings.js"
import { hrefOf } from "../routes.js"
import { useClient } from "../signed-in/client-context.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import { Busy } from "../ui/busy.js"
import { Empty } from "../ui/empty.js"
import { Failure } from "../ui/notice.js"
import { useLoaded } from "../ui/use-loaded.js"
import type { MeetingPartProps } from "./meeting.js"
import { Poster } from "./poster.js"
import { RecordingMenu } from "./recording-menu.js"

/** A meeting's recordings, the newest first, each with what became of it. */
export function Recordings({ log }: MeetingPartProps): ReactElement | null {
  const client = useClient()
  const stored = useLoaded(async () => await readStoredRecordings(client, log), [client, log.head.seq])
  if (stored.state === "failed") return <Failure error={stored.error} />
  if (stored.value === null) return <Busy label={strings.common.loading} />
  if (stored.value.length === 0)
    return liveCapturesOf(log).some(({ isOpen }) => isOpen) ? null : (
      <Empty title={strings.meeting.recordings.emptyTitle}>
        <p>{strings.meeting.recordings.empty}</p>
      </Empty>
    )
  return (
    <ul className="recordings">
      {stored.value.toReversed().map((item) => (
        <li key={item.recording.fields.recordingId.join()}>
          <RecordingCard log={log} stored={item} />
        </li>
      ))}
    </ul>
  )
}

function RecordingCard({ log, stored }: MeetingPartProps & { readonly stored: StoredRecording }): ReactElement {
  const { recording, fate, purgeDay } = stored
  const { recordingId } = recording.fields
  const title = titleOf(recording)
  const details = recording.opened?.details ?? null
  const state = strings.meeting.recordings.states[fate]
  const facts = (
    <>
      <div className="faint">
        {formatDay(details?.capturedAtMs ?? recording.timeMs)}
        {details?.durationMs == null ? null : ` · ${formatDuration(details.durationMs)}`}
        {fate === "kept" ? ` · ${state}` : null}
        {recording.opened?.assets.some(({ role }) => role === "import") === true
          ? ` · ${strings.meeting.recordings.imported}`
          : null}
      </div>
      <div className="faint">
        <PersonName genesisHash={recording.authorGenesisHash} />
      </div>
      {fate === "kept" ? null : <div className="recording-state">{state}</div>}
      {purgeDay === null ? null : (
        <div className="faint">{strings.meeting.recordings.purge(formatDayNumber(purgeDay))}</div>
      )}
    </>
  )
  return (
    <article className="recording">
      <Poster recording={recording} log={log} isKept={fate === "kept"} />
      <div className="recording-facts">
        {title === null ? (
          <h2>{strings.meeting.recordings.unreadable}</h2>
        ) : (
          <h2>
            {fate === "kept" ? (
              <a href={hrefOf({ screen: "recording", meetingId: log.meetingId, recordingId, startMs: null })}>
                {title}
              </a>
            ) : (
              title
            )}
          </h2>
        )}
        {facts}
        <div className="recording-menu">
          <RecordingMenu log={log} recording={recording} />
        </div>
      </div>
    </article>
  )
}
