import { expect } from "chai"
import type { Page } from "playwright-core"
import { assertAccessible, openBrowser, type Person, screenshots, type TestBrowser } from "../../../support/browser.js"
import { type Stack, startStack } from "../../../support/stack.js"

describe("first run and devices, in the browser", function () {
  this.timeout(180_000)
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

  async function person(): Promise<Person> {
    const made = await browser.person(stack.url)
    people.push(made)
    return made
  }

  it("makes an account: three ways, the words, four of them typed", async () => {
    const { page } = await person()
    await page.getByRole("heading", { name: "Welcome to Taciturn" }).waitFor()
    await look(page, "first-run")
    await page.getByRole("button", { name: "Create an account" }).click()
    expect(await page.getByLabel("What this device is called").inputValue()).to.equal("Chrome on Linux")
    await look(page, "create-account")
    await page.getByRole("button", { name: "Make my keys" }).click()
    const words = await wordsShown(page)
    expect(new Set(words.map((word) => /^[a-z]{3,8}$/.test(word)))).to.deep.equal(new Set([true]))
    await look(page, "recovery-phrase")
    await page.getByRole("button", { name: "I have them on paper" }).click()
    await look(page, "confirm-phrase")

    const [first] = await askedFor(page)
    await page.getByLabel(`Word ${first}`, { exact: true }).fill("wrong")
    await page.getByRole("button", { name: "Confirm" }).click()
    await page.getByText(`That is not word ${first}.`).waitFor()
    expect(await page.getByLabel(`Word ${first}`, { exact: true }).getAttribute("aria-invalid")).to.equal("true")
    await look(page, "confirm-phrase-wrong")
    await page.getByRole("button", { name: "Show the words again" }).click()
    expect(await wordsShown(page)).to.deep.equal(words)
    await page.getByRole("button", { name: "I have them on paper" }).click()
    await confirm(page, words)
    await page.getByRole("navigation", { name: "Main" }).waitFor()
    await page.reload()
    await page.getByRole("navigation", { name: "Main" }).waitFor()
  })
})

async function look(page: Page, name: string): Promise<void> {
  await assertAccessible(page)
  await screenshots(page, name)
}

async function wordsShown(page: Page): Promise<readonly string[]> {
  const items = page.getByRole("list", { name: "The 24 words" }).getByRole("listitem")
  await items.first().waitFor()
  const words = (await items.allInnerTexts()).map((text) => text.replace(/[\d\s]/g, ""))
  expect(words).to.have.length(24)
  return words
}

/** The numbers of the words that are asked for. */
async function askedFor(page: Page): Promise<readonly number[]> {
  await page.getByRole("heading", { name: "Four words" }).waitFor()
  const labels = await page.locator("form label").allInnerTexts()
  expect(labels).to.have.length(4)
  return labels.map((label) => Number(/\d+/.exec(label)?.[0]))
}

async function confirm(page: Page, words: readonly string[]): Promise<void> {
  for (const number of await askedFor(page))
    await page.getByLabel(`Word ${number}`, { exact: true }).fill(words[number - 1] ?? "")
  await page.getByRole("button", { name: "Confirm" }).click()
}
