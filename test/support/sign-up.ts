import { expect } from "chai"
import type { Page } from "playwright-core"

/** A new account in a browser that has none, as a person makes it. @returns its 24 words. */
export async function signUp(page: Page): Promise<readonly string[]> {
  await page.getByRole("button", { name: "Create an account" }).click()
  await page.getByRole("button", { name: "Make my keys" }).click()
  const words = await wordsShown(page)
  await page.getByRole("button", { name: "I have them on paper" }).click()
  await confirmWords(page, words)
  await page.getByRole("navigation", { name: "Main" }).waitFor()
  return words
}

export async function wordsShown(page: Page): Promise<readonly string[]> {
  const items = page.getByRole("list", { name: "The 24 words" }).getByRole("listitem")
  await items.first().waitFor()
  const words = (await items.allInnerTexts()).map((text) => text.replace(/[\d\s]/g, ""))
  expect(words).to.have.length(24)
  return words
}

/** The numbers of the words that are asked for. */
export async function wordsAskedFor(page: Page): Promise<readonly number[]> {
  await page.getByRole("heading", { name: "Four words" }).waitFor()
  const labels = await page.locator("form label").allInnerTexts()
  expect(labels).to.have.length(4)
  return labels.map((label) => Number(/\d+/.exec(label)?.[0]))
}

export async function confirmWords(page: Page, words: readonly string[]): Promise<void> {
  for (const number of await wordsAskedFor(page))
    await page.getByLabel(`Word ${number}`, { exact: true }).fill(words[number - 1] ?? "")
  await page.getByRole("button", { name: "Confirm" }).click()
}
