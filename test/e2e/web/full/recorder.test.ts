import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import type { Page } from "playwright-core"
import { isSeekable } from "../../../../client/web/prepare/container-layout.js"
import { assertAccessible, crashTab, openBrowser, openProfile, screenshots } from "../../../support/browser.js"
import { Haystack } from "../../../support/needles.js"
import {
  CAPTURE_ARGUMENTS,
  captureRow,
  elapsedSeconds,
  openRecorder,
  startRecording,
  stopRecording,
  turnOn,
  untilPublished,
  untilSafe,
} from "../../../support/record-steps.js"
import { signUp } from "../../../support/sign-up.js"
import { type Stack, startStack } from "../../../support/stack.js"
import { type Terminals, terminalsAt } from "../../../support/taciturn.js"
import { addMember, createAccount, createMeeting, goTo, watchFor } from "../../../support/web-steps.js"

/** What a closed page may lose. */
const LOST_S = 2

describe("recording in the browser, in full", function () {
  this.timeout(300_000)
  let stack: Stack
  let terminals: Terminals
  let alice: Awaited<ReturnType<typeof openProfile>>
  let page: Page
  let meeting: string

  before(async () => {
    stack = await startStack("embedded")
    terminals = await terminalsAt(stack.url)
    const { account } = await terminals.succeed("bob", ["init"])
    alice = await openProfile(stack.url, CAPTURE_ARGUMENTS)
    ;({ page } = alice)
    await createAccount(page)
    meeting = await createMeeting(page, "Globex takeover talks")
    await addMember(page, account)
    for (let tries = 0; (await terminals.run("bob", ["meeting", "join"])).exitCode !== 0; tries++) {
      if (tries > 30) throw new Error("no invitation came")
      await delay(1_000)
    }
  })

  after(async () => {
    await alice.close()
    await alice.remove()
    await terminals.close()
    await stack.stop()
  })

  afterEach(async () => {
    await alice.context.setOffline(false).catch(() => undefined)
    alice.assertCalm()
  })

  async function look(name: string): Promise<void> {
    await assertAccessible(page)
    await screenshots(page, `recorder-${name}`)
  }

  async function toMeeting(): Promise<void> {
    await page.goto(`${stack.url}/app/#/meetings/${meeting}`)
    await page.getByRole("tab", { name: "Recordings" }).click()
  }

  /** What a member reads of it: its length in seconds. */
  async function durationOf(recording: string): Promise<number> {
    const shown = await terminals.succeed("bob", ["recording", "show", recording])
    return shown.durationSeconds as number
  }

  async function crash(): Promise<void> {
    page = await crashTab(page, stack.url)
  }

  it("shows what is chosen, and who is asked", async () => {
    await toMeeting()
    await openRecorder(page)
    await look("empty")
    await turnOn(page, "Camera")
    await turnOn(page, "Microphone")
    await page.getByRole("meter", { name: "How loud your microphone is" }).waitFor()
    await look("chosen")
    await page.getByLabel("What it is called").fill("")
    await page.getByText("Give the recording a name.").waitFor()
    expect(await page.getByRole("button", { name: "Record", exact: true }).isDisabled()).to.equal(true)
  })

  it("lets the devices go with its screen", async () => {
    await goTo(page, "Meetings")
    const live = await page.evaluate("document.querySelectorAll('video').length")
    expect(live).to.equal(0)
  })

  it("pauses, shows who agreed as it comes, and publishes what plays, seeks and is as long as was recorded", async () => {
    await toMeeting()
    await openRecorder(page)
    await turnOn(page, "Camera")
    await turnOn(page, "Microphone")
    await startRecording(page, "Confidential figures")
    await page.getByText("No answer yet").waitFor()
    const { waiting } = await terminals.succeed("bob", ["consent", "list", meeting])
    expect(waiting).to.have.length(1)
    await terminals.succeed("bob", ["consent", "give", waiting[0].recording as string])
    await page.getByText("Agreed", { exact: true }).waitFor()
    await untilSafe(page, 4)
    await look("recording")
    await page.getByRole("button", { name: "Pause", exact: true }).click()
    await page.getByText("Paused", { exact: true }).waitFor()
    await terminals.succeed("bob", ["consent", "withdraw", waiting[0].recording as string])
    await page.getByText("Does not agree", { exact: true }).waitFor()
    const paused = await elapsedSeconds(page)
    await look("paused")
    await delay(3_000)
    expect(await elapsedSeconds(page)).to.equal(paused)
    await page.getByRole("button", { name: "Go on", exact: true }).click()
    await untilSafe(page, paused + 1)
    const recorded = await elapsedSeconds(page)
    await stopRecording(page)
    const recording = await untilPublished(page, "Confidential figures")
    expect(recording).to.equal(waiting[0].recording)
    await look("published")
    expect(await durationOf(recording)).to.be.within(recorded - 1, recorded + LOST_S)
    await terminals.succeed("bob", ["download", recording, "-o", "figures.webm"])
    const bytes = await terminals.read("figures.webm")
    expect(await isSeekable((start, end) => Promise.resolve(bytes.subarray(start, end)))).to.equal(true)
    await captureRow(page, "Confidential figures")
      .getByRole("link", { name: /^Watch/ })
      .click()
    await watchFor(page, 1)
    await page.locator("video").evaluate((video, at) => Reflect.set(video, "currentTime", at), recorded / 2)
    await watchFor(page, recorded / 2 + 0.3)
    await toMeeting()
    await page.locator(".poster img").first().waitFor()
  })

  it("goes on as another part when the members change, on whatever screen, and loses nothing", async () => {
    await toMeeting()
    await openRecorder(page)
    await turnOn(page, "Microphone")
    await startRecording(page, "Long hearing")
    await untilSafe(page, 2)
    const { account } = await terminals.succeed("carol", ["init"])
    await page.locator("a.back").click()
    await page.getByRole("link", { name: "Show the recorder" }).waitFor()
    await look("elsewhere")
    await addMember(page, account)
    await page.getByRole("link", { name: "Show the recorder" }).click()
    await page.getByText(/^Part 2: the members changed/).waitFor()
    await look("second-part")
    await untilSafe(page, (await elapsedSeconds(page)) + 2)
    const recorded = await elapsedSeconds(page)
    await stopRecording(page)
    const second = await untilPublished(page, "Long hearing (part 2)")
    const first = await untilPublished(page, "Long hearing")
    const [firstS, secondS] = [await durationOf(first), await durationOf(second)]
    expect(firstS).to.be.above(1)
    expect(secondS).to.be.above(1)
    expect(firstS + secondS, "all of it is in the two").to.be.within(recorded - 1, recorded + LOST_S)
    await page.getByRole("button", { name: "Clear: Long hearing", exact: true }).click()
    await page.getByRole("button", { name: "Clear: Long hearing (part 2)", exact: true }).click()
  })

  it("keeps everything while there is no network, and sends it by itself", async () => {
    await toMeeting()
    await openRecorder(page)
    await turnOn(page, "Microphone")
    await startRecording(page, "Second hearing")
    await untilSafe(page, 2)
    await alice.context.setOffline(true)
    await page.locator(".safe-waiting").waitFor()
    await untilSafe(page, (await elapsedSeconds(page)) + 4)
    await look("offline")
    await alice.context.setOffline(false)
    await page.locator(".safe-there").waitFor()
    await untilSafe(page, (await elapsedSeconds(page)) + 1)
    const recorded = await elapsedSeconds(page)
    await stopRecording(page)
    const recording = await untilPublished(page, "Second hearing")
    expect(await durationOf(recording)).to.be.within(recorded - 1, recorded + LOST_S)
  })

  it("loses two seconds at most when its page crashes, and the next visit finishes it", async () => {
    await toMeeting()
    await openRecorder(page)
    await turnOn(page, "Microphone")
    await startRecording(page, "Third hearing")
    await untilSafe(page, 5)
    const recorded = await elapsedSeconds(page)
    await crash()
    await captureRow(page, "You were recording “Third hearing”").waitFor()
    await look("left")
    await captureRow(page, "Third hearing")
      .getByRole("button", { name: "Finish and publish: Third hearing", exact: true })
      .click()
    const recording = await untilPublished(page, "Third hearing")
    expect(await durationOf(recording)).to.be.within(recorded - LOST_S, recorded + LOST_S)
    await look("finished")
  })

  it("goes on with what was being finished after a reload", async () => {
    await toMeeting()
    await openRecorder(page)
    await turnOn(page, "Microphone")
    await startRecording(page, "Fourth hearing")
    await untilSafe(page, 3)
    await alice.context.setOffline(true)
    await stopRecording(page)
    await captureRow(page, "Fourth hearing").waitFor()
    await look("finishing")
    await alice.context.setOffline(false)
    await crash()
    await untilPublished(page, "Fourth hearing")
  })

  it("discards what was left behind, at the server too", async () => {
    await toMeeting()
    await openRecorder(page)
    await turnOn(page, "Microphone")
    await startRecording(page, "Fifth hearing")
    await untilSafe(page, 3)
    await crash()
    await captureRow(page, "Fifth hearing").getByRole("button", { name: "Discard: Fifth hearing", exact: true }).click()
    const question = page.getByRole("dialog", { name: "Discard “Fifth hearing”?" })
    await look("discard")
    const deleted = page.waitForResponse((response) => response.request().method() === "DELETE" && response.ok())
    await question.getByRole("button", { name: "Discard the recording" }).click()
    await deleted
    await question.waitFor({ state: "detached" })
    await captureRow(page, "Fifth hearing").waitFor({ state: "detached" })
    await page.reload()
    await page.getByRole("heading", { name: "Meetings" }).waitFor()
    await delay(1_000)
    expect(await captureRow(page, "Fifth hearing").count()).to.equal(0)
    const { recordings } = await terminals.succeed("bob", ["recordings", meeting])
    expect(JSON.stringify(recordings)).to.include("Third hearing").and.not.include("Fifth hearing")
  })

  it("records a screen with a voice, and ends when the browser's own bar ends the sharing", async () => {
    await toMeeting()
    await openRecorder(page)
    await page.getByRole("button", { name: "Choose: Screen" }).click()
    await page.getByRole("button", { name: "Leave out: Screen" }).waitFor()
    await turnOn(page, "Microphone")
    await look("screen")
    await startRecording(page, "Slides")
    await untilSafe(page, 3)
    // A pretended screen has no bar: its track ends, and says so, as by that bar.
    await page.evaluate(
      "(([track]) => { track.stop(); track.dispatchEvent(new Event('ended')) })(document.querySelector('video').srcObject.getVideoTracks())",
    )
    await page.getByText("You stopped sharing the screen").waitFor()
    await look("share-ended")
    await untilPublished(page, "Slides")
  })

  it("is done by keyboard alone", async () => {
    await toMeeting()
    const press = async (name: string | RegExp, key: "Enter" | "Space"): Promise<void> => {
      for (let tabs = 0; tabs < 80; tabs++) {
        await page.keyboard.press("Tab")
        const focused = await page.evaluate<string>(
          "(document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '').trim()",
        )
        if (typeof name === "string" ? focused === name : name.test(focused)) {
          await page.keyboard.press(key)
          return
        }
      }
      throw new Error(`no key leads to ${String(name)}`)
    }
    await press("Record", "Enter")
    await page.getByRole("heading", { name: "What is recorded" }).waitFor()
    await press("Turn on: Microphone", "Space")
    await page.getByRole("button", { name: "Leave out: Microphone" }).waitFor()
    await press("Record", "Enter")
    await untilSafe(page, 1)
    await press("Pause", "Space")
    await page.getByText("Paused", { exact: true }).waitFor()
    await page.keyboard.press("Space")
    await page.getByText("Recording", { exact: true }).waitFor()
    await press("Stop", "Enter")
    await page
      .getByRole("link", { name: /^Watch: Globex takeover talks/ })
      .first()
      .waitFor({ timeout: 90_000 })
  })

  it("says why nothing is recorded where the person or the browser does not allow it", async () => {
    const browser = await openBrowser(["--use-fake-device-for-media-stream", "--deny-permission-prompts"])
    const dora = await browser.person(stack.url)
    const mine = page
    page = dora.page
    await signUp(page)
    await createMeeting(page, "Weekly")
    await openRecorder(page)
    for (const source of ["Camera", "Microphone"] as const)
      await page.getByRole("button", { name: `Turn on: ${source}` }).click()
    await page.getByText("The camera is not allowed here.").waitFor()
    await page.getByText("The microphone is not allowed here.").waitFor()
    await look("denied")
    await dora.context.addInitScript("delete MediaDevices.prototype.getDisplayMedia")
    await page.reload()
    await page.getByRole("button", { name: "Choose: Screen" }).click()
    await page.getByText("This browser can't record a screen").waitFor()
    await dora.context.addInitScript("delete globalThis.MediaRecorder")
    await page.reload()
    await page.getByText("This browser can't record", { exact: true }).waitFor()
    await look("unsupported")
    dora.assertCalm()
    await browser.close()
    page = mine
  })

  it("Y3: leaves nothing in the clear in the browser's own files", async () => {
    await alice.close()
    const texts = ["Globex takeover talks", "Confidential figures", "Long hearing", "Third hearing", "Fourth hearing"]
    const haystack = new Haystack(texts.map((text) => ({ name: text, bytes: Buffer.from(text) })))
    const files = await readdir(alice.folder, { recursive: true, withFileTypes: true })
    for (const file of files)
      if (file.isFile()) haystack.scan(file.name, await readFile(join(file.parentPath, file.name)))
    expect([...haystack.found]).to.deep.equal([])
    expect(haystack.scannedBytes).to.be.above(100_000)
  })
})
