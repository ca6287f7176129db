import { copyFile, cp } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { assertAccessible, openBrowser, screenshots, type TestBrowser } from "../../../support/browser.js"
import type { Stack } from "../../../support/stack.js"
import { openTerminals, type Terminals } from "../../../support/taciturn.js"

const MARKUP = `<script>document.title = "taken over"</script><img src=x onerror="document.title='taken over'">`

describe("an export, in the browser", function () {
  this.timeout(240_000)
  let terminals: Terminals & { readonly stack: Stack }
  let browser: TestBrowser
  let archive: string

  before(async () => {
    terminals = await openTerminals()
    const { folder, succeed } = terminals
    await succeed("alice", ["init"])
    const { meeting } = await succeed("alice", ["meeting", "create", "Weekly call"])
    const zoom = join(folder, "zoom")
    await cp("test/data/zoom-meeting", zoom, { recursive: true })
    await copyFile("test/data/meeting.mp4", join(zoom, "meeting001_video.mp4"))
    await succeed("alice", ["import", "zoom", meeting, zoom])
    await succeed("alice", ["chat", "send", meeting, `See you on *Monday* ${MARKUP}`])
    archive = join(folder, "archive")
    await succeed("alice", ["export", "--all", "-o", archive])
    // From here on there is no server.
    await terminals.stack.stop()
    browser = await openBrowser()
  })
  after(async () => {
    await browser.close()
    await terminals.close()
  })

  it("opens from a file, without a server: the recording plays, its captions, its imported chat and the chat are there", async () => {
    const { page, assertCalm } = await browser.person("file://", join(archive, "index.html"))
    await assertAccessible(page)
    await page.getByRole("link", { name: "Weekly call" }).click()
    await page.getByRole("heading", { name: "Meeting about Reunion" }).waitFor()
    await page.getByText("may have held plaintext").waitFor()
    const playing = await page.evaluate(
      "(async () => { const video = document.querySelector('video'); video.muted = true; await video.play(); return [video.videoWidth, video.duration > 1.5] })()",
    )
    expect(playing).to.deep.equal([640, true])
    await page.getByText("Imported chat, 10 lines").click()
    await page.getByText("“Paul McCartney”: Fuselage", { exact: true }).waitFor()
    await page.getByText("Captions, 300").click()
    await page.getByText("Okay, so we're recording").waitFor()
    await assertAccessible(page)
    await screenshots(page, "export")
    await page.getByRole("link", { name: /^Chat: / }).click()
    await page.getByText("See you on *Monday*").waitFor()
    expect(await page.title()).to.equal("Weekly call")
    await assertAccessible(page)
    assertCalm()
  })
})
