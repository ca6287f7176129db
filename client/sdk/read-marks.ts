import { equalBytes } from "../../shared/protocol/bytes.js"
import { type ChatPlace, compareChatPlaces, furthestMarks, type ReadMark } from "../../shared/protocol/read-marks.js"
import type { Client } from "./client.js"
import { type ChatState, type ClientState, type MeetingState, NOTHING_UNREAD, NOTHING_UNSEEN } from "./state.js"

/** Up to where this account looked, as a device keeps it: what its keyring says, and what its person looked at here since. SPEC.md §5.4. */

/** The state of a device whose person looked at a meeting; the same where that is known. */
export function withLook(state: ClientState, look: ReadMark): ClientState {
  if (look.events === 0 && compareChatPlaces(look.chat, NOWHERE) === 0) return state
  const known = furthestMarks([...state.readMarks, ...state.looks])
  return isCovered(known, look) ? state : { ...state, looks: [...furthestMarks([...state.looks, look])] }
}

/** What the keyring says of a meeting. */
export function readMarkOf(state: ClientState, meetingHash: Uint8Array): ReadMark | null {
  return markOf(state.readMarks, meetingHash)
}

/**
 * The state of a device that read these marks in its keyring; the same where it knew them. What it read is new no more where all of that stands before its
 * mark.
 */
export function withReadMarks(state: ClientState, marks: readonly ReadMark[]): ClientState {
  if (marks.every((mark) => isCovered(state.readMarks, mark))) return state
  const readMarks = [...furthestMarks([...state.readMarks, ...marks])]
  return {
    ...state,
    readMarks,
    looks: state.looks.filter((look) => !isCovered(readMarks, look)),
    meetings: state.meetings.map((meeting) => {
      const mark = markOf(readMarks, meeting.meetingHash)
      const isWhole = mark !== null && mark.events > meeting.head.seq && isFurtherInLog(mark, meeting)
      return isWhole ? { ...meeting, lookedAtSeq: mark.events - 1, unseen: { ...NOTHING_UNSEEN } } : meeting
    }),
    chats: state.chats.map((chat) => {
      const mark = markOf(readMarks, chat.meetingHash)
      const isWhole =
        mark !== null &&
        chat.pin !== null &&
        compareChatPlaces(mark.chat, chat.pin) > 0 &&
        isFurtherInChat(mark, chat.readUntil)
      return isWhole ? { ...chat, readUntil: { ...mark.chat }, unread: { ...NOTHING_UNREAD } } : chat
    }),
  }
}

/** Whether these marks say all of it. */
export function isCovered(marks: readonly ReadMark[], look: ReadMark): boolean {
  const mark = markOf(marks, look.meetingHash)
  return mark !== null && mark.events >= look.events && compareChatPlaces(mark.chat, look.chat) >= 0
}

function markOf(marks: readonly ReadMark[], meetingHash: Uint8Array): ReadMark | null {
  return marks.find((mark) => equalBytes(mark.meetingHash, meetingHash)) ?? null
}

/** Whether more of a log was looked at than this device knows. */
export function isFurtherInLog({ events }: ReadMark, { lookedAtSeq }: Pick<MeetingState, "lookedAtSeq">): boolean {
  return events > (lookedAtSeq ?? -1) + 1
}

/** Whether more of a chat was looked at than this device knows. A mark at the very beginning says nothing. */
export function isFurtherInChat({ chat }: ReadMark, readUntil: ChatState["readUntil"]): boolean {
  return compareChatPlaces(chat, readUntil ?? NOWHERE) > 0
}

const NOWHERE: ChatPlace = { incarnation: 0, seq: 0 }

/** Durably; nothing is written where nothing changes, as at most messages that come while they are looked at. */
export async function changeState({ state }: Client, by: (state: ClientState) => ClientState): Promise<void> {
  if (by(state.current) !== state.current) await state.update(by)
}
