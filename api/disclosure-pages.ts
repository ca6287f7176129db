import { countPublicly, type ReportPeriod } from "../shared/server/catalog/report.js"
import { KIND_WORDS, TABLE_WORDS } from "../shared/server/plain-words.js"
import { type ColumnKind, type HoldingClass, SCHEMA } from "../shared/server/schema.js"
import { documentOf, escapeHtml } from "./page.js"

/** What this server holds, and what authorities asked of it, for anybody. No script; nothing that tells of a case whose notice is delayed. */

const CLASS_WORDS: Readonly<Record<Exclude<HoldingClass, "case">, string>> = {
  account: "Of accounts",
  meeting: "Of meetings",
  asset: "Of recordings and other files",
  message: "Of chat",
  "for-a-while": "For a while",
  "after-deletion": "After a deletion",
  server: "Of the server itself",
}
const CLASSES = Object.keys(CLASS_WORDS) as readonly (keyof typeof CLASS_WORDS)[]

/** Tables that are counted in public. */
export const PUBLIC_TABLES = Object.keys(SCHEMA).filter((table) => SCHEMA[table]?.holdingClass !== "case")

export type PublicCounts = Awaited<ReturnType<typeof countPublicly>>

export function renderHoldings({ rows, storedBytes }: PublicCounts): string {
  return documentOf(
    `<h1>What this server holds</h1>
<p>This is every table of its database, counted now, made from the same list that its tests check column by column. The recordings themselves are ${size(storedBytes)} of ciphertext beside it.</p>
<p>It holds no key that opens anything, no title, no name of a recording, no list of a meeting's participants, no link between accounts and meetings, no password and no network address.</p>
${CLASSES.map((name) => tableOf(name, rows)).join("\n")}
<h2>Requests of authorities</h2>
<p>What an operator entered of each request, what must not be removed meanwhile, and a record of each step. They are counted in <a href="/transparency">the transparency report</a>.</p>
<p class="faint">Counted at most every ten minutes. The same as <a href="/what-we-hold.json">JSON</a>.</p>
`,
    "What this server holds",
  )
}

function tableOf(name: keyof typeof CLASS_WORDS, rows: PublicCounts["rows"]): string {
  const tables = PUBLIC_TABLES.filter((table) => SCHEMA[table]?.holdingClass === name)
  const row = (table: string): string => {
    const kinds = [...new Set(Object.values(SCHEMA[table]?.columns ?? {}))].map((kind: ColumnKind) => KIND_WORDS[kind])
    return `<tr><td>${escapeHtml(TABLE_WORDS[table] ?? table)}<br><span class="faint">${kinds.join(", ")}</span></td><td class="count">${number(rows[table] ?? 0)}</td></tr>`
  }
  return `<h2>${CLASS_WORDS[name]}</h2>
<table>
<thead><tr><th scope="col">What</th><th scope="col" class="count">How many</th></tr></thead>
<tbody>
${tables.map(row).join("\n")}
</tbody>
</table>`
}

const KINDS: Readonly<Record<string, string>> = {
  preserve: "keep it for now",
  produce: "hand it over",
  "erase-objection": "do not erase it",
  emergency: "hand it over at once",
}
const OUTCOMES: Readonly<Record<string, string>> = {
  open: "not answered yet",
  produced: "ciphertext was handed over",
  "produced-in-part": "part of the ciphertext was handed over",
  "nothing-held": "nothing of it is held",
  refused: "refused",
  withdrawn: "withdrawn",
  preserved: "kept",
}

export function renderReport(periods: readonly ReportPeriod[]): string {
  return documentOf(
    `<h1>What authorities asked of this server</h1>
<p>Courts and police can order what is on a server to be kept or handed over. What is handed over from this one is ciphertext, and <a href="/what-we-hold">what else is listed here</a>: nobody here has keys.</p>
${periods.length === 0 ? "<p><strong>No request so far that may be told of.</strong></p>" : periods.map(renderPeriod).join("\n")}
<h2>What is not in it</h2>
<p>A request of which a court forbids to tell is in these figures only when that ends; then the figures of its half-year grow. Numbers of accounts and meetings are ranges, so that nobody is recognised by them.</p>
<p class="faint">The same as <a href="/transparency.json">JSON</a>.</p>
`,
    "What authorities asked of this server",
  )
}

function renderPeriod({ period, requests, accounts, meetings, productions }: ReportPeriod): string {
  return `<h2>${escapeHtml(period)}</h2>
<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(period)}">
<table>
<thead><tr><th scope="col">Asked to</th><th scope="col">Country</th><th scope="col">Outcome</th><th scope="col" class="count">Requests</th></tr></thead>
<tbody>
${requests
  .map(
    (row) =>
      `<tr><td>${KINDS[row.kind] ?? escapeHtml(row.kind)}</td><td>${escapeHtml(row.country)}</td><td>${OUTCOMES[row.outcome] ?? escapeHtml(row.outcome)}</td><td class="count">${number(row.requests)}</td></tr>`,
  )
  .join("\n")}
</tbody>
</table>
</div>
<p>About accounts: ${accounts}. About meetings: ${meetings}. Packages of ciphertext handed over: ${number(productions)}.</p>`
}

function number(count: number): string {
  return count.toLocaleString("en-US")
}

function size(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
  let [value, unit] = [bytes, 0]
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? number(value) : value.toFixed(1)} ${units[unit] ?? ""}`
}
