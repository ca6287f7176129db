import { equalBytes } from "../../shared/protocol/bytes.js"
import { EventsResponse } from "../../shared/protocol/http.js"
import { idOfHash } from "../../shared/protocol/ids.js"
import type { MeetingLog } from "../crypto/meeting-log.js"
import { activityOf } from "./activity.js"
import type { Client } from "./client.js"
import { accessCapability } from "./meeting-events.js"
import { type MeetingState, NOTHING_UNSEEN, type Unseen } from "./state.js"

/** What is new in a meeting for this account on this device. Kept in its state alone: a server that saw each glance would see who is in which meeting. */

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

/** Keeps what is new in a log that was just verified. What is there when a meeting is first read here is not new. */
export async function rememberUnseen(client: Client, log: MeetingLog): Promise<void> {
  const self = client.state.current.secrets.genesisHash
  await update(client, log, ({ lookedAtSeq }) => {
    const since = lookedAtSeq ?? log.head.seq
    return { lookedAtSeq: since, unseen: unseenIn(log, since, self) }
  })
}

/** Its person looks at the meeting as it stands: nothing in it is new any more. */
export async function lookAtMeeting(client: Client, log: MeetingLog): Promise<void> {
  await update(client, log, () => ({ lookedAtSeq: log.head.seq, unseen: { ...NOTHING_UNSEEN } }))
}

async function update(
  client: Client,
  log: MeetingLog,
  change: (meeting: MeetingState) => Pick<MeetingState, "lookedAtSeq" | "unseen">,
): Promise<void> {
  const changed = (meeting: MeetingState): MeetingState | null => {
    const isOlder = meeting.head.seq > log.head.seq || (meeting.lookedAtSeq ?? -1) > log.head.seq
    if (isOlder || !equalBytes(meeting.meetingHash, log.meetingHash)) return null
    const { lookedAtSeq, unseen } = change(meeting)
    const isSame = lookedAtSeq === meeting.lookedAtSeq && isEqual(unseen, meeting.unseen)
    return isSame ? null : { ...meeting, lookedAtSeq, unseen }
  }
  if (client.state.current.meetings.every((meeting) => changed(meeting) === null)) return
  await client.state.update((state) => ({
    ...state,
    meetings: state.meetings.map((meeting) => changed(meeting) ?? meeting),
  }))
}

function isEqual(a: Unseen, b: Unseen): boolean {
  return (
    a.recordings === b.recordings && a.members === b.members && a.changes === b.changes && a.questions === b.questions
  )
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
