import { dateOfDay } from "../../shared/protocol/ambient.js"
import type { Case } from "../../shared/server/catalog/cases.js"
import type { DayRange, ScopeItem } from "../../shared/server/catalog/holds.js"
import type { Queryable } from "../../shared/server/ports.js"
import { formatItem } from "./arguments.js"
import { ACCOUNT_TABLES, ASSET_TABLES, assetsOnDays, countRows, heldAndLive, MEETING_TABLES } from "./scope-rows.js"

/** What a case asks for, held against what there is. */

/** Things that authorities ask for and that no server has, with the reason. SPEC.md §17. */
export const NOT_HELD_REASONS = {
  plaintext:
    "recordings, messages, titles and captions are sealed on participants' devices: the server has ciphertext alone",
  keys: "keys that open ciphertext exist on participants' devices alone",
  members:
    "no list of a meeting's participants is stored: rosters are sealed, and members prove that they belong without saying who they are",
  "meetings-of-account": "no link between accounts and meetings is stored",
  "accounts-of-meeting": "no link between accounts and meetings is stored",
  names:
    "no names, e-mail addresses or telephone numbers are asked for or stored; of an account there is a handle, if it chose one",
  passwords: "there are no passwords",
  addresses: "network addresses are not stored: they are in no log and in no table",
  "times-of-capture": "when something was recorded stands inside the seal; the server has days of upload",
} as const
export type Ask = keyof typeof NOT_HELD_REASONS
export const ASKS = Object.keys(NOT_HELD_REASONS) as readonly Ask[]

/** One item of a scope: with counts where it is held, with the reason where not. */
export interface SurveyedItem extends ScopeItem {
  readonly name: string
  readonly held: boolean
  readonly rows: number
  /** Assets whose bytes are produced. */
  readonly assets: number
  /** Sealed bytes of them. */
  readonly bytes: number
  /** Assets of the meeting that lie outside the days that were asked for. */
  readonly outsideDays: number
  readonly reason: string | null
}

export interface Survey {
  readonly items: readonly SurveyedItem[]
  readonly rows: number
  readonly assets: number
  readonly bytes: number
  readonly notHeld: readonly { readonly asked: string; readonly reason: string }[]
}

export async function surveyCase(catalog: Queryable, asked: Case, scope: readonly ScopeItem[]): Promise<Survey> {
  const items: SurveyedItem[] = []
  for (const item of scope) items.push(await surveyItem(catalog, asked, item))
  const total = (what: "rows" | "assets" | "bytes"): number => items.reduce((sum, item) => sum + item[what], 0)
  return {
    items,
    rows: total("rows"),
    assets: total("assets"),
    bytes: total("bytes"),
    notHeld: [
      ...items.flatMap((item) => (item.reason === null ? [] : [{ asked: item.name, reason: item.reason }])),
      ...asked.asks.map((ask) => ({ asked: ask, reason: reasonOf(ask) })),
    ],
  }
}

export function reasonOf(ask: string): string {
  return ask in NOT_HELD_REASONS ? NOT_HELD_REASONS[ask as Ask] : "it is not stored"
}

export async function surveyItem(catalog: Queryable, days: DayRange, item: ScopeItem): Promise<SurveyedItem> {
  const rows = await rowsOf(catalog, item)
  const { assets, bytes, outsideDays } = item.kind === "account" ? NO_ASSETS : await countAssets(catalog, days, item)
  const held = rows > 0
  const reason = held ? null : await whyNotHeld(catalog, item)
  return { ...item, name: formatItem(item), held, rows, assets, bytes, outsideDays, reason }
}

const NO_ASSETS = { assets: 0, bytes: 0, outsideDays: 0 } as const

async function rowsOf(catalog: Queryable, { kind, id }: ScopeItem): Promise<number> {
  const tables =
    kind === "account" ? ACCOUNT_TABLES : kind === "meeting" ? [...MEETING_TABLES, ...ASSET_TABLES] : ASSET_TABLES
  let rows = 0
  for (const table of tables) rows += await countRows(catalog, heldAndLive(table, kind), id)
  return rows
}

async function countAssets(
  catalog: Queryable,
  days: DayRange,
  item: ScopeItem,
): Promise<{ readonly assets: number; readonly bytes: number; readonly outsideDays: number }> {
  const [inside] = await catalog.query<{ assets: number; bytes: number }>(
    `SELECT count(*) AS assets, coalesce(sum(offset_bytes), 0)::bigint AS bytes FROM (${assetsOnDays(item, days, true)}) inside`,
    [item.id],
  )
  const outsideDays = await countRows(catalog, assetsOnDays(item, days, false), item.id)
  return { assets: inside?.assets ?? 0, bytes: inside?.bytes ?? 0, outsideDays }
}

async function whyNotHeld(catalog: Queryable, { kind, id }: ScopeItem): Promise<string> {
  const [tombstone] = await catalog.query<{ day: number }>("SELECT day FROM tombstones WHERE kind = $1 AND id = $2", [
    kind,
    id,
  ])
  return tombstone === undefined
    ? `this server has, and had, no ${kind} with that id`
    : `it was deleted, and removed on ${dateOfDay(tombstone.day)}; all that is left is its id and that day`
}
