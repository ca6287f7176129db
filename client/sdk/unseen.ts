import { equalBytes } from "../../shared/protocol/bytes.js"
import { EventsResponse } from "../../shared/protocol/http.js"
import { idOfHash } from "../../shared/protocol/ids.js"
import type { MeetingLog } from "../crypto/meeting-log.js"
import { activityOf } from "./activity.js"
import type { Client } from "./client.js"
import { accessCapability } from "./meeting-events.js"
import { changeState, isFurtherInLog, readMarkOf, withLook } from "./read-marks.js"
import { type ClientState, type MeetingState, NOTHING_UNSEEN, type Unseen } from "./state.js"

/** What is new in a meeting for this account, as this device counts it. What was looked at on another one is not (`read-marks.ts`). */

/** Counts what others did behind the event that was looked at last. */
function unseenIn(log: MeetingLog, lookedAtSeq: number, self: Uint8Array): Unseen {
  const isNews = (seq: number, by: Uint8Array): boolean => seq > lookedAtSeq && !equalBytes(by, self)
  const changes = activityOf(log).filter(({ seq, by }) => isNews(seq, by))
  const members = changes.filter(({ kind }) => kind === "joined").length
  return {
    recordings: log.recordings.filter(
      ({ seq, authorGenesisHash, withdrawal }) => withdrawal === null && isNews(seq, authorGenesisHash),
    ).length,
    members,
    changes: changes.length - members,
    questions: log.captures.filter(
      ({ seq, authorGenesisHash, headerHash, recordingId }) =>
        isNews(seq, authorGenesisHash) &&
        !log.recordings.some(({ fields }) => equalBytes(fields.recordingId, recordingId)) &&
        !log.answers.some(
          (answer) => equalBytes(answer.headerHash, headerHash) && equalBytes(answer.authorGenesisHash, self),
        ),
    ).length,
  }
}

/** Keeps what is new in a log that was just verified. What is there when a meeting is first read here is not new, but behind what was looked at elsewhere. */
export async function rememberUnseen(client: Client, log: MeetingLog): Promise<void> {
  await changeState(client, (state) => {
    const mark = readMarkOf(state, log.meetingHash)
    return withUnseen(state, log, (meeting) => {
      const isFurther = mark !== null && isFurtherInLog(mark, meeting)
      const since = isFurther ? mark.events - 1 : (meeting.lookedAtSeq ?? log.head.seq)
      return { lookedAtSeq: since, unseen: unseenIn(log, since, state.secrets.genesisHash) }
    })
  })
}

/** Its person looks at the meeting as it stands: nothing in it is new any more, here at once and elsewhere once that is shared. */
export async function lookAtMeeting(client: Client, { head, meetingHash }: MeetingLog): Promise<void> {
  await changeState(client, (state) => {
    const looked = withUnseen(state, { head, meetingHash }, () => ({
      lookedAtSeq: head.seq,
      unseen: { ...NOTHING_UNSEEN },
    }))
    return withLook(looked, { meetingHash, events: head.seq + 1, chat: { incarnation: 0, seq: 0 } })
  })
}

/** The same state where nothing changes, or more than this log was looked at. */
function withUnseen(
  state: ClientState,
  { head, meetingHash }: Pick<MeetingLog, "head" | "meetingHash">,
  count: (meeting: MeetingState) => Pick<MeetingState, "lookedAtSeq" | "unseen">,
): ClientState {
  const before = state.meetings.find((meeting) => equalBytes(meeting.meetingHash, meetingHash))
  if (before === undefined || before.head.seq > head.seq || (before.lookedAtSeq ?? -1) > head.seq) return state
  const { lookedAtSeq, unseen } = count(before)
  if (lookedAtSeq === before.lookedAtSeq && isEqual(unseen, before.unseen)) return state
  const after = { ...before, lookedAtSeq, unseen }
  return { ...state, meetings: state.meetings.map((meeting) => (meeting === before ? after : meeting)) }
}

function isEqual(a: Unseen, b: Unseen): boolean {
  return (
    a.recordings === b.recordings && a.members === b.members && a.changes === b.changes && a.questions === b.questions
  )
}

/** Whether it must be read before what is new in it can be told: it never was, or more of it was looked at on another device. */
export function isCountedAnew(state: ClientState, meeting: MeetingState): boolean {
  const mark = readMarkOf(state, meeting.meetingHash)
  return meeting.seen?.epoch == null || (mark !== null && isFurtherInLog(mark, meeting))
}

/** Whether the server has events behind what this device has seen: one small request, and nothing of the answer is taken for true. */
export async function hasNewEvents(
  client: Client,
  { meetingHash, known, head }: Pick<MeetingState, "meetingHash" | "known" | "head">,
): Promise<boolean> {
  const newest = known.toSorted((a, b) => b.epoch - a.epoch)[0]
  if (newest === undefined) return false
  const capability = accessCapability(idOfHash("meeting", meetingHash), newest.secret, newest.epoch)
  return await client.tokens.with(client.http, capability, async (token, subject) => {
    const path = `/v1/meetings/${subject}/events?from=${head.seq + 1}`
    const { events } = await client.http.json(EventsResponse, { path, subject, token })
    return events.length > 0
  })
}
