import { ArchiveError } from "../shared/protocol/errors.js"
import { openAdapters } from "../shared/server/adapters.js"
import type { ServerConfig } from "../shared/server/config.js"
import type { Logger } from "../shared/server/logger.js"
import { runService, type Stoppable } from "../shared/server/process.js"
import { startWholeApi } from "./compose.js"

/** The API as a process of its own: any number of them, on a database, a queue and a store that they share with workers. */

async function start(config: ServerConfig, logger: Logger): Promise<Stoppable> {
  if (config.databaseUrl === null)
    throw new ArchiveError("usage", "DATABASE_URL is not set; `npm start` runs everything in one process instead")
  if (config.redisUrl === null)
    throw new ArchiveError("usage", "REDIS_URL is not set; `npm start` runs everything in one process instead")
  const adapters = await openAdapters(config, config.databaseUrl, logger)
  const api = await startWholeApi(adapters, config, logger)
  logger.info("the API listens", { port: api.port })
  return {
    stop: async () => {
      await api.stop()
      await adapters.close()
    },
  }
}

runService(start)
