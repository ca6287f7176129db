import { setTimeout as delay } from "node:timers/promises"
import pg from "pg"
import { ArchiveError } from "../shared/protocol/errors.js"

/** Any number that nothing else in this database locks by. */
const SERVICE_LOCK = 7_208_114_902
/** After a kill, the database needs a moment to see that its client is gone. */
const ATTEMPTS = 20
const RETRY_MS = 100

/**
 * Claims a data folder's database for one service, for as long as this connection lasts: however the process ends, the claim ends with it.
 * @throws {@link ArchiveError} `conflict` where another service has it.
 */
export async function claimDatabase(databaseUrl: string): Promise<{ release(): Promise<void> }> {
  const client = new pg.Client({ connectionString: databaseUrl })
  client.on("error", () => undefined)
  await client.connect()
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { rows } = await client.query<{ claimed: boolean }>("SELECT pg_try_advisory_lock($1) AS claimed", [
      SERVICE_LOCK,
    ])
    if (rows[0]?.claimed === true) return { release: () => client.end() }
    await delay(RETRY_MS)
  }
  await client.end()
  throw new ArchiveError("conflict", "another service runs on this data folder")
}
