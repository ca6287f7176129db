import { equalBytes } from "../../protocol/bytes.js"
import type { VerifySignature } from "../../protocol/envelope.js"
import { ArchiveError } from "../../protocol/errors.js"
import { decodeEvent, type EpochPart, eventHash, type MeetingEvent, verifyCertificate } from "../../protocol/event.js"
import { ID_BYTES, ZERO_HASH } from "../../protocol/hash.js"
import { HTTP_LIMITS } from "../../protocol/http.js"
import { idOfHash, type MeetingId } from "../../protocol/ids.js"
import type { Catalog, Queryable } from "../ports.js"
import type { Created } from "./accounts.js"
import { type Grant, requireSubject } from "./capabilities.js"
import { lackOf } from "./deletion.js"
import { TODAY } from "./sql.js"

/** Meetings and their logs. SPEC.md §7. What the server can check without a key, it checks; the rest is its readers'. */

export interface Head {
  readonly seq: number
  readonly hash: Uint8Array
}

interface MeetingRow {
  readonly head_seq: number
  readonly head_hash: Uint8Array
  readonly epoch: number
  readonly purge_day: number | null
  readonly admin_key: Uint8Array
}

type EpochEvent = MeetingEvent & { readonly epochPart: EpochPart }

/**
 * Keeps a meeting whose genesis event is certified by its own access and admin keys. The same event again: nothing happens.
 * @throws {@link ArchiveError} as `decodeEvent` and `verifyCertificate`; `bad-chain` for an event that is no genesis; `gone` for a meeting that was deleted.
 */
export async function createMeeting(
  catalog: Catalog,
  rawEvent: Uint8Array,
  rawCertificate: Uint8Array,
  verify: VerifySignature,
): Promise<Created<MeetingId>> {
  const event = decodeEvent(rawEvent)
  assertGenesis(event)
  verifyCertificate(rawCertificate, rawEvent, event.epochPart, { adminKeyIsNew: true }, verify)
  const hash = eventHash(rawEvent)
  const meetingId = idOfHash("meeting", hash)
  const created = await catalog.transaction(async (transaction) => {
    const inserted = await transaction.query(
      `INSERT INTO meetings (meeting_id, head_seq, head_hash, epoch, asset_count, stored_bytes, created_day)
       SELECT $1, 0, $2, 0, 0, 0, ${TODAY} WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE kind = 'meeting' AND id = $1)
       ON CONFLICT (meeting_id) DO NOTHING RETURNING 1`,
      [meetingId, hash],
    )
    if (inserted.length === 0) {
      await requireMeeting(transaction, meetingId)
      return false
    }
    await insertEvent(transaction, meetingId, event, rawEvent, hash)
    await insertEpoch(transaction, meetingId, event, rawCertificate)
    return true
  })
  return { created, value: meetingId }
}

function assertGenesis(event: MeetingEvent): asserts event is EpochEvent {
  const { epochPart } = event
  const isGenesis =
    event.seq === 0 &&
    event.epoch === 0 &&
    equalBytes(event.meetingId, new Uint8Array(ID_BYTES)) &&
    equalBytes(event.prev, ZERO_HASH) &&
    event.assets.length === 0 &&
    epochPart !== null &&
    equalBytes(epochPart.base, ZERO_HASH) &&
    epochPart.sealedHistory === null
  if (!isGenesis) throw new ArchiveError("bad-chain", "an event that cannot begin a meeting")
}

/**
 * Appends the next event: compare-and-swap on the head, in one transaction with the meeting's row locked.
 * The same event again is answered as the first time, whatever was appended since.
 * @throws {@link ArchiveError} `conflict` where it does not continue the head, or is not of the newest epoch; `forbidden` for a token that does not
 * reach that far; `gone` once the meeting was deleted; `not-found` for an asset that is not stored in this meeting; as `decodeEvent` and `verifyCertificate`.
 */
export async function appendEvent(
  catalog: Catalog,
  meetingId: MeetingId,
  grant: Grant,
  posted: { readonly rawEvent: Uint8Array; readonly rawCertificate: Uint8Array | undefined },
  verify: VerifySignature,
): Promise<Created<Head>> {
  requireSubject(grant, meetingId)
  const { rawEvent, rawCertificate } = posted
  const event = decodeEvent(rawEvent)
  if (!equalBytes(event.meetingId, meetingId)) throw new ArchiveError("bad-chain", "an event of another meeting")
  const head = { seq: event.seq, hash: eventHash(rawEvent) }
  return catalog.transaction(async (transaction) => {
    const meeting = await lockMeeting(transaction, meetingId)
    if (head.seq <= meeting.head_seq && (await isAppended(transaction, meetingId, head)))
      return { created: false, value: head }
    if (meeting.purge_day !== null) throw new ArchiveError("gone", "this meeting was deleted")
    // First this: who lost a race against a new epoch is to fetch and try again, with a token of that epoch.
    if (event.seq !== meeting.head_seq + 1 || !equalBytes(event.prev, meeting.head_hash)) {
      throw new ArchiveError("conflict", "an event that does not continue the newest one")
    }
    if (grant.epoch !== meeting.epoch) throw new ArchiveError("forbidden", "a token of an older epoch")
    if (isEpochEvent(event)) {
      await checkEpochEvent(transaction, meetingId, meeting, event, grant)
      const adminKeyIsNew = !equalBytes(event.epochPart.adminKey, meeting.admin_key)
      if (rawCertificate === undefined) throw new ArchiveError("malformed", "an epoch event without its certificate")
      verifyCertificate(rawCertificate, rawEvent, event.epochPart, { adminKeyIsNew }, verify)
      await insertEpoch(transaction, meetingId, event, rawCertificate)
    } else {
      if (rawCertificate !== undefined)
        throw new ArchiveError("malformed", "a certificate beside an event that begins no epoch")
      if (grant.scope !== "access") throw new ArchiveError("forbidden", "the access capability is needed")
      if (event.epoch !== meeting.epoch) throw new ArchiveError("conflict", "an event of an older epoch")
      await checkAssets(transaction, meetingId, event.assets)
    }
    await insertEvent(transaction, meetingId, event, rawEvent, head.hash)
    await transaction.query("UPDATE meetings SET head_seq = $2, head_hash = $3, epoch = $4 WHERE meeting_id = $1", [
      meetingId,
      head.seq,
      head.hash,
      event.epoch,
    ])
    return { created: true, value: head }
  })
}

async function isAppended(transaction: Queryable, meetingId: MeetingId, head: Head): Promise<boolean> {
  const rows = await transaction.query(
    "SELECT 1 FROM meeting_events WHERE meeting_id = $1 AND seq = $2 AND hash = $3",
    [meetingId, head.seq, head.hash],
  )
  return rows.length > 0
}

function isEpochEvent(event: MeetingEvent): event is EpochEvent {
  return event.epochPart !== null
}

async function lockMeeting(transaction: Queryable, meetingId: MeetingId): Promise<MeetingRow> {
  // In two statements: a join would pair the row as it is after the wait with an epoch from before it.
  const [row] = await transaction.query<Omit<MeetingRow, "admin_key">>(
    "SELECT head_seq, head_hash, epoch, purge_day FROM meetings WHERE meeting_id = $1 FOR UPDATE",
    [meetingId],
  )
  if (row === undefined) throw await lackOf(transaction, "meeting", meetingId)
  const [newest] = await transaction.query<Pick<MeetingRow, "admin_key">>(
    "SELECT admin_key FROM meeting_epochs WHERE meeting_id = $1 AND epoch = $2",
    [meetingId, row.epoch],
  )
  if (newest === undefined) throw new ArchiveError("internal", "a meeting without its newest epoch")
  return { ...row, ...newest }
}

async function checkEpochEvent(
  transaction: Queryable,
  meetingId: MeetingId,
  meeting: MeetingRow,
  event: EpochEvent,
  grant: Grant,
): Promise<void> {
  const { epochPart } = event
  if (event.assets.length > 0) throw new ArchiveError("malformed", "an epoch event that publishes assets")
  // Greater than every epoch before, void ones too: so an epoch's number names one pair of capabilities.
  if (event.epoch <= meeting.epoch) throw new ArchiveError("conflict", "an epoch that has been")
  const [base] = await transaction.query(
    `SELECT 1 FROM meeting_events JOIN meeting_epochs USING (meeting_id, seq) WHERE meeting_id = $1 AND hash = $2`,
    [meetingId, epochPart.base],
  )
  if (base === undefined)
    throw new ArchiveError("bad-chain", "an epoch based on an event that is no epoch event of this meeting")
  if (!equalBytes(epochPart.adminKey, meeting.admin_key) && grant.scope !== "admin") {
    throw new ArchiveError("forbidden", "the admin capability is needed")
  }
  const [used] = await transaction.query("SELECT 1 FROM meeting_epochs WHERE meeting_id = $1 AND access_key = $2", [
    meetingId,
    epochPart.accessKey,
  ])
  if (used !== undefined) throw new ArchiveError("conflict", "an access key that another epoch has")
}

async function checkAssets(
  transaction: Queryable,
  meetingId: MeetingId,
  headerHashes: readonly Uint8Array[],
): Promise<void> {
  if (headerHashes.length === 0) return
  const stored = await transaction.query<{ header_hash: Uint8Array }>(
    `SELECT header_hash FROM assets
     WHERE meeting_id = $1 AND header_hash = ANY($2::bytea[]) AND state = 'stored' AND receipt IS NOT NULL FOR SHARE`,
    [meetingId, headerHashes],
  )
  if (stored.length !== headerHashes.length) {
    throw new ArchiveError("not-found", "an asset that is named twice, or is not stored in this meeting")
  }
}

async function insertEvent(
  transaction: Queryable,
  meetingId: MeetingId,
  event: MeetingEvent,
  rawEvent: Uint8Array,
  hash: Uint8Array,
): Promise<void> {
  await transaction.query(
    `INSERT INTO meeting_events (meeting_id, seq, epoch, hash, event, assets, day) VALUES ($1, $2, $3, $4, $5, $6::bytea[], ${TODAY})`,
    [meetingId, event.seq, event.epoch, hash, rawEvent, event.assets],
  )
}

async function insertEpoch(
  transaction: Queryable,
  meetingId: MeetingId,
  event: EpochEvent,
  rawCertificate: Uint8Array,
): Promise<void> {
  await transaction.query(
    "INSERT INTO meeting_epochs (meeting_id, epoch, seq, access_key, admin_key, certificate) VALUES ($1, $2, $3, $4, $5, $6)",
    [meetingId, event.epoch, event.seq, event.epochPart.accessKey, event.epochPart.adminKey, rawCertificate],
  )
}

/** @throws {@link ArchiveError} `not-found`, `gone`. */
export async function requireMeeting(catalog: Queryable, meetingId: MeetingId): Promise<void> {
  const [row] = await catalog.query("SELECT 1 FROM meetings WHERE meeting_id = $1", [meetingId])
  if (row === undefined) throw await lackOf(catalog, "meeting", meetingId)
}

export interface EventPage {
  readonly events: readonly Uint8Array[]
  readonly next: number | null
  readonly head: Head
}

/**
 * Events from seq `from` on, at most `limit` and about 4 MiB.
 * A token of an older epoch gets only the epoch events from its epoch on. SPEC.md §11.
 * @throws {@link ArchiveError} `not-found`.
 */
export async function readEvents(
  catalog: Catalog,
  meetingId: MeetingId,
  grant: Grant,
  from: number,
  limit: number,
): Promise<EventPage> {
  requireSubject(grant, meetingId)
  const [meeting] = await catalog.query<Pick<MeetingRow, "head_seq" | "head_hash" | "epoch">>(
    "SELECT head_seq, head_hash, epoch FROM meetings WHERE meeting_id = $1",
    [meetingId],
  )
  if (meeting === undefined) throw await lackOf(catalog, "meeting", meetingId)
  // Nothing beyond the head just read: an epoch that begins meanwhile ends this token. The running sum bounds the page's bytes.
  const rows = await catalog.query<{ seq: number; event: Uint8Array }>(
    `SELECT seq, event FROM (
       SELECT seq, event, sum(length(event)) OVER (ORDER BY seq) - length(event) AS bytes_before FROM (
         SELECT seq, event FROM meeting_events
         WHERE meeting_id = $1 AND seq BETWEEN $2::bigint AND $7 AND ($3 OR (epoch >= $4 AND EXISTS (
           SELECT 1 FROM meeting_epochs WHERE meeting_epochs.meeting_id = $1 AND meeting_epochs.seq = meeting_events.seq)))
         ORDER BY seq LIMIT $5) AS candidates) AS sized
     WHERE bytes_before < $6 ORDER BY seq`,
    [
      meetingId,
      from,
      grant.epoch === meeting.epoch,
      grant.epoch,
      Math.min(limit, HTTP_LIMITS.eventsPerPage),
      HTTP_LIMITS.pageBytes,
      meeting.head_seq,
    ],
  )
  const last = rows.at(-1)
  return {
    events: rows.map((row) => row.event),
    next: last === undefined || last.seq >= meeting.head_seq ? null : last.seq + 1,
    head: { seq: meeting.head_seq, hash: meeting.head_hash },
  }
}
