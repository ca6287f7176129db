import type { Catalog } from "../ports.js"
import { MIGRATIONS } from "../migrations/index.js"

/** Any number that nothing else in this database locks by. */
const MIGRATION_LOCK = 7_208_114_901

/** Brings the catalog's tables up to this program's version. Any number of processes may call it at once. */
export async function migrate(catalog: Catalog): Promise<void> {
  await catalog.transaction(async (transaction) => {
    await transaction.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK])
    await transaction.query("CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY)", [])
    const done = new Set(
      (await transaction.query<{ version: number }>("SELECT version FROM migrations", [])).map((row) => row.version),
    )
    for (const [index, sql] of MIGRATIONS.entries()) {
      if (done.has(index + 1)) continue
      await transaction.query(sql, [])
      await transaction.query("INSERT INTO migrations (version) VALUES ($1)", [index + 1])
    }
  })
}
