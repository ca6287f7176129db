import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { startWholeApi } from "../api/compose.js"
import { openAdapters } from "../shared/server/adapters.js"
import type { ServerConfig } from "../shared/server/config.js"
import type { Logger } from "../shared/server/logger.js"
import { runService, type Stoppable } from "../shared/server/process.js"
import { SETTLE_MS } from "../worker/expiry.js"
import { startWorker } from "../worker/start.js"
import { claimDatabase, startAndHold } from "../shared/server/postgres/claim.js"
import { welcome } from "./welcome.js"

/** The whole service in one process: API and worker, and a PostgreSQL of its own unless DATABASE_URL names one. */

async function start(config: ServerConfig, logger: Logger): Promise<Stoppable> {
  // What was opened is closed in the other order, also where a later step fails.
  const opened: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const close of opened.toReversed()) await close()
  }
  try {
    await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
    const databaseUrl = config.databaseUrl ?? (await openDatabase(config, opened))
    const adapters = await openAdapters(config, databaseUrl, logger)
    opened.push(() => adapters.close())
    const worker = startWorker(
      { ...adapters, instanceId: adapters.instance.instanceId, receiptSigner: adapters.instance.receiptSigner, logger },
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
    opened.push(() => worker.stop())
    const api = await startWholeApi(adapters, config, logger)
    opened.push(() => api.stop())
    process.stdout.write(welcome(api.address, config))
    return { stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function openDatabase(config: ServerConfig, opened: (() => Promise<void>)[]): Promise<string> {
  // Whoever has no claim must not stop a database that serves another.
  const { postgres, claim } = await startAndHold(join(config.dataDir, "postgres"), claimDatabase)
  opened.push(() => postgres.stop())
  opened.push(() => claim.release())
  return postgres.databaseUrl
}

runService(start)
