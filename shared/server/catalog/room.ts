import { ArchiveError } from "../../protocol/errors.js"
import { SEGMENT_BYTES } from "../../protocol/sizes.js"
import type { ByteCaps } from "../config.js"
import type { Catalog, Queryable } from "../ports.js"

/**
 * Bytes per meeting and per instance. What counts is what is stored, messages too, and of every upload that goes on the length that it declared; without one, what
 * it brought so far, and at least a segment. Cancelled uploads count no more: the worker removes them within minutes.
 */

const UNFINISHED_BYTES = `coalesce(sum(coalesce(size_bytes, greatest(offset_bytes, ${SEGMENT_BYTES}))), 0)`
/** Of PostgreSQL's advisory locks, the one under which room is given away. */
const ROOM_LOCK = 7_461_636_974

interface Used {
  readonly meetingBytes: number
  readonly instanceBytes: number
}

/**
 * Does in one transaction what may take room, and undoes it where more room was taken than there is. One process at a time, so that two uploads never get the same room.
 * @throws {@link ArchiveError} `quota-exceeded`, and what `work` throws; nothing is changed then.
 */
export async function withinCaps<T>(
  catalog: Catalog,
  caps: ByteCaps,
  meetingId: Uint8Array,
  work: (transaction: Queryable) => Promise<T>,
): Promise<T> {
  if (!hasCaps(caps)) return await catalog.transaction(work)
  return await catalog.transaction(async (transaction) => {
    await transaction.query("SELECT pg_advisory_xact_lock($1::bigint)", [ROOM_LOCK])
    const before = await usedBytes(transaction, caps, meetingId)
    const result = await work(transaction)
    const after = await usedBytes(transaction, caps, meetingId)
    // What takes no more room than before may go on, also where a cap was lowered meanwhile.
    assertRoom(caps, before, after)
    return result
  })
}

export function hasCaps({ meetingBytes, instanceBytes }: ByteCaps): boolean {
  return meetingBytes !== null || instanceBytes !== null
}

/** The same for `sizeBytes` that are about to come, before any of them is read. @throws {@link ArchiveError} `quota-exceeded`. */
export async function requireRoom(
  catalog: Queryable,
  caps: ByteCaps,
  meetingId: Uint8Array,
  sizeBytes: number,
): Promise<void> {
  const used = await usedBytes(catalog, caps, meetingId)
  assertRoom(caps, used, {
    meetingBytes: used.meetingBytes + sizeBytes,
    instanceBytes: used.instanceBytes + sizeBytes,
  })
}

async function usedBytes(catalog: Queryable, caps: ByteCaps, meetingId: Uint8Array): Promise<Used> {
  const unfinished = `SELECT ${UNFINISHED_BYTES} FROM assets WHERE state IN ('uploading', 'storing')`
  const [meeting] =
    caps.meetingBytes === null
      ? []
      : await catalog.query<{ bytes: number }>(
          `SELECT (stored_bytes + message_bytes + (${unfinished} AND assets.meeting_id = $1))::bigint AS bytes FROM meetings WHERE meeting_id = $1`,
          [meetingId],
        )
  const [instance] =
    caps.instanceBytes === null
      ? []
      : await catalog.query<{ bytes: number }>(
          `SELECT (coalesce(sum(stored_bytes + message_bytes), 0) + (${unfinished}))::bigint AS bytes FROM meetings`,
          [],
        )
  return { meetingBytes: meeting?.bytes ?? 0, instanceBytes: instance?.bytes ?? 0 }
}

function assertRoom(caps: ByteCaps, before: Used, after: Used): void {
  const exceeds = (cap: number | null, from: number, to: number): boolean => cap !== null && to > from && to > cap
  if (exceeds(caps.meetingBytes, before.meetingBytes, after.meetingBytes))
    throw new ArchiveError(
      "quota-exceeded",
      `a meeting may hold ${caps.meetingBytes ?? 0} bytes here, and with this it would be ${after.meetingBytes}: use another meeting, or ask the operator for more room (MEETING_BYTES_MAX)`,
    )
  if (exceeds(caps.instanceBytes, before.instanceBytes, after.instanceBytes))
    // How much others store is nobody's business.
    throw new ArchiveError(
      "quota-exceeded",
      "this server has no room for it: ask its operator for more (INSTANCE_BYTES_MAX)",
    )
}
