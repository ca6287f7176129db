import { expect } from "chai"
import { look, openBrowser, type Person, type TestBrowser } from "../../../support/browser.js"
import { runProgram, temporaryFolder } from "../../../support/programs.js"
import { type Stack, startStack } from "../../../support/stack.js"
import { createAccount, createMeeting, ownAccount } from "../../../support/web-steps.js"

/** What the operator tells of authorities, in the browser. SPEC.md §17. */
describe("requests of authorities, in the browser", function () {
  this.timeout(300_000)
  let stack: Stack
  let browser: TestBrowser
  let alice: Person
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let caseId: string

  before(async () => {
    folder = await temporaryFolder()
    stack = await startStack("embedded")
    browser = await openBrowser()
    alice = await browser.person(stack.url)
  })
  after(async () => {
    alice.assertCalm()
    await browser.close()
    await stack.stop()
    await folder.remove()
  })

  async function admin(...args: string[]): Promise<Record<string, string>> {
    const options = { environment: stack.adminEnvironment, cwd: folder.path }
    const result = await runProgram("taciturn-admin", [...args, "--json"], options)
    expect(result.exitCode, result.stdout + result.stderr).to.equal(0)
    return result.json
  }
  const ofMeeting = () => alice.page.getByRole("region", { name: "An authority asked the operator about this meeting" })
  const ofAccount = () => alice.page.getByRole("region", { name: "An authority asked the operator about your account" })

  it("stand above the meeting and above every screen, once they may be told", async () => {
    const { page } = alice
    await createAccount(page)
    const account = await ownAccount(page)
    const meeting = await createMeeting(page, "Planning")
    const letter = [
      "--kind",
      "produce",
      "--authority",
      "District Court",
      "--country",
      "DE",
      "--reference",
      "12 Gs 345/26",
    ]
    const delay = ["--delay-until", "2199-01-01", "--reason", "order, no. 4"]
    caseId = (await admin("case", "open", ...letter, ...delay))["case"] ?? ""
    await admin("case", "scope", caseId, "--meeting", meeting, "--account", account)
    await admin("case", "hold", caseId, "--until", "2199-01-01")
    await admin("case", "produce", caseId, "-o", "production")
    await page.reload()
    await page.getByRole("tab", { name: "Recordings" }).waitFor()
    expect([await ofMeeting().count(), await ofAccount().count()], "delayed").to.deep.equal([0, 0])

    await admin("case", "notice", caseId, "--now")
    await page.reload()
    await ofMeeting().waitFor()
    await ofAccount().waitFor()
    await ofMeeting().getByText("was handed over, as ciphertext").waitFor()
    await ofMeeting().getByText("How to recognise what was handed over").click()
    for (const hidden of ["District Court", "12 Gs", "order, no. 4"])
      expect(await page.getByText(hidden).count(), hidden).to.equal(0)
    await look(page, "notices")
  })

  it("are in the meeting's activity, and stay there when they are put aside", async () => {
    const { page } = alice
    for (const region of [ofMeeting(), ofAccount()]) {
      await region.getByRole("button", { name: "Put aside on this device" }).click()
      await region.waitFor({ state: "detached" })
    }
    await page.reload()
    await page.getByRole("tab", { name: "Activity" }).click()
    await page.getByText("An authority's request:").first().waitFor()
    expect(await page.getByText("An authority's request:").count()).to.equal(2)
    expect([await ofMeeting().count(), await ofAccount().count()]).to.deep.equal([0, 0])
    await look(page, "notices-activity")
    await admin("case", "release", caseId)
    await page.reload()
    await ofMeeting().getByText("is not kept any more").waitFor()
  })
})
