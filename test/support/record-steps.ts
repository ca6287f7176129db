import type { Locator, Page } from "playwright-core"

/** What somebody does in the recorder, as its screens name it. */

/** Chromium with a pretended camera and microphone, which shows this very page where somebody would choose a screen. */
export const CAPTURE_ARGUMENTS = [
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  "--auto-accept-this-tab-capture",
  "--autoplay-policy=no-user-gesture-required",
] as const

/** From the meeting's screen. */
export async function openRecorder(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Record", exact: true }).click()
  await page.getByRole("heading", { name: "What is recorded" }).waitFor()
}

export async function turnOn(page: Page, source: "Camera" | "Microphone"): Promise<void> {
  await page.getByRole("button", { name: `Turn on: ${source}` }).click()
  await page.getByRole("button", { name: `Leave out: ${source}` }).waitFor()
}

/** Begins, under a title, and waits until something is safe. */
export async function startRecording(page: Page, title: string): Promise<void> {
  await page.getByLabel("What it is called").fill(title)
  await page.getByRole("button", { name: "Record", exact: true }).click()
  await page.getByText(/safe on this device/).waitFor()
}

/** Until so many seconds are kept on this device. */
export async function untilSafe(page: Page, seconds: number): Promise<void> {
  for (const deadline = Date.now() + 120_000; ;) {
    const text = (await page.locator(".safe-here").textContent()) ?? ""
    const [, minutes = "0", rest = "0"] = /(\d+):(\d+) safe/.exec(text) ?? []
    if (60 * Number(minutes) + Number(rest) >= seconds) return
    if (Date.now() > deadline) throw new Error(`after two minutes: ${text}`)
    await page.waitForTimeout(100)
  }
}

/** As the recorder's clock shows it. */
export async function elapsedSeconds(page: Page): Promise<number> {
  const text = (await page.getByRole("timer").textContent()) ?? ""
  const [, minutes, seconds] = /(\d+):(\d+)/.exec(text) ?? []
  return 60 * Number(minutes) + Number(seconds)
}

export async function stopRecording(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Stop", exact: true }).click()
}

/** What was recorded in this browser, by its title. */
export function captureRow(page: Page, title: string): Locator {
  return page
    .getByRole("region", { name: "Recordings of this browser" })
    .getByRole("listitem")
    .filter({ hasText: title })
}

/** Waits until it is published. @returns the recording's id. */
export async function untilPublished(page: Page, title: string): Promise<string> {
  const watch = captureRow(page, title).getByRole("link", { name: `Watch: ${title}`, exact: true })
  await watch.waitFor({ timeout: 120_000 })
  return /rec_[a-z0-9]+/i.exec((await watch.getAttribute("href")) ?? "")?.[0] ?? ""
}
