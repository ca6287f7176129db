import { randomBytes } from "node:crypto"
import { mkdir, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import {
  ChatReader,
  openJournalFolder,
  sendMessage,
  startCapture,
  textContent,
  whoAmI,
} from "../../client/sdk/index.js"
import { asId, formatId, parseId } from "../../shared/protocol/ids.js"
import { join as joinMeeting } from "../hostile/support.js"
import { exitOf } from "../support/programs.js"
import { startClient } from "../support/sdk/clients.js"
import { openTerminals } from "../support/taciturn.js"

const POLL_MS = 100
const NO_MESSAGE = formatId("message", asId("message", new Uint8Array(16)))

describe("chat, through the taciturn command", function () {
  this.timeout(240_000)
  let terminals: Awaited<ReturnType<typeof openTerminals>>
  let meeting: string
  let first: string
  let second: string
  const accounts: Record<string, string> = {}

  before(async () => {
    terminals = await openTerminals()
    for (const person of ["alice", "bob"]) accounts[person] = (await terminals.succeed(person, ["init"])).account
    ;({ meeting } = await terminals.succeed("alice", ["meeting", "create", "Weekly <call>"]))
    await terminals.succeed("alice", ["meeting", "add", meeting, accounts["bob"] ?? ""])
    await terminals.succeed("bob", ["meeting", "join", "--all"])
  })
  after(() => terminals.close())

  const chat = async (person: string, command: string, ...args: readonly string[]) =>
    await terminals.succeed(person, ["chat", command, meeting, ...args])

  it("two talk, and tail shows it as it comes", async () => {
    const tail = terminals.start("bob", ["chat", "tail", meeting, "--json"])
    const says = async (text: string): Promise<void> => {
      while (!tail.output().includes(text)) {
        expect(tail.exitCode, tail.output()).to.equal(null)
        await delay(POLL_MS)
      }
    }
    await says("following Weekly <call> from here on")
    const sent = await chat("alice", "send", "I will be *late*")
    expect(sent).to.deep.include({ meeting, state: "stored", waiting: 0 })
    first = sent.message
    await says(first)
    const input = Buffer.from("<b>two</b>\nlines\n")
    const answer = ["chat", "send", meeting, "--reply", first]
    second = (await terminals.succeed("alice", answer, {}, input)).message
    await says(second)
    await chat("bob", "react", first, "👍")
    await says('"reaction":"👍"')
    await chat("bob", "react", first, "👍", "--take-back")
    await delay(POLL_MS)
    tail.kill("SIGINT")
    expect(await exitOf(tail)).to.equal(0)
    const documents = tail
      .output()
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line))
    expect(documents[2]).to.deep.include({
      message: first,
      reactions: [{ reaction: "👍", authors: [accounts["bob"]] }],
    })
    const asSaid = documents.slice(0, 2)
    expect(asSaid.map(({ message, text, state, author }) => [message, text, state, author])).to.deep.equal([
      [first, "I will be *late*", "stored", accounts["alice"]],
      [second, "<b>two</b>\nlines", "stored", accounts["alice"]],
    ])
    expect(documents[1].replyTo).to.equal(first)
  })

  it("a message is edited by its author, reacted to, and deleted by its author or an admin", async () => {
    const third = (await chat("bob", "send", "regretted")).message
    await chat("alice", "edit", first, "I am here")
    await chat("bob", "react", first, "👍")
    await chat("alice", "react", first, "👍")
    await chat("alice", "react", first, "👍", "--take-back")
    await chat("bob", "edit", first, "not his")
    await chat("alice", "delete", third)
    const { messages, waiting } = await chat("bob", "list")
    expect(waiting).to.deep.equal([])
    expect(
      messages.map((line: Record<string, unknown>) => line["text"] ?? line["withoutEffect"] ?? null),
    ).to.deep.equal(["I am here", "<b>two</b>\nlines", null, "not-authorised"])
    expect(messages[0].edited).to.be.a("string")
    expect(messages[0].reactions).to.deep.equal([{ reaction: "👍", authors: [accounts["bob"]] }])
    expect(messages[2]).to.deep.include({ message: third, deletedBy: accounts["alice"], state: "stored" })
    expect(await chat("bob", "show", first)).to.deep.equal(messages[0])
    expect((await chat("bob", "list", "--limit", "1")).messages).to.have.length(1)
    const printed = await terminals.run("bob", ["chat", "list", meeting])
    expect(printed.exitCode, printed.stderr).to.equal(0)
    expect(printed.stdout).to.contain(`${first}  `).and.contain("    I am here\n").and.contain("👍 1\n")
    expect(printed.stdout)
      .to.contain("from someone unverified")
      .and.contain(`(deleted by ${accounts["alice"] ?? ""})`)
  })

  it("the whole chat is exported as text, as JSON, and as a page in which nothing that was written is markup", async () => {
    const text = await terminals.run("bob", ["chat", "export", meeting])
    expect(text.stdout)
      .to.match(/^Weekly <call> \(mtg_/)
      .and.contain("    I am here\n")
      .and.not.contain("regretted")
    const json = await chat("bob", "export", "--format", "json")
    expect(json).to.deep.equal({ meeting, title: "Weekly <call>", messages: (await chat("bob", "list")).messages })
    const file = join(terminals.folder, "chat.html")
    const page = ["--format", "html", "-o", "chat.html"]
    expect(await chat("bob", "export", ...page)).to.deep.equal({ file, messages: 4, format: "html" })
    const html = (await terminals.read("chat.html")).toString()
    expect(html).to.contain("&lt;b&gt;two&lt;/b&gt;\nlines").and.contain("<title>Weekly &lt;call&gt;</title>")
    expect(html).to.contain(`<a href="#${first}">`).and.contain(`<article id="${first}">`)
    expect(html).to.not.match(/<b>|<script|regretted/)
    await writeFile(file, "kept")
    expect(await terminals.fail("bob", ["chat", "export", meeting, ...page])).to.deep.equal([1, "exists"])
    expect((await terminals.read("chat.html")).toString()).to.equal("kept")
    await chat("bob", "export", ...page, "--force")
    expect((await terminals.read("chat.html")).toString()).to.equal(html)
  })

  it("what is no message, no meeting or no format is refused, and nothing is sent", async () => {
    const before = (await chat("alice", "list")).messages
    for (const [args, expected] of [
      [
        ["send", "nonsense", "text"],
        [2, "usage"],
      ],
      [
        ["send", meeting],
        [2, "usage"],
      ],
      [
        ["edit", meeting, "nonsense", "text"],
        [2, "usage"],
      ],
      [
        ["send", meeting, "text", "--reply", NO_MESSAGE],
        [1, "not-found"],
      ],
      [
        ["delete", meeting, NO_MESSAGE],
        [1, "not-found"],
      ],
      [
        ["react", meeting, NO_MESSAGE, "👍"],
        [1, "not-found"],
      ],
      [
        ["show", meeting, NO_MESSAGE],
        [1, "not-found"],
      ],
      [
        ["list", meeting, "--limit", "0"],
        [2, "usage"],
      ],
      [
        ["list", meeting, "--day", "2026-02-30"],
        [2, "usage"],
      ],
      [
        ["list", meeting, "--before", "msg_1"],
        [2, "usage"],
      ],
      [
        ["list", meeting, "--from", "1.5"],
        [2, "usage"],
      ],
      [
        ["list", meeting, "--from", "1", "--day", "2026-02-03"],
        [2, "usage"],
      ],
      [
        ["export", meeting, "--format", "pdf"],
        [2, "usage"],
      ],
      [
        ["export", meeting, "--format", "html"],
        [2, "usage"],
      ],
    ] as const)
      expect(await terminals.fail("alice", ["chat", ...args]), args.join(" ")).to.deep.equal(expected)
    expect((await chat("alice", "list")).messages).to.deep.equal(before)
  })

  it("a file goes along, somebody is told of it, and it is saved as it was", async () => {
    const bytes = randomBytes(70_000)
    await writeFile(join(terminals.folder, "slides.pdf"), bytes)
    await mkdir(join(terminals.folder, "received"))
    const files = ["--file", "slides.pdf", "slides.pdf"]
    const { message } = await chat("alice", "send", "the slides", "--mention", accounts["bob"] ?? "", ...files)
    const [line] = (await chat("bob", "list")).messages.slice(-1)
    const file = { fileName: "slides.pdf", sizeBytes: bytes.length }
    expect(line).to.deep.include({ message, mentions: [accounts["bob"]], files: [file, file] })
    const saved = await chat("bob", "save", message, "-o", "received")
    expect(saved.files.map((one: { readonly file: string }) => basename(one.file))).to.deep.equal([
      "slides.pdf",
      "slides 2.pdf",
    ])
    for (const name of ["slides.pdf", "slides 2.pdf"])
      expect((await terminals.read(`received/${name}`)).equals(bytes)).to.equal(true)
    expect(await terminals.fail("bob", ["chat", "save", meeting, message, "-o", "received"])).to.deep.equal([
      1,
      "exists",
    ])
    expect(await terminals.fail("bob", ["chat", "save", meeting, first])).to.deep.equal([1, "not-found"])
    await chat("alice", "edit", message, "the slides, Alice")
    expect((await chat("bob", "show", message)).mentions).to.deep.equal([])
    expect(await terminals.fail("alice", ["chat", "send", meeting, "x", "--mention", "Nobody"])).to.deep.equal([
      1,
      "not-found",
    ])
    const deleted = await chat("alice", "delete", message)
    expect(deleted).to.deep.include({ state: "stored", filesDeleted: 2, filesKept: 0 })
    expect(deleted.purgeDay).to.match(/^\d{4}-\d{2}-\d{2}$/)
    const again = ["chat", "save", meeting, message, "-o", "received", "--force"]
    expect(await terminals.fail("bob", again)).to.deep.equal([1, "gone"])
  })

  it("a message names its place in what somebody else records meanwhile", async () => {
    const carol = await startClient({ url: terminals.stack.url, folder: terminals.folder }, "Carol's laptop")
    const [meetingId, { accountId }] = [parseId("meeting", meeting), whoAmI(carol.client)]
    await terminals.succeed("alice", ["meeting", "add", meeting, formatId("account", accountId)])
    await joinMeeting(carol, meetingId)
    const capture = { title: "Standup", mediaType: "video/webm", capturedAtMs: Date.now() }
    const running = await startCapture(carol.client, meetingId, await openJournalFolder(carol.home), capture)
    let clockMs = 600_000
    const growing = setInterval(() => {
      running.write(randomBytes(10))
      clockMs += POLL_MS
      running.flush(clockMs).catch(() => undefined)
    }, POLL_MS)
    const shown = async (text: string) => await chat("alice", "show", (await chat("bob", "send", text)).message)
    let said = await shown("is it on?")
    while (said.recording === null) said = await shown("is it on now?")
    expect(said.recording).to.equal(formatId("recording", running.recordingId))
    expect(said.offsetMs).to.be.within(600_000, clockMs + 10_000)
    clearInterval(growing)
    await running.stop()
    expect(await shown("is it over?")).to.include({ recording: null, offsetMs: null })
    await carol.close()
    await terminals.succeed("alice", ["meeting", "remove", meeting, formatId("account", accountId)])
  })

  it("is listed part by part, back and forth, and from a day on", async () => {
    const dave = await startClient({ url: terminals.stack.url, folder: terminals.folder }, "Dave's laptop")
    const { meeting: long } = await terminals.succeed("alice", ["meeting", "create", "A long one"])
    await terminals.succeed("alice", ["meeting", "add", long, formatId("account", whoAmI(dave.client).accountId)])
    const meetingId = parseId("meeting", long)
    await joinMeeting(dave, meetingId)
    // More than a page of the server's.
    const texts = Array.from({ length: 230 }, (_, index) => `message ${index}`)
    for (const text of texts) await sendMessage(dave.client, meetingId, textContent(text))
    const reader = await ChatReader.open(dave.client, meetingId)
    while (await reader.readOlder());
    const [oldest] = reader.entries()
    if (oldest?.kind !== "authentic") return expect.fail("the first is not there")
    const target = { messageId: oldest.messageId, hash: oldest.hash }
    await sendMessage(dave.client, meetingId, { type: "edit", target, text: "changed since", mentions: [] })
    await dave.close()
    const said = ["changed since", ...texts.slice(1)]

    const list = async (...args: readonly string[]) => await terminals.succeed("alice", ["chat", "list", long, ...args])
    const textsOf = (part: { readonly messages: readonly { readonly text: string }[] }): readonly string[] =>
      part.messages.map(({ text }) => text)
    const newest = await list("--limit", "100")
    expect(textsOf(newest), "an edit of what is further back is no line").to.deep.equal(said.slice(-100))
    expect([newest.before, newest.from]).to.deep.equal([130, null])
    const middle = await list("--limit", "100", "--before", String(newest.before))
    expect([middle.before, middle.from]).to.deep.equal([30, 130])
    const first = await list("--limit", "100", "--before", String(middle.before))
    expect([first.before, first.from]).to.deep.equal([null, 30])
    expect([first, middle, newest].flatMap(textsOf)).to.deep.equal(said)
    expect(await list("--limit", "100", "--from", String(first.from))).to.deep.equal(middle)
    expect(await list("--limit", "100", "--from", String(middle.from))).to.deep.equal(newest)
    const day = ["--day", first.messages[0].time.slice(0, 10)]
    expect(await list("--limit", "30", ...day)).to.deep.equal(first)
    expect(await list("--day", "2999-01-01")).to.deep.include({ messages: [], before: 231, from: null })
    expect(textsOf(await list("--limit", "300", "--before", "231"))).to.deep.equal(said)
    const printed = await terminals.run("alice", ["chat", "list", long, "--limit", "7", "--from", "30"])
    expect(printed.stdout)
      .to.contain(`taciturn chat list ${long} --limit 7 --before 30`)
      .and.contain(`taciturn chat list ${long} --limit 7 --from 37`)
  })

  it("what can't be sent waits, and goes in order with the next command that reaches the server, whichever meeting that is of", async () => {
    const away = { TACITURN_URL: "http://127.0.0.1:9" }
    for (const text of ["from the train", "in the tunnel"]) {
      const kept = await terminals.run("alice", ["chat", "send", meeting, text, "--json"], away)
      expect([kept.exitCode, kept.json.state, kept.json.reason], kept.stdout).to.deep.equal([
        4,
        "sending",
        "unavailable",
      ])
    }
    const { meeting: other } = await terminals.succeed("alice", ["meeting", "create", "Another"])
    const { messages, waiting } = await chat("alice", "list")
    expect(waiting).to.deep.equal([])
    const texts = messages.map(({ text }: { readonly text: string }) => text)
    expect(texts.slice(-2)).to.deep.equal(["from the train", "in the tunnel"])
    expect((await chat("bob", "list")).messages).to.have.length(messages.length)
    expect(await terminals.fail("alice", ["chat", "discard", other, first])).to.deep.equal([1, "not-found"])
  })

  it("what waits is thrown away only if the server refuses it", async () => {
    const kept = await terminals.run("alice", ["chat", "send", meeting, "kept", "--json"], {
      TACITURN_URL: "http://127.0.0.1:9",
    })
    expect(await chat("alice", "discard", kept.json.message)).to.deep.include({ discarded: [], waiting: 0 })
    expect((await chat("bob", "show", kept.json.message)).text).to.equal("kept")
  })
})
