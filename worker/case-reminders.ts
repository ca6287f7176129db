import { dayOf } from "../shared/protocol/ambient.js"
import { formatId } from "../shared/protocol/ids.js"
import { listCases, timeOfCatalog } from "../shared/server/catalog/cases.js"
import { unreleasedHolds } from "../shared/server/catalog/holds.js"
import { warningsOf } from "./admin/case-warnings.js"
import type { WorkerContext } from "./context.js"

/**
 * Logs what is due in open cases, once a day: ids and days, nothing of what an authority wrote.
 * @param before the day on which that was done last.
 * @returns today.
 */
export async function remindOfCases({ catalog, logger }: WorkerContext, before: number): Promise<number> {
  const now = await timeOfCatalog(catalog)
  const day = dayOf(now.getTime())
  if (day === before) return day
  for (const open of await listCases(catalog, "open"))
    for (const warning of warningsOf(open, await unreleasedHolds(catalog, open.caseId), now))
      logger.warn("a case needs its operator", { case: formatId("case", open.caseId), warning })
  return day
}
