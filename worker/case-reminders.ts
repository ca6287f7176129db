import { dayOf } from "../shared/protocol/ambient.js"
import { formatId } from "../shared/protocol/ids.js"
import { listCases, timeOfCatalog } from "../shared/server/catalog/cases.js"
import { recordDueNotices } from "../shared/server/catalog/notices.js"
import { programVersion } from "../shared/server/version.js"
import { unreleasedHolds } from "../shared/server/catalog/holds.js"
import { warningsOf } from "./admin/case-warnings.js"
import type { WorkerContext } from "./context.js"

/**
 * Notes in the custody records which cases are told of from now on, and logs, once a day, what is due in open ones: ids and days, nothing of what an
 * authority wrote.
 * @param before the day on which that was done last.
 * @returns today.
 */
export async function remindOfCases({ catalog, logger }: WorkerContext, before: number): Promise<number> {
  const now = await timeOfCatalog(catalog)
  const day = dayOf(now.getTime())
  for (const caseId of await recordDueNotices(catalog, `taciturn ${programVersion()}`))
    logger.info("those concerned by a case are told from today on", { case: formatId("case", caseId) })
  if (day === before) return day
  for (const open of await listCases(catalog, "open"))
    for (const warning of warningsOf(open, await unreleasedHolds(catalog, open.caseId), now))
      logger.warn("a case needs its operator", { case: formatId("case", open.caseId), warning })
  return day
}
