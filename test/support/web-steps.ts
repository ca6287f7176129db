import { expect } from "chai"
import type { Locator, Page } from "playwright-core"
import { signUp } from "./sign-up.js"

/** What people do in the app, one step after another, as its screens name it. */

/** Makes an account. @returns its id, as its own card shows it. */
export async function createAccount(page: Page): Promise<string> {
  await signUp(page)
  return await ownAccount(page)
}

/** @returns the account's id, as its own card shows it. */
export async function ownAccount(page: Page): Promise<string> {
  await goTo(page, "People")
  await page.getByRole("button", { name: "Show my card" }).click()
  const card = page.getByRole("dialog")
  const text = await card.innerText()
  await page.keyboard.press("Escape")
  await card.waitFor({ state: "detached" })
  const id = /acct_[a-z0-9]+/i.exec(text)?.[0]
  if (id === undefined) throw new Error(`no account id in: ${text}`)
  return id
}

export async function goTo(page: Page, area: string): Promise<void> {
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: area, exact: true }).click()
  await page.locator("main h1").waitFor()
}

/** @returns the meeting's id. */
export async function createMeeting(page: Page, title: string): Promise<string> {
  await goTo(page, "Meetings")
  await page.getByRole("button", { name: "New meeting" }).click()
  await page.getByLabel("What the meeting is called").fill(title)
  await page.getByRole("button", { name: "Make the meeting" }).click()
  await page.getByRole("heading", { name: title }).waitFor()
  return /mtg_[a-z0-9]+/i.exec(page.url())?.[0] ?? ""
}

/** From the meeting's screen. */
export async function addMember(page: Page, account: string): Promise<void> {
  await page.getByRole("tab", { name: "Members" }).click()
  await page.getByRole("button", { name: "Add somebody" }).click()
  await page.getByLabel(/^Their card/).fill(account)
  await page.getByRole("button", { name: "Add and invite" }).click()
  await page.getByRole("dialog").waitFor({ state: "detached" })
}

/** Joins the meeting that an invitation names, once it came. */
export async function acceptInvitation(page: Page): Promise<void> {
  const join = page.getByRole("button", { name: "Join", exact: true })
  for (let tries = 0; ; tries++) {
    await goTo(page, "People")
    await goTo(page, "Meetings")
    const came = await join
      .first()
      .waitFor({ timeout: 2_000 })
      .then(
        () => true,
        () => false,
      )
    if (came) break
    if (tries > 10) throw new Error("no invitation came")
  }
  await join.first().click()
  await page.getByRole("tab", { name: "Recordings" }).waitFor()
}

/** Opens a meeting's screen from anywhere. */
export async function openMeeting(page: Page, title: string): Promise<void> {
  await goTo(page, "Meetings")
  await page.getByRole("main").getByRole("link", { name: title }).click()
  await page.getByRole("tab", { name: "Recordings" }).waitFor()
}

/** From the meeting's screen: the row of somebody among its members. */
export async function memberRow(page: Page, name: string): Promise<Locator> {
  await page.getByRole("tab", { name: "Members" }).click()
  const row = page.getByRole("tabpanel").getByRole("listitem").filter({ hasText: name })
  await row.first().waitFor()
  return row.first()
}

/** The 24 words that stand under a heading of somebody's screen. */
export async function wordsUnder(page: Page, title: string): Promise<readonly string[]> {
  const words = page.getByRole("heading", { name: title }).locator("xpath=..").getByRole("listitem")
  await words.first().waitFor()
  expect(await words.count()).to.equal(24)
  return await words.allInnerTexts()
}

/** From the meeting's screen, where it has one other member who is not known yet: gives them a name. */
export async function nameOther(page: Page, name: string): Promise<void> {
  const row = await memberRow(page, "Somebody you don't know yet")
  await row.getByRole("link").click()
  await page.getByRole("button", { name: "Add to your people" }).click()
  await page.getByLabel("What you call them").fill(name)
  await page.keyboard.press("Enter")
  await page.getByRole("heading", { name, exact: true, level: 1 }).waitFor()
}

/** Lets a device that shows no account yet into somebody's account: it shows a code, which the other one takes. */
export async function linkDevice(owner: Page, device: Page, name: string): Promise<void> {
  await device.getByRole("button", { name: "Link this device" }).click()
  await device.getByLabel("What this device is called").fill(name)
  await device.getByRole("button", { name: "Show the code" }).click()
  await device.getByRole("heading", { name: "Show this code to your other device" }).waitFor()
  const code = await device.locator("main code").innerText()
  await goTo(owner, "Devices")
  await owner.getByRole("button", { name: "Link another device" }).click()
  await owner.getByLabel("The code that the new device shows").fill(code)
  await owner.getByRole("button", { name: "Go on" }).click()
  await owner.getByRole("button", { name: "Add this device" }).click()
  await owner.getByText(`“${name}” is a device of your account now.`).waitFor()
  await device.getByRole("button", { name: "These are mine: go on" }).click()
  await device.getByRole("navigation", { name: "Main" }).waitFor()
}

/** In a browser without an account: opens one by its 24 words, and removes every other device of it. */
export async function recoverAccount(page: Page, words: readonly string[]): Promise<void> {
  await page.getByRole("button", { name: "Recover my account" }).click()
  for (const [index, word] of words.entries()) await page.getByLabel(`Word ${index + 1}`, { exact: true }).fill(word)
  await page.getByRole("button", { name: "Open my account" }).click()
  await page.getByRole("button", { name: /^Remove .*, and go on$/ }).click()
  await page.getByRole("heading", { name: "Your account is here again" }).waitFor()
  await page.getByRole("button", { name: "Show my meetings" }).click()
  await page.getByRole("navigation", { name: "Main" }).waitFor()
}

/** From anywhere, by its address: the app is loaded anew. */
export async function openRecording(page: Page, url: string, meeting: string, recording: string): Promise<void> {
  await page.goto("about:blank")
  await page.goto(`${url}/app/#/meetings/${meeting}/recordings/${recording}`)
  await page.locator("video").waitFor()
}

/** From the meeting's screen: chooses a file, gives it a title, and waits until it is published. */
export async function uploadFile(page: Page, path: string, title: string): Promise<void> {
  await page.getByRole("tab", { name: "Recordings" }).click()
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Upload", exact: true }).click(),
  ])
  await chooser.setFiles(path)
  const dialog = page.getByRole("dialog")
  await dialog.getByLabel("Title").fill(title)
  await dialog.getByRole("button", { name: "Upload it" }).click()
  await page.getByRole("tabpanel").getByRole("link", { name: title, exact: true }).waitFor()
}

/** Waits until the player shows a frame, and then until it has gone on by as much. */
export async function watchFor(page: Page, seconds: number): Promise<void> {
  const video = page.locator("video")
  await video.waitFor()
  if (await video.evaluate((player) => Reflect.get(player, "paused") as boolean)) await page.keyboard.press("k")
  const deadline = Date.now() + 20_000
  for (;;) {
    const at = await video.evaluate((player) => Reflect.get(player, "currentTime") as number)
    if (at >= seconds) return
    if (Date.now() > deadline) throw new Error(`the player stands at ${at} s`)
    await page.waitForTimeout(100)
  }
}
