import { expect } from "chai"
import { setTimeout as delay } from "node:timers/promises"
import type { Page } from "playwright-core"
import { formatId } from "../../../../shared/protocol/ids.js"
import { openScene, type Scene } from "../../../hostile/support.js"
import { assertAccessible, openBrowser, type Person, screenshots, type TestBrowser } from "../../../support/browser.js"
import type { Answer } from "../../../support/liar.js"
import { type LiveFilm, startFilm } from "../../../support/live-film.js"
import { takeAccount } from "../../../support/web-account.js"

/** SPEC.md §4.5: what a server may say of a live capture, as somebody sees it who watches. */
describe("watching what is recorded, from a server that lies", function () {
  this.timeout(240_000)
  let scene: Scene
  let browser: TestBrowser
  let person: Person
  let page: Page
  let film: LiveFilm

  const HEADS = /\/live\?from=/
  const SEGMENTS = /\/live\/segments\//

  before(async () => {
    scene = await openScene()
    browser = await openBrowser(["--autoplay-policy=no-user-gesture-required"])
    person = await browser.person(scene.liar.url)
    page = person.page
    await takeAccount(page, scene.bob.home)
  })
  beforeEach(async () => {
    film = await startFilm(scene.alice, scene.meetingId, "Standup")
    while ((film.state()?.sentSegments ?? 0) < 6) await delay(100)
    const [meeting, recording] = [formatId("meeting", scene.meetingId), formatId("recording", film.recordingId)]
    await page.goto("about:blank")
    await page.goto(`${scene.liar.url}/app/#/meetings/${meeting}/live/${recording}`)
    // Without the lie it plays.
    await goesOn()
  })
  afterEach(async () => {
    await film.stop()
    person.assertCalm()
  })
  after(async () => {
    await browser.close()
    await scene.close()
  })

  const endS = async (): Promise<number> =>
    await page.evaluate(`(() => {
      const { buffered } = document.querySelector("video") ?? { buffered: { length: 0 } }
      return buffered.length === 0 ? 0 : buffered.end(buffered.length - 1)
    })()`)

  /** Waits until more of it is there. */
  async function goesOn(): Promise<void> {
    const before = await endS()
    for (const deadline = performance.now() + 60_000; (await endS()) <= before + 1;) {
      if (performance.now() > deadline) expect.fail(`nothing comes: ${await page.locator("main").innerText()}`)
      await delay(100)
    }
  }

  async function isStopped(): Promise<string> {
    const alert = page.getByRole("alert").filter({ hasText: "Watching was stopped" })
    await alert.waitFor()
    const shown = await endS()
    expect(await page.evaluate(`document.querySelector("video").paused`)).to.equal(true)
    await delay(3_000)
    expect(await endS(), "nothing more is given to the player").to.equal(shown)
    await page.getByText("the server sent something else").waitFor()
    return await alert.innerText()
  }

  /** The screen as it is, with nothing pointed at. */
  async function look(name: string): Promise<void> {
    await page.mouse.move(0, 0)
    await screenshots(page, name)
    await assertAccessible(page)
  }

  it("other bytes stop it, with their place, and none of them is shown", async () => {
    const telling = scene.liar.lie({
      path: SEGMENTS,
      tell: ({ body }) => {
        const changed = Buffer.from(body)
        changed[changed.length - 1_000]! ^= 1
        return changed
      },
    })
    const text = await isStopped()
    expect(text).to.match(/Exactly: segment \d+\./)
    expect(text).to.contain("Nothing of that was shown.")
    expect(telling.delivered()).to.be.greaterThan(0)
    await look("live-changed")
    telling.stop()
    await page.getByRole("button", { name: "Try again" }).click()
    await goesOn()
  })

  it("an older head than before stops it", async () => {
    let first: Answer | null = null
    let isLying = false
    const telling = scene.liar.lie({
      path: HEADS,
      tell: (answer) => {
        if (answer.status !== 200) return null
        first ??= answer
        const { head, segments } = JSON.parse(first.body.toString()) as {
          readonly head: string
          readonly segments: number
        }
        return isLying ? Buffer.from(JSON.stringify({ state: "uploading", head, segments, leaves: "" })) : null
      },
    })
    await goesOn()
    await goesOn()
    isLying = true
    expect(await isStopped()).to.contain("the server serves an older head than before")
    expect(telling.delivered()).to.be.greaterThan(0)
    telling.stop()
  })

  it("a server that is away is said to be, and it goes on when that is back", async () => {
    const problem = {
      type: "about:blank",
      title: "away",
      status: 503,
      code: "unavailable",
      detail: "away",
      retryable: true,
    }
    const telling = scene.liar.lie({
      path: /\/live/,
      tell: (answer) => ({ ...answer, status: 503, body: Buffer.from(JSON.stringify(problem)) }),
    })
    await page.getByText("The server can't be reached").waitFor()
    await look("live-offline")
    expect(telling.delivered()).to.be.greaterThan(0)
    telling.stop()
    await page.getByText("The server can't be reached").waitFor({ state: "detached" })
    await goesOn()
  })

  it("heads that are held back are no end, and said to be missing after half a minute", async () => {
    let newest: Answer | null = null
    const telling = scene.liar.lie({
      path: HEADS,
      tell: (answer) => {
        if (answer.status !== 200) return null
        if (newest === null) {
          newest = answer
          return null
        }
        const { head, segments } = JSON.parse(newest.body.toString()) as {
          readonly head: string
          readonly segments: number
        }
        return Buffer.from(JSON.stringify({ state: "stored", head, segments, leaves: "" }))
      },
    })
    await page.getByText("Nothing new has come for a while").waitFor({ timeout: 60_000 })
    expect(await page.getByText("The recording has ended").count()).to.equal(0)
    expect(telling.delivered()).to.be.greaterThan(0)
    telling.stop()
    await page.getByText("Nothing new has come for a while").waitFor({ state: "detached" })
    await goesOn()
  })
})
