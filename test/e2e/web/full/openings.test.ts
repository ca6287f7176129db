import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import type { Page } from "playwright-core"
import { look, openBrowser, type Person, type TestBrowser } from "../../../support/browser.js"
import { loopedFilm, probe } from "../../../support/openings.js"
import type { Stack } from "../../../support/stack.js"
import { openTerminals, type Terminals } from "../../../support/taciturn.js"
import { takeAccount } from "../../../support/web-account.js"

const SECONDS = 30

describe("opening a part to somebody, in the browser", function () {
  this.timeout(240_000)
  let terminals: Terminals & { readonly stack: Stack }
  let browser: TestBrowser
  let person: Person
  let page: Page
  let meeting: string
  let film: string
  let file: string

  before(async () => {
    terminals = await openTerminals()
    const { folder, succeed } = terminals
    await succeed("alice", ["init"])
    const bob = (await succeed("bob", ["init"])).account
    ;({ meeting } = await succeed("alice", ["meeting", "create", "Weekly call"]))
    await succeed("alice", ["meeting", "add", meeting, bob])
    await succeed("bob", ["meeting", "join", "--all"])
    const { path } = await loopedFilm(folder, SECONDS)
    film = (await succeed("alice", ["upload", meeting, path, "--title", "Secret plans"])).recording
    await writeFile(join(folder, "agenda.txt"), "1. Begin.\n")
    file = (await succeed("alice", ["upload", meeting, "agenda.txt", "--title", "Agenda"])).recording
    browser = await openBrowser()
    person = await browser.person(terminals.stack.url)
    page = person.page
    await takeAccount(page, join(folder, "bob"))
  })

  after(async () => {
    person.assertCalm()
    await browser.close()
    await terminals.close()
  })

  async function open(recording: string): Promise<void> {
    await page.goto("about:blank")
    await page.goto(`${terminals.stack.url}/app/#/meetings/${meeting}/recordings/${recording}`)
  }

  /** Presses a button that ends in a download. @returns where that is. */
  async function downloaded(button: string, name: string): Promise<string> {
    const download = page.waitForEvent("download")
    await page.getByRole("button", { name: button, exact: true }).click()
    const saved = await download
    const path = join(terminals.folder, name)
    await saved.saveAs(path)
    expect(saved.suggestedFilename()).to.match(/\.opening$/)
    return path
  }

  it("says what some minutes reveal before it makes the file, which anybody can check and play", async () => {
    await page.addInitScript("delete globalThis.showSaveFilePicker")
    await open(film)
    await page.getByRole("button", { name: "Open a part to somebody" }).click()
    const sheet = page.getByRole("dialog")
    await sheet.getByLabel("From").fill("0:16")
    await sheet.getByLabel("To").fill("0:12")
    await sheet.getByRole("button", { name: "Show what that reveals" }).click()
    await sheet.getByText("Give times such as").waitFor()
    await look(page, "opening-choose")
    await sheet.getByLabel("From").fill("10:00")
    await sheet.getByLabel("To").fill("11:00")
    await sheet.getByRole("button", { name: "Show what that reveals" }).click()
    await sheet.getByText("The recording ends before these minutes.").waitFor()
    await sheet.getByLabel("From").fill("0:12.5")
    await sheet.getByLabel("To").fill("0:16")
    await sheet.getByRole("button", { name: "Show what that reveals" }).click()
    await sheet.getByText("Whoever gets the file, and whoever they give it to, sees:").waitFor()
    expect(await sheet.innerText())
      .to.match(/from 0:1[0-2] to 0:1[67]/)
      .and.match(/64 KiB at each border/)
      .and.match(/how large each of its pictures is/)
      .and.match(/can't take it back/)
    await look(page, "opening-shows")
    const path = await downloaded("Make the file", "part.opening")
    await sheet.getByText("The meeting's members were not told.").waitFor()
    await look(page, "opening-made")
    await sheet.getByRole("button", { name: "Close" }).click()
    const out = join(terminals.folder, "part.mp4")
    const { signed, asset } = await terminals.succeed("nobody", ["verify", path, "-o", out])
    expect(signed.meeting).to.equal(meeting)
    expect(asset.part).to.deep.equal({ fromMs: 12_500, toMs: 16_000 })
    expect(asset.openedSegments).to.be.lessThan(asset.segments)
    expect((await probe(out)).seconds).to.be.within(3.4, 5.7)
    expect((await terminals.read("part.opening")).includes("Secret plans")).to.equal(false)
  })

  it("opens all of a file, and tells the members where that was chosen", async () => {
    await open(file)
    await page.getByRole("button", { name: "Open it to somebody" }).click()
    const sheet = page.getByRole("dialog")
    await sheet.getByText("so all of it is opened").waitFor()
    await sheet.getByRole("button", { name: "Show what that reveals" }).click()
    await sheet.getByText("Tell the meeting's members").click()
    const path = await downloaded("Make the file", "agenda.opening")
    await sheet.getByText("The meeting's members were told.").waitFor()
    await sheet.getByRole("button", { name: "Close" }).click()
    const out = join(terminals.folder, "agenda.out")
    await terminals.succeed("nobody", ["verify", path, "-o", out])
    expect((await terminals.read("agenda.out")).toString()).to.equal("1. Begin.\n")
    const { activity } = await terminals.succeed("alice", ["meeting", "show", meeting])
    expect(activity.at(-1)).to.deep.include({ kind: "opened", opened: { recording: file, part: null } })
  })

  it("opens chosen fields of an entry of the activity, and nothing of the others", async () => {
    await page.goto(`${terminals.stack.url}/app/#/meetings/${meeting}/activity`)
    await page.getByText("let it be known that somebody outside of the meeting was given all of “Agenda”").waitFor()
    await page.getByRole("button", { name: "More about entry 1" }).first().click()
    await look(page, "event-menu")
    await page.getByRole("menuitem", { name: "Open it to somebody outside" }).click()
    const sheet = page.getByRole("dialog")
    await sheet.getByText("Everybody in the meeting then").click()
    await look(page, "opening-event")
    await sheet.getByRole("button", { name: "Show what that reveals" }).click()
    const path = await downloaded("Make the file", "entry.opening")
    await sheet.getByRole("button", { name: "Close" }).click()
    const { fields, signed } = await terminals.succeed("nobody", ["verify", path])
    expect(Object.keys(fields)).to.deep.equal(["roster"])
    expect(signed).to.deep.include({ type: "epoch", seq: 1, meeting })
  })

  it("writes to a file that was picked, and to none where nothing comes", async () => {
    const tab = await person.context.newPage()
    // The dialog is the browser's own; the file is a real one, in the browser's folder for this origin.
    await tab.addInitScript(
      `globalThis.showSaveFilePicker = async () =>
         await (await navigator.storage.getDirectory()).getFileHandle("picked.opening", { create: true })`,
    )
    await tab.goto(`${terminals.stack.url}/app/#/meetings/${meeting}/recordings/${film}`)
    await tab.getByRole("button", { name: "Open a part to somebody" }).click()
    const sheet = tab.getByRole("dialog")
    await sheet.getByRole("radio", { name: "All of it" }).focus()
    await tab.keyboard.press("Space")
    await sheet.getByRole("button", { name: "Show what that reveals" }).click()
    await tab.route("**/stream", async (route) => {
      await route.abort()
    })
    const sizeOf = `(async () => {
      const folder = await navigator.storage.getDirectory()
      return (await (await folder.getFileHandle("picked.opening")).getFile()).size
    })()`
    await sheet.getByRole("button", { name: "Make the file" }).click()
    await sheet.getByRole("button", { name: "Cancel" }).click()
    await sheet.getByRole("button", { name: "Back" }).waitFor()
    expect(await tab.evaluate(sizeOf)).to.equal(0)
    await tab.unroute("**/stream")
    await sheet.getByRole("button", { name: "Make the file" }).click()
    await sheet.getByText("The file is made").waitFor()
    expect(await tab.evaluate(sizeOf)).to.be.greaterThan(100_000)
    await tab.close()
  })
})
