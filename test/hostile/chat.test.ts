import { expect } from "chai"
import {
  ChatReader,
  createMeeting,
  discardMessage,
  foldChat,
  type MeetingId,
  readMeeting,
  removeMember,
  sendMessage,
  textContent,
  whoAmI,
} from "../../client/sdk/index.js"
import { fetchChainOf } from "../../client/sdk/chains.js"
import { chatStateOf } from "../../client/sdk/chat/chat-state.js"
import { selfAsAuthor } from "../../client/sdk/client.js"
import { makeMessage, type NewMessage } from "../../client/crypto/message.js"
import type { MeetingLog } from "../../client/crypto/meeting-log.js"
import { fromBase64Url, toBase64Url } from "../../shared/protocol/bytes.js"
import { ZERO_HASH } from "../../shared/protocol/hash.js"
import { asId } from "../../shared/protocol/ids.js"
import { messageHash } from "../../shared/protocol/message.js"
import { random } from "../support/people.js"
import type { TestClient } from "../support/sdk/clients.js"
import { admit, expectRefused, json, openScene, type Scene } from "./support.js"

interface Placed {
  readonly seq: number
  readonly incarnation: number
  readonly day: number
  readonly message: string
}
interface Page {
  readonly messages: readonly Placed[]
  readonly next: number | null
  readonly first: number
  readonly count: number
  readonly incarnation: number
}

const MESSAGES = /\/messages\?/

/** SPEC.md §16.3: chat that a server, a member or somebody removed tampers with is shown for what it is. */
describe("chat, by a server that lies and members who forge it", function () {
  this.timeout(120_000)
  let scene: Scene
  let alice: TestClient
  let bob: TestClient
  let meetingId: MeetingId

  before(async () => {
    scene = await openScene()
    ;({ alice, bob } = scene)
  })
  after(() => scene.close())
  beforeEach(async () => {
    meetingId = await createMeeting(alice.client, "Chat")
    await admit(alice, bob, meetingId)
  })

  async function say({ client }: TestClient, ...texts: readonly string[]): Promise<void> {
    for (const text of texts) expect((await sendMessage(client, meetingId, textContent(text))).trouble).to.equal(null)
  }

  /** What is shown of each place, in a word. */
  async function shown({ client }: TestClient): Promise<readonly string[]> {
    const reader = await ChatReader.open(client, meetingId)
    while (await reader.readOlder());
    return foldChat(reader.entries(), reader.log.epochs).map((line) => {
      if (line.kind === "gap") return `gap ${line.fromSeq}-${line.untilSeq - 1}`
      if (line.kind === "refused") return line.code
      if (line.kind === "closed") return "closed"
      const { isVouched, missingBefore, conflict } = line.message.standing
      const text = line.kind === "text" ? (line.text ?? "(deleted)") : `${line.message.statement.type}: ${line.reason}`
      return [text, isVouched ? "" : "late", missingBefore > 0 ? `-${missingBefore}` : "", conflict ?? ""]
        .filter((word) => word !== "")
        .join(" ")
    })
  }

  /** What a new device would be shown, which has seen nothing: first as it is, then with the lie. */
  async function shownWithLie(
    truth: readonly string[],
    change: (page: Page) => Page,
    to: TestClient = bob,
  ): Promise<readonly string[]> {
    expect(await shown(to)).to.deep.equal(truth)
    await forget(to)
    const told = scene.liar.lie({ path: MESSAGES, tell: json<Page>(change) })
    try {
      return await shown(to)
    } finally {
      expect(told.delivered(), "lies delivered").to.be.greaterThan(0)
      told.stop()
      await forget(to)
    }
  }

  async function forget({ client }: TestClient): Promise<void> {
    await client.state.update((state) => ({
      ...state,
      chats: state.chats.map((chat) => ({ ...chat, pin: null, heads: [] })),
    }))
  }

  const messages =
    (change: (placed: readonly Placed[]) => readonly Placed[]) =>
    (page: Page): Page => ({ ...page, messages: change(page.messages) })
  const swap = (placed: readonly Placed[], a: number, b: number): readonly Placed[] =>
    placed.map((one) =>
      one.seq === a || one.seq === b
        ? { ...one, message: placed.find(({ seq }) => seq === (one.seq === a ? b : a))?.message ?? "" }
        : one,
    )
  const put = (at: number, raw: Uint8Array) =>
    messages((placed) => placed.map((one) => (one.seq === at ? { ...one, message: toBase64Url(raw) } : one)))
  const added =
    (...raws: readonly Uint8Array[]) =>
    (page: Page): Page => {
      const more = raws.map((raw, index) => ({
        seq: page.count + index,
        incarnation: 0,
        day: page.messages[0]?.day ?? 0,
        message: toBase64Url(raw),
      }))
      return { ...page, count: page.count + raws.length, messages: [...more.toReversed(), ...page.messages] }
    }

  /** A message as a member without scruples would seal it. */
  async function forged(
    { client }: TestClient,
    log: MeetingLog,
    text: string,
    lies: Partial<NewMessage> & { readonly as?: Uint8Array } = {},
  ): Promise<Uint8Array> {
    const { as: author, ...changed } = lies
    const { genesisHash } = client.state.current.secrets
    const { headHash } = await fetchChainOf(client, author ?? genesisHash)
    const { next } = chatStateOf(client.state.current, log.meetingHash)
    return makeMessage(
      {
        meetingId: log.meetingId,
        meetingHash: log.meetingHash,
        messageId: asId("message", random(16)),
        ...next,
        newestLogHash: log.head.hash,
        replaces: [],
        timeMs: Date.now(),
        content: textContent(text),
        ...changed,
      },
      log.current.keys,
      { ...selfAsAuthor(client, headHash), genesisHash: author ?? genesisHash },
      random,
    )
  }

  it("dropped, in the middle or at the beginning: a gap, and that so many are missing (CH6, CH9)", async () => {
    await say(alice, "one", "two", "three")
    const truth = ["one", "two", "three"]
    expect(
      await shownWithLie(
        truth,
        messages((placed) => placed.filter(({ seq }) => seq !== 1)),
      ),
    ).to.deep.equal(["one", "gap 1-1", "three -1"])
    expect(
      await shownWithLie(
        truth,
        messages((placed) => placed.filter(({ seq }) => seq > 0)),
      ),
    ).to.deep.equal(["gap 0-0", "two -1", "three"])
    // Also where the places are made to look whole.
    const closed = (page: Page): Page => ({
      ...page,
      count: 2,
      messages: page.messages.filter(({ seq }) => seq !== 1).map((one) => ({ ...one, seq: Math.min(one.seq, 1) })),
    })
    expect(await shownWithLie(truth, closed)).to.deep.equal(["one", "three -1"])
    const outlived = (page: Page): Page => ({ ...page, first: 1, messages: page.messages.filter(({ seq }) => seq > 0) })
    expect(await shownWithLie(truth, outlived)).to.deep.equal(["gap 0-0", "two -1", "three"])
  })

  it("put in another order, or replayed at another place (CH5, CH6)", async () => {
    await say(alice, "one", "two")
    await say(bob, "three")
    const truth = ["one", "two", "three"]
    expect(
      await shownWithLie(
        truth,
        messages((placed) => swap(placed, 0, 1)),
      ),
    ).to.deep.equal(["two", "one order", "three"])
    // Of two devices the server's word is all that there is.
    expect(
      await shownWithLie(
        truth,
        messages((placed) => swap(placed, 1, 2)),
      ),
    ).to.deep.equal(["one", "three", "two"])
    const again = (page: Page): Page => added(fromBase64Url(page.messages.at(-1)?.message ?? ""))(page)
    expect(await shownWithLie(truth, again)).to.deep.equal([...truth, "replayed"])
  })

  it("shorter than was seen, or another at one place: refused (CH10)", async () => {
    await say(alice, "one", "two")
    const open = async (): Promise<unknown> => await ChatReader.open(bob.client, meetingId)
    const shorter = (page: Page): Page => ({ ...page, count: 1, messages: page.messages.filter(({ seq }) => seq < 1) })
    await expectRefused(scene, { path: MESSAGES, tell: json<Page>(shorter) }, open, ["rollback", "message 1"])
    const empty = (page: Page): Page => ({ ...page, count: 0, messages: [] })
    await expectRefused(scene, { path: MESSAGES, tell: json<Page>(empty) }, open, ["rollback", "message 0"])
    const other = await forged(alice, await readMeeting(alice.client, meetingId), "another two")
    await expectRefused(scene, { path: MESSAGES, tell: json<Page>(put(1, other)) }, open, ["fork", "message 1"])
    const older = (page: Page): Page => ({ ...page, incarnation: page.incarnation + 1, count: 1 })
    const reader = await ChatReader.open(bob.client, meetingId)
    await expectRefused(scene, { path: MESSAGES, tell: json<Page>(older) }, async () => await reader.readNewer(), [
      "rollback",
      "message 1",
    ])
  })

  it("made up, of another meeting, or said to be somebody else's: refused, beside its neighbours (CH2, CH3)", async () => {
    await say(alice, "one", "two", "three")
    const truth = ["one", "two", "three"]
    expect(await shownWithLie(truth, put(1, random(400)))).to.deep.equal(["one", "malformed", "three -1"])
    const byBob = await forged(bob, await readMeeting(bob.client, meetingId), "Alice says so", {
      as: alice.client.state.current.secrets.genesisHash,
      counter: 1,
    })
    expect(await shownWithLie(truth, put(1, byBob), alice)).to.deep.equal(["one", "not-authorised", "three -1"])
    const elsewhere = await createMeeting(alice.client, "Elsewhere")
    await admit(alice, bob, elsewhere)
    const there = await readMeeting(alice.client, elsewhere)
    const moved = await forged(alice, there, "said elsewhere")
    expect(await shownWithLie(truth, put(1, moved))).to.deep.equal(["one", "bad-signature", "three -1"])
  })

  it("written into the past by somebody removed, with the server: late, and it changes nothing (CH7, CH11)", async () => {
    await say(alice, "one")
    await say(bob, "two")
    const old = await readMeeting(bob.client, meetingId)
    const reader = await ChatReader.open(bob.client, meetingId)
    const two = reader.entries().find((entry) => entry.kind === "authentic" && entry.served.seq === 1)
    if (two?.kind !== "authentic") return expect.fail("two is there")
    await removeMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    await say(alice, "three")
    const backdated = await forged(bob, old, "I was never told")
    const deletion = await forged(bob, old, "", {
      content: { type: "deletion", target: { messageId: two.messageId, hash: two.hash } },
    })
    const rewritten = await forged(bob, old, "two, rewritten", { counter: 0, prev: ZERO_HASH })
    const truth = ["one", "two", "three"]
    expect(await shownWithLie(truth, added(backdated), alice)).to.deep.equal([...truth, "I was never told late"])
    expect(await shownWithLie(truth, added(deletion), alice)).to.deep.equal([...truth, "deletion: late late"])
    expect(await shownWithLie(truth, added(rewritten), alice)).to.deep.equal([...truth, "two, rewritten late fork"])
    // In the place of what it wrote in time, it is not what was vouched for.
    expect(await shownWithLie(truth, put(1, rewritten), alice)).to.deep.equal(["one", "two, rewritten late", "three"])
  })

  it("two of one device in one place, with the server or without (CH6)", async () => {
    await say(alice, "one", "two")
    const log = await readMeeting(alice.client, meetingId)
    const [first] = (await ChatReader.open(alice.client, meetingId)).entries()
    const prev = first?.kind === "authentic" ? first.hash : ZERO_HASH
    const other = await forged(alice, log, "another two", { counter: 1, prev })
    expect(await shownWithLie(["one", "two"], added(other))).to.deep.equal(["one", "two fork", "another two fork"])
    // Who saw the first of them knows which came later.
    await ChatReader.open(bob.client, meetingId)
    const told = scene.liar.lie({
      path: MESSAGES,
      tell: json<Page>((page) => added(fromBase64Url(page.messages[0]?.message ?? ""))(put(1, other)(page))),
    })
    const refused: unknown = await shown(bob).catch((error: unknown) => (error as { code: string }).code)
    told.stop()
    expect(refused).to.equal("fork")
  })

  it("a server that says it holds other bytes than were sent is not believed (CH12)", async () => {
    await say(alice, "one")
    const told = scene.liar.lie({
      method: "POST",
      path: /\/messages$/,
      tell: json<{ hash: string }>((body) => ({ ...body, hash: toBase64Url(messageHash(random(10))) })),
    })
    const { trouble, stored } = await sendMessage(alice.client, meetingId, textContent("two"))
    told.stop()
    expect([stored, trouble?.code, told.delivered()]).to.deep.equal([0, "integrity", 1])
  })

  it("one that it refused, kept, and shows after all is a fork with what came in its place (CH6, CH12)", async () => {
    await say(alice, "one")
    const problem = { type: "", title: "", status: 413, detail: "too large", code: "too-large", retryable: false }
    const told = scene.liar.lie({
      method: "POST",
      path: /\/messages$/,
      tell: (answer) => ({
        ...answer,
        status: 413,
        headers: { "content-type": "application/problem+json" },
        body: Buffer.from(JSON.stringify(problem)),
      }),
    })
    const { messageId, trouble } = await sendMessage(alice.client, meetingId, textContent("refused, it said"))
    expect(trouble?.code).to.equal("too-large")
    expect(await discardMessage(alice.client, meetingId, messageId)).to.have.length(1)
    expect(told.delivered()).to.equal(2)
    told.stop()
    await say(alice, "in its place")
    expect(await shown(bob)).to.deep.equal(["one", "refused, it said fork", "in its place fork"])
  })

  it("a server that keeps the chat back keeps nobody from being removed; what it kept back is late", async () => {
    await say(alice, "one")
    await say(bob, "two")
    await forget(alice)
    const told = scene.liar.lie({
      path: MESSAGES,
      tell: (answer) => ({ ...answer, status: 404, body: Buffer.from("{}") }),
    })
    await removeMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    expect(told.delivered()).to.be.greaterThan(0)
    told.stop()
    expect(await shown(alice)).to.deep.equal(["one late", "two late"])
    await say(alice, "three")
    expect(await shown(alice)).to.deep.equal(["one", "two late", "three"])
  })
})
