import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { type Namespace, Server } from "socket.io"
import { until } from "../../scripts/services.js"
import { createMeeting, followChat, sendMessage, textContent } from "../../client/sdk/index.js"
import { DAY_MS, dateOf, LAST_TIME_MS } from "../../shared/protocol/ambient.js"
import { toBase64Url } from "../../shared/protocol/bytes.js"
import { formatId } from "../../shared/protocol/ids.js"
import { LIVE_NAMESPACES, LIVE_PATH } from "../../shared/protocol/live.js"
import { runProgram, temporaryFolder } from "../support/programs.js"
import type { TestClient } from "../support/sdk/clients.js"
import {
  type ChatOfLies,
  chatOfLies,
  cutBefore,
  daysAgo,
  forgetChats,
  MESSAGES,
  postFarOff,
  type ServedPage,
  shownOf,
} from "./chat-lies.js"
import { admit, json, openScene, say, type Scene } from "./support.js"

const NEVER_MS = 600_000
const UNVERIFIED = "from someone unverified: compare safety words, or add their card"

/** By the command, but for what stands at every message here. */
const SHOWN = [
  "one",
  "two",
  "three",
  "! a message is missing here: the server does not give it",
  "! 1 of the same device before this is missing",
  "five",
  "seven",
  "! it stands behind a later message of its device: the server changed their order",
  "six",
  "! its device wrote two messages in one place: one of them is not what others saw",
  "eight",
  "! a message is not shown, since nobody can be told to have written it (replayed: a message whose id another one had before)",
  "! late, not vouched for: it may have been written after its author was removed",
  "I said so while I was in",
  "! a message is not shown, since nobody can be told to have written it (not-authorised: a message by a device that is not its author's)",
  "! its device wrote two messages in one place: one of them is not what others saw",
  "another eight",
]

/** SPEC.md §16.3: to one chat everything is done at once, and each is shown for what it is, beside its neighbours. */
describe("a chat of lies, as it is shown", function () {
  this.timeout(120_000)
  let scene: Scene
  let dave: TestClient
  let chat: ChatOfLies
  let meeting: Namespace

  before(async () => {
    scene = await openScene()
    dave = await scene.newClient("Dave's laptop")
    chat = await chatOfLies(scene, dave)
    meeting = new Server(scene.liar.server, { path: LIVE_PATH }).of(LIVE_NAMESPACES.meeting)
  })
  after(() => scene.close())

  async function run(...args: readonly string[]): Promise<string> {
    const environment = { TACITURN_HOME: dave.home, TACITURN_URL: scene.liar.url }
    const result = await runProgram("taciturn", args, { environment })
    expect(result.exitCode, result.stderr).to.equal(0)
    return result.stdout
  }

  async function chatCommand(command: string, ...args: readonly string[]): Promise<string> {
    return await run("chat", command, formatId("meeting", chat.meetingId), ...args)
  }

  /** With the lie, to somebody who has seen nothing. */
  async function toldLies(...command: Parameters<typeof chatCommand>): Promise<string> {
    await forgetChats(dave)
    const told = scene.liar.lie(chat.lie)
    try {
      return await chatCommand(...command)
    } finally {
      expect(told.delivered(), "lies delivered").to.be.greaterThan(0)
      told.stop()
      await forgetChats(dave)
    }
  }

  /** Ids, times and authors left out, and what stands at every message here. */
  function bare(text: string): readonly string[] {
    return text
      .replaceAll(/^msg_.*$/gm, "")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && line !== `! ${UNVERIFIED}`)
  }

  /** As {@link bare}, of a page. */
  function onPage(page: string): readonly string[] {
    const texts = [...page.matchAll(/<p class="(?:warning|text|note)"[^>]*>(.*)<\/p>/g)].map(([, text = ""]) => text)
    return texts.filter((text) => text !== UNVERIFIED).map((text) => text.replace("&#39;", "'").toLowerCase())
  }

  function asOnPage(lines: readonly string[]): readonly string[] {
    return lines.map((text) => text.replace("! ", "").toLowerCase())
  }

  it("without the lie as it was said; with it chat list warns at each, and of what is not shown", async () => {
    expect(bare(await chatCommand("list"))).to.deep.equal(chat.truth)
    expect(bare(await toldLies("list"))).to.deep.equal(SHOWN)
  })

  it("in JSON", async () => {
    const { messages } = JSON.parse(await toldLies("list", "--json")) as { messages: Record<string, unknown>[] }
    const words = messages.map(({ text, state, code, missingBefore, conflict }) =>
      [text, state, code, missingBefore, conflict].filter((value) => Boolean(value)).join(" "),
    )
    expect(words).to.deep.equal([
      "one stored",
      "two stored",
      "three stored",
      "gap",
      "five stored 1",
      "seven stored",
      "six stored order",
      "eight stored fork",
      "refused replayed",
      "I said so while I was in late",
      "refused not-authorised",
      "another eight stored fork",
    ])
  })

  it("in an exported page", async () => {
    expect(onPage(await toldLies("export", "--format", "html"))).to.deep.equal(asOnPage(SHOWN))
  })

  it("a time that is far off is marked by chat list, on an exported page and in an exported folder (B6)", async () => {
    const { alice, bob } = scene
    const meetingId = await createMeeting(alice.client, "Far off")
    for (const person of [bob, dave]) await admit(alice, person, meetingId)
    await sendMessage(alice.client, meetingId, textContent("one"))
    await postFarOff(bob, meetingId)
    await sendMessage(alice.client, meetingId, textContent("two"))
    const off = `! its author's clock is off: the server got it on ${dateOf(Date.now())}`
    const refused = `! a message is not shown, since nobody can be told to have written it (malformed: time is no unsigned integer up to ${LAST_TIME_MS})`
    const expected = ["one", off, "in 1970", off, "in 275760", refused, refused, "two"]
    const meeting = formatId("meeting", meetingId)
    const listed = await run("chat", "list", meeting)
    expect(bare(listed)).to.deep.equal(expected)
    expect(listed).to.contain("  1970-01-01 00:00  ").and.contain("  +275760-09-13 00:00  ")
    expect(onPage(await run("chat", "export", meeting, "--format", "html"))).to.deep.equal(asOnPage(expected))
    const folder = join(dave.home, "exported")
    await run("export", meeting, "-o", folder)
    const [name = ""] = (await readdir(folder)).filter((entry) => entry.startsWith("Far off"))
    expect(onPage(await readFile(join(folder, name, "chat.html"), "utf8"))).to.deep.equal(asOnPage(expected))
    await run("export", "verify", folder)
    // An event counts, whatever its time is.
    await say(alice, meetingId, { type: "retention", days: 400 }, { timeMs: Number.MAX_SAFE_INTEGER })
    expect(await run("meeting", "show", meeting)).to.contain(`said on ${Number.MAX_SAFE_INTEGER} ms\n`)
  })

  it("a beginning that was not to be kept is told from a gap by chat list and in an exported page (CH13)", async () => {
    const { alice } = scene
    const meetingId = await createMeeting(daysAgo(100, alice).client, "Cut")
    await admit(alice, dave, meetingId)
    for (const text of ["one", "two", "three"]) await sendMessage(alice.client, meetingId, textContent(text))
    const told = scene.liar.lie({ path: MESSAGES, tell: json<ServedPage>(cutBefore(2)) })
    const meeting = formatId("meeting", meetingId)
    const printed = async (): Promise<readonly string[]> => {
      const shown = bare(await run("chat", "list", meeting))
      expect(onPage(await run("chat", "export", meeting, "--format", "html"))).to.deep.equal(asOnPage(shown))
      await forgetChats(dave)
      return shown
    }
    const missing = "missing here: the server does not give them"
    expect(await printed()).to.deep.equal([
      `! 2 messages are ${missing}`,
      "! 2 of the same device before this are missing",
      "three",
    ])
    await say(alice, meetingId, { type: "retention", days: 30 })
    const day = dateOf(Date.now() - 28 * DAY_MS)
    expect(await printed()).to.deep.equal([
      `Older messages were not to be kept: an admin had the server delete what was written before ${day}.`,
      "three",
    ])
    const { messages } = JSON.parse(await run("chat", "list", meeting, "--json"))
    expect(messages[0]).to.deep.include({ state: "not-kept", from: 0, to: 1 })
    const { path, remove } = await temporaryFolder()
    await run("export", meeting, "-o", path)
    const { isWhole, unprovedLines } = JSON.parse(await run("export", "verify", path, "--json"))
    expect([isWhole, unprovedLines]).to.deep.equal([true, 1])
    await remove()
    told.stop()
  })

  it("who could not fetch what a socket spoke of tries again, with nothing more said (CS6)", async () => {
    const ended = new AbortController()
    let [isShown, troubles] = [false, 0]
    const following = followChat(dave.client, chat.meetingId, {
      signal: ended.signal,
      pollMs: NEVER_MS,
      onChange: () => {
        isShown = true
      },
      onTrouble: () => {
        troubles += 1
      },
    })
    await until(async () => isShown && (await meeting.fetchSockets()).length === 1, "the chat and a socket")
    const refusal = { code: "unavailable", status: 503, title: "unavailable", detail: "not now", retryable: true }
    const lie = scene.liar.lie({
      method: "GET",
      path: /\/messages/,
      tell: ({ headers }) => ({
        status: 503,
        headers: { ...headers, "content-type": "application/problem+json" },
        body: Buffer.from(JSON.stringify({ type: "about:blank", ...refusal })),
      }),
    })
    meeting.emit("chat", { count: chat.truth.length + 1 })
    await until(() => Promise.resolve(troubles > 0), "a fetch that failed")
    expect(lie.delivered()).to.be.greaterThan(0)
    lie.stop()
    scene.liar.asked()
    const isAsked = (): boolean => scene.liar.asked().some(({ path }) => path.includes("/messages"))
    await until(() => Promise.resolve(isAsked()), "another fetch")
    ended.abort()
    await following
    meeting.disconnectSockets(true)
  })

  it("what is said on a socket is judged as what stands on a page (CS6)", async () => {
    const ended = new AbortController()
    let shown: readonly string[] = []
    const following = followChat(dave.client, chat.meetingId, {
      signal: ended.signal,
      pollMs: NEVER_MS,
      onChange: (reader) => {
        shown = shownOf(reader)
      },
    })
    await until(async () => shown.length > 0 && (await meeting.fetchSockets()).length === 1, "the chat and a socket")
    expect(shown).to.deep.equal(chat.truth)
    const [count, more] = [chat.truth.length, chat.behind.length]
    const messages = chat.behind.map((raw, index) => {
      return { seq: count + index, incarnation: 0, day: 20_000, message: toBase64Url(raw) }
    })
    meeting.emit("messages", { messages: [null, ...messages, { seq: -1 }] })
    await until(() => Promise.resolve(shown.length === count + more), "what was said")
    expect(shown).to.deep.equal([
      ...chat.truth.slice(0, -1),
      "eight fork",
      "replayed",
      "I said so while I was in late",
      "not-authorised",
      "another eight fork",
    ])
    ended.abort()
    await following
    meeting.disconnectSockets(true)
  })
})
