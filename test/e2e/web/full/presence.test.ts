import { expect } from "chai"
import { join } from "node:path"
import type { Locator, Page } from "playwright-core"
import { assertAccessible, openBrowser, type Person, screenshots, type TestBrowser } from "../../../support/browser.js"
import {
  CAPTURE_ARGUMENTS,
  openRecorder,
  startRecording,
  stopRecording,
  turnOn,
  untilPublished,
  untilSafe,
} from "../../../support/record-steps.js"
import { root } from "../../../support/programs.js"
import { type Stack, startStack } from "../../../support/stack.js"
import {
  addMember,
  createAccount,
  createMeeting,
  goTo,
  openMeeting,
  openRecording,
  uploadFile,
} from "../../../support/web-steps.js"

/** Alice records, Bob is asked; both see who is here and what is new, without loading anything anew. */
describe("who is here, what they are asked, and what is new, in the browser", function () {
  this.timeout(300_000)
  let stack: Stack
  let browser: TestBrowser
  let alice: Person
  let bob: Person
  let meeting: string
  let recording: string

  before(async () => {
    stack = await startStack("embedded")
    browser = await openBrowser(CAPTURE_ARGUMENTS)
    ;[alice, bob] = [await browser.person(stack.url), await browser.person(stack.url)]
    await createAccount(alice.page)
  })
  after(async () => {
    for (const person of [alice, bob]) person.assertCalm()
    await browser.close()
    await stack.stop()
  })

  function hereIn(page: Page): Locator {
    return page.getByRole("region", { name: "Here now" }).getByRole("listitem")
  }

  async function areHere(page: Page, count: number): Promise<void> {
    await expectEventually(async () => await hereIn(page).count(), count)
  }

  it("an invitation appears by itself, as a notice and in the list", async () => {
    const account = await createAccount(bob.page)
    meeting = await createMeeting(alice.page, "Planning")
    await addMember(alice.page, account)
    await bob.page.getByText("You are invited to “Planning”").waitFor()
    await look(bob.page, "news-invited")
    await bob.page.getByRole("link", { name: "Look at it" }).click()
    await bob.page.getByRole("button", { name: "Join", exact: true }).click()
    await bob.page.getByRole("tab", { name: "Recordings" }).waitFor()
    expect(await bob.page.getByText("You are invited to").count()).to.equal(0)
  })

  it("who has the meeting open is here, until they look at something else or close it", async () => {
    for (const { page } of [alice, bob]) await areHere(page, 2)
    await look(alice.page, "here-now")
    await goTo(bob.page, "People")
    await areHere(alice.page, 1)
    await alice.page.getByText("Only you").waitFor()
    await bob.page.goBack()
    await areHere(alice.page, 2)
    await bob.page.goto("about:blank")
    await areHere(alice.page, 1)
    await bob.page.goto(`${stack.url}/app/#/meetings/${meeting}`)
    for (const { page } of [alice, bob]) await areHere(page, 2)
  })

  it("who is here is asked at once when somebody records, and the recorder sees the answer", async () => {
    const { page } = alice
    await openRecorder(page)
    await areHere(page, 2)
    await turnOn(page, "Camera")
    await startRecording(page, "Planning in May")
    const banner = bob.page.getByRole("complementary", { name: "You are asked" })
    await banner.getByText("Do you agree to be recorded?").waitFor()
    await look(bob.page, "consent-asked")
    await banner.getByRole("button", { name: "I agree", exact: true }).click()
    await banner.waitFor({ state: "detached" })
    await page.getByText("Agreed", { exact: true }).waitFor()
    await untilSafe(page, 2)
    await goTo(bob.page, "Meetings")
    await stopRecording(page)
    recording = await untilPublished(page, "Planning in May")
  })

  it("a meeting with something new is marked, and is not any more once it was looked at", async () => {
    const { page } = bob
    // The first round through the meetings begins at once.
    await page.reload()
    await page.getByText("1 new recording").waitFor()
    await look(page, "meetings-unseen")
    await page.getByRole("link", { name: "Planning", exact: true }).click()
    await page.getByRole("link", { name: "Planning in May", exact: true }).waitFor()
    await goTo(page, "Meetings")
    await page.getByRole("link", { name: "Planning", exact: true }).waitFor()
    await page.getByText("1 new recording").waitFor({ state: "detached" })
  })

  it("an answer is seen by everybody on the recording's page, and can be changed there", async () => {
    const { page } = bob
    await openRecording(page, stack.url, meeting, recording)
    const answers = page.getByRole("region", { name: "Who agreed to be recorded" })
    await answers.getByText(/^Agreed/).waitFor()
    await answers.getByText("Has not answered").waitFor()
    await answers.getByRole("button", { name: "I don't agree any more" }).click()
    await answers.getByText(/^Does not agree/).waitFor()
    await look(page, "consent-answers")
    await answers.getByRole("button", { name: "I agree", exact: true }).click()
    await answers.getByText(/^Agreed/).waitFor()
  })

  it("what somebody else recorded waits in the meeting until it is answered, and what one recorded oneself does not", async () => {
    await openMeeting(bob.page, "Planning")
    await uploadFile(bob.page, join(root, "test/data/meeting.mp4"), "Planning in June")
    await openMeeting(alice.page, "Planning")
    await alice.page.getByRole("link", { name: "Planning in May", exact: true }).waitFor()
    const waiting = alice.page.getByText("1 recording waits for your answer")
    await waiting.click()
    await look(alice.page, "consent-waiting")
    await alice.page.getByRole("link", { name: "Planning in June", exact: true }).first().waitFor()
    await alice.page.getByRole("button", { name: "I don't agree", exact: true }).click()
    await waiting.waitFor({ state: "detached" })
  })
})

async function expectEventually(look: () => Promise<number>, wanted: number): Promise<void> {
  for (const deadline = Date.now() + 60_000; ;) {
    const found = await look()
    if (found === wanted) return
    if (Date.now() > deadline) expect.fail(`${found} where ${wanted} were to be`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function look(page: Page, name: string): Promise<void> {
  await assertAccessible(page)
  await screenshots(page, name)
}
