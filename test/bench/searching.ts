import { copyFile, mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { openProfile } from "../support/browser.js"
import { root } from "../support/programs.js"
import { startStack } from "../support/stack.js"
import { terminalsAt } from "../support/taciturn.js"
import { takeAccount } from "../support/web-account.js"
import { memoryOf, watchMemory } from "./chromium-memory.js"
import type { LongChat } from "./long-chat.js"
import { openQuietChromium, type QuietPage } from "./quiet-chromium.js"

/** Searching in the app: the first index of a long chat, and what comes of each word that is typed. */

const SETTLE_MS = 3_000
/** Until a worker that read much made room for another. */
const REST_MS = 12_000
/** More than the command reads of one file. */
const FILES = 4
const LINES_PER_S = 3
const NEEDLE = "peacocks"
/** From a letter to a word that nearly every line has. */
const QUERIES = ["p", "pe", "peac", NEEDLE, "common", "w1", "w1 w2", "peac w1"]
/** Of sealed-chat.ts. */
const CHAT_QUERIES = ["w", "wo", "word1", "word1a", "the", "the an", "that we h", "word2b meet", "nothing at all"]
const MIB = 2 ** 20

/** Prints what it finds. @param lines of a chat that was imported: read and verified as one asset, where messages would be one by one. */
export async function benchSearching(lines: number): Promise<void> {
  const stack = await startStack("embedded", {
    LOG_LEVEL: "silent",
    REQUESTS_PER_MINUTE: "0",
    ANONYMOUS_REQUESTS_PER_MINUTE: "0",
  })
  const terminals = await terminalsAt(stack.url)
  const person = await openProfile(stack.url)
  try {
    const { succeed } = terminals
    await succeed("alice", ["init"])
    const { meeting } = await succeed("alice", ["meeting", "create", "Bench"])
    await succeed("alice", ["import", "zoom", meeting, await zoomFolder(terminals.folder, lines)])
    await takeAccount(person.page, join(terminals.folder, "alice"))
    await person.close()
    await benchIn(stack.url, person.folder, { what: `${lines} lines`, first: NEEDLE, queries: QUERIES })
  } finally {
    await person.close()
    await person.remove()
    await terminals.close()
    await stack.stop()
  }
}

/** Prints what it finds of a chat whose messages are sealed one by one. */
export async function benchSearchingChat(url: string, { home }: LongChat, messages: number): Promise<void> {
  const person = await openProfile(url)
  try {
    await takeAccount(person.page, home)
    await person.close()
    await benchIn(url, person.folder, { what: `${messages} messages`, first: "word1", queries: CHAT_QUERIES })
  } finally {
    await person.close()
    await person.remove()
  }
}

interface Searched {
  readonly what: string
  /** What is found only once all was read. */
  readonly first: string
  readonly queries: readonly string[]
}

async function zoomFolder(within: string, lines: number): Promise<string> {
  const folder = join(within, "zoom")
  await mkdir(folder)
  await copyFile(join(root, "test/data/meeting.mp4"), join(folder, "bench_video.mp4"))
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0")
  const all = Array.from({ length: lines }, (_, line) => {
    const second = line / LINES_PER_S
    const time = `${two((second / 3_600) % 24)}:${two((second / 60) % 60)}:${two(second % 60)}`
    return `${time}\tRingo Starr:\t${wordsOf(line)}${line === Math.floor(lines / 2) ? ` ${NEEDLE}` : ""}`
  })
  for (let file = 0; file < FILES; file++) {
    const part = all.slice((file * lines) / FILES, ((file + 1) * lines) / FILES)
    await writeFile(join(folder, `bench_chat_${file}.txt`), part.join("\n"))
  }
  return folder
}

/** Six to fifteen of 20,000, some of them often, as in a language. */
function wordsOf(line: number): string {
  const count = 6 + (line % 10)
  const words = Array.from({ length: count }, (_, at) => {
    const chance = ((line * 7_919 + at * 104_729) % 10_007) / 10_007
    return `w${Math.floor(chance ** 3 * 20_000).toString(36)}`
  })
  return `${line % 20 === 0 ? "common " : ""}${words.join(" ")}`
}

async function benchIn(url: string, folder: string, searched: Searched): Promise<void> {
  const browser = await openQuietChromium(folder)
  try {
    await benchPage(await browser.open(MONITOR), url, folder, searched)
  } finally {
    await browser.close()
  }
}

async function benchPage(
  page: QuietPage,
  url: string,
  folder: string,
  { what, first, queries }: Searched,
): Promise<void> {
  await page.bringToFront()
  await page.goto(`${url}/app/`)
  await page.until(`document.querySelector("nav a[href='#/search']") !== null`)
  await delay(SETTLE_MS)
  const idle = await memoryOf(folder)
  const watching = watchMemory(folder)
  await page.evaluate("bench.begin()")
  const firstMs = await page.evaluate<number>(`bench.open(${JSON.stringify(first)})`)
  // What is kept of it is sealed and written.
  await page.until("bench.isResting()")
  const building = await page.evaluate<readonly number[]>("bench.begin()")
  const took: string[] = []
  for (const query of queries) took.push(`${query} ${await page.evaluate<string>(`bench.search("${query}")`)}`)
  const typing = await page.evaluate<readonly number[]>("bench.begin()")
  await delay(REST_MS)
  const peak = await watching.stop()
  const after = await memoryOf(folder)
  await page.goto("about:blank")
  await page.goto(`${url}/app/`)
  await page.until(`document.querySelector("nav a[href='#/search']") !== null`)
  const againMs = await page.evaluate<number>(`bench.open(${JSON.stringify(first)})`)
  const rows = [
    `searching ${what}: found after ${seconds(firstMs)} s the first time, ${seconds(againMs)} s once it was kept`,
    `  from a letter to its answer, ms (finds): ${took.join(", ")}`,
    `  the page's process with its workers: at most ${mib(peak.pageBytes)} MiB, ${mib(after.pageBytes)} at rest, ${mib(idle.pageBytes)} before`,
    `  tasks of 50 ms or more: ${shownTasks(building)} while it was read, ${shownTasks(typing)} while it was searched`,
  ]
  process.stdout.write(rows.map((row) => `${row}\n`).join(""))
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1)
}

function mib(sizeBytes: number): number {
  return Math.round(sizeBytes / MIB)
}

function shownTasks(longTasksMs: readonly number[]): string {
  return longTasksMs.length === 0
    ? "none"
    : `${longTasksMs.length}, the longest ${Math.round(Math.max(...longTasksMs))} ms`
}

/** As text: it runs in the page, before the page's own scripts. */
const MONITOR = `{
  let tasks = []
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tasks.push(duration)
  }).observe({ type: "longtask" })
  const until = (isThere) => new Promise((resolve) => {
    const look = () => {
      if (isThere()) resolve(performance.now())
      else setTimeout(look, 1)
    }
    look()
  })
  const field = () => document.querySelector("search input[type=search]")
  const type = (words) => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field(), words)
    field().dispatchEvent(new Event("input", { bubbles: true }))
  }
  const results = () => document.querySelector(".search-results")
  const hasAnswer = () => results() !== null || document.querySelector(".empty h2")?.textContent === "Nothing was found"
  globalThis.bench = {
    begin: () => {
      const before = tasks
      tasks = []
      return before
    },
    open: async (words) => {
      const began = performance.now()
      location.hash = "#/search"
      await until(() => field() !== null)
      type(words)
      return await until(() => results() !== null) - began
    },
    isResting: () => document.querySelector("main [role=progressbar]") === null,
    search: async (words) => {
      type("")
      await until(() => !hasAnswer())
      await new Promise((resolve) => setTimeout(resolve, 300))
      const began = performance.now()
      type(words)
      const took = await until(hasAnswer) - began
      const count = document.querySelector("main > p[role=status]")?.textContent.replace(/ places?.*/, "") ?? ""
      return Math.round(took) + " (" + count + ")"
    },
  }
}`
