import { setTimeout as delay } from "node:timers/promises"
import { isArchiveError } from "../protocol/errors.js"
import { secureRandom } from "./ambient.js"
import { openCatalog } from "./catalog/database.js"
import { type Instance, openInstance } from "./catalog/instance.js"
import { migrate } from "./catalog/migrate.js"
import type { ServerConfig } from "./config.js"
import { createInProcessQueue } from "./jobs/in-process.js"
import { errorFields, type Logger } from "./logger.js"
import { openFolderStore } from "./objects/folder.js"
import type { Catalog, JobQueue, ObjectStore, Spool } from "./ports.js"
import { signaturesReady, signerOfSeed } from "./signatures.js"
import { openFolderSpool } from "./spool/folder.js"

/** What every process of the server works on. */
export interface Adapters {
  readonly catalog: Catalog
  readonly objects: ObjectStore
  readonly spool: Spool
  readonly jobs: JobQueue
  readonly instance: Instance
  /** Closes everything; jobs first. */
  close(): Promise<void>
}

/** How long a database may take to come up beside us. */
const DATABASE_WAIT_MS = 60_000
const DATABASE_RETRY_MS = 500

/**
 * Opens catalog (migrated), store, spool and queue as the configuration says. A store that does not answer yet is waited for by those who need it.
 * @throws {@link ArchiveError} `unavailable` where the database does not answer within a minute.
 */
export async function openAdapters(config: ServerConfig, databaseUrl: string, logger: Logger): Promise<Adapters> {
  await signaturesReady()
  const catalog = openCatalog(databaseUrl)
  await migrateWhenUp(catalog, logger)
  const instance = await openInstance(catalog, secureRandom, signerOfSeed)
  const objects = await openObjects(config)
  await objects.ready().catch((error: unknown) => {
    logger.warn("the object store does not answer yet", errorFields(error))
  })
  const spool = await openFolderSpool(config.spoolDir)
  const jobs = await openJobs(config, logger)
  return {
    catalog,
    objects,
    spool,
    jobs,
    instance,
    close: async () => {
      await jobs.close()
      await spool.close()
      await objects.close()
      await catalog.close()
    },
  }
}

// The clients of S3 and Redis take half a second to load: who uses neither does not wait for them.

async function openObjects(config: ServerConfig): Promise<ObjectStore> {
  if (config.s3 === null) return openFolderStore(config.objectsDir)
  const { openS3Store } = await import("./objects/s3.js")
  return openS3Store(config.s3)
}

async function openJobs(config: ServerConfig, logger: Logger): Promise<JobQueue> {
  if (config.redisUrl === null) return createInProcessQueue()
  const { openBullQueue } = await import("./jobs/bull.js")
  return openBullQueue(config.redisUrl, (error) => {
    logger.warn("the queue does not answer", errorFields(error))
  })
}

async function migrateWhenUp(catalog: Catalog, logger: Logger): Promise<void> {
  const deadline = performance.now() + DATABASE_WAIT_MS
  for (;;) {
    try {
      await migrate(catalog)
      return
    } catch (error) {
      if (!isArchiveError(error) || !error.retryable || performance.now() > deadline) throw error
      logger.warn("waiting for the database", errorFields(error))
      await delay(DATABASE_RETRY_MS)
    }
  }
}
