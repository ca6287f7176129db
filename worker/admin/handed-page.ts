/** Pages that are handed over: read on a screen or printed, without script, and made of what was signed alone. */

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

export function documentOf(title: string, main: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${main}</main>
</body>
</html>
`
}

export function term(name: string, value: string): string {
  return `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>\n`
}

export function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[], none: string): string {
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

export function number(count: number): string {
  return count.toLocaleString("en-US")
}

export function list(items: readonly string[]): string {
  return `<ul>\n${items.map((item) => `<li>${item}</li>`).join("\n")}\n</ul>`
}

export function code(text: string): string {
  return `<code>${escapeHtml(text)}</code>`
}

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
}
