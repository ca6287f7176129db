import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { includesHash } from "../../shared/protocol/hash.js"
import { adminsOf, isAdmin, memberOf, type RosterEntry } from "../../shared/protocol/roster.js"
import type { Statement } from "../../shared/protocol/statement.js"

/** Statements about the meeting itself, beside who is in it. SPEC.md §7.3. */
export const NOTE_TYPES = ["leave", "renewal", "expiry"] as const
export type NoteType = (typeof NOTE_TYPES)[number]

/** A note that was found valid. */
export interface MeetingNote {
  readonly seq: number
  readonly type: NoteType
  readonly authorGenesisHash: Uint8Array
  readonly timeMs: number
}

/** What notes and epochs together say of a meeting. */
export interface MeetingStanding {
  /** Members of the roster in force who said that they leave. */
  readonly left: readonly Uint8Array[]
  /** When an admin last vouched for the roster in force, by the admin's own clock. */
  readonly renewedAtMs: number
  /** Since when nothing more is to be sealed; `null` while the meeting goes on. */
  readonly expiry: MeetingNote | null
}

export const NEW_STANDING: MeetingStanding = { left: [], renewedAtMs: 0, expiry: null }

export function noteType(type: string): NoteType | null {
  return NOTE_TYPES.find((known) => known === type) ?? null
}

/** @throws {@link ArchiveError} `not-authorised` for a note that its author may not make. SPEC.md §7.3. */
export function withNote(
  standing: MeetingStanding,
  note: MeetingNote,
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
  if (!isAdmin(roster, author))
    throw new ArchiveError("not-authorised", "a renewal or an expiry by someone who is no admin")
  return note.type === "expiry"
    ? { ...standing, expiry: note }
    : { ...standing, renewedAtMs: Math.max(standing.renewedAtMs, note.timeMs), expiry: null }
}

/** An epoch by an admin renews, and whomever it names is a member again; a rekey does neither. */
export function withEpoch(
  standing: MeetingStanding,
  statement: Statement,
  roster: readonly RosterEntry[],
  byAdmin: boolean,
): MeetingStanding {
  return byAdmin
    ? { left: [], renewedAtMs: Math.max(standing.renewedAtMs, statement.timeMs), expiry: null }
    : { ...standing, left: standing.left.filter((genesisHash) => memberOf(roster, genesisHash) !== undefined) }
}

/** @throws {@link ArchiveError} `not-authorised` for whoever left, and was not admitted again since. */
export function assertStays(standing: MeetingStanding, author: Uint8Array): void {
  if (includesHash(standing.left, author))
    throw new ArchiveError("not-authorised", "a statement by someone who left the meeting")
}
