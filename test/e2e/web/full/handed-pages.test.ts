import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { expect } from "chai"
import { asId, formatId } from "../../../../shared/protocol/ids.js"
import { look, openBrowser, type Person, type TestBrowser } from "../../../support/browser.js"
import { loopedFilm } from "../../../support/openings.js"
import { type ProgramResult, runProgram } from "../../../support/programs.js"
import type { Stack } from "../../../support/stack.js"
import { openTerminals, type Terminals } from "../../../support/taciturn.js"

/** Of nobody here. */
const UNKNOWN = formatId("account", asId("account", new Uint8Array(16)))

/** What the public, a court and whoever had something deleted get to see. */
describe("the pages for others", function () {
  this.timeout(240_000)
  let terminals: Terminals & { readonly stack: Stack }
  let browser: TestBrowser
  let meetings: readonly string[]
  let account: string
  const people: Person[] = []

  before(async () => {
    terminals = await openTerminals()
    const { folder, succeed } = terminals
    account = (await succeed("alice", ["init"])).account
    const made: string[] = []
    for (const title of ["Weekly call", "Budget"]) {
      const { meeting } = await succeed("alice", ["meeting", "create", title])
      made.push(meeting)
      const { path } = await loopedFilm(folder, 4, "webm")
      await succeed("alice", ["upload", meeting, path, "--as-is"])
      await succeed("alice", ["chat", "send", meeting, "Shall we begin?"])
    }
    meetings = made
    browser = await openBrowser()
  })

  after(async () => {
    for (const person of people) person.assertCalm()
    await browser.close()
    await terminals.close()
  })

  async function admin(...args: readonly string[]): Promise<ProgramResult["json"]> {
    const environment = terminals.stack.adminEnvironment
    const result = await runProgram("taciturn-admin", [...args, "--json"], { environment, cwd: terminals.folder })
    expect(result.exitCode, result.stdout).to.equal(0)
    return result.json
  }
  async function openFile(path: string): Promise<Person> {
    const person = await browser.person(pathToFileURL(join(terminals.folder, path)).href, "")
    people.push(person)
    return person
  }
  async function openPage(path: string): Promise<Person> {
    const person = await browser.person(terminals.stack.url, path)
    people.push(person)
    return person
  }

  it("the declaration says what was asked for, what is given, what is not, and why", async () => {
    const letter = ["--authority", "District Court of Springfield", "--country", "US", "--reference", "26-sw-0031"]
    const { case: caseId } = await admin("case", "open", "--kind", "produce", ...letter, "--due", "2199-01-31")
    const items = ["--meeting", ...meetings, "--account", account, UNKNOWN, "--ask", "members", "plaintext", "keys"]
    await admin("case", "scope", caseId, ...items)
    await admin("case", "produce", caseId, "-o", "production")
    await admin("case", "close", caseId, "--outcome", "produced-in-part")
    const { page } = await openFile("production/data/declaration.html")
    await page.getByRole("heading", { name: "Declaration of a production" }).waitFor()
    await page.getByText("26-sw-0031").waitFor()
    await page.getByText("no list of a meeting's participants is stored").first().waitFor()
    await look(page, "declaration")
    await page.emulateMedia({ media: "print" })
    await look(page, "declaration-printed")
  })

  it("/transparency counts it, and names nobody", async () => {
    const { page } = await openPage("/transparency")
    await page.getByRole("cell", { name: "US", exact: true }).waitFor()
    expect(await page.locator("body").innerText()).to.not.include("Springfield")
    await look(page, "transparency")
  })

  it("/what-we-hold lists what the server holds", async () => {
    const { page } = await openPage("/what-we-hold")
    await page.getByRole("heading", { name: "What this server holds" }).waitFor()
    await look(page, "what-we-hold")
  })

  it("the certificate of an erasure says what became of what was deleted", async () => {
    const [kept = "", deleted = ""] = meetings
    await terminals.succeed("alice", ["meeting", "delete", deleted, "--yes"])
    await admin("erasure", account, kept, deleted, UNKNOWN, "-o", "certificate")
    const { page } = await openFile("certificate/certificate.html")
    await page.getByRole("heading", { name: "Certificate of an erasure" }).waitFor()
    await look(page, "certificate")
  })
})
