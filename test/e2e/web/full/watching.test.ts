import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
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

const CHAPTERS = `WEBVTT

00:00.000 --> 00:40.000
Welcome

00:40.000 --> 01:20.000
The numbers

01:20.000 --> 02:00.000
Questions
`

describe("watching, in the browser", function () {
  this.timeout(240_000)
  let terminals: Terminals & { readonly stack: Stack }
  let browser: TestBrowser
  let person: Person
  let page: Page
  let meeting: string
  const recordings = { film: "", sound: "", file: "", unplayable: "", earlier: "", deleted: "", changed: "" }
  let changeBack: () => Promise<void>

  before(async () => {
    terminals = await openTerminals()
    const { folder, succeed } = terminals
    await makeFilm(folder)
    await succeed("alice", ["init"])
    const bob = (await succeed("bob", ["init"])).account
    ;({ meeting } = await succeed("alice", ["meeting", "create", "Weekly call"]))
    await succeed("alice", ["meeting", "policy", meeting, "from-join"])
    recordings.earlier = await upload("agenda.txt", "Before Bob came")
    await succeed("alice", ["meeting", "add", meeting, bob])
    await succeed("bob", ["meeting", "join", "--all"])
    recordings.film = await upload("film.mp4", "Weekly call, 3 March")
    recordings.sound = await upload("sound.m4a", "The same, only heard")
    recordings.file = await upload("agenda.txt", "Agenda")
    recordings.unplayable = await upload("broken.mp4", "From an old camera", "--as-is")
    recordings.deleted = await upload("agenda.txt", "Sent by mistake")
    await succeed("alice", ["recording", "delete", recordings.deleted])
    const before = new Set(await assetFolders())
    recordings.changed = await upload("film.mp4", "Kept badly", "--as-is")
    changeBack = await changeByte(before)
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

  interface VideoState {
    readonly atS: number
    readonly isPaused: boolean
    readonly volume: number
    readonly isMuted: boolean
    readonly rate: number
  }

  async function video(): Promise<VideoState> {
    return await page.evaluate(`(() => {
      const { currentTime, paused, volume, muted, playbackRate } = document.querySelector("video")
      return { atS: currentTime, isPaused: paused, volume, isMuted: muted, rate: playbackRate }
    })()`)
  }

  /** Waits until the player is as it should be. */
  async function until(what: string, isSo: (state: VideoState) => boolean, patienceMs = 20_000): Promise<void> {
    for (const deadline = performance.now() + patienceMs; ;) {
      const state = await video()
      if (isSo(state)) return
      if (performance.now() > deadline) expect.fail(`${what}: ${JSON.stringify(state)}`)
      await delay(50)
    }
  }

  /** Waits until something is so in the page. */
  async function holds(expression: string): Promise<void> {
    for (const deadline = performance.now() + 20_000; ;) {
      if (await page.evaluate<boolean>(expression)) return
      if (performance.now() > deadline) expect.fail(expression)
      await delay(50)
    }
  }

  const loaded = async (): Promise<void> => {
    await holds(`(document.querySelector("video")?.readyState ?? 0) >= 2`)
  }
  const near = (atS: number) => (state: VideoState) => Math.abs(state.atS - atS) < 0.5

  it("plays, with everything that belongs to it, and says who sealed it", async () => {
    await open(recordings.film)
    await page.getByRole("heading", { name: "Weekly call, 3 March" }).waitFor()
    await loaded()
    await page.locator(".waveform").first().waitFor()
    expect(await page.locator("video").getAttribute("poster")).to.match(/^blob:/)
    await page.getByText("Alice: Welcome to the weekly call.", { exact: true }).waitFor()
    await screenshots(page, "watch")
    await assertAccessible(page)
    await page.getByRole("button", { name: "Play the recording" }).click()
    await until("plays", ({ atS }) => atS > 1)
    expect(await page.getByRole("slider", { name: "Place in the recording" }).getAttribute("aria-valuetext")).to.match(
      /^0:0\d of 2:00$/,
    )
    await page.getByRole("button", { name: "Pause", exact: true }).click()
    await page.getByRole("button", { name: "What this means" }).click()
    await page.getByText("Merkle root").waitFor()
    await page.getByText("Compare safety words before you rely on it.").waitFor()
    await screenshots(page, "watch-seal")
    await assertAccessible(page)
  })

  it("moves to where somebody points, shows the time there before, and goes on in steps by the arrows", async () => {
    await open(recordings.film)
    await loaded()
    await page.locator(".waveform").first().waitFor()
    const slider = page.locator(".scrubber-track")
    await slider.scrollIntoViewIfNeeded()
    const { x, y, width, height } = (await slider.boundingBox())!
    await page.mouse.move(x + width / 2, y + height / 2)
    expect(await page.locator(".scrubber-preview").innerText()).to.match(/1:00|0:59/)
    await page.mouse.click(x + width / 2, y + height / 2)
    await until("seeks", near(LENGTH_S / 2))
    await page.getByRole("slider", { name: "Place in the recording" }).focus()
    await page.keyboard.press("ArrowRight")
    await until("5 seconds on", near(LENGTH_S / 2 + 5))
    await page.keyboard.press("Home")
    await until("at the beginning", near(0))
    await page.keyboard.press("End")
    await until("at the end", near(LENGTH_S))
  })

  it("does by keys all that it does by presses", async () => {
    await open(recordings.film)
    await loaded()
    const press = async (key: string, what: string, isSo: (state: VideoState) => boolean): Promise<void> => {
      await page.keyboard.press(key)
      await until(what, isSo)
    }
    await press("Space", "plays", ({ isPaused }) => !isPaused)
    await press("k", "pauses", ({ isPaused }) => isPaused)
    await press("5", "to the middle", near(60))
    await press("ArrowRight", "5 s on", near(65))
    await press("ArrowLeft", "5 s back", near(60))
    await press("l", "10 s on", near(70))
    await press("J", "10 s back", near(60))
    await press("0", "to the beginning", near(0))
    await press(">", "faster", ({ rate }) => rate === 1.25)
    await press("<", "as before", ({ rate }) => rate === 1)
    await press("<", "slower", ({ rate }) => rate === 0.75)
    await press("m", "silent", ({ isMuted }) => isMuted)
    await press("M", "heard", ({ isMuted }) => !isMuted)
    await press("ArrowDown", "the page's own key", ({ volume }) => volume === 1)
    await page.locator(".player").focus()
    await press("ArrowDown", "quieter", ({ volume }) => Math.abs(volume - 0.9) < 0.01)
    await press("ArrowUp", "louder", ({ volume }) => volume === 1)
    await page.keyboard.press("c")
    await holds(`document.querySelector("video")?.textTracks[0]?.mode === "showing"`)
    await page.keyboard.press("f")
    await holds(`document.fullscreenElement?.className === "player"`)
    await page.keyboard.press("f")
    await holds(`document.fullscreenElement === null`)
    await page.keyboard.press("?")
    await page.getByRole("dialog", { name: "Keys of the player" }).waitFor()
    await screenshots(page, "watch-keys")
    await assertAccessible(page)
    await page.keyboard.press("k")
    expect((await video()).isPaused, "no key goes through the sheet").to.equal(true)
    await page.keyboard.press("Escape")
    await page.getByRole("dialog").waitFor({ state: "detached" })
  })

  it("reaches every control by Tab, each with a name and large enough to touch", async () => {
    await open(recordings.film)
    await loaded()
    await page.locator(".player").focus()
    const names: string[] = []
    for (;;) {
      await page.keyboard.press("Tab")
      const found = await page.evaluate<{ readonly name: string; readonly isLarge: boolean } | null>(`(() => {
        const element = document.activeElement
        if (element.closest(".player") === null) return null
        const { width, height } = (element.closest(".scrubber, .volume") ?? element).getBoundingClientRect()
        const name = element.getAttribute("aria-label") ?? element.closest("[aria-label]").getAttribute("aria-label")
        return { name, isLarge: width >= 24 && height >= 24 }
      })()`)
      if (found === null) break
      expect(found.isLarge, found.name).to.equal(true)
      names.push(found.name)
    }
    expect(names).to.deep.equal([
      "Play the recording",
      "Place in the recording",
      "Play",
      "Back 10 seconds",
      "Forward 10 seconds",
      "Mute",
      "Volume",
      "Captions",
      "Speed",
      "Small window above others",
      "All keys",
      "Full screen",
    ])
  })

  it("shows captions, at any speed", async () => {
    await open(recordings.film)
    await loaded()
    await page.getByRole("button", { name: "Captions" }).click()
    await page.getByLabel("Speed").selectOption("3")
    await page.keyboard.press("4")
    await page.getByRole("button", { name: "Hide the captions" }).waitFor()
    const showsCue = async (text: string): Promise<void> => {
      await holds(`document.querySelector("video").textTracks[0].activeCues[0]?.text === ${JSON.stringify(text)}`)
    }
    await until("is there", near(48))
    await showsCue("<v Alice>Welcome to the weekly call.")
    await page.getByRole("button", { name: "Play", exact: true }).click()
    await until("plays three times as fast", ({ atS, rate }) => atS > 61 && rate === 3)
    await showsCue("Goodbye.")
    await screenshots(page, "watch-captions")
  })

  it("begins where a link says, goes where the next one says, and copies a link to the moment", async () => {
    await person.context.grantPermissions(["clipboard-read", "clipboard-write"])
    await open(recordings.film, "?t=75")
    await loaded()
    await until("begins there", near(75))
    await page.evaluate("location.hash = location.hash.replace('t=75', 't=30')")
    await until("goes there", near(30))
    await page.keyboard.press("l")
    await until("goes on", near(40))
    await page.getByRole("button", { name: "Copy link to this moment" }).click()
    await page.getByText("Link to 0:40 copied.").waitFor()
    expect(await page.evaluate("navigator.clipboard.readText()")).to.equal(
      `${terminals.stack.url}/app/#/meetings/${meeting}/recordings/${recordings.film}?t=40`,
    )
  })

  it("plays after a hard reload, and goes on when its worker is stopped in the middle", async () => {
    await open(recordings.film)
    await loaded()
    const devtools = await person.context.newCDPSession(page)
    const again = page.waitForEvent("load")
    await devtools.send("Page.reload", { ignoreCache: true })
    await again
    await loaded()
    await page.keyboard.press("k")
    await until("plays", ({ atS }) => atS > 1)
    await devtools.send("ServiceWorker.enable")
    await devtools.send("ServiceWorker.stopAllWorkers")
    await page.keyboard.press("7")
    await until("goes on elsewhere", ({ atS }) => atS > 85)
    await devtools.send("ServiceWorker.stopAllWorkers")
    await until("and on", ({ atS }) => atS > 87)
    expect(await page.getByRole("alert").count()).to.equal(0)
  })

  it("is saved through the service worker, byte for byte what the command downloads", async () => {
    await terminals.succeed("bob", ["download", recordings.film, "-o", "whole.mp4", "--force"])
    const tab = await person.context.newPage()
    await tab.addInitScript("delete globalThis.showSaveFilePicker")
    await tab.goto(page.url())
    const download = tab.waitForEvent("download")
    await tab.getByRole("button", { name: "Download" }).click()
    const saved = await download
    expect(saved.suggestedFilename()).to.equal("Weekly call, 3 March.mp4")
    expect((await readFile(await saved.path())).equals(await terminals.read("whole.mp4"))).to.equal(true)
    await tab.close()
  })

  it("is saved to a file that was picked, with progress, and can be stopped", async () => {
    const tab = await person.context.newPage()
    // The dialog is the browser's own; the file is a real one, in the browser's folder for this origin.
    await tab.addInitScript(
      `globalThis.showSaveFilePicker = async ({ suggestedName }) =>
         await (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true })`,
    )
    await tab.goto(page.url())
    await tab.getByRole("button", { name: "Download" }).click()
    await tab.getByRole("progressbar", { name: "Saving the opened recording …" }).waitFor()
    await tab.getByRole("button", { name: "Cancel" }).click()
    await tab.getByRole("progressbar", { name: "Saving the opened recording …" }).waitFor({ state: "detached" })
    await tab.getByRole("button", { name: "Download" }).click()
    await tab.getByText("Saved. Every part was checked.").waitFor()
    const hash = await tab.evaluate(`(async () => {
      const folder = await navigator.storage.getDirectory()
      const file = await (await folder.getFileHandle("Weekly call, 3 March.mp4")).getFile()
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()))
      return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("")
    })()`)
    expect(hash).to.equal(
      createHash("sha256")
        .update(await terminals.read("whole.mp4"))
        .digest("hex"),
    )
    await tab.close()
  })

  it("shows what is only heard by its sound", async () => {
    await open(recordings.sound)
    await loaded()
    await page.locator(".player-sound .waveform").waitFor()
    await screenshots(page, "watch-sound")
    await assertAccessible(page)
    await page.keyboard.press("k")
    await until("plays", ({ atS }) => atS > 1)
  })

  it("lets other files be saved, and says what it can't play", async () => {
    await open(recordings.file)
    await page.getByText("This is no video and no sound").waitFor()
    await screenshots(page, "watch-file")
    await assertAccessible(page)
    await open(recordings.unplayable)
    await page.getByRole("alert").getByText("This browser can't play this recording").waitFor()
    await page.getByRole("alert").getByRole("button", { name: "Download" }).waitFor()
    await screenshots(page, "watch-unplayable")
    await assertAccessible(page)
  })

  it("says why a recording does not open, is not there, or was deleted, and by whom", async () => {
    await open(recordings.earlier)
    await page.getByText("This recording doesn't open for you").waitFor()
    await screenshots(page, "watch-earlier")
    await assertAccessible(page)
    await open(recordings.deleted)
    await page.getByText("This recording was deleted").waitFor()
    await page.getByRole("main").getByText("Somebody you don't know yet").waitFor()
    await screenshots(page, "watch-deleted")
    await assertAccessible(page)
  })

  it("shows chapters that came with a file, on its line and as a list that keys reach", async () => {
    await page.goto("about:blank")
    await page.goto(`${terminals.stack.url}/app/#/meetings/${meeting}`)
    const chooser = page.waitForEvent("filechooser")
    await page.getByRole("button", { name: "Upload", exact: true }).click()
    const names = ["film.mp4", "film.vtt", "film.chapters.vtt"]
    await (await chooser).setFiles(names.map((name) => join(terminals.folder, name)))
    const sheet = page.getByRole("dialog")
    await sheet.getByText("With its chapters, from film.chapters.vtt.").waitFor()
    await sheet.getByLabel("Title").fill("In three parts")
    await sheet.getByRole("button", { name: "Upload it" }).click()
    await page
      .getByRole("tabpanel")
      .getByRole("link", { name: "In three parts", exact: true })
      .click({ timeout: 90_000 })
    await loaded()
    const chapters = page.getByRole("region", { name: "Chapters" }).or(page.locator(".chapters"))
    await chapters.getByRole("button", { name: "0:40 The numbers" }).waitFor()
    await page.getByRole("button", { name: "Captions" }).waitFor()
    await holds(`document.querySelectorAll(".scrubber-chapter").length === 2`)
    const places = await page
      .locator(".scrubber-chapter")
      .evaluateAll((marks) => marks.map((mark) => Math.round(parseFloat(Reflect.get(mark, "style").left))))
    expect(places).to.deep.equal([33, 67])
    await chapters.getByRole("button", { name: "1:20 Questions" }).focus()
    await page.keyboard.press("Enter")
    await until("is at its third part", near(80))
    await holds(`document.querySelector(".chapters [aria-current=step]")?.innerText.includes("Questions")`)
    const { x, y, width, height } = (await page.locator(".scrubber-track").boundingBox())!
    await page.mouse.move(x + width / 2, y + height / 2)
    expect(await page.locator(".scrubber-preview").innerText()).to.contain("The numbers")
    await screenshots(page, "watch-chapters")
    await assertAccessible(page)
  })

  it("stops at a part that was changed on the server, and names the place", async () => {
    await open(recordings.changed, "?t=30")
    await loaded()
    await page.keyboard.press("k")
    const alert = page.getByRole("alert").filter({ hasText: "a part is not what was published" })
    await alert.waitFor({ timeout: 60_000 })
    expect((await video()).isPaused).to.equal(true)
    const text = await alert.innerText()
    expect(text).to.match(/It lies (between|at) about 0:\d\d/)
    expect(text).to.contain("segment 138, bytes 9,037,344 to 9,102,831 of the file")
    expect(text).to.contain("Nothing of that part was shown.")
    await page.locator(".seal").getByText("a part is not what was published").waitFor()
    await page.keyboard.press("k")
    expect((await video()).isPaused).to.equal(true)
    await screenshots(page, "watch-changed")
    await assertAccessible(page)
    await changeBack()
    await page.getByRole("button", { name: "Try again" }).click()
    await loaded()
    await until("is where it was", ({ atS }) => atS >= 29)
    await page.keyboard.press("k")
    await until("plays beyond it", ({ atS }) => atS > 62, 60_000)
  })

  /** Changes a byte of the newest large asset as it lies in the store. @returns what undoes it. */
  async function changeByte(before: ReadonlySet<string>): Promise<() => Promise<void>> {
    const asset = (await assetFolders()).find((name) => !before.has(name)) ?? ""
    const chunk = join(objectsFolder(), asset, "1")
    const file = join(chunk, (await readdir(chunk))[0] ?? "")
    const flip = async (): Promise<void> => {
      const bytes = await readFile(file)
      // In the eleventh segment of the second chunk.
      bytes[10 * 65_536 + 1_000]! ^= 1
      await writeFile(file, bytes)
    }
    await flip()
    return flip
  }

  const objectsFolder = (): string => join(terminals.stack.folders[0] ?? "", "objects", "c")
  async function assetFolders(): Promise<readonly string[]> {
    return await readdir(objectsFolder())
  }
})

async function makeFilm(folder: string): Promise<void> {
  const run = async (...args: string[]): Promise<void> => {
    await promisify(execFile)("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...args], { cwd: folder })
  }
  const picture = `testsrc2=size=640x360:rate=15:duration=${LENGTH_S},noise=alls=20:allf=t`
  const sound = `sine=frequency=330:duration=${LENGTH_S},tremolo=f=0.11:d=0.9`
  const codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "30", "-b:v", "1400k"]
  await run(
    "-f",
    "lavfi",
    "-i",
    picture,
    "-f",
    "lavfi",
    "-i",
    sound,
    ...codecs,
    "-c:a",
    "aac",
    "-movflags",
    "+faststart",
    "-shortest",
    "film.mp4",
  )
  await run("-i", "film.mp4", "-vn", "-c", "copy", "sound.m4a")
  await writeFile(join(folder, "film.vtt"), CAPTIONS)
  await writeFile(join(folder, "film.chapters.vtt"), CHAPTERS)
  await writeFile(join(folder, "agenda.txt"), "1. Welcome\n2. Goodbye\n")
  await writeFile(join(folder, "broken.mp4"), Buffer.alloc(200_000, "no film"))
}
