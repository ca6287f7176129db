import { join } from "node:path"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { type Adapters, openAdapters } from "../../shared/server/adapters.js"
import { readServerConfig, type ServerConfig } from "../../shared/server/config.js"
import { createLogger } from "../../shared/server/logger.js"
import { claimIfUnused, shareDatabase, startAndHold } from "../../shared/server/postgres/claim.js"
import { hasEmbeddedPostgres } from "../../shared/server/postgres/embedded.js"

/**
 * Catalog and store as the service has them. The embedded PostgreSQL is started where it does not run, and stopped by the last who uses it.
 * @throws {@link ArchiveError} `not-found` where no service was ever started.
 */
export async function withAdapters<T>(work: (adapters: Adapters) => Promise<T>): Promise<T> {
  const config = readServerConfig()
  return config.databaseUrl === null
    ? await onEmbedded(config, work)
    : await onDatabase(config, config.databaseUrl, work)
}

async function onEmbedded<T>(config: ServerConfig, work: (adapters: Adapters) => Promise<T>): Promise<T> {
  const folder = join(config.dataDir, "postgres")
  if (!(await hasEmbeddedPostgres(folder))) {
    throw new ArchiveError(
      "not-found",
      `${config.dataDir} is no data folder of a service: set TACITURN_DATA, or DATABASE_URL`,
    )
  }
  const { postgres, claim: share } = await startAndHold(folder, shareDatabase)
  try {
    return await onDatabase(config, postgres.databaseUrl, work)
  } finally {
    await share.release()
    const claim = await claimIfUnused(postgres.databaseUrl).catch(() => null)
    if (claim !== null) {
      await postgres.stop()
      await claim.release().catch(() => undefined)
    }
  }
}

async function onDatabase<T>(
  config: ServerConfig,
  databaseUrl: string,
  work: (adapters: Adapters) => Promise<T>,
): Promise<T> {
  const adapters = await openAdapters({ ...config, redisUrl: null }, databaseUrl, createLogger("silent"))
  try {
    return await work(adapters)
  } finally {
    await adapters.close()
  }
}
