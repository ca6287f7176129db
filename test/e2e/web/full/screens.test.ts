import { expect } from "chai"
import type { Page } from "playwright-core"
import { formatId, type MeetingId, type RecordingId } from "../../../../shared/protocol/ids.js"
import { look, openBrowser, type Person, type TestBrowser } from "../../../support/browser.js"
import { signUp } from "../../../support/sign-up.js"
import { type Stack, startStack } from "../../../support/stack.js"
import {
  addMember,
  createAccount,
  createMeeting,
  goTo,
  memberRow,
  nameOther,
  openMeeting,
} from "../../../support/web-steps.js"

/** The screens and sheets that no other test comes by. */
describe("every other screen, in the browser", function () {
  this.timeout(600_000)
  let stack: Stack
  let browser: TestBrowser
  const people: Person[] = []

  before(async () => {
    stack = await startStack("embedded")
    browser = await openBrowser(["--host-resolver-rules=MAP taciturn.example 127.0.0.1"])
  })
  after(async () => {
    await browser.close()
    await stack.stop()
    for (const { assertCalm } of people) assertCalm()
  })

  async function newBrowser(url = stack.url): Promise<Page> {
    const person = await browser.person(url)
    people.push(person)
    return person.page
  }

  async function lookAtSheet(page: Page, button: string, name: string): Promise<void> {
    await page.getByRole("button", { name: button, exact: true }).click()
    const sheet = page.getByRole("dialog")
    await sheet.waitFor()
    await look(page, name)
    await page.keyboard.press("Escape")
    await sheet.waitFor({ state: "detached" })
  }

  it("without HTTPS it says that nothing can be kept private here, and where it can", async () => {
    const page = await newBrowser(stack.url.replace("127.0.0.1", "taciturn.example"))
    await page.getByRole("heading", { name: "This address can't keep your recordings private" }).waitFor()
    await page.getByText(`Open https://taciturn.example:${new URL(stack.url).port} instead.`).waitFor()
    await look(page, "insecure")
  })

  it("in a browser that keeps nothing it says so", async () => {
    const page = await newBrowser()
    await page.addInitScript("delete globalThis.indexedDB")
    await page.reload()
    await page.getByRole("heading", { name: "This browser can't keep your keys" }).waitFor()
    await look(page, "no-storage")
  })

  it("a screen that fails leaves a way on, and says that nothing is lost", async () => {
    const page = await newBrowser()
    await signUp(page)
    await page.route("**/assets/devices-*.js", async (route) => {
      await route.abort()
    })
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Devices" }).click()
    await page.getByRole("heading", { name: "This screen stopped working" }).waitFor()
    await look(page, "crashed")
    await page.unroute("**/assets/devices-*.js")
    await page.getByRole("button", { name: "Load the page again" }).click()
    await page.getByRole("heading", { name: "Devices", level: 1 }).waitFor()
  })

  it("says what is at no address, and what is not in a meeting", async () => {
    const page = await newBrowser()
    await signUp(page)
    await page.goto(`${stack.url}/app/#/nowhere`)
    await page.getByRole("heading", { name: "There is nothing at this address" }).waitFor()
    await look(page, "not-found")
    await page.goto(`${stack.url}/app/#/join`)
    await page.getByRole("heading", { name: "There is no invitation here" }).waitFor()
    await look(page, "join-nothing")
    const meeting = await createMeeting(page, "Weekly call")
    const recording = formatId("recording", new Uint8Array(16) as RecordingId)
    await page.goto(`${stack.url}/app/#/meetings/${meeting}/recordings/${recording}`)
    await page.getByRole("alert").getByText("That is not there.").waitFor()
    await look(page, "watch-missing")
    await page.goto(`${stack.url}/app/#/meetings/${formatId("meeting", new Uint8Array(16) as MeetingId)}`)
    await page.getByRole("alert").getByText("That is not there.").waitFor()
    await look(page, "meeting-failed")
  })

  it("meetings, members and people, with every sheet of theirs", async () => {
    const [alice, bob] = [await newBrowser(), await newBrowser()]
    const [own, account] = await Promise.all([createAccount(alice), createAccount(bob)])
    await alice.goto(`${stack.url}/app/#/people/${own}`)
    await alice.getByRole("heading", { name: "This is you" }).waitFor()
    await look(alice, "person-self")
    await goTo(alice, "Meetings")
    await look(alice, "meetings-empty")
    await lookAtSheet(alice, "New meeting", "create-meeting")
    await createMeeting(alice, "Quarterly review")
    await alice.getByRole("tab", { name: "Members" }).click()
    await lookAtSheet(alice, "Add somebody", "add-member")
    await addMember(alice, account)
    await nameOther(alice, "Bob")
    await lookAtSheet(alice, "Rename", "rename-person")
    await lookAtSheet(alice, "Remove from your people", "remove-person")

    await goTo(bob, "People")
    await goTo(bob, "Meetings")
    await bob.getByRole("heading", { name: "Invitations" }).waitFor({ timeout: 60_000 })
    await look(bob, "meetings-invited")
    await bob.getByRole("button", { name: "Join", exact: true }).click()
    await bob.getByRole("tab", { name: "Settings" }).click()
    await bob.getByRole("heading", { name: "Leave the meeting" }).waitFor()
    await look(bob, "settings-member")
    await lookAtSheet(bob, "Leave", "leave-meeting")

    await openMeeting(alice, "Quarterly review")
    const row = await memberRow(alice, "Bob")
    await row.getByRole("button", { name: "Remove" }).click()
    await look(alice, "remove-member")
    await alice.getByRole("button", { name: "Cancel" }).click()
    await goTo(alice, "Meetings")
    await look(alice, "meetings")
  })

  it("moves nothing by itself for whoever asked for less motion", async () => {
    const page = await newBrowser()
    await page.emulateMedia({ reducedMotion: "reduce" })
    await signUp(page)
    await page.route("**/assets/devices-*.js", () => undefined)
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Devices" }).click()
    await page.getByRole("progressbar").waitFor()
    const moving = `document.getAnimations().filter(({ playState }) => playState === "running").length`
    await page.waitForTimeout(200)
    expect(await page.evaluate(moving)).to.equal(0)
    await page.emulateMedia({ reducedMotion: "no-preference" })
    expect(await page.evaluate(moving), "the spinner turns otherwise").to.be.above(0)
  })
})
