import type { Locator, Page } from "playwright-core"

/** What tests of the chat do on its screen. */

export function messageIn(page: Page, text: string | RegExp): Locator {
  return page.getByRole("list", { name: "Messages" }).getByRole("listitem").filter({ hasText: text })
}

export function composerOf(page: Page): Locator {
  return page.getByRole("textbox", { name: "Your message" })
}

export async function say(page: Page, text: string): Promise<void> {
  await composerOf(page).fill(text)
  await composerOf(page).press("Enter")
}
