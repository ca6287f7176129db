import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { expect } from "chai"
import type { Page } from "playwright-core"
import { assertAccessible, crashTab, openProfile, screenshots } from "../../../support/browser.js"
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
import { type Stack, startStack } from "../../../support/stack.js"
import { type Terminals, terminalsAt } from "../../../support/taciturn.js"
import { acceptInvitation, createAccount, createMeeting, goTo } from "../../../support/web-steps.js"

/** What a recording may lose where it ends by itself. */
const LOST_S = 2
/** Less than a recorder keeps in ten seconds, more than its notes of them. */
const LITTLE_ROOM_BYTES = 400_000

/** Keeps what the browser gives the page, so that it can be taken away again as by a plug that is pulled: a pretended device has none. */
const HOLD_DEVICES = `
  if ("mediaDevices" in navigator) {
    globalThis.given = []
    const ask = MediaDevices.prototype.getUserMedia
    MediaDevices.prototype.getUserMedia = async function (wanted) {
      const stream = await ask.call(this, wanted)
      given.push(stream)
      return stream
    }
  }`

describe("recording in the browser, where something goes wrong", function () {
  this.timeout(300_000)
  let stack: Stack
  let terminals: Terminals
  let alice: Awaited<ReturnType<typeof openProfile>>
  let page: Page
  let account: string
  let meeting: string

  before(async () => {
    stack = await startStack("embedded")
    terminals = await terminalsAt(stack.url)
    alice = await openProfile(stack.url, CAPTURE_ARGUMENTS)
    await alice.context.addInitScript(HOLD_DEVICES)
    // Where a page can't ask for a place, the browser puts what is saved among its downloads.
    await alice.context.addInitScript("delete globalThis.showSaveFilePicker")
    ;({ page } = alice)
    await page.reload()
    account = await createAccount(page)
    await terminals.succeed("bob", ["init"])
    ;({ meeting } = await terminals.succeed("bob", ["meeting", "create", "Globex takeover talks"]))
    await terminals.succeed("bob", ["meeting", "add", meeting, account])
    await acceptInvitation(page)
  })

  after(async () => {
    await alice.close()
    await alice.remove()
    await terminals.close()
    await stack.stop()
  })

  afterEach(() => {
    alice.assertCalm()
  })

  async function look(name: string): Promise<void> {
    await assertAccessible(page)
    await screenshots(page, `recorder-${name}`)
  }

  async function toMeeting(tab = page, id = meeting): Promise<void> {
    await tab.goto(`${stack.url}/app/#/meetings/${id}`)
    await tab.getByRole("tab", { name: "Recordings" }).click()
  }

  async function begin(title: string, ...sources: readonly ("Camera" | "Microphone")[]): Promise<void> {
    await toMeeting()
    await openRecorder(page)
    for (const source of sources) await turnOn(page, source)
    await startRecording(page, title)
    await untilSafe(page, 3)
  }

  async function unplug(kind: "audio" | "video"): Promise<void> {
    await page.evaluate(`
      for (const track of given.flatMap((stream) => stream.getTracks()))
        if (track.kind === "${kind}" && track.readyState === "live") {
          track.stop()
          track.dispatchEvent(new Event("ended"))
        }`)
  }

  /** What a member reads of it: its length in seconds. */
  async function durationOf(recording: string): Promise<number> {
    const shown = await terminals.succeed("bob", ["recording", "show", recording])
    return shown.durationSeconds as number
  }

  it("waits where the only microphone is unplugged, and goes on with another", async () => {
    await begin("First hearing", "Microphone")
    await unplug("audio")
    await page.getByText("It was all that was recorded, so the recording waits.").waitFor()
    await page.getByText("Paused", { exact: true }).waitFor()
    const before = await elapsedSeconds(page)
    await look("unplugged")
    expect(await elapsedSeconds(page)).to.equal(before)
    await page.getByRole("button", { name: "Use another microphone" }).click()
    await page.getByRole("meter", { name: "How loud your microphone is" }).waitFor()
    await page.getByRole("button", { name: "Go on", exact: true }).click()
    await untilSafe(page, before + 2)
    const recorded = await elapsedSeconds(page)
    await stopRecording(page)
    const recording = await untilPublished(page, "First hearing")
    expect(await durationOf(recording)).to.be.within(recorded - LOST_S, recorded + LOST_S)
  })

  it("goes on with the voice where the camera is unplugged, and ends where that was all", async () => {
    await begin("Second hearing", "Camera", "Microphone")
    await unplug("video")
    await page.getByText("The camera is gone").waitFor()
    await look("camera-gone")
    await untilSafe(page, (await elapsedSeconds(page)) + 2)
    const recorded = await elapsedSeconds(page)
    await stopRecording(page)
    const recording = await untilPublished(page, "Second hearing")
    expect(await durationOf(recording)).to.be.within(recorded - LOST_S, recorded + LOST_S)

    await begin("Third hearing", "Camera")
    const before = await elapsedSeconds(page)
    await unplug("video")
    await page.getByText("its devices were unplugged").waitFor()
    expect(await durationOf(await untilPublished(page, "Third hearing"))).to.be.within(before - LOST_S, before + LOST_S)
  })

  it("one tab records in a meeting; another says so, and takes over what it left", async () => {
    await begin("Fourth hearing", "Microphone")
    const other = await alice.context.newPage()
    await toMeeting(other)
    await openRecorder(other)
    await turnOn(other, "Microphone")
    await other.getByRole("button", { name: "Record", exact: true }).click()
    await other.getByText("This meeting is being recorded in another tab of this browser").waitFor()
    await assertAccessible(other)
    await screenshots(other, "recorder-other-tab")
    expect(await captureRow(other, "Fourth hearing").count(), "it is not offered as left behind").to.equal(0)
    await untilSafe(page, (await elapsedSeconds(page)) + 1)

    // In another meeting it records beside the first.
    await createMeeting(other, "Weekly call")
    await openRecorder(other)
    await turnOn(other, "Microphone")
    await startRecording(other, "Standup")
    await untilSafe(other, 3)
    page = await crashTab(page, stack.url)
    await captureRow(page, "You were recording “Fourth hearing”").waitFor()
    expect(await captureRow(page, "Standup").count()).to.equal(0)
    await stopRecording(other)
    await untilPublished(other, "Standup")
    await page.getByRole("button", { name: "Finish and publish: Fourth hearing", exact: true }).click()
    await untilPublished(page, "Fourth hearing")
    await other.close()
  })

  it("ends where the browser has no more room, and publishes what it kept once there is some", async () => {
    await begin("Fifth hearing", "Camera", "Microphone")
    const before = await elapsedSeconds(page)
    const devtools = await page.context().newCDPSession(page)
    const used = await page.evaluate<number>("navigator.storage.estimate().then(({ usage }) => usage)")
    const origin = new URL(stack.url).origin
    await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: used + LITTLE_ROOM_BYTES })
    await page.getByText("The recording had to end").waitFor({ timeout: 120_000 })
    await page.getByText(/^There is no space left\. Free some space/).waitFor()
    await look("no-room")
    await devtools.send("Storage.overrideQuotaForOrigin", { origin })
    await goTo(page, "Meetings")
    const again = page.getByRole("button", { name: /: Fifth hearing$/ }).and(page.getByText("Try again"))
    const watch = page.getByRole("link", { name: "Watch: Fifth hearing", exact: true })
    await again.or(watch).waitFor({ timeout: 120_000 })
    if (await again.isVisible()) await again.click()
    expect(await durationOf(await untilPublished(page, "Fifth hearing"))).to.be.above(before - LOST_S)
  })

  it("ends for who is removed meanwhile: nothing more is published, and what was recorded is saved as a file", async () => {
    await begin("Last hearing", "Microphone")
    const before = await elapsedSeconds(page)
    await terminals.succeed("bob", ["meeting", "remove", meeting, account])
    await page.getByText("You are not in this meeting any more, so the recording ended").waitFor({ timeout: 120_000 })
    await page.getByText("so it can't be published").waitFor({ timeout: 120_000 })
    await page.getByText("This meeting does not open for you any more").waitFor()
    const save = page.getByRole("button", { name: "Save it as a file: Last hearing", exact: true })
    await save.waitFor({ timeout: 120_000 })
    await look("removed")
    const download = page.waitForEvent("download")
    await save.click()
    const saved = await download
    expect(saved.suggestedFilename()).to.equal("Last hearing.weba")
    expect(await soundSeconds(await saved.path())).to.be.above(before - LOST_S)
    const { recordings } = await terminals.succeed("bob", ["recordings", meeting])
    expect(JSON.stringify(recordings)).to.include("First hearing").and.not.include("Last hearing")

    await page.getByRole("button", { name: "Discard: Last hearing", exact: true }).click()
    await page.getByRole("dialog").getByRole("button", { name: "Discard the recording" }).click()
    await captureRow(page, "Last hearing").waitFor({ state: "detached" })
  })
})

/** How long a file sounds, by decoding all of it. */
async function soundSeconds(path: string): Promise<number> {
  const decoded = ["-hide_banner", "-loglevel", "error", "-i", path, "-f", "s16le", "-ac", "1", "-ar", "8000", "pipe:1"]
  const { stdout } = await promisify(execFile)("ffmpeg", decoded, { encoding: "buffer", maxBuffer: 1 << 28 })
  return stdout.length / 2 / 8_000
}
