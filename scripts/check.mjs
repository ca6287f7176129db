// `npm run check`: types, then lint, and beside it format, boundaries and dead code.
import { spawn } from "node:child_process"
import { once } from "node:events"
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
    [
      "--config",
      ".dependency-cruiser.cjs",
      "--output-type",
      "err",
      "shared",
      "api",
      "worker",
      "serve",
      "client",
      "verify",
    ],
  ],
  ["dead code", "knip/bin/knip.js", ["--no-progress"]],
]

// Types first: of what does not compile, the others say little. Lint takes longer than all the others one after another.
const [types, lint, ...others] = CHECKS
const failed = (await run(types)) ? (await Promise.all([run(lint), runInTurn(others)])).includes(false) : true
if (failed) process.exit(1)

/** All of them, also where one fails. */
async function runInTurn(checks) {
  let held = true
  for (const check of checks) held = (await run(check)) && held
  return held
}

/** What it writes is shown once it is over, so that checks don't talk across each other. */
async function run([name, program, args]) {
  const child = spawn(process.execPath, [join(modules, program), ...args], { cwd: root })
  const written = []
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => written.push(part))
  const [status] = await once(child, "close")
  process.stderr.write(`check: ${name}${status === 0 ? "" : " failed"}\n`)
  process.stderr.write(Buffer.concat(written))
  return status === 0
}
