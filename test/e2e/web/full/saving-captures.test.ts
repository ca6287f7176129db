import { expect } from "chai"
import { setTimeout as delay } from "node:timers/promises"
import type { Locator, Page } from "playwright-core"
import { formatId } from "../../../../shared/protocol/ids.js"
import { readMeeting } from "../../../../client/sdk/meetings.js"
import { titleOf } from "../../../../client/sdk/recordings.js"
import { openScene, type Scene } from "../../../hostile/support.js"
import {
  assertAccessible,
  crashTab,
  openBrowser,
  type Person,
  screenshots,
  type TestBrowser,
} from "../../../support/browser.js"
import { startFilm } from "../../../support/live-film.js"
import { goTo, watchFor } from "../../../support/web-steps.js"
import { takeAccount } from "../../../support/web-account.js"

/** What there is of a capture whose recorder is gone, as another member saves it. SPEC.md §7.6. */
describe("saving what there is of an interrupted recording, in the browser", function () {
  this.timeout(240_000)
  let scene: Scene
  let browser: TestBrowser
  let person: Person
  let page: Page

  const SEGMENTS = /\/live\/segments\//
  const LONG_AGO_MS = 10 * 60_000

  before(async () => {
    scene = await openScene()
    browser = await openBrowser(["--autoplay-policy=no-user-gesture-required"])
    person = await browser.person(scene.liar.url)
    page = person.page
    await takeAccount(page, scene.bob.home)
  })
  afterEach(() => {
    person.assertCalm()
  })
  after(async () => {
    await browser.close()
    await scene.close()
  })

  async function toMeeting(): Promise<void> {
    await page.goto(`${scene.liar.url}/app/#/meetings/${formatId("meeting", scene.meetingId)}`)
    await page.getByRole("tab", { name: "Recordings" }).waitFor()
  }

  /** Alice records for some seconds, long ago by her clock, and is gone. */
  async function breakOff(title: string): Promise<void> {
    const { client, home } = scene.alice
    const slow = { client: { ...client, clock: { nowMs: () => Date.now() - LONG_AGO_MS } }, home }
    const film = await startFilm(slow, scene.meetingId, title)
    while ((film.state()?.sentSegments ?? 0) < 12) await delay(100)
    await film.die()
  }

  const uploads = (): Locator => page.getByRole("region", { name: "Uploads" })
  const row = (title: string): Locator => uploads().getByRole("listitem").filter({ hasText: title })
  const saved = (title: string): string => `${title} (what was saved)`

  /** From the meeting's screen. */
  async function save(title: string): Promise<void> {
    const card = page.getByRole("region", { name: "Being recorded" }).getByRole("article").filter({ hasText: title })
    await card.getByRole("button", { name: "Save what there is" }).click()
    await page.getByRole("dialog").getByRole("button", { name: "Save it" }).click()
    await page.getByRole("dialog").waitFor({ state: "detached" })
  }

  /** What comes of a recording stays on its way. */
  async function holdSegments(): Promise<void> {
    await page.route(SEGMENTS, () => undefined)
  }

  async function titles(): Promise<readonly string[]> {
    const { recordings } = await readMeeting(scene.alice.client, scene.meetingId)
    return recordings.map((recording) => titleOf(recording) ?? "")
  }

  async function look(name: string): Promise<void> {
    await assertAccessible(page)
    await screenshots(page, name)
  }

  it("goes on after the crash of its tab, and what was saved plays", async () => {
    await breakOff("Hearing")
    await toMeeting()
    await holdSegments()
    await save("Hearing")
    await row("Hearing").getByText("Fetching and checking what there is").waitFor()
    await look("saving-fetching")
    page = await crashTab(page, scene.liar.url)
    await goTo(page, "Uploads")
    await row("Hearing").getByText("Stored, its receipt is verified").waitFor({ timeout: 120_000 })
    await look("saving-done")
    await row("Hearing")
      .getByRole("link", { name: /^Watch/ })
      .click()
    await watchFor(page, 1)
    expect(await titles()).to.include(saved("Hearing"))
  })

  it("is paused and goes on", async () => {
    await breakOff("Second hearing")
    await toMeeting()
    await holdSegments()
    await save("Second hearing")
    await row("Second hearing").getByText("Fetching and checking what there is").waitFor()
    await row("Second hearing")
      .getByRole("button", { name: /^Pause/ })
      .click()
    await row("Second hearing").getByText("Paused", { exact: true }).waitFor()
    await page.unroute(SEGMENTS)
    await row("Second hearing")
      .getByRole("button", { name: /^Go on/ })
      .click()
    await row("Second hearing").getByText("Stored, its receipt is verified").waitFor({ timeout: 120_000 })
  })

  it("is cancelled, which leaves nothing here, and what is at the server for another try", async () => {
    await breakOff("Third hearing")
    await toMeeting()
    await holdSegments()
    await save("Third hearing")
    await row("Third hearing").getByText("Fetching and checking what there is").waitFor()
    await row("Third hearing")
      .getByRole("button", { name: /^Cancel/ })
      .click()
    const question = page.getByRole("dialog", { name: "Cancel this upload?" })
    await question.getByText("What there is at the server stays there").waitFor()
    await look("saving-cancel")
    await question.getByRole("button", { name: "Cancel the upload" }).click()
    await row("Third hearing").waitFor({ state: "detached" })
    await page.unroute(SEGMENTS)
    await page.reload()
    await page.getByRole("tab", { name: "Recordings" }).waitFor()
    await delay(500)
    expect(await row("Third hearing").count()).to.equal(0)
    expect(await titles()).to.not.include(saved("Third hearing"))
    await save("Third hearing")
    await row("Third hearing").getByText("Stored, its receipt is verified").waitFor({ timeout: 120_000 })
    expect(await titles()).to.include(saved("Third hearing"))
  })

  it("publishes nothing where the server sends other bytes than were recorded, and says so", async () => {
    await breakOff("Fourth hearing")
    await toMeeting()
    const telling = scene.liar.lie({
      path: SEGMENTS,
      tell: ({ body }) => {
        const changed = Buffer.from(body)
        changed[changed.length - 1_000]! ^= 1
        return changed
      },
    })
    await save("Fourth hearing")
    await row("Fourth hearing").getByRole("alert").waitFor()
    expect(telling.delivered()).to.be.above(0)
    await look("saving-changed")
    expect(await titles()).to.not.include(saved("Fourth hearing"))
    telling.stop()
    await row("Fourth hearing")
      .getByRole("button", { name: /^Try again/ })
      .click()
    await row("Fourth hearing").getByText("Stored, its receipt is verified").waitFor({ timeout: 120_000 })
    expect(await titles()).to.include(saved("Fourth hearing"))
  })
})
