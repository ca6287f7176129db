import { ArchiveError } from "../shared/protocol/errors.js"
import { openAdapters } from "../shared/server/adapters.js"
import type { ServerConfig } from "../shared/server/config.js"
import type { Logger } from "../shared/server/logger.js"
import { runService, type Stoppable } from "../shared/server/process.js"
import { SETTLE_MS } from "./expiry.js"
import { startWorker } from "./start.js"

/** The worker as a process of its own, beside any number of others: everything that they share is in database, queue, store and spool. */

async function start(config: ServerConfig, logger: Logger): Promise<Stoppable> {
  const { databaseUrl, redisUrl } = config
  if (databaseUrl === null || redisUrl === null) {
    throw new ArchiveError(
      "usage",
      "a worker of its own needs DATABASE_URL and REDIS_URL; the one-process service has one inside",
    )
  }
  const adapters = await openAdapters(config, databaseUrl, logger)
  const { instanceId, receiptSigner } = adapters.instance
  const worker = startWorker(
    { ...adapters, instanceId, receiptSigner, logger },
    {
      concurrency: config.workerConcurrency,
      reconcileMs: config.reconcileMs,
      abandonedMs: config.uploadExpiryMs,
      settleMs: SETTLE_MS,
      purgeGraceDays: config.purgeGraceDays,
      packAfterDays: config.packAfterDays,
      ledgerFile: config.ledgerFile,
    },
  )
  logger.info("ready", { concurrency: config.workerConcurrency })
  return {
    stop: async () => {
      await worker.stop()
      await adapters.close()
    },
  }
}

runService(start)
