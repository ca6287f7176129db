import { copyFile, cp, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import type { Locator, Page } from "playwright-core"
import { look, openProfile } from "../../../support/browser.js"
import { keyboardOf } from "../../../support/keyboard.js"
import { Haystack } from "../../../support/needles.js"
import { root } from "../../../support/programs.js"
import { clientSecrets } from "../../../support/secrets.js"
import { seizeFolder } from "../../../support/seize.js"
import { type Stack, startStack } from "../../../support/stack.js"
import { type Terminals, terminalsAt } from "../../../support/taciturn.js"
import { takeAccount } from "../../../support/web-account.js"
import { goTo } from "../../../support/web-steps.js"

const FILM = join(root, "test/data/meeting.mp4")
const CAPTIONS = `WEBVTT

00:00.200 --> 00:00.900
Andrew Knight: Welcome to the orangery

00:01.200 --> 00:01.900
Ringo Starr: The peacocks have eaten the begonias
`
/** What must stand nowhere in the clear. */
const TEXTS = {
  title: "Garden party of the Montgolfiers",
  recordingTitle: "Walk through the orangery",
  fileName: "orangery-walk.mp4",
  message: "The chrysanthemums arrive on Thursday",
  caption: "The peacocks have eaten the begonias",
  query: "chrysanthemums arrive",
}

describe("searching all meetings, in the browser", function () {
  this.timeout(300_000)
  let stack: Stack
  let terminals: Terminals
  let profile: Awaited<ReturnType<typeof openProfile>>
  let page: Page
  let garden: string
  let reunion: string
  let accounts: { readonly alice: string; readonly bob: string }

  before(async () => {
    stack = await startStack("embedded")
    terminals = await terminalsAt(stack.url)
    const { succeed, folder } = terminals
    accounts = {
      alice: (await succeed("alice", ["init"])).account,
      bob: (await succeed("bob", ["init"])).account,
    }
    for (const title of [TEXTS.title, "Reunion"]) {
      const { meeting } = await succeed("alice", ["meeting", "create", title])
      await succeed("alice", ["meeting", "add", meeting, accounts.bob])
      if (title === TEXTS.title) garden = meeting
      else reunion = meeting
    }
    await succeed("bob", ["meeting", "join", "--all"])
    await copyFile(FILM, join(folder, TEXTS.fileName))
    await writeFile(join(folder, TEXTS.fileName.replace("mp4", "vtt")), CAPTIONS)
    await succeed("alice", ["upload", garden, TEXTS.fileName, "--title", TEXTS.recordingTitle])
    await succeed("alice", ["chat", "send", garden, TEXTS.message])
    for (let count = 1; count <= 12; count++) await succeed("alice", ["chat", "send", garden, `Remark ${count}`])
    await succeed("alice", ["chat", "send", reunion, "明日の会議は東京で開催されます"])
    await cp(join(root, "test/data/zoom-meeting"), join(folder, "zoom-meeting"), { recursive: true })
    await copyFile(FILM, join(folder, "zoom-meeting", "meeting001_video.mp4"))
    await succeed("alice", ["import", "zoom", reunion, "zoom-meeting"])
    profile = await openProfile(stack.url)
    ;({ page } = profile)
  })
  after(async () => {
    await profile.close()
    await profile.remove()
    await terminals.close()
    await stack.stop()
  })

  const field = (): Locator => page.getByRole("searchbox", { name: "What to search for" })
  const results = (): Locator => page.getByRole("list", { name: "What was found" }).getByRole("listitem")
  const hit = (text: string | RegExp): Locator => results().filter({ hasText: text }).first()
  const kinds = async (): Promise<readonly string[]> => (await page.locator(".search-kind").allInnerTexts()).toSorted()

  async function search(words: string): Promise<void> {
    if (!page.url().endsWith("#/search")) await goTo(page, "Search")
    await field().fill(words)
  }

  async function follow(words: string, text: string | RegExp): Promise<void> {
    await search(words)
    await hit(text).locator("a.search-hit").click()
  }

  it("says what can be found here, before anything is looked for", async () => {
    await takeAccount(page, join(terminals.folder, "bob"))
    await goTo(page, "Search")
    await page.getByRole("heading", { name: "What was it about?" }).waitFor()
    await look(page, "search-empty")
  })

  it("finds titles, messages, captions, names of files and what was imported, as one types", async () => {
    await search("montgolf")
    await hit(TEXTS.title).waitFor()
    expect(await kinds()).to.deep.equal(["Meeting"])
    for (const [words, kind, text] of [
      ["orangery walk", "Recording", TEXTS.recordingTitle],
      ["orangery-walk.mp4", "Recording", TEXTS.recordingTitle],
      ["CHRYSANTHEMUM", "Message", TEXTS.message],
      ["chrysantemums", "Message", TEXTS.message],
      ["peacocks", "Said in a recording", TEXTS.caption],
      ["東京", "Message", "明日の会議は東京で開催されます"],
      ["fuselage", "Imported chat", "Fuselage"],
    ] as const) {
      await search(words)
      await hit(text).waitFor()
      expect(await kinds(), words).to.include(kind)
    }
    await search("peacocks")
    await hit(TEXTS.caption).getByText("Walk through the orangery at 0:01").waitFor()
    expect(await hit(TEXTS.caption).locator("mark").allInnerTexts()).to.deep.equal(["peacocks"])
    await search("zeppelin")
    await page.getByRole("heading", { name: "Nothing was found" }).waitFor()
    await look(page, "search-nothing")
    await search("the")
    await results().nth(10).waitFor()
    await look(page, "search")
  })

  it("what was found leads to its message, or to the second at which it was said", async () => {
    await follow("chrysanthemums", TEXTS.message)
    await page.locator("[data-row]:focus").filter({ hasText: TEXTS.message }).waitFor()
    expect(page.url()).to.match(/\/chat\?m=msg_[a-z2-7]+$/)
    await page.goBack()
    expect(await field().inputValue()).to.equal("chrysanthemums")
    await follow("peacocks", TEXTS.caption)
    await page.locator("video").waitFor()
    const atS = async (): Promise<number> => await page.evaluate(`document.querySelector("video").currentTime`)
    for (const deadline = performance.now() + 30_000; Math.abs((await atS()) - 1) > 0.1;) {
      if (performance.now() > deadline) throw new Error(`the player stands at ${await atS()} s`)
      await page.waitForTimeout(50)
    }
    await follow("fuselage", "Fuselage")
    await page.getByRole("heading", { name: "Meeting about Reunion", level: 1 }).waitFor()
    await follow("montgolf", TEXTS.title)
    await page.getByRole("heading", { name: TEXTS.title, level: 1 }).waitFor()
    await page.goto(`${stack.url}/app/#/meetings/${garden}/chat?m=${await unknownMessage()}`)
    await page.getByText("The message that this link leads to is not here any more").waitFor()
  })

  /** A message of the other meeting. */
  async function unknownMessage(): Promise<string> {
    return (await terminals.succeed("bob", ["chat", "list", reunion])).messages[0].message
  }

  it("is narrowed down by meeting, author, day and file", async () => {
    await search("")
    await page.getByLabel("Only with a file").check({ force: true })
    await hit("Meeting about Reunion").waitFor()
    expect(await kinds()).to.deep.equal(["Recording", "Recording"])
    await page.getByLabel("Meeting", { exact: true }).selectOption({ label: TEXTS.title })
    await hit("Meeting about Reunion").waitFor({ state: "detached" })
    expect(await kinds()).to.deep.equal(["Recording"])
    await page.getByRole("button", { name: "Clear all" }).click()
    const by = page.getByLabel("Written or said by")
    await by.selectOption({ label: "Ringo Starr" })
    await hit(TEXTS.caption).waitFor()
    await search("peacocks")
    await hit(TEXTS.caption).waitFor()
    await by.selectOption({ label: "Andrew Knight" })
    await page.getByRole("heading", { name: "Nothing was found" }).waitFor()
    await by.selectOption({ label: "Somebody you don't know yet" })
    await search("")
    await hit(TEXTS.message).waitFor()
    await page.getByRole("button", { name: "Clear all" }).click()
    await search("fuselage")
    await hit("Fuselage").waitFor()
    await page.getByLabel("Until this day").fill("2019-12-31")
    await page.getByRole("heading", { name: "Nothing was found" }).waitFor()
    await page.getByLabel("From this day on").fill("2020-01-01")
    await page.getByLabel("Until this day").fill("2020-12-31")
    await hit("Fuselage").waitFor()
    await look(page, "search-narrowed")
    await page.getByRole("button", { name: "Clear all" }).click()
  })

  it("finds what came since, in the text that it has now, and what was deleted no more", async () => {
    const { succeed } = terminals
    const { message } = await succeed("alice", ["chat", "send", garden, "Mind the wisteria"])
    await search("wisteria")
    await hit("Mind the wisteria").waitFor({ timeout: 60_000 })
    await succeed("alice", ["chat", "edit", garden, message, "Mind the hedge"])
    await hit("Mind the wisteria").waitFor({ state: "detached", timeout: 60_000 })
    await search("hedge")
    await hit("Mind the hedge").waitFor()
    await succeed("alice", ["chat", "delete", garden, message])
    await hit("Mind the hedge").waitFor({ state: "detached", timeout: 60_000 })
  })

  it("is done by keyboard alone", async () => {
    const keyboard = keyboardOf(page)
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Search" }).focus()
    await keyboard.press("Enter")
    await keyboard.to(field())
    await page.keyboard.press("ControlOrMeta+A")
    await keyboard.type("orangery")
    await results().nth(1).waitFor()
    await keyboard.press("ArrowDown")
    await keyboard.press("ArrowDown")
    const second = results().nth(1).locator("a.search-hit")
    expect(await second.and(page.locator(":focus")).count()).to.equal(1)
    await keyboard.press("ArrowUp")
    await keyboard.press("ArrowUp")
    expect(await field().and(page.locator(":focus")).count()).to.equal(1)
    await keyboard.to(page.getByLabel("Only with a file"))
    await keyboard.press("Space")
    await results().nth(1).waitFor({ state: "detached" })
    await keyboard.enter(page.getByRole("button", { name: "Clear all" }))
    await keyboard.to(results().first().locator("a.search-hit"))
    await keyboard.press("Enter")
    await page.locator("video").waitFor()
    await page.goBack()
  })

  it("without a server searches what was read before, also after the page was loaded anew, and says so", async () => {
    await profile.context.route(
      (url) => url.pathname.startsWith("/v1/"),
      async (route) => {
        await route.abort()
      },
    )
    await page.reload()
    await search("peacocks")
    await hit(TEXTS.caption).waitFor()
    await page.getByText("The server can't be reached").waitFor({ timeout: 60_000 })
    await look(page, "search-away")
    await profile.context.unroute(() => true)
    await profile.context.unrouteAll()
  })

  it("Y3, Y6: neither what was read nor what was looked for stands in the clear in the profile, in an address or at the server", async () => {
    await search(TEXTS.query)
    await hit(TEXTS.message).waitFor()
    const { folder } = terminals
    profile.assertCalm()
    const shown = page.url()
    expect(await page.evaluate(countShards)).to.equal(2)
    await profile.close()
    const needles = [
      ...Object.entries(TEXTS).map(([name, text]) => ({ name, bytes: Buffer.from(text) })),
      ...(await clientSecrets(join(folder, "bob"), stack.url, garden)),
    ]
    const haystack = new Haystack(needles)
    await seizeFolder(haystack, profile.folder)
    for (const place of stack.folders) await seizeFolder(haystack, place)
    haystack.scan("the server's log", Buffer.from(stack.logs()))
    haystack.scan("the address", Buffer.from(shown))
    expect([...haystack.found]).to.deep.equal([])
    const control = new Haystack(needles)
    await seizeFolder(control, folder)
    expect(control.found.size, "the scan finds them where they are").to.be.above(1)
    await profile.remove()
    profile = await openProfile(stack.url)
    ;({ page } = profile)
  })

  it("signing out leaves nothing of it", async () => {
    await takeAccount(page, join(terminals.folder, "bob"))
    await search("peacocks")
    await hit(TEXTS.caption).waitFor({ timeout: 60_000 })
    await goTo(page, "Devices")
    await page.getByRole("button", { name: "Sign out and forget this device" }).click()
    await page.getByRole("button", { name: "Erase my keys here" }).click()
    await page.getByRole("button", { name: "Create an account" }).waitFor()
    expect(await page.evaluate(countShards)).to.equal(0)
    profile.assertCalm()
  })

  it("of a meeting that one was taken out of, or left, nothing is found any more", async () => {
    const { succeed } = terminals
    await takeAccount(page, join(terminals.folder, "bob"))
    await search("peacocks")
    await hit(TEXTS.caption).waitFor({ timeout: 60_000 })
    await succeed("alice", ["meeting", "remove", garden, accounts.bob])
    await hit(TEXTS.caption).waitFor({ state: "detached", timeout: 60_000 })
    await search("fuselage")
    await hit("Fuselage").waitFor()
    expect(await page.evaluate(countShards)).to.equal(1)
    await succeed("bob", ["meeting", "leave", reunion])
    await hit("Fuselage").waitFor({ state: "detached", timeout: 60_000 })
    expect(await page.evaluate(countShards)).to.equal(0)
    profile.assertCalm()
  })
})

const countShards = `new Promise((resolve, reject) => {
  const opening = indexedDB.open("taciturn")
  opening.onerror = () => reject(opening.error)
  opening.onsuccess = () => {
    const asking = opening.result.transaction("shards").objectStore("shards").getAllKeys()
    asking.onsuccess = () => { opening.result.close(); resolve(new Set(asking.result.map(([name]) => name)).size) }
  }
})`
