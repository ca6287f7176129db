import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { includesHash } from "../../shared/protocol/hash.js"
import { adminsOf, isAdmin, memberOf, type RosterEntry } from "../../shared/protocol/roster.js"
import type { NoteContent, NoteType } from "../../shared/protocol/notes.js"
import type { Statement } from "../../shared/protocol/statement.js"
import { type ConsentNote, type ConsentState, isConsentNote, withConsentNote } from "./consent.js"
import type { PublishedRecording } from "./meeting-log.js"

/** Statements about the meeting itself and its recordings, beside who is in it. SPEC.md §7.3 to §7.5. */

/** A note that was found valid. */
export type MeetingNote = NoteContent & {
  readonly seq: number
  readonly authorGenesisHash: Uint8Array
  readonly timeMs: number
}
export type NoteOf<Type extends NoteType> = Extract<MeetingNote, { readonly type: Type }>

/** What notes and epochs together say of a meeting. */
export interface MeetingStanding {
  /** Members of the roster in force who said that they leave. */
  readonly left: readonly Uint8Array[]
  /** When an admin last vouched for the roster in force, by the admin's own clock. */
  readonly renewedAtMs: number
  /** Since when nothing more is to be sealed; `null` while the meeting goes on. */
  readonly expiry: MeetingNote | null
  /** How long an admin said that the meeting keeps what it stores; `null` where none did. */
  readonly retention: NoteOf<"retention"> | null
  /** Who deleted the meeting; nothing takes it back. */
  readonly deletion: MeetingNote | null
}

const NEW_STANDING: MeetingStanding = {
  left: [],
  renewedAtMs: 0,
  expiry: null,
  retention: null,
  deletion: null,
}

/** What a note changes: the meeting's standing, its recordings, or who agreed to be recorded. */
export interface NotedState extends ConsentState {
  /** What went live, in order. */
  readonly lives: readonly NoteOf<"live">[]
  readonly standing: MeetingStanding
}

export const NOTHING_NOTED: NotedState = {
  standing: NEW_STANDING,
  recordings: [],
  captures: [],
  answers: [],
  lives: [],
  hasGaps: false,
}

/** @throws {@link ArchiveError} `not-authorised` for a note that its author may not make; `replayed`. SPEC.md §7.3 to §7.5. */
export function withNote(state: NotedState, note: MeetingNote, roster: readonly RosterEntry[]): NotedState {
  if (note.type === "withdrawal" || note.type === "recording-title")
    return { ...state, recordings: withRecordingNote(state.recordings, note, roster) }
  // It says what its author did, and changes nothing.
  if (note.type === "opening") return state
  if (note.type === "live") return { ...state, lives: [...state.lives, checkedLive(state, note)] }
  if (isConsentNote(note)) return { ...state, ...withConsentNote(state, note) }
  return { ...state, standing: withStandingNote(state.standing, note, roster) }
}

/** @throws {@link ArchiveError} `replayed` for an asset that went live before; `not-authorised` without its author's own announcement. LV2. */
function checkedLive(state: NotedState, live: NoteOf<"live">): NoteOf<"live"> {
  if (state.lives.some(({ rawHeader }) => equalBytes(rawHeader, live.rawHeader)))
    throw new ArchiveError("replayed", "an asset that went live before")
  const isAnnounced = state.captures.some(
    ({ recordingId, authorGenesisHash }) =>
      equalBytes(recordingId, live.recordingId) && equalBytes(authorGenesisHash, live.authorGenesisHash),
  )
  if (!isAnnounced && !state.hasGaps)
    throw new ArchiveError("not-authorised", "what goes live was not announced by its author")
  return live
}

function withStandingNote(
  standing: MeetingStanding,
  note: Exclude<MeetingNote, NoteOf<"withdrawal" | "recording-title" | "live" | "opening"> | ConsentNote>,
  roster: readonly RosterEntry[],
): MeetingStanding {
  const author = note.authorGenesisHash
  if (note.type === "leave") {
    const staying = adminsOf(roster).filter(
      (admin) => !equalBytes(admin, author) && !includesHash(standing.left, admin),
    )
    if (staying.length === 0) throw new ArchiveError("not-authorised", "the only admin of a meeting can't leave it")
    return { ...standing, left: [...standing.left, author] }
  }
  if (!isAdmin(roster, author)) throw new ArchiveError("not-authorised", `a ${note.type} by someone who is no admin`)
  switch (note.type) {
    case "renewal":
      return { ...standing, renewedAtMs: Math.max(standing.renewedAtMs, note.timeMs), expiry: null }
    case "expiry":
      return { ...standing, expiry: note }
    case "retention":
      return { ...standing, retention: note }
    case "deletion":
      return { ...standing, deletion: standing.deletion ?? note }
  }
}

/** A recording that was begun or published where this reader can't see it has no entry, and none is changed. */
function withRecordingNote(
  recordings: readonly PublishedRecording[],
  note: NoteOf<"withdrawal" | "recording-title">,
  roster: readonly RosterEntry[],
): readonly PublishedRecording[] {
  return recordings.map((recording) => {
    if (!equalBytes(recording.fields.recordingId, note.recordingId)) return recording
    const author = note.authorGenesisHash
    if (!equalBytes(recording.authorGenesisHash, author) && !isAdmin(roster, author))
      throw new ArchiveError(
        "not-authorised",
        `a ${note.type} by someone who is neither the recording's author nor an admin`,
      )
    return note.type === "withdrawal"
      ? { ...recording, withdrawal: recording.withdrawal ?? note }
      : { ...recording, renamed: note }
  })
}

/** An epoch by an admin renews, and whomever it names is a member again; a rekey does neither. */
export function withEpoch(
  standing: MeetingStanding,
  statement: Statement,
  roster: readonly RosterEntry[],
  byAdmin: boolean,
): MeetingStanding {
  return byAdmin
    ? { ...standing, left: [], renewedAtMs: Math.max(standing.renewedAtMs, statement.timeMs), expiry: null }
    : { ...standing, left: standing.left.filter((genesisHash) => memberOf(roster, genesisHash) !== undefined) }
}

/** @throws {@link ArchiveError} `not-authorised` for whoever left, and was not admitted again since. */
export function assertStays(standing: MeetingStanding, author: Uint8Array): void {
  if (includesHash(standing.left, author))
    throw new ArchiveError("not-authorised", "a statement by someone who left the meeting")
}
