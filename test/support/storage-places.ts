import { open, readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import pg from "pg"
import { toHex } from "../../shared/protocol/bytes.js"
import { formatId, type AccountId, type MeetingId } from "../../shared/protocol/ids.js"
import { SCHEMA } from "../../shared/server/schema.js"

/** Where in a seized server's storage an account or a meeting stands, feature by feature. */

/** Places by id, in hex. */
export type Places = ReadonlyMap<string, readonly number[]>

/** One feature: places of accounts, and of meetings on the same scale. */
export interface Feature {
  readonly name: string
  readonly accounts: Places
  readonly meetings: Places
}

interface Rows {
  readonly table: string
  readonly id?: string
  readonly value: string
  readonly where?: string
}

/** In the order in which rows lie in their table, from 0 to 1. */
const ORDER = "(row_number() OVER (ORDER BY ctid))::float8 / count(*) OVER ()"
/** The transaction that wrote a row: PostgreSQL keeps its number beside the row, and it counts up over all tables. */
const WRITTEN = "xmin::text::float8"
/** The newest transaction that locked a row, as appending to an account's inbox and keyring does. */
const LOCKED = "xmax::text::float8"
/** Every table whose rows name an account, also one that is added some day. */
const ACCOUNT_TABLES = Object.keys(SCHEMA).filter((table) => SCHEMA[table]?.columns["account_id"] !== undefined)
const EVENTS = { table: "meeting_events", id: "meeting_id" }
const ASSETS = { table: "assets", id: "meeting_id" }

export interface Seized {
  readonly database: pg.Client
  readonly dataFolder: string
  /** All that the server logged, at its most talkative. */
  readonly logs: string
  readonly accountIds: readonly AccountId[]
  readonly meetingIds: readonly MeetingId[]
}

/** Every feature that is looked at. Rows of `meetings` and `meeting_epochs` are written with those of `meeting_events`. */
export async function measureFeatures(seized: Seized): Promise<readonly Feature[]> {
  const { database } = seized
  const read = async (rows: Rows): Promise<Places> => await placesOf(database, rows)
  const logOrder = await read({ ...EVENTS, value: ORDER })
  const logWritten = await read({ ...EVENTS, value: WRITTEN })
  const assetsOrder = await read({ ...ASSETS, value: ORDER })
  const assetsWritten = await read({ ...ASSETS, value: WRITTEN })
  const ofAccounts = async (name: string, rows: Omit<Rows, "id">, meetings: Places): Promise<Feature> => ({
    name,
    accounts: await read({ id: "account_id", ...rows }),
    meetings,
  })
  const features = [
    await ofAccounts("accounts order", { table: "accounts", value: ORDER, where: "head_seq = 0" }, logOrder),
    await ofAccounts("accounts xmin", { table: "accounts", value: WRITTEN, where: "head_seq = 0" }, logWritten),
    await ofAccounts("accounts xmax", { table: "accounts", value: LOCKED }, logWritten),
  ]
  for (const table of ACCOUNT_TABLES) {
    if (table === "accounts") continue
    features.push(
      await ofAccounts(`${table} order`, { table, value: ORDER }, logOrder),
      await ofAccounts(`${table} xmin`, { table, value: WRITTEN }, logWritten),
      await ofAccounts(`${table} order, assets order`, { table, value: ORDER }, assetsOrder),
      await ofAccounts(`${table} xmin, assets xmin`, { table, value: WRITTEN }, assetsWritten),
    )
  }
  const position = "(rank() OVER (ORDER BY position))::float8 / count(*) OVER ()"
  features.push(await ofAccounts("inbox_entries.position", { table: "inbox_entries", value: position }, logOrder))
  const expiry = "extract(epoch FROM expires_at)::float8"
  for (const [name, value] of [
    ["tokens.expires_at", expiry],
    ["tokens xmin", WRITTEN],
  ] as const) {
    const rows = { table: "tokens", id: "subject", value }
    features.push({ name, accounts: await read(rows), meetings: await read(rows) })
  }
  const sizes = { table: "keyring_records", value: "length(record)" }
  features.push(
    await ofAccounts("sizes", sizes, await read({ ...EVENTS, value: "length(event)" })),
    await ofAccounts(
      "counts of rows",
      { table: "keyring_records", value: "count(*) OVER (PARTITION BY account_id)::float8" },
      await read({ ...EVENTS, value: "count(*) OVER (PARTITION BY meeting_id)::float8" }),
    ),
    await ofAccounts(
      "days",
      { table: "accounts", value: "created_day" },
      await read({ ...EVENTS, table: "meetings", value: "created_day" }),
    ),
    await objectTimes(seized, await read({ id: "account_id", table: "keyring_records", value: ORDER })),
  )
  const wal = await walPlaces(seized)
  const logged = logPlaces(seized)
  features.push({ name: "WAL", accounts: wal, meetings: wal }, { name: "logs", accounts: logged, meetings: logged })
  return features
}

/** Of one column, or whatever SQL makes of a row. */
export async function placesOf(database: pg.Client, { table, id = "account_id", value, where }: Rows): Promise<Places> {
  const { rows } = await database.query<{ id: Buffer; value: number }>(
    `SELECT ${id} AS id, ${value} AS value FROM ${table} ${where === undefined ? "" : `WHERE ${where}`}`,
  )
  return grouped(rows.map((row): [string, number] => [toHex(row.id), row.value]))
}

function grouped(found: readonly (readonly [string, number])[]): Places {
  const places = new Map<string, number[]>()
  for (const [id, place] of found) {
    const known = places.get(id)
    if (known === undefined) places.set(id, [place])
    else known.push(place)
  }
  return places
}

/** Times of a meeting's objects and their folders, as ranks, against the order of accounts' keyrings. */
async function objectTimes({ database, dataFolder }: Seized, accounts: Places): Promise<Feature> {
  const { rows } = await database.query<{ asset: string; meeting: string }>(
    "SELECT encode(asset_id, 'hex') AS asset, encode(meeting_id, 'hex') AS meeting FROM assets",
  )
  const meetingOf = new Map(rows.map(({ asset, meeting }) => [asset, meeting]))
  const root = join(dataFolder, "objects", "c")
  const times: { readonly meeting: string; readonly timeMs: number }[] = []
  for (const path of await readdir(root, { recursive: true })) {
    const meeting = meetingOf.get(path.slice(0, 32))
    if (meeting !== undefined) times.push({ meeting, timeMs: (await stat(join(root, path))).mtimeMs })
  }
  const ordered = times.toSorted((a, b) => a.timeMs - b.timeMs)
  return {
    name: "object times",
    accounts,
    meetings: grouped(ordered.map(({ meeting }, rank) => [meeting, rank / ordered.length])),
  }
}

/** Lines of the logs that name an id, however it is written. */
function logPlaces({ logs, accountIds, meetingIds }: Seized): Places {
  const names = new Map<string, string>()
  for (const id of accountIds) names.set(formatId("account", id), toHex(id)).set(toHex(id), toHex(id))
  for (const id of meetingIds) names.set(formatId("meeting", id), toHex(id)).set(toHex(id), toHex(id))
  const found = logs.split("\n").flatMap((line, number) =>
    (line.match(/\w+/g) ?? []).flatMap((word): [string, number][] => {
      const id = names.get(word)
      return id === undefined ? [] : [[id, number]]
    }),
  )
  return grouped(found)
}

/** Offsets of ids in the write-ahead log, as if its segments were one file. */
async function walPlaces({ database, accountIds, meetingIds }: Seized): Promise<Places> {
  const { rows } = await database.query<{ data_directory: string }>("SHOW data_directory")
  const folder = join(rows[0]?.data_directory ?? "", "pg_wal")
  const ids = new Map<number, string>()
  for (const id of [...accountIds, ...meetingIds]) ids.set(Buffer.from(id).readUInt32LE(0), toHex(id))
  const isFirst = new Uint8Array(65_536)
  for (const start of ids.keys()) isFirst[start & 0xffff] = 1
  const found: [string, number][] = []
  let before = 0
  for (const name of (await readdir(folder)).filter((entry) => /^[0-9A-F]{24}$/.test(entry)).sort()) {
    const file = await open(join(folder, name))
    const bytes = await file.readFile()
    await file.close()
    for (let at = 0; at + 16 <= bytes.length; at++) {
      if (isFirst[(bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)] === 0) continue
      const id = ids.get(bytes.readUInt32LE(at))
      if (id !== undefined && bytes.toString("hex", at, at + 16) === id) found.push([id, before + at])
    }
    before += bytes.length
  }
  return grouped(found)
}
