import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { constants } from "node:fs"
import { access, mkdir, open, readFile, realpath, rename, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import pg from "pg"
import { lock } from "proper-lockfile"
import { ArchiveError } from "../../protocol/errors.js"
import { fsyncFolder } from "../files.js"
import { commandFor, postgresBinaries, type PostgresBinaries } from "./binaries.js"

/** PostgreSQL in a folder of its own, for who runs no server. */
export interface EmbeddedPostgres {
  readonly databaseUrl: string
  /** Ends the server, unless it was running for somebody else. */
  stop(): Promise<void>
}

const USER = "taciturn"
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 20_000
const POLL_MS = 20
/** Waited for a minute; a lock that was not touched for five seconds is a killed process's. */
const START_LOCK = { stale: 5_000, update: 1_000, retries: { retries: 300, factor: 1, minTimeout: 200 } } as const

/**
 * Starts the PostgreSQL in `folder`, making it at the first time; one that still runs there (its parent was killed) is taken over.
 * @throws {@link ArchiveError} `unavailable`, with what PostgreSQL said.
 */
export async function startEmbeddedPostgres(folder: string): Promise<EmbeddedPostgres> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // Two processes that come at the same moment must not both make it, nor take each other's files for stale.
  const unlock = await lock(folder, { ...START_LOCK, onCompromised: () => undefined }).catch((cause: unknown) => {
    throw new ArchiveError("unavailable", `another process is starting PostgreSQL in ${folder}`, { cause })
  })
  try {
    return await adoptOrStart(folder)
  } finally {
    await unlock().catch(() => undefined)
  }
}

async function adoptOrStart(folder: string): Promise<EmbeddedPostgres> {
  const binaries = await postgresBinaries()
  const running = await adoptRunning(folder)
  if (running !== null) return running
  const dataFolder = join(folder, "cluster")
  await rm(join(dataFolder, "postmaster.pid"), { force: true })
  if (!(await hasEmbeddedPostgres(folder))) await initialise(binaries, folder, dataFolder)
  const port = await freePort()
  const pid = await launch(binaries, folder, dataFolder, port)
  const databaseUrl = urlFor(port, await readPassword(folder))
  await waitUntilReady(databaseUrl, () => isAlive(pid)).catch(async (cause: unknown) => {
    const log = await readFile(join(folder, "postgres.log"), "utf8").catch(() => "")
    throw new ArchiveError("unavailable", `PostgreSQL did not start in ${folder}: ${lastLine(log)}`, { cause })
  })
  return {
    databaseUrl,
    stop: async () => {
      await stopServer(pid)
    },
  }
}

/** One that is still stopping is waited for, and is then none. */
async function adoptRunning(folder: string): Promise<EmbeddedPostgres | null> {
  const running = await findRunning(folder)
  if (running === null) return null
  const { pid, databaseUrl } = running
  try {
    await waitUntilReady(databaseUrl, () => isAlive(pid))
  } catch (error) {
    if (isAlive(pid)) throw error
    return null
  }
  return {
    databaseUrl,
    stop: async () => {
      await stopServer(pid)
    },
  }
}

/** Whether a cluster was ever made in `folder`. */
export async function hasEmbeddedPostgres(folder: string): Promise<boolean> {
  return await exists(join(folder, "cluster", "PG_VERSION"))
}

/** The database that runs on `folder` now, or `null`. */
export async function findRunning(
  folder: string,
): Promise<{ readonly pid: number; readonly databaseUrl: string } | null> {
  const dataFolder = join(folder, "cluster")
  const text = await readFile(join(dataFolder, "postmaster.pid"), "utf8").catch(() => null)
  const [pidLine, , , portLine] = text?.split("\n") ?? []
  const [pid, port] = [Number(pidLine), Number(portLine)]
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid) || !(await worksIn(pid, dataFolder))) return null
  return { pid, databaseUrl: urlFor(port, await readPassword(folder)) }
}

async function initialise(binaries: PostgresBinaries, folder: string, dataFolder: string): Promise<void> {
  const passwordFile = passwordPath(folder)
  await writeFile(passwordFile, randomBytes(24).toString("hex"), { mode: 0o600, flush: true })
  // A half-made cluster of an interrupted start has no PG_VERSION under its final name.
  const making = `${dataFolder}.making`
  await rm(making, { recursive: true, force: true })
  const options = [
    `--pgdata=${making}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--no-instructions",
  ]
  const { command, args } = await commandFor(binaries.initdb, options)
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: {} })
  let said = ""
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes: Buffer) => (said = (said + bytes.toString()).slice(-4_096)))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", resolve)
  })
  if (code !== 0)
    throw new ArchiveError("unavailable", `PostgreSQL's initdb failed (${String(code)}): ${lastLine(said)}`)
  await rename(making, dataFolder)
  await fsyncFolder(folder)
}

async function launch(binaries: PostgresBinaries, folder: string, dataFolder: string, port: number): Promise<number> {
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    fsync: "on",
    max_connections: "64",
    shared_buffers: "32MB",
    log_statement: "none",
    log_min_error_statement: "panic",
    log_parameter_max_length_on_error: "0",
    log_min_messages: "fatal",
  }
  const options = ["-D", dataFolder, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])]
  const { command, args } = await commandFor(binaries.postgres, options)
  const log = await open(join(folder, "postgres.log"), "w", 0o600)
  try {
    // A session of its own: Ctrl-C in a terminal reaches the service, which then stops its database in order.
    const child = spawn(command, args, { stdio: ["ignore", log.fd, log.fd], env: {}, detached: true })
    child.unref()
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve)
      child.once("error", reject)
    })
    if (child.pid === undefined) throw new ArchiveError("unavailable", "PostgreSQL has no process id")
    return child.pid
  } finally {
    await log.close()
  }
}

async function waitUntilReady(databaseUrl: string, lives: () => boolean = () => true): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS
  for (;;) {
    const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 2_000 })
    client.on("error", () => undefined)
    try {
      await client.connect()
      await client.query("SELECT 1")
      return
    } catch (cause) {
      if (!lives() || performance.now() > deadline)
        throw new ArchiveError("unavailable", "PostgreSQL does not answer", { cause })
    } finally {
      await client.end().catch(() => undefined)
    }
    await delay(POLL_MS)
  }
}

/** SIGINT is PostgreSQL's fast shutdown: open transactions are rolled back, everything is written. */
async function stopServer(pid: number): Promise<void> {
  if (!isAlive(pid)) return
  process.kill(pid, "SIGINT")
  const deadline = performance.now() + STOP_TIMEOUT_MS
  while (isAlive(pid) && performance.now() < deadline) await delay(POLL_MS)
  if (isAlive(pid)) process.kill(pid, "SIGQUIT")
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A pid file outlives its process after a power cut, and its number may be another's by then. PostgreSQL works in its data folder. */
async function worksIn(pid: number, dataFolder: string): Promise<boolean> {
  if (process.platform !== "linux") return true
  const [workingFolder, expected] = await Promise.all(
    [`/proc/${pid}/cwd`, dataFolder].map((path) => realpath(path).catch(() => null)),
  )
  return workingFolder !== null && workingFolder === expected
}

function passwordPath(folder: string): string {
  return join(folder, "password")
}

async function readPassword(folder: string): Promise<string> {
  return (await readFile(passwordPath(folder), "utf8")).trim()
}

function urlFor(port: number, password: string): string {
  return `postgresql://${USER}:${password}@127.0.0.1:${port}/postgres`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(0, "127.0.0.1", resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === "string") throw new ArchiveError("unavailable", "no free port")
  return address.port
}

async function exists(path: string): Promise<boolean> {
  return await access(path, constants.F_OK).then(
    () => true,
    () => false,
  )
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? ""
}
