import { assetHeaderHash as assetHeaderHashOf } from "../../shared/protocol/asset-header.js"
import { equalBytes } from "../../shared/protocol/bytes.js"
import type { ChatHead } from "../../shared/protocol/chat-heads.js"
import { ArchiveError, type ErrorCode, isArchiveError } from "../../shared/protocol/errors.js"
import { decodeEvent, eventHash, type MeetingEvent } from "../../shared/protocol/event.js"
import { includesHash, ZERO_HASH } from "../../shared/protocol/hash.js"
import { formatId, idOfHash, type MeetingId } from "../../shared/protocol/ids.js"
import { isClosed, newestUserKey, type VerifiedChain } from "../../shared/protocol/chain.js"

import { readNote } from "../../shared/protocol/notes.js"
import { type RecordingDetails, readRecordingFields, type RecordingFields } from "../../shared/protocol/recording.js"
import { type HistoryPolicy, memberOf, type RosterEntry } from "../../shared/protocol/roster.js"
import { verifyBody } from "../../shared/protocol/statement.js"
import type { AccountSecrets } from "./account-keys.js"
import type { EpochKeys } from "./epoch-keys.js"
import { type CandidateSecret, collectCandidates, type KnownEpochSecret } from "./epoch-secrets.js"
import { type EpochJudgement, judgeEpochEvent } from "./epoch-judge.js"
import { isAnnouncedByAnother } from "./consent.js"
import { openEventBody } from "./log-event.js"
import {
  assertStays,
  type MeetingNote,
  NOTHING_NOTED,
  type NotedState,
  type NoteOf,
  withNote,
} from "./meeting-notes.js"
import { assertAuthored, assertStatementFits, SeenHeads } from "./statement-checks.js"
import { type OpenedAsset, openRecordingSeals } from "./recording-event.js"
import { verifySignature } from "./sodium.js"

/** An epoch whose event was found valid. */
export interface ValidEpoch {
  readonly seq: number
  readonly eventHash: Uint8Array
  /** The epoch event that it is built on; zeros in a genesis. */
  readonly base: Uint8Array
  readonly authorGenesisHash: Uint8Array
  readonly timeMs: number
  readonly keys: EpochKeys
  readonly adminKey: Uint8Array
  /** Found by an admin: not every admin is brought the admin seed. The next epoch of an admin who holds it mends that. */
  readonly adminBoxesAreWrong: boolean
  /** Whether every member's box and tag was recomputed, by this reader now or before; of a newcomer's first epoch not every tag can be. */
  readonly isChecked: boolean
  readonly roster: readonly RosterEntry[]
  readonly policy: HistoryPolicy
  readonly title: string
  /** Up to which of each device's messages its author vouches; `null` where it did not. SPEC.md §16.3. */
  readonly chatHeads: readonly ChatHead[] | null
}

/** A published recording, its seals opened. `details` is `null` where the capture epoch's secret is not held. */
export interface PublishedRecording {
  readonly seq: number
  readonly epoch: number
  readonly fields: RecordingFields
  readonly authorGenesisHash: Uint8Array
  readonly timeMs: number
  readonly opened: { readonly details: RecordingDetails; readonly assets: readonly OpenedAsset[] } | null
  /** By its author or an admin; the first counts. */
  readonly withdrawal: NoteOf<"withdrawal"> | null
  /** The newest title that its author or an admin gave it since. */
  readonly renamed: NoteOf<"recording-title"> | null
}

/** An event that keeps its place in the chain and means nothing, and why. */
export interface VoidEvent {
  readonly seq: number
  readonly epoch: number
  readonly isEpochEvent: boolean
  readonly code: ErrorCode
  readonly reason: string
}

/** What a verified log says. SPEC.md §7. */
export interface MeetingLog extends NotedState {
  readonly meetingId: MeetingId
  readonly meetingHash: Uint8Array
  readonly head: { readonly seq: number; readonly hash: Uint8Array }
  readonly eventHashes: readonly Uint8Array[]
  /** Newest last; never empty. */
  readonly epochs: readonly ValidEpoch[]
  readonly current: ValidEpoch
  /** Held where the reader is an admin. */
  readonly adminSeed: Uint8Array | null
  /** Proofs of every change of admins so far, for the next epoch event to carry. */
  readonly carried: readonly Uint8Array[]
  /** Who left, renewals, withdrawals and the like, in order. */
  readonly notes: readonly MeetingNote[]
  readonly voids: readonly VoidEvent[]
  /** Epoch number of the newest epoch event, void or not: the server's newest. */
  readonly newestEpochSeen: number
  /** Whether a member has a newer user key than the roster in force gives it boxes for: a device of it was revoked. */
  readonly isOutdated: boolean
  /** Of the members of the roster in force, in its order; empty where this account is none. */
  readonly memberChains: readonly VerifiedChain[]
  /** Members of the roster in force whose accounts were closed since. */
  readonly closed: readonly Uint8Array[]
  /** Whether the newest epoch that was seen is one that this reader can open. */
  readonly isMember: boolean
}

export interface LogReader {
  readonly secrets: AccountSecrets
  readonly known: readonly KnownEpochSecret[]
  /** Hashes of epoch events that this reader found to be checked before. */
  readonly checkedEpochs: readonly Uint8Array[]
  /** The verified and pinned chain of an account. @throws {@link ArchiveError} what stops the reader. */
  readonly chainOf: (genesisHash: Uint8Array) => Promise<VerifiedChain>
}

/**
 * Reads a meeting's whole log, from its genesis on. A break of the chain stops; an event of invalid content is void and shown. SPEC.md §7.
 * @throws {@link ArchiveError} `bad-chain`, `malformed`, `not-authorised` (no epoch opens), and what `chainOf` throws.
 */
export async function readMeetingLog(
  meetingId: MeetingId,
  rawEvents: readonly Uint8Array[],
  reader: LogReader,
): Promise<MeetingLog> {
  const { events, hashes } = decodeChained(meetingId, rawEvents)
  const meetingHash = hashes[0] ?? ZERO_HASH
  const state = new LogState(meetingHash, events, hashes, reader)
  for (const [seq, event] of events.entries()) await state.apply(seq, event)
  return await state.finish(meetingId)
}

function decodeChained(
  meetingId: MeetingId,
  rawEvents: readonly Uint8Array[],
): { readonly events: readonly MeetingEvent[]; readonly hashes: readonly Uint8Array[] } {
  const hashes = rawEvents.map(eventHash)
  const events = rawEvents.map(decodeEvent)
  const genesisHash = hashes[0]
  if (genesisHash === undefined || !equalBytes(idOfHash("meeting", genesisHash), meetingId)) {
    throw new ArchiveError("bad-chain", `the log served for ${formatId("meeting", meetingId)} is not that meeting's`)
  }
  let newestEpoch = 0
  events.forEach((event, seq) => {
    const prev = hashes[seq - 1] ?? ZERO_HASH
    const id = seq === 0 ? new Uint8Array(16) : meetingId
    const epochFits = event.epochPart === null || seq === 0 ? event.epoch <= newestEpoch : event.epoch > newestEpoch
    if (
      event.seq !== seq ||
      !equalBytes(event.prev, prev) ||
      !equalBytes(event.meetingId, id) ||
      !epochFits ||
      (seq === 0 && event.epochPart === null)
    ) {
      throw new ArchiveError("bad-chain", "events that do not follow each other", { place: `event ${seq}` })
    }
    newestEpoch = Math.max(newestEpoch, event.epoch)
  })
  return { events, hashes }
}

class LogState {
  readonly #meetingHash: Uint8Array
  readonly #events: readonly MeetingEvent[]
  readonly #hashes: readonly Uint8Array[]
  readonly #reader: LogReader
  /** Candidate secrets by event; each counts only once its event verified. */
  readonly #candidates: ReadonlyMap<number, CandidateSecret>
  readonly #epochs: ValidEpoch[] = []
  readonly #carried: Uint8Array[] = []
  readonly #notes: MeetingNote[] = []
  readonly #voids: VoidEvent[] = []
  readonly #seen = new SeenHeads()
  readonly #chainOf: LogReader["chainOf"]
  #adminSeed: Uint8Array | null = null
  #noted: NotedState = NOTHING_NOTED
  #isMember = false
  #missedEpoch = false
  readonly #chainFailures = new Set<unknown>()

  constructor(
    meetingHash: Uint8Array,
    events: readonly MeetingEvent[],
    hashes: readonly Uint8Array[],
    reader: LogReader,
  ) {
    this.#meetingHash = meetingHash
    this.#events = events
    this.#hashes = hashes
    this.#reader = reader
    this.#candidates = collectCandidates(meetingHash, events, hashes, reader.known)
    this.#chainOf = async (genesisHash) => {
      try {
        return await reader.chainOf(genesisHash)
      } catch (error) {
        this.#chainFailures.add(error)
        throw error
      }
    }
  }

  async apply(seq: number, event: MeetingEvent): Promise<void> {
    try {
      if (event.epochPart === null) await this.#applyEntry(seq, event)
      else await this.#applyEpoch(seq, event)
    } catch (error) {
      // What an account's chain fails says nothing about the event: a server could void at will what it serves.
      if (this.#chainFailures.has(error) || !isArchiveError(error) || !VOIDING.has(error.code)) throw error
      this.#voids.push({
        seq,
        epoch: event.epoch,
        isEpochEvent: event.epochPart !== null,
        code: error.code,
        reason: error.message,
      })
    }
  }

  async #applyEpoch(seq: number, event: MeetingEvent): Promise<void> {
    const judgement: EpochJudgement | null = await judgeEpochEvent({
      event,
      seq,
      hash: this.#hashes[seq] ?? ZERO_HASH,
      meetingHash: seq === 0 ? ZERO_HASH : this.#meetingHash,
      events: this.#events,
      epochs: this.#epochs,
      carried: this.#carried,
      candidate: this.#candidates.get(seq) ?? null,
      adminSeed: this.#adminSeed,
      standing: this.#noted.standing,
      seen: this.#seen,
      missedEpoch: this.#missedEpoch,
      wasChecked: includesHash(this.#reader.checkedEpochs, this.#hashes[seq] ?? ZERO_HASH),
      secrets: this.#reader.secrets,
      chainOf: this.#chainOf,
    })
    if (judgement === null) {
      this.#isMember = false
      this.#missedEpoch = true
      return
    }
    this.#epochs.push(judgement.epoch)
    this.#carried.splice(0, this.#carried.length, ...judgement.carried)
    this.#adminSeed = judgement.adminSeed
    this.#noted = { ...this.#noted, standing: judgement.standing }
    this.#missedEpoch = false
    this.#isMember = memberOf(judgement.epoch.roster, this.#reader.secrets.genesisHash) !== undefined
  }

  async #applyEntry(seq: number, event: MeetingEvent): Promise<void> {
    const current = this.#epochs.at(-1)
    if (current === undefined || this.#missedEpoch) {
      this.#noted = { ...this.#noted, hasGaps: true }
      return
    }
    if (event.epoch !== current.keys.epoch)
      throw new ArchiveError("not-authorised", "an event of an epoch that is not in force")
    const body = openEventBody(event, this.#meetingHash, current.keys)
    const { statement, statementHash } = verifyBody(body, verifySignature)
    assertStatementFits(statement, statementHash, event, this.#meetingHash, current.keys.commitment)
    await assertAuthored(statement, current.roster, this.#chainOf, this.#seen)
    const { authorGenesisHash, timeMs } = statement
    assertStays(this.#noted.standing, authorGenesisHash)
    const content = readNote(statement.type, body.fields)
    if (content !== null) {
      assertNamesAssets(event, [])
      const note: MeetingNote = { ...content, seq, authorGenesisHash, timeMs }
      this.#noted = withNote(this.#noted, note, current.roster)
      this.#notes.push(note)
      return
    }
    if (statement.type !== "recording") return
    const fields = readRecordingFields(body.fields)
    const { recordings } = this.#noted
    if (
      recordings.some((known) => equalBytes(known.fields.recordingId, fields.recordingId)) ||
      isAnnouncedByAnother(this.#noted, fields.recordingId, authorGenesisHash)
    ) {
      throw new ArchiveError("replayed", "a recording that was published before, or announced by somebody else")
    }
    assertNamesAssets(
      event,
      fields.assets.map(({ rawHeader }) => assetHeaderHashOf(rawHeader)),
    )
    const capture = this.#epochs.find((epoch) => epoch.keys.epoch === fields.captureEpoch)
    const opened =
      capture === undefined ? null : openRecordingSeals(fields, this.#meetingHash, capture.keys, current.keys)
    const unnoted = { withdrawal: null, renamed: null }
    const published = { seq, epoch: event.epoch, fields, authorGenesisHash, timeMs, opened, ...unnoted }
    this.#noted = { ...this.#noted, recordings: [...recordings, published] }
  }

  async finish(meetingId: MeetingId): Promise<MeetingLog> {
    const [seq, current] = [this.#events.length - 1, this.#epochs.at(-1)]
    const [firstVoid] = this.#voids
    if (current === undefined) {
      throw new ArchiveError(
        firstVoid?.code ?? "not-authorised",
        firstVoid?.reason ?? "no epoch of this meeting opens for this account",
      )
    }
    const memberChains: VerifiedChain[] = []
    for (const { genesisHash } of this.#isMember ? current.roster : [])
      memberChains.push(await this.#chainOf(genesisHash))
    return {
      meetingId,
      meetingHash: this.#meetingHash,
      isOutdated: memberChains.some(
        (chain, index) => newestUserKey(chain).generation > (current.roster[index]?.generation ?? 0),
      ),
      memberChains,
      closed: memberChains.filter(isClosed).map(({ genesisHash }) => genesisHash),
      head: { seq, hash: this.#hashes[seq] ?? ZERO_HASH },
      eventHashes: this.#hashes,
      epochs: this.#epochs,
      current,
      adminSeed: this.#adminSeed,
      carried: this.#carried,
      ...this.#noted,
      notes: this.#notes,
      voids: this.#voids,
      newestEpochSeen: this.#events.reduce((newest, event) => Math.max(newest, event.epoch), 0),
      isMember: this.#isMember,
    }
  }
}

/** Failings of an event's own content: it is void. All else (a forked account, a server down) stops the reader. */
const VOIDING: ReadonlySet<ErrorCode> = new Set([
  "malformed",
  "too-large",
  "unsupported-version",
  "cannot-open",
  "bad-signature",
  "bad-boxes",
  "not-authorised",
  "replayed",
])

function assertNamesAssets(event: MeetingEvent, headerHashes: readonly Uint8Array[]): void {
  const named = headerHashes.every((hash, index) => equalBytes(event.assets[index] ?? ZERO_HASH, hash))
  if (!named || event.assets.length !== headerHashes.length)
    throw new ArchiveError("malformed", "an event that names other assets outside than inside")
}
