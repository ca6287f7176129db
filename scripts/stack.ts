import { type ChildProcess, execFile, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdtemp, open, readFile, rm } from "node:fs/promises"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { startEmbeddedPostgres } from "../shared/server/postgres/embedded.js"

/**
 * `npm run stack`: every part of a large installation as a process of its own, on this machine: PostgreSQL, Redis, Ceph's S3 gateway, API, worker.
 * Prints one line of JSON when it serves: where everything is. Ends all of it, and its data, with Ctrl-C or the end of its input.
 * `--folder-objects` takes a folder instead of the gateway.
 */

const run = promisify(execFile)
const root = fileURLToPath(new URL("..", import.meta.url))
const START_TIMEOUT_MS = 90_000

export interface StackSettings {
  readonly url: string
  readonly folder: string
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly redisPid: number
  readonly apiPid: number
  readonly workerPid: number
  readonly s3: {
    readonly endpoint: string
    readonly bucket: string
    readonly accessKeyId: string
    readonly secretAccessKey: string
  } | null
}

const closers: (() => Promise<void>)[] = []

async function main(): Promise<void> {
  const withS3 = !process.argv.includes("--folder-objects")
  const folder = await mkdtemp(join(tmpdir(), "taciturn-stack-"))
  closers.push(async () => {
    await rm(folder, { recursive: true, force: true })
  })
  const postgres = await startEmbeddedPostgres(join(folder, "postgres"))
  closers.push(async () => {
    await postgres.stop()
  })
  const [redis, s3] = await Promise.all([startRedis(folder), withS3 ? startGateway(folder) : null])
  const port = await freePort()
  const environment: Record<string, string> = {
    PATH: process.env["PATH"] ?? "",
    HOST: "127.0.0.1",
    PORT: String(port),
    TACITURN_DATA: join(folder, "data"),
    DATABASE_URL: postgres.databaseUrl,
    REDIS_URL: redis.url,
    RECONCILE_SECONDS: "2",
    ...(s3 === null
      ? {}
      : {
          S3_ENDPOINT: s3.endpoint,
          S3_BUCKET: s3.bucket,
          S3_ACCESS_KEY_ID: s3.accessKeyId,
          S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
        }),
  }
  const api = await startService("api", folder, environment)
  const worker = await startService("worker", folder, environment)
  const url = `http://127.0.0.1:${port}`
  await until(async () => (await fetch(`${url}/readyz`).catch(() => null))?.status === 200, "the API")
  const settings: StackSettings = {
    url,
    folder,
    databaseUrl: postgres.databaseUrl,
    redisUrl: redis.url,
    redisPid: redis.pid,
    apiPid: api,
    workerPid: worker,
    s3,
  }
  process.stdout.write(`${JSON.stringify(settings)}\n`)
}

async function startService(
  name: "api" | "worker",
  folder: string,
  environment: Record<string, string>,
): Promise<number> {
  const log = await open(join(folder, `${name}.log`), "a", 0o600)
  const child = spawn(process.execPath, [join(root, "dist", name, "main.js")], {
    env: environment,
    stdio: ["ignore", log.fd, log.fd],
  })
  await log.close()
  closers.push(async () => {
    await end(child, "SIGTERM")
  })
  return child.pid ?? 0
}

async function startRedis(folder: string): Promise<{ readonly url: string; readonly pid: number }> {
  const port = await freePort()
  const args = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--dir",
    folder,
    "--appendonly",
    "yes",
    "--save",
    "",
    "--daemonize",
    "no",
  ]
  const child = spawn("redis-server", args, { stdio: "ignore" })
  const failed = new Promise<never>((_resolve, reject) => {
    child.once("error", () => {
      reject(new Error("redis-server does not run: apt-get install redis-server"))
    })
  })
  closers.push(async () => {
    await end(child, "SIGTERM")
  })
  await Promise.race([failed, until(() => canConnect(port), "Redis")])
  return { url: `redis://127.0.0.1:${port}`, pid: child.pid ?? 0 }
}

async function startGateway(folder: string): Promise<NonNullable<StackSettings["s3"]>> {
  const gateway = join(folder, "rgw")
  const [accessKeyId, secretAccessKey] = [randomBytes(10).toString("hex"), randomBytes(20).toString("hex")]
  const script = join(root, "scripts", "rgw.sh")
  closers.push(async () => {
    await run(script, ["stop", gateway])
  })
  const { stdout } = await run(script, ["start", gateway, String(await freePort()), accessKeyId, secretAccessKey], {
    timeout: START_TIMEOUT_MS,
  }).catch(async (cause: unknown) => {
    const log = await readFile(join(gateway, "log", "rgw.out"), "utf8").catch(() => "")
    throw new Error(
      `Ceph's gateway did not start (apt-get install radosgw ceph-osd ceph-mon ceph-common): ${log.slice(-400)}`,
      { cause },
    )
  })
  return { endpoint: stdout.trim(), bucket: "taciturn", accessKeyId, secretAccessKey }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise<void>((resolve) =>
    child.once("close", () => {
      resolve()
    }),
  )
  child.kill(signal)
  // A process that a test has stopped (SIGSTOP) takes no other signal than this.
  const timer = setTimeout(() => child.kill("SIGKILL"), 15_000)
  await closed
  clearTimeout(timer)
}

async function until(check: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`${what} did not answer`)
    await delay(50)
  }
}

async function canConnect(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.once("error", () => {
      resolve(false)
    })
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === "string") throw new Error("no free port")
  return address.port
}

let stopping = false
async function stop(exitCode: number): Promise<void> {
  if (stopping) return
  stopping = true
  for (const close of closers.toReversed())
    await close().catch((error: unknown) => process.stderr.write(`${String(error)}\n`))
  process.exit(exitCode)
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void stop(0))
// Whoever started this and is gone can't end it otherwise.
process.stdin.on("end", () => void stop(0)).resume()
main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  void stop(1)
})
