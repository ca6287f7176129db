import type { Page } from "playwright-core"

/** A new account in a browser that has none, as a person makes it. */
export async function signUp(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Create an account" }).click()
  await page.getByRole("button", { name: "Make my keys" }).click()
  const items = page.getByRole("list", { name: "The 24 words" }).getByRole("listitem")
  await items.first().waitFor()
  const words = (await items.allInnerTexts()).map((text) => text.replace(/[\d\s]/g, ""))
  await page.getByRole("button", { name: "I have them on paper" }).click()
  await page.getByRole("heading", { name: "Four words" }).waitFor()
  for (const label of await page.locator("form label").allInnerTexts())
    await page.getByLabel(label, { exact: true }).fill(words[Number(/\d+/.exec(label)?.[0]) - 1] ?? "")
  await page.getByRole("button", { name: "Confirm" }).click()
  await page.getByRole("navigation", { name: "Main" }).waitFor()
}
