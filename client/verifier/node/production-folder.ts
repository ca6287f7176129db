import { createReadStream } from "node:fs"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { decodeEvent, eventHash } from "../../../shared/protocol/event.js"
import { ZERO_HASH } from "../../../shared/protocol/hash.js"
import { idOfHash, type MeetingId } from "../../../shared/protocol/ids.js"
import type { CheckedOpening } from "../../../shared/protocol/opening-check.js"
import { CHUNK_BYTES } from "../../../shared/protocol/sizes.js"
import type { SealedBytes } from "../read-opening.js"
import type { FoundInLog } from "../words.js"

/** What an opening is held against in the folder of a production (SPEC.md §12). Whether that is whole its own verifier says. */

/** Sealed segments from the production's chunks. */
export function sealedOfProduction(folder: string): SealedBytes {
  return {
    read: async (assetId, start, end) => {
      const chunk = Math.floor(start / CHUNK_BYTES)
      const path = join(folder, "data", "objects", toHex(assetId), String(chunk))
      const file = await open(path).catch((cause: unknown) => {
        throw new ArchiveError("not-found", `${path} is not in the production`, { cause, place: `chunk ${chunk}` })
      })
      try {
        const bytes = new Uint8Array(end - start)
        const { bytesRead } = await file.read(bytes, 0, bytes.length, start - chunk * CHUNK_BYTES)
        if (bytesRead < bytes.length)
          throw new ArchiveError("truncated", "the production's chunk ends too early", { place: `chunk ${chunk}` })
        return bytes
      } finally {
        await file.close()
      }
    },
  }
}

/**
 * Finds the event of an opening in the log of its meeting, which is followed from the genesis on.
 * @throws {@link ArchiveError} `integrity` for a log that does not follow, or has another statement there; `not-found` without the meeting. OP10.
 */
export async function findInLog(folder: string, { statement, statementHash }: CheckedOpening): Promise<FoundInLog> {
  let meetingId: MeetingId | null = null
  let [prev, seq]: [Uint8Array, number] = [ZERO_HASH, 0]
  let found: Uint8Array | null = null
  for await (const raw of eventsOf(folder)) {
    const [event, hash] = [decodeEvent(raw), eventHash(raw)]
    const begins =
      event.seq === 0 &&
      (statement.seq === 0 ? equalBytes(event.statementHash, statementHash) : equalBytes(hash, statement.meetingHash))
    if (begins && meetingId === null) meetingId = idOfHash("meeting", hash)
    else if (meetingId === null || !equalBytes(event.meetingId, meetingId)) continue
    if (event.seq !== seq || !equalBytes(event.prev, prev))
      throw new ArchiveError("integrity", "the production's log does not follow", { place: `event ${seq}` })
    if (seq === statement.seq) {
      if (!equalBytes(event.statementHash, statementHash))
        throw new ArchiveError("integrity", "the production's log has another statement there", {
          place: `event ${seq}`,
        })
      found = hash
    }
    prev = hash
    seq++
  }
  if (meetingId === null) throw new ArchiveError("not-found", "the production has not the meeting of this opening")
  if (found === null)
    throw new ArchiveError("not-found", "the production's log ends before the event of this opening", {
      place: `event ${statement.seq}`,
    })
  return { seq: statement.seq, events: seq, eventHash: found }
}

const ROW = '{"table":"meeting_events",'

async function* eventsOf(folder: string): AsyncGenerator<Uint8Array> {
  const path = join(folder, "data", "records.jsonl")
  const stream = createReadStream(path)
  const lines = createInterface({ input: stream, crlfDelay: Infinity })
  try {
    for await (const line of lines) {
      if (!line.startsWith(ROW)) continue
      const { row } = JSON.parse(line) as { readonly row?: { readonly event?: unknown } }
      if (typeof row?.event !== "string") throw new ArchiveError("integrity", "a row of another form", { place: path })
      yield new Uint8Array(Buffer.from(row.event, "base64"))
    }
  } catch (cause) {
    if (cause instanceof ArchiveError) throw cause
    throw new ArchiveError("not-found", `${path} can't be read`, { cause })
  } finally {
    lines.close()
    stream.destroy()
  }
}
