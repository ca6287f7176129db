import pg from "pg"
import { ArchiveError, isArchiveError } from "../../protocol/errors.js"
import type { Catalog, Queryable } from "../ports.js"

const INT8_OID = 20
const CONNECT_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT_MS = 30_000
/** Longer than the server takes to give up by itself: for a server that went away without a word. */
const ANSWER_TIMEOUT_MS = 35_000
const MAX_CONNECTIONS = 16

const types = new pg.TypeOverrides()
types.setTypeParser(INT8_OID, Number)

/** A catalog on any PostgreSQL. `bigint` comes as a number: no size here passes 2^53. */
export function openCatalog(databaseUrl: string): Catalog {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    types,
  })
  // An idle connection that breaks is replaced by the next query; without a listener it would end the process.
  pool.on("error", () => undefined)
  return {
    query: async (sql, values) => await run(pool, sql, values),
    transaction: async (work) => await inTransaction(pool, work),
    close: async () => {
      await pool.end()
    },
  }
}

async function inTransaction<T>(pool: pg.Pool, work: (transaction: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw translate(error)
  })
  let broken: Error | undefined
  client.once("error", (error: Error) => {
    broken = error
  })
  const transaction: Queryable = { query: async (sql, values) => await run(client, sql, values) }
  try {
    await transaction.query("BEGIN", [])
    const result = await work(transaction)
    await transaction.query("COMMIT", [])
    return result
  } catch (error) {
    await client.query("ROLLBACK").catch((failure: unknown) => {
      broken ??= failure instanceof Error ? failure : new Error("rollback failed")
    })
    throw error
  } finally {
    client.removeAllListeners("error")
    client.release(broken)
  }
}

async function run<R extends object>(
  client: pg.Pool | pg.PoolClient,
  sql: string,
  values: readonly unknown[],
): Promise<readonly R[]> {
  try {
    const result = await client.query<R & pg.QueryResultRow>(sql, [...values])
    return result.rows
  } catch (error) {
    throw translate(error)
  }
}

/** SQLSTATE classes that say "not now": PostgreSQL documentation, appendix A. */
const UNAVAILABLE = /^(?:08|57P|53[03]|40|55P03|57014)/
const DISK_FULL = "53100"
const DUPLICATE = "23505"

/** Whether a statement failed, and changed nothing, as what must be there once is there already. */
export function isDuplicate(error: unknown): boolean {
  return isArchiveError(error) && error.cause instanceof Error && Reflect.get(error.cause, "code") === DUPLICATE
}

function translate(error: unknown): unknown {
  if (isArchiveError(error) || !(error instanceof Error)) return error
  const code: unknown = Reflect.get(error, "code")
  if (code === DISK_FULL) return new ArchiveError("out-of-space", "the database's disk is full", { cause: error })
  const isState = typeof code === "string" && /^[0-9A-Z]{5}$/.test(code)
  // What has no SQLSTATE never reached the database: a socket's error, a time-out of the pool.
  if (!isState || UNAVAILABLE.test(code))
    return new ArchiveError("unavailable", "the database does not answer", { cause: error })
  return new ArchiveError("internal", `the database refused a statement (${code})`, { cause: error })
}
