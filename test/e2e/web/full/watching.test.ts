import { execFile } from "node:child_process"
import { copyFile, readdir, readFile, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect } from "chai"
import type { Page } from "playwright-core"
import { assertAccessible, openBrowser, type Person, screenshots, type TestBrowser } from "../../../support/browser.js"
import type { Stack } from "../../../support/stack.js"
import { openTerminals, type Terminals } from "../../../support/taciturn.js"
import { takeAccount } from "../../../support/web-account.js"

const LENGTH_S = 120
const CAPTIONS = `WEBVTT
Language: en

00:00:01.000 --> 00:01:00.000
<v Alice>Welcome to the weekly call.

00:01:00.000 --> 00:02:00.000
Goodbye.
`

describe("watching, in the browser", function () {
  this.timeout(240_000)
  let terminals: Terminals & { readonly stack: Stack }
  let browser: TestBrowser
  let person: Person
  let page: Page
  let meeting: string
  const recordings = { film: "", sound: "", file: "", unplayable: "", earlier: "" }

  before(async () => {
    terminals = await openTerminals()
    const { folder, succeed } = terminals
    await makeFilm(folder)
    await succeed("alice", ["init"])
    const bob = (await succeed("bob", ["init"])).account
    ;({ meeting } = await succeed("alice", ["meeting", "create", "Weekly call"]))
    recordings.earlier = await upload("agenda.txt", "Before Bob came")
    await succeed("alice", ["meeting", "add", meeting, bob])
    await succeed("bob", ["meeting", "join", "--all"])
    recordings.film = await upload("film.mp4", "Weekly call, 3 March")
    recordings.sound = await upload("sound.m4a", "The same, only heard")
    recordings.file = await upload("agenda.txt", "Agenda")
    recordings.unplayable = await upload("broken.mp4", "From an old camera", "--as-is")
    browser = await openBrowser(["--autoplay-policy=no-user-gesture-required"])
    person = await browser.person(terminals.stack.url)
    page = person.page
    await takeAccount(page, join(folder, "bob"))
  })

  after(async () => {
    person.assertCalm()
    await browser.close()
    await terminals.close()
  })

  async function upload(file: string, title: string, ...flags: string[]): Promise<string> {
    return (await terminals.succeed("alice", ["upload", meeting, file, "--title", title, ...flags])).recording
  }

  async function open(recording: string, time = ""): Promise<void> {
    await page.goto("about:blank")
    await page.goto(`${terminals.stack.url}/app/#/meetings/${meeting}/recordings/${recording}${time}`)
  }

  it("smoke", async () => {
    await open(recordings.film)
    await page.getByRole("heading", { name: "Weekly call, 3 March" }).waitFor({timeout: 8000}).catch(async () => { await page.screenshot({path: "/tmp/s5/watch-fail.png"}); console.log(page.url(), await page.locator("body").innerText()) })
    await page.getByRole("button", { name: "Play the recording" }).waitFor()
    await page.waitForTimeout(1500)
    await screenshots(page, "watch")
    await assertAccessible(page)
    await page.getByRole("button", { name: "Play the recording" }).click()
    await page.waitForTimeout(3000)
    console.log(
      await page.evaluate("[document.querySelector('video').currentTime, document.querySelector('video').duration]"),
    )
  })
})

async function makeFilm(folder: string): Promise<void> {
  const run = async (...args: string[]): Promise<void> => {
    await promisify(execFile)("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...args], { cwd: folder })
  }
  const picture = `testsrc2=size=640x360:rate=15:duration=${LENGTH_S},noise=alls=20:allf=t`
  const sound = `sine=frequency=330:duration=${LENGTH_S},tremolo=f=0.11:d=0.9`
  const codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "30", "-b:v", "1400k"]
  await run("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, ...codecs, "-c:a", "aac", "-shortest", "film.mp4")
  await run("-i", "film.mp4", "-vn", "-c", "copy", "sound.m4a")
  await writeFile(join(folder, "film.vtt"), CAPTIONS)
  await writeFile(join(folder, "agenda.txt"), "1. Welcome\n2. Goodbye\n")
  await writeFile(join(folder, "broken.mp4"), Buffer.alloc(200_000, "no film"))
}
