// `npm run check`: types, lint, format, boundaries, dead code. Stops at the first that fails.
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { root } from "./set-up.mjs"

const modules = join(root, "node_modules")
const CHECKS = [
  ["types", "typescript/bin/tsc", ["-b"]],
  [
    "lint",
    "eslint/bin/eslint.js",
    [".", "--max-warnings", "0", "--cache", "--cache-location", "node_modules/.cache/eslint/"],
  ],
  ["format", "prettier/bin/prettier.cjs", ["--check", "--log-level", "warn", "--cache", "."]],
  [
    "boundaries",
    "dependency-cruiser/bin/dependency-cruise.mjs",
    ["--config", ".dependency-cruiser.cjs", "--output-type", "err", "shared", "api", "worker", "serve", "client"],
  ],
  ["dead code", "knip/bin/knip.js", ["--no-progress"]],
]

for (const [name, program, args] of CHECKS) {
  process.stderr.write(`check: ${name} …\n`)
  const { status } = spawnSync(process.execPath, [join(modules, program), ...args], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  })
  if (status !== 0) {
    process.stderr.write(`check: ${name} failed\n`)
    process.exit(1)
  }
}
