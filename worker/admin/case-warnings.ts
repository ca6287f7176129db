import { dateOfDay, dayOf } from "../../shared/protocol/ambient.js"
import type { Case } from "../../shared/server/catalog/cases.js"
import type { Hold } from "../../shared/server/catalog/holds.js"

/** What an operator must not miss: deadlines, holds that end, notices that fall due. */

/** From so many days before on, a deadline, the end of a hold and that of a delay are warned of. */
const WARN_DAYS = 14
const DAY_MS = 86_400_000

export function warningsOf(asked: Case, holds: readonly Hold[], now: Date): readonly string[] {
  if (asked.closedDay !== null) return []
  const today = dayOf(now.getTime())
  const warnings: string[] = []
  if (asked.dueAt !== null) {
    const leftMs = asked.dueAt.getTime() - now.getTime()
    const due = asked.dueAt
      .toISOString()
      .replace(/:\d{2}\.\d{3}Z$/, " UTC")
      .replace("T", " ")
    if (leftMs < 0) warnings.push(`overdue: an answer was due by ${due}`)
    else if (leftMs < WARN_DAYS * DAY_MS) warnings.push(`due in ${spanOf(leftMs)}: by ${due}`)
  }
  const first = Math.min(...holds.map((hold) => hold.untilDay))
  if (first < today) warnings.push(`a hold ended after ${dateOfDay(first)}: it keeps nothing any more`)
  else if (first - today < WARN_DAYS)
    warnings.push(
      `a hold ends after ${dateOfDay(first)}: what was deleted meanwhile is removed then, unless \`case hold\` extends it`,
    )
  const left = asked.notice.day - today
  if (left > 0 && left <= WARN_DAYS)
    warnings.push(`the delay of the notice ends: those concerned are told from ${dateOfDay(asked.notice.day)} on`)
  return warnings
}

function spanOf(leftMs: number): string {
  const hours = Math.floor(leftMs / 3_600_000)
  return hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`
}
