import { createReadStream } from "node:fs"
import { join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import * as z from "zod"
import { SCHEMA } from "../../shared/server/schema.js"
import { refused } from "./bag-reader.js"
import { PRODUCED_TABLES, type ProducedTable, schemaFileSchema } from "./production-format.js"

const bytes = z
  .string()
  .regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/)
  .transform((text) => new Uint8Array(Buffer.from(text, "base64")))
const count = z.number().int().min(0)
const time = z.string()

/** Each table's row as a production gives it; other columns than these are refused. */
const rowSchemas = {
  meetings: z.strictObject({
    meeting_id: bytes,
    head_seq: count,
    head_hash: bytes,
    epoch: count,
    asset_count: count,
    stored_bytes: count,
    created_day: count,
    retention_days: count.nullable(),
    purge_day: count.nullable(),
    message_count: count,
    message_bytes: count,
    purged_messages: count,
  }),
  meeting_events: z.strictObject({
    meeting_id: bytes,
    seq: count,
    epoch: count,
    hash: bytes,
    event: bytes,
    assets: z.array(bytes),
    day: count,
  }),
  meeting_epochs: z.strictObject({
    meeting_id: bytes,
    seq: count,
    epoch: count,
    access_key: bytes,
    admin_key: bytes,
    certificate: bytes,
  }),
  messages: z.strictObject({
    meeting_id: bytes,
    seq: count,
    incarnation: count,
    epoch: count,
    message_id: bytes,
    hash: bytes,
    message: bytes,
    day: count,
    purge_day: count.nullable(),
    pack_id: bytes.nullable(),
    pack_offset: count.nullable(),
    packed_bytes: count.nullable(),
  }),
  tombstones: z.strictObject({ kind: z.string(), id: bytes, day: count }),
  assets: z.strictObject({
    asset_id: bytes,
    meeting_id: bytes,
    header: bytes,
    header_hash: bytes,
    state: z.enum(["uploading", "storing", "stored", "cancelled", "marked", "purging"]),
    size_bytes: count.nullable(),
    offset_bytes: count,
    root: bytes.nullable(),
    upload_secret_hash: bytes,
    receipt: bytes.nullable(),
    lease_token: count,
    lease_until: time.nullable(),
    created_day: count,
    stored_day: count.nullable(),
    active_at: time,
    purge_day: count.nullable(),
    live_segments: count.nullable(),
    live_head: bytes.nullable(),
    removing: z.boolean(),
  }),
  chunks: z.strictObject({
    asset_id: bytes,
    n: count,
    size_bytes: count,
    sha256: bytes.nullable(),
    leaf_hashes: bytes,
    stored: z.boolean(),
  }),
  pieces: z.strictObject({
    asset_id: bytes,
    start_bytes: count,
    size_bytes: count,
    spool_name: z.string(),
    sha256: bytes,
    leaf_hashes: bytes,
  }),
  accounts: z.strictObject({
    account_id: bytes,
    genesis_hash: bytes,
    head_seq: count,
    head_hash: bytes,
    created_day: count,
    recovery_key: bytes.nullable(),
    closed_day: count.nullable(),
  }),
  account_links: z.strictObject({ account_id: bytes, seq: count, link: bytes, hash: bytes }),
  account_boxes: z.strictObject({ account_id: bytes, box_hash: bytes, box: bytes }),
  handles: z.strictObject({ handle: z.string(), account_id: bytes }),
  inbox_entries: z.strictObject({ entry_id: bytes, account_id: bytes, sealed: bytes, day: count, position: count }),
  keyring_records: z.strictObject({ account_id: bytes, seq: count, record: bytes, hash: bytes }),
  keyring_snapshots: z.strictObject({ account_id: bytes, seq: count, snapshot: bytes }),
} as const satisfies Record<ProducedTable, z.ZodType>

export type ProducedRow<T extends ProducedTable> = z.output<(typeof rowSchemas)[T]>
export type ProducedRecord = {
  readonly [T in ProducedTable]: { readonly table: T; readonly row: ProducedRow<T> }
}[ProducedTable]

const lineSchema = z.strictObject({ table: z.enum(PRODUCED_TABLES), row: z.record(z.string(), z.unknown()) })
const NEWLINE = 0x0a
export const RECORDS_PATH = "data/records.jsonl"

/** The longest is that of the largest epoch event, in base64. */
export const LINE_LIMIT_BYTES = 12 * 1024 * 1024

/** The rows of a production, one by one. @throws {@link ArchiveError} `integrity`, with the line as place. */
export async function* readRecords(folder: string): AsyncGenerator<ProducedRecord> {
  let number = 0
  for await (const line of linesOf(createReadStream(join(folder, RECORDS_PATH))))
    yield parseRecord(line, `${RECORDS_PATH} line ${++number}`)
}

/** Lines without their ends; one without an end, or too long, comes as far as it was read, and is then no row. */
async function* linesOf(contents: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let restBytes = 0
  for await (const part of contents) {
    let from = 0
    for (let end = part.indexOf(NEWLINE); end >= 0; end = part.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...rest, part.subarray(from, end)])
      rest = []
      restBytes = 0
      from = end + 1
    }
    rest.push(part.subarray(from))
    restBytes += part.length - from
    if (restBytes > LINE_LIMIT_BYTES) break
  }
  if (restBytes > 0) yield Buffer.concat([...rest, Buffer.of(NEWLINE)])
}

/** One row, as a line of `records.jsonl` without its end. @throws {@link ArchiveError} `integrity`, with the place. */
export function parseRecord(line: Uint8Array, place: string): ProducedRecord {
  if (line.length > LINE_LIMIT_BYTES) throw refused("a row that is longer than any", place)
  const text = Buffer.from(line.buffer, line.byteOffset, line.length).toString("utf8")
  const json = parseJson(text, place)
  const parsed = lineSchema.safeParse(json)
  // A name given twice would let two readers see two rows.
  if (!parsed.success || JSON.stringify(json) !== text) throw refused("a row of another form", place)
  const { table, row } = parsed.data
  const checked = rowSchemas[table].safeParse(row)
  if (!checked.success) throw refused(`a row of ${table} with other columns than its table has`, place)
  return { table, row: checked.data } as ProducedRecord
}

/** @throws {@link ArchiveError} `integrity` unless the schema file describes exactly the columns that are read here. */
export function assertSchemaFile(text: string): void {
  const parsed = schemaFileSchema.safeParse(parseJson(text, "data/schema.json"))
  const same =
    parsed.success &&
    Object.keys(parsed.data).length === PRODUCED_TABLES.length &&
    PRODUCED_TABLES.every((table) => {
      return isDeepStrictEqual(parsed.data[table], SCHEMA[table])
    })
  if (!same) throw refused("a schema that is not the one that this version describes", "data/schema.json")
}

export function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refused("not JSON", place)
  }
}
