import { randomBytes } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import type { Page } from "playwright-core"
import { crashTab, look, openBrowser, type Person, type TestBrowser } from "../../../support/browser.js"
import { root, temporaryFolder } from "../../../support/programs.js"
import {
  CAPTURE_ARGUMENTS,
  captureRow,
  elapsedSeconds,
  openRecorder,
  startRecording,
  stopRecording,
  turnOn,
  untilPublished,
  untilSafe,
} from "../../../support/record-steps.js"
import { signUp } from "../../../support/sign-up.js"
import { type Stack, startStack, STACK_KINDS } from "../../../support/stack.js"
import { flipNewest, listKeys, openStackObjects } from "../../../support/stack-objects.js"
import {
  acceptInvitation,
  addMember,
  createMeeting,
  goTo,
  linkDevice,
  memberRow,
  nameOther,
  openMeeting,
  ownAccount,
  recoverAccount,
  uploadFile,
  watchFor,
  wordsUnder,
} from "../../../support/web-steps.js"

const FILM = join(root, "test/data/meeting.mp4")
const TITLE = "Quarterly review"
const MIB = 1024 * 1024
/** What a recording may lose with its page. */
const LOST_S = 2

/** All that two people live through together, on each of the two sizes of the service. */
for (const kind of STACK_KINDS)
  describe(`the whole story in the app, on the ${kind} service`, function () {
    this.timeout(300_000)
    let stack: Stack
    let browser: TestBrowser
    let folder: Awaited<ReturnType<typeof temporaryFolder>>
    const people: Person[] = []
    let alice: Page
    let bob: Page
    let words: readonly string[]

    before(async () => {
      ;[stack, browser, folder] = await Promise.all([
        startStack(kind),
        openBrowser(CAPTURE_ARGUMENTS),
        temporaryFolder(),
      ])
      alice = await newBrowser()
      bob = await newBrowser()
    })
    after(async () => {
      await browser.close()
      await stack.stop()
      await folder.remove()
      for (const { assertCalm } of people) assertCalm()
    })

    async function newBrowser(): Promise<Page> {
      const person = await browser.person(stack.url)
      people.push(person)
      return person.page
    }

    const contextOf = (page: Page): Person["context"] => page.context()

    async function write(name: string, sizeBytes: number): Promise<string> {
      const path = join(folder.path, name)
      await writeFile(path, randomBytes(sizeBytes))
      return path
    }

    async function watch(page: Page, title: string): Promise<void> {
      await openMeeting(page, TITLE)
      await page.getByRole("link", { name: title, exact: true }).click()
      await watchFor(page, 0.5)
    }

    async function record(page: Page, title: string, seconds: number): Promise<void> {
      await openMeeting(page, TITLE)
      await openRecorder(page)
      await turnOn(page, "Camera")
      await turnOn(page, "Microphone")
      await startRecording(page, title)
      await untilSafe(page, seconds)
    }

    it("two make accounts, and meet", async () => {
      let account: string
      ;[words, account] = await Promise.all([signUp(alice), signUp(bob).then(async () => await ownAccount(bob))])
      await createMeeting(alice, TITLE)
      await addMember(alice, account)
      await acceptInvitation(bob)
    })

    it("they compare their words, and each is verified to the other wherever they are named", async () => {
      await nameOther(alice, "Bob")
      await nameOther(bob, "Alice")
      expect(await wordsUnder(alice, "Your words")).to.deep.equal(await wordsUnder(bob, "The words of Alice"))
      expect(await wordsUnder(alice, "The words of Bob")).to.deep.equal(await wordsUnder(bob, "Your words"))
      for (const [page, other] of [
        [alice, "Bob"],
        [bob, "Alice"],
      ] as const) {
        await page.getByRole("button", { name: "They match" }).click()
        await page.getByText("You made sure that this account is theirs").waitFor()
        await openMeeting(page, TITLE)
        await (await memberRow(page, other)).getByText("Verified", { exact: true }).waitFor()
      }
    })

    it("each watches what the other uploaded", async () => {
      await openMeeting(alice, TITLE)
      await uploadFile(alice, FILM, "Alice's talk")
      await openMeeting(bob, TITLE)
      await uploadFile(bob, FILM, "Bob's answer")
      await watch(bob, "Alice's talk")
      await bob.locator(".seal").getByText("Verified", { exact: true }).first().waitFor()
      await watch(alice, "Bob's answer")
      await alice.locator(".seal").getByText("Verified", { exact: true }).first().waitFor()
    })

    it("each watches what the other recorded", async () => {
      for (const [page, other, title] of [
        [alice, bob, "Alice, recorded"],
        [bob, alice, "Bob, recorded"],
      ] as const) {
        await record(page, title, 3)
        await stopRecording(page)
        await untilPublished(page, title)
        await watch(other, title)
      }
    })

    it("the crash of a tab that records loses two seconds at most", async () => {
      await record(alice, "Cut short", 6)
      const recordedS = await elapsedSeconds(alice)
      alice = await crashTab(alice, stack.url)
      await captureRow(alice, "Cut short")
        .getByRole("button", { name: "Finish and publish: Cut short", exact: true })
        .click()
      await untilPublished(alice, "Cut short")
      await watch(bob, "Cut short")
      const lengthS = await bob.locator("video").evaluate((video) => Reflect.get(video, "duration") as number)
      expect(lengthS).to.be.within(recordedS - LOST_S, recordedS + LOST_S)
    })

    it("a second device of one is let in, and watches", async () => {
      const phone = await newBrowser()
      await linkDevice(bob, phone, "Phone")
      await watch(phone, "Alice's talk")
      await contextOf(phone).close()
    })

    it("an upload survives the crash of its tab, in the middle of sending", async () => {
      const file = await write("hearing.mkv", 20 * MIB)
      let count = 0
      const begun = new Promise<void>((resolve) => {
        void alice.route(
          (url) => url.pathname.startsWith("/v1/"),
          async (route) => {
            if (route.request().method() !== "PATCH" || ++count < 2) await route.continue()
            // What comes after the first piece stays on its way until the tab is gone.
            else resolve()
          },
        )
      })
      await openMeeting(alice, TITLE)
      await choose(alice, [file])
      await alice.getByRole("dialog").getByRole("button", { name: "Upload it" }).click()
      await begun
      alice = await crashTab(alice, stack.url)
      await goTo(alice, "Uploads")
      await stored(alice, "hearing")
      await openMeeting(alice, TITLE)
      await alice.getByRole("link", { name: "hearing", exact: true }).waitFor()
    })

    it("where the crash came before the browser had all of the file, it is asked for, and another file is told from it", async () => {
      const files = [await write("minutes.mkv", 3 * MIB), await write("figures.mkv", 3 * MIB)]
      await alice.route("**/prepare-worker*", () => undefined)
      await choose(alice, files)
      await alice.getByRole("dialog").getByRole("button", { name: "Upload 2 recordings" }).click()
      await alice.getByText("Preparing").first().waitFor()
      alice = await crashTab(alice, stack.url)
      await goTo(alice, "Uploads")
      await alice.getByText("Needs its file again").nth(1).waitFor()
      await look(alice, "upload-needs-file")
      const other = await write("other.mkv", 2 * MIB)
      for (const [title, path] of [
        ["minutes", files[0] ?? ""],
        ["figures", other],
      ] as const) {
        const chooser = alice.waitForEvent("filechooser")
        await alice.getByRole("button", { name: `Choose the file: ${title}` }).click()
        await (await chooser).setFiles(path)
        await stored(alice, title)
      }
      expect(await row(alice, "minutes").getByText("This is not the file").count()).to.equal(0)
      await row(alice, "figures").getByText("This is not the file that was begun with").waitFor()
    })

    it("a byte that was changed in the store is never shown, and its place is named", async () => {
      const store = await openStackObjects(stack)
      const before = await listKeys(store)
      await openMeeting(alice, TITLE)
      await uploadFile(alice, FILM, "Kept badly")
      await flipNewest(store, before, 1_000)
      await store.close()
      await openMeeting(bob, TITLE)
      await bob.getByRole("link", { name: "Kept badly", exact: true }).click()
      const alert = bob.getByRole("alert").filter({ hasText: "a part is not what was published" })
      await alert.waitFor()
      expect(await alert.innerText()).to.match(/segment 0, bytes 0 to [\d,]+ of the file/)
      expect(await alert.innerText()).to.contain("Nothing of that part was shown.")
    })

    it("who is removed is told, and is shown nothing of what comes after", async () => {
      await openMeeting(bob, TITLE)
      await bob.getByRole("article").first().waitFor()
      await openMeeting(alice, TITLE)
      await (await memberRow(alice, "Bob")).getByRole("button", { name: "Remove" }).click()
      await alice.getByRole("button", { name: "Remove from the meeting" }).click()
      await alice.getByRole("heading", { name: "Were members before" }).waitFor()
      const told = bob.getByText("This meeting does not open for you any more")
      await told.waitFor()
      await look(bob, "meeting-removed")

      await alice.getByRole("tab", { name: "Recordings" }).click()
      await uploadFile(alice, FILM, "Without Bob")
      await alice.getByRole("link", { name: "Without Bob", exact: true }).click()
      await watchFor(alice, 0.5)
      await bob.getByRole("button", { name: "Try again" }).click()
      await told.waitFor()
      for (const address of [bob.url(), alice.url()]) {
        await bob.goto(address)
        await bob.reload()
        await told.waitFor()
        expect(await bob.locator("article, video").count()).to.equal(0)
        expect(await bob.getByText("Without Bob").count()).to.equal(0)
      }
    })

    it("whose devices are lost recovers by 24 words, and watches everything again", async () => {
      await contextOf(alice).close()
      const found = await newBrowser()
      await recoverAccount(found, words)
      await openMeeting(found, TITLE)
      for (const title of ["Without Bob", "Bob's answer"]) await watch(found, title)
    })
  })

async function choose(page: Page, files: readonly string[]): Promise<void> {
  const chooser = page.waitForEvent("filechooser")
  await page.getByRole("button", { name: "Upload", exact: true }).click()
  await (await chooser).setFiles([...files])
}

const row = (page: Page, title: string) =>
  page.getByRole("region", { name: "Uploads" }).getByRole("listitem").filter({ hasText: title })

async function stored(page: Page, title: string): Promise<void> {
  await row(page, title).getByText("Stored, its receipt is verified").waitFor({ timeout: 120_000 })
}
