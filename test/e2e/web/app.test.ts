import { join } from "node:path"
import { expect } from "chai"
import { look, openBrowser, type Person, type TestBrowser } from "../../support/browser.js"
import { root } from "../../support/programs.js"
import { type Stack, startStack, STACK_KINDS_OF_RUN } from "../../support/stack.js"
import {
  acceptInvitation,
  addMember,
  createAccount,
  createMeeting,
  uploadFile,
  watchFor,
} from "../../support/web-steps.js"

/** Two people, each in a browser of their own, from first run to what they share. */
for (const kind of STACK_KINDS_OF_RUN)
  describe(`the app, on the ${kind} service`, function () {
    this.timeout(120_000)
    let stack: Stack
    let browser: TestBrowser
    let [alice, bob]: Person[] = []
    before(async () => {
      stack = await startStack(kind)
      browser = await openBrowser()
      ;[alice, bob] = await Promise.all([browser.person(stack.url), browser.person(stack.url)])
    })
    after(async () => {
      await browser.close()
      await stack.stop()
    })

    it("lets one make a meeting and the other join it", async () => {
      const [, bobAccount] = await Promise.all([createAccount(alice!.page), createAccount(bob!.page)])
      await createMeeting(alice!.page, "Quarterly review")
      await look(alice!.page, "meeting-empty")
      await addMember(alice!.page, bobAccount)
      await look(alice!.page, "members")
      await acceptInvitation(bob!.page)
      expect(await bob!.page.getByRole("heading", { level: 1 }).innerText()).to.equal("Quarterly review")
      await bob!.page.getByRole("tab", { name: "Activity" }).click()
      await bob!.page.getByText("added").waitFor()
      await look(bob!.page, "activity")
    })

    it("plays to one what the other uploaded", async () => {
      const { page } = alice!
      await uploadFile(page, join(root, "test/data/meeting.mp4"), "Kick-off")
      await look(page, "recordings")
      await page.getByRole("link", { name: "Kick-off", exact: true }).click()
      await watchFor(page, 1)
      await bob!.page.getByRole("tab", { name: "Recordings" }).click()
      await bob!.page.getByRole("link", { name: "Kick-off", exact: true }).click()
      await watchFor(bob!.page, 1)
      await look(bob!.page, "watching")
    })

    it("asked no other origin for anything, and was refused nothing by its policy", () => {
      alice!.assertCalm()
      bob!.assertCalm()
    })
  })
