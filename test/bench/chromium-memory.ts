import { readdir, readFile } from "node:fs/promises"

/** What Chromium's processes take. Linux only. */
export interface ChromiumMemory {
  /** The largest page's process: the page with its web workers, and in most browsers its service worker. */
  readonly pageBytes: number
  /** All of its processes: also those that keep files and send requests for the page. */
  readonly allBytes: number
}

const SAMPLE_MS = 200
const KIB = 1024

/** Looks until it is stopped. @param profile the folder by which the browser is known. */
export function watchMemory(profile: string): { readonly stop: () => Promise<ChromiumMemory> } {
  let peak: ChromiumMemory = { pageBytes: 0, allBytes: 0 }
  const over = new AbortController()
  const watching = (async () => {
    while (!over.signal.aborted) {
      const now = await memoryOf(profile)
      peak = {
        pageBytes: Math.max(peak.pageBytes, now.pageBytes),
        allBytes: Math.max(peak.allBytes, now.allBytes),
      }
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
    }
  })()
  return {
    stop: async () => {
      over.abort()
      await watching
      return peak
    },
  }
}

export async function memoryOf(profile: string): Promise<ChromiumMemory> {
  const processes = await Promise.all((await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(readProcess))
  const found = processes.filter((process) => process !== null)
  const family = new Set(
    found.filter(({ command }) => command.includes(`--user-data-dir=${profile}`)).map(({ id }) => id),
  )
  for (let before = -1; before !== family.size;) {
    before = family.size
    for (const { id, parent } of found) if (family.has(parent)) family.add(id)
  }
  const members = found.filter(({ id }) => family.has(id))
  const pages = members.filter(({ command }) => command.includes("--type=renderer"))
  return {
    pageBytes: Math.max(0, ...pages.map(({ sizeBytes }) => sizeBytes)),
    allBytes: members.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  }
}

/** `null` for one that has ended. What it maps of files, such as Chromium's own code, is not counted. */
async function readProcess(id: string) {
  try {
    const [status, command] = await Promise.all(
      ["status", "cmdline"].map(async (name) => await readFile(`/proc/${id}/${name}`, "utf8")),
    )
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status ?? "")?.[1] ?? 0)
    const sizeBytes = (field("RssAnon") + field("RssShmem") + field("VmSwap")) * KIB
    return { id: Number(id), parent: field("PPid"), command: command ?? "", sizeBytes }
  } catch {
    return null
  }
}
