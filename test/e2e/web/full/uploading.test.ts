import { randomBytes } from "node:crypto"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import type { Locator, Page } from "playwright-core"
import { assertAccessible, openProfile, screenshots } from "../../../support/browser.js"
import { root } from "../../../support/programs.js"
import { signUp } from "../../../support/sign-up.js"
import { type Stack, startStack } from "../../../support/stack.js"
import { type Terminals, terminalsAt } from "../../../support/taciturn.js"
import { startTcpRelay, type TcpRelay } from "../../../support/tcp-relay.js"
import { addMember, createMeeting, goTo } from "../../../support/web-steps.js"

const MIB = 1024 * 1024

describe("uploads, in the browser", function () {
  this.timeout(240_000)
  let stack: Stack
  let relay: TcpRelay
  let terminals: Terminals
  let alice: Awaited<ReturnType<typeof openProfile>>
  let page: Page
  /** What went to the server. */
  let sentBytes = 0
  /** The place in the row of requests where the line is cut, by those bytes. */
  let atBytes: { readonly count: number; readonly act: () => void } | null = null

  before(async () => {
    // The relay comes first: its address is what the service is to accept.
    const target = {
      host: "127.0.0.1",
      get port() {
        return Number(new URL(stack.url).port)
      },
    }
    relay = await startTcpRelay(target, (bytes) => {
      sentBytes += bytes.length
      if (atBytes !== null && sentBytes >= atBytes.count) {
        const { act } = atBytes
        atBytes = null
        act()
      }
      return bytes
    })
    const url = `http://127.0.0.1:${relay.port}`
    stack = await startStack("embedded", { PUBLIC_URLS: url })
    terminals = await terminalsAt(url)
    const { account } = await terminals.succeed("bob", ["init"])
    alice = await openProfile(url)
    ;({ page } = alice)
    await signUp(page)
    await createMeeting(page, "Globex takeover talks")
    await addMember(page, account)
    await page.getByRole("tab", { name: "Recordings" }).click()
    await write("Standup of the secret team.vtt", await readFile(join(root, "test/data/meeting.vtt")))
    await write("Standup of the secret team.mp4", await readFile(join(root, "test/data/meeting.mp4")))
    await write("numbers-of-the-quarter.mov", randomBytes(9 * MIB + 5))
    await write("long-hearing.mkv", randomBytes(96 * MIB + 7))
  })

  after(async () => {
    await alice.close()
    await alice.remove()
    await terminals.close()
    await relay.stop()
    await stack.stop()
  })

  afterEach(() => {
    alice.assertCalm()
  })

  async function write(name: string, bytes: Uint8Array): Promise<void> {
    await writeFile(join(terminals.folder, name), bytes)
  }

  async function choose(button: string, ...names: readonly string[]): Promise<void> {
    const chooser = page.waitForEvent("filechooser")
    await page.getByRole("button", { name: button, exact: true }).click()
    await (await chooser).setFiles(names.map((name) => join(terminals.folder, name)))
  }

  function row(title: string): Locator {
    return page.getByRole("region", { name: "Uploads" }).getByRole("listitem").filter({ hasText: title })
  }

  async function done(title: string): Promise<string> {
    await row(title).getByText("Stored, its receipt is verified").waitFor({ timeout: 120_000 })
    const href = await row(title)
      .getByRole("link", { name: `Watch: ${title}` })
      .getAttribute("href")
    return /rec_[a-z0-9]+/i.exec(href ?? "")?.[0] ?? ""
  }

  async function assertReadByCommand(recording: string, name: string): Promise<void> {
    const output = `read-${recording}`
    await terminals.succeed("bob", ["download", recording, "-o", output])
    expect((await terminals.read(output)).equals(await terminals.read(name)), name).to.equal(true)
  }

  async function look(name: string): Promise<void> {
    await assertAccessible(page)
    await screenshots(page, name)
  }

  it("two files at once, one with its captions, each with its title; a command reads the same bytes", async () => {
    await goTo(page, "Uploads")
    await look("uploads-empty")
    await page.goBack()
    await choose(
      "Upload",
      "Standup of the secret team.mp4",
      "Standup of the secret team.vtt",
      "numbers-of-the-quarter.mov",
    )
    const sheet = page.getByRole("dialog")
    await sheet.getByLabel("Title").first().waitFor()
    const titles = await sheet.getByLabel("Title").all()
    expect(await Promise.all(titles.map(async (title) => await title.inputValue()))).to.deep.equal([
      "Standup of the secret team",
      "numbers-of-the-quarter",
    ])
    expect(await sheet.getByLabel("Captions").inputValue()).to.equal("0")
    await sheet.getByLabel("Title").last().fill("Confidential figures")
    await look("upload-sheet")
    await sheet.getByRole("button", { name: "Upload 2 recordings" }).click()
    const [standup, figures] = [await done("Standup of the secret team"), await done("Confidential figures")]
    await look("uploads-done")
    await goTo(page, "Uploads")
    await look("uploads-screen")
    await page.goBack()
    await page.getByRole("tab", { name: "Recordings" }).waitFor()
    for (let tries = 0; (await terminals.run("bob", ["meeting", "join"])).exitCode !== 0; tries++) {
      if (tries > 30) throw new Error("no invitation came")
      await delay(1_000)
    }
    await assertReadByCommand(figures, "numbers-of-the-quarter.mov")
    await terminals.succeed("bob", ["download", standup, "-o", "standup.mp4"])
    const film = await terminals.read("standup.mp4")
    expect(film.indexOf("moov"), "what a player needs first comes first").to.be.within(1, film.indexOf("mdat"))
  })

  /** Begins to send the long file, and does something once so many of its bytes went. */
  async function sendLong(title: string, countMib: number, act: () => void = () => undefined): Promise<void> {
    await choose("Upload", "long-hearing.mkv")
    await page.getByRole("dialog").getByLabel("Title").fill(title)
    const isThere = new Promise<void>((resolve) => {
      atBytes = {
        count: sentBytes + countMib * MIB,
        act: () => {
          act()
          resolve()
        },
      }
    })
    await page.getByRole("dialog").getByRole("button", { name: "Upload it" }).click()
    await isThere
  }

  it("is paused and goes on", async () => {
    await sendLong("Hearing", 10)
    await row("Hearing").getByRole("button", { name: "Pause: Hearing" }).click()
    await row("Hearing").getByText("Paused").waitFor()
    const paused = sentBytes
    await look("upload-paused")
    await delay(500)
    expect(sentBytes - paused).to.be.below(MIB / 4)
    await row("Hearing").getByRole("button", { name: "Go on: Hearing" }).click()
    await assertReadByCommand(await done("Hearing"), "long-hearing.mkv")
  })

  it("waits for a network that is lost, and goes on by itself", async () => {
    await sendLong("Second hearing", 30, () => {
      relay.cut()
    })
    await row("Second hearing").getByText("Waiting for the network").waitFor()
    await look("upload-offline")
    relay.mend()
    await assertReadByCommand(await done("Second hearing"), "long-hearing.mkv")
  })

  it("goes on after a reload in the middle, without the file, and sends nothing twice", async () => {
    const before = sentBytes
    await sendLong("Third hearing", 40, () => {
      relay.mute()
    })
    await row("Third hearing").getByText("Sent").waitFor()
    await look("upload-sending")
    page.once("dialog", (dialog) => {
      dialog.accept().catch(() => undefined)
    })
    relay.cut()
    relay.mend()
    await page.reload()
    await assertReadByCommand(await done("Third hearing"), "long-hearing.mkv")
    expect(sentBytes - before).to.be.below(130 * MIB)
  })

  it("is cancelled, at the server too", async () => {
    // It stands still while it is looked at.
    await sendLong("Fourth hearing", 10, () => {
      relay.mute()
    })
    await row("Fourth hearing").getByRole("button", { name: "Cancel: Fourth hearing" }).click()
    const question = page.getByRole("dialog", { name: "Cancel this upload?" })
    await look("upload-cancel")
    relay.cut()
    relay.mend()
    await question.getByRole("button", { name: "Cancel the upload" }).click()
    await question.waitFor({ state: "detached" })
    expect(await row("Fourth hearing").count()).to.equal(0)
    await page.reload()
    await page.getByRole("tab", { name: "Recordings" }).waitFor()
    await delay(500)
    expect(await row("Fourth hearing").count()).to.equal(0)
    const titles = page.getByRole("tabpanel").getByRole("article").getByRole("heading")
    expect(await titles.filter({ hasText: "Confidential figures" }).count()).to.equal(1)
    expect(await titles.filter({ hasText: "Fourth hearing" }).count()).to.equal(0)
  })
})
