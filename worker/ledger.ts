import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { mkdir, open, rename, stat } from "node:fs/promises"
import { dirname } from "node:path"
import { createInterface } from "node:readline"
import * as z from "zod"
import { toHex } from "../shared/protocol/bytes.js"
import { ArchiveError } from "../shared/protocol/errors.js"
import { asId, formatId, type InstanceId } from "../shared/protocol/ids.js"
import { closeAgain } from "../shared/server/catalog/accounts.js"
import type { Actor } from "../shared/server/catalog/custody.js"
import { buryAgain, deleteAgain, lackingTombstones, type Tombstone } from "../shared/server/catalog/deletion.js"
import {
  CASE_TABLES,
  type CaseTable,
  type NotedCase,
  type NotedRow,
  readNotedBytes,
  replayCase,
} from "../shared/server/catalog/ledger.js"
import { fsyncFolder, translateFileError } from "../shared/server/files.js"
import type { Logger } from "../shared/server/logger.js"
import type { Catalog, Queryable } from "../shared/server/ports.js"
import { verifySignature } from "../shared/server/signatures.js"
import { programVersion } from "../shared/server/version.js"
import { readAllRows } from "./admin/scope-rows.js"

/**
 * The ledger: what a catalog that is restored from an older backup has to be told again, in a file beside it. Cases with their holds, so that nothing is
 * lost that a court wants kept; and what was deleted, so that it is not there again. SPEC.md §17, LE1 to LE3.
 */

const VERSION = 1
const TOMBSTONES_AT_ONCE = 500

/** What is noted, by the name under which it stands in the file, in the order in which it is done again: what is held before what is deleted. */
const NOTED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    CASE_TABLES.map((table) => [table, `SELECT to_jsonb(noted) AS row FROM ${table} noted ORDER BY to_jsonb(noted)`]),
  ),
  custody: "SELECT to_jsonb(custody) AS row FROM custody ORDER BY case_id, seq",
  closed: `SELECT jsonb_build_object('id', account_id, 'links', (SELECT jsonb_agg(link ORDER BY seq) FROM account_links WHERE account_links.account_id = accounts.account_id)) AS row
    FROM accounts WHERE closed_day IS NOT NULL ORDER BY account_id`,
  // Deleted under a hold, with the bytes still there.
  kept: `SELECT jsonb_build_object('id', asset) AS row FROM held_rows
    WHERE table_name = 'assets' AND contents -> 'removing' = 'false' ORDER BY asset`,
  meetings:
    "SELECT jsonb_build_object('id', meeting_id, 'day', purge_day) AS row FROM meetings WHERE purge_day IS NOT NULL ORDER BY meeting_id",
  assets:
    "SELECT jsonb_build_object('id', asset_id, 'day', purge_day, 'removing', removing) AS row FROM assets WHERE state IN ('marked', 'purging') ORDER BY asset_id",
  tombstones: "SELECT to_jsonb(tombstones) AS row FROM tombstones ORDER BY kind, id",
}

/** Changes whenever what is noted does. */
const FINGERPRINT = `SELECT concat_ws(' ',
  (SELECT count(*) FROM custody), (SELECT count(*) FROM accounts WHERE closed_day IS NOT NULL),
  (SELECT concat(count(*), ' ', sum(purge_day)) FROM meetings WHERE purge_day IS NOT NULL),
  (SELECT concat(count(*), ' ', sum(purge_day)) FROM assets WHERE state IN ('marked', 'purging')),
  (SELECT count(*) FROM assets WHERE removing), (SELECT count(*) FROM held_rows WHERE table_name = 'assets'),
  (SELECT count(*) FROM tombstones)) AS fingerprint`

const headSchema = z.strictObject({ ledger: z.literal(VERSION), instance: z.string() })
const rowSchema = z.strictObject({ table: z.string(), row: z.record(z.string(), z.unknown()) })
const endSchema = z.strictObject({ rows: z.number().int(), sha256: z.string() })
const closedSchema = z.strictObject({ id: z.string(), links: z.array(z.string()) })
const keptSchema = z.strictObject({ id: z.string() })
const deletedSchema = z.strictObject({ id: z.string(), day: z.number().int(), removing: z.boolean().default(false) })
const tombstoneSchema = z.strictObject({
  kind: z.enum(["asset", "header", "meeting"]),
  id: z.string(),
  day: z.number().int(),
})

export interface LedgerContext {
  readonly catalog: Catalog
  readonly instanceId: InstanceId
}

async function fingerprintOfLedger(catalog: Queryable): Promise<string> {
  const [row] = await catalog.query<{ fingerprint: string }>(FINGERPRINT, [])
  return row?.fingerprint ?? ""
}

/**
 * Writes all that is to be noted, of one moment, in the place of what was noted before.
 * @returns how many rows that were.
 * @throws {@link ArchiveError} `out-of-space`, `unavailable`.
 */
export async function writeLedger({ catalog, instanceId }: LedgerContext, path: string): Promise<number> {
  const partial = `${path}.partial`
  const hash = createHash("sha256")
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await open(partial, "w", 0o600)
    try {
      const write = async (document: object): Promise<void> => {
        const line = `${JSON.stringify(document)}\n`
        hash.update(line)
        await file.writeFile(line)
      }
      await write({ ledger: VERSION, instance: formatId("instance", instanceId) })
      const rows = await catalog.transaction(async (snapshot) => {
        await snapshot.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", [])
        let count = 0
        for (const [table, query] of Object.entries(NOTED))
          for await (const { row } of readAllRows<{ row: NotedRow }>(snapshot, query)) {
            await write({ table, row })
            count += 1
          }
        return count
      })
      await file.writeFile(`${JSON.stringify({ rows, sha256: hash.digest("hex") })}\n`)
      await file.sync()
      await file.close()
      await rename(partial, path)
      await fsyncFolder(dirname(path))
      return rows
    } finally {
      await file.close().catch(() => undefined)
    }
  } catch (error) {
    throw translateFileError(error, path)
  }
}

/** What a replay did; nothing where the catalog has all that was noted. */
export interface Replayed {
  readonly cases: readonly string[]
  /** Those that went on otherwise since: what either record holds is held. */
  readonly joined: readonly string[]
  readonly accounts: number
  readonly meetings: number
  readonly assets: number
  readonly tombstones: number
}

/**
 * Does again what the catalog forgot of what a ledger notes. Again: nothing happens. The holds come first, so that what is deleted again under one is kept.
 * @returns `null` where there is no ledger.
 * @throws {@link ArchiveError} `malformed` for a file that is not whole; `instance-changed` for one of another instance.
 */
export async function replayLedger(
  { catalog, instanceId }: LedgerContext,
  actor: Actor,
  path: string,
): Promise<Replayed | null> {
  if ((await stat(path).catch(() => null)) === null) return null
  const instance = await assertWhole(path)
  if (instance !== formatId("instance", instanceId))
    throw new ArchiveError("instance-changed", `${path} is the ledger of another instance: ${instance}`)
  const cases = new Map<string, Record<CaseTable, NotedRow[]>>()
  const kept = new Set<string>()
  const tombstones: Tombstone[] = []
  const replayed = { cases: [] as string[], joined: [] as string[], accounts: 0, meetings: 0, assets: 0, tombstones: 0 }
  let areCasesDone = false
  for await (const { table, row } of rowsOf(path)) {
    if (isCaseTable(table)) {
      const id = String(row["case_id"])
      const noted = cases.get(id) ?? { cases: [], custody: [], case_scope: [], holds: [], notices: [] }
      noted[table].push(row)
      cases.set(id, noted)
      continue
    }
    if (!areCasesDone) await replayCases()
    areCasesDone = true
    if (table === "closed") {
      const { id, links } = closedSchema.parse(row)
      const account = asId("account", readNotedBytes(id))
      if (await closeAgain(catalog, account, links.map(readNotedBytes), verifySignature)) replayed.accounts += 1
    } else if (table === "kept") kept.add(keptSchema.parse(row).id)
    else if (table === "tombstones") {
      const { kind, id, day } = tombstoneSchema.parse(row)
      tombstones.push({ kind, id: readNotedBytes(id), day })
      if (tombstones.length === TOMBSTONES_AT_ONCE) await replayTombstones()
    } else {
      const { id, day: purgeDay, removing } = deletedSchema.parse(row)
      const kind = table === "meetings" ? "meeting" : "asset"
      if (await deleteAgain(catalog, { kind, id: readNotedBytes(id), purgeDay, removing })) replayed[`${kind}s`] += 1
    }
  }
  if (!areCasesDone) await replayCases()
  await replayTombstones()
  return replayed

  async function replayCases(): Promise<void> {
    for (const [id, noted] of cases) {
      const caseId = asId("case", readNotedBytes(id))
      const became = await replayCase(catalog, actor, caseId, noted satisfies NotedCase)
      if (became !== "known") replayed[became === "joined" ? "joined" : "cases"].push(formatId("case", caseId))
    }
  }

  async function replayTombstones(): Promise<void> {
    for (const tombstone of await lackingTombstones(catalog, tombstones.splice(0))) {
      const { kind, id, day } = tombstone
      const removing = kind === "asset" && !kept.has(`\\x${toHex(id)}`)
      if (kind !== "header" && (await deleteAgain(catalog, { kind, id, purgeDay: day, removing })))
        replayed[`${kind}s`] += 1
      else if (await buryAgain(catalog, tombstone)) replayed.tombstones += 1
    }
  }
}

/** {@link replayLedger}, of the worker's own ledger. */
export async function replayAtStart(context: LedgerContext & { readonly logger: Logger }, path: string): Promise<void> {
  const actor = { name: "the service, by itself", tool: `taciturn ${programVersion()}` }
  const replayed = await replayLedger(context, actor, path)
  if (replayed !== null && replayedAnything(replayed))
    context.logger.warn("the database is older than the ledger: what it forgot was done again", {
      ...replayed,
      cases: replayed.cases.join(" "),
      joined: replayed.joined.join(" "),
    })
}

export function replayedAnything({ cases, joined, accounts, meetings, assets, tombstones }: Replayed): boolean {
  return cases.length + joined.length + accounts + meetings + assets + tombstones > 0
}

/**
 * Notes what changed since.
 * @param before what it returned the last time; `null` at first.
 */
export async function keepLedger(context: LedgerContext, path: string, before: string | null): Promise<string> {
  const fingerprint = await fingerprintOfLedger(context.catalog)
  if (fingerprint !== before) await writeLedger(context, path)
  return fingerprint
}

function isCaseTable(table: string): table is CaseTable {
  return (CASE_TABLES as readonly string[]).includes(table)
}

/** @returns the instance whose ledger it is. */
async function assertWhole(path: string): Promise<string> {
  const hash = createHash("sha256")
  let [instance, rows] = ["", -1]
  let last: string | null = null
  for await (const line of linesOf(path)) {
    if (last !== null) {
      hash.update(`${last}\n`)
      rows += 1
    } else instance = headSchema.safeParse(parse(line)).data?.instance ?? ""
    last = line
  }
  const end = endSchema.safeParse(parse(last ?? "")).data
  if (instance === "" || end?.rows !== rows || end.sha256 !== hash.digest("hex"))
    throw new ArchiveError("malformed", `${path} is no whole ledger: put it aside, or take one from before`)
  return instance
}

async function* rowsOf(path: string): AsyncGenerator<z.infer<typeof rowSchema>> {
  for await (const line of linesOf(path)) {
    const row = rowSchema.safeParse(parse(line))
    if (row.success) yield row.data
  }
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path), crlfDelay: Infinity })
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown
  } catch {
    return null
  }
}
