import { execFile } from "node:child_process"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
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

/** `npm run images`: the pictures of the app in README.md, taken of the app itself on a service of its own. */

const IMAGES = join(root, "docs/images")
const FILM = join(root, "test/data/meeting.mp4")
const VIEW = { width: 1200, height: 780 }
/** Few colours and no more points than a page shows: a repository keeps every version. */
const SHOWN = "scale=960:-1:flags=lanczos,split[a][b];[a]palettegen=max_colors=96[p];[b][p]paletteuse=dither=none"
const TITLE = "Hiring: second interviews"
/** Each of the four people of the film by themselves. */
const PARTS = [
  { title: "Interview with the fourth candidate", crop: "crop=iw/2:ih/2:iw/2:ih/2" },
  { title: "Interview with the third candidate", crop: "crop=iw/2:ih/2:0:ih/2" },
  { title: "What we are looking for", crop: "null" },
] as const

const run = promisify(execFile)
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
  for (const [index, { title, crop }] of PARTS.entries()) {
    const file = join(folder.path, `film-${index}.mp4`)
    await run("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", "-i", FILM, "-vf", crop, file])
    await uploadFile(ada, file, title)
  }
  await openMeeting(ben, TITLE)
  await ben
    .locator(".poster img")
    .nth(PARTS.length - 1)
    .waitFor()
  await take(ben, "app-meeting")
  await ben.getByRole("link", { name: "What we are looking for", exact: true }).click()
  await watchFor(ben, 0.5)
  await take(ben, "app-watching")
} finally {
  await browser.close()
  await stack.stop()
  await folder.remove()
}

async function take(page: Page, name: string): Promise<void> {
  await mkdir(IMAGES, { recursive: true })
  await page.setViewportSize(VIEW)
  const whole = join(folder.path, `${name}.png`)
  await page.screenshot({ path: whole })
  await run("ffmpeg", [
    "-hide_banner",
    "-loglevel",
    "error",
    "-y",
    "-i",
    whole,
    "-vf",
    SHOWN,
    join(IMAGES, `${name}.png`),
  ])
}
