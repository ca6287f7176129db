import { isArchiveError } from "../protocol/errors.js"
import { readServerConfig, type ServerConfig } from "./config.js"
import { armFailpoint } from "./failpoints.js"
import { createLogger, errorFields, type Logger } from "./logger.js"

export interface Stoppable {
  stop(): Promise<void>
}

/**
 * Runs a service, configured by the environment, until SIGTERM or SIGINT, then stops it in order and ends the process. A second signal changes nothing: stopping has its own limits.
 * What nobody caught stops it too, with exit code 1, and is logged by its code alone.
 */
export function runService(start: (config: ServerConfig, logger: Logger) => Promise<Stoppable>): void {
  const config = configOrExit()
  armFailpoint(config.failpoint)
  const logger = createLogger(config.logLevel)
  const started = start(config, logger)
  let stopping = false
  const stop = (exitCode: number): void => {
    if (stopping) return
    stopping = true
    const ended = started.then(
      (service) => service.stop(),
      () => undefined,
    )
    void Promise.resolve(ended)
      .catch((error: unknown) => {
        logger.error("stopping failed", errorFields(error))
      })
      .finally(() => process.exit(exitCode))
  }
  const fail = (error: unknown): void => {
    logger.error("unexpected", errorFields(error))
    stop(1)
  }
  process.on("SIGTERM", () => {
    stop(0)
  })
  process.on("SIGINT", () => {
    stop(0)
  })
  process.on("uncaughtException", fail)
  process.on("unhandledRejection", fail)
  started.catch((error: unknown) => {
    complain(error)
    if (isArchiveError(error)) stop(1)
    else fail(error)
  })
}

function configOrExit(): ServerConfig {
  try {
    return readServerConfig()
  } catch (error) {
    complain(error)
    process.exit(1)
  }
}

function complain(error: unknown): void {
  process.stderr.write(`taciturn: ${isArchiveError(error) ? error.message : "could not start"}\n`)
}
