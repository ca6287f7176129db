import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { formatId, type MeetingId, type RecordingId } from "../../shared/protocol/ids.js"
import { announcementOf, type Answer, type Capture, mediaHeaderHash, ownsHeader } from "../crypto/consent.js"
import type { MeetingLog, PublishedRecording } from "../crypto/meeting-log.js"
import type { Client } from "./client.js"
import { readMeeting } from "./meetings.js"
import { appendNote } from "./notes.js"
import { searchMeetings } from "./recordings.js"
import { prepareToSeal, type SealingOptions } from "./standing.js"

/** Who agreed to be recorded: members' own signed words, bound to the header of what is, or is about to be, recorded. SPEC.md §7.5. */

export interface MemberConsent {
  readonly genesisHash: Uint8Array
  /** `withdrawn` is also a no without a yes before it. */
  readonly state: "agreed" | "unanswered" | "withdrawn"
  /** When it said so, by its own clock; `null` where it did not answer. */
  readonly timeMs: number | null
}

/** A capture or a recording, and what was answered to it. */
export interface ConsentPage {
  readonly recordingId: RecordingId
  readonly headerHash: Uint8Array
  readonly authorGenesisHash: Uint8Array
  /** The announcement before the capture began; `null` where it was not announced. */
  readonly capture: Capture | null
  /** `null` while nothing is published. */
  readonly recording: PublishedRecording | null
  /**
   * The members of when the capture was announced, or else of its capture epoch, and whoever else answered; `null` where this account can't see
   * who they were.
   */
  readonly members: readonly MemberConsent[] | null
  /** Whether its header belongs to something announced or published earlier: no answer is one to this recording then. */
  readonly isOtherwiseNamed: boolean
}

/**
 * Announces that this account is about to record, before it does. Once it was announced, this does nothing.
 * @param capture `headerHash`: SHA-256 of the header of the asset that the media will be.
 * @throws {@link ArchiveError} `replayed` for what somebody announced or published before, and what keeps a client from sealing.
 */
export async function announceCapture(
  client: Client,
  meetingId: MeetingId,
  capture: { readonly headerHash: Uint8Array; readonly recordingId: RecordingId },
  options: SealingOptions = {},
): Promise<void> {
  const self = client.state.current.secrets.genesisHash
  const isMade = ({ captures }: MeetingLog): boolean =>
    captures.some(
      (known) =>
        equalBytes(known.headerHash, capture.headerHash) &&
        equalBytes(known.recordingId, capture.recordingId) &&
        equalBytes(known.authorGenesisHash, self),
    )
  const log = await readMeeting(client, meetingId)
  if (isMade(log)) return
  await prepareToSeal(client, log, options)
  await appendNote(client, meetingId, (newest) => (isMade(newest) ? null : { type: "capture", ...capture }))
}

/**
 * Says for this account that it agrees to be recorded in what was announced or published under this id.
 * @param meetingId where it is; without it, it is looked for in every meeting.
 * @returns what it was said of. @throws {@link ArchiveError} `not-found`, `not-authorised`; `gone` for a recording that was deleted.
 */
export async function giveConsent(
  client: Client,
  recordingId: RecordingId,
  meetingId?: MeetingId,
): Promise<ConsentPage> {
  return await answer(client, recordingId, "consent", meetingId)
}

/** Says for this account that it agrees no more, or doesn't. Nothing is deleted by that. @throws {@link ArchiveError} as {@link giveConsent}. */
export async function withdrawConsent(
  client: Client,
  recordingId: RecordingId,
  meetingId?: MeetingId,
): Promise<ConsentPage> {
  return await answer(client, recordingId, "consent-withdrawal", meetingId)
}

/** What is known of a capture or recording in whichever of this account's meetings has it. @throws {@link ArchiveError} `not-found`. */
export async function locateConsent(
  client: Client,
  recordingId: RecordingId,
): Promise<{ readonly log: MeetingLog; readonly page: ConsentPage }> {
  return await searchMeetings(client, recordingId, (log) => {
    const page = consentOf(log, recordingId)
    return page === null ? null : { log, page }
  })
}

/** Who agreed, did not answer, or withdrew. `null` where nothing was announced or published under this id. */
export function consentOf(log: MeetingLog, recordingId: RecordingId): ConsentPage | null {
  const recording = log.recordings.find(({ fields }) => equalBytes(fields.recordingId, recordingId)) ?? null
  if (recording !== null) {
    const capture = announcementOf(log, recording)
    const isOtherwiseNamed = !ownsHeader(log, recording)
    const headerHash = mediaHeaderHash(recording)
    const answers = isOtherwiseNamed ? [] : answersTo(log, headerHash, capture?.seq ?? recording.seq)
    return {
      recordingId,
      headerHash,
      authorGenesisHash: recording.authorGenesisHash,
      capture,
      recording,
      members: membersOf(log, capture, recording.fields.captureEpoch, answers),
      isOtherwiseNamed,
    }
  }
  const capture = log.captures.findLast((candidate) => equalBytes(candidate.recordingId, recordingId))
  if (capture === undefined) return null
  const { headerHash, authorGenesisHash } = capture
  const members = membersOf(log, capture, null, answersTo(log, headerHash, capture.seq))
  return { recordingId, headerHash, authorGenesisHash, capture, recording: null, members, isOtherwiseNamed: false }
}

/** Captures and recordings of others that wait for this account's answer, oldest first. Whoever records asks, and is not asked; it may answer all the same. */
export function waitingForConsent(client: Client, log: MeetingLog): readonly ConsentPage[] {
  const self = client.state.current.secrets.genesisHash
  const published = log.recordings.map(({ fields }) => fields.recordingId)
  const announced = log.captures
    .map(({ recordingId }) => recordingId)
    .filter((id, index, ids) => ![...published, ...ids.slice(0, index)].some((other) => equalBytes(other, id)))
  return [...published, ...announced].flatMap((recordingId) => {
    const page = consentOf(log, recordingId)
    if (page === null || equalBytes(page.authorGenesisHash, self)) return []
    const own = page.members?.find(({ genesisHash }) => equalBytes(genesisHash, self))
    const waits = own?.state === "unanswered" && page.recording?.withdrawal == null && !page.isOtherwiseNamed
    return waits ? [page] : []
  })
}

async function consentIn(
  client: Client,
  meetingId: MeetingId,
  recordingId: RecordingId,
): Promise<Awaited<ReturnType<typeof locateConsent>>> {
  const log = await readMeeting(client, meetingId)
  const page = consentOf(log, recordingId)
  if (page === null)
    throw new ArchiveError(
      "not-found",
      `${formatId("recording", recordingId)} is not in ${formatId("meeting", meetingId)}`,
    )
  return { log, page }
}

async function answer(
  client: Client,
  recordingId: RecordingId,
  type: Answer["type"],
  meetingId?: MeetingId,
): Promise<ConsentPage> {
  const { log, page } =
    meetingId === undefined ? await locateConsent(client, recordingId) : await consentIn(client, meetingId, recordingId)
  if (page.recording?.withdrawal != null) throw new ArchiveError("gone", "this recording was deleted")
  if (page.isOtherwiseNamed)
    throw new ArchiveError(
      "not-authorised",
      "this recording's header was announced or published before as something else: nothing can be answered to it",
    )
  const { headerHash } = page
  const self = client.state.current.secrets.genesisHash
  await appendNote(client, log.meetingId, ({ answers }) => {
    const own = answers.findLast(
      (known) => equalBytes(known.authorGenesisHash, self) && equalBytes(known.headerHash, headerHash),
    )
    return own?.type === type ? null : { type, headerHash }
  })
  return page
}

function answersTo(log: MeetingLog, headerHash: Uint8Array, since: number): readonly Answer[] {
  return log.answers.filter((known) => known.seq > since && equalBytes(known.headerHash, headerHash))
}

function membersOf(
  log: MeetingLog,
  capture: Capture | null,
  captureEpoch: number | null,
  answers: readonly Answer[],
): readonly MemberConsent[] | null {
  const asked = log.epochs.findLast((epoch) =>
    capture === null ? epoch.keys.epoch === captureEpoch : epoch.seq < capture.seq,
  )
  if (asked === undefined) return null
  const everybody = asked.roster.map(({ genesisHash }) => genesisHash)
  for (const { authorGenesisHash } of answers)
    if (!everybody.some((known) => equalBytes(known, authorGenesisHash))) everybody.push(authorGenesisHash)
  return everybody.map((genesisHash) => {
    const newest = answers.findLast((known) => equalBytes(known.authorGenesisHash, genesisHash))
    if (newest === undefined) return { genesisHash, state: "unanswered", timeMs: null }
    return { genesisHash, state: newest.type === "consent" ? "agreed" : "withdrawn", timeMs: newest.timeMs }
  })
}
