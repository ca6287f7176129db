import type { CaseId } from "../../shared/protocol/ids.js"
import { secureRandom } from "../../shared/server/ambient.js"
import { today } from "../../shared/server/catalog/assets.js"
import { changeScope, holdCase, type NewCase, openCase } from "../../shared/server/catalog/cases.js"
import type { PlacedHold, ScopeItem } from "../../shared/server/catalog/holds.js"
import type { Catalog } from "../../shared/server/ports.js"
import { formatItem } from "../../worker/admin/arguments.js"

export const ACTOR = { name: "an operator", tool: "taciturn-admin 0.0.0-test" }

export const LETTER: NewCase = {
  kind: "preserve",
  authority: "District Court",
  country: "DE",
  reference: "12 Gs 345/26",
  dueAt: null,
  notice: null,
}

/** A case about these, of a letter like any. */
export async function openTestCase(
  catalog: Catalog,
  items: readonly ScopeItem[],
  letter: Partial<NewCase> = {},
): Promise<CaseId> {
  const { caseId } = await openCase(catalog, secureRandom, ACTOR, { ...LETTER, ...letter })
  await changeScope(catalog, caseId, ACTOR, { add: items, remove: [] }, formatItem)
  return caseId
}

/** A hold on all that a case is about, for some days. */
export async function hold(catalog: Catalog, caseId: CaseId, days = 30): Promise<PlacedHold> {
  return await holdCase(catalog, caseId, ACTOR, (await today(catalog)) + days, formatItem)
}
