import { expect } from "chai"
import type { Page } from "playwright-core"
import { look, openBrowser, type Person, screenshots, type TestBrowser } from "../../../support/browser.js"
import { confirmWords, signUp, wordsAskedFor, wordsShown } from "../../../support/sign-up.js"
import { type Stack, startStack } from "../../../support/stack.js"
import { createMeeting, goTo } from "../../../support/web-steps.js"

describe("first run and devices, in the browser", function () {
  this.timeout(240_000)
  let stack: Stack
  let browser: TestBrowser
  const people: Person[] = []

  before(async () => {
    stack = await startStack("embedded")
    browser = await openBrowser()
  })

  after(async () => {
    await browser.close()
    await stack.stop()
  })

  afterEach(async () => {
    for (const { context, assertCalm } of people.splice(0)) {
      assertCalm()
      await context.close()
    }
  })

  async function newBrowser(): Promise<Page> {
    const made = await browser.person(stack.url)
    people.push(made)
    await made.page.getByRole("heading", { name: "Welcome to Taciturn" }).waitFor()
    return made.page
  }

  it("makes an account: three ways, the words, four of them typed", async () => {
    const page = await newBrowser()
    await look(page, "first-run")
    await press(page, "Create an account")
    expect(await page.getByLabel("What this device is called").inputValue()).to.equal("Chrome on Linux")
    await look(page, "create-account")
    await press(page, "Make my keys")
    const words = await wordsShown(page)
    expect(words.every((word) => /^[a-z]{3,8}$/.test(word))).to.equal(true)
    await look(page, "recovery-phrase")
    await page.emulateMedia({ media: "print" })
    expect(await page.getByRole("button").count()).to.equal(0)
    await page.getByText("If all of your devices are lost: open").waitFor()
    await screenshots(page, "recovery-phrase-printed")
    await page.emulateMedia({ media: "screen" })
    await press(page, "I have them on paper")
    await look(page, "confirm-phrase")

    const [first, second] = await wordsAskedFor(page)
    await word(page, first!).fill("wrong")
    await press(page, "Confirm")
    await page.getByText(`That is not word ${first}.`).waitFor()
    await page.getByText(`Type word ${second}.`).waitFor()
    expect(await word(page, first!).getAttribute("aria-invalid")).to.equal("true")
    await look(page, "confirm-phrase-wrong")
    await press(page, "Show the words again")
    expect(await wordsShown(page)).to.deep.equal(words)
    await press(page, "I have them on paper")
    await confirmWords(page, words)
    await navigation(page).waitFor()
    expect(await page.getByText("You have not shown yet").count()).to.equal(0)
    await page.reload()
    await navigation(page).waitFor()
  })

  it("goes on without words that were never confirmed, says so, and makes new ones", async () => {
    const page = await newBrowser()
    await press(page, "Create an account")
    await press(page, "Make my keys")
    const lost = await wordsShown(page)
    await page.reload()
    await page.getByText("You have not shown yet that you have your recovery words").waitFor()
    await look(page, "words-unconfirmed")
    await page.getByRole("link", { name: "See to my words" }).click()
    await heading(page, "Devices").waitFor()
    await page.getByText("This is your only device").waitFor()
    await look(page, "devices-unconfirmed")

    await press(page, "Replace the words")
    await look(page, "replace-words")
    await press(page, "Make new words")
    await wordsShown(page)
    await press(page, "Cancel")
    await heading(page, "Devices").waitFor()

    await press(page, "Replace the words")
    await press(page, "Make new words")
    const words = await wordsShown(page)
    expect(words).not.to.deep.equal(lost)
    await press(page, "I have them on paper")
    await confirmWords(page, words)
    await page.getByText("The new words count from now on.").waitFor()
    await page.getByText("You have not shown yet").first().waitFor({ state: "detached" })

    await press(page, "Test my words")
    await paste(page, lost)
    await press(page, "Compare")
    await page.getByText("These are the words of another account").waitFor()
    await look(page, "test-words-others")
    await word(page, 3).fill("qwertz")
    await word(page, 4).focus()
    await page.getByText("Word 3: “qwertz” is not in the list of words.").waitFor()
    await press(page, "Compare")
    await page.getByText("Some of these are not in the list of words.").waitFor()
    await word(page, 3).fill(lost[2] === "zoo" ? "abandon" : "zo")
    expect(await page.locator("datalist option").evaluateAll((found) => found.length)).to.be.greaterThan(0)
    await word(page, 3).fill(lost[2] === "zoo" ? "abandon" : "zoo")
    await press(page, "Compare")
    await page
      .getByText(/These are not the words of a recovery phrase|These are the words of another account/)
      .waitFor()
    await look(page, "test-words-wrong")
    // As a person types: spaces go on, and four letters are enough.
    await word(page, 1).focus()
    for (const typed of words) {
      await page.keyboard.press("Control+A")
      await page.keyboard.type(`${typed.slice(0, 4)} `)
    }
    await press(page, "Compare")
    await page.getByText("These are the words of your account.").waitFor()
  })

  it("goes on where the network was lost: the account is told of later, and the old words count until the new ones do", async () => {
    const page = await newBrowser()
    await page.route("**/v1/accounts", async (route) => {
      await route.abort()
    })
    await press(page, "Create an account")
    await press(page, "Make my keys")
    const words = await wordsShown(page)
    await page.reload()
    await heading(page, "The server doesn't know your account yet").waitFor()
    await look(page, "account-unregistered")
    await page.unroute("**/v1/accounts")
    await heading(page, "The server doesn't know your account yet").waitFor({ state: "detached" })

    await page.route("**/links", async (route) => {
      await route.abort()
    })
    await openDevices(page)
    await press(page, "Replace the words")
    await press(page, "Make new words")
    const unsent = await wordsShown(page)
    await press(page, "I have them on paper")
    await confirmWords(page, unsent)
    await heading(page, "It is not known yet whether the new words count").waitFor()
    await look(page, "words-unsure")
    await page.unroute("**/links")
    await press(page, "Find out which words count")
    await heading(page, "Your old words still count").waitFor()
    await look(page, "words-old")
    await press(page, "Back")
    await press(page, "Test my words")
    await paste(page, words)
    await press(page, "Compare")
    await page.getByText("These are the words of your account.").waitFor()
  })

  it("links a device by its code, renames it, removes it", async () => {
    const page = await newBrowser()
    await signUp(page)
    const other = await newBrowser()
    await press(other, "Link this device")
    await look(other, "link-device")
    await other.getByLabel("What this device is called").fill("Phone")
    await press(other, "Show the code")
    await heading(other, "Show this code to your other device").waitFor()
    await look(other, "link-device-code")
    const code = await other.locator("main code").innerText()

    await createMeeting(page, "Plans")
    await openDevices(page)
    await press(page, "Link another device")
    await page.getByLabel("The code that the new device shows").fill("pair_abc")
    await press(page, "Go on")
    await page.getByText("That is not a whole code.").waitFor()
    await look(page, "approve-device")
    await page.getByLabel("The code that the new device shows").fill(code)
    await press(page, "Go on")
    await heading(page, "Add “Phone” to your account?").waitFor()
    await look(page, "approve-device-ask")
    await press(page, "Add this device")
    await page.getByText("“Phone” is a device of your account now.").waitFor()
    await look(page, "devices")

    await heading(other, "This device is linked").waitFor()
    await other.getByText("Chrome on Linux").waitFor()
    await look(other, "device-linked")
    await press(other, "These are not my devices")
    await look(other, "device-linked-not-mine")
    await press(other, "Cancel")
    await press(other, "These are mine: go on")
    await navigation(other).waitFor()
    await other.getByText("Plans").waitFor()

    await press(page, "Rename Phone")
    await page.getByLabel("What it is called").fill("Old phone")
    await look(page, "rename-device")
    await press(page, "Save")
    await press(page, "Remove Old phone")
    await look(page, "remove-device")
    await press(page, "Remove this device")
    await page.getByText("“Old phone” is removed.").waitFor()
    await page.getByText("One meeting has a new key.").waitFor()
    await page.getByRole("button", { name: "Remove Old phone" }).waitFor({ state: "detached" })
    await page.getByText("This is your only device").waitFor()

    await other.reload()
    await other.getByText("This device was removed from your account.").waitFor()
    await look(other, "device-removed")
    await press(other, "Forget this account here")
    await press(other, "Erase my keys here")
    await heading(other, "Welcome to Taciturn").waitFor()
  })

  it("recovers an account by its words, and removes what is lost", async () => {
    const page = await newBrowser()
    const words = await signUp(page)
    await createMeeting(page, "Plans")
    const other = await newBrowser()
    await press(other, "Recover my account")
    await press(other, "Open my account")
    await other.getByText("Type all 24 words.").waitFor()
    await look(other, "recover")
    await paste(other, [...words].reverse())
    await press(other, "Open my account")
    await other.getByText(/These are not the words|No account at this server/).waitFor()
    await paste(other, words)
    await other.getByLabel("What this device is called").fill("New laptop")
    await press(other, "Open my account")
    await heading(other, "Which of these do you have in your hand?").waitFor()
    await look(other, "recover-keep")
    await other.getByText("Chrome on Linux").click()
    await other.getByRole("button", { name: "Keep all of them" }).waitFor()
    await other.getByText("Chrome on Linux").click()
    await press(other, "Remove the other device, and go on")
    await heading(other, "Your account is here again").waitFor()
    await other.getByText("One meeting is here again.").waitFor()
    await other.getByText("Removed: Chrome on Linux.").waitFor()
    await other.getByText("One meeting has a new key.").waitFor()
    await look(other, "recovered")
    await press(other, "Show my meetings")
    await navigation(other).waitFor()
    await page.reload()
    await page.getByText("This device was removed from your account.").waitFor()
  })

  it("signs out, and closes an account for good", async () => {
    const page = await newBrowser()
    const words = await signUp(page)
    await openDevices(page)
    await press(page, "Sign out and forget this device")
    await look(page, "forget-device")
    await press(page, "Erase my keys here")
    await heading(page, "Welcome to Taciturn").waitFor()
    expect(await page.evaluate("indexedDB.databases().then((found) => found.length)")).to.be.at.most(1)

    await press(page, "Recover my account")
    await paste(page, words)
    await press(page, "Open my account")
    await press(page, "Remove the other device, and go on")
    await press(page, "Show my meetings")
    await createMeeting(page, "Plans")
    await openDevices(page)
    await press(page, "Close my account")
    await page.getByRole("heading", { name: "These meetings are deleted" }).waitFor()
    await page.getByText("Plans").waitFor()
    await look(page, "close-account")
    await press(page, "Close my account for good")
    await page.getByRole("alertdialog").or(page.getByRole("dialog")).waitFor()
    await look(page, "close-account-ask")
    await page.getByRole("dialog").getByRole("button", { name: "Close my account for good" }).click()
    await heading(page, "Your account is closed").waitFor()
    await press(page, "Erase my keys here")
    await heading(page, "Welcome to Taciturn").waitFor()
    await press(page, "Recover my account")
    await paste(page, words)
    await press(page, "Open my account")
    await page.locator(".notice-bad").waitFor()
    await look(page, "recover-closed")
  })
})

const navigation = (page: Page) => page.getByRole("navigation", { name: "Main" })
const heading = (page: Page, name: string) => page.getByRole("heading", { name, level: 1 })
const word = (page: Page, number: number) => page.getByLabel(`Word ${number}`, { exact: true })

async function press(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name, exact: true }).click()
}

async function openDevices(page: Page): Promise<void> {
  await goTo(page, "Devices")
  await page.getByRole("list", { name: "Your devices" }).waitFor()
}

/** All words at once, with their numbers, as they are on a sheet that was printed. */
async function paste(page: Page, words: readonly string[]): Promise<void> {
  await word(page, 5).focus()
  const text = words.map((one, index) => `${index + 1}. ${one}`).join("\n")
  await page.evaluate(
    `document.activeElement.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, cancelable: true,
      clipboardData: (() => { const data = new DataTransfer(); data.setData("text/plain", ${JSON.stringify(text)}); return data })() }))`,
  )
}
