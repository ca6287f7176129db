import { randomBytes } from "node:crypto"
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { until } from "../../../../scripts/services.js"
import { parseId } from "../../../../shared/protocol/ids.js"
import type { PresenceStatement } from "../../../../shared/protocol/presence.js"
import { openProfile } from "../../../support/browser.js"
import { Haystack, textNeedles } from "../../../support/needles.js"
import { root } from "../../../support/programs.js"
import { openOnlooker } from "../../../support/sdk/onlooker.js"
import { clientSecrets, openHome, windows } from "../../../support/secrets.js"
import { seizeFolder } from "../../../support/seize.js"
import { signUp } from "../../../support/sign-up.js"
import { type Stack, startStack } from "../../../support/stack.js"
import { type Terminals, terminalsAt } from "../../../support/taciturn.js"
import { addMember, createMeeting, goTo, nameOther, openMeeting, watchFor } from "../../../support/web-steps.js"
import { copyZoomFolder, zoomNeedles } from "../../../support/zoom-folder.js"

const TEXTS = {
  meetingTitle: "Merger talks with Oriole Holdings",
  recordingTitle: "Second round of the Oriole call",
  unfinishedTitle: "What Cassandra said in confidence",
  fileName: "oriole-second-round.mp4",
  unfinishedName: "cassandra-in-confidence.mkv",
  personName: "Cassandra Featherstone",
  deviceName: "Cassandra's thinkpad",
  search: "Featherstone of Oriole",
  query: "Thursday oriole bids",
  message: "Oriole bids on Thursday",
  draft: "Do not tell Featherstone yet",
}

/** Where nobody says a word of what was recorded: addresses, logs, and what a browser keeps. */
describe("what the app leaves behind", function () {
  this.timeout(240_000)
  let stack: Stack
  let terminals: Terminals
  before(async () => {
    stack = await startStack("embedded", { LOG_LEVEL: "debug" })
    terminals = await terminalsAt(stack.url)
  })
  after(async () => {
    await terminals.close()
    await stack.stop()
  })

  /** Somebody else who has the meeting open, and hears who is there and types. */
  async function listen(meeting: string): Promise<{ heard: PresenceStatement[]; leave(): Promise<void> }> {
    const joined = async (): Promise<boolean> =>
      (await terminals.succeed("bob", ["meeting", "join", "--all"])).joined.length > 0
    await until(joined, "an invitation")
    const { client, close } = await openHome(join(terminals.folder, "bob"), stack.url)
    const heard: PresenceStatement[] = []
    const { stop } = await openOnlooker(client, parseId("meeting", meeting), (statement) => heard.push(statement))
    return {
      heard,
      leave: async () => {
        await stop()
        await close()
      },
    }
  }

  it("no key, title or name is in any address, any log, the profile of the browser or on the server's disk", async () => {
    const { folder, succeed } = terminals
    const profile = await openProfile(stack.url)
    const { page, context } = profile
    const asked: string[] = []
    context.on("request", (request) => asked.push(request.url(), request.headers()["referer"] ?? ""))
    const shown: string[] = []
    context.on("page", (opened) => shown.push(opened.url()))
    page.on("framenavigated", (frame) => shown.push(frame.url()))
    const printed: string[] = []
    context.on("console", (message) => printed.push(message.text()))

    const words = await signUp(page)
    await goTo(page, "Devices")
    await page.getByRole("button", { name: /^Rename/ }).click()
    await page.getByLabel("What it is called").fill(TEXTS.deviceName)
    await page.getByRole("button", { name: "Save" }).click()
    await page.getByText(TEXTS.deviceName).first().waitFor()
    const { account } = await succeed("bob", ["init"])
    const meeting = await createMeeting(page, TEXTS.meetingTitle)
    await addMember(page, account)
    await nameOther(page, TEXTS.personName)
    await page.goBack()
    await goTo(page, "People")
    await page.getByRole("searchbox", { name: "Search" }).fill(TEXTS.search)
    await page.getByText("Nobody here has that name.").waitFor()
    await page.goBack()
    const { heard, leave } = await listen(meeting)
    await page.getByRole("tab", { name: "Chat" }).click()
    await page.getByLabel("Your message").fill(TEXTS.message)
    await page.getByLabel("Your message").press("Enter")
    await page.getByText("Stored", { exact: true }).waitFor()
    await page.getByLabel("Your message").fill(TEXTS.draft)
    for (const type of ["here", "typing"])
      await until(() => Promise.resolve(heard.some((statement) => statement.type === type)), type)
    await leave()

    await copyFile(join(root, "test/data/meeting.mp4"), join(folder, TEXTS.fileName))
    await copyFile(join(root, "test/data/meeting.vtt"), join(folder, TEXTS.fileName.replace("mp4", "vtt")))
    const unfinished = randomBytes(20 * 1024 * 1024)
    await writeFile(join(folder, TEXTS.unfinishedName), unfinished)
    const upload = async (title: string, ...names: readonly string[]): Promise<void> => {
      const chooser = page.waitForEvent("filechooser")
      await page.getByRole("button", { name: "Upload", exact: true }).click()
      await (await chooser).setFiles(names.map((name) => join(folder, name)))
      const sheet = page.getByRole("dialog")
      await sheet.getByLabel("Title").fill(title)
      await sheet.getByRole("button", { name: "Upload it" }).click()
      await sheet.waitFor({ state: "detached" })
    }
    await page.getByRole("tab", { name: "Recordings" }).click()
    await upload(TEXTS.recordingTitle, TEXTS.fileName, TEXTS.fileName.replace("mp4", "vtt"))
    await page.getByRole("tabpanel").getByRole("link", { name: TEXTS.recordingTitle, exact: true }).click()
    await watchFor(page, 0.5)
    await page.goBack()

    await copyZoomFolder(join(folder, "zoom-meeting"))
    const chooser = page.waitForEvent("filechooser")
    await page.getByRole("button", { name: "Upload a folder" }).click()
    await (await chooser).setFiles(join(folder, "zoom-meeting"))
    await page.getByRole("dialog").getByRole("button", { name: "Import it" }).click()
    await page
      .getByRole("tabpanel")
      .getByRole("link", { name: "Meeting about Reunion", exact: true })
      .waitFor({ timeout: 60_000 })
    await goTo(page, "Search")
    for (const [query, found] of [
      [TEXTS.query, TEXTS.message],
      ["spot joining webinar", "that looks like a nice spot"],
    ] as const) {
      await page.getByRole("searchbox", { name: "What to search for" }).fill(query)
      await page.getByRole("list", { name: "What was found" }).getByText(found).first().waitFor({ timeout: 60_000 })
    }
    await openMeeting(page, TEXTS.meetingTitle)

    // Another one is left in the middle, with all that a browser keeps of it.
    let count = 0
    const isThere = new Promise<void>((resolve) => {
      void page.route(
        (url) => url.pathname.startsWith("/v1/"),
        async (route) => {
          if (route.request().method() !== "PATCH" || ++count < 2) await route.continue()
          else resolve()
        },
      )
    })
    await upload(TEXTS.unfinishedTitle, TEXTS.unfinishedName)
    await isThere
    profile.assertCalm()
    await profile.close()

    await writeFile(join(folder, "words"), words.join(" "))
    await succeed("alice", ["recover", "--phrase-file", join(folder, "words"), "--keep-all"])
    const needles = [
      ...textNeedles(TEXTS),
      ...(await zoomNeedles()),
      ...heard.map(({ session }) => ({ name: "presence session", bytes: session })),
      { name: "recovery words", bytes: Buffer.from(words.slice(0, 3).join(" ")) },
      ...windows("media", await readFile(join(folder, TEXTS.fileName))),
      ...windows("captions", await readFile(join(root, "test/data/meeting.vtt"))),
      ...windows("unfinished media", unfinished),
      ...(await clientSecrets(join(folder, "alice"), stack.url, meeting)),
    ]
    const haystack = new Haystack(needles)
    expect(asked).to.have.length.above(50)
    haystack.scan("addresses", Buffer.from([...asked, ...shown].join("\n")))
    haystack.scan("the page's console", Buffer.from(printed.join("\n")))
    haystack.scan("the server's log", Buffer.from(stack.logs()))
    expect(stack.logs()).to.contain("/v1/")
    for (const place of stack.folders) await seizeFolder(haystack, place)
    await seizeFolder(haystack, profile.folder)
    expect([...haystack.found]).to.deep.equal([])
    const kept = await readdir(profile.folder, { recursive: true })
    for (const part of ["IndexedDB", "File System"])
      expect(
        kept.some((path) => path.includes(part)),
        `the profile has its ${part}`,
      ).to.equal(true)
    expect(haystack.scannedBytes).to.be.above(20 * 1024 * 1024)
    const control = new Haystack(needles)
    await seizeFolder(control, folder)
    for (const name of ["captions", "imported chat", "imported people"])
      expect([...control.found].join("\n")).to.contain(`: ${name}`)
    expect(control.found.size, "the scan finds them where they are").to.be.above(5)
    await profile.remove()
  })
})
