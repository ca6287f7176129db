import { type ChildProcess, spawn } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { createReadStream } from "node:fs"
import { open, readFile, rm } from "node:fs/promises"
import { cpus, totalmem } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { exitOf, root, temporaryFolder } from "../support/programs.js"
import { type Stack, startStack } from "../support/stack.js"
import { makeLargeMeeting, makeManyMeetings } from "./keys.js"
import { benchSealing } from "./sealing.js"
import { median } from "./statistics.js"

/** `npm run bench [-- --quick]`: ratios against a peer in the same run, the median of alternating runs. Nothing here passes or fails. */

const quick = process.argv.includes("--quick")
const RUNS = quick ? 3 : 5
const LARGE_BYTES = quick ? 256 * 2 ** 20 : 2 ** 30
const SMALL_BYTES = 64 * 2 ** 20

interface Timed {
  readonly seconds: number
  readonly peakBytes: number
}

const folder = await temporaryFolder()
const environment = { TACITURN_HOME: join(folder.path, "home") }
const { sealingMiBs, rawMiBs, ratio } = await benchSealing()
const stack = await startStack("embedded", {
  LOG_LEVEL: "silent",
  REQUESTS_PER_MINUTE: "0",
  ANONYMOUS_REQUESTS_PER_MINUTE: "0",
})
const plain = spawn(process.execPath, [join(root, "dist/test/bench/plain-server.js"), folder.path], {
  stdio: ["pipe", "pipe", "inherit"],
})
const port = await new Promise<string>((resolve) => createInterface({ input: plain.stdout }).once("line", resolve))
try {
  await cli(["init", "--name", "bench"])
  const meeting = (await cliJson(["meeting", "create", "Bench"])).meeting ?? ""
  const idleBytes = await resident(stack)
  const small = await makeFile("small", SMALL_BYTES)
  const smallUp = await cli(["upload", meeting, small, "--as-is"])
  const smallPeak = (await peak(stack)) - idleBytes

  const [uploads, downloads]: { readonly ours: Timed; readonly plain: Timed }[][] = [[], []]
  let recording = ""
  for (let run = 0; run < RUNS; run++) {
    const file = await makeFile(`large-${run}`, LARGE_BYTES)
    const plainUrl = `http://127.0.0.1:${port}/plain-${run}`
    const plainUp = await node("dist/test/bench/plain-client.js", ["put", plainUrl, file])
    const ours = await cli(["upload", meeting, file, "--as-is"])
    uploads?.push({ ours, plain: plainUp })
    const listed = await cliJson(["recordings", meeting])
    recording = listed.recordings?.at(-1)?.recording ?? ""
    const target = join(folder.path, "fetched")
    const plainDown = await node("dist/test/bench/plain-client.js", ["get", plainUrl, target])
    await rm(target)
    const down = await cli(["download", recording, "-o", target])
    downloads?.push({ ours: down, plain: plainDown })
    if ((await digest(target)) !== (await digest(file))) throw new Error("the download is not the upload")
    await Promise.all([rm(target), rm(file)])
  }
  const largePeak = (await peak(stack)) - idleBytes
  const server = { url: stack.url, folder: folder.path }
  const many = await makeManyMeetings(server)
  const listing = await cliSeconds(many.home, ["meeting", "list"])
  const opening = await cliSeconds(many.home, ["meeting", "show", many.meeting])
  const large = await makeLargeMeeting(server)
  const firstLook = await cliSeconds(large.home, ["meeting", "show", large.meeting])
  const rotations: string[] = []
  while (rotations.length < 3) rotations.push(await cliSeconds(large.home, ["meeting", "rekey", large.meeting]))
  const report = (timed: readonly { readonly ours: Timed; readonly plain: Timed }[] = []): string => {
    const ratios = timed.map((pair) => pair.ours.seconds / pair.plain.seconds)
    const all = timed.map((pair) => `${pair.ours.seconds.toFixed(1)}/${pair.plain.seconds.toFixed(1)}`).join(" ")
    return `${median(ratios).toFixed(2)} (${all} s)`
  }
  const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`
  const clientPeak = Math.max(...[...(uploads ?? []), ...(downloads ?? [])].map((pair) => pair.ours.peakBytes))
  const size = mebibytes(LARGE_BYTES)
  process.stdout.write(
    [
      `machine: ${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${mebibytes(totalmem())}, Node ${process.versions.node}; ${RUNS} alternating runs, medians`,
      `upload --as-is of ${size} to receipt / plain PUT with fsync: ${report(uploads)}; goal 1.6`,
      `download of ${size} / plain GET to a file with fsync: ${report(downloads)}; goal 1.4`,
      `sealing / raw ChaCha20-Poly1305 at 64 KiB: ${ratio.toFixed(2)} (${sealingMiBs.toFixed(0)} / ${rawMiBs.toFixed(0)} MiB/s); goal 0.42`,
      `peak resident memory of the CLI: ${mebibytes(smallUp.peakBytes)} at 64 MiB, ${mebibytes(clientPeak)} at ${size}; goal 160 MiB`,
      `peak resident memory of the server over idle (${mebibytes(idleBytes)}): ${mebibytes(smallPeak)} at 64 MiB, ${mebibytes(largePeak)} at ${size}; goal 128 MiB`,
      `meeting list on a new device of an account with 1,000 meetings: ${listing}; goal 10 s; then meeting show of one: ${opening}`,
      `meeting rekey with 500 members, one after another: ${rotations.join(", ")}; goal 3 s; meeting show before, which pins them all: ${firstLook}`,
      "",
    ].join("\n"),
  )
} finally {
  plain.stdin.end()
  await exitOf(plain)
  await stack.stop()
  await folder.remove()
}

/** Once each time: what a call learns serves the next. */
async function cliSeconds(home: string, args: readonly string[]): Promise<string> {
  return `${(await node("bin/taciturn.mjs", args, { TACITURN_HOME: home })).seconds.toFixed(1)} s`
}

async function cli(args: readonly string[]): Promise<Timed> {
  return await node("bin/taciturn.mjs", args)
}

async function cliJson(
  args: readonly string[],
): Promise<{ readonly meeting?: string; readonly recordings?: readonly { readonly recording: string }[] }> {
  const child = start("bin/taciturn.mjs", [...args, "--json"])
  let text = ""
  child.stdout?.on("data", (bytes: Buffer) => (text += bytes.toString()))
  if ((await exitOf(child)) !== 0) throw new Error(`taciturn ${args.join(" ")} failed: ${text}`)
  return JSON.parse(text) as { readonly meeting?: string }
}

/** A program's wall time and, as the kernel kept it, its peak resident memory. */
async function node(program: string, args: readonly string[], home = environment): Promise<Timed> {
  const started = performance.now()
  const child = start(program, args, home)
  child.stdout?.resume()
  let peakBytes = 0
  const timer = setInterval(() => {
    void readHighWater(child.pid ?? 0).then((bytes) => (peakBytes = Math.max(peakBytes, bytes)))
  }, 50)
  const exitCode = await exitOf(child)
  clearInterval(timer)
  if (exitCode !== 0) throw new Error(`${program} ${args.join(" ")} failed`)
  return { seconds: (performance.now() - started) / 1_000, peakBytes }
}

function start(program: string, args: readonly string[], home = environment): ChildProcess {
  return spawn(process.execPath, [join(root, program), ...args], {
    env: { PATH: process.env["PATH"], TACITURN_URL: stack.url, ...home },
    stdio: ["ignore", "pipe", "inherit"],
  })
}

async function readHighWater(pid: number): Promise<number> {
  return await statusOf(pid, "VmHWM")
}

async function statusOf(pid: number, field: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "")
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1_024
}

async function resident(of: Stack): Promise<number> {
  return await statusOf(of.pids["service"] ?? 0, "VmRSS")
}

async function peak(of: Stack): Promise<number> {
  return await statusOf(of.pids["service"] ?? 0, "VmHWM")
}

async function makeFile(name: string, sizeBytes: number): Promise<string> {
  const path = join(folder.path, name)
  const file = await open(path, "w")
  for (let written = 0; written < sizeBytes; written += 2 ** 24) await file.write(randomBytes(2 ** 24))
  await file.sync()
  await file.close()
  return path
}

async function digest(path: string): Promise<string> {
  const hash = createHash("sha256")
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(bytes as Uint8Array)
  return hash.digest("hex")
}
