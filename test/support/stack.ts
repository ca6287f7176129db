import { spawn } from "node:child_process"
import { rmSync } from "node:fs"
import { cp, mkdir } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as delay } from "node:timers/promises"
import { freePort } from "../../scripts/services.js"
import type { StackSettings } from "../../scripts/stack.js"
import { startEmbeddedPostgres } from "../../shared/server/postgres/embedded.js"
import { TEST_RUN } from "./config.js"
import { exitOf, root, temporaryFolder } from "./programs.js"
import { SERVER_PROGRAMS } from "./service-process.js"

/** A whole installation, running. */
export interface Stack {
  readonly kind: "embedded" | "full"
  readonly url: string
  /** What taciturn-admin is given to find it. */
  readonly adminEnvironment: Readonly<Record<string, string>>
  /** Folders that hold everything that is on its disk. */
  readonly folders: readonly string[]
  /** The processes of the server itself, by role. */
  readonly pids: Readonly<Record<string, number>>
  readonly settings: StackSettings | null
  /** What the service itself printed; the full stack's processes write to files in `folders`. */
  readonly logs: () => string
  stop(): Promise<void>
}

export const STACK_KINDS = ["embedded", "full"] as const
/** Those on which what takes minutes is run: both in a full run. */
export const STACK_KINDS_OF_RUN = TEST_RUN.isFull ? STACK_KINDS : (["embedded"] as const)

export async function startStack(
  kind: Stack["kind"],
  environment: Readonly<Record<string, string>> = {},
): Promise<Stack> {
  return kind === "embedded" ? await startEmbedded(environment) : await startFull(environment)
}

let emptyCluster: Promise<string> | undefined

/** A PostgreSQL that nothing was written to yet: to copy it takes a tenth of what it takes to make one. */
async function makeEmptyCluster(): Promise<string> {
  const { path } = await temporaryFolder()
  process.once("exit", () => {
    rmSync(path, { recursive: true, force: true })
  })
  await (await startEmbeddedPostgres(path)).stop()
  return path
}

async function startEmbedded(environment: Readonly<Record<string, string>>): Promise<Stack> {
  const folder = await temporaryFolder()
  const port = await freePort()
  const data = join(folder.path, "data")
  await mkdir(data, { mode: 0o700 })
  emptyCluster ??= makeEmptyCluster()
  await cp(await emptyCluster, join(data, "postgres"), { recursive: true })
  const child = spawn(process.execPath, [join(root, SERVER_PROGRAMS.serve)], {
    env: { PATH: process.env["PATH"], TACITURN_DATA: data, PORT: String(port), ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  })
  const kill = (): void => {
    child.kill("SIGKILL")
  }
  process.once("exit", kill)
  let logs = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (logs += text))
  const url = `http://127.0.0.1:${port}`
  for (const deadline = performance.now() + 60_000; ;) {
    if ((await fetch(`${url}/readyz`).catch(() => null))?.status === 200) break
    if (child.exitCode !== null || performance.now() > deadline) throw new Error("the service did not start")
    await delay(50)
  }
  return {
    kind: "embedded",
    url,
    adminEnvironment: { TACITURN_DATA: data },
    folders: [data],
    pids: { service: child.pid ?? 0 },
    settings: null,
    logs: () => logs,
    stop: async () => {
      child.kill("SIGTERM")
      await exitOf(child)
      process.off("exit", kill)
      await folder.remove()
    },
  }
}

/** API and worker as separate processes, PostgreSQL, Redis and Ceph's S3 gateway: by the project's own script. */
async function startFull(environment: Readonly<Record<string, string>>): Promise<Stack> {
  const child = spawn(process.execPath, ["--import", "tsx", join(root, "scripts/stack.ts")], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "inherit"],
  })
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve)
    child.once("exit", () => {
      reject(new Error("the stack did not start"))
    })
  })
  const settings = JSON.parse(line) as StackSettings
  const data = join(settings.folder, "data")
  return {
    kind: "full",
    url: settings.url,
    adminEnvironment: {
      TACITURN_DATA: data,
      DATABASE_URL: settings.databaseUrl,
      ...(settings.s3 === null
        ? {}
        : {
            S3_ENDPOINT: settings.s3.endpoint,
            S3_BUCKET: settings.s3.bucket,
            S3_ACCESS_KEY_ID: settings.s3.accessKeyId,
            S3_SECRET_ACCESS_KEY: settings.s3.secretAccessKey,
          }),
    },
    folders: [settings.folder],
    pids: { api: settings.apiPid, worker: settings.workerPid, redis: settings.redisPid },
    settings,
    logs: () => "",
    stop: async () => {
      child.stdin.end()
      await exitOf(child)
    },
  }
}
