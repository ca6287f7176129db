import { Router } from "express"
import { countPublicly, readReport } from "../../shared/server/catalog/report.js"
import { SCHEMA } from "../../shared/server/schema.js"
import type { ApiContext } from "../context.js"
import { PUBLIC_TABLES, renderHoldings, renderReport } from "../disclosure-pages.js"

/** Counting looks at every row: nobody makes the database do it more often. */
const COUNTED_FOR_MS = 600_000
const REPORTED_FOR_MS = 60_000

/** Pages for anybody, and the same as JSON: what this server holds, and what authorities asked of it. SPEC.md §17. */
export function disclosureRoutes({ catalog, limits }: ApiContext): Router {
  const router = Router()
  const counts = remembered(COUNTED_FOR_MS, () => countPublicly(catalog, PUBLIC_TABLES))
  const report = remembered(REPORTED_FOR_MS, () => readReport(catalog))
  router.get("/what-we-hold", limits.door, async (_request, response) => {
    response
      .setHeader("Cache-Control", "no-store")
      .type("html")
      .send(renderHoldings(await counts()))
  })
  router.get("/what-we-hold.json", limits.door, async (_request, response) => {
    const tables = Object.fromEntries(PUBLIC_TABLES.map((table) => [table, SCHEMA[table]?.columns]))
    response.setHeader("Cache-Control", "no-store").json({ tables, ...(await counts()) })
  })
  router.get("/transparency", limits.door, async (_request, response) => {
    response
      .setHeader("Cache-Control", "no-store")
      .type("html")
      .send(renderReport(await report()))
  })
  router.get("/transparency.json", limits.door, async (_request, response) => {
    response.setHeader("Cache-Control", "no-store").json({ periods: await report() })
  })
  return router
}

/** What `read` gave last, unless that is older than so long. A failure is not remembered. */
function remembered<T>(forMs: number, read: () => Promise<T>): () => Promise<T> {
  let last: { readonly atMs: number; readonly value: Promise<T> } | null = null
  return async () => {
    const nowMs = performance.now()
    if (last === null || nowMs - last.atMs > forMs) {
      const value = read()
      last = { atMs: nowMs, value }
      value.catch(() => {
        last = null
      })
    }
    return await last.value
  }
}
