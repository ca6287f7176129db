import { setTimeout as delay } from "node:timers/promises"
import pg from "pg"
import { ArchiveError } from "../../protocol/errors.js"

/** Any numbers that nothing else in this database locks by. */
const SERVICE_LOCK = 7_208_114_902
const OPERATOR_LOCK = 7_208_114_903
/** After a kill, the database needs a moment to see that its client is gone. */
const ATTEMPTS = 20
const RETRY_MS = 100

/** Held for as long as its connection lasts: however the process ends, the claim ends with it. */
export interface Claim {
  release(): Promise<void>
}

/**
 * Claims a data folder's database for one service.
 * @throws {@link ArchiveError} `conflict` where another service has it.
 */
export async function claimDatabase(databaseUrl: string): Promise<Claim> {
  const client = await connect(databaseUrl)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await tryLock(client, SERVICE_LOCK)) return { release: () => client.end() }
    await delay(RETRY_MS)
  }
  await client.end()
  throw new ArchiveError("conflict", "another service runs on this data folder")
}

/** Notes that an operator's command works on the database, beside a service or others of its kind. */
export async function shareDatabase(databaseUrl: string): Promise<Claim> {
  const client = await connect(databaseUrl)
  await client.query("SELECT pg_advisory_lock_shared($1)", [OPERATOR_LOCK])
  return { release: () => client.end() }
}

/** Claims the database for who is the last to leave it; `null` while a service or an operator's command uses it. */
export async function claimIfUnused(databaseUrl: string): Promise<Claim | null> {
  const client = await connect(databaseUrl)
  if ((await tryLock(client, SERVICE_LOCK)) && (await tryLock(client, OPERATOR_LOCK)))
    return { release: () => client.end() }
  await client.end()
  return null
}

async function connect(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl })
  client.on("error", () => undefined)
  try {
    await client.connect()
    return client
  } catch (cause) {
    throw new ArchiveError("unavailable", "the database does not answer", { cause })
  }
}

async function tryLock(client: pg.Client, lock: number): Promise<boolean> {
  const { rows } = await client.query<{ claimed: boolean }>("SELECT pg_try_advisory_lock($1) AS claimed", [lock])
  return rows[0]?.claimed === true
}
