import { setTimeout as delay } from "node:timers/promises"
import pg from "pg"
import { ArchiveError, isArchiveError } from "../../protocol/errors.js"
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./embedded.js"

/** Any numbers that nothing else in this database locks by. */
const SERVICE_LOCK = 7_208_114_902
const OPERATOR_LOCK = 7_208_114_903
/** After a kill, the database needs a moment to see that its client is gone. */
const ATTEMPTS = 20
const RETRY_MS = 100
const START_ATTEMPTS = 5

/** Held for as long as its connection lasts: however the process ends, the claim ends with it. */
export interface Claim {
  release(): Promise<void>
}

/**
 * Starts the PostgreSQL in `folder`, or takes it over, and holds it by `hold`. One that its last user stops at this moment is started again.
 * @throws {@link ArchiveError} what `hold` refuses with; `unavailable`.
 */
export async function startAndHold(
  folder: string,
  hold: (databaseUrl: string) => Promise<Claim>,
): Promise<{ readonly postgres: EmbeddedPostgres; readonly claim: Claim }> {
  for (let attempt = 1; ; attempt++) {
    const postgres = await startEmbeddedPostgres(folder)
    try {
      return { postgres, claim: await hold(postgres.databaseUrl) }
    } catch (error) {
      if (!isArchiveError(error) || error.code !== "unavailable" || attempt === START_ATTEMPTS) throw error
    }
  }
}

/**
 * Claims a data folder's database for one service.
 * @throws {@link ArchiveError} `conflict` where another service has it.
 */
export async function claimDatabase(databaseUrl: string): Promise<Claim> {
  const { claim } = await connected(databaseUrl, async (client) => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await tryLock(client, SERVICE_LOCK)) return
      await delay(RETRY_MS)
    }
    throw new ArchiveError("conflict", "another service runs on this data folder")
  })
  return claim
}

/** Notes that an operator's command works on the database, beside a service or others of its kind. */
export async function shareDatabase(databaseUrl: string): Promise<Claim> {
  const { claim } = await connected(databaseUrl, async (client) => {
    await client.query("SELECT pg_advisory_lock_shared($1)", [OPERATOR_LOCK])
  })
  return claim
}

/** Claims the database for who is the last to leave it; `null` while a service or an operator's command uses it. */
export async function claimIfUnused(databaseUrl: string): Promise<Claim | null> {
  const { claim, taken } = await connected(
    databaseUrl,
    async (client) => (await tryLock(client, SERVICE_LOCK)) && (await tryLock(client, OPERATOR_LOCK)),
  )
  if (taken) return claim
  await claim.release()
  return null
}

/** What the connection's locks are, `take` takes. @throws {@link ArchiveError} `unavailable`, or what `take` refuses with. */
async function connected<T>(
  databaseUrl: string,
  take: (client: pg.Client) => Promise<T>,
): Promise<{ readonly claim: Claim; readonly taken: T }> {
  const client = new pg.Client({ connectionString: databaseUrl })
  client.on("error", () => undefined)
  try {
    await client.connect()
    const taken = await take(client)
    return { claim: { release: () => client.end() }, taken }
  } catch (cause) {
    await client.end().catch(() => undefined)
    if (isArchiveError(cause)) throw cause
    throw new ArchiveError("unavailable", "the database does not answer", { cause })
  }
}

async function tryLock(client: pg.Client, lock: number): Promise<boolean> {
  const { rows } = await client.query<{ claimed: boolean }>("SELECT pg_try_advisory_lock($1) AS claimed", [lock])
  return rows[0]?.claimed === true
}
