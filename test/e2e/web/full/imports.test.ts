import { execFile } from "node:child_process"
import { appendFile, copyFile, cp, mkdir, readFile, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect } from "chai"
import type { Locator, Page } from "playwright-core"
import { MOST_FILES } from "../../../../client/sdk/imports/plan.js"
import { look, openBrowser, type Person, type TestBrowser } from "../../../support/browser.js"
import { hasPrograms } from "../../../support/has-programs.js"
import { root } from "../../../support/programs.js"
import { signUp } from "../../../support/sign-up.js"
import { type Stack, startStack } from "../../../support/stack.js"
import { type Terminals, terminalsAt } from "../../../support/taciturn.js"
import { takeAccount } from "../../../support/web-account.js"
import { addMember, createMeeting } from "../../../support/web-steps.js"

const ZOOM = join(root, "test/data/zoom-meeting")
const MINUTE_MS = 60_000
const HUGE_BYTES = 300 * 1024 * 1024

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

/** A folder is given to the page as a person does who drops it: by the browser itself. */
async function drop(page: Page, ...paths: readonly string[]): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  const data = { items: [], files: [...paths], dragOperationsMask: 1 }
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await devtools.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data })
  await devtools.detach()
}

describe("importing a folder, in the browser", function () {
  this.timeout(300_000)
  let stack: Stack
  let terminals: Terminals
  let browser: TestBrowser
  let person: Person
  let page: Page
  let meeting: string
  let folder: string

  before(async () => {
    stack = await startStack("embedded")
    terminals = await terminalsAt(stack.url)
    const bob = (await terminals.succeed("bob", ["init"])).account
    browser = await openBrowser()
    person = await browser.person(stack.url)
    ;({ page } = person)
    await signUp(page)
    meeting = await createMeeting(page, "Reunion")
    await addMember(page, bob)
    await page.getByRole("tab", { name: "Recordings" }).click()
    for (let tries = 0; (await terminals.succeed("bob", ["meeting", "join", "--all"])).joined.length === 0; tries++) {
      if (tries > 20) expect.fail("no invitation came")
      await page.waitForTimeout(1_000)
    }
    folder = join(terminals.folder, "zoom-meeting")
    await cp(ZOOM, folder, { recursive: true })
    await copyFile(join(root, "test/data/meeting.mp4"), join(folder, "meeting001_video.mp4"))
    await copyFile(join(root, "test/data/meeting.mp4"), join(folder, "audio_only.m4a"))
    await writeFile(join(folder, "notes.docx"), "no kind that is imported")
    const chat = join(folder, "meeting001_chat.txt")
    await writeFile(chat, `nobody knows when this was said\n${await readFile(chat, "utf8")}`)
  })
  afterEach(() => {
    person.assertCalm()
  })
  after(async () => {
    await browser.close()
    await terminals.close()
    await stack.stop()
  })

  const sheet = (): Locator => page.getByRole("dialog", { name: "Bring in a recording from elsewhere" })
  const offset = (): Locator => sheet().getByLabel("The chat's clock offset")

  it("a Zoom folder that is dropped is known for one, and what is in it and what is not imported is said", async () => {
    await drop(page, folder)
    await sheet().getByText("300 captions · 11 lines of chat · 10 people named").waitFor()
    expect(await sheet().getByLabel("Where it comes from").inputValue()).to.equal("zoom")
    expect(await sheet().getByLabel("Title").inputValue()).to.equal("Meeting about Reunion")
    await sheet().getByText("One line of the chat could not be read. It is kept as it is, and counted.").waitFor()
    await sheet().getByText("2 files are not imported").click()
    await sheet().getByText("notes.docx: not a kind of file that is imported").waitFor()
    await sheet().getByText("audio_only.m4a: sound that its meeting's video has too").waitFor()
    await sheet().getByText("Zoom may have held all of it in plaintext").waitFor()
    await look(page, "import-sheet")
  })

  it("the chat's clock is worked out and shown, and is set right by whoever knows better", async () => {
    expect(await offset().inputValue()).to.equal("+0:00:00")
    await sheet().getByText("Worked out: its times count from the recording's start.").waitFor()
    await sheet().getByText("First line at 21:14: Hello Everyone").waitFor()
    await sheet().getByText("Last line at 36:49: Fuselage").waitFor()
    await offset().fill("sometime")
    await sheet().getByText("Give a time as -1:02:03, +90 or 12.5.").waitFor()
    expect(await sheet().getByRole("button", { name: "Import it" }).isDisabled()).to.equal(true)
    await offset().fill("-0:21:14")
    await sheet().getByText("First line at 0:00: Hello Everyone").waitFor()
    await sheet().getByText("Last line at 15:35: Fuselage").waitFor()
  })

  it("is imported, and the others have every line and caption of it, labelled", async () => {
    await sheet().getByRole("button", { name: "Import it" }).click()
    await sheet().waitFor({ state: "detached" })
    const link = page.getByRole("tabpanel").getByRole("link", { name: "Meeting about Reunion", exact: true })
    await link.waitFor({ timeout: 60_000 })
    await page.getByText(/· imported$/).waitFor()
    const [{ recording, isImported }] = (await terminals.succeed("bob", ["recordings", meeting])).recordings
    expect(isImported).to.equal(true)
    const imported = await terminals.succeed("bob", ["chat", "imported", recording])
    expect(imported).to.deep.include({ source: "zoom", unread: 1, offset: "-0:21:14" })
    expect(imported.lines).to.have.length(11)
    expect(imported.lines[10]).to.deep.include({ author: "Paul McCartney", text: "Fuselage", offsetMs: 935_000 })
    expect(imported.people).to.have.length(10)
    expect((await terminals.succeed("bob", ["search", "fuselage", "--meeting", meeting])).total).to.be.above(1)
    expect((await terminals.succeed("bob", ["import", "zoom", meeting, folder])).recordings[0].state).to.equal("known")
    await link.click()
    await page.getByText("Imported from Zoom").waitFor()
    await page.getByText("The chat's offset was given by whoever imported it: -0:21:14.").waitFor()
    await page.getByText("One line of it could not be read, and stands as it was.").waitFor()
    await page.goBack()
  })

  it("the same folder again imports nothing, and its files can be uploaded as they are instead", async () => {
    const chooser = page.waitForEvent("filechooser")
    await page.getByRole("button", { name: "Upload a folder" }).click()
    await (await chooser).setFiles(folder)
    await sheet().getByRole("button", { name: "Import it" }).click()
    await sheet().getByText("Imported into this meeting by you before, and not again: Meeting about Reunion.").waitFor()
    await sheet().getByRole("button", { name: "Close" }).click()
    expect((await terminals.succeed("bob", ["recordings", meeting])).recordings).to.have.length(1)
    await drop(page, folder)
    await sheet().getByRole("button", { name: "Upload the files instead" }).click()
    await page
      .getByRole("dialog", { name: /^Upload \d+ recordings$/ })
      .getByText("audio_only.m4a")
      .waitFor()
    await page.keyboard.press("Escape")
  })

  it("what somebody else says to have imported is not imported, it is said who says so, and it is all the same if that is wanted (IM6)", async () => {
    const other = join(terminals.folder, "claimed")
    await mkdir(other)
    await copyFile(join(root, "test/data/meeting.mp4"), join(other, "zoom_0.mp4"))
    await appendFile(join(other, "zoom_0.mp4"), "claimed")
    await writeFile(join(other, "meeting_chat.txt"), "00:00:01\tAnn:\thello\n")
    const claimed = await terminals.succeed("bob", ["import", "zoom", meeting, other])
    expect(claimed.recordings.map(({ state }: { readonly state: string }) => state)).to.deep.equal(["imported"])
    await drop(page, other)
    await sheet().getByLabel("Title").fill("Claimed")
    await sheet().getByRole("button", { name: "Import it" }).click()
    await sheet().getByText("Not imported: somebody else says to have imported it already").waitFor()
    await sheet().getByRole("listitem").filter({ hasText: "Claimed, imported by" }).waitFor()
    await look(page, "import-claimed")
    await sheet().getByRole("button", { name: "Import mine all the same" }).click()
    await sheet().waitFor({ state: "detached" })
    await page.getByRole("tabpanel").getByRole("link", { name: "Claimed", exact: true }).waitFor({ timeout: 60_000 })
  })

  it("a folder of films alone is uploaded as before", async () => {
    const films = join(terminals.folder, "films")
    await mkdir(films)
    await copyFile(join(root, "test/data/meeting.mp4"), join(films, "one.mp4"))
    await drop(page, films)
    await page.getByRole("dialog", { name: "Upload a recording" }).getByText("one.mp4").waitFor()
    await page.keyboard.press("Escape")
  })

  it("what is empty, huge, in another encoding or named to deceive is said, and all else is imported and shown as plain text (IM4)", async () => {
    const odd = join(terminals.folder, "odd")
    await mkdir(odd)
    await copyFile(join(root, "test/data/meeting.mp4"), join(odd, "zoom_0.mp4"))
    await appendFile(join(odd, "zoom_0.mp4"), "another")
    const markup = '<img src="x" onerror="alert(1)"><script>alert(2)</script>'
    await writeFile(
      join(odd, "meeting_chat.txt"),
      Buffer.from(`\u{feff}garbage\r\n00:00:01\tZoë \u{202e}Ann:\t${markup}\r\n`, "utf16le"),
    )
    await writeFile(join(odd, "huge_chat.txt"), "00:00:01\tAnn:\thello\n")
    await truncate(join(odd, "huge_chat.txt"), HUGE_BYTES)
    await writeFile(join(odd, "audio_only.m4a"), "")
    await writeFile(join(odd, "closed_caption.txt"), "no captions at all")
    await writeFile(
      join(odd, "transcript.vtt"),
      `\u{feff}WEBVTT\n\n00:00.100 --> 00:01.900\n<b>Said</b> in ${markup}\n`,
    )
    await writeFile(join(odd, "report\u{202e}fdp.exe\nis not\\one.pdf"), "x")
    await drop(page, odd)
    await sheet().getByText("1 captions · 2 lines of chat").waitFor()
    await sheet().getByText("One line of the chat could not be read. It is kept as it is, and counted.").waitFor()
    await sheet().getByText("4 files are not imported").click()
    for (const said of [
      "huge_chat.txt: longer than what is read of a text",
      "audio_only.m4a: it is empty",
      "closed_caption.txt: there are no captions in it",
      "report\u{fffd}fdp.exe\u{fffd}is not\\one.pdf: not a kind of file that is imported",
    ])
      await sheet().getByRole("listitem").filter({ hasText: said }).first().waitFor()
    await look(page, "import-odd")
    await sheet().getByLabel("Title").fill("Odd ones")
    await sheet().getByRole("button", { name: "Import it" }).click()
    const link = page.getByRole("tabpanel").getByRole("link", { name: "Odd ones", exact: true })
    await link.waitFor({ timeout: 60_000 })
    await link.click()
    const column = page.getByRole("complementary", { name: "Said and written" })
    await column.getByText(markup).first().waitFor()
    expect(await column.locator("img, script, b").count()).to.equal(0)
    // What would turn the words behind it round is a sign.
    await column.getByText("“Zoë \u{fffd}Ann”", { exact: true }).waitFor()
    await look(page, "watch-odd")
    await page.goBack()
  })

  it("more files than are taken at once are refused before anything is read, and it is said why", async () => {
    const many = join(terminals.folder, "many")
    await mkdir(many)
    for (let count = 0; count <= MOST_FILES; count++) await writeFile(join(many, `chat_${count}.txt`), "x")
    await drop(page, many)
    await page.getByText("These are more than 10,000 files").waitFor({ timeout: 120_000 })
    await look(page, "import-many")
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click()
    await page.getByRole("dialog").waitFor({ state: "detached" })
  })

  it("goes on after the page was closed in the middle, with all that lay beside it", async () => {
    const other = join(terminals.folder, "again")
    await cp(folder, other, { recursive: true })
    await appendFile(join(other, "meeting001_video.mp4"), Buffer.alloc(4 * 1024 * 1024, 7))
    let isHeld = true
    await page.route(
      (url) => url.pathname.startsWith("/v1/"),
      async (route) => {
        if (isHeld && route.request().method() === "PATCH") await route.abort()
        else await route.continue()
      },
    )
    await drop(page, other)
    await sheet().getByLabel("Title").fill("Taken up again")
    await sheet().getByRole("button", { name: "Import it" }).click()
    await page.getByText("Waiting for the network. It goes on by itself").first().waitFor({ timeout: 60_000 })
    page.on("dialog", (dialog) => {
      void dialog.accept()
    })
    await page.reload()
    isHeld = false
    await page.getByRole("link", { name: "Taken up again", exact: true }).first().waitFor({ timeout: 120_000 })
    const found = (await terminals.succeed("bob", ["recordings", meeting])).recordings as {
      readonly recording: string
      readonly title: string
    }[]
    const again = found.find(({ title }) => title === "Taken up again")
    expect((await terminals.succeed("bob", ["chat", "imported", again?.recording ?? ""])).lines).to.have.length(11)
    await page.unrouteAll()
  })
})
