import { assetHeaderHash } from "../../shared/protocol/asset-header.js"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { ZERO_HASH } from "../../shared/protocol/hash.js"
import type { RecordingId } from "../../shared/protocol/ids.js"
import type { PublishedRecording } from "./meeting-log.js"
import type { MeetingNote, NoteOf } from "./meeting-notes.js"

/** Captures that were announced, and what members answered to them and to recordings. SPEC.md §7.5. */

export type Capture = NoteOf<"capture">
export type Answer = NoteOf<"consent" | "consent-withdrawal">
export type ConsentNote = Capture | Answer

/** What the log said so far of captures, recordings and answers. */
export interface ConsentState {
  /** Withdrawn ones too. */
  readonly recordings: readonly PublishedRecording[]
  /** Announced before they began, in order. */
  readonly captures: readonly Capture[]
  /** In order: of one author to one header the newest counts. */
  readonly answers: readonly Answer[]
  /** Whether the reader passed over events that it can't open. */
  readonly hasGaps: boolean
}

export function isConsentNote(note: MeetingNote): note is ConsentNote {
  return note.type === "capture" || note.type === "consent" || note.type === "consent-withdrawal"
}

/** Of a recording's media, the first of its assets. */
export function mediaHeaderHash({ fields }: PublishedRecording): Uint8Array {
  const [media] = fields.assets
  return media === undefined ? ZERO_HASH : assetHeaderHash(media.rawHeader)
}

/** @throws {@link ArchiveError} `replayed` (CO2), `not-authorised` (CO3). */
export function withConsentNote(state: ConsentState, note: ConsentNote): ConsentState {
  if (note.type === "capture") {
    assertNew(state, note)
    return { ...state, captures: [...state.captures, note] }
  }
  if (isNamed(state, note.headerHash)) return { ...state, answers: [...state.answers, note] }
  // What it answers may be among what this reader can't open: then it counts for nothing here, and is no forgery.
  if (state.hasGaps) return state
  throw new ArchiveError("not-authorised", `a ${note.type} to what was neither announced nor published`)
}

/** The announcement of a recording: by its author, with its id and header; `null` where its capture was not announced. CO4. */
export function announcementOf(state: ConsentState, recording: PublishedRecording): Capture | null {
  const capture = firstCapture(state, mediaHeaderHash(recording))
  const isOwn =
    capture !== undefined &&
    equalBytes(capture.recordingId, recording.fields.recordingId) &&
    equalBytes(capture.authorGenesisHash, recording.authorGenesisHash)
  return isOwn ? capture : null
}

/** Whether a recording's header stands for it, and not for what was announced or published before: else no answer to the header is one to it. CO4. */
export function ownsHeader(state: ConsentState, recording: PublishedRecording): boolean {
  const headerHash = mediaHeaderHash(recording)
  if (firstCapture(state, headerHash) !== undefined) return announcementOf(state, recording) !== null
  const first = state.recordings.find((candidate) => equalBytes(mediaHeaderHash(candidate), headerHash))
  return first?.seq === recording.seq
}

function firstCapture({ captures }: ConsentState, headerHash: Uint8Array): Capture | undefined {
  return captures.find((capture) => equalBytes(capture.headerHash, headerHash))
}

function isNamed(state: ConsentState, headerHash: Uint8Array): boolean {
  return (
    firstCapture(state, headerHash) !== undefined ||
    state.recordings.some((recording) => equalBytes(mediaHeaderHash(recording), headerHash))
  )
}

/** An announcement reserves its recording id: else whoever reads it could publish something else in its place. CO2. */
export function isAnnouncedByAnother(
  { captures }: Pick<ConsentState, "captures">,
  recordingId: RecordingId,
  author: Uint8Array,
): boolean {
  return captures.some(
    (capture) => equalBytes(capture.recordingId, recordingId) && !equalBytes(capture.authorGenesisHash, author),
  )
}

function assertNew(state: ConsentState, capture: Capture): void {
  const { recordingId, authorGenesisHash } = capture
  const isTaken =
    state.recordings.some(({ fields }) => equalBytes(fields.recordingId, recordingId)) ||
    isAnnouncedByAnother(state, recordingId, authorGenesisHash)
  if (isTaken || isNamed(state, capture.headerHash))
    throw new ArchiveError("replayed", "an announcement of what was announced or published before")
}
