import { type DestinationStream, pino } from "pino"
import { isArchiveError } from "../protocol/errors.js"

/** Ids, sizes, counts and codes: all that may ever be logged. Never keys, bodies, tokens, query strings, addresses. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>

export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** One JSON line per entry, on stdout unless told otherwise. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  const log = destination === undefined ? pino(options) : pino(options, destination)
  return {
    debug: (message, fields = {}) => {
      log.debug(fields, message)
    },
    info: (message, fields = {}) => {
      log.info(fields, message)
    },
    warn: (message, fields = {}) => {
      log.warn(fields, message)
    },
    error: (message, fields = {}) => {
      log.error(fields, message)
    },
  }
}

/** What may be logged of an error: its code; of one that is not ours, its class and system code. */
export function errorFields(error: unknown): LogFields {
  if (isArchiveError(error)) return { code: error.code }
  if (!(error instanceof Error)) return { code: "internal" }
  const systemCode: unknown = Reflect.get(error, "code")
  return { code: "internal", class: error.name, systemCode: typeof systemCode === "string" ? systemCode : null }
}
