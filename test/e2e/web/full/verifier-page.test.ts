import { copyFile, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { expect } from "chai"
import type { Page } from "playwright-core"
import { look, openBrowser, type Person, type TestBrowser } from "../../../support/browser.js"
import { loopedFilm } from "../../../support/openings.js"
import { root, runProgram } from "../../../support/programs.js"
import type { Stack } from "../../../support/stack.js"
import { openTerminals, type Terminals } from "../../../support/taciturn.js"

const SECONDS = 30

describe("the verifier's page, opened from a file", function () {
  this.timeout(240_000)
  let terminals: Terminals & { readonly stack: Stack }
  let browser: TestBrowser
  let person: Person
  let page: Page
  let account: string
  let meeting: string
  let production: string

  before(async () => {
    terminals = await openTerminals()
    const { folder, succeed } = terminals
    account = (await succeed("alice", ["init"])).account
    production = join(folder, "production")
    ;({ meeting } = await succeed("alice", ["meeting", "create", "Weekly call"]))
    const { path } = await loopedFilm(folder, SECONDS, "webm")
    const { recording } = await succeed("alice", ["upload", meeting, path, "--as-is", "--title", "Secret plans"])
    const make = ["opening", "make", "recording", recording, "--yes", "-o"]
    await succeed("alice", [...make, "part.opening", "--from", "0:12", "--to", "0:16"])
    await succeed("alice", [...make, "whole.opening"])
    await succeed("alice", ["verify", "part.opening", "-o", "part.webm"])
    for (const text of ["Shall we begin?", "\u{202e}<b>We</b>\nbegin."])
      await succeed("alice", ["chat", "send", meeting, text])
    const { messages } = await succeed("alice", ["chat", "list", meeting])
    const ids = messages.map(({ message }: { message: string }) => message)
    await succeed("alice", ["opening", "make", "messages", meeting, "--ids", ...ids, "--yes", "-o", "chat.opening"])
    const changed = await terminals.read("part.opening")
    changed[changed.length - 70_000]! ^= 1
    await writeFile(join(folder, "changed.opening"), changed)
    await copyFile(join(root, "dist/programs/verify.html"), join(folder, "verify.html"))
    browser = await openBrowser(["--autoplay-policy=no-user-gesture-required"])
    person = await browser.person(pathToFileURL(join(folder, "verify.html")).href, "")
    page = person.page
  })

  after(async () => {
    person.assertCalm()
    await browser.close()
    await terminals.close()
  })

  async function choose(name: string, what = "opening"): Promise<void> {
    await page.locator(`input[data-for=${what}]`).setInputFiles(join(terminals.folder, name))
  }

  async function admin(...args: readonly string[]): Promise<void> {
    const environment = terminals.stack.adminEnvironment
    const { exitCode, stdout } = await runProgram("taciturn-admin", args, { environment })
    expect(exitCode, stdout).to.equal(0)
  }

  it("says what it is for, and takes no other file", async () => {
    await page.getByRole("heading", { name: "Check what was handed to you" }).waitFor()
    await choose("part.webm")
    await page.getByText("That is neither an opening nor the folder of a production or of a certificate.").waitFor()
    await look(page, "verifier")
  })

  it("plays the opened minutes, saves what the command saves, and says who signed and what that proves", async () => {
    await choose("part.opening")
    await page.getByRole("heading", { name: "Genuine" }).waitFor()
    await page.getByText(account).waitFor()
    await page.getByText("Every byte of this opening was verified.").waitFor()
    const video = page.locator("video")
    const playsTo = `(async () => {
      const video = document.querySelector("video")
      await video.play()
      while (video.currentTime < 1) await new Promise((resolve) => setTimeout(resolve, 50))
      video.pause()
      return video.duration
    })()`
    expect(await video.evaluate(playsTo)).to.be.within(3.9, 6.2)
    const download = page.waitForEvent("download")
    await page.getByRole("link", { name: "Save opened.webm" }).click()
    const saved = await readFile(await (await download).path())
    expect(saved.equals(await terminals.read("part.webm"))).to.equal(true)
    await look(page, "verifier-genuine")
  })

  it("gives out all of a recording, byte for byte", async () => {
    await choose("whole.opening")
    await page.getByText(/^all of it: /).waitFor()
    const download = page.waitForEvent("download")
    await page.getByRole("link", { name: "Save opened.webm" }).click()
    const saved = await readFile(await (await download).path())
    expect(saved.equals(await terminals.read("looped.webm"))).to.equal(true)
  })

  it("verifies a production whole, and whether it has what an opening opens", async () => {
    await admin("produce", "--meeting", meeting, "-o", production)
    await choose("production", "production")
    await page.getByRole("heading", { name: "Complete and unaltered" }).waitFor()
    await page.getByText(/^present .* chunks/).waitFor()
    await page.getByText(/^missing\s+0$/).waitFor()
    await look(page, "verifier-production")
    await choose("part.opening")
    await page.getByText(/^has it as event 1 of the meeting's log of/).waitFor()
    const path = join(production, "data/records.jsonl")
    const records = await readFile(path)
    await writeFile(path, Buffer.from(records).fill(0x20, 200, 201))
    await choose("production", "production")
    await page.getByRole("heading", { name: "Refused" }).waitFor()
    await page.getByText("Where: data/records.jsonl").waitFor()
  })

  it("checks an opening for itself beside a production that is refused, and starts over", async () => {
    await choose("part.opening")
    await page.getByRole("heading", { name: "Genuine" }).waitFor()
    await page.getByRole("heading", { name: "Refused" }).waitFor()
    await page.getByRole("button", { name: "Start over" }).click()
    expect(await page.locator("h2").count()).to.equal(0)
  })

  it("verifies a certificate of an erasure, and refuses a page that was changed in it", async () => {
    const certificate = join(terminals.folder, "certificate")
    await admin("erasure", meeting, account, "-o", certificate)
    await choose("certificate", "production")
    await page.getByRole("heading", { name: "Unaltered" }).waitFor()
    await page.getByText(`kept      ${meeting}`).waitFor()
    await look(page, "verifier-certificate")
    const path = join(certificate, "certificate.html")
    await writeFile(path, (await readFile(path, "utf8")).replace("not deleted", "deleted"))
    await choose("certificate", "production")
    await page.getByRole("heading", { name: "Refused" }).waitFor()
    await page.getByText("Where: certificate.html").waitFor()
  })

  it("shows messages as texts, whatever they are made of", async () => {
    await choose("chat.opening")
    await page.getByText('"Shall we begin?"', { exact: true }).waitFor()
    const said = await page.getByText("begin.", { exact: false }).last().innerText()
    expect(said).to.include("<b>We</b>\\nbegin.").and.not.include("\u{202e}")
    expect(await page.locator("b").count()).to.equal(0)
    await look(page, "verifier-messages")
  })

  it("refuses what was changed, names the place, and shows nothing of it", async () => {
    await choose("changed.opening")
    await page.getByRole("heading", { name: "Refused" }).waitFor()
    await page.getByText(/^Where: segment \d+$/).waitFor()
    expect(await page.locator("video, a").count()).to.equal(0)
    await look(page, "verifier-refused")
  })
})
