import type { Queryable, ObjectStore, Spool } from "../../shared/server/ports.js"
import { ASSETS_PREFIX } from "../../shared/server/assets/layout.js"
import { PACKS_PREFIX } from "../../shared/server/chat-pack.js"
import { type HoldingClass, SCHEMA } from "../../shared/server/schema.js"

/** Everything that this server holds, counted: SECURITY.md's table with real numbers. */
export interface Holdings {
  readonly classes: Readonly<
    Record<
      HoldingClass,
      {
        readonly rows: number
        readonly bytes: number
        readonly tables: Readonly<Record<string, { readonly rows: number; readonly bytes: number }>>
      }
    >
  >
  readonly objects: { readonly count: number; readonly bytes: number }
  readonly spool: { readonly count: number; readonly bytes: number }
}

const CLASSES: readonly HoldingClass[] = [
  "account",
  "meeting",
  "asset",
  "message",
  "for-a-while",
  "after-deletion",
  "case",
  "server",
]

export async function countHoldings(catalog: Queryable, objects: ObjectStore, spool: Spool): Promise<Holdings> {
  const tables = new Map<string, { readonly rows: number; readonly bytes: number }>()
  for (const table of Object.keys(SCHEMA)) {
    const [row] = await catalog.query<{ rows: number; bytes: number }>(
      `SELECT count(*)::bigint AS rows, coalesce(sum(pg_column_size(t.*)), 0)::bigint AS bytes FROM ${table} t`,
      [],
    )
    tables.set(table, row ?? { rows: 0, bytes: 0 })
  }
  const classes = Object.fromEntries(
    CLASSES.map((holdingClass) => {
      const own = Object.keys(SCHEMA).filter((table) => SCHEMA[table]?.holdingClass === holdingClass)
      const counted = Object.fromEntries(own.map((table) => [table, tables.get(table) ?? { rows: 0, bytes: 0 }]))
      return [holdingClass, { rows: total(counted, "rows"), bytes: total(counted, "bytes"), tables: counted }]
    }),
  ) as Holdings["classes"]
  let [count, bytes] = [0, 0]
  for (const prefix of [ASSETS_PREFIX, PACKS_PREFIX])
    for await (const { sizeBytes } of objects.list(prefix)) {
      count += 1
      bytes += sizeBytes
    }
  const spooled = await spool.list()
  return {
    classes,
    objects: { count, bytes },
    spool: { count: spooled.length, bytes: spooled.reduce((sum, file) => sum + file.sizeBytes, 0) },
  }
}

function total(
  tables: Readonly<Record<string, { readonly rows: number; readonly bytes: number }>>,
  what: "rows" | "bytes",
): number {
  return Object.values(tables).reduce((sum, table) => sum + table[what], 0)
}
