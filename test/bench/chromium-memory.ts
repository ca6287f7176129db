import { readdir, readFile } from "node:fs/promises"

/** What Chromium's processes take. Linux only. */
export interface ChromiumMemory {
  /** The largest page's process: the page with its web workers, and in most browsers its service worker. */
  readonly pageBytes: number
  /** All of its processes: also those that keep files and send requests for the page. */
  readonly allBytes: number
}

interface ChromiumProcess {
  readonly id: number
  readonly isPage: boolean
}

const SAMPLE_MS = 200
/** Looking for processes reads of every one of the machine, which is measured with it. */
const FIND_MS = 5_000
const KIB = 1024

/** Looks until it is stopped. @param profile the folder by which the browser is known. */
export function watchMemory(profile: string): { readonly stop: () => Promise<ChromiumMemory> } {
  let peak: ChromiumMemory = { pageBytes: 0, allBytes: 0 }
  const over = new AbortController()
  const watching = (async () => {
    let [processes, foundAtMs]: [readonly ChromiumProcess[], number] = [[], -FIND_MS]
    while (!over.signal.aborted) {
      if (performance.now() - foundAtMs >= FIND_MS) [processes, foundAtMs] = [await find(profile), performance.now()]
      const now = await measure(processes)
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
  return await measure(await find(profile))
}

async function find(profile: string): Promise<readonly ChromiumProcess[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number)
  const read = await Promise.all(
    ids.map(async (id) => {
      const command = await readOf(id, "cmdline")
      return { id, command, parent: await fieldOf(id, "PPid") }
    }),
  )
  const family = new Set(
    read.filter(({ command }) => command.includes(`--user-data-dir=${profile}`)).map(({ id }) => id),
  )
  for (let before = -1; before !== family.size;) {
    before = family.size
    for (const { id, parent } of read) if (family.has(parent)) family.add(id)
  }
  return read
    .filter(({ id }) => family.has(id))
    .map(({ id, command }) => ({ id, isPage: command.includes("--type=renderer") }))
}

async function measure(processes: readonly ChromiumProcess[]): Promise<ChromiumMemory> {
  const sizes = await Promise.all(
    processes.map(async ({ id, isPage }) => ({
      isPage,
      // What it maps of files, such as Chromium's own code, is not counted.
      sizeBytes: (await fieldOf(id, "RssAnon", "RssShmem", "VmSwap")) * KIB,
    })),
  )
  return {
    pageBytes: Math.max(0, ...sizes.filter(({ isPage }) => isPage).map(({ sizeBytes }) => sizeBytes)),
    allBytes: sizes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  }
}

/** The sum of these of a process's counts. */
async function fieldOf(id: number, ...names: readonly string[]): Promise<number> {
  const status = await readOf(id, "status")
  return names.reduce((sum, name) => sum + Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0), 0)
}

/** Nothing of one that has ended. */
async function readOf(id: number, name: string): Promise<string> {
  return await readFile(`/proc/${id}/${name}`, "utf8").catch(() => "")
}
