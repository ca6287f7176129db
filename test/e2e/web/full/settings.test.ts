import { join } from "node:path"
import { expect } from "chai"
import { look, openBrowser, type Person, type TestBrowser } from "../../../support/browser.js"
import { root } from "../../../support/programs.js"
import { type Stack, startStack } from "../../../support/stack.js"
import { acceptInvitation, createAccount, createMeeting, goTo, uploadFile } from "../../../support/web-steps.js"
import { signUp } from "../../../support/sign-up.js"

describe("a meeting's settings, in the browser", function () {
  this.timeout(180_000)
  let stack: Stack
  let browser: TestBrowser
  let alice: Person
  before(async () => {
    stack = await startStack("embedded")
    browser = await openBrowser()
    alice = await browser.person(stack.url)
    await createAccount(alice.page)
    await createMeeting(alice.page, "Quarterly review")
  })
  after(async () => {
    alice.assertCalm()
    await browser.close()
    await stack.stop()
  })

  it("lets in who opened a link without an account, once an admin agreed", async () => {
    const { page } = alice
    await page.getByRole("tab", { name: "Settings" }).click()
    await page.getByRole("button", { name: "Make a link" }).click()
    const link = await page.locator("code").filter({ hasText: "/j/" }).innerText()
    await look(page, "settings-link")

    const bob = await browser.person(stack.url, link.slice(stack.url.length))
    expect(bob.page.url(), "the secret is in no address").to.equal(`${stack.url}/app/#/join`)
    await signUp(bob.page)
    await bob.page.getByRole("heading", { name: "You were invited" }).waitFor()
    await look(bob.page, "join")
    await bob.page.getByLabel("What you call yourself").fill("Bob")
    await bob.page.getByRole("button", { name: "Ask to be let in" }).click()
    await bob.page.getByText("You have asked to be let in.").waitFor()
    await look(bob.page, "join-asked")

    await page.getByRole("tab", { name: "Members" }).click()
    await page.getByRole("tab", { name: "Settings" }).click()
    await page.getByText("“Bob”").waitFor()
    await look(page, "settings-offer")
    await page.getByRole("button", { name: "Let in" }).click()
    await page.getByText("“Bob”").waitFor({ state: "detached" })
    await acceptInvitation(bob.page)
    expect(await bob.page.getByRole("heading", { level: 1 }).innerText()).to.equal("Quarterly review")
    bob.assertCalm()
    await bob.context.close()
  })

  it("says what newcomers can open, and how long recordings are kept", async () => {
    const { page } = alice
    await page.getByText("Only what comes after they joined").click()
    await page.getByRole("button", { name: "Save" }).first().click()
    await page.getByRole("tab", { name: "Activity" }).click()
    await page.getByText("let newcomers open only what comes after they joined").waitFor()
    await page.getByRole("tab", { name: "Settings" }).click()
    const days = page.getByLabel("Days after which the server deletes a recording")
    await days.fill("0")
    await page.getByText("Give a whole number of days").waitFor()
    await days.fill("90")
    await page.getByRole("button", { name: "Save" }).nth(1).click()
    await page.getByText("Recordings are deleted 90 days after they were stored.").waitFor()
  })

  it("renames and deletes a recording, and says when its bytes go", async () => {
    const { page } = alice
    await uploadFile(page, join(root, "test/data/meeting.mp4"), "Kick-off")
    await page.getByRole("button", { name: "More about Kick-off" }).click()
    await look(page, "recording-menu")
    await page.getByRole("menuitem", { name: "Rename" }).click()
    await page.getByLabel("What it is called").fill("First talk")
    await look(page, "recording-rename")
    await page.getByRole("button", { name: "Save" }).click()
    await page.getByRole("link", { name: "First talk", exact: true }).waitFor()
    await page.getByRole("button", { name: "More about First talk" }).click()
    await page.getByRole("menuitem", { name: "Delete" }).click()
    await look(page, "recording-delete")
    await page.getByRole("button", { name: "Delete it for everybody" }).click()
    await page.getByText(/^The bytes go on/).waitFor()
    await look(page, "recording-deleted")
  })

  it("deletes the meeting, and says when its bytes go", async () => {
    const { page } = alice
    await page.getByRole("tab", { name: "Settings" }).click()
    await look(page, "settings")
    await page.getByRole("button", { name: "Delete it for everybody" }).click()
    await look(page, "delete-meeting")
    await page.getByRole("dialog").getByRole("button", { name: "Delete it for everybody" }).click()
    await page.getByText("Deleted. The members are told").waitFor()
    await goTo(page, "Meetings")
  })
})
