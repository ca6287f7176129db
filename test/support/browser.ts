import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import axe from "axe-core"
import { expect } from "chai"
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core"
import { TEST_RUN } from "./config.js"
import { root, temporaryFolder } from "./programs.js"

/** People at their browsers: a real Chromium, each with a profile of their own. */

export const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--disable-gpu",
]
/** Debian's. */
export const CHROMIUM = "/usr/bin/chromium"
/** In another locale Chromium gives files no names but ASCII. */
const ENVIRONMENT = { ...process.env, LC_ALL: "C.UTF-8" }
const WIDTHS = { narrow: 390, wide: 1440 } as const
const HEIGHTS = { narrow: 844, wide: 900 } as const
const SCREENSHOTS = join(root, "screenshots")
/** Somebody waits longer on a machine that runs everything else too. */
const PATIENCE_MS = 30_000
/** A menu stands at its button again a moment after the window changed. */
const SETTLED_MS = 3_000

export interface Person {
  readonly page: Page
  readonly context: BrowserContext
  /** Fails if the page asked another origin for anything, was refused something by its policy, or threw. */
  assertCalm(): void
}

export interface TestBrowser {
  /** A browser profile of its own, at the app. */
  person(url: string, place?: string): Promise<Person>
  close(): Promise<void>
}

/** @param extra further arguments for Chromium, such as fake devices. */
export async function openBrowser(extra: readonly string[] = []): Promise<TestBrowser> {
  const browser: Browser = await chromium.launch({
    executablePath: CHROMIUM,
    env: ENVIRONMENT,
    args: [...CHROMIUM_ARGUMENTS, ...extra],
  })
  return {
    person: async (url, place = "/app/") => {
      const context = await browser.newContext({ viewport: { width: WIDTHS.wide, height: HEIGHTS.wide } })
      return await personIn(context, await context.newPage(), url, place)
    },
    close: async () => {
      await browser.close()
    },
  }
}

/** Somebody whose profile is in a folder, which `close` leaves for others to look through, until `remove`. */
export async function openProfile(
  url: string,
  extra: readonly string[] = [],
): Promise<Person & { readonly folder: string; close(): Promise<void>; remove(): Promise<void> }> {
  const { path: folder, remove } = await temporaryFolder()
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: CHROMIUM,
    env: ENVIRONMENT,
    args: [...CHROMIUM_ARGUMENTS, ...extra],
    viewport: { width: WIDTHS.wide, height: HEIGHTS.wide },
  })
  const person = await personIn(context, context.pages()[0] ?? (await context.newPage()), url, "/app/")
  return {
    ...person,
    folder,
    close: async () => {
      await context.close()
    },
    remove,
  }
}

async function personIn(context: BrowserContext, page: Page, url: string, place: string): Promise<Person> {
  const troubles: string[] = []
  const { host } = new URL(url)
  context.setDefaultTimeout(PATIENCE_MS)
  context.on("request", (request) => {
    const asked = new URL(request.url())
    if (!["data:", "blob:"].includes(asked.protocol) && asked.host !== host)
      troubles.push(`a request to ${asked.origin}`)
  })
  context.on("weberror", (error) => troubles.push(`thrown: ${error.error().message}`))
  context.on("console", (message) => {
    if (/Content Security Policy|TrustedScript|Trusted Type/i.test(message.text())) troubles.push(message.text())
  })
  await page.goto(`${url}${place}`)
  return {
    page,
    context,
    assertCalm: () => {
      expect(troubles).to.deep.equal([])
    },
  }
}

/** Ends a page as a crash does, without a word to it. @returns another tab of the same browser, where the app begins anew. */
export async function crashTab(page: Page, url: string): Promise<Page> {
  const context = page.context()
  const devtools = await context.newCDPSession(page)
  const crashed = page.waitForEvent("crash")
  devtools.send("Page.crash").catch(() => undefined)
  await crashed
  const next = await context.newPage()
  await page.close()
  await next.goto(`${url}/app/`)
  return next
}

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly target: readonly string[] }[]
}

/** Fails with what axe (WCAG 2.2 A and AA, and its best practices) finds on the screen. */
export async function assertAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source)
  const violations = await page.evaluate(
    // What react-aria says aloud may name a button that is gone by then; a moment later it is empty again.
    "axe.run({ exclude: '[data-live-announcer]' }, { resultTypes: ['violations'] }).then((result) => result.violations)",
  )
  const found = (violations as Violation[]).map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
  )
  expect(found).to.deep.equal([])
}

/** What is cut off on the screen or in the sheet above it: what lies beside the window with no way to scroll there, and text that is larger than what holds it. */
const CUT_OFF = `(() => {
  const found = []
  const said = (element) => element.tagName + "." + element.className + " " + (element.textContent ?? "").slice(0, 40)
  const scrolls = (element) => {
    for (let box = element.parentElement; box !== null; box = box.parentElement)
      if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(box).overflowX)) return true
    return false
  }
  for (const element of document.body.querySelectorAll("*")) {
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue
    // A field scrolls with what is typed in it.
    if (element.closest(".visually-hidden, .skip, [data-live-announcer], svg, video, input") !== null) continue
    const { left, right, width, height } = element.getBoundingClientRect()
    if (width < 2 || height < 2) continue
    if ((right > innerWidth + 1 || left < -1) && !scrolls(element)) found.push("beside the window: " + said(element))
    const { overflowX, overflowY, position } = getComputedStyle(element)
    const isWide = element.scrollWidth > element.clientWidth + 1
    const isHigh = element.scrollHeight > element.clientHeight + 1
    const hides = (overflow) => overflow === "hidden" || overflow === "clip"
    if (position !== "static" && !hides(overflowX) && !hides(overflowY)) continue
    if ((hides(overflowX) && isWide) || (hides(overflowY) && isHigh)) found.push("cut off: " + said(element))
  }
  const sheet = document.querySelector(".sheet")
  if (sheet !== null && sheet.scrollWidth > sheet.clientWidth + 1) found.push("the sheet is too wide")
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page is too wide")
  return found
})()`

async function assertNothingCutOff(page: Page, where: string): Promise<void> {
  for (const deadline = performance.now() + SETTLED_MS; ;) {
    const found = await page.evaluate<readonly string[]>(CUT_OFF)
    if (found.length === 0) return
    if (performance.now() > deadline) expect(found, where).to.deep.equal([])
    await page.waitForTimeout(100)
  }
}

/** What every screen and sheet is held to: it is accessible, and in a full run it is photographed. */
export async function look(page: Page, name: string): Promise<void> {
  await assertAccessible(page)
  if (TEST_RUN.isFull) await screenshots(page, name)
}

/**
 * The screen as it is, at both widths, light and dark, in the ignored folder `screenshots`. Nothing may be cut off at any of them, at 320 px, and with text of
 * twice the size.
 */
export async function screenshots(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true })
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme })
    for (const width of ["narrow", "wide"] as const) {
      await page.setViewportSize({ width: WIDTHS[width], height: HEIGHTS[width] })
      await assertNothingCutOff(page, `${name}, ${width}`)
      await page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}-${colorScheme}.png`), fullPage: true })
    }
  }
  await page.evaluate("void (document.documentElement.style.fontSize = '200%')")
  await assertNothingCutOff(page, `${name}, with text of twice the size`)
  await page.evaluate("void (document.documentElement.style.fontSize = '')")
  await page.setViewportSize({ width: 320, height: 700 })
  await assertNothingCutOff(page, `${name}, at 320 px`)
  await page.emulateMedia({ colorScheme: "light" })
  await page.setViewportSize({ width: WIDTHS.wide, height: HEIGHTS.wide })
}
