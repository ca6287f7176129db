// Bundles what goes with every production: one file that needs nothing but Node, the same from the same sources.
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const root = dirname(dirname(fileURLToPath(import.meta.url)))

await build({
  entryPoints: [join(root, "worker", "admin", "verify-main.ts")],
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
