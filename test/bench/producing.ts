import { execFile, spawnSync } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { access, constants, open, rm, writeFile } from "node:fs/promises"
import { cpus } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { root, temporaryFolder } from "../support/programs.js"
import { type Stack, STACK_KINDS, startStack } from "../support/stack.js"
import { median } from "./statistics.js"

/**
 * `npm run bench:producing [-- --quick] [-- folder | S3]`: a production against a plain copy of the same objects, in alternating runs, all on a disk that is synced.
 * From a folder once while memory holds the objects, as those of last hour, and once from the disk, as those of last year.
 */

const run = promisify(execFile)
const NAMES = { embedded: "folder", full: "S3" } as const
const quick = process.argv.includes("--quick")
const RUNS = quick ? 3 : 5
const MIB = 2 ** 20
/** The gateway keeps what it stores in memory. */
const MEDIA_BYTES = quick ? { embedded: 512 * MIB, full: 512 * MIB } : { embedded: 5_120 * MIB, full: 2_048 * MIB }
/** `-- folder` or `-- S3` for one of both. */
const only = STACK_KINDS.filter((kind) => process.argv.includes(NAMES[kind]))

const hasRclone = spawnSync("rclone", ["version"], { stdio: "ignore" }).status === 0
for (const kind of only.length === 0 ? STACK_KINDS : only) {
  if (kind === "full" && !hasRclone) {
    console.log("S3: not measured, as there is no rclone (apt-get install rclone)")
    continue
  }
  const stack = await startStack(kind, {
    LOG_LEVEL: "silent",
    REQUESTS_PER_MINUTE: "0",
    ANONYMOUS_REQUESTS_PER_MINUTE: "0",
  })
  try {
    await measure(stack)
  } finally {
    await stack.stop()
  }
}

async function measure(stack: Stack): Promise<void> {
  const mediaBytes = MEDIA_BYTES[stack.kind]
  const folder = await temporaryFolder()
  const environment = { TACITURN_HOME: join(folder.path, "home"), TACITURN_URL: stack.url }
  const program = async (name: string, args: readonly string[], given: Readonly<Record<string, string>>) => {
    const path = process.env["PATH"] ?? ""
    const options = { cwd: folder.path, env: { PATH: path, ...given } }
    const { stdout } = await run(process.execPath, [join(root, "bin", name), ...args, "--json"], options)
    return JSON.parse(stdout) as Readonly<Record<string, string>>
  }
  const client = (...args: string[]) => program("taciturn.mjs", args, environment)
  const admin = (...args: string[]) => program("taciturn-admin.mjs", args, stack.adminEnvironment)
  try {
    await client("init")
    const { meeting = "" } = await client("meeting", "create", "Bench")
    const file = join(folder.path, "media")
    await makeFile(file, mediaBytes)
    await client("upload", meeting, file, "--as-is")
    await rm(file)
    const letter = ["--kind", "produce", "--authority", "Bench", "--country", "DE", "--reference", "1"]
    const { case: caseId = "" } = await admin("case", "open", ...letter)
    await admin("case", "scope", caseId, "--meeting", meeting)

    const copying = stack.kind === "embedded" ? folderCopy(stack) : rcloneCopy(stack)
    const ways = {
      ours: async (target: string) => {
        await admin("case", "produce", caseId, "-o", target)
      },
      copy: copying,
    }
    const beginnings = stack.kind === "full" ? { "": ready } : { "in memory": ready, "on disk": await forgetting() }
    for (const [where, begin] of Object.entries(beginnings)) {
      if (begin === null) {
        console.log(`objects ${where}: not measured, as only root can make Linux forget them`)
        continue
      }
      const seconds = { ours: [] as number[], copy: [] as number[], hash: [] as number[] }
      for (let turn = 0; turn < RUNS; turn++) {
        for (const what of turn % 2 === 0 ? (["copy", "ours"] as const) : (["ours", "copy"] as const)) {
          const target = join(folder.path, what)
          await begin()
          const begun = performance.now()
          await ways[what](target)
          await run("sync")
          seconds[what].push((performance.now() - begun) / 1_000)
          await rm(target, { recursive: true })
        }
        seconds.hash.push(hashSeconds(mediaBytes))
      }
      tell(stack, `${mediaBytes / MIB} MiB ${where}`.trimEnd(), seconds)
    }
  } finally {
    await folder.remove()
  }
}

function tell(
  { kind }: Stack,
  what: string,
  seconds: Readonly<Record<"ours" | "copy" | "hash", readonly number[]>>,
): void {
  const ratios = seconds.ours.map((ours, turn) => (seconds.copy[turn] ?? 0) / ours)
  const all = seconds.ours.map((ours, turn) => `${ours.toFixed(1)}/${(seconds.copy[turn] ?? 0).toFixed(1)}`).join(" ")
  console.log(
    `${NAMES[kind]}: case produce of ${what} against ${kind === "embedded" ? "cp -r and sync" : "rclone copy and sync"}: ${median(ratios).toFixed(2)} of its speed (${all} s; SHA-512 of it alone: ${median(seconds.hash).toFixed(1)} s; ${cpus().length} cores); goal 0.7`,
  )
}

async function ready(): Promise<void> {
  await run("sync")
}

/** Makes the kernel read from the disk what it holds in memory. @returns `null` where it does not do so for this user. */
async function forgetting(): Promise<(() => Promise<void>) | null> {
  const path = "/proc/sys/vm/drop_caches"
  const may = await access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!may) return null
  return async () => {
    await ready()
    await writeFile(path, "3")
  }
}

function folderCopy(stack: Stack): (target: string) => Promise<void> {
  return async (target) => {
    await run("cp", ["-r", join(stack.folders[0] ?? "", "objects"), target])
  }
}

function rcloneCopy({ settings }: Stack): (target: string) => Promise<void> {
  const s3 = settings?.s3
  if (s3 == null) throw new Error("the full stack has a gateway")
  return async (target) => {
    await run("rclone", ["copy", `gateway:${s3.bucket}`, target], {
      env: {
        PATH: process.env["PATH"],
        RCLONE_CONFIG_GATEWAY_TYPE: "s3",
        RCLONE_CONFIG_GATEWAY_PROVIDER: "Ceph",
        RCLONE_CONFIG_GATEWAY_ENDPOINT: s3.endpoint,
        RCLONE_CONFIG_GATEWAY_ACCESS_KEY_ID: s3.accessKeyId,
        RCLONE_CONFIG_GATEWAY_SECRET_ACCESS_KEY: s3.secretAccessKey,
        RCLONE_CONFIG: "/dev/null",
      },
    })
  }
}

/** What hashing all of it takes by itself, on this machine, now. */
function hashSeconds(mediaBytes: number): number {
  const bytes = randomBytes(64 * MIB)
  const begun = performance.now()
  createHash("sha512").update(bytes).digest()
  return ((performance.now() - begun) / 1_000) * (mediaBytes / bytes.length)
}

async function makeFile(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, "wx")
  for (let left = sizeBytes; left > 0; left -= 16 * MIB) await file.write(randomBytes(Math.min(left, 16 * MIB)))
  await file.close()
}
