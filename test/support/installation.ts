import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, openSync, closeSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { type Closers, freePort, type GatewayService, startGateway, startRedis } from "../../scripts/services.js"
import type { Queryable } from "../../shared/server/ports.js"
import { createTestDatabase } from "./postgres.js"
import { exitOf, root, temporaryFolder } from "./programs.js"
import { SERVER_PROGRAMS } from "./service-process.js"
import { startTcpRelay, type TcpRelay } from "./tcp-relay.js"

/** The processes that can be started, killed and started again, each any number of times. `service` is both others in one. */
export type Role = "api" | "worker" | "service"

/**
 * API and worker as processes of their own beside PostgreSQL, Redis and a store, each behind a relay that can be cut: what a fault test breaks, and
 * mends. With no role started it is down.
 */
export interface Installation {
  readonly url: string
  readonly folder: string
  readonly data: string
  readonly catalog: Queryable
  readonly database: TcpRelay
  readonly redis: TcpRelay
  readonly redisUrl: string
  /** The gateway's; `null` where objects are in a folder. */
  readonly store: TcpRelay | null
  readonly gateway: GatewayService | null
  /** Starts the role, and waits until it is ready unless it is to be killed by the failpoint. @returns its process id. */
  start(role: Role, environment?: Readonly<Record<string, string>>): Promise<number>
  /** Ends the role where it runs. */
  stop(role: Role, signal?: NodeJS.Signals): Promise<void>
  /** Waits until the role has killed itself. @returns the failpoints that were hit since the last time. */
  died(role: Role): Promise<readonly string[]>
  /** Arms the failpoint of whatever process gets this environment. */
  armed(failpoint: string): Readonly<Record<string, string>>
  /** The failpoints that were hit since the last time. */
  hits(): Promise<readonly string[]>
  /** Everything that the role has logged. */
  log(role: Role): Promise<string>
  close(): Promise<void>
}

const DEADLINE_MS = 60_000

export async function openInstallation(store: "folder" | "s3" = "folder"): Promise<Installation> {
  const { path: folder, remove } = await temporaryFolder()
  const closers: Closers = [remove]
  const database = await createTestDatabase()
  closers.push(() => database.stop())
  const redis = await startRedis(folder, closers)
  const gateway = store === "s3" ? await startGateway(folder, closers) : null
  const relayTo = async (port: number): Promise<TcpRelay> => {
    const relay = await startTcpRelay({ host: "127.0.0.1", port })
    closers.push(() => relay.stop())
    return relay
  }
  const databaseRelay = await relayTo(Number(new URL(database.url).port))
  const redisRelay = await relayTo(redis.port)
  const gatewayRelay = gateway === null ? null : await relayTo(gateway.port)
  const databaseUrl = new URL(database.url)
  databaseUrl.port = String(databaseRelay.port)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const data = join(folder, "data")
  const environment = {
    PATH: process.env["PATH"],
    PORT: String(port),
    TACITURN_DATA: data,
    DATABASE_URL: databaseUrl.href,
    REDIS_URL: `redis://127.0.0.1:${redisRelay.port}`,
    RECONCILE_SECONDS: "1",
    DRAIN_SECONDS: "1",
    ...(gateway === null || gatewayRelay === null
      ? {}
      : {
          S3_ENDPOINT: `http://127.0.0.1:${gatewayRelay.port}`,
          S3_BUCKET: gateway.bucket,
          S3_ACCESS_KEY_ID: gateway.accessKeyId,
          S3_SECRET_ACCESS_KEY: gateway.secretAccessKey,
        }),
  }
  const running = new Map<Role, ChildProcess>()
  const killAll = (): void => {
    for (const child of running.values()) child.kill("SIGKILL")
  }
  process.once("exit", killAll)
  const logOf = (role: Role): string => join(folder, `${role}.log`)
  const hitsFile = join(folder, "hits")
  let hitsSeen = 0

  const installation: Installation = {
    url,
    folder,
    data,
    catalog: database.catalog,
    database: databaseRelay,
    redis: redisRelay,
    redisUrl: redis.url,
    store: gatewayRelay,
    gateway,
    start: async (role, extra = {}) => {
      const log = openSync(logOf(role), "a", 0o600)
      const entry = join(root, role === "service" ? SERVER_PROGRAMS.serve : `dist/${role}/main.js`)
      const child = spawn(process.execPath, [entry], {
        env: { ...environment, ...extra },
        stdio: ["ignore", log, log],
      })
      closeSync(log)
      running.set(role, child)
      if (role !== "worker" && !("TACITURN_FAILPOINT" in extra)) await ready(url, child, logOf(role))
      return child.pid ?? 0
    },
    stop: async (role, signal = "SIGTERM") => {
      const child = running.get(role)
      running.delete(role)
      child?.kill(signal)
      if (child !== undefined) await exitOf(child)
    },
    died: async (role) => {
      const child = running.get(role)
      running.delete(role)
      if (child === undefined) throw new Error(`no ${role} runs`)
      const timer = setTimeout(() => child.kill("SIGTERM"), DEADLINE_MS)
      await exitOf(child)
      clearTimeout(timer)
      return await installation.hits()
    },
    armed: (failpoint) => ({ TACITURN_FAILPOINT: failpoint, TACITURN_FAILPOINT_LOG: hitsFile }),
    hits: async () => {
      const all = existsSync(hitsFile) ? (await readFile(hitsFile, "utf8")).trim().split("\n") : []
      const fresh = all.slice(hitsSeen)
      hitsSeen = all.length
      return fresh
    },
    log: async (role) => await readFile(logOf(role), "utf8"),
    close: async () => {
      for (const role of [...running.keys()]) await installation.stop(role)
      process.off("exit", killAll)
      for (const close of closers.toReversed()) await close()
    },
  }
  return installation
}

async function ready(url: string, child: ChildProcess, log: string): Promise<void> {
  for (const deadline = performance.now() + DEADLINE_MS; ;) {
    if ((await fetch(`${url}/readyz`).catch(() => null))?.status === 200) return
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline)
      throw new Error(`it did not start: ${await readFile(log, "utf8")}`)
    await delay(25)
  }
}
