import { expect } from "chai"
import type { Locator, Page } from "playwright-core"

/** Somebody without a mouse: what has the focus is seen after every key, and the focus is never lost. */
export interface Keyboard {
  /** Presses a key, and sees that the focus is somewhere, and is seen there. */
  press(key: string): Promise<void>
  type(text: string): Promise<void>
  /** Goes on by Tab until something has the focus, or by another key. */
  to(target: Locator, key?: "Tab" | "Shift+Tab" | "ArrowDown" | "ArrowRight"): Promise<void>
  /** Goes to something and presses Enter there. */
  enter(target: Locator): Promise<void>
}

/** More than the controls of any screen. */
const MOST_STOPS = 120
/** A screen that is fetched, or a sheet that goes, has given the focus on by then. */
const SETTLED_MS = 10_000

/**
 * What is wrong with where the focus is; `null` where nothing is. A heading that was given it, so that the screen is read from its beginning, is no control: it needs no ring.
 * A control whose own input is not seen shows it at what stands around it.
 */
const FOCUS_PROBLEM = `(() => {
  const focused = document.activeElement
  if (focused === null || focused === document.body) return "lost"
  if (/^H[1-6]$/.test(focused.tagName)) return null
  for (let [element, depth] = [focused, 0]; element !== null && depth < 4; element = element.parentElement, depth++) {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element)
    const { width, height, bottom, top } = element.getBoundingClientRect()
    const isSeen = width > 4 && height > 4 && bottom > 0 && top < innerHeight
    const hasRing = outlineStyle !== "none" && parseFloat(outlineWidth) > 0
    if (isSeen && (hasRing || (depth === 0 && boxShadow !== "none"))) return null
  }
  return "not seen: " + focused.outerHTML.slice(0, 160)
})()`

export function keyboardOf(page: Page): Keyboard {
  const assertSeen = async (after: string): Promise<void> => {
    for (const deadline = performance.now() + SETTLED_MS; ;) {
      const problem = await page.evaluate<string | null>(FOCUS_PROBLEM)
      if (problem === null) return
      if (performance.now() > deadline) expect.fail(`the focus after ${after} is ${problem}`)
      await page.waitForTimeout(50)
    }
  }
  const press: Keyboard["press"] = async (key) => {
    await page.keyboard.press(key)
    await assertSeen(key)
  }
  const hasFocus = async (target: Locator): Promise<boolean> =>
    (await target.first().and(page.locator(":focus")).count()) > 0
  const to: Keyboard["to"] = async (target, key = "Tab") => {
    await target.first().waitFor()
    for (let stops = 0; !(await hasFocus(target)); stops++) {
      if (stops > MOST_STOPS) expect.fail(`${String(target)} is not reached by ${key}`)
      await page.keyboard.press(key)
      // Behind the last control come the browser's own, and then the first again.
      if ((await page.evaluate(FOCUS_PROBLEM)) !== "lost") await assertSeen(key)
    }
    await assertSeen(key)
  }
  return {
    press,
    type: async (text) => {
      await page.keyboard.type(text)
      await assertSeen("typing")
    },
    to,
    enter: async (target) => {
      await to(target)
      await press("Enter")
    },
  }
}
