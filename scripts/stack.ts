import { spawn } from "node:child_process"
import { mkdtemp, open, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { startEmbeddedPostgres } from "../shared/server/postgres/embedded.js"
import { type Closers, end, freePort, type GatewayService, startGateway, startRedis, until } from "./services.js"

/**
 * `npm run stack`: every part of a large installation as a process of its own, on this machine: PostgreSQL, Redis, Ceph's S3 gateway, API, worker.
 * Prints one line of JSON when it serves: where everything is. Ends all of it, and its data, with Ctrl-C or the end of its input.
 * `--folder-objects` takes a folder instead of the gateway.
 */

const root = fileURLToPath(new URL("..", import.meta.url))

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

const closers: Closers = []

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
  const [redis, gateway] = await Promise.all([
    startRedis(folder, closers),
    withS3 ? startGateway(folder, closers) : null,
  ])
  const port = await freePort()
  const environment: Record<string, string> = {
    PATH: process.env["PATH"] ?? "",
    HOST: "127.0.0.1",
    PORT: String(port),
    TACITURN_DATA: join(folder, "data"),
    DATABASE_URL: postgres.databaseUrl,
    REDIS_URL: redis.url,
    RECONCILE_SECONDS: "2",
    // So that whoever reads a chat reads packs.
    PACK_AFTER_DAYS: "0",
    ...given("LOG_LEVEL", "PACK_AFTER_DAYS", "PUBLIC_URLS", "REQUESTS_PER_MINUTE", "ANONYMOUS_REQUESTS_PER_MINUTE"),
    ...(gateway === null
      ? {}
      : {
          S3_ENDPOINT: gateway.endpoint,
          S3_BUCKET: gateway.bucket,
          S3_ACCESS_KEY_ID: gateway.accessKeyId,
          S3_SECRET_ACCESS_KEY: gateway.secretAccessKey,
        }),
  }
  const api = await startService("api", folder, environment)
  const worker = await startService("worker", folder, environment)
  const url = `http://127.0.0.1:${port}`
  await until(async () => (await fetch(`${url}/readyz`).catch(() => null))?.status === 200, "the API")
  const s3 = gateway === null ? null : s3Of(gateway)
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

/** What whoever starts this may set of the services. */
function given(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function s3Of({ endpoint, bucket, accessKeyId, secretAccessKey }: GatewayService): NonNullable<StackSettings["s3"]> {
  return { endpoint, bucket, accessKeyId, secretAccessKey }
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
