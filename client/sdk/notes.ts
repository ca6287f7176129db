import { isArchiveError } from "../../shared/protocol/errors.js"
import type { MeetingId } from "../../shared/protocol/ids.js"
import { type NoteContent, noteValues } from "../../shared/protocol/notes.js"
import { makeEvent } from "../crypto/log-event.js"
import type { MeetingLog } from "../crypto/meeting-log.js"
import { assertStays, type MeetingNote, withNote } from "../crypto/meeting-notes.js"
import { ownAccountId } from "./account.js"
import { fetchChain } from "./chains.js"
import { type Client, selfAsAuthor } from "./client.js"
import { appendEvent, assertIsMember, readMeeting } from "./meetings.js"

const ATTEMPTS = 5

/**
 * States something about a meeting or its recordings in its log, by compare-and-swap.
 * @param noteFor what is to be said, given the newest log; `null` where it was said before.
 * @returns the log by which it was decided.
 * @throws {@link ArchiveError} `not-authorised` for what every reader would find void: that is not sent.
 */
export async function appendNote(
  client: Client,
  meetingId: MeetingId,
  noteFor: (log: MeetingLog) => NoteContent | null | Promise<NoteContent | null>,
): Promise<MeetingLog> {
  for (let attempt = 1; ; attempt++) {
    const log = await readMeeting(client, meetingId)
    assertIsMember(log)
    const content = await noteFor(log)
    if (content === null) return log
    const { random, clock, state } = client
    const self = state.current.secrets.genesisHash
    const note: MeetingNote = { ...content, seq: log.head.seq + 1, authorGenesisHash: self, timeMs: clock.nowMs() }
    assertStays(log.standing, self)
    withNote(log, note, log.current.roster)
    const chain = await fetchChain(client, ownAccountId(client))
    const rawEvent = makeEvent(
      { meetingId, meetingHash: log.meetingHash, seq: note.seq, prev: log.head.hash },
      log.current.keys,
      selfAsAuthor(client, chain.headHash),
      { type: note.type, values: noteValues(note), assets: [], carried: [], epochPart: null },
      { timeMs: note.timeMs, random },
    )
    try {
      await appendEvent(client, log, rawEvent)
      return log
    } catch (error) {
      if (!isArchiveError(error) || error.code !== "conflict" || attempt === ATTEMPTS) throw error
    }
  }
}
