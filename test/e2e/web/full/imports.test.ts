import { execFile } from "node:child_process"
import { copyFile, cp, mkdir } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect } from "chai"
import type { Locator, Page } from "playwright-core"
import { look, openBrowser, type Person, type TestBrowser } from "../../../support/browser.js"
import { hasPrograms } from "../../../support/has-programs.js"
import { root } from "../../../support/programs.js"
import { type Stack, startStack } from "../../../support/stack.js"
import { type Terminals, terminalsAt } from "../../../support/taciturn.js"
import { takeAccount } from "../../../support/web-account.js"

const ZOOM = join(root, "test/data/zoom-meeting")
const MINUTE_MS = 60_000

describe("what was imported, in the browser", function () {
  this.timeout(300_000)
  let stack: Stack
  let terminals: Terminals
  let browser: TestBrowser
  let person: Person
  let page: Page
  let meeting: string

  before(async () => {
    stack = await startStack("embedded")
    terminals = await terminalsAt(stack.url)
    const { succeed } = terminals
    await succeed("alice", ["init"])
    const bob = (await succeed("bob", ["init"])).account
    ;({ meeting } = await succeed("alice", ["meeting", "create", "Reunion"]))
    await succeed("alice", ["meeting", "add", meeting, bob])
    await succeed("bob", ["meeting", "join", "--all"])
    browser = await openBrowser()
    person = await browser.person(stack.url)
    ;({ page } = person)
    await takeAccount(page, join(terminals.folder, "bob"))
  })
  afterEach(() => {
    person.assertCalm()
  })
  after(async () => {
    await browser.close()
    await terminals.close()
    await stack.stop()
  })

  /** The real folder, with this as its video. */
  async function zoomFolder(name: string, video: string | null): Promise<string> {
    const folder = join(terminals.folder, name)
    await mkdir(folder)
    await cp(ZOOM, folder, { recursive: true })
    if (video !== null) await copyFile(video, join(folder, "meeting001_video.mp4"))
    return folder
  }

  async function open(recording: string): Promise<void> {
    await page.goto("about:blank")
    await page.goto(`${stack.url}/app/#/meetings/${meeting}/recordings/${recording}`)
    await page.getByText("Imported from Zoom").waitFor()
  }

  const column = (): Locator => page.getByRole("complementary", { name: "Said and written" })
  const section = (name: string): Locator => column().getByRole("list", { name })

  it("says from where, by whom, and that the platform may have held plaintext; what lies outside of a short clip stands behind it (IM3, IM5)", async () => {
    const folder = await zoomFolder("short", join(root, "test/data/meeting.mp4"))
    const { recordings } = await terminals.succeed("alice", ["import", "zoom", meeting, folder])
    await open(recordings[0].recording)
    await page.getByText("Zoom may have held all of it in plaintext").waitFor()
    await page.getByText("The chat's times count from the recording's start (offset +0:00:00).").waitFor()
    await column().getByRole("heading", { name: "After the recording" }).waitFor()
    const last = section("After the recording").getByRole("listitem").filter({ hasText: "Fuselage" }).last()
    await last.getByText("“Paul McCartney”").waitFor()
    await last.getByText("36:49").waitFor()
    expect(await column().locator(".timeline-imported").count()).to.equal(10)
    expect(await column().locator(".timeline-message").count(), "none of it is a message (IM2)").to.equal(0)
    await column().getByLabel("Search what was said and written").fill("harrison cockpit")
    await section("After the recording").getByText("Cockpit").first().waitFor()
    await look(page, "watch-imported")
    await page.getByRole("link", { name: "Reunion" }).first().click()
    await page.getByText(/· imported$/).waitFor()
  })

  it("beside an hour of video the same chat and transcript replay at their times", async function () {
    if (!hasPrograms("ffmpeg")) this.skip()
    const video = join(terminals.folder, "hour.mp4")
    const picture = ["-f", "lavfi", "-i", "testsrc=size=160x90:rate=1", "-t", "3600"]
    await promisify(execFile)("ffmpeg", [
      ...["-hide_banner", "-loglevel", "error", ...picture],
      ...[
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-g",
        "10",
        "-pix_fmt",
        "yuv420p",
        "-movflags",
        "+faststart",
        video,
      ],
    ])
    const folder = await zoomFolder("hour", video)
    const { recordings } = await terminals.succeed("alice", ["import", "zoom", meeting, folder])
    await open(recordings[0].recording)
    const during = section("During the recording")
    await column().getByText("Hello Everyone - It’s great").waitFor()
    expect(await column().locator(".timeline-imported").count()).to.equal(10)
    for (const [minutes, seconds, said] of [
      [21, 14, "Hello Everyone"],
      [30, 51, "And Turbo Pascal…programming language!"],
      [36, 49, "Fuselage"],
    ] as const) {
      const atS = (minutes * MINUTE_MS) / 1_000 + seconds
      await page.evaluate(`void (document.querySelector("video").currentTime = ${atS}.2)`)
      const current = column().locator(".timeline-imported[aria-current]")
      await current.filter({ hasText: said }).waitFor()
      await current.getByRole("button", { name: `Go to ${minutes}:${seconds}` }).waitFor()
    }
    await look(page, "watch-imported-hour")
    await during.getByRole("button", { name: "Go to 21:14" }).last().click()
    await column().locator(".timeline-row[aria-current]").filter({ hasText: /^21:1/ }).waitFor()
  })

  it("a chat without a recording is read where its file can be saved", async () => {
    const folder = await zoomFolder("silent", null)
    const { recordings } = await terminals.succeed("alice", ["import", "zoom", meeting, folder])
    await open(recordings[0].recording)
    const chat = page.getByRole("heading", { name: "The imported chat" }).locator("xpath=..")
    await chat.getByText("Fuselage").waitFor()
    expect(await chat.getByRole("listitem").count()).to.equal(10)
    await look(page, "watch-imported-chat")
  })
})
