import { readdir, readFile, stat } from "node:fs/promises"

const KEPT_MS = 2_000
const ACCESS_MODE = 0o3

/**
 * Files that a process has open for writing. Linux tells that of processes of the same user, as root of all; a container's are among them where its files
 * are the same. Elsewhere nothing is known. proc_pid_fd(5), proc_pid_fdinfo(5).
 */
export class WrittenFiles {
  #known: ReadonlySet<string> = new Set()
  #takenAt = Number.NEGATIVE_INFINITY

  /** Whether one of these is known to be written. */
  async has(paths: readonly string[]): Promise<boolean> {
    if (process.platform !== "linux") return false
    const now = performance.now()
    if (now - this.#takenAt > KEPT_MS) [this.#known, this.#takenAt] = [await openForWriting(), now]
    const identities = await Promise.all(paths.map(identityOf))
    return identities.some((identity) => identity !== null && this.#known.has(identity))
  }
}

async function openForWriting(): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const processes = (await listed("/proc")).filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
  for (const id of processes)
    for (const descriptor of await listed(`/proc/${id}/fd`)) {
      const identity = await identityOf(`/proc/${id}/fd/${descriptor}`)
      if (identity !== null && (await isWriting(`/proc/${id}/fdinfo/${descriptor}`))) found.add(identity)
    }
  return found
}

async function isWriting(path: string): Promise<boolean> {
  const flags = /^flags:\s*([0-7]+)$/m.exec(await readFile(path, "utf8").catch(() => ""))?.[1]
  return flags !== undefined && (Number.parseInt(flags, 8) & ACCESS_MODE) !== 0
}

/** Of a plain file; `null` for anything else, and for what is gone or may not be seen. */
async function identityOf(path: string): Promise<string | null> {
  const info = await stat(path, { bigint: true }).catch(() => null)
  return info?.isFile() === true ? `${info.dev}:${info.ino}` : null
}

async function listed(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(() => [])
}
