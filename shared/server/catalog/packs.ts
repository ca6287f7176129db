import { buffer } from "node:stream/consumers"
import { equalBytes, toHex } from "../../protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../protocol/errors.js"
import { messageHash } from "../../protocol/message.js"
import { packKey, type PackedMessage } from "../chat-pack.js"
import type { Logger } from "../logger.js"
import type { Catalog, ObjectStore, Queryable } from "../ports.js"
import { lockMeetingRow } from "./deletion.js"
import { TODAY } from "./sql.js"

/** Old messages' bytes, which are in packs of the object store while their rows stay. SPEC.md §16.6. */

/** Of the messages of one pack. */
const PACK_BYTES = 4 * 1024 * 1024
/** Less than that is not worth an object of its own: such rows stay whole. */
const LEAST_BYTES = 16 * 1024

/** Where a message's bytes are. */
export type MessageBytes =
  | { readonly message: Uint8Array }
  | {
      readonly message: null
      readonly pack_id: Uint8Array
      readonly pack_offset: number
      readonly packed_bytes: number
    }

/** What a query selects of a message so that {@link withBytes} can be asked for the rest. */
export const MESSAGE_BYTES = "message, pack_id, pack_offset, packed_bytes, hash"
/** Of a row, packed or not. */
export const SIZE_BYTES = "coalesce(packed_bytes, length(message))"

/** Messages of one meeting and day that are to be packed, by seq. */
export interface Packable {
  readonly meetingId: Uint8Array
  readonly messages: readonly PackedMessage[]
}

/** The oldest that are old enough and enough; `null` where there are none. */
export async function nextPackable(catalog: Queryable, afterDays: number): Promise<Packable | null> {
  const [found] = await catalog.query<{ meeting_id: Uint8Array; day: number }>(
    `SELECT meeting_id, day FROM messages WHERE pack_id IS NULL AND purge_day IS NULL AND day <= ${TODAY} - $1::int
     GROUP BY day, meeting_id HAVING sum(length(message)) >= ${LEAST_BYTES} ORDER BY day LIMIT 1`,
    [afterDays],
  )
  if (found === undefined) return null
  const messages = await catalog.query<PackedMessage>(
    `SELECT seq, incarnation, day, message FROM (
       SELECT *, sum(length(message)) OVER (ORDER BY seq) AS bytes_until FROM messages
       WHERE meeting_id = $1 AND day = $2 AND pack_id IS NULL AND purge_day IS NULL) AS sized
     WHERE bytes_until <= ${PACK_BYTES} ORDER BY seq`,
    [found.meeting_id, found.day],
  )
  return { meetingId: found.meeting_id, messages }
}

export interface BegunPack {
  readonly packId: Uint8Array
  readonly sha256: Uint8Array
  readonly sizeBytes: number
}

/** Names a pack before its object is put, so that whatever becomes of this process the object is found. */
export async function beginPack(catalog: Queryable, { packId, sha256, sizeBytes }: BegunPack): Promise<void> {
  await catalog.query("INSERT INTO message_packs (pack_id, sha256, size_bytes, begun_at) VALUES ($1, $2, $3, now())", [
    packId,
    sha256,
    sizeBytes,
  ])
}

/**
 * Puts a pack that is stored in the place of its messages' bytes: of all or of none.
 * @returns whether it did; not where one of them went, or was packed by another worker, meanwhile.
 */
export async function finishPack(
  catalog: Catalog,
  packId: Uint8Array,
  { meetingId, messages }: Packable,
  offsets: readonly number[],
): Promise<boolean> {
  return await catalog
    .transaction(async (transaction) => {
      await lockMeetingRow(transaction, meetingId)
      const [begun] = await transaction.query(
        "UPDATE message_packs SET begun_at = NULL WHERE pack_id = $1 AND begun_at IS NOT NULL RETURNING 1 AS finished",
        [packId],
      )
      if (begun === undefined) throw new Overtaken()
      const packed = await transaction.query(
        `UPDATE messages SET message = NULL, pack_id = $2, pack_offset = packed.at, packed_bytes = length(message)
         FROM unnest($3::bigint[], $4::bigint[]) AS packed (seq, at)
         WHERE meeting_id = $1 AND messages.seq = packed.seq AND pack_id IS NULL AND purge_day IS NULL RETURNING 1 AS packed`,
        [meetingId, packId, messages.map(({ seq }) => seq), offsets],
      )
      if (packed.length !== messages.length) throw new Overtaken()
      return true
    })
    .catch((error: unknown) => {
      if (error instanceof Overtaken) return false
      throw error
    })
}

class Overtaken extends Error {}

/** Packs that no message has any more, nor a hold keeps, and those that were begun so long ago that nobody finishes them. CS9. */
export async function strayPacks(catalog: Queryable, settleMs: number, limit: number): Promise<readonly Uint8Array[]> {
  const rows = await catalog.query<{ pack_id: Uint8Array }>(
    `SELECT pack_id FROM message_packs
     WHERE begun_at <= now() - $1 * interval '1 millisecond' OR (lost_rows AND begun_at IS NULL AND NOT ${IS_NAMED}) LIMIT $2`,
    [settleMs, limit],
  )
  return rows.map((row) => row.pack_id)
}

const IS_NAMED = `(EXISTS (SELECT 1 FROM messages WHERE messages.pack_id = message_packs.pack_id)
  OR EXISTS (SELECT 1 FROM held_rows WHERE table_name = 'messages' AND contents ->> 'pack_id' = '\\x' || encode(message_packs.pack_id, 'hex')))`

/** Ends a pack that was begun and not finished: nobody finishes it from now on. @returns whether its object may go. */
export async function giveUpPack(catalog: Queryable, packId: Uint8Array): Promise<boolean> {
  const [given] = await catalog.query(
    `UPDATE message_packs SET begun_at = NULL, lost_rows = true WHERE pack_id = $1 AND NOT ${IS_NAMED} RETURNING 1 AS given`,
    [packId],
  )
  return given !== undefined
}

/** Once its object is gone. */
export async function forgetPack(catalog: Queryable, packId: Uint8Array): Promise<void> {
  await catalog.query("DELETE FROM message_packs WHERE pack_id = $1", [packId])
}

/** Told of messages whose bytes can't be given, and how many of a pack these are: without them the others are. */
type OnLost = (lost: ArchiveError, packId: Uint8Array, messages: number) => void

/**
 * Reads rows, and then the bytes of those that are in packs, neighbours at once; rows are read anew where a pack was removed between the two.
 * What is not there then either is lost: it is left out, and the log says so to the operator. CS8.
 * @param read gives rows that have {@link MESSAGE_BYTES}, and what {@link withBytes} makes of them.
 * @throws {@link ArchiveError} what `read` throws; `unavailable`.
 */
export async function readingPacks<T>(logger: Pick<Logger, "error">, read: (onLost: OnLost) => Promise<T>): Promise<T> {
  try {
    return await read(refuseLost)
  } catch (error) {
    if (!isArchiveError(error) || error.code !== "integrity") throw error
    return await read((lost, packId, messages) => {
      logger.error("messages of a pack are lost", { code: lost.code, pack: toHex(packId), messages })
    })
  }
}

function refuseLost(lost: ArchiveError): never {
  throw lost
}

/** That a pack is not in the store. Where rows that are read from now on still name it, its bytes are lost. */
export class PackRemoved extends ArchiveError {
  readonly packId: Uint8Array

  constructor(packId: Uint8Array) {
    super("integrity", "a pack of messages that the catalog names is not in the store", {
      place: `pack ${toHex(packId)}`,
    })
    this.packId = packId
  }
}

/**
 * @param onLost returns where messages whose bytes are lost, or are not the row's, are to be left out.
 * @returns the rows with their messages' bytes. CS8.
 * @throws {@link ArchiveError} `integrity` for such bytes, unless `onLost` returns; `unavailable`.
 */
export async function withBytes<R extends MessageBytes & { readonly hash: Uint8Array }>(
  objects: ObjectStore,
  rows: readonly R[],
  onLost: OnLost = refuseLost,
): Promise<readonly (R & { readonly message: Uint8Array })[]> {
  const filled: (R & { readonly message: Uint8Array })[] = []
  for (const { pack, rows: neighbours } of runsOf(rows)) {
    const bytes = pack === null ? null : await readPack(objects, pack)
    const before = filled.length
    for (const row of neighbours) {
      const message = row.message ?? messageIn(row, bytes, pack?.start)
      if (message !== null) filled.push({ ...row, message })
    }
    const lost = before + neighbours.length - filled.length
    if (pack !== null && lost > 0)
      onLost(bytes === null ? new PackRemoved(pack.id) : otherBytes(pack.id), pack.id, lost)
  }
  return filled
}

interface PackRange {
  readonly id: Uint8Array
  start: number
  /** Inclusive. */
  end: number
}

/** @returns `null` where the pack is not in the store. */
async function readPack(objects: ObjectStore, { id, start, end }: PackRange): Promise<Uint8Array | null> {
  try {
    return await buffer(await objects.get(packKey(id), { start, end }))
  } catch (error) {
    if (isArchiveError(error) && error.code === "not-found") return null
    if (isArchiveError(error) && error.code === "truncated") return new Uint8Array(0)
    throw error
  }
}

/** @returns `null` where the pack has not the bytes that were posted. */
function messageIn(
  row: MessageBytes & { readonly message: null; readonly hash: Uint8Array },
  bytes: Uint8Array | null,
  start = 0,
): Uint8Array | null {
  const message = bytes?.subarray(row.pack_offset - start, row.pack_offset - start + row.packed_bytes)
  return message !== undefined && equalBytes(messageHash(message), row.hash) ? message : null
}

function otherBytes(packId: Uint8Array): ArchiveError {
  return new ArchiveError("integrity", "a pack holds other bytes of a message than were posted", {
    place: `pack ${toHex(packId)}`,
  })
}

/** Rows that follow each other in one pack, and those in none. */
function runsOf<R extends MessageBytes>(
  rows: readonly R[],
): readonly { readonly pack: PackRange | null; readonly rows: R[] }[] {
  const runs: { readonly pack: PackRange | null; readonly rows: R[] }[] = []
  for (const row of rows) {
    const last = runs.at(-1)
    const range =
      row.message === null
        ? { id: row.pack_id, start: row.pack_offset, end: row.pack_offset + row.packed_bytes - 1 }
        : null
    if (last === undefined || !isSamePack(last.pack, range)) runs.push({ pack: range, rows: [row] })
    else {
      last.rows.push(row)
      if (last.pack === null || range === null) continue
      last.pack.start = Math.min(last.pack.start, range.start)
      last.pack.end = Math.max(last.pack.end, range.end)
    }
  }
  return runs
}

function isSamePack(a: PackRange | null, b: PackRange | null): boolean {
  return a === null || b === null ? a === b : equalBytes(a.id, b.id)
}
