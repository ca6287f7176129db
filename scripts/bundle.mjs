// Bundles the compiled command, and the thread that it starts from the file beside it: to find hundreds of modules
// takes longer, at every call, than most of what the command is called for.
import { readdirSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { verifierPage } from "./verifier-page.mjs"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, "dist")
const outdir = join(dist, "programs")
/** The same for people without Node. */
const VERIFIER_PAGE = "verify.html"
/** What is written in CommonJS asks for `require`. */
const REQUIRE = `import { createRequire as requireOfBundle } from "node:module"; const require = requireOfBundle(import.meta.url);`

const OPTIONS = {
  outdir,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  banner: { js: REQUIRE },
  logLevel: "warning",
  metafile: true,
}

const bundled = await Promise.all([
  build({
    ...OPTIONS,
    entryPoints: {
      taciturn: join(dist, "client", "cli", "main.js"),
      "segment-thread-worker": join(dist, "client", "sdk", "node", "segment-thread-worker.js"),
    },
    splitting: true,
  }),
  // One file that needs nothing beside it, to be handed on with an opening.
  build({
    ...OPTIONS,
    entryPoints: { "verify-opening": join(dist, "client", "verifier", "node", "main.js") },
    outExtension: { ".js": ".mjs" },
  }),
])
writeFileSync(
  join(outdir, VERIFIER_PAGE),
  await verifierPage(join(dist, "client", "verifier", "page", "main.js"), join(root, "client", "verifier", "page")),
)
// Programs that run may yet start what this build has too: only what an earlier one left is removed.
const written = new Set([
  VERIFIER_PAGE,
  ...bundled.flatMap(({ metafile }) => Object.keys(metafile.outputs).map((path) => basename(path))),
])
for (const name of readdirSync(outdir)) if (!written.has(name)) rmSync(join(outdir, name), { recursive: true })
