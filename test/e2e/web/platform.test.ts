import { createHash, randomBytes } from "node:crypto"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import type { Page } from "playwright-core"
import { nodePrimitives } from "../../../client/crypto/node-primitives.js"
import { createMeeting, formatId, type RecordingId, uploadRecording } from "../../../client/sdk/index.js"
import { PIECE_PLAINTEXT_OFFSET, sealPiece } from "../../../client/sdk/segment-work.js"
import { encodeState } from "../../../client/sdk/state.js"
import { toBase64Url } from "../../../shared/protocol/bytes.js"
import { JOURNAL_STORE_CONTRACT } from "../../contract/journal-store.js"
import { openBrowser, openProfile, type Person, type TestBrowser } from "../../support/browser.js"
import { root, temporaryFolder } from "../../support/programs.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"
import { memoryJournal } from "../../support/sdk/memory.js"
import { bytesSource } from "../../support/sdk/sources.js"
import { startWebLab, type WebLab } from "../../support/web-lab.js"

const MEETING_FILE = join(root, "test/data/meeting.mp4")

/** Calls a function of the page's lab. */
async function call<Result>(page: Page, name: string, ...args: readonly unknown[]): Promise<Result> {
  return await page.evaluate(`lab.${name}(${args.map((arg) => JSON.stringify(arg)).join()})`)
}

describe("the browser's platform", function () {
  this.timeout(60_000)
  let lab: WebLab
  let service: Service
  let alice: TestClient
  let browser: TestBrowser
  let film: Buffer
  /** More than one chunk of it. */
  const large = randomBytes(9 * 1024 * 1024 + 5)
  let filmId: RecordingId
  let largeId: RecordingId

  before(async () => {
    lab = await startWebLab()
    service = await startService({ PUBLIC_URLS: lab.url })
    lab.service = service.url
    film = await readFile(MEETING_FILE)
    alice = await startClient(service, "Alice's laptop")
    const meetingId = await createMeeting(alice.client, "Board")
    const upload = async (bytes: Uint8Array): Promise<RecordingId> => {
      const { recordingId } = await uploadRecording(alice.client, meetingId, memoryJournal(), {
        details: { title: "Stand-up", fileName: null, capturedAtMs: null, durationMs: null, prepared: "as-is" },
        assets: [{ role: "media", mediaType: "video/mp4", source: bytesSource(bytes) }],
      })
      return recordingId
    }
    filmId = await upload(film)
    largeId = await upload(large)
    browser = await openBrowser()
  })
  after(async () => {
    await browser.close()
    await alice.close()
    await service.stop()
    await lab.stop()
  })

  const state = (): string => toBase64Url(encodeState(alice.client.state.current))

  describe("what it keeps", () => {
    let person: Person
    before(async () => {
      person = await browser.person(lab.url)
    })
    after(async () => {
      person.assertCalm()
      await person.context.close()
    })

    it("keeps an account once, over a reload", async () => {
      const { page } = person
      expect(await call(page, "readState")).to.equal(null)
      expect(await call(page, "createState", state())).to.equal(null)
      expect(await call(page, "createState", state())).to.equal("exists")
      await page.reload()
      expect(await call(page, "readState")).to.equal("Alice's laptop")
    })

    it("changes it in two tabs, one after another, and each sees the other's", async () => {
      const { page, context } = person
      const other = await context.newPage()
      await other.goto(`${lab.url}/app/`)
      const length = "Alice's laptop".length + 40
      const seen = call<string>(page, "followName", length)
      await Promise.all([call(page, "addLetters", "a", 20), call(other, "addLetters", "b", 20)])
      const name = await seen
      expect([...name.slice("Alice's laptop".length)].sort().join("")).to.equal("a".repeat(20) + "b".repeat(20))
      expect(await call(other, "readState")).to.equal(name)
      await other.close()
    })

    for (const name of Object.keys(JOURNAL_STORE_CONTRACT))
      it(`a journal ${name}`, async () => {
        await call(person.page, "journalContract", name)
      })

    it("Y2: opens no record at another's place", async () => {
      await call(person.page, "keepJournal", "here", "A title")
      expect(await call(person.page, "moveJournal", "here", "there")).to.equal("cannot-open")
      expect(await call(person.page, "titleOf", "here")).to.equal("A title")
      await call(person.page, "removeJournal", "here")
    })

    it("keeps a piece's leaves within a moment", async () => {
      expect(await call<number>(person.page, "timeLeaves", 20)).to.be.below(100)
    })

    it("seals in a web worker the bytes that Node seals, and names the segment that is wrong", async () => {
      const asset = { contentKey: randomBytes(32), rawHeader: randomBytes(64) }
      const plaintextBytes = 1_000_003
      const buffer = new Uint8Array(PIECE_PLAINTEXT_OFFSET + plaintextBytes)
      for (let at = 0; at < plaintextBytes; at++) buffer[PIECE_PLAINTEXT_OFFSET + at] = at % 251
      const given = { asset, firstSegment: 0, isLast: true, plaintextBytes, buffer }
      const sealed = sealPiece(given, nodePrimitives)
      const keys = [toBase64Url(asset.contentKey), toBase64Url(asset.rawHeader)]
      expect(await call(person.page, "seal", ...keys, plaintextBytes)).to.deep.equal([
        toBase64Url(sealed.buffer.subarray(0, sealed.sealedBytes)),
        toBase64Url(sealed.leaves),
      ])
    })

    it("reads a file that was picked, in portions", async () => {
      expect(await call(person.page, "readFile")).to.equal(true)
    })

    it("says that a file was changed since it was picked", async () => {
      const { page } = person
      const { path, remove } = await temporaryFolder()
      const picked = join(path, "picked.bin")
      await writeFile(picked, large)
      await call(page, "showPicker")
      await page.setInputFiles("input", picked)
      expect(await call(page, "readPicked")).to.equal(null)
      await writeFile(picked, film)
      expect(await call(page, "readPicked")).to.equal("changed")
      await remove()
      expect(await call(page, "readPicked")).to.equal("changed")
    })

    it("fails as the transport of Node does", async () => {
      const { page } = person
      expect(await call(page, "transportCode", "/v1/instance", 10, false)).to.equal("too-large")
      expect(await call(page, "transportCode", "/v1/instance", 100_000, true)).to.equal("interrupted")
      expect(await call(page, "transportCode", "/v1/instance", 100_000, false)).to.equal(null)
      await person.context.setOffline(true)
      expect(await call(page, "transportCode", "/v1/instance", 100_000, false)).to.equal("unavailable")
      await person.context.setOffline(false)
    })

    it("sends what is large from a worker, and fails no otherwise", async () => {
      const { page, context } = person
      const path = "/v1/uploads/asset_unknown"
      const begun = page.waitForEvent("worker")
      expect(await call(page, "sendLarge", path, false)).to.be.within(400, 499)
      expect((await begun).url()).to.include("sending-worker")
      expect(await call(page, "sendLarge", path, true)).to.equal("interrupted")
      // Of an answer that is longer than agreed no more is read.
      expect(await call(page, "sendLarge", "/app/meeting.mp4", false)).to.equal("too-large")
      await context.setOffline(true)
      expect(await call(page, "sendLarge", path, false)).to.equal("unavailable")
      await context.setOffline(false)
      expect(await call(page, "sendLarge", path, false)).to.be.within(400, 499)
    })

    it("forgets everything, and loads every tab anew", async () => {
      const { page, context } = person
      expect(await call(page, "keepJournal", "forgotten", "Board")).to.deep.equal(["forgotten"])
      const other = await context.newPage()
      await other.goto(`${lab.url}/app/`)
      await call(other, "readState")
      const reloaded = Promise.all([page, other].map(async (tab) => await tab.waitForEvent("load")))
      await call(page, "forget").catch(() => undefined)
      await reloaded
      expect(await call(page, "readState")).to.equal(null)
      expect(await call(page, "titleOf", "forgotten")).to.equal(null)
    })
  })

  it("Y3: leaves nothing in the clear in the browser's own files", async () => {
    const profile = await openProfile(lab.url)
    await call(profile.page, "createState", state())
    await call(profile.page, "keepJournal", "told", "Taking over Globex")
    expect(await call(profile.page, "titleOf", "told")).to.equal("Taking over Globex")
    await profile.close()
    const { deviceName, secrets, meetings } = alice.client.state.current
    const needles = ["Taking over Globex", "board.mp4", deviceName, meetings[0]?.seen?.title ?? "Board"]
      .flatMap((text) => [Buffer.from(text), Buffer.from(text, "utf16le")])
      .concat([secrets.device.ed25519Seed, secrets.device.xwingSeed, secrets.userSeeds[0]!.seed].map(Buffer.from))
    const files = await readdir(profile.folder, { recursive: true, withFileTypes: true })
    const stored = files.filter((file) => file.isFile() && /IndexedDB|File System|Local Storage/.test(file.parentPath))
    expect(stored).to.have.length.above(3)
    for (const file of stored) {
      const content = await readFile(join(file.parentPath, file.name))
      expect(needles.filter((needle) => content.includes(needle)).map(String), file.name).to.deep.equal([])
    }
    await profile.remove()
  })

  describe("playback through the service worker", () => {
    let person: Person
    let page: Page
    const play = async (recordingId: RecordingId, tab = page, download?: string): Promise<string> =>
      await call(tab, "play", formatId("recording", recordingId), ...(download === undefined ? [] : [download]))
    const hashOf = (start: number, end: number): string =>
      createHash("sha256")
        .update(large.subarray(start, end + 1))
        .digest("base64url")

    before(async () => {
      person = await browser.person(lab.url)
      page = person.page
      await call(page, "createState", state())
    })
    beforeEach(() => {
      lab.isLying = false
      lab.delayMs = 0
    })
    after(async () => {
      person.assertCalm()
      await person.context.close()
    })

    it("gives the whole, and exactly the ranges that are asked for", async () => {
      const url = await play(largeId)
      expect(url).to.match(/^\/app\/play\/[\w-]{22}$/)
      const size = large.length
      expect(await call(page, "ask", url, null)).to.deep.equal([200, null, `${size}`, size, hashOf(0, size - 1)])
      for (const [range, start, end] of [
        ["bytes=0-1", 0, 1],
        ["bytes=0-", 0, size - 1],
        ["bytes=8300000-8500000", 8_300_000, 8_500_000],
        ["bytes=-5", size - 5, size - 1],
      ] as const)
        expect(await call(page, "ask", url, range), range).to.deep.equal([
          206,
          `bytes ${start}-${end}/${size}`,
          `${end - start + 1}`,
          end - start + 1,
          hashOf(start, end),
        ])
      expect((await call<unknown[]>(page, "ask", url, `bytes=${size}-`)).slice(0, 2)).to.deep.equal([
        416,
        `bytes */${size}`,
      ])
      expect((await call<unknown[]>(page, "ask", url, null, "HEAD")).slice(0, 4)).to.deep.equal([
        200,
        null,
        `${size}`,
        0,
      ])
      expect((await call<unknown[]>(page, "ask", url, null, "POST"))[0]).to.equal(405)
    })

    it("plays and seeks in a <video>", async () => {
      const url = await play(filmId)
      const [width, durationS, atS] = await call<[number, number, number]>(page, "watch", url, 1)
      expect(width).to.be.above(0)
      expect(durationS).to.be.above(1)
      expect(atS).to.be.at.least(1)
    })

    it("Y4: plays after a hard reload, and after the worker was stopped, which had no key to lose", async () => {
      const devtools = await person.context.newCDPSession(page)
      const loaded = page.waitForEvent("load")
      await devtools.send("Page.reload", { ignoreCache: true })
      await loaded
      expect(await page.evaluate("navigator.serviceWorker.controller")).to.equal(null)
      const url = await play(filmId)
      expect((await call<unknown[]>(page, "ask", url, "bytes=0-1"))[0]).to.equal(206)
      await devtools.send("ServiceWorker.enable")
      await devtools.send("ServiceWorker.stopAllWorkers")
      expect((await call<unknown[]>(page, "ask", url, "bytes=0-1"))[0]).to.equal(206)
      await call(page, "watch", url, 1)
    })

    it("breaks off where the worker is stopped in the middle, answers again, and fetches nothing for what is gone", async () => {
      const url = await play(largeId)
      lab.delayMs = 20
      const asking = call(page, "ask", url, null).catch(() => "broken off")
      await delay(200)
      const devtools = await person.context.newCDPSession(page)
      await devtools.send("ServiceWorker.enable")
      await devtools.send("ServiceWorker.stopAllWorkers")
      expect(await asking).to.equal("broken off")
      expect((await call<unknown[]>(page, "ask", url, "bytes=0-1"))[0]).to.equal(206)
      await delay(100)
      lab.streamedBytes = 0
      await delay(300)
      expect(lab.streamedBytes).to.equal(0)
    })

    it("fetches no more once a player leaves", async () => {
      const url = await play(largeId)
      lab.delayMs = 20
      lab.streamedBytes = 0
      expect(await call(page, "leaveEarly", url)).to.be.above(0)
      await delay(300)
      const left = lab.streamedBytes
      await delay(300)
      expect(lab.streamedBytes).to.equal(left)
      expect(left).to.be.within(1, large.length / 2)
    })

    it("tells of a flipped byte, and where", async () => {
      const url = await play(largeId)
      // What begins well, and goes wrong where a player is by then.
      expect((await call<unknown[]>(page, "ask", url, "bytes=0-99"))[0]).to.equal(206)
      lab.isLying = true
      const failed = call<string>(page, "failure", url)
      call(page, "ask", url, null).catch(() => undefined)
      expect(await failed).to.equal("integrity segment 0")
    })

    it("answers with an error what is closed, and what no page plays any more", async () => {
      const url = await play(filmId)
      await call(page, "close", url)
      expect((await call<unknown[]>(page, "ask", url, null))[0]).to.equal(404)
      const player = await person.context.newPage()
      await player.goto(`${lab.url}/app/`)
      const theirs = await play(filmId, player)
      expect((await call<unknown[]>(page, "ask", theirs, "bytes=0-1"))[0], "of another tab").to.equal(206)
      await player.close()
      expect((await call<unknown[]>(page, "ask", theirs, null))[0]).to.equal(404)
    })

    it("saves the opened file under its name", async () => {
      const url = await play(filmId, page, "Vorstand – Mai.mp4")
      const download = page.waitForEvent("download")
      await page.evaluate(`location.assign(${JSON.stringify(url)})`)
      const saved = await download
      expect(saved.suggestedFilename()).to.equal("Vorstand – Mai.mp4")
      expect((await readFile(await saved.path())).equals(film)).to.equal(true)
    })
  })

  describe("playback where no service worker runs", () => {
    let person: Person
    before(async () => {
      person = await browser.person(lab.url)
      // As in private windows of some browsers.
      await person.context.addInitScript("delete Navigator.prototype.serviceWorker")
      await person.page.reload()
      await call(person.page, "createState", state())
      lab.isLying = false
      lab.delayMs = 0
    })
    after(async () => {
      person.assertCalm()
      await person.context.close()
    })

    it("plays and seeks", async () => {
      const { page } = person
      const url = await call<string>(page, "play", formatId("recording", filmId))
      expect(url).to.match(/^blob:/)
      const [width, durationS, atS] = await call<[number, number, number]>(page, "watch", url, 1)
      expect(width).to.be.above(0)
      expect(durationS).to.be.above(1)
      expect(atS).to.be.at.least(1)
    })

    it("gives what is no film as a whole, and a file to save too", async () => {
      const { page } = person
      expect(await call(page, "play", formatId("recording", largeId))).to.match(/^blob:/)
      expect(await call(page, "play", formatId("recording", filmId), "film.mp4")).to.match(/^blob:/)
    })

    it("tells of a flipped byte", async () => {
      lab.isLying = true
      expect(await call(person.page, "playCode", formatId("recording", filmId))).to.equal("integrity segment 0")
    })
  })
})
