import { shownText } from "./shown-text.js"

/**
 * A page that opens without a server. What others wrote is text in it, never markup: there is no script, and the page's own policy allows nothing but its
 * style, and where it says so the files that lie beside it.
 * @param note already escaped, as is `body`.
 */
export function htmlPage(title: string, note: string, body: string, { hasFiles = false } = {}): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${hasFiles ? "; media-src file: 'self'; img-src file: 'self'" : ""}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1 dir="auto">${escapeHtml(title)}</h1><p>${note}</p></header>
<main>
${body}
</main>
</body>
</html>
`
}

const STYLE = `:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
article{border-top:1px solid #8886;padding:.75rem 0}article:target{outline:2px solid}.text{white-space:pre-wrap;margin:.25rem 0}
.meta,.note{font-size:.875rem;margin:0}.warning{font-size:.875rem;margin:0;font-weight:600}ul{list-style:none;display:flex;gap:.75rem;padding:0;margin:0;font-size:.875rem}
video,audio,img{display:block;max-width:100%;margin:.5rem 0}h2{font-size:1.125rem;margin:0}summary{cursor:pointer;padding:.25rem 0}dl{display:grid;grid-template-columns:max-content 1fr;gap:.125rem .75rem;font-size:.875rem;margin:.5rem 0}dd{margin:0;white-space:pre-wrap}`

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
}

export function escapeHtml(text: string): string {
  return shownText(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "")
}

/** A path as an address beside the page, with nothing in it that an address reads otherwise. */
export function hrefOf(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/").replaceAll("'", "%27")
}
