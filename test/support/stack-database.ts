import { join } from "node:path"
import { until } from "../../scripts/services.js"
import { openCatalog } from "../../shared/server/catalog/database.js"
import { findRunning } from "../../shared/server/postgres/embedded.js"
import type { Stack } from "./stack.js"

/** A running installation's database, reached past the service. */
export async function databaseUrlOf({ settings, folders }: Stack): Promise<string> {
  return settings?.databaseUrl ?? (await findRunning(join(folders[0] ?? "", "postgres")))?.databaseUrl ?? ""
}

/** Until every message is in a pack in the object store. */
export async function untilPacked(stack: Stack): Promise<void> {
  await untilTrue(
    stack,
    "SELECT count(*) = 0 AS done FROM messages WHERE message IS NOT NULL",
    "a pack of all messages",
  )
}

/** Until the server has acknowledged so much of one asset. */
export async function untilUploaded(stack: Stack, sizeBytes: number): Promise<void> {
  await untilTrue(stack, `SELECT max(offset_bytes) > ${sizeBytes} AS done FROM assets`, "the upload")
}

async function untilTrue(stack: Stack, query: string, what: string): Promise<void> {
  const catalog = openCatalog(await databaseUrlOf(stack))
  const isDone = async (): Promise<boolean> => (await catalog.query<{ done: boolean }>(query, []))[0]?.done === true
  try {
    await until(isDone, what)
  } finally {
    await catalog.close()
  }
}
