import { stat } from "node:fs/promises"
import { basename, extname } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { openProfile } from "../support/browser.js"
import { startStack } from "../support/stack.js"
import { createAccount, createMeeting } from "../support/web-steps.js"
import { memoryOf, watchMemory } from "./chromium-memory.js"
import { openQuietChromium, type QuietPage } from "./quiet-chromium.js"

/** Uploading in the app, to a service on the same machine: what it takes of memory, and whether the page stays smooth. */

const SETTLE_MS = 3_000
const MIB = 2 ** 20
const UPLOAD_INPUT = "document.querySelector('input[type=file]:not([webkitdirectory])')"

interface Smoothness {
  /** Of tasks of the page's own thread that took 50 ms or more. */
  readonly longTasksMs: readonly number[]
  readonly frames: number
  readonly longestGapMs: number
  readonly tookMs: number
}

/** Prints what it finds of each. */
export async function benchUploading(films: readonly (readonly [name: string, path: string])[]): Promise<void> {
  const stack = await startStack("embedded", {
    LOG_LEVEL: "silent",
    REQUESTS_PER_MINUTE: "0",
    ANONYMOUS_REQUESTS_PER_MINUTE: "0",
  })
  const person = await openProfile(stack.url)
  try {
    const { page, folder } = person
    await createAccount(page)
    const meeting = await createMeeting(page, "Bench")
    await person.close()
    for (const [name, path] of films) {
      // Each in a browser that was just opened: what one left behind is not counted with the next.
      const browser = await openQuietChromium(folder)
      try {
        await benchOne(await browser.open(MONITOR), `${stack.url}/app/#/meetings/${meeting}`, folder, name, path)
      } finally {
        await browser.close()
      }
    }
  } finally {
    await person.close()
    await person.remove()
    await stack.stop()
  }
}

async function benchOne(page: QuietPage, url: string, folder: string, name: string, path: string): Promise<void> {
  const title = basename(path, extname(path))
  await page.bringToFront()
  await page.goto(url)
  await page.until(`${UPLOAD_INPUT} !== null`)
  await delay(SETTLE_MS)
  const idle = await memoryOf(folder)
  const watching = watchMemory(folder)
  await page.evaluate("bench.begin()")
  await page.chooseFiles(UPLOAD_INPUT, [path])
  await page.until(`bench.press("Upload it")`)
  await page.until(
    `[...document.querySelectorAll("[role=tabpanel] a")].some((link) => link.textContent === ${JSON.stringify(title)})`,
  )
  const smoothness = await page.evaluate<Smoothness>("bench.end()")
  const peak = await watching.stop()
  const sizeMib = mib((await stat(path)).size)
  const rows = [
    `uploading ${sizeMib} MiB, ${name}: ${(smoothness.tookMs / 1_000).toFixed(1)} s`,
    `  the page's process with its workers: at most ${mib(peak.pageBytes)} MiB, ${mib(idle.pageBytes)} before`,
    `  all of Chromium: at most ${mib(peak.allBytes)} MiB, ${mib(idle.allBytes)} before`,
    `  tasks of 50 ms or more: ${shownTasks(smoothness.longTasksMs)}`,
    `  frames: ${((smoothness.frames * 1_000) / smoothness.tookMs).toFixed(1)} a second, the longest gap ${Math.round(smoothness.longestGapMs)} ms`,
  ]
  process.stdout.write(rows.map((row) => `${row}\n`).join(""))
}

function mib(sizeBytes: number): number {
  return Math.round(sizeBytes / MIB)
}

function shownTasks(longTasksMs: readonly number[]): string {
  if (longTasksMs.length === 0) return "none"
  return `${longTasksMs.length}, the longest ${Math.round(Math.max(...longTasksMs))} ms`
}

/** As text: it runs in the page, before the page's own scripts. */
const MONITOR = `{
  let began = 0
  let before = 0
  let frames = 0
  let longestGap = 0
  let isOver = false
  const tasks = []
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) tasks.push({ startTime, duration })
  }).observe({ type: "longtask", buffered: true })
  const frame = (now) => {
    if (isOver) return
    if (before > 0) {
      frames++
      longestGap = Math.max(longestGap, now - before)
    }
    before = now
    requestAnimationFrame(frame)
  }
  globalThis.bench = {
    press: (name) => {
      const button = [...document.querySelectorAll("[role=dialog] button")].find(({ textContent }) => textContent === name)
      button?.click()
      return button !== undefined
    },
    begin: () => {
      began = performance.now()
      requestAnimationFrame(frame)
    },
    end: () => {
      isOver = true
      const longTasksMs = tasks.filter(({ startTime }) => startTime >= began).map(({ duration }) => duration)
      return { longTasksMs, frames, longestGapMs: longestGap, tookMs: performance.now() - began }
    },
  }
}`
