import { createReadStream } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { isDeepStrictEqual } from "node:util"
import { z } from "zod"
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
  assets: z.strictObject({
    asset_id: bytes,
    meeting_id: bytes,
    header: bytes,
    header_hash: bytes,
    state: z.enum(["uploading", "storing", "stored", "cancelled"]),
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
} as const satisfies Record<ProducedTable, z.ZodType>

export type ProducedRow<T extends ProducedTable> = z.output<(typeof rowSchemas)[T]>
export type ProducedRecord = {
  readonly [T in ProducedTable]: { readonly table: T; readonly row: ProducedRow<T> }
}[ProducedTable]

const lineSchema = z.strictObject({ table: z.enum(PRODUCED_TABLES), row: z.record(z.string(), z.unknown()) })
export const RECORDS_PATH = "data/records.jsonl"

/** The rows of a production, one by one. @throws {@link ArchiveError} `integrity`, with the line as place. */
export async function* readRecords(folder: string): AsyncGenerator<ProducedRecord> {
  const lines = createInterface({ input: createReadStream(join(folder, RECORDS_PATH), "utf8"), crlfDelay: Infinity })
  let number = 0
  for await (const line of lines) {
    number += 1
    const place = `${RECORDS_PATH} line ${number}`
    const json = parseJson(line, place)
    const parsed = lineSchema.safeParse(json)
    // A name given twice would let two readers see two rows.
    if (!parsed.success || JSON.stringify(json) !== line) throw refused("a row of another form", place)
    const { table, row } = parsed.data
    const checked = rowSchemas[table].safeParse(row)
    if (!checked.success) throw refused(`a row of ${table} with other columns than its table has`, place)
    yield { table, row: checked.data } as ProducedRecord
  }
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
