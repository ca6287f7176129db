// `npm test`: sets up, checks the code and runs every test. `--full` takes the full counts, and the tests that only it has. The last line is
// `N passed, N failed`; checks that failed are one more failure.
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { availableParallelism, constants, setPriority, tmpdir } from "node:os"
import { join, sep } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { installDebianPackages } from "./debian-packages.mjs"
import { root, setUp } from "./set-up.mjs"

/** Each file's tests start services of their own, and wait for them: two files more than there are processors keep these busy. */
const MORE_JOBS = 2
const MOST_JOBS = 6
/** What computes for minutes in one process begins first, and the others go on beside it. */
const LONGEST = ["fuzz", "property"]
const ENDING_MS = 120_000
/** Low, so that no test waits long for the checks; not so low that lint, the longest, goes on by itself when the tests are over. */
const CHECKS_PRIORITY = 5
const full = process.argv.includes("--full")
await setUp({ tests: true })
installDebianPackages({ required: process.env.CI === "true" })
const folder = mkdtempSync(join(tmpdir(), "taciturn-test-"))
const summary = join(folder, "summary")
const processes = join(folder, "processes")
const mocha = join(root, "node_modules", "mocha", "bin", "mocha.js")
const jobs = Math.min(availableParallelism() + MORE_JOBS, MOST_JOBS)
const reporter = ["--reporter", "./test/support/reporter.cjs", "--reporter-option", `summary=${summary}`]
// Tests wait for what they start, and the checks compute meanwhile.
const checked = run(process.execPath, [join(root, "scripts", "check.mjs")], process.env, CHECKS_PRIORITY)
const tested = run(process.execPath, [mocha, "--parallel", "--jobs", String(jobs), ...reporter, ...testFiles()], {
  ...process.env,
  TACITURN_TEST_PROCESSES: processes,
  ...(full ? { TACITURN_TEST_FULL: "1" } : {}),
})
const [failures, checksFailed] = [await tested, (await checked) !== 0]
process.exitCode = failures !== 0 || checksFailed ? 1 : 0
await ended(existsSync(processes) ? readFileSync(processes, "utf8").trim().split("\n").map(Number) : [])
// Without a summary mocha itself did not come to its end.
const line = existsSync(summary) ? readFileSync(summary, "utf8") : "0 passed, 1 failed"
rmSync(folder, { recursive: true })
if (checksFailed) process.stdout.write("The checks failed: what they say stands above, behind `check:`.\n")
process.stdout.write(`${line.replace(/\d+(?= failed)/, (count) => String(Number(count) + Number(checksFailed)))}\n`)

function testFiles() {
  const folder = join(root, "test")
  const isOnlyFull = (path) => path.split(sep).includes("full")
  const files = readdirSync(folder, { recursive: true }).filter(
    (path) => path.endsWith(".test.ts") && (full || !isOnlyFull(path)),
  )
  const isLong = (path) => LONGEST.some((name) => path.startsWith(`${name}${sep}`))
  return [...files.filter(isLong), ...files.filter((path) => !isLong(path)).sort()].map((path) => join(folder, path))
}

/** A database that ends with the tests may need some seconds to be gone. */
async function ended(pids) {
  const deadline = Date.now() + ENDING_MS
  for (let left = pids; (left = left.filter(isAlive)).length > 0;) {
    if (Date.now() > deadline) throw new Error(`processes ${left.join(", ")} do not end`)
    await delay(100)
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function run(command, args, env, priority = constants.priority.PRIORITY_NORMAL) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "inherit", "inherit"] })
    // What it starts later is as patient.
    if (child.pid !== undefined && priority !== constants.priority.PRIORITY_NORMAL) setPriority(child.pid, priority)
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal))
    child.once("close", (code) => resolve(code ?? 1))
  })
}
