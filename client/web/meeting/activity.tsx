import type { ReactElement, ReactNode } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import type { MeetingLog, PublishedRecording } from "../../crypto/meeting-log.js"
import { type AccountChange, activityOf, memberAccountChanges, type MeetingChange } from "../../sdk/activity.js"
import { liveCapturesOf } from "../../sdk/live-capture/captures.js"
import type { Notice } from "../../sdk/notices.js"
import { titleOf } from "../../sdk/recordings.js"
import { StepSentence } from "../notices/notice-sentences.js"
import { useMeetingNotices } from "../notices/use-meeting-notices.js"
import { EventMenu } from "../openings/event-menu.js"
import { strings } from "../strings.js"
import { formatDayNumber, formatMoment } from "../ui/format.js"
import type { MeetingPartProps } from "./meeting.js"
import { AccountSentence, Did, MeetingSentence } from "./sentences.js"

const DAY_MS = 86_400_000

interface Happening {
  readonly key: string
  readonly timeMs: number
  readonly when: string
  readonly what: ReactNode
  /** Of the event that says so; `null` where none of the meeting's log does. */
  readonly seq: number | null
}

/** Everything that happened in the meeting, the newest first: nothing of it is silent. */
export function Activity({ log }: MeetingPartProps): ReactElement {
  const { value: notices, error } = useMeetingNotices(log)
  const happenings = [
    ...activityOf(log).map((change, index) => ofMeeting(change, index, log.recordings)),
    ...memberAccountChanges(log).map(ofAccount),
    ...ofCaptures(log),
    ...(notices ?? []).flatMap(ofNotice),
    ...log.recordings.flatMap(ofRecording),
    ...log.voids.map(({ seq, reason }): Happening => ({
      key: `void ${seq}`,
      timeMs: 0,
      when: "",
      what: `${strings.meeting.activity.broken}: ${reason}`,
      // It proves nothing.
      seq: null,
    })),
  ].toSorted((a, b) => b.timeMs - a.timeMs)
  return (
    <>
      <p className="lead">{strings.meeting.activity.lead}</p>
      {error === null ? null : <p className="hint">{strings.notices.notAsked}</p>}
      {happenings.length === 0 ? (
        <p>{strings.meeting.activity.empty}</p>
      ) : (
        <ul className="rows">
          {happenings.map(({ key, when, what, seq }) => (
            <li key={key}>
              <div>{what}</div>
              <span className="happened">
                <span className="faint">{when}</span>
                {seq === null ? null : <EventMenu meetingId={log.meetingId} seq={seq} />}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

function ofMeeting(change: MeetingChange, index: number, recordings: MeetingLog["recordings"]): Happening {
  return {
    key: `change ${change.seq} ${index}`,
    timeMs: change.timeMs,
    when: formatMoment(change.timeMs),
    what: <MeetingSentence change={change} recordings={recordings} />,
    seq: change.seq,
  }
}

function ofNotice(notice: Notice): readonly Happening[] {
  return notice.steps.map((step, index) => ({
    key: `notice ${notice.case.join()} ${index}`,
    timeMs: step.day * DAY_MS,
    when: formatDayNumber(step.day),
    what: (
      <>
        {strings.notices.inActivity} <StepSentence step={step} />
      </>
    ),
    seq: null,
  }))
}

function ofAccount(change: AccountChange): Happening {
  return {
    key: `account ${change.about.join()} ${change.seq}`,
    timeMs: change.day * DAY_MS,
    when: formatDayNumber(change.day),
    what: <AccountSentence change={change} />,
    seq: null,
  }
}

/** What went live, and what was announced and neither went live nor was published. */
function ofCaptures(log: MeetingLog): readonly Happening[] {
  const texts = strings.meeting.activity
  const opened = liveCapturesOf(log)
  const lives = log.lives.map(({ seq, timeMs, authorGenesisHash, rawHeader }): Happening => {
    const title = opened.find((live) => equalBytes(live.rawHeader, rawHeader))?.title ?? null
    const did = title === null ? texts.wentLiveUnreadable : texts.wentLive(title)
    const what = <Did who={authorGenesisHash} did={did} />
    return { key: `live ${seq}`, timeMs, when: formatMoment(timeMs), what, seq }
  })
  const followed = [...log.lives.map(({ recordingId }) => recordingId), ...log.recordings.map(idOf)]
  const announced = log.captures
    .filter(({ recordingId }) => !followed.some((other) => equalBytes(other, recordingId)))
    .map(({ seq, timeMs, authorGenesisHash }): Happening => {
      const what = <Did who={authorGenesisHash} did={texts.announced} />
      return { key: `capture ${seq}`, timeMs, when: formatMoment(timeMs), what, seq }
    })
  return [...lives, ...announced]
}

function idOf({ fields }: PublishedRecording): Uint8Array {
  return fields.recordingId
}

function ofRecording(recording: MeetingLog["recordings"][number]): readonly Happening[] {
  const texts = strings.meeting.activity
  const title = titleOf(recording)
  const added: Happening = {
    key: `recording ${recording.seq}`,
    timeMs: recording.timeMs,
    when: formatMoment(recording.timeMs),
    what: (
      <Did
        who={recording.authorGenesisHash}
        did={title === null ? texts.publishedUnreadable : texts.published(title)}
      />
    ),
    seq: recording.seq,
  }
  const { withdrawal } = recording
  if (withdrawal === null) return [added]
  return [
    added,
    {
      key: `withdrawal ${recording.seq}`,
      timeMs: withdrawal.timeMs,
      when: formatMoment(withdrawal.timeMs),
      what: <Did who={withdrawal.authorGenesisHash} did={texts.withdrawn} />,
      seq: withdrawal.seq,
    },
  ]
}
