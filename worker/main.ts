import { ArchiveError, isArchiveError } from "../shared/protocol/errors.js"
import { secureRandom } from "../shared/server/ambient.js"
import { openCatalog } from "../shared/server/catalog/database.js"
import { openInstance } from "../shared/server/catalog/instance.js"
import { migrate } from "../shared/server/catalog/migrate.js"
import { readServerConfig } from "../shared/server/config.js"
import { armFailpoint } from "../shared/server/failpoints.js"
import { openBullQueue } from "../shared/server/jobs/bull.js"
import { createLogger, errorFields } from "../shared/server/logger.js"
import { openFolderStore } from "../shared/server/objects/folder.js"
import { openS3Store } from "../shared/server/objects/s3.js"
import { signaturesReady, signerOfSeed } from "../shared/server/signatures.js"
import { openFolderSpool } from "../shared/server/spool/folder.js"
import { startWorker } from "./start.js"
import { SETTLE_MS } from "./expiry.js"

/** The worker as a process of its own, beside any number of others: everything that they share is in database, queue, store and spool. */
async function main(): Promise<void> {
  const config = readServerConfig()
  const { databaseUrl, redisUrl } = config
  if (databaseUrl === null || redisUrl === null) {
    throw new ArchiveError("usage", "a worker of its own needs DATABASE_URL and REDIS_URL; without them, the one-process service has one inside")
  }
  armFailpoint(config.failpoint)
  await signaturesReady()
  const logger = createLogger(config.logLevel)
  const catalog = openCatalog(databaseUrl)
  await migrate(catalog)
  const { instanceId, receiptSigner } = await openInstance(catalog, secureRandom, signerOfSeed)
  const objects = config.s3 === null ? await openFolderStore(config.objectsDir) : openS3Store(config.s3)
  const spool = await openFolderSpool(config.spoolDir)
  const jobs = openBullQueue(redisUrl, (error) => {
    logger.warn("the queue does not answer", errorFields(error))
  })
  const worker = startWorker(
    { catalog, objects, spool, jobs, instanceId, receiptSigner, logger },
    { concurrency: config.workerConcurrency, reconcileMs: config.reconcileMs, abandonedMs: config.uploadExpiryMs, settleMs: SETTLE_MS },
  )
  logger.info("worker ready", { concurrency: config.workerConcurrency })

  const stop = async (): Promise<void> => {
    await worker.stop()
    await objects.close()
    await catalog.close()
  }
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      stop().catch((error: unknown) => {
        logger.error("the worker did not stop in order", errorFields(error))
        process.exitCode = 1
      })
    })
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${isArchiveError(error) ? error.message : String(error)}\n`)
  process.exit(1)
})
