import { execFile } from "node:child_process"
import { mkdir } from "node:fs/promises"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import type { Page } from "playwright-core"
import { openBrowser } from "../support/browser.js"
import { root, temporaryFolder } from "../support/programs.js"
import { startStack } from "../support/stack.js"
import {
  acceptInvitation,
  addMember,
  createAccount,
  createMeeting,
  nameOther,
  openMeeting,
  uploadFile,
  watchFor,
  wordsUnder,
} from "../support/web-steps.js"

/**
 * `npm run images -- FILM`: the pictures of the app in README.md, taken of the app itself on a service of its own. README.md's show people-walking.mp4,
 * which lies in github.com/intel-iot-devkit/sample-videos, and names its licence.
 */

const IMAGES = join(root, "docs/images")
const VIEW = { width: 1200, height: 780 }
/** Few colours and no more points than a page shows: a repository keeps every version. */
const SHOWN = "scale=960:-1:flags=lanczos,split[a][b];[a]palettegen=max_colors=128[p];[b][p]paletteuse=dither=none"
/** What of each page is shown, to below what it is about. */
const SHOWN_PX = { "app-verify": 1_012, "app-meeting": 720, "app-watching": 900 } as const
const TITLE = "Visitor study"
const PART_S = 30
/** Where somebody is seen in that film, the last one first. */
const PARTS = [
  { title: "Before the opening", startS: 0 },
  { title: "Monday, with the new sign", startS: 96 },
  { title: "Friday, with the old sign", startS: 56 },
] as const

const run = promisify(execFile)
const [, , film] = process.argv
if (film === undefined) {
  process.stderr.write("usage: npm run images -- FILM\n")
  process.exit(2)
}
const folder = await temporaryFolder()
const stack = await startStack("embedded")
const browser = await openBrowser()
try {
  const [{ page: ada }, { page: ben }] = await Promise.all([browser.person(stack.url), browser.person(stack.url)])
  const [, account] = await Promise.all([createAccount(ada), createAccount(ben)])
  await createMeeting(ada, TITLE)
  await addMember(ada, account)
  await acceptInvitation(ben)
  await nameOther(ada, "Ben Okafor")
  await nameOther(ben, "Ada Lindqvist")
  await wordsUnder(ada, "The words of Ben Okafor")
  await take(ada, "app-verify")
  for (const page of [ada, ben]) {
    await page.getByRole("button", { name: "They match" }).click()
    await page.getByText("You made sure that this account is theirs").waitFor()
  }
  await openMeeting(ada, TITLE)
  for (const [index, { title, startS }] of PARTS.entries()) {
    const file = join(folder.path, `film-${index}.mp4`)
    await ffmpeg("-ss", String(startS), "-t", String(PART_S), "-i", resolve(film), file)
    await uploadFile(ada, file, title)
  }
  await openMeeting(ben, TITLE)
  await ben
    .locator(".poster img")
    .nth(PARTS.length - 1)
    .waitFor()
  await take(ben, "app-meeting")
  await ben.getByRole("link", { name: PARTS[2].title, exact: true }).click()
  await watchFor(ben, 4)
  await take(ben, "app-watching")
} finally {
  await browser.close()
  await stack.stop()
  await folder.remove()
}

async function take(page: Page, name: keyof typeof SHOWN_PX): Promise<void> {
  await mkdir(IMAGES, { recursive: true })
  await page.setViewportSize(VIEW)
  await page.evaluate("document.activeElement?.blur()")
  const whole = join(folder.path, `${name}.png`)
  await page.screenshot({
    path: whole,
    fullPage: true,
    clip: { x: 0, y: 0, width: VIEW.width, height: SHOWN_PX[name] },
  })
  await ffmpeg("-i", whole, "-vf", SHOWN, join(IMAGES, `${name}.png`))
}

async function ffmpeg(...args: readonly string[]): Promise<void> {
  await run("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...args])
}
