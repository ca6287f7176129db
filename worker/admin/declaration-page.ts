import { dateOfDay } from "../../shared/protocol/ambient.js"
import { SCHEMA } from "../../shared/server/schema.js"
import { type Declaration, PRODUCED_TABLES } from "./production-format.js"

/** The declaration for people: on a screen, and printed. Made of the declaration alone, so that a verifier makes the same. */

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2327; --paper: #fbfaf7; --faint: #5a6570; --line: #d9d6cf }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e1; --paper: #16191c; --faint: #a4adb6; --line: #343a40 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
main { max-width: 52rem; margin: 0 auto; padding: clamp(1.25rem, 5vw, 3.5rem) 1.25rem }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem } h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem }
p { margin: .5rem 0 } .faint { color: var(--faint) }
table { width: 100%; border-collapse: collapse; font-size: .95rem }
th, td { text-align: left; vertical-align: top; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line) }
th { font-weight: 600 } td.number { white-space: nowrap; font-variant-numeric: tabular-nums }
.id, code { font: .88em/1.5 ui-monospace, monospace; overflow-wrap: anywhere } td.id { overflow-wrap: break-word }
dl { display: grid; grid-template-columns: minmax(8rem, 12rem) 1fr; gap: .35rem 1rem; margin: .75rem 0 } dt { color: var(--faint) } dd { margin: 0; overflow-wrap: anywhere }
ul { padding-left: 1.2rem } li { margin: .35rem 0 }
@media (max-width: 40rem) {
  dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: .5rem }
  table, tbody, tr, td { display: block } thead { display: none } td { border: 0; padding: .1rem 0 } td.id { overflow-wrap: anywhere } tr { border-bottom: 1px solid var(--line); padding: .5rem 0 }
  td[data-label]::before { content: attr(data-label) ": "; color: var(--faint) }
}
@media print {
  :root { --ink: #000; --paper: #fff; --faint: #444; --line: #999 } main { max-width: none; padding: 0 } h2 { break-after: avoid } tr, dl { break-inside: avoid }
  body { font-size: 10.5pt } @page { margin: 20mm }
}
`

const KINDS: Readonly<Record<string, string>> = {
  preserve: "preservation",
  produce: "production",
  "erase-objection": "objection against an erasure",
  emergency: "emergency",
}

export function renderDeclaration(declaration: Declaration): string {
  const { case: asked, scope, days, omitted, rows, withheld } = declaration
  const held = scope.filter(({ present }) => present)
  const lacking = [
    ...scope
      .filter(({ present }) => !present)
      .map(({ item, reason }) => ({ what: item, reason: reason ?? "it is not stored" })),
    ...declaration.asked,
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Declaration of a production</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Declaration of a production</h1>
<p>What this folder holds, what it does not hold, and why. The folder is signed; <code>node verify.mjs</code> in it checks every byte, without a network and without a key.</p>
<dl>
${asked === null ? "" : `${term("Case", asked.case)}${term("Kind", KINDS[asked.kind] ?? asked.kind)}${term("Asked by", `${asked.authority} (${asked.country})`)}${term("Reference", asked.reference)}`}${term("Produced on", dateOfDay(declaration.producedDay))}${term("By instance", declaration.instance)}${term("Software", `${declaration.software.name} ${declaration.software.version}`)}${term("Days of upload asked for", range(days))}${term("Files of ciphertext", `${number(declaration.objects)}, ${number(declaration.objectBytes)} bytes`)}
</dl>
<h2>Held, and given</h2>
${table(
  ["What", "Rows", "Assets", "Bytes"],
  held.map(({ item, rows: count, assets, bytes }) => [item, count, assets, bytes]),
  "Nothing of what was asked for is held.",
)}
<p class="faint">Everything that these items have is given, as ciphertext where it is ciphertext: nobody but a meeting's participants has keys.</p>
<h2>Held, and not given</h2>
${list([
  ...omitted.map(
    ({ asset, meeting, uploadedDay, reason }) =>
      `${code(asset)} of ${code(meeting)}, uploaded ${dateOfDay(uploadedDay)}: ${escapeHtml(reason)}`,
  ),
  ...withheld.map(({ what, count, reason }) => `${number(count)} ${escapeHtml(what)}: ${escapeHtml(reason)}`),
])}
<h2>Asked for, and not held</h2>
${lacking.length === 0 ? "<p>Nothing.</p>" : list(lacking.map(({ what, reason }) => `${code(what)}: ${escapeHtml(reason)}`))}
<h2>Held by no server of this kind</h2>
${list(declaration.notHeld.map(escapeHtml))}
<h2>Rows, by table</h2>
<p>In <code>data/records.jsonl</code>. What each column holds is in <code>data/schema.json</code>: ciphertext, a wrapped key, a public key, a signature, a hash, or metadata.</p>
${table(
  ["Table", "Rows", "Columns"],
  PRODUCED_TABLES.filter((name) => (rows[name] ?? 0) > 0).map((name) => [
    name,
    rows[name] ?? 0,
    Object.entries(SCHEMA[name]?.columns ?? {})
      .map(([column, kind]) => `${column}: ${kind}`)
      .join(", "),
  ]),
  "None.",
)}
</main>
</body>
</html>
`
}

function term(name: string, value: string): string {
  return `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>\n`
}

function range({ from, to }: Declaration["days"]): string {
  if (from === null && to === null) return "all"
  return `${from === null ? "from the first" : dateOfDay(from)} to ${to === null ? "the last" : dateOfDay(to)}`
}

function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[], none: string): string {
  if (rows.length === 0) return `<p>${none}</p>`
  const cell = (value: string | number, index: number): string => {
    const label = ` data-label="${heads[index] ?? ""}"`
    return typeof value === "number"
      ? `<td class="number"${label}>${number(value)}</td>`
      : `<td class="id"${label}>${escapeHtml(value)}</td>`
  }
  return `<table>
<thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("\n")}
</tbody>
</table>`
}

function number(count: number): string {
  return count.toLocaleString("en-US")
}

function list(items: readonly string[]): string {
  return `<ul>\n${items.map((item) => `<li>${item}</li>`).join("\n")}\n</ul>`
}

function code(text: string): string {
  return `<code>${escapeHtml(text)}</code>`
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
}
