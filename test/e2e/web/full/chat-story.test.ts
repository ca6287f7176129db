import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import type { Locator, Page } from "playwright-core"
import { look, openBrowser, type Person, type TestBrowser } from "../../../support/browser.js"
import { composerOf, messageIn, say } from "../../../support/chat-steps.js"
import { keyboardOf } from "../../../support/keyboard.js"
import { root } from "../../../support/programs.js"
import {
  CAPTURE_ARGUMENTS,
  openRecorder,
  startRecording,
  stopRecording,
  turnOn,
  untilPublished,
  untilSafe,
} from "../../../support/record-steps.js"
import { signUp } from "../../../support/sign-up.js"
import { type Stack, startStack, STACK_KINDS } from "../../../support/stack.js"
import {
  acceptInvitation,
  addMember,
  createMeeting,
  goTo,
  nameOther,
  openMeeting,
  ownAccount,
} from "../../../support/web-steps.js"

const TITLE = "Harbour works"
const RECORDED = "Walk along the quay"
const ATTACHED = join(root, "test/data/meeting.vtt")
/** Somebody's letters, as far apart as fingers make them. */
const TYPING_MS = 60

/** What two people live through in a meeting's chat, on each of the two sizes of the service. */
for (const kind of STACK_KINDS)
  describe(`chat in the app, from a first word to finding it again, on the ${kind} service`, function () {
    this.timeout(300_000)
    let stack: Stack
    let browser: TestBrowser
    let alice: Person
    let bob: Person

    before(async () => {
      ;[stack, browser] = await Promise.all([startStack(kind), openBrowser(CAPTURE_ARGUMENTS)])
      ;[alice, bob] = [await browser.person(stack.url), await browser.person(stack.url)]
      const [, account] = await Promise.all([
        signUp(alice.page),
        signUp(bob.page).then(async () => await ownAccount(bob.page)),
      ])
      await createMeeting(alice.page, TITLE)
      await addMember(alice.page, account)
      await acceptInvitation(bob.page)
      await nameOther(alice.page, "Bob")
      await nameOther(bob.page, "Alice")
      for (const { page } of [alice, bob]) await openChat(page)
    })
    after(async () => {
      await browser.close()
      await stack.stop()
      for (const { assertCalm } of [alice, bob]) assertCalm()
    })

    it("each sees the other write, and what was written at once", async () => {
      await composerOf(bob.page).pressSequentially("The crane is in the way", { delay: TYPING_MS })
      await alice.page.getByText("Bob writes …").waitFor()
      await composerOf(bob.page).press("Enter")
      await messageIn(alice.page, "The crane is in the way").waitFor()
      await alice.page.getByText("Bob writes …").waitFor({ state: "hidden" })
      await say(alice.page, "Then we **move** it")
      await messageIn(bob.page, "Then we move it").waitFor()
      await messageIn(alice.page, "Then we move it").getByText("Stored", { exact: true }).waitFor()
    })

    it("a file goes along, and the other saves it as it was", async () => {
      const { page } = alice
      const chooser = page.waitForEvent("filechooser")
      await page.getByRole("button", { name: "Add files" }).click()
      await (await chooser).setFiles(ATTACHED)
      await page.getByText("meeting.vtt").waitFor()
      await say(page, "What was said on the quay")
      const row = messageIn(bob.page, "What was said on the quay")
      await row.waitFor()
      await row.hover()
      // A browser that can't ask for a place: what it saves can be looked at.
      await bob.page.evaluate("void delete globalThis.showSaveFilePicker")
      const download = bob.page.waitForEvent("download")
      await row.getByRole("button", { name: /^Save meeting\.vtt/ }).click()
      const saved = await download
      expect(saved.suggestedFilename()).to.equal("meeting.vtt")
      expect(Buffer.compare(await readFile(await saved.path()), await readFile(ATTACHED))).to.equal(0)
      await look(bob.page, "chat-story-file")
    })

    it("whose network goes writes on, and once it is back both have all of it, once, and in one order", async () => {
      await alice.context.setOffline(true)
      for (const text of ["Written below deck", "And another from there"]) await say(alice.page, text)
      await alice.page.getByText("2 messages of yours are not sent yet.").waitFor()
      await look(alice.page, "chat-story-offline")
      await say(bob.page, "The tide is coming in")
      await messageIn(bob.page, "The tide is coming in").getByText("Stored", { exact: true }).waitFor()
      expect(await messageIn(bob.page, "below deck").count()).to.equal(0)
      await alice.context.setOffline(false)
      for (const { page } of [alice, bob]) {
        await messageIn(page, "The tide is coming in").waitFor({ timeout: 60_000 })
        await messageIn(page, "And another from there").waitFor({ timeout: 60_000 })
      }
      await alice.page.getByText(/not sent yet/).waitFor({ state: "hidden" })
      // Bob's network goes, and comes back, while Alice goes on.
      await bob.context.setOffline(true)
      await say(alice.page, "Cast off at noon")
      await messageIn(alice.page, "Cast off at noon").getByText("Stored", { exact: true }).waitFor()
      expect(await messageIn(bob.page, "Cast off at noon").count()).to.equal(0)
      await bob.context.setOffline(false)
      await messageIn(bob.page, "Cast off at noon").waitFor({ timeout: 60_000 })
      const expected = [
        "The crane is in the way",
        "Then we move it",
        "What was said on the quay",
        "The tide is coming in",
        "Written below deck",
        "And another from there",
        "Cast off at noon",
      ]
      for (const { page } of [alice, bob]) {
        expect(await textsOf(page)).to.deep.equal(expected)
        await page.reload()
        await messageIn(page, "Cast off at noon").waitFor()
        expect(await textsOf(page)).to.deep.equal(expected)
      }
    })

    it("what is written while it is recorded stands at its place beside the recording, and leads there", async () => {
      const { page } = alice
      await openMeeting(page, TITLE)
      await openRecorder(page)
      await turnOn(page, "Camera")
      await startRecording(page, RECORDED)
      await untilSafe(page, 3)
      await openChat(page)
      await say(page, "Mind the bollard there")
      await messageIn(page, "Mind the bollard there").getByText("Stored", { exact: true }).waitFor()
      const [, atS = ""] = /0:(\d\d)/.exec(await page.locator(".running-bar-clock").innerText()) ?? []
      await page.getByRole("region", { name: "Recording", exact: true }).getByRole("link").click()
      await untilSafe(page, Number(atS) + 2)
      await stopRecording(page)
      await untilPublished(page, RECORDED)
      await messageIn(bob.page, "Mind the bollard there").waitFor()

      await openMeeting(bob.page, TITLE)
      await bob.page.getByRole("link", { name: RECORDED, exact: true }).click()
      const column = columnOf(bob.page)
      const row = column.locator(".timeline-row").filter({ hasText: "Mind the bollard there" })
      await row.waitFor()
      const go = row.getByRole("button", { name: /^Go to 0:\d\d$/ })
      const [, placeS = ""] = /0:(\d\d)/.exec((await go.getAttribute("aria-label")) ?? (await go.innerText())) ?? []
      // It was sent a moment before the clock was read, which goes by half seconds.
      expect(Number(placeS)).to.be.within(Number(atS) - 4, Number(atS) + 1)
      expect(Number(placeS)).to.be.at.least(3)
      await column.getByRole("heading", { name: "Before the recording" }).waitFor()
      await column.getByText("Cast off at noon").waitFor()
      await go.click()
      await atPlace(bob.page, Number(placeS))
      await column.locator("[aria-current]").filter({ hasText: "Mind the bollard there" }).waitFor()
      await look(bob.page, "chat-story-replay")
    })

    it("by keys alone it is found again, in the chat and beside the recording, and answered", async () => {
      const { page } = bob
      const keyboard = keyboardOf(page)
      const area = page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Search", exact: true })
      const results = page.getByRole("list", { name: "What was found" }).getByRole("listitem")
      await area.focus()
      await keyboard.press("Enter")
      await keyboard.to(page.getByRole("searchbox", { name: "What to search for" }))
      await keyboard.type("bollard")
      await results.filter({ hasText: "Mind the bollard there" }).first().waitFor({ timeout: 60_000 })
      await look(page, "chat-story-found")
      await keyboard.press("ArrowDown")
      await keyboard.press("Enter")
      // It leads to the message, which then has the focus.
      const row = page.locator("[data-row]:focus")
      await row.filter({ hasText: "Mind the bollard there" }).waitFor()
      await keyboard.enter(messageIn(page, "Mind the bollard there").getByRole("button", { name: "Reply" }))
      await page.getByText("You reply to Alice").waitFor()
      await keyboard.type("I nearly fell over it")
      await keyboard.press("Enter")
      await messageIn(page, "I nearly fell over it").getByText("Stored", { exact: true }).waitFor()
      await openChat(alice.page)
      await messageIn(alice.page, "I nearly fell over it").getByText("In reply to You").waitFor()

      // Beside the recording: searched and gone to, without a mouse.
      await keyboard.to(page.getByRole("tab", { selected: true }), "Shift+Tab")
      await keyboard.to(page.getByRole("tab", { name: "Recordings" }), "ArrowRight")
      await keyboard.enter(page.getByRole("link", { name: RECORDED, exact: true }))
      const column = columnOf(page)
      await column.getByText("Mind the bollard there").first().waitFor()
      await keyboard.to(column.getByLabel("Search what was said and written"))
      await keyboard.type("bollard mind")
      await column.getByText("Cast off at noon").waitFor({ state: "detached" })
      const go = column.getByRole("button", { name: /^Go to 0:\d\d$/ })
      await keyboard.to(go)
      const [, placeS = ""] = /0:(\d\d)/.exec((await go.getAttribute("aria-label")) ?? (await go.innerText())) ?? []
      await keyboard.press("Enter")
      await atPlace(page, Number(placeS))
    })

    it("the other finds the answer, which nobody showed her", async () => {
      const { page } = alice
      await goTo(page, "Search")
      await page.getByRole("searchbox", { name: "What to search for" }).fill("nearly fell")
      await page
        .getByRole("list", { name: "What was found" })
        .getByText("I nearly fell over it")
        .waitFor({ timeout: 60_000 })
    })
  })

async function openChat(page: Page): Promise<void> {
  await openMeeting(page, TITLE)
  await page.getByRole("tab", { name: "Chat" }).click()
  await composerOf(page).waitFor()
}

function columnOf(page: Page): Locator {
  return page.getByRole("complementary", { name: "Said and written" })
}

/** What the messages say, from the first to the last. */
async function textsOf(page: Page): Promise<readonly string[]> {
  const texts = await page.getByRole("list", { name: "Messages" }).locator(".markdown").allInnerTexts()
  return texts.map((text) => text.trim())
}

async function atPlace(page: Page, seconds: number): Promise<void> {
  const atS = async (): Promise<number> => await page.evaluate(`document.querySelector("video").currentTime`)
  for (const deadline = performance.now() + 30_000; Math.floor((await atS()) + 0.05) !== seconds;) {
    if (performance.now() > deadline) throw new Error(`the player stands at ${await atS()} s, not at ${seconds} s`)
    await page.waitForTimeout(50)
  }
}
