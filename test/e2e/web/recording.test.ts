import { expect } from "chai"
import { assertAccessible, openBrowser, type Person, type TestBrowser } from "../../support/browser.js"
import {
  CAPTURE_ARGUMENTS,
  captureRow,
  openRecorder,
  startRecording,
  stopRecording,
  turnOn,
  untilPublished,
  untilSafe,
} from "../../support/record-steps.js"
import { signUp } from "../../support/sign-up.js"
import { type Stack, startStack } from "../../support/stack.js"
import { createMeeting, watchFor } from "../../support/web-steps.js"

describe("recording in the browser", function () {
  this.timeout(120_000)
  let stack: Stack
  let browser: TestBrowser
  let alice: Person
  before(async () => {
    stack = await startStack("embedded")
    browser = await openBrowser(CAPTURE_ARGUMENTS)
    alice = await browser.person(stack.url)
  })
  after(async () => {
    await browser.close()
    await stack.stop()
  })

  it("records camera and microphone, makes what was recorded seekable, publishes it and plays it", async () => {
    const { page } = alice
    await signUp(page)
    await createMeeting(page, "Weekly")
    await openRecorder(page)
    await turnOn(page, "Camera")
    await turnOn(page, "Microphone")
    await assertAccessible(page)
    await startRecording(page, "Weekly in October")
    expect(await page.title()).to.equal("● Recording – Taciturn")
    await untilSafe(page, 3)
    await assertAccessible(page)
    await stopRecording(page)
    await untilPublished(page, "Weekly in October")
    expect(await page.title()).to.equal("Taciturn")
    await captureRow(page, "Weekly in October").getByRole("link", { name: "Watch: Weekly in October" }).click()
    await watchFor(page, 1)
    const durationS = await page.locator("video").evaluate((video) => Reflect.get(video, "duration") as number)
    expect(durationS).to.be.within(2, 30)
  })

  it("asked no other origin for anything, and was refused nothing by its policy", () => {
    alice.assertCalm()
  })
})
