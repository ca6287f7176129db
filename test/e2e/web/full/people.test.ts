import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import type { Locator, Page } from "playwright-core"
import { look, openBrowser, type Person, type TestBrowser } from "../../../support/browser.js"
import { temporaryFolder } from "../../../support/programs.js"
import { signUp } from "../../../support/sign-up.js"
import { type Stack, startStack } from "../../../support/stack.js"
import { terminalsAt } from "../../../support/taciturn.js"
import { wordsUnder } from "../../../support/web-steps.js"
import { filmOfQr } from "../../../support/y4m.js"

describe("people and verification, in the browser", function () {
  this.timeout(180_000)
  let stack: Stack
  let browser: TestBrowser
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let film: string
  const people: Person[] = []
  let [alice, bob, carol]: Page[] = []
  const cards = new Map<Page, string>()

  before(async () => {
    stack = await startStack("embedded")
    folder = await temporaryFolder()
    film = join(folder.path, "camera.y4m")
    browser = await openBrowser(["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${film}`])
    for (let count = 0; count < 3; count++) people.push(await browser.person(stack.url))
    ;[alice, bob, carol] = people.map(({ page }) => page)
    await Promise.all(
      people.map(async ({ page }) => {
        await signUp(page)
      }),
    )
  })

  after(async () => {
    await browser.close()
    await stack.stop()
    await folder.remove()
  })

  it("begins with nobody, and shows one's own card", async () => {
    for (const { page, context } of people) {
      await context.grantPermissions(["clipboard-read", "clipboard-write"])
      await page.getByRole("link", { name: "People" }).click()
      await page.getByRole("heading", { name: "Nobody yet" }).waitFor()
      if (page === alice) await look(page, "people-empty")
      await page.getByRole("button", { name: "Show my card" }).click()
      const sheet = page.getByRole("dialog", { name: "My card" })
      await sheet.getByRole("button", { name: "Copy" }).click()
      await sheet.getByText("Copied").waitFor()
      const link = await sheet.locator("code").first().innerText()
      expect(link).to.match(new RegExp(`^${stack.url}/c#card_[a-z0-9]+$`))
      cards.set(page, link)
      if (page === alice) await look(page, "my-card")
      await page.keyboard.press("Escape")
      await sheet.waitFor({ state: "detached" })
    }
  })

  it("somebody is added by the link to their card, pasted or opened", async () => {
    await add(alice!, cards.get(bob!)!, "Bob")
    await alice!.getByText("Known by their card").first().waitFor()
    await look(alice!, "person-by-card")
    await bob!.goto(cards.get(alice!)!)
    const sheet = bob!.getByRole("dialog", { name: "Add somebody" })
    expect(`${stack.url}/c#${await sheet.getByLabel("Their card").inputValue()}`).to.equal(cards.get(alice!))
    await look(bob!, "add-person")
    await sheet.getByLabel("What you call them").fill("Alice")
    await bob!.keyboard.press("Enter")
    await bob!.getByRole("heading", { name: "Alice", exact: true }).waitFor()
  })

  it("what is no card, one's own, or nobody's is said to be that", async () => {
    await bob!.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "People" }).click()
    await bob!.getByRole("button", { name: "Add somebody" }).click()
    const sheet = bob!.getByRole("dialog", { name: "Add somebody" })
    for (const [who, answer] of [
      ["somebody", "This is no card, account id or @handle"],
      [cards.get(bob!)!, "This is your own card"],
      [cards.get(alice!)!.slice(0, -1), "It may be cut off"],
      ["@nobody.here", "Nobody has this handle"],
    ] as const) {
      await sheet.getByLabel("Their card").fill(who)
      await sheet.getByRole("button", { name: "Add", exact: true }).click()
      await sheet.getByText(answer).waitFor()
    }
    await look(bob!, "add-person-wrong")
    await bob!.keyboard.press("Escape")
    await bob!.getByRole("link", { name: "Alice" }).click()
  })

  it("both see the same words, in the same order, and what they say of them is kept or not", async () => {
    expect(await wordsUnder(alice!, "Your words")).to.deep.equal(await wordsUnder(bob!, "The words of Alice"))
    expect(await wordsUnder(alice!, "The words of Bob")).to.deep.equal(await wordsUnder(bob!, "Your words"))
    await bob!.getByRole("button", { name: "They don't match" }).click()
    await bob!.getByText("Nothing was marked as verified").waitFor()
    await look(bob!, "person-mismatch")
    await bob!.reload()
    await bob!.getByText("Known by their card").first().waitFor()
    await alice!.getByRole("button", { name: "They match" }).click()
    await alice!.getByText("You made sure that this account is theirs").waitFor()
    expect(await alice!.evaluate("document.activeElement.textContent")).to.equal("Is it really them?")
    await look(alice!, "person-verified")
    await alice!.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "People" }).click()
    await row(alice!, "Bob").getByText("Verified").waitFor()
  })

  it("without a camera that it may use, it says so, and the link can be pasted", async () => {
    await bob!.getByRole("button", { name: "Scan their code instead" }).click()
    const sheet = bob!.getByRole("dialog", { name: "Scan the code on their screen" })
    // The pretended camera is there once its film is.
    await sheet.getByText("There is no camera on this device.").waitFor()
    await bob!.keyboard.press("Escape")
    await writeFile(film, filmOfQr(cards.get(alice!)!))
    await bob!.getByRole("button", { name: "Scan their code instead" }).click()
    await sheet.getByText("The camera is not allowed here.").waitFor()
    await look(bob!, "scan-denied")
    await sheet.getByRole("textbox").fill(cards.get(carol!)!)
    await sheet.getByRole("button", { name: "Compare" }).click()
    await sheet.getByText("This is another account's code").waitFor()
    await sheet.getByRole("button", { name: "Close" }).click()
  })

  it("another's code verifies nobody; the right one does, and the camera is let go", async () => {
    for (const { context } of people) await context.grantPermissions(["camera"])
    await bob!.evaluate(KEEP_STREAMS)
    await writeFile(film, filmOfQr(cards.get(carol!)!))
    await bob!.getByRole("button", { name: "Scan their code instead" }).click()
    const sheet = bob!.getByRole("dialog", { name: "Scan the code on their screen" })
    await sheet.getByText("This is another account's code").waitFor()
    await look(bob!, "scan-wrong")
    await sheet.getByRole("button", { name: "Close" }).click()
    await bob!.getByText("Known by their card").first().waitFor()

    await writeFile(film, filmOfQr("https://example.com/menu"))
    await bob!.getByRole("button", { name: "Scan their code instead" }).click()
    await sheet.getByText("This is no card").waitFor()
    await look(bob!, "scan")
    await bob!.keyboard.press("Escape")
    await sheet.waitFor({ state: "detached" })

    await writeFile(film, filmOfQr(cards.get(alice!)!))
    await bob!.getByRole("button", { name: "Scan their code instead" }).click()
    await sheet.getByText("The code is theirs").waitFor()
    await look(bob!, "scan-right")
    await sheet.getByRole("button", { name: "Close" }).click()
    await bob!.getByText("You made sure that this account is theirs").waitFor()
    expect(await bob!.evaluate("streams.map((stream) => stream.active)")).to.deep.equal([false, false, false])
  })

  it("somebody is added by their code", async () => {
    await writeFile(film, filmOfQr(cards.get(bob!)!))
    await carol!.getByRole("button", { name: "Add somebody" }).click()
    const sheet = carol!.getByRole("dialog", { name: "Add somebody" })
    await sheet.getByRole("button", { name: "Scan their code" }).click()
    await sheet.getByText("Their card was read.").waitFor()
    expect(await sheet.getByLabel("Their card").inputValue()).to.equal(cards.get(bob!))
    await sheet.getByRole("button", { name: "Add", exact: true }).click()
    await carol!.getByRole("heading", { name: /^No name yet/ }).waitFor()
    await carol!.getByRole("button", { name: "Rename" }).click()
    await carol!.getByLabel("What you call them").fill("Bob B.")
    await carol!.keyboard.press("Enter")
    await carol!.getByRole("heading", { name: "Bob B.", exact: true }).waitFor()
  })

  it("somebody who is known by a handle alone is marked, and the server can't quietly point it at another", async () => {
    await setHandle(carol!, "carol.c", "Others find you as @carol.c.")
    await refuseHandle(bob!, "carol.c", "Somebody else has this handle.")
    await refuseHandle(bob!, "Bob!", "A handle has 3 to 32 small letters and digits")
    await add(alice!, "@carol.c", "Carol")
    await alice!.getByText("Known by name alone").first().waitFor()
    await look(alice!, "person-by-handle")
    await setHandle(carol!, null, "You have no handle any more.")
    await setHandle(bob!, "carol.c", "Others find you as @carol.c.")
    await alice!.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "People" }).click()
    await row(alice!, "Carol").getByText("Changed", { exact: true }).waitFor()
    await alice!.getByText("What the marks mean").click()
    await look(alice!, "people")
    await row(alice!, "Carol").getByRole("link").click()
    await alice!.getByText("The server shows another account").waitFor()
    await look(alice!, "person-changed")
    expect(await alice!.getByRole("button", { name: "They match" }).count()).to.equal(0)
    await setHandle(bob!, null, "You have no handle any more.")
  })

  it("somebody is blocked, unblocked and removed", async () => {
    await alice!.getByRole("button", { name: "Block", exact: true }).click()
    const sheet = alice!.getByRole("dialog", { name: "Block Carol?" })
    await look(alice!, "block")
    await sheet.getByRole("button", { name: "Block" }).click()
    await alice!.getByText("You blocked them").waitFor()
    expect(await alice!.evaluate("document.activeElement.textContent")).to.equal("Unblock")
    await alice!.getByRole("button", { name: "Remove from your people" }).click()
    await alice!.getByRole("dialog", { name: "Remove Carol?" }).getByRole("button", { name: "Remove" }).click()
    await alice!.getByRole("heading", { name: "Blocked people" }).waitFor()
    expect(await row(alice!, "Carol").count()).to.equal(0)
    await look(alice!, "people-blocked")
    await alice!.getByRole("button", { name: /^Unblock/ }).click()
    await alice!.getByText("can invite you again").waitFor()
    await alice!.getByRole("heading", { name: "Blocked people" }).waitFor({ state: "detached" })
  })

  it("somebody who is no contact can be looked at, named and verified", async () => {
    const account = await accountOf(alice!)
    await carol!.goto(`${stack.url}/app/#/people/${account}`)
    await carol!.getByRole("heading", { name: "Somebody you don't know yet", exact: true }).waitFor()
    await carol!.getByRole("button", { name: "They match" }).waitFor()
    await look(carol!, "person-unknown")
    await carol!.getByRole("button", { name: "Add to your people" }).click()
    await carol!.getByLabel("What you call them").fill("Alice")
    await carol!.keyboard.press("Enter")
    await carol!.getByText("Known by their account id").first().waitFor()
    await carol!.getByRole("button", { name: "They match" }).click()
    await carol!.getByText("You made sure that this account is theirs").waitFor()
  })

  it("the meetings that are shared are found, and nothing that happens to an account is silent", async () => {
    const dave = await terminalsAt(stack.url)
    await dave.succeed("dave", ["init"])
    const { card } = await dave.succeed("dave", ["contact", "card"])
    await add(alice!, card, "Dave")
    await dave.succeed("dave", ["contact", "add", cards.get(alice!)!, "--name", "Alice"])
    const { meeting } = await dave.succeed("dave", ["meeting", "create", "Weekly call"])
    await dave.succeed("dave", ["meeting", "add", meeting, "Alice"])
    await alice!.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Meetings" }).click()
    await alice!.getByRole("button", { name: "Join" }).click()
    await alice!.getByRole("heading", { name: "Weekly call" }).waitFor()
    await dave.succeed("dave", ["recovery", "replace", "--phrase-file", "words"])
    await toPeople(alice!)
    await row(alice!, "Dave").getByText("Their account changed since").waitFor()
    await row(alice!, "Dave").getByRole("link").click()
    await alice!.getByRole("link", { name: "Weekly call" }).waitFor()
    await alice!.getByText("The recovery phrase was replaced").waitFor()
    await alice!.getByText("since you added them").waitFor()
    await look(alice!, "person")
    await dave.close()
  })

  it("asked no other origin for anything", () => {
    for (const { assertCalm } of people) assertCalm()
  })

  function row(page: Page, name: string): Locator {
    return page.getByRole("list", { name: "People you know" }).getByRole("listitem").filter({ hasText: name })
  }

  async function toPeople(page: Page): Promise<void> {
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "People" }).click()
    await page.getByRole("heading", { name: "People", exact: true }).waitFor()
  }

  async function add(page: Page, who: string, name: string): Promise<void> {
    await toPeople(page)
    await page.getByRole("button", { name: "Add somebody" }).click()
    const sheet = page.getByRole("dialog", { name: "Add somebody" })
    await sheet.getByLabel("Their card").fill(who)
    await sheet.getByLabel("What you call them").fill(name)
    await sheet.getByRole("button", { name: "Add", exact: true }).click()
    await page.getByRole("heading", { name, exact: true }).waitFor()
  }

  async function setHandle(page: Page, handle: string | null, answer: string): Promise<void> {
    await toPeople(page)
    await page.getByRole("button", { name: "Show my card" }).click()
    const sheet = page.getByRole("dialog", { name: "My card" })
    if (handle === null) await sheet.getByRole("button", { name: "Give it up" }).click()
    else {
      await sheet.getByLabel("Your handle").fill(handle)
      await sheet.getByRole("button", { name: "Save handle" }).click()
    }
    await sheet.getByText(answer).waitFor()
    await page.keyboard.press("Escape")
    await sheet.waitFor({ state: "detached" })
  }

  async function refuseHandle(page: Page, handle: string, answer: string): Promise<void> {
    await toPeople(page)
    await page.getByRole("button", { name: "Show my card" }).click()
    const sheet = page.getByRole("dialog", { name: "My card" })
    await sheet.getByLabel("Your handle").fill(handle)
    await sheet.getByRole("button", { name: "Save handle" }).click()
    await sheet.getByText(answer).waitFor()
    await sheet.getByRole("button", { name: "Close" }).click()
    await sheet.waitFor({ state: "detached" })
  }

  async function accountOf(page: Page): Promise<string> {
    await toPeople(page)
    await page.getByRole("button", { name: "Show my card" }).click()
    const account = await page
      .getByRole("dialog", { name: "My card" })
      .getByText(/^acct_/)
      .innerText()
    await page.keyboard.press("Escape")
    return account
  }
})

/** Of every camera that the page opens from now on. */
const KEEP_STREAMS = `{
  const { mediaDevices } = navigator
  const open = mediaDevices.getUserMedia.bind(mediaDevices)
  globalThis.streams = []
  mediaDevices.getUserMedia = async (wanted) => {
    const stream = await open(wanted)
    streams.push(stream)
    return stream
  }
}`
