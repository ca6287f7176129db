import { join } from "node:path"
import { expect } from "chai"
import type { Locator, Page } from "playwright-core"
import { openBrowser, type Person, type TestBrowser } from "../../../support/browser.js"
import { type Keyboard, keyboardOf } from "../../../support/keyboard.js"
import { root } from "../../../support/programs.js"
import { wordsAskedFor, wordsShown } from "../../../support/sign-up.js"
import { type Stack, startStack } from "../../../support/stack.js"
import { type Terminals, terminalsAt } from "../../../support/taciturn.js"
import { wordsUnder } from "../../../support/web-steps.js"

/** Nothing here is pressed but keys. */
describe("the app, by the keyboard alone", function () {
  this.timeout(240_000)
  let stack: Stack
  let terminals: Terminals
  let browser: TestBrowser
  let person: Person
  let page: Page
  let keyboard: Keyboard
  let card: string

  before(async () => {
    stack = await startStack("embedded")
    terminals = await terminalsAt(stack.url)
    await terminals.succeed("bob", ["init"])
    ;({ card } = await terminals.succeed("bob", ["contact", "card"]))
    browser = await openBrowser()
    person = await browser.person(stack.url)
    page = person.page
    keyboard = keyboardOf(page)
  })
  after(async () => {
    await browser.close()
    await terminals.close()
    await stack.stop()
    person.assertCalm()
  })

  const button = (name: string | RegExp): Locator =>
    page.getByRole("button", { name, ...(typeof name === "string" ? { exact: true } : {}) })
  const area = (name: string): Locator =>
    page.getByRole("navigation", { name: "Main" }).getByRole("link", { name, exact: true })
  const sheet = (): Locator => page.getByRole("dialog")

  async function sheetGone(): Promise<void> {
    await sheet().waitFor({ state: "detached" })
    await keyboard.press("Shift")
  }

  /** From a tab of the meeting's screen, or from before them, to another. */
  async function openTab(name: string): Promise<void> {
    await keyboard.to(page.getByRole("tab", { selected: true }))
    await keyboard.to(page.getByRole("tab", { name }), "ArrowRight")
  }

  async function openMeeting(): Promise<void> {
    await keyboard.enter(area("Meetings"))
    await keyboard.enter(page.getByRole("link", { name: "Weekly call" }))
    await page.getByRole("tab", { name: "Recordings" }).waitFor()
  }

  it("makes an account, and confirms its words", async () => {
    await keyboard.enter(button("Create an account"))
    await keyboard.enter(button("Make my keys"))
    const words = await wordsShown(page)
    await keyboard.enter(button("I have them on paper"))
    for (const number of await wordsAskedFor(page)) {
      await keyboard.to(page.getByLabel(`Word ${number}`, { exact: true }))
      await keyboard.type(words[number - 1] ?? "")
    }
    await keyboard.enter(button("Confirm"))
    await area("Meetings").waitFor()
    await keyboard.press("Shift")
  })

  it("skips to the content", async () => {
    await keyboard.to(button("Skip to the content"))
    await keyboard.press("Enter")
    expect(await page.getByRole("heading", { level: 1 }).and(page.locator(":focus")).count()).to.equal(1)
  })

  it("knows somebody, and verifies them by their words", async () => {
    await keyboard.enter(area("People"))
    await keyboard.enter(button("Add somebody"))
    await keyboard.to(page.getByLabel("Their card"))
    await keyboard.type(card)
    await keyboard.to(page.getByLabel("What you call them"))
    await keyboard.type("Bob")
    await keyboard.press("Enter")
    await page.getByRole("heading", { name: "Bob", exact: true }).waitFor()
    await wordsUnder(page, "The words of Bob")
    await keyboard.enter(button("They match"))
    await page.getByText("You made sure that this account is theirs").waitFor()
    await keyboard.press("Shift")
    await keyboard.enter(button("Rename"))
    await keyboard.press("Escape")
    await sheetGone()
    expect(await button("Rename").and(page.locator(":focus")).count()).to.equal(1)
  })

  it("makes a meeting, and adds somebody to it", async () => {
    await keyboard.enter(area("Meetings"))
    await keyboard.enter(button("New meeting"))
    await keyboard.to(page.getByLabel("What the meeting is called"))
    await keyboard.type("Weekly call")
    await keyboard.press("Enter")
    await page.getByRole("heading", { name: "Weekly call" }).waitFor()
    await openTab("Members")
    await keyboard.enter(button("Add somebody"))
    await keyboard.to(page.getByLabel(/^Their card/))
    await keyboard.type("Bob")
    await keyboard.enter(button("Add and invite"))
    await sheetGone()
    await page.getByRole("tabpanel").getByText("Verified", { exact: true }).waitFor()
  })

  it("uploads what is chosen", async () => {
    await keyboard.to(button("Upload"), "Shift+Tab")
    const chooser = page.waitForEvent("filechooser")
    await page.keyboard.press("Enter")
    await (await chooser).setFiles(join(root, "test/data/meeting.mp4"))
    await keyboard.to(sheet().getByLabel("Title"))
    await keyboard.press("ControlOrMeta+A")
    await keyboard.type("Kick-off")
    await keyboard.enter(button("Upload it"))
    await sheetGone()
    await openTab("Recordings")
    await page.getByRole("link", { name: "Kick-off", exact: true }).waitFor()
  })

  it("watches, with the player's keys", async () => {
    await keyboard.enter(page.getByRole("link", { name: "Kick-off", exact: true }))
    await page.locator("video").waitFor()
    const until = async (what: string, expression: string): Promise<void> => {
      for (const deadline = performance.now() + 30_000; ;) {
        if (await page.evaluate<boolean>(`((video) => ${expression})(document.querySelector("video"))`)) return
        if (performance.now() > deadline) expect.fail(`the player is not ${what}`)
        await page.waitForTimeout(50)
      }
    }
    await until("ready", "video.readyState >= 2")
    await keyboard.press("k")
    await until("playing", "video.currentTime > 0.3")
    await keyboard.press("k")
    await until("paused", "video.paused")
    await keyboard.press("0")
    await until("at the beginning", "video.currentTime === 0")
    await keyboard.press("m")
    await until("silent", "video.muted")
    await keyboard.to(button("Play"))
    await keyboard.press("Space")
    await until("playing", "!video.paused || video.ended")
    await keyboard.press("?")
    await page.getByRole("dialog", { name: "Keys of the player" }).waitFor()
    await keyboard.press("Escape")
    await sheetGone()
    await keyboard.enter(button("What this means"))
    await page.getByText("Merkle root").waitFor()
    await keyboard.press("Shift")
  })

  it("renames a recording by its menu, and leaves the menu where it came from", async () => {
    await keyboard.to(page.getByRole("link", { name: /Weekly call/ }), "Shift+Tab")
    await keyboard.press("Enter")
    const more = button("More about Kick-off")
    await keyboard.enter(more)
    await page.getByRole("menu").waitFor()
    await keyboard.press("Escape")
    await page.getByRole("menu").waitFor({ state: "detached" })
    await keyboard.press("Shift")
    expect(await more.and(page.locator(":focus")).count()).to.equal(1)
    await keyboard.press("Enter")
    await keyboard.to(page.getByRole("menuitem", { name: "Rename" }), "ArrowDown")
    await keyboard.press("Enter")
    await keyboard.to(page.getByLabel("What it is called"))
    await keyboard.press("ControlOrMeta+A")
    await keyboard.type("First talk")
    await keyboard.press("Enter")
    await sheetGone()
    await page.getByRole("link", { name: "First talk", exact: true }).waitFor()
    await keyboard.press("Shift")
  })

  it("changes the meeting's settings", async () => {
    await openMeeting()
    await openTab("Settings")
    const policy = page.getByRole("radio", { name: "Only what comes after they joined" })
    await keyboard.to(page.getByRole("radio"))
    await keyboard.to(policy, "ArrowDown")
    await keyboard.enter(button("Save"))
    await keyboard.to(page.getByLabel("Days after which the server deletes a recording"))
    await keyboard.type("90")
    await keyboard.to(button("Save").nth(1))
    await keyboard.press("Enter")
    await page.getByText("Recordings are deleted 90 days after they were stored.").waitFor()
    await keyboard.press("Shift")
    await keyboard.enter(button("Make a link"))
    await page.locator("code").filter({ hasText: "/j/" }).waitFor()
    await keyboard.press("Shift")
    await keyboard.enter(button("End it"))
    await page.getByText("Ended").waitFor()
    await keyboard.press("Shift")
  })

  it("takes somebody out of the meeting", async () => {
    await openTab("Members")
    await keyboard.enter(page.getByRole("tabpanel").getByRole("button", { name: "Remove" }))
    await keyboard.enter(button("Remove from the meeting"))
    await page.getByRole("heading", { name: "Were members before" }).waitFor()
    await sheetGone()
  })

  it("sees to its device, its words and its card", async () => {
    await keyboard.enter(area("Devices"))
    await keyboard.enter(button(/^Rename/))
    await keyboard.press("ControlOrMeta+A")
    await keyboard.type("Desk")
    await keyboard.press("Enter")
    await sheetGone()
    await page.getByText("Desk", { exact: true }).waitFor()
    await keyboard.enter(button("Test my words"))
    await page.getByLabel("Word 1", { exact: true }).waitFor()
    await keyboard.press("Shift")
    await keyboard.enter(button("Back"))
    await keyboard.enter(area("People"))
    await keyboard.enter(button("Show my card"))
    await keyboard.to(page.getByLabel("Your handle"))
    await keyboard.type("alice.a")
    await keyboard.press("Enter")
    await page.getByText("Others find you as @alice.a.").waitFor()
    await keyboard.enter(button("Give it up"))
    await page.getByText("You have no handle any more.").waitFor()
    await keyboard.press("Escape")
    await sheetGone()
    await keyboard.enter(area("Uploads"))
    await page.getByRole("heading", { name: "Uploads", level: 1 }).waitFor()
    await keyboard.press("Shift")
  })
})
