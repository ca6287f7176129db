import { type ChildProcess, execFile, spawn } from "node:child_process"
import { randomBytes, randomInt } from "node:crypto"
import { readFile } from "node:fs/promises"
import { connect, createServer, Socket } from "node:net"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

/** Real services on this machine, each in a given folder, on a random port of the loopback address. */

const run = promisify(execFile)
const START_TIMEOUT_MS = 90_000
const STOP_TIMEOUT_MS = 15_000
const GATEWAY_ATTEMPTS = 3
/** Below what Linux gives to outgoing connections. */
const [LOWEST_PORT, HIGHEST_PORT] = [20_000, 32_000]

/** What ends a service that is starting or has started: pushed before the start, to be called in the other order. */
export type Closers = (() => Promise<void>)[]

export interface RedisService {
  readonly url: string
  readonly port: number
  readonly pid: number
}

export interface GatewayService {
  readonly endpoint: string
  readonly port: number
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export async function startRedis(folder: string, closers: Closers): Promise<RedisService> {
  const port = await freePort()
  const settings = { port: String(port), bind: "127.0.0.1", dir: folder, appendonly: "yes", save: "", daemonize: "no" }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const child = spawn("redis-server", args, { stdio: "ignore" })
  const failed = new Promise<never>((_resolve, reject) => {
    child.once("error", () => {
      reject(new Error("redis-server does not run: apt-get install redis-server"))
    })
  })
  const { pid = 0 } = child
  const dismiss = pid === 0 ? () => undefined : onOurDeath('kill -9 "$0"', String(pid))
  closers.push(async () => {
    dismiss()
    await end(child, "SIGTERM")
  })
  await Promise.race([failed, until(() => canConnect(port), "Redis")])
  return { url: `redis://127.0.0.1:${port}`, port, pid }
}

/** Ceph's S3 gateway, with all its data in memory. Its daemons were seen not to come up beside much else that starts: then they are started anew. */
export async function startGateway(folder: string, closers: Closers): Promise<GatewayService> {
  const [accessKeyId, secretAccessKey] = [randomBytes(10).toString("hex"), randomBytes(20).toString("hex")]
  const script = fileURLToPath(new URL("rgw.sh", import.meta.url))
  let stop = (): Promise<void> => Promise.resolve()
  closers.push(async () => {
    await stop()
  })
  for (let attempt = 1; ; attempt++) {
    const gateway = join(folder, `rgw-${attempt}`)
    const port = await freePairOfPorts()
    const dismiss = onOurDeath('"$0" stop "$1"', script, gateway)
    stop = async () => {
      await run(script, ["stop", gateway])
      dismiss()
    }
    try {
      const args = ["start", gateway, String(port), accessKeyId, secretAccessKey]
      const { stdout } = await run(script, args, { timeout: START_TIMEOUT_MS })
      return { endpoint: stdout.trim(), port, bucket: "taciturn", accessKeyId, secretAccessKey }
    } catch (cause) {
      await stop()
      if (attempt < GATEWAY_ATTEMPTS) continue
      const log = await readFile(join(gateway, "log", "rgw.out"), "utf8").catch(() => "")
      throw new Error(
        `Ceph's gateway did not start (apt-get install radosgw ceph-osd ceph-mon ceph-common): ${log.slice(-400)} ${String(cause)}`,
        { cause },
      )
    }
  }
}

/** Runs a line of shell when this process ends without a word, as by SIGKILL. @returns what calls that off. */
function onOurDeath(line: string, ...args: readonly string[]): () => void {
  const shell = spawn("/bin/sh", ["-c", `cat > /dev/null; ${line}`, ...args], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  })
  shell.unref()
  if (shell.stdin instanceof Socket) shell.stdin.unref()
  return () => {
    shell.kill("SIGKILL")
    shell.stdin.destroy()
  }
}

export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const closed = new Promise<void>((resolve) =>
    child.once("close", () => {
      resolve()
    }),
  )
  child.kill(signal)
  // A process that a test has stopped (SIGSTOP) takes no other signal than this.
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS)
  await closed
  clearTimeout(timer)
}

export async function until(check: () => Promise<boolean>, what: string): Promise<void> {
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

/** Not one that the system would choose: it may give that to whoever connects next, before it is listened on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT)
    if (await canListen(port)) return port
  }
}

/** The first of two: Ceph's monitor listens beside its gateway. */
async function freePairOfPorts(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT)
    if ((await canListen(port)) && (await canListen(port + 1))) return port
  }
}

/** Listens there for a moment. */
async function canListen(port: number): Promise<boolean> {
  const server = createServer()
  const isListening = await new Promise<boolean>((resolve) => {
    server.once("error", () => {
      resolve(false)
    })
    server.listen(port, "127.0.0.1", () => {
      resolve(true)
    })
  })
  if (isListening) await new Promise((resolve) => server.close(resolve))
  return isListening
}
