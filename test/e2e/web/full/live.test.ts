import { mkdtemp } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { setTimeout as delay } from "node:timers/promises"
import type { Locator, Page } from "playwright-core"
import {
  acceptInvitation,
  addMember,
  announceCapture,
  archiveCapture,
  ChatReader,
  createMeeting,
  listInvitations,
  type MeetingId,
  openJournalFolder,
  removeMember,
  startCapture,
  whoAmI,
} from "../../../../client/sdk/index.js"
import { asId, formatId } from "../../../../shared/protocol/ids.js"
import { assertAccessible, openBrowser, type Person, screenshots, type TestBrowser } from "../../../support/browser.js"
import { messageIn, say } from "../../../support/chat-steps.js"
import { type LiveFilm, startFilm } from "../../../support/live-film.js"
import { CAPTURE_ARGUMENTS, startRecording, stopRecording, turnOn, untilSafe } from "../../../support/record-steps.js"
import { type Service, startClient, startService, type TestClient } from "../../../support/sdk/clients.js"
import { bytesSource } from "../../../support/sdk/sources.js"
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
    browser = await openBrowser(CAPTURE_ARGUMENTS)
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
      const none = { currentTime: 0, paused: true, duration: 0, videoWidth: 0, buffered: { length: 0 } }
      const { currentTime, paused, duration, videoWidth, buffered } = document.querySelector("video") ?? none
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

  /** The screen as it is, with nothing pointed at. */
  async function look(name: string): Promise<void> {
    await page.mouse.move(0, 0)
    await screenshots(page, name)
    await assertAccessible(page)
  }

  /** At once where a machine keeps pace; else as somebody gets there who fell behind. */
  async function seesNewest(): Promise<void> {
    const mark = page.getByRole("button", { name: "Live: you see the newest" })
    const behind = page.getByRole("button", { name: /Go to the newest$/ })
    await mark.or(behind).waitFor()
    if (await behind.isVisible()) await behind.click()
    await mark.waitFor()
  }

  it("is followed near its newest, can be paused, gone back in and caught up with", async () => {
    const film = await startFilm(alice, meetingId, "Standup")
    await sent(film, 20)
    await watch(film)
    const first = await until("plays", ({ atS, width }) => atS > 1 && width === 320)
    // How many seconds it is behind is the machine's; where it began is the app's.
    expect(first.atS, "it begins near the newest").to.be.greaterThan(3)
    await seesNewest()
    await until("goes on", ({ atS }) => atS > first.atS + 4)
    await look("live")

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

  async function openMeeting(): Promise<void> {
    await page.goto("about:blank")
    await page.goto(`${service.url}/app/#/meetings/${formatId("meeting", meetingId)}`)
    await page.getByRole("tab", { name: "Recordings" }).waitFor()
  }

  const card = (title: string): Locator =>
    page.getByRole("region", { name: "Being recorded" }).getByRole("article").filter({ hasText: title })

  /** Somebody whose clock is slow: what they record looks old, as if they had been gone for long. */
  const slow = (person: TestClient, byMs: number): Pick<TestClient, "client" | "home"> => ({
    client: { ...person.client, clock: { nowMs: () => Date.now() - byMs } },
    home: person.home,
  })

  /** Writes beside no player until what others are given of it names its place in what is recorded. */
  async function placedBy({ recordingId }: LiveFilm, beganMs: number): Promise<void> {
    for (let count = 1; ; count++) {
      await say(page, `what is said ${count}`)
      await messageIn(page, `what is said ${count}`).getByText("Stored").waitFor()
      const entry = (await ChatReader.open(alice.client, meetingId)).entries().at(-1)
      if (entry?.kind !== "authentic" || entry.content.type !== "text") expect.fail("it is not there")
      const { place } = entry.content
      if (place === null) continue
      expect(formatId("recording", place.recordingId)).to.equal(formatId("recording", recordingId))
      expect(place.offsetMs).to.be.within(1, Date.now() - beganMs)
      return
    }
  }

  it("stands in the meeting as live, leads there, and to the recording once that is published", async () => {
    const beganMs = Date.now()
    const film = await startFilm(alice, meetingId, "Retrospective")
    await sent(film, 8)
    await openMeeting()
    await card("Retrospective").getByText("Live", { exact: true }).waitFor()
    await look("meeting-live")
    await page.getByRole("tab", { name: "Chat" }).click()
    await placedBy(film, beganMs)
    await page.getByRole("tab", { name: "Recordings" }).click()
    await card("Retrospective").getByRole("link", { name: "Retrospective" }).click()
    await until("plays", ({ atS, width }) => atS > 1 && width === 320)
    await page.getByRole("button", { name: "What this means" }).click()
    await page.getByText("Signing device").waitFor()
    await look("live-seal")
    await film.stop()
    await page.getByText("The recording has ended").waitFor()
    await look("live-ended")
    const details = {
      title: "Retrospective",
      fileName: null,
      capturedAtMs: Date.now(),
      durationMs: 9_000,
      prepared: "as-is" as const,
    }
    const media = { role: "media" as const, mediaType: "video/webm", source: bytesSource(film.captured()) }
    await archiveCapture(alice.client, film.journal, { details, assets: [media] })
    await page.getByText("The recording is ready").waitFor()
    await look("live-published")
    await page.getByRole("link", { name: "Watch the recording" }).click()
    await page.getByRole("button", { name: "Download" }).waitFor()
    await openMeeting()
    await page.getByRole("link", { name: "Retrospective" }).waitFor()
    await page
      .getByText(/ · Stored$/)
      .first()
      .waitFor()
    expect(await card("Retrospective").count()).to.equal(0)
    await watch(film).catch(() => undefined)
    await page.getByRole("button", { name: "Download" }).waitFor()
  })

  it("is heard where there is no picture", async () => {
    const sound = await startFilm(alice, meetingId, "Only heard", "sound")
    await sent(sound, 6)
    await watch(sound)
    await page.locator(".player-sound").waitFor()
    await until("plays", ({ atS }) => atS > 1)
    await look("live-sound")
    await sound.stop()
  })

  it("is said to be interrupted where its recorder is gone, and another member saves what there is", async () => {
    const film = await startFilm(slow(alice, 10 * 60_000), meetingId, "Broken off")
    await sent(film, 16)
    await film.die()
    await openMeeting()
    await card("Broken off").getByText("Interrupted", { exact: true }).waitFor()
    await look("meeting-interrupted")
    await card("Broken off").getByRole("link", { name: "Broken off" }).click()
    await page.getByText("Nothing new has come for a while").waitFor()
    await until("plays what came", ({ atS, width }) => atS > 0.5 && width === 320)
    await look("live-interrupted")
    await page.getByRole("button", { name: "Save what there is" }).click()
    const sheet = page.getByRole("dialog")
    await sheet.getByText(/published here/).waitFor()
    await look("live-save")
    await sheet.getByRole("button", { name: "Save it" }).click()
    await page.getByText("It is being saved.").waitFor()
    await page.getByRole("link", { name: "Go to the meeting" }).click()
    await page.getByRole("tabpanel").getByRole("link", { name: "Broken off (what was saved)", exact: true }).waitFor()
    await page.getByRole("tabpanel").getByRole("link", { name: "Broken off (what was saved)", exact: true }).click()
    await page.locator(".waveform").first().waitFor()
    await page.keyboard.press("k")
    await until("plays", ({ atS, width, lengthS }) => atS > 1 && width === 320 && lengthS > 4)
  })

  it("says calmly what was announced and never came", async () => {
    const journal = await openJournalFolder(await mkdtemp(join(alice.home, "journal-")))
    const stopped = new AbortController()
    const never = { title: "Never begun", mediaType: "video/webm", capturedAtMs: Date.now() }
    await startCapture(alice.client, meetingId, journal, never, { signal: stopped.signal })
    stopped.abort()
    const { random } = alice.client
    await announceCapture(alice.client, meetingId, {
      headerHash: random(32),
      recordingId: asId("recording", random(16)),
    })
    await openMeeting()
    await page.getByText("“Never begun” was announced, and nothing of it has come yet.").waitFor()
    expect(await card("Never begun").count()).to.equal(0)
    await look("meeting-announced")
    await page.getByRole("tab", { name: "Activity" }).click()
    await page.getByText("began to record “Never begun”").waitFor()
    await page.getByText("announced a recording, of which nothing came").waitFor()
  })

  it("as a browser records it, is followed by another one", async () => {
    const recorder = await browser.person(service.url)
    await takeAccount(recorder.page, alice.home)
    await recorder.page.goto(`${service.url}/app/#/meetings/${formatId("meeting", meetingId)}/record`)
    await turnOn(recorder.page, "Camera")
    await turnOn(recorder.page, "Microphone")
    await startRecording(recorder.page, "From a browser")
    await untilSafe(recorder.page, 8)
    await openMeeting()
    await card("From a browser").getByRole("link", { name: "From a browser" }).click()
    const first = await until("plays", ({ atS, width }) => atS > 1 && width > 0)
    await until("goes on", ({ atS }) => atS > first.atS + 5)
    await seesNewest()
    await page.getByRole("button", { name: "Watch from the beginning" }).click()
    await until("is at the beginning", ({ atS }) => atS > 0.5 && atS < 5)
    await stopRecording(recorder.page)
    await page.getByText("The recording is ready").waitFor({ timeout: 90_000 })
    recorder.assertCalm()
    await recorder.context.close()
  })

  it("ends for somebody who is taken out of the meeting meanwhile: they are told, and get nothing more", async () => {
    const film = await startFilm(alice, meetingId, "Confidential")
    await sent(film, 8)
    await watch(film)
    await until("plays", ({ atS }) => atS > 1)
    await removeMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    const answers: number[] = []
    page.on("response", (response) => {
      if (/\/live(\/|\?)/.test(response.url())) answers.push(response.status())
    })
    await page.getByRole("alert").getByText("You are not in this meeting any more").waitFor()
    const { buffered } = await video()
    expect(await page.getByText("Do you agree to be recorded?").count(), "they are asked nothing any more").to.equal(0)
    await look("live-removed")
    answers.splice(0)
    const next = await startFilm(alice, meetingId, "Confidential, on")
    await sent(next, 6)
    expect(answers.filter((status) => status === 200)).to.deep.equal([])
    expect((await video()).buffered).to.deep.equal(buffered)
    await next.stop()
    while (film.state()?.phase !== "stored") await delay(100)
    expect(film.state()?.mustRestart).to.equal(true)
    await film.die()
  })
})
