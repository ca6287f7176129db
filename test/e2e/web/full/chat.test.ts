import { mkdtemp, readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import type { Locator, Page } from "playwright-core"
import {
  ChatReader,
  createMeeting as createMeetingAt,
  openJournalFolder,
  readMeeting,
  removeMember,
  sendMessage,
  textContent,
  uploadRecording,
  uploadSentFile,
  whoAmI,
} from "../../../../client/sdk/index.js"
import { formatId, type MeetingId } from "../../../../shared/protocol/ids.js"
import { added, chatOfLies, forgedMessage, MESSAGES, type ServedPage, shortened } from "../../../hostile/chat-lies.js"
import { admit, json, openScene, type Scene } from "../../../hostile/support.js"
import { assertAccessible, openBrowser, type Person, screenshots, type TestBrowser } from "../../../support/browser.js"
import { composerOf, messageIn, say } from "../../../support/chat-steps.js"
import { keyboardOf } from "../../../support/keyboard.js"
import { root } from "../../../support/programs.js"
import { bytesSource } from "../../../support/sdk/sources.js"
import { type Stack, startStack } from "../../../support/stack.js"
import { takeAccount } from "../../../support/web-account.js"
import {
  acceptInvitation,
  addMember,
  createAccount,
  createMeeting,
  goTo,
  nameOther,
  openRecording as openRecordingAt,
} from "../../../support/web-steps.js"

async function look(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0)
  await assertAccessible(page)
  await screenshots(page, name)
}

/** The controls of a message are there once it is pointed at. */
async function act(page: Page, text: string, action: string): Promise<void> {
  const row = messageIn(page, text).last()
  await row.hover()
  await row.getByRole("button", { name: action, exact: true }).click()
}

describe("a meeting's chat, in the browser", function () {
  this.timeout(300_000)
  let stack: Stack
  let browser: TestBrowser
  let alice: Person
  let bob: Person

  before(async () => {
    stack = await startStack("embedded")
    browser = await openBrowser()
    ;[alice, bob] = [await browser.person(stack.url), await browser.person(stack.url)]
    const [aliceAccount, bobAccount] = [await createAccount(alice.page), await createAccount(bob.page)]
    expect(aliceAccount).not.to.equal(bobAccount)
    await createMeeting(alice.page, "Planning")
    await addMember(alice.page, bobAccount)
    await acceptInvitation(bob.page)
    await nameOther(alice.page, "Bob")
    await alice.page.goBack()
    await nameOther(bob.page, "Alice")
    await bob.page.goBack()
  })
  after(async () => {
    for (const person of [alice, bob]) person.assertCalm()
    await browser.close()
    await stack.stop()
  })

  it("is empty, and says who can read what is written", async () => {
    for (const { page } of [alice, bob]) {
      await page.getByRole("tab", { name: "Chat" }).click()
      await page.getByRole("heading", { name: "No messages yet" }).waitFor()
    }
    await look(alice.page, "chat-empty")
  })

  it("what one writes the other sees at once, with Markdown, and says aloud", async () => {
    await say(alice.page, "Shall we **begin**? The plan is at https://example.org/plan")
    await messageIn(alice.page, "Stored").waitFor()
    const row = messageIn(bob.page, "Shall we begin?")
    await row.waitFor()
    expect(await row.locator("strong").allInnerTexts()).to.include("begin")
    const link = row.getByRole("link")
    expect(await link.getAttribute("rel")).to.equal("noopener noreferrer")
    expect(await link.getAttribute("href")).to.equal("https://example.org/plan")
    await bob.page.getByRole("status").filter({ hasText: "Alice: Shall we" }).waitFor({ state: "attached" })
    await row.getByText("From someone unverified").waitFor()
  })

  it("markup of another page, pictures and links of other kinds stay words, and nothing is fetched", async () => {
    await say(
      bob.page,
      '<img src="https://evil.example/a.png"> ![a cat](https://evil.example/b.png) [click](javascript:alert(1)) [bank](https://evil.example/login)',
    )
    const row = messageIn(alice.page, "click")
    await row.waitFor()
    expect(await row.locator("img").count()).to.equal(0)
    expect(await row.innerText())
      .to.include('<img src="https://evil.example/a.png">')
      .and.include("(evil.example)")
    const links = row.getByRole("link")
    const targets = await Promise.all((await links.all()).map(async (link) => await link.getAttribute("href")))
    expect(targets).to.deep.equal([
      "https://evil.example/a.png",
      "https://evil.example/b.png",
      "https://evil.example/login",
    ])
  })

  it("is answered, reacted to, changed and deleted, and both see it", async () => {
    await act(bob.page, "Shall we begin?", "Reply")
    await say(bob.page, "Yes, @Alice let us begin")
    await messageIn(alice.page, "In reply to You").waitFor()
    await messageIn(alice.page, "Mentions you").waitFor()

    await act(alice.page, "let us begin", "React")
    await alice.page.getByRole("dialog", { name: "React" }).getByRole("button", { name: "🎉" }).click()
    await bob.page.getByRole("button", { name: /^🎉 1 ?, by Alice$/ }).waitFor()

    await act(alice.page, "Shall we begin?", "Change")
    expect(await composerOf(alice.page).inputValue()).to.equal(
      "Shall we **begin**? The plan is at https://example.org/plan",
    )
    await say(alice.page, "Shall we begin now, @Bob?")
    const changed = messageIn(bob.page, "Shall we begin now, @Bob?")
    await changed.getByText(/^changed /).waitFor()
    await changed.getByText("Mentions you").waitFor()

    await say(alice.page, "Nobody should have read that")
    await messageIn(bob.page, "Nobody should").waitFor()
    await act(alice.page, "Nobody should", "Delete")
    const sheet = alice.page.getByRole("alertdialog").or(alice.page.getByRole("dialog"))
    await sheet.getByText("That takes nothing back").waitFor()
    await look(alice.page, "chat-delete")
    await sheet.getByRole("button", { name: "Delete the message" }).click()
    await messageIn(bob.page, /Deleted$/).waitFor()
    expect(await messageIn(bob.page, "Nobody should").count()).to.equal(0)
    await look(alice.page, "chat")
    await look(bob.page, "chat-other")
  })

  it("is written by keyboard alone", async () => {
    const { page } = alice
    const keyboard = keyboardOf(page)
    await page.getByRole("tab", { name: "Chat" }).focus()
    await keyboard.to(composerOf(page))
    await keyboard.type("one line")
    await keyboard.press("Shift+Enter")
    await keyboard.type("and another")
    await keyboard.press("Enter")
    await messageIn(bob.page, "and another").waitFor()
    await keyboard.press("ArrowUp")
    await page.getByText("You are changing a message.").waitFor()
    expect(await composerOf(page).inputValue()).to.equal("one line\nand another")
    await keyboard.press("Escape")
    expect(await composerOf(page).inputValue()).to.equal("")
    await keyboard.type("@bo")
    await page.getByRole("option", { name: "Bob" }).waitFor()
    await keyboard.press("Enter")
    await keyboard.type("are you there?")
    await keyboard.press("Enter")
    await messageIn(bob.page, "@Bob are you there?").getByText("Mentions you").waitFor()
    // To the messages, from one to the next, and what can be done with it.
    await keyboard.to(page.locator(".chat-row[tabindex='0']"), "Shift+Tab")
    await keyboard.press("End")
    await keyboard.press("ArrowUp")
    await keyboard.press("ArrowUp")
    await keyboard.press("ArrowDown")
    await keyboard.enter(messageIn(page, "one line").getByRole("button", { name: "Reply" }))
    await page.getByText("You reply to You").waitFor()
    await keyboard.press("Escape")
  })

  it("what is typed while files of a message go stays, and the message comes back where they were stopped", async () => {
    const { page } = alice
    let goOn = (): void => undefined
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const uploads = /\/v1\/uploads/
    await page.route(uploads, async (route) => {
      await held
      await route.continue().catch(() => undefined)
    })
    const send = async (text: string): Promise<void> => {
      const choosing = page.waitForEvent("filechooser")
      await page.getByRole("button", { name: "Add files" }).click()
      await (await choosing).setFiles({ name: "plan.txt", mimeType: "text/plain", buffer: Buffer.from("the plan") })
      await say(page, text)
      await page.getByText("Sealing and sending").waitFor()
      expect(await composerOf(page).inputValue()).to.equal("")
      await composerOf(page).fill("typed meanwhile")
    }
    await send("The plan is here")
    await look(page, "chat-file-going")
    await page.getByRole("button", { name: "Cancel" }).click()
    await page.getByText("Sealing and sending").waitFor({ state: "detached" })
    expect(await composerOf(page).inputValue()).to.equal("The plan is here\ntyped meanwhile")
    await page.getByRole("button", { name: "Leave out plan.txt" }).click()

    await send("The plan is there")
    // Also where somebody looks at another screen.
    await page.getByRole("tab", { name: "Members" }).click()
    await page.getByRole("tab", { name: "Chat" }).click()
    expect(await composerOf(page).inputValue()).to.equal("The plan is there\ntyped meanwhile")
    await page.getByRole("button", { name: "Leave out plan.txt" }).click()

    await send("The plan is sent")
    goOn()
    await messageIn(bob.page, "The plan is sent").getByText("plan.txt").waitFor()
    expect(await composerOf(page).inputValue()).to.equal("typed meanwhile")
    await composerOf(page).fill("")
    await page.unroute(uploads)
  })

  it("without a network it is kept, and goes out once there is one", async () => {
    const { page, context } = bob
    await context.setOffline(true)
    await say(page, "Written in a tunnel")
    await messageIn(page, "Written in a tunnel").getByText("Kept on this device, not sent yet").waitFor()
    await page.getByText("One message of yours is not sent yet.").waitFor()
    await look(page, "chat-offline")
    await say(alice.page, "Said meanwhile")
    await context.setOffline(false)
    await messageIn(page, "Written in a tunnel").getByText("Stored").waitFor({ timeout: 60_000 })
    await messageIn(alice.page, "Written in a tunnel").waitFor()
    await messageIn(page, "Said meanwhile").waitFor({ timeout: 60_000 })
  })

  it("what was written without one goes out also while another screen is shown", async () => {
    const { page, context } = bob
    await context.setOffline(true)
    await say(page, "Written on the way out")
    await messageIn(page, "Written on the way out").getByText("Kept on this device, not sent yet").waitFor()
    await goTo(page, "Meetings")
    await page.getByText("1 message waits to be sent").waitFor()
    await look(page, "meetings-waiting")
    await context.setOffline(false)
    await page.getByText("1 message waits to be sent").waitFor({ state: "detached", timeout: 60_000 })
    await messageIn(alice.page, "Written on the way out").waitFor({ timeout: 60_000 })
  })

  it("what is new is counted in the list of meetings, and marked where it begins", async () => {
    const { page } = bob
    await say(alice.page, "You have been away")
    await messageIn(alice.page, "You have been away").getByText("Stored").waitFor()
    await page.reload()
    await page.getByText("1 new message").waitFor({ timeout: 60_000 })
    await look(page, "meetings-unread")
    await page.getByRole("link", { name: "Planning" }).click()
    await page.getByRole("tab", { name: /Chat.*1 new message/ }).click()
    await page.getByText("New since you looked").waitFor()
    await look(page, "chat-fresh")
    await page.getByRole("tab", { name: "Chat", exact: true }).waitFor()
  })
})

/** SPEC.md §16.3: what a server or a removed member does to a chat, as somebody sees it who reads it. */
describe("a meeting's chat from a server that lies, in the browser", function () {
  this.timeout(240_000)
  let scene: Scene
  let browser: TestBrowser
  let person: Person
  let meetingId: MeetingId

  before(async () => {
    scene = await openScene()
    browser = await openBrowser()
    meetingId = await createMeetingAt(scene.alice.client, "Lies in the chat")
    await admit(scene.alice, scene.bob, meetingId)
  })
  after(async () => {
    await browser.close()
    await scene.close()
  })

  /** A browser that has seen nothing of the chat. */
  async function open(meeting = meetingId, { home } = scene.bob): Promise<Page> {
    person = await browser.person(scene.liar.url)
    const { page } = person
    await takeAccount(page, home)
    await page.goto("about:blank")
    await page.goto(`${scene.liar.url}/app/#/meetings/${formatId("meeting", meeting)}/chat`)
    return page
  }

  it("a message that is kept back is a gap, one of somebody removed is late, and the others stand", async () => {
    const { alice, liar } = scene
    const carol = await scene.newClient("Carol's phone")
    await admit(alice, carol, meetingId)
    for (const text of ["one", "two", "three"])
      expect((await sendMessage(alice.client, meetingId, textContent(text))).trouble).to.equal(null)
    const log = await readMeeting(carol.client, meetingId)
    await removeMember(alice.client, meetingId, whoAmI(carol.client).accountId)
    await sendMessage(alice.client, meetingId, textContent("four"))

    const late = await forgedMessage(carol, log, "I said so while I was in")
    // Without the lie it is whole.
    const before = await open()
    await messageIn(before, "four").waitFor()
    expect(await messageIn(before, "missing").count()).to.equal(0)
    await person.context.close()

    const told = liar.lie({
      path: MESSAGES,
      tell: json<ServedPage>((page) =>
        added(late)({ ...page, messages: page.messages.filter(({ seq }) => seq !== 1) }),
      ),
    })
    const page = await open()
    await messageIn(page, "A message is missing here").waitFor()
    await messageIn(page, "I said so while I was in").getByText("Late, not vouched for.").waitFor()
    for (const text of ["one", "three", "four"]) await messageIn(page, text).first().waitFor()
    expect(await messageIn(page, "two").count()).to.equal(0)
    expect(told.delivered()).to.be.greaterThan(0)
    await look(page, "chat-lies")
    told.stop()
    person.assertCalm()
  })

  it("of everything that can be done to it each is shown for what it is, beside its neighbours", async () => {
    const dave = await scene.newClient("Dave's laptop")
    const chat = await chatOfLies(scene, dave)
    const rowOf = (page: Page, text: string): Locator =>
      messageIn(page, /./).filter({ has: page.getByText(text, { exact: true }) })
    const before = await open(chat.meetingId, dave)
    for (const text of chat.truth) await rowOf(before, text).waitFor()
    expect(await before.locator(".chat-warnings").count()).to.equal(0)
    person.assertCalm()
    await person.context.close()

    const told = scene.liar.lie(chat.lie)
    try {
      const page = await open(chat.meetingId, dave)
      for (const [text, warning] of [
        ["five", "A message that its device wrote before this one is missing."],
        ["six", "the server changed their order"],
        ["eight", "Its device wrote two messages in one place"],
        ["another eight", "Its device wrote two messages in one place"],
        ["I said so while I was in", "Late, not vouched for."],
      ] as const)
        await rowOf(page, text).locator(".chat-warnings").getByText(warning).waitFor()
      for (const reason of ["Something old came again", "The author that it names did not sign it"])
        await messageIn(page, "A message is not shown").filter({ hasText: reason }).waitFor()
      await messageIn(page, "A message is missing here").waitFor()
      for (const text of ["one", "two", "three", "seven"]) {
        await rowOf(page, text).waitFor()
        expect(await rowOf(page, text).locator(".chat-warnings").count(), text).to.equal(0)
      }
      for (const text of ["four", "Alice agrees"]) expect(await rowOf(page, text).count(), text).to.equal(0)
      expect(told.delivered()).to.be.greaterThan(0)
      await look(page, "chat-all-lies")
    } finally {
      told.stop()
    }
    person.assertCalm()
    await person.context.close()
  })

  it("any number of reactions to one message leaves room for the others", async () => {
    const { alice, bob } = scene
    const reacted = await createMeetingAt(alice.client, "Reactions")
    await admit(alice, bob, reacted)
    await sendMessage(alice.client, reacted, textContent("What do you think?"))
    const [said] = (await ChatReader.open(alice.client, reacted)).entries()
    if (said?.kind !== "authentic") expect.fail("the question is not there")
    const { messageId, hash } = said
    for (let count = 1; count <= 70; count++)
      await sendMessage(alice.client, reacted, {
        type: "reaction",
        target: { messageId, hash },
        reaction: `thought ${count}`,
        isSet: true,
      })
    await sendMessage(alice.client, reacted, textContent("Thank you"))
    const page = await open(reacted)
    const buttons = messageIn(page, "What do you think?").locator("button.reaction")
    await page.getByRole("button", { name: "Show 58 more reactions" }).waitFor()
    expect(await buttons.count()).to.equal(13)
    await look(page, "chat-reactions")
    await page.getByRole("button", { name: "Show 58 more reactions" }).click()
    await page.getByText("and 10 more").waitFor()
    expect(await buttons.count()).to.equal(60)
    await look(page, "chat-all-reactions")
    person.assertCalm()
    await person.context.close()
  })

  it("goes back through hundreds of messages, some of them laid out at a time, and stays where one looks", async () => {
    const many = await createMeetingAt(scene.alice.client, "A long chat")
    await admit(scene.alice, scene.bob, many)
    for (let count = 1; count <= 430; count++)
      await sendMessage(scene.alice.client, many, textContent(`Line ${count} of a long chat`))
    const page = await open(many)
    await messageIn(page, "Line 430 of").waitFor()
    const laidOut = async (): Promise<number> => await page.locator(".chat-row").count()
    expect(await laidOut()).to.be.below(120)
    await page.locator(".chat-scroll").hover()
    for (let turns = 0; (await messageIn(page, "Line 1 of").count()) === 0; turns++) {
      if (turns > 400) expect.fail("the first message never comes")
      await page.mouse.wheel(0, -900)
      await page.waitForTimeout(50)
      expect(await laidOut()).to.be.below(260)
    }
    await page.getByText("This is where the chat begins.").waitFor()
    // What comes below moves nothing.
    await page.mouse.wheel(0, 2_000)
    await page.waitForTimeout(300)
    const first = `(() => {
      const box = document.querySelector(".chat-scroll")
      const top = box.getBoundingClientRect().top
      const row = [...box.querySelectorAll("[data-row]")].find((one) => one.getBoundingClientRect().bottom > top)
      return [row.innerText, Math.round(row.getBoundingClientRect().top - top)]
    })()`
    const before = await page.evaluate(first)
    await sendMessage(scene.alice.client, many, textContent("One more, far below"))
    await page.getByRole("button", { name: "1 new message" }).waitFor({ timeout: 60_000 })
    expect(await page.evaluate(first)).to.deep.equal(before)
    await look(page, "chat-scrolled")
    await page.getByRole("button", { name: "1 new message" }).click()
    await messageIn(page, "One more, far below").waitFor()
    expect(await laidOut()).to.be.below(200)
    person.assertCalm()
    await person.context.close()
  })

  it("beside a recording it follows the player, leads to its places, and is searched with the captions", async () => {
    const { alice, bob } = scene
    const watched = await createMeetingAt(alice.client, "Watched with its chat")
    await admit(alice, bob, watched)
    const startMs = Date.now() - 30_000
    const file = async (name: string): Promise<Uint8Array> => await readFile(join(root, "test/data", name))
    const { recordingId } = await uploadRecording(
      alice.client,
      watched,
      await openJournalFolder(await mkdtemp(join(alice.home, "journal-"))),
      {
        details: { title: "Kick-off", fileName: null, capturedAtMs: startMs, durationMs: null, prepared: "as-is" },
        assets: [
          { role: "media", mediaType: "video/mp4", source: bytesSource(await file("meeting.mp4")) },
          { role: "captions", mediaType: "text/vtt", source: bytesSource(await file("meeting.vtt")) },
        ],
      },
    )
    const place = (offsetMs: number) => ({ place: { recordingId, offsetMs } })
    await sendMessage(alice.client, watched, textContent("The slides are in the folder", place(500)))
    await sendMessage(alice.client, watched, textContent("Whose dog was that?", place(1_500)))
    await sendMessage(bob.client, watched, textContent("Mine, sorry"))
    const dogs = await uploadSentFile(alice.client, watched, {
      fileName: "dogs.txt",
      mediaType: "text/plain",
      source: bytesSource(Buffer.from("one")),
    })
    await sendMessage(alice.client, watched, textContent("", { files: [dogs] }))
    await sendMessage(alice.client, watched, textContent("Kept back"))
    const dog = (await ChatReader.open(alice.client, watched)).entries()[1]
    if (dog?.kind !== "authentic") expect.fail("the question about the dog is not there")
    await sendMessage(
      bob.client,
      watched,
      textContent("It was", { replyTo: { messageId: dog.messageId, hash: dog.hash } }),
    )
    const keptBack = scene.liar.lie({
      path: MESSAGES,
      tell: json<ServedPage>((page) => ({ ...page, messages: page.messages.filter(({ seq }) => seq !== 4) })),
    })
    person = await browser.person(scene.liar.url)
    const { page } = person
    await takeAccount(page, bob.home)
    await openRecordingAt(page, scene.liar.url, formatId("meeting", watched), formatId("recording", recordingId))
    const column = page.getByRole("complementary", { name: "Said and written" })
    await column.getByRole("paragraph").filter({ hasText: "Whose dog was that?" }).waitFor()
    await column.getByRole("heading", { name: "After the recording" }).waitFor()
    await column.getByText("Mine, sorry").waitFor()
    await column.getByText("A message is missing here").waitFor()
    await column.getByRole("button", { name: "Save dogs.txt 3 bytes" }).waitFor()
    await column.locator("button.quote").filter({ hasText: "Whose dog was that?" }).click()
    await column.locator("li:focus").filter({ hasText: "Whose dog was that?" }).waitFor()
    expect(keptBack.delivered()).to.be.greaterThan(0)
    keptBack.stop()
    await column.getByText("Follow the recording").click()

    const atS = async (): Promise<number> => await page.evaluate(`document.querySelector("video").currentTime`)
    await column.getByRole("button", { name: "Go to 0:01" }).click()
    for (const deadline = performance.now() + 20_000; Math.abs((await atS()) - 1.5) > 0.1;) {
      if (performance.now() > deadline) throw new Error(`the player stands at ${await atS()} s`)
      await page.waitForTimeout(50)
    }
    await column.locator("[aria-current]").filter({ hasText: "Whose dog was that?" }).waitFor()
    await look(page, "watch-chat")
    await page.evaluate(`void (document.querySelector("video").currentTime = 0.6)`)
    await column.locator("[aria-current]").filter({ hasText: "The slides are in the folder" }).waitFor()

    await column.getByLabel("Search what was said and written").fill("SLIDES folder")
    await column.getByRole("paragraph").filter({ hasText: "Whose dog was that?" }).waitFor({ state: "detached" })
    await column.getByText("The slides are in the folder").waitFor()
    await column.getByLabel("Search what was said and written").fill("dog streaming")
    await column.getByText("Nothing here has all of these words.").waitFor()

    // A chat that contradicts what was seen is refused here as it is on its own screen; what was spoken stays.
    const shorter = scene.liar.lie(shortened)
    await page.reload()
    await column.getByRole("alert").waitFor()
    expect(await column.getByRole("paragraph").filter({ hasText: "Whose dog was that?" }).count()).to.equal(0)
    await look(page, "watch-chat-refused")
    expect(shorter.delivered()).to.be.greaterThan(0)
    shorter.stop()
    await column.getByRole("button", { name: "Try again" }).click()
    await column.getByRole("paragraph").filter({ hasText: "Whose dog was that?" }).first().waitFor()
    person.assertCalm()
    await person.context.close()
  })

  it("what the server refuses for good is thrown away, and what waits behind it is sent", async () => {
    const page = await open()
    await messageIn(page, "four").waitFor()
    const problem = { type: "", title: "", status: 413, detail: "too large", code: "too-large", retryable: false }
    const told = scene.liar.lie({
      method: "POST",
      path: /\/messages$/,
      tell: (answer, { body }) =>
        body.length < 1_500
          ? null
          : {
              ...answer,
              status: 413,
              headers: { "content-type": "application/problem+json" },
              body: Buffer.from(JSON.stringify(problem)),
            },
    })
    const long = "Much that the server does not take. ".repeat(40)
    await say(page, long)
    await messageIn(page, "Much that").getByText("Not sent").waitFor()
    await say(page, "What waits behind it")
    await page.getByText("2 messages of yours are not sent yet.").waitFor()
    await look(page, "chat-refused")
    await page.getByRole("button", { name: "Throw the first away" }).click()
    const sheet = page.getByRole("alertdialog").or(page.getByRole("dialog"))
    await sheet.getByText("It is asked once more").waitFor()
    await look(page, "chat-throw-away")
    await sheet.getByRole("button", { name: "Throw it away" }).click()
    await messageIn(page, "What waits behind it").getByText("Stored").waitFor({ timeout: 60_000 })
    expect(await messageIn(page, "Much that").count()).to.equal(0)
    expect(told.delivered()).to.be.greaterThan(1)
    told.stop()
    person.assertCalm()
    await person.context.close()
  })

  it("a chat that is shorter than before is not shown at all, and says why", async () => {
    const page = await open()
    await messageIn(page, "four").waitFor()
    const told = scene.liar.lie(shortened)
    await page.reload()
    await page.getByRole("alert").waitFor()
    expect(await page.getByRole("list", { name: "Messages" }).count()).to.equal(0)
    expect(told.delivered()).to.be.greaterThan(0)
    await look(page, "chat-rollback")
    await page.getByRole("tab", { name: /Chat.*something is wrong/ }).waitFor()
    told.stop()
    await page.getByRole("button", { name: "Try again" }).click()
    await messageIn(page, "four").waitFor()
    person.assertCalm()
  })
})
