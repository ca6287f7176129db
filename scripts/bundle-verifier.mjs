// Bundles the verifier of productions, certificates and openings (verify/): a program for Node and a page for browsers, each one file that needs
// nothing beside it, the same from the same sources.
import { createHash } from "node:crypto"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build, transform } from "esbuild"

const root = join(fileURLToPath(new URL(".", import.meta.url)), "..")
const compiled = join(root, "dist", "verify")
const programs = join(root, "dist", "programs")
const BROWSERS = ["es2023", "chrome123", "firefox121", "safari17.5"]
/** What the page has in the place of Node's modules. */
const standIns = Object.fromEntries(
  ["crypto", "fs", "fs/promises", "path", "util"].map((name) => [
    `node:${name}`,
    join(compiled, "page", "node", `${name.replace("/", "-")}.js`),
  ]),
)

await build({
  entryPoints: [join(compiled, "main.js")],
  // Productions take it from there.
  outfile: join(root, "dist", "worker", "admin", "verify.mjs"),
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  // What is written in CommonJS asks for `require`.
  banner: {
    js: `import { createRequire as requireOfBundle } from "node:module"; const require = requireOfBundle(import.meta.url);`,
  },
  legalComments: "inline",
  logLevel: "warning",
})
await mkdir(programs, { recursive: true })
await writeFile(
  join(programs, "verify.html"),
  await pageOf(join(compiled, "page", "main.js"), join(root, "verify", "page")),
)

/** One HTML file with all that it needs in it, which may ask nobody for anything. */
async function pageOf(entry, source) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    platform: "browser",
    target: BROWSERS,
    alias: standIns,
    inject: [join(compiled, "page", "node", "globals.js")],
    legalComments: "inline",
    logLevel: "warning",
  })
  const script = outputFiles[0].text.trim()
  const style = (await transform(await readFile(join(source, "page.css"), "utf8"), { loader: "css", minify: true }))
    .code
  // libsodium's is WebAssembly. What is opened is played and saved from the page's own memory.
  const policy = `default-src 'none'; script-src '${hashOf(script)}' 'wasm-unsafe-eval'; style-src '${hashOf(style)}'; media-src blob:`
  const parts = {
    "policy and style": `<meta http-equiv="Content-Security-Policy" content="${policy}" /><style>${style}</style>`,
    script: `<script>${script}</script>`,
  }
  const page = await readFile(join(source, "page.html"), "utf8")
  return page.replaceAll(/<!-- (policy and style|script) -->/g, (_, name) => parts[name])
}

function hashOf(text) {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`
}
