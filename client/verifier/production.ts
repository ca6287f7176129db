import { base64 } from "@scure/base"
import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { decodeEvent, eventHash } from "../../shared/protocol/event.js"
import { ZERO_HASH } from "../../shared/protocol/hash.js"
import { idOfHash, type MeetingId } from "../../shared/protocol/ids.js"
import type { CheckedOpening } from "../../shared/protocol/opening-check.js"
import type { CheckedMessages } from "../../shared/protocol/opening-messages.js"
import { CHUNK_BYTES } from "../../shared/protocol/sizes.js"
import type { SealedBytes } from "./read-opening.js"
import type { FoundInProduction } from "./words.js"

/** What an opening is held against in a production (SPEC.md §12). Whether that is whole its own verifier says. */

/** A production's files, by their paths in it. */
export interface ProductionFiles {
  /** The bytes from `start` to before `end`. @throws {@link ArchiveError} `not-found` without the file, `truncated` where it ends before. */
  read(path: string, start: number, end: number): Promise<Uint8Array>
  /** Of text. @throws {@link ArchiveError} `not-found`. */
  lines(path: string): AsyncIterable<string>
}

const RECORDS = "data/records.jsonl"

/** Sealed segments from the production's chunks. */
export function sealedOfProduction(files: ProductionFiles): SealedBytes {
  return {
    read: async (assetId, start, end) => {
      const chunk = Math.floor(start / CHUNK_BYTES)
      const from = chunk * CHUNK_BYTES
      return await files.read(`data/objects/${toHex(assetId)}/${chunk}`, start - from, end - from)
    },
  }
}

/**
 * Finds what is opened in the production's rows.
 * @throws {@link ArchiveError} `integrity` for rows that say something else there; `not-found` where there are none. OP10, OP13.
 */
export async function findInProduction(
  files: ProductionFiles,
  opening: CheckedOpening | CheckedMessages,
): Promise<FoundInProduction> {
  return "messages" in opening ? await findInChat(files, opening) : await findInLog(files, opening)
}

/** Follows the meeting's log from the genesis on. OP10. */
async function findInLog(
  files: ProductionFiles,
  { statement, statementHash }: CheckedOpening,
): Promise<FoundInProduction> {
  let meetingId: MeetingId | null = null
  let [prev, seq]: [Uint8Array, number] = [ZERO_HASH, 0]
  let found: Uint8Array | null = null
  for await (const row of rowsOf(files, "meeting_events")) {
    const raw = bytesOf(row, "event")
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
  return { in: "log", seq: statement.seq, events: seq, eventHash: found }
}

/** Looks every message up by its id. OP13. */
async function findInChat(
  files: ProductionFiles,
  { meetingHash, messages }: CheckedMessages,
): Promise<FoundInProduction> {
  const meetingId = idOfHash("meeting", meetingHash)
  const wanted = new Map(messages.map(({ statement }, index) => [toHex(statement.messageId), index]))
  const seqs = new Map<number, number>()
  for await (const row of rowsOf(files, "messages")) {
    if (!equalBytes(bytesOf(row, "meeting_id"), meetingId)) continue
    const index = wanted.get(toHex(bytesOf(row, "message_id")))
    if (index === undefined) continue
    const rawMessage = messages[index]?.rawMessage ?? null
    if (rawMessage !== null && !equalBytes(rawMessage, bytesOf(row, "message")))
      throw new ArchiveError("integrity", "the production's chat has other bytes there", { place: `message ${index}` })
    seqs.set(index, numberOf(row, "seq"))
  }
  return {
    in: "chat",
    seqs: messages.map((_, index) => {
      const seq = seqs.get(index)
      if (seq === undefined)
        throw new ArchiveError("not-found", "the production's chat has not this message", { place: `message ${index}` })
      return seq
    }),
  }
}

type Row = Readonly<Record<string, unknown>>

async function* rowsOf(files: ProductionFiles, table: string): AsyncGenerator<Row> {
  const beginning = `{"table":"${table}",`
  for await (const line of files.lines(RECORDS)) {
    if (!line.startsWith(beginning)) continue
    const { row } = parsed(line) as { readonly row?: Row }
    if (typeof row !== "object") throw ofAnotherForm()
    yield row
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw ofAnotherForm()
  }
}

function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column]
  try {
    if (typeof value === "string") return base64.decode(value)
  } catch {
    // It says so below.
  }
  throw ofAnotherForm()
}

function numberOf(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== "number") throw ofAnotherForm()
  return value
}

function ofAnotherForm(): ArchiveError {
  return new ArchiveError("integrity", "a row of another form", { place: RECORDS })
}
