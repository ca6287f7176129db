import { dateOfDay } from "../../shared/protocol/ambient.js"
import { SCHEMA } from "../../shared/server/schema.js"
import { code, documentOf, escapeHtml, list, number, table, term } from "./handed-page.js"
import { type Declaration, PRODUCED_TABLES } from "./production-format.js"

/** The declaration for people: on a screen, and printed. Made of the declaration alone, so that a verifier makes the same. */

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
  return documentOf(
    "Declaration of a production",
    `<h1>Declaration of a production</h1>
<p>What this folder holds, what it does not hold, and why. The folder is signed. Its <code>verify.html</code>, opened in a browser and given this folder, checks every byte, without a network and without a key; so does <code>node verify.mjs</code>.</p>
<dl>
${asked === null ? "" : `${term("Case", asked.case)}${term("Kind", KINDS[asked.kind] ?? asked.kind)}${term("Asked by", `${asked.authority} (${asked.country})`)}${term("Reference", asked.reference)}`}${term("Produced on", dateOfDay(declaration.producedDay))}${term("By instance", declaration.instance)}${term("Software", `${declaration.software.name} ${declaration.software.version}, SHA-256 ${declaration.software.sha256}`)}${term("Days of upload asked for", range(days))}${term("Files of ciphertext", `${number(declaration.objects)}, ${number(declaration.objectBytes)} bytes`)}
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
`,
  )
}

function range({ from, to }: Declaration["days"]): string {
  if (from === null && to === null) return "all"
  return `${from === null ? "from the first" : dateOfDay(from)} to ${to === null ? "the last" : dateOfDay(to)}`
}
