import { createHash } from "node:crypto"

/** What the page says. */
export interface PageFacts {
  readonly version: string
  readonly address: string
  readonly ready: boolean
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2327; --paper: #fbfaf7; --faint: #5a6570; --line: #d9d6cf; --good: #1c6b3c; --bad: #a1281f; --code: #f0eee8 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e1; --paper: #16191c; --faint: #a4adb6; --line: #343a40; --good: #7fd6a0; --bad: #ff9c92; --code: #22272b } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.6 system-ui, sans-serif }
main { max-width: 44rem; margin: 0 auto; padding: clamp(1.5rem, 6vw, 4rem) 1.25rem }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .25rem } h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem }
p { margin: .5rem 0 } .faint { color: var(--faint) }
.state { display: inline-block; margin-top: 1rem; padding: .2rem .8rem; border: 1px solid currentcolor; border-radius: 1rem; font-weight: 600 }
.good { color: var(--good) } .bad { color: var(--bad) }
ol { padding-left: 1.4rem } li { margin: .9rem 0 }
pre { margin: .35rem 0; padding: .7rem .9rem; background: var(--code); border: 1px solid var(--line); border-radius: .5rem; overflow-x: auto }
code { font: .92rem/1.5 ui-monospace, monospace } a { color: inherit } ul { padding-left: 1.2rem }
table { width: 100%; border-collapse: collapse; margin: .75rem 0; font-size: .98rem } th, td { text-align: left; vertical-align: top; padding: .5rem .9rem .5rem 0; border-bottom: 1px solid var(--line) }
th:last-child, td:last-child { padding-right: 0 } .count { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums } .scroll { overflow-x: auto }
:focus-visible { outline: 3px solid currentcolor; outline-offset: 2px }
`

/** The page's one style, for its Content-Security-Policy. */
export const STYLE_HASH = `'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`

/** The page at `/`: version, health, and what to do next. No script, nothing from elsewhere. */
export function renderPage({ version, address, ready }: PageFacts): string {
  const at = escapeHtml(address)
  return documentOf(`<h1>Taciturn</h1>
<p>An archive for meeting recordings and chat that cannot be made to talk.</p>
<p class="faint">Version ${escapeHtml(version)}</p>
<p><span class="state ${ready ? "good" : "bad"}" role="status">${ready ? "Ready" : "Not ready: the catalog or the store does not answer"}</span></p>
<p><a href="/app/">Open the web app</a></p>
<h2>From a terminal</h2>
<ol>
<li>Create your account. Its keys stay on your device; write down the recovery phrase.
<pre tabindex="0"><code>npx taciturn init --url ${at}</code></pre></li>
<li>Create a meeting.
<pre tabindex="0"><code>npx taciturn meeting create "Weekly call"</code></pre></li>
<li>Upload a recording. It is sealed before it leaves your device.
<pre tabindex="0"><code>npx taciturn upload MEETING recording.mp4</code></pre></li>
<li>Admit someone. They accept with <code>npx taciturn meeting join</code>.
<pre tabindex="0"><code>npx taciturn meeting add MEETING ACCOUNT</code></pre></li>
<li>Play it.
<pre tabindex="0"><code>npx taciturn play RECORDING</code></pre></li>
</ol>
<h2>What this server holds</h2>
<p>Ciphertext, and what it takes to store and serve it: no title, no name, no key that opens anything.
<a href="/what-we-hold">All of it, counted</a>; and <a href="/transparency">what authorities asked for</a>.</p>
<h2>For programs</h2>
<ul>
<li><a href="/openapi.json">The API, as an OpenAPI document</a></li>
<li><a href="/v1/instance">This instance and its keys</a></li>
<li><a href="/healthz">Health</a> and <a href="/readyz">readiness</a></li>
</ul>
`)
}

/** The page at `/j/`: what a browser shows of an invite link. The server doesn't know which. */
export function renderJoinPage(address: string): string {
  return documentOf(`<h1>You were invited</h1>
<p>to a meeting whose recordings only its participants can open.</p>
<h2>What to do next</h2>
<p>Give the whole link, as it stands in your browser's address, to the command. It makes an account where you have none, and asks whoever invited you to admit it.</p>
<pre tabindex="0"><code>npx taciturn join '${escapeHtml(address)}/j/#…'</code></pre>
<p class="faint">What stands behind the # was not sent to this server. Treat the link like a key: whoever has it can ask to be admitted in your place.</p>
`)
}

export function documentOf(main: string, title = "Taciturn"): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
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

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
}
