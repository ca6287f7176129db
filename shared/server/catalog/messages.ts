import { equalBytes, toHex } from "../../protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../protocol/errors.js"
import { HTTP_LIMITS } from "../../protocol/http.js"
import type { MeetingId } from "../../protocol/ids.js"
import { decodeMessage, messageHash, type Message } from "../../protocol/message.js"
import type { ByteCaps } from "../config.js"
import type { Logger } from "../logger.js"
import type { Catalog, ObjectStore, Queryable } from "../ports.js"
import { isDuplicate } from "./database.js"
import { type Grant, requireSubject } from "./capabilities.js"
import { lackOf, lockMeetingRow } from "./deletion.js"
import { lockSubjects } from "./holds.js"
import { MESSAGE_BYTES, type MessageBytes, readingPacks, SIZE_BYTES, withBytes } from "./packs.js"
import { hasCaps, withinCaps } from "./room.js"
import { TODAY } from "./sql.js"

/** A meeting's chat, as sealed. Its order is that of the commits. SPEC.md §16.4. */

/** Beyond every seq. */
const MOST_SEQ = Number.MAX_SAFE_INTEGER

/** A message that may be posted: decoded, and its token looked at. */
export interface PostedMessage {
  readonly raw: Uint8Array
  readonly message: Message
  readonly hash: Uint8Array
  /** Of the token that it came with. */
  readonly tokenEpoch: number
}

export interface MessagePlace {
  readonly seq: number
  readonly incarnation: number
  /** Of the bytes that stand there. */
  readonly hash: Uint8Array
}

/** Where a message stands, and since which day if it is there since now; or why it was not taken. */
export type PostResult = { readonly place: MessagePlace; readonly createdDay: number | null } | ArchiveError

/** @throws {@link ArchiveError} `forbidden` without the access capability of this meeting; `bad-chain` for a message of another one; as `decodeMessage`. CS1. */
export function readPosted(
  meetingId: MeetingId,
  grant: Pick<Grant, "subject" | "scope" | "epoch">,
  raw: Uint8Array,
): PostedMessage {
  requireSubject(grant, meetingId)
  if (grant.scope !== "access") throw new ArchiveError("forbidden", "the access capability is needed")
  const message = decodeMessage(raw)
  if (!equalBytes(message.meetingId, meetingId)) throw new ArchiveError("bad-chain", "a message of another meeting")
  return { raw, message, hash: messageHash(raw), tokenEpoch: grant.epoch }
}

/**
 * Keeps messages of one meeting in the order given, in one commit that checks their epoch: when this returns, what it says stands.
 * @returns one result for each.
 * @throws {@link ArchiveError} `unavailable` and the like, and no one knows then whether they were kept: sent again, they are answered alike.
 */
export async function postMessages(
  catalog: Catalog,
  caps: ByteCaps,
  meetingId: MeetingId,
  posted: readonly PostedMessage[],
): Promise<readonly PostResult[]> {
  const plainly = hasCaps(caps) ? null : await keepPlainly(catalog, meetingId, posted)
  if (plainly !== null) return plainly
  try {
    return await withinCaps(catalog, caps, meetingId, (transaction) => keepMessages(transaction, meetingId, posted))
  } catch (error) {
    if (!isArchiveError(error) || error.code !== "quota-exceeded") throw error
    if (posted.length === 1) return await answerKnown(catalog, meetingId, posted, error)
    // Some of them may have room, and some may be known.
    const results: PostResult[] = []
    for (const one of posted) results.push(...(await postMessages(catalog, caps, meetingId, [one])))
    return results
  }
}

async function answerKnown(
  catalog: Catalog,
  meetingId: MeetingId,
  posted: readonly PostedMessage[],
  error: ArchiveError,
): Promise<readonly PostResult[]> {
  const known = await knownPlaces(catalog, meetingId, posted)
  return posted.map(({ message }) => {
    const place = known.get(toHex(message.messageId))
    return place === undefined ? error : { place, createdDay: null }
  })
}

/**
 * Keeps messages by one statement, which is a commit of its own, where nothing is to be decided: all of them are new, and of the newest epoch. That is nearly
 * always so, and takes a sixth of the ways to the database.
 * @returns `null` where it is otherwise; nothing was kept then.
 */
async function keepPlainly(
  catalog: Catalog,
  meetingId: MeetingId,
  posted: readonly PostedMessage[],
): Promise<readonly PostResult[] | null> {
  const epoch = posted[0]?.message.epoch
  const isPlain =
    epoch !== undefined &&
    posted.every(({ message, tokenEpoch }) => message.epoch === epoch && tokenEpoch === epoch) &&
    new Set(posted.map(({ message }) => toHex(message.messageId))).size === posted.length
  if (!isPlain) return null
  const kept = await catalog
    .query<{ seq: number; incarnation: number; day: number }>(
      `WITH counted AS (
         UPDATE meetings SET message_count = message_count + $3::bigint, message_bytes = message_bytes + $4::bigint
         WHERE meeting_id = $1 AND epoch = $2 AND purge_day IS NULL
           AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.meeting_id = $1 AND message_id = ANY ($5::bytea[]))
         RETURNING message_count - $3::bigint AS first, (SELECT incarnation FROM instance) AS incarnation)
       INSERT INTO messages (meeting_id, seq, incarnation, epoch, message_id, hash, message, day)
       SELECT $1, first + place - 1, incarnation, $2, message_id, hash, message, ${TODAY}
       FROM counted, unnest($5::bytea[], $6::bytea[], $7::bytea[]) WITH ORDINALITY AS posted (message_id, hash, message, place)
       RETURNING seq, incarnation, day`,
      [
        meetingId,
        epoch,
        posted.length,
        posted.reduce((sum, { raw }) => sum + raw.length, 0),
        posted.map(({ message }) => Buffer.from(message.messageId)),
        posted.map(({ hash }) => Buffer.from(hash)),
        posted.map(({ raw }) => Buffer.from(raw)),
      ],
    )
    .catch((error: unknown) => {
      // Somebody kept one of them while this waited for the meeting's row.
      if (isDuplicate(error)) return []
      throw error
    })
  const bySeq = kept.toSorted((a, b) => a.seq - b.seq)
  if (bySeq.length === 0) return null
  return posted.map(({ hash }, index) => {
    const row = bySeq[index]
    if (row === undefined) throw new ArchiveError("internal", "a message that was kept without its place")
    const { seq, incarnation, day } = row
    return { place: { seq, incarnation, hash }, createdDay: day }
  })
}

async function keepMessages(
  transaction: Queryable,
  meetingId: MeetingId,
  posted: readonly PostedMessage[],
): Promise<readonly PostResult[]> {
  const [meeting] = await transaction.query<{
    epoch: number
    purge_day: number | null
    message_count: number
    incarnation: number
    today: number
  }>(
    `SELECT epoch, purge_day, message_count, (SELECT incarnation FROM instance) AS incarnation, ${TODAY} AS today
     FROM meetings WHERE meeting_id = $1 FOR UPDATE`,
    [meetingId],
  )
  if (meeting === undefined) throw await lackOf(transaction, "meeting", meetingId)
  // Behind the lock, so that whatever was committed before is seen.
  const known = await knownPlaces(transaction, meetingId, posted)
  const kept: (PostedMessage & MessagePlace)[] = []
  const results = posted.map((one): PostResult => {
    // Whoever looked at the token may have done so before another epoch began.
    if (one.tokenEpoch !== meeting.epoch) return new ArchiveError("forbidden", "a token of an older epoch")
    const key = toHex(one.message.messageId)
    const place = known.get(key)
    if (place !== undefined) return { place, createdDay: null }
    if (meeting.purge_day !== null) return new ArchiveError("gone", "this meeting was deleted")
    if (one.message.epoch !== meeting.epoch)
      return new ArchiveError("conflict", "a message of another epoch than the newest")
    const { incarnation, today } = meeting
    const created = { seq: meeting.message_count + kept.length, incarnation, hash: one.hash }
    kept.push({ ...one, ...created })
    known.set(key, created)
    return { place: created, createdDay: today }
  })
  if (kept.length > 0) await insertMessages(transaction, meetingId, meeting, kept)
  return results
}

async function insertMessages(
  transaction: Queryable,
  meetingId: MeetingId,
  { incarnation, today }: { readonly incarnation: number; readonly today: number },
  kept: readonly (PostedMessage & MessagePlace)[],
): Promise<void> {
  await transaction.query(
    `INSERT INTO messages (meeting_id, seq, incarnation, epoch, message_id, hash, message, day)
     SELECT $1, seq, $2, epoch, message_id, hash, message, $8
     FROM unnest($3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[]) AS posted (seq, epoch, message_id, hash, message)`,
    [
      meetingId,
      incarnation,
      kept.map(({ seq }) => seq),
      kept.map(({ message }) => message.epoch),
      kept.map(({ message }) => Buffer.from(message.messageId)),
      kept.map(({ hash }) => Buffer.from(hash)),
      kept.map(({ raw }) => Buffer.from(raw)),
      today,
    ],
  )
  await transaction.query(
    "UPDATE meetings SET message_count = message_count + $2, message_bytes = message_bytes + $3 WHERE meeting_id = $1",
    [meetingId, kept.length, kept.reduce((sum, { raw }) => sum + raw.length, 0)],
  )
}

/** By message id in hex. Whether its bytes are the same is for who posted it to see. CS2. */
async function knownPlaces(
  catalog: Queryable,
  meetingId: MeetingId,
  posted: readonly PostedMessage[],
): Promise<Map<string, MessagePlace>> {
  const rows = await catalog.query<MessagePlace & { readonly message_id: Uint8Array }>(
    "SELECT message_id, seq, incarnation, hash FROM messages WHERE meeting_id = $1 AND message_id = ANY ($2::bytea[])",
    [meetingId, posted.map(({ message }) => Buffer.from(message.messageId))],
  )
  return new Map(rows.map(({ message_id: id, seq, incarnation, hash }) => [toHex(id), { seq, incarnation, hash }]))
}

/** Where to read from: upwards from a seq, downwards from before one, or upwards from the first of a day. */
export type MessageCursor = { readonly from: number } | { readonly before: number | null } | { readonly day: number }

export interface KeptMessage {
  readonly seq: number
  readonly incarnation: number
  readonly day: number
  readonly message: Uint8Array
}

type MessageRow = Omit<KeptMessage, "message"> & MessageBytes & { readonly hash: Uint8Array }

/** Where messages are: their rows, and the packs that old ones' bytes are in. */
export interface MessageStore {
  readonly catalog: Queryable
  readonly objects: ObjectStore
  /** Told of messages whose bytes are lost. */
  readonly logger: Pick<Logger, "error">
}

export interface MessagePage {
  /** Upwards by seq, or downwards, as they were asked for. */
  readonly messages: readonly KeptMessage[]
  /** Continues as the cursor was: `from`, or `before`; `null` where nothing is behind. */
  readonly next: number | null
  /** Seq of the oldest that is kept. */
  readonly first: number
  /** So many there were; the newest has one less. */
  readonly count: number
  readonly incarnation: number
}

/** At most `limit` messages, and about 4 MiB; those whose bytes are lost are left out. @throws {@link ArchiveError} `not-found`; `gone` once the meeting was deleted. CS4. */
export async function readMessages(
  { catalog, objects, logger }: MessageStore,
  meetingId: MeetingId,
  cursor: MessageCursor,
  limit: number,
): Promise<MessagePage> {
  return await readingPacks(logger, async (onLost) => {
    const { messages, ...page } = await readPage(catalog, meetingId, cursor, limit)
    return { ...page, messages: (await withBytes(objects, messages, onLost)).map(asKept) }
  })
}

async function readPage(
  catalog: Queryable,
  meetingId: MeetingId,
  cursor: MessageCursor,
  limit: number,
): Promise<Omit<MessagePage, "messages"> & { readonly messages: readonly MessageRow[] }> {
  const [meeting] = await catalog.query<{
    purge_day: number | null
    count: number
    first: number
    incarnation: number
  }>(
    `SELECT purge_day, message_count AS count, (SELECT incarnation FROM instance) AS incarnation, coalesce(
       (SELECT seq FROM messages WHERE messages.meeting_id = $1 AND messages.purge_day IS NULL ORDER BY day, seq LIMIT 1),
       message_count) AS first
     FROM meetings WHERE meeting_id = $1`,
    [meetingId],
  )
  if (meeting === undefined) throw await lackOf(catalog, "meeting", meetingId)
  if (meeting.purge_day !== null) throw new ArchiveError("gone", "this meeting was deleted")
  const { count, first, incarnation } = meeting
  const isDownwards = "before" in cursor
  const from =
    "from" in cursor ? cursor.from : "day" in cursor ? await firstOfDay(catalog, meetingId, cursor.day, count) : 0
  // Nothing beyond the count just read.
  const until = isDownwards ? Math.min(cursor.before ?? count, count) : count
  const read = { meetingId, from, until, isDownwards, limit: Math.min(limit, HTTP_LIMITS.messagesPerPage) }
  const messages = await readRows(catalog, read)
  const last = messages.at(-1)?.seq
  const isAll = last === undefined || (isDownwards ? last <= first : last === count - 1)
  return { messages, next: isAll ? null : isDownwards ? last : last + 1, first, count, incarnation }
}

/** Which rows of a meeting are read, and from which end. */
interface RowRange {
  readonly meetingId: MeetingId
  readonly from: number
  readonly until: number
  readonly isDownwards: boolean
  readonly limit: number
}

/**
 * Looks at no more rows than a page has, since seqs have no gaps but where messages went: a database that does not know yet how long a chat is would read and
 * sort all of it to find the first ones of a longer range.
 */
async function readRows(catalog: Queryable, range: RowRange): Promise<readonly MessageRow[]> {
  const page = await readSpan(catalog, range)
  if (page.length > 0 || range.until - range.from <= range.limit) return page
  const [nearest] = await catalog.query<{ seq: number }>(
    `SELECT seq FROM messages WHERE meeting_id = $1 AND seq >= $2 AND seq < $3 AND purge_day IS NULL
     ORDER BY seq ${orderOf(range)} LIMIT 1`,
    [range.meetingId, range.from, range.until],
  )
  if (nearest === undefined) return []
  return await readSpan(
    catalog,
    range.isDownwards ? { ...range, until: nearest.seq + 1 } : { ...range, from: nearest.seq },
  )
}

/** Of the first `limit` seqs of a range what is there, and no more than a page's bytes. */
async function readSpan(catalog: Queryable, range: RowRange): Promise<readonly MessageRow[]> {
  const { meetingId, isDownwards, limit } = range
  const from = isDownwards ? Math.max(range.from, range.until - limit) : range.from
  const until = isDownwards ? range.until : Math.min(range.until, range.from + limit)
  const order = orderOf(range)
  // The running sum bounds the page's bytes.
  return await catalog.query<MessageRow>(
    `SELECT seq, incarnation, day, ${MESSAGE_BYTES} FROM (
       SELECT *, sum(${SIZE_BYTES}) OVER (ORDER BY seq ${order}) - ${SIZE_BYTES} AS bytes_before
       FROM messages WHERE meeting_id = $1 AND seq >= $2 AND seq < $3 AND purge_day IS NULL) AS sized
     WHERE bytes_before < $4 ORDER BY seq ${order}`,
    [meetingId, from, until, HTTP_LIMITS.pageBytes],
  )
}

function orderOf({ isDownwards }: RowRange): string {
  return isDownwards ? "DESC" : "ASC"
}

/**
 * Messages from a seq on, for who is told of them as they come; those whose bytes are lost are left out.
 * @returns with them the seq behind all that were looked at, lost ones too, and whether these are all.
 */
export async function messagesFrom(
  { catalog, objects, logger }: MessageStore,
  meetingId: Uint8Array,
  from: number,
  limit: number,
): Promise<{ readonly messages: readonly KeptMessage[]; readonly next: number; readonly isAll: boolean }> {
  return await readingPacks(logger, async (onLost) => {
    const rows = await catalog.query<MessageRow>(
      `SELECT seq, incarnation, day, ${MESSAGE_BYTES} FROM messages JOIN meetings USING (meeting_id)
       WHERE meeting_id = $1 AND seq >= $2 AND messages.purge_day IS NULL AND meetings.purge_day IS NULL ORDER BY seq LIMIT $3`,
      [meetingId, from, limit],
    )
    const messages = (await withBytes(objects, rows, onLost)).map(asKept)
    return { messages, next: (rows.at(-1)?.seq ?? from - 1) + 1, isAll: rows.length < limit }
  })
}

function asKept({ seq, incarnation, day, message }: KeptMessage): KeptMessage {
  return { seq, incarnation, day, message }
}

async function firstOfDay(catalog: Queryable, meetingId: MeetingId, day: number, count: number): Promise<number> {
  const [row] = await catalog.query<{ seq: number }>(
    "SELECT seq FROM messages WHERE meeting_id = $1 AND day >= $2 AND purge_day IS NULL ORDER BY day, seq LIMIT 1",
    [meetingId, day],
  )
  return row?.seq ?? count
}

/** Marks messages that their meeting is not to keep any longer: nobody reads them from now on. @returns how many. SPEC.md §15. */
export async function markOutlivedMessages(catalog: Queryable, graceDays: number): Promise<number> {
  const rows = await catalog.query(
    `UPDATE messages SET purge_day = ${TODAY} + $1::int FROM meetings
     WHERE messages.meeting_id = meetings.meeting_id AND retention_days IS NOT NULL AND messages.purge_day IS NULL
       AND day + retention_days <= ${TODAY} RETURNING 1 AS marked`,
    [graceDays],
  )
  return rows.length
}

/** Meetings with messages whose purge day has come. */
export async function meetingsWithDueMessages(catalog: Queryable, limit: number): Promise<readonly Uint8Array[]> {
  const rows = await catalog.query<{ meeting_id: Uint8Array }>(
    `SELECT DISTINCT meeting_id FROM messages WHERE purge_day <= ${TODAY} LIMIT $1`,
    [limit],
  )
  return rows.map((row) => row.meeting_id)
}

/** Removes a meeting's oldest messages, up to the first whose purge day has not come. @returns how many. */
export async function purgeMessages(catalog: Catalog, meetingId: Uint8Array): Promise<number> {
  return await catalog.transaction(async (transaction) => {
    // Whoever places a hold waits for this, or this for it: then the database keeps what goes.
    await lockSubjects(transaction, [meetingId])
    await lockMeetingRow(transaction, meetingId)
    const [purged] = await transaction.query<{ count: number; bytes: number }>(
      `WITH purged AS (
         DELETE FROM messages WHERE meeting_id = $1 AND seq < (
           SELECT coalesce(min(seq), ${MOST_SEQ}) FROM messages
           WHERE meeting_id = $1 AND (purge_day IS NULL OR purge_day > ${TODAY}))
         RETURNING ${SIZE_BYTES} AS bytes)
       SELECT count(*) AS count, coalesce(sum(bytes), 0)::bigint AS bytes FROM purged`,
      [meetingId],
    )
    const { count, bytes } = purged ?? { count: 0, bytes: 0 }
    await transaction.query(
      "UPDATE meetings SET purged_messages = purged_messages + $2, message_bytes = message_bytes - $3 WHERE meeting_id = $1",
      [meetingId, count, bytes],
    )
    return count
  })
}
