import { expect } from "chai"
import { setTimeout as delay } from "node:timers/promises"
import type { Page } from "playwright-core"
import {
  acceptInvitation,
  addMember,
  createMeeting,
  listInvitations,
  type MeetingId,
  whoAmI,
} from "../../../../client/sdk/index.js"
import { formatId } from "../../../../shared/protocol/ids.js"
import { assertAccessible, openBrowser, type Person, screenshots, type TestBrowser } from "../../../support/browser.js"
import { type LiveFilm, startFilm } from "../../../support/live-film.js"
import { type Service, startClient, startService, type TestClient } from "../../../support/sdk/clients.js"
import { takeAccount } from "../../../support/web-account.js"

describe("watching what is recorded, in the browser", function () {
  this.timeout(240_000)
  let service: Service
  let alice: TestClient
  let bob: TestClient
  let meetingId: MeetingId
  let browser: TestBrowser
  let person: Person
  let page: Page

  before(async () => {
    service = await startService()
    alice = await startClient(service, "Alice's laptop")
    bob = await startClient(service, "Bob's phone")
    meetingId = await createMeeting(alice.client, "Weekly call")
    await addMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    const [waiting] = await listInvitations(bob.client)
    await acceptInvitation(bob.client, waiting!)
    browser = await openBrowser(["--autoplay-policy=no-user-gesture-required"])
    person = await browser.person(service.url)
    page = person.page
    await takeAccount(page, bob.home)
  })
  after(async () => {
    person.assertCalm()
    await browser.close()
    for (const one of [alice, bob]) await one.close()
    await service.stop()
  })

  async function watch(film: LiveFilm): Promise<void> {
    const [meeting, recording] = [formatId("meeting", meetingId), formatId("recording", film.recordingId)]
    await page.goto("about:blank")
    await page.goto(`${service.url}/app/#/meetings/${meeting}/live/${recording}`)
    await page.locator("video").waitFor()
  }

  interface VideoState {
    readonly atS: number
    readonly isPaused: boolean
    readonly lengthS: number
    readonly width: number
    readonly buffered: readonly (readonly [number, number])[]
  }

  async function video(): Promise<VideoState> {
    return await page.evaluate(`(() => {
      const { currentTime, paused, duration, videoWidth, buffered } = document.querySelector("video")
      const ranges = Array.from({ length: buffered.length }, (_, index) => [buffered.start(index), buffered.end(index)])
      return { atS: currentTime, isPaused: paused, lengthS: duration, width: videoWidth, buffered: ranges }
    })()`)
  }

  /** Waits until the player is as it should be. */
  async function until(what: string, isSo: (state: VideoState) => boolean, patienceMs = 30_000): Promise<VideoState> {
    for (const deadline = performance.now() + patienceMs; ;) {
      const state = await video()
      if (isSo(state)) return state
      if (performance.now() > deadline)
        expect.fail(`${what}: ${JSON.stringify(state)} ${await page.locator("main").innerText()}`)
      await delay(100)
    }
  }

  const sent = async (film: LiveFilm, segments: number): Promise<void> => {
    while ((film.state()?.sentSegments ?? 0) < segments) await delay(100)
  }

  it("is followed near its newest, can be paused, gone back in and caught up with", async () => {
    const film = await startFilm(alice, meetingId, "Standup")
    await sent(film, 20)
    await watch(film)
    const first = await until("plays", ({ atS, width }) => atS > 1 && width === 320)
    expect(first.atS, "near the newest").to.be.greaterThan(4)
    await page.getByRole("button", { name: "Live: you see the newest" }).waitFor()
    await until("goes on", ({ atS }) => atS > first.atS + 4)
    await screenshots(page, "live")
    await assertAccessible(page)

    await page.getByRole("button", { name: "Pause", exact: true }).click()
    const paused = await until("pauses", ({ isPaused }) => isPaused)
    await page.getByRole("button", { name: /^0:\d\d behind. Go to the newest$/ }).waitFor()
    await page.keyboard.press("k")
    const resumed = await until("goes on where it was", ({ isPaused, atS }) => !isPaused && atS > paused.atS + 0.5)
    expect(resumed.atS).to.be.lessThan(paused.atS + 8)
    await page.getByRole("button", { name: /Go to the newest$/ }).click()
    await page.getByRole("button", { name: "Live: you see the newest" }).waitFor()
    await until("is at the newest", ({ atS }) => atS > paused.atS + 6)

    await page.getByRole("button", { name: "Watch from the beginning" }).click()
    await until("is at the beginning", ({ atS }) => atS < 6)
    await until("plays there", ({ atS, width }) => atS > 2 && width === 320)
    await page.keyboard.press("l")
    await until("seeks forward", ({ atS }) => atS > 11)
    await film.stop()
    await page.getByText("The recording has ended").waitFor()
  })
})
