import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import {
  ChatReader,
  createMeeting,
  deleteMessage,
  discardMessage,
  isClockOff,
  lookAtChat,
  type MeetingId,
  readMeeting,
  rekeyMeeting,
  removeMember,
  sendMessage,
  setPolicy,
  textContent,
  uploadSentFile,
  whoAmI,
} from "../../client/sdk/index.js"
import { decodeState, encodeState } from "../../client/sdk/state.js"
import type { StandingMessage } from "../../client/crypto/chat-order.js"
import { decodeAssetHeader } from "../../shared/protocol/asset-header.js"
import { DAY_MS, dayOf, LAST_DAY } from "../../shared/protocol/ambient.js"
import { equalBytes, fromBase64Url, toBase64Url } from "../../shared/protocol/bytes.js"
import { includesHash, ZERO_HASH } from "../../shared/protocol/hash.js"
import { asId } from "../../shared/protocol/ids.js"
import { messageHash } from "../../shared/protocol/message.js"
import type { SentFile } from "../../shared/protocol/message-content.js"
import type { Lie } from "../support/liar.js"
import { random } from "../support/people.js"
import type { TestClient } from "../support/sdk/clients.js"
import { bytesSource } from "../support/sdk/sources.js"
import {
  added,
  changingMessages,
  cutBefore,
  daysAgo,
  forgedMessage,
  forgetChats,
  MESSAGES,
  postFarOff,
  postForged,
  put,
  resealedMessage,
  type ServedPage,
  shownOf,
  swapped,
} from "./chat-lies.js"
import { admit, expectRefused, json, openScene, say, type Scene } from "./support.js"

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

  async function write({ client }: TestClient, ...texts: readonly string[]): Promise<void> {
    for (const text of texts) expect((await sendMessage(client, meetingId, textContent(text))).trouble).to.equal(null)
  }

  async function shown({ client }: TestClient): Promise<readonly string[]> {
    const reader = await ChatReader.open(client, meetingId)
    while (await reader.readOlder());
    return shownOf(reader)
  }

  /** What a new device would be shown, which has seen nothing: first as it is, then with the lie. */
  async function shownWithLie(
    truth: readonly string[],
    change: (page: ServedPage) => ServedPage,
    to: TestClient = bob,
  ): Promise<readonly string[]> {
    expect(await shown(to)).to.deep.equal(truth)
    await forgetChats(to)
    const told = scene.liar.lie({ path: MESSAGES, tell: json<ServedPage>(change) })
    try {
      return await shown(to)
    } finally {
      expect(told.delivered(), "lies delivered").to.be.greaterThan(0)
      told.stop()
      await forgetChats(to)
    }
  }

  it("dropped, in the middle or at the beginning: a gap, and that so many are missing (CH6, CH9)", async () => {
    await write(alice, "one", "two", "three")
    const truth = ["one", "two", "three"]
    expect(
      await shownWithLie(
        truth,
        changingMessages((placed) => placed.filter(({ seq }) => seq !== 1)),
      ),
    ).to.deep.equal(["one", "gap 1-1", "three -1"])
    expect(
      await shownWithLie(
        truth,
        changingMessages((placed) => placed.filter(({ seq }) => seq > 0)),
      ),
    ).to.deep.equal(["gap 0-0", "two -1", "three"])
    // Also where the places are made to look whole.
    const closed = (page: ServedPage): ServedPage => ({
      ...page,
      count: 2,
      messages: page.messages.filter(({ seq }) => seq !== 1).map((one) => ({ ...one, seq: Math.min(one.seq, 1) })),
    })
    expect(await shownWithLie(truth, closed)).to.deep.equal(["one", "three -1"])
    const outlived = (page: ServedPage): ServedPage => ({
      ...page,
      first: 1,
      messages: page.messages.filter(({ seq }) => seq > 0),
    })
    expect(await shownWithLie(truth, outlived)).to.deep.equal(["gap 0-0", "two -1", "three"])
  })

  it("cut off at its beginning: a gap, but for what a retention can have taken, and that is said (CH13)", async () => {
    meetingId = await createMeeting(daysAgo(100, alice).client, "Kept for a while")
    await admit(alice, bob, meetingId)
    const dave = await scene.newClient("Dave's tablet")
    await admit(alice, dave, meetingId)
    const retain = async (days: number | null, ago: number): Promise<void> => {
      await say(alice, meetingId, { type: "retention", days }, { timeMs: Date.now() - ago * DAY_MS })
    }
    await write(alice, "one", "two", "three")
    // Bob has read these, and Dave nothing.
    expect(await shown(bob)).to.deep.equal(["one", "two", "three"])
    await write(alice, "four", "five")
    const told = scene.liar.lie({ path: MESSAGES, tell: json<ServedPage>(cutBefore(3)) })
    const shownTo = async (person: TestClient): Promise<readonly [readonly string[], number | null]> => {
      const reader = await ChatReader.open(person.client, meetingId)
      return [shownOf(reader), reader.notKept === null ? null : dayOf(reader.notKept.writtenBeforeMs ?? 0)]
    }
    const shownToNewcomer = async (): ReturnType<typeof shownTo> => {
      await forgetChats(dave)
      return await shownTo(dave)
    }
    const dayAgo = (ago: number): number => dayOf(Date.now() - ago * DAY_MS)
    const gap = ["gap 0-2", "four -3", "five"]
    // For so long that nothing can have gone, and lifted before it could take what is newer than the meeting.
    await retain(36_500, 90)
    expect(await shownToNewcomer()).to.deep.equal([gap, null])
    await retain(null, 80)
    expect(await shownToNewcomer()).to.deep.equal([gap, null])
    // In force once, and lifted: what Bob read since can't have gone, nor what came behind it.
    await retain(10, 70)
    await retain(null, 50)
    expect(await shownToNewcomer()).to.deep.equal([["four", "five"], dayAgo(58)])
    expect(await shownTo(bob)).to.deep.equal([gap, null])
    // It stays a gap when it is looked at again.
    expect(await shownTo(bob)).to.deep.equal([gap, null])
    // In force now, for longer than since Bob read it.
    await retain(30, 20)
    expect(await shownToNewcomer()).to.deep.equal([["four", "five"], dayAgo(28)])
    expect(await shownTo(bob)).to.deep.equal([gap, null])
    // So it is when all of it may have gone.
    await retain(1, 1)
    expect(await shownTo(bob)).to.deep.equal([["four", "five"], dayAgo(0)])
    expect(told.delivered()).to.be.greaterThan(0)
    told.stop()
  })

  it("cut off at its beginning, before who can't read what was to be kept: that it may not have been to be kept, and no word of a gap (CH13)", async () => {
    meetingId = await createMeeting(daysAgo(100, alice).client, "Kept for a while, before")
    await say(alice, meetingId, { type: "retention", days: 30 }, { timeMs: Date.now() - 90 * DAY_MS })
    await setPolicy(alice.client, meetingId, "from-join")
    await admit(alice, bob, meetingId)
    await write(alice, "one", "two", "three")
    expect(await shown(bob)).to.deep.equal(["one", "two", "three"])
    const told = scene.liar.lie({ path: MESSAGES, tell: json<ServedPage>(cutBefore(2)) })
    const shownTo = async ({ client }: TestClient) => {
      const reader = await ChatReader.open(client, meetingId)
      const { untilSeq, writtenBeforeMs = null } = reader.notKept ?? {}
      return [shownOf(reader), untilSeq, writtenBeforeMs === null ? null : dayOf(writtenBeforeMs)]
    }
    expect(await shownTo(alice)).to.deep.equal([["three"], 2, dayOf(Date.now() - 28 * DAY_MS)])
    expect(await shownTo(bob)).to.deep.equal([["three"], 2, null])
    // Until what is said where Bob can read it explains all.
    await say(alice, meetingId, { type: "retention", days: 1 })
    expect(await shownTo(bob)).to.deep.equal([["three"], 2, dayOf(Date.now())])
    expect(told.delivered()).to.be.greaterThan(0)
    told.stop()
  })

  it("in a page that was prepared: judged as any other, and asked for again where it did not come", async () => {
    await write(alice, "one", "two", "three", "four")
    const prepared = async (lie: Lie): Promise<ChatReader> => {
      await forgetChats(bob)
      const reader = await ChatReader.open(bob.client, meetingId, { pageMessages: 2 })
      const told = scene.liar.lie(lie)
      reader.prepareOlder(2)
      while (told.delivered() === 0) await delay(10)
      told.stop()
      return reader
    }
    const truth = ["one", "two", "three", "four"]
    const byBob = await forgedMessage(bob, await readMeeting(bob.client, meetingId), "Alice says so", {
      as: alice.client.state.current.secrets.genesisHash,
      counter: 1,
    })
    const lied = await prepared({ path: MESSAGES, tell: json<ServedPage>(put(1, byBob)) })
    expect(await lied.readOlder(2)).to.equal(true)
    expect(shownOf(lied)).to.deep.equal(["one", "not-authorised", "three -1", "four"])
    const gone = await prepared({ path: MESSAGES, tell: () => ({ status: 404, headers: {}, body: Buffer.from("") }) })
    await delay(100)
    expect(await gone.readOlder(2)).to.equal(true)
    expect(shownOf(gone)).to.deep.equal(truth)
    // Members may have changed since it was judged: it is judged anew.
    const before = await prepared({ path: MESSAGES, tell: ({ body }) => body })
    await delay(100)
    await rekeyMeeting(alice.client, meetingId)
    expect(await before.adoptLog(await readMeeting(bob.client, meetingId))).to.equal(true)
    expect(await before.readOlder(2)).to.equal(true)
    expect(shownOf(before)).to.deep.equal(truth)
  })

  it("put in another order, or replayed at another place (CH5, CH6)", async () => {
    await write(alice, "one", "two")
    await write(bob, "three")
    const truth = ["one", "two", "three"]
    expect(
      await shownWithLie(
        truth,
        changingMessages((placed) => swapped(placed, 0, 1)),
      ),
    ).to.deep.equal(["two", "one order", "three"])
    // Of two devices the server's word is all that there is.
    expect(
      await shownWithLie(
        truth,
        changingMessages((placed) => swapped(placed, 1, 2)),
      ),
    ).to.deep.equal(["one", "three", "two"])
    const again = (page: ServedPage): ServedPage => added(fromBase64Url(page.messages.at(-1)?.message ?? ""))(page)
    expect(await shownWithLie(truth, again)).to.deep.equal([...truth, "replayed"])
  })

  it("shorter than was seen, another at one place, or one beyond its end: refused; none at the newest place: a gap (CH10)", async () => {
    await write(alice, "one", "two")
    const open = async (): Promise<unknown> => await ChatReader.open(bob.client, meetingId)
    const shorter = (page: ServedPage): ServedPage => ({
      ...page,
      count: 1,
      messages: page.messages.filter(({ seq }) => seq < 1),
    })
    await expectRefused(scene, { path: MESSAGES, tell: json<ServedPage>(shorter) }, open, ["rollback", "message 1"])
    const empty = (page: ServedPage): ServedPage => ({ ...page, count: 0, messages: [] })
    await expectRefused(scene, { path: MESSAGES, tell: json<ServedPage>(empty) }, open, ["rollback", "message 0"])
    const other = await forgedMessage(alice, await readMeeting(alice.client, meetingId), "another two")
    await expectRefused(scene, { path: MESSAGES, tell: json<ServedPage>(put(1, other)) }, open, ["fork", "message 1"])
    // Whoever took it up could not read what they keep any more.
    const farOff = changingMessages((placed) =>
      placed.map((one) => (one.seq === 1 ? { ...one, seq: Number.MAX_SAFE_INTEGER } : one)),
    )
    const lookedAt = async (): Promise<void> => {
      await lookAtChat(bob.client, await ChatReader.open(bob.client, meetingId))
      decodeState(encodeState(bob.client.state.current))
    }
    await expectRefused(scene, { path: MESSAGES, tell: json<ServedPage>(farOff) }, lookedAt, ["bad-chain", undefined])
    const withheld = changingMessages((placed) => placed.filter(({ seq }) => seq !== 1))
    const told = scene.liar.lie({ path: MESSAGES, tell: json<ServedPage>(withheld) })
    expect(await shown(bob)).to.deep.equal(["one", "gap 1-1"])
    told.stop()
    const older = (page: ServedPage): ServedPage => ({ ...page, incarnation: page.incarnation + 1, count: 1 })
    const reader = await ChatReader.open(bob.client, meetingId)
    await expectRefused(
      scene,
      { path: MESSAGES, tell: json<ServedPage>(older) },
      async () => await reader.readNewer(),
      ["rollback", "message 1"],
    )
  })

  it("made up, of another meeting, or said to be somebody else's: refused, beside its neighbours (CH2, CH3)", async () => {
    await write(alice, "one", "two", "three")
    const truth = ["one", "two", "three"]
    expect(await shownWithLie(truth, put(1, random(400)))).to.deep.equal(["one", "malformed", "three -1"])
    const byBob = await forgedMessage(bob, await readMeeting(bob.client, meetingId), "Alice says so", {
      as: alice.client.state.current.secrets.genesisHash,
      counter: 1,
    })
    expect(await shownWithLie(truth, put(1, byBob), alice)).to.deep.equal(["one", "not-authorised", "three -1"])
    const elsewhere = await createMeeting(alice.client, "Elsewhere")
    await admit(alice, bob, elsewhere)
    const there = await readMeeting(alice.client, elsewhere)
    const moved = await forgedMessage(alice, there, "said elsewhere")
    expect(await shownWithLie(truth, put(1, moved))).to.deep.equal(["one", "bad-signature", "three -1"])
  })

  it("of a time far off: by a clock that is off, or refused where that is no date, beside its neighbours (B6)", async () => {
    await write(alice, "one")
    await postFarOff(bob, meetingId)
    await write(alice, "two")
    const truth = ["one", "in 1970", "in 275760", "malformed", "malformed", "two"]
    expect(await shown(alice)).to.deep.equal(truth)
    const entries = (await ChatReader.open(alice.client, meetingId)).entries()
    expect(entries.map((entry) => entry.kind === "authentic" && isClockOff(entry))).to.deep.equal([
      false,
      true,
      true,
      false,
      false,
      false,
    ])
    // A day by the server that is none takes nobody's screen down.
    const onDay = (day: number): Lie => ({
      path: MESSAGES,
      tell: json<ServedPage>(changingMessages((placed) => placed.map((one) => ({ ...one, day })))),
    })
    const open = async (): Promise<unknown> => await ChatReader.open(alice.client, meetingId)
    await expectRefused(scene, onDay(LAST_DAY + 1), open, ["malformed", undefined])
    const told = scene.liar.lie(onDay(LAST_DAY))
    expect(await shown(alice)).to.deep.equal(truth)
    expect(told.delivered()).to.be.greaterThan(0)
    told.stop()
  })

  it("what no log and no chain settles is asked about ever more seldom, and is shown meanwhile, with its neighbours (CH3)", async () => {
    await write(alice, "one")
    const log = await readMeeting(bob.client, meetingId)
    const as = alice.client.state.current.secrets.genesisHash
    const forged: Uint8Array[] = []
    for (let counter = 0; counter < 20; counter++)
      forged.push(
        await forgedMessage(bob, log, "forged", {
          counter,
          ...(counter < 10 ? { newestLogHash: random(32) } : { as }),
        }),
      )
    const place = { incarnation: 0, day: 0 }
    const hear = async (reader: ChatReader): Promise<void> => {
      for (const raw of forged) expect(await reader.hear([{ ...place, seq: reader.until, raw }])).to.equal(true)
    }
    const reader = await ChatReader.open(alice.client, meetingId)
    scene.liar.asked()
    await hear(reader)
    expect(scene.liar.asked(), "the log, and the chain of who is named").to.have.length.at.most(4)
    expect(reader.entries().filter(({ kind }) => kind === "authentic")).to.have.length(11)
    expect(shownOf(reader).filter((word) => word === "not-authorised")).to.have.length(10)
    // A server that doesn't answer what would settle them keeps nobody from reading on.
    const other = await ChatReader.open(alice.client, meetingId)
    const told = scene.liar.lie({ path: /\/(events|chain)/, tell: (answer) => ({ ...answer, status: 503 }) })
    await hear(other)
    told.stop()
    expect(told.delivered(), "asked once, and tried again as any request").to.be.within(1, 10)
    expect(shownOf(other)).to.deep.equal(shownOf(reader))
  })

  it("sealed anew by a member who can open it, for another id, epoch or meeting, or under its own id: never true again (CH2, CH5, CH6)", async () => {
    await write(alice, "one", "two")
    const log = await readMeeting(bob.client, meetingId)
    const [first] = (await ChatReader.open(bob.client, meetingId)).entries()
    if (first?.kind !== "authentic") return expect.fail("one is there")
    const one = first.served.raw
    const truth = ["one", "two"]
    const elsewhere = await createMeeting(bob.client, "Elsewhere")
    const there = await readMeeting(bob.client, elsewhere)
    const said = await forgedMessage(bob, there, "said elsewhere")
    for (const [raw, shown] of [
      [resealedMessage(one, log, log, asId("message", random(16))), "bad-signature"],
      [resealedMessage(said, there, log), "bad-signature"],
      [resealedMessage(one, log, log), "replayed"],
    ] as const)
      expect(await shownWithLie(truth, added(raw))).to.deep.equal([...truth, shown])
    // In its own place it says the same, and isn't what its device wrote on behind.
    expect(await shownWithLie(truth, put(0, resealedMessage(one, log, log)))).to.deep.equal(["one", "two link"])
    await rekeyMeeting(bob.client, meetingId)
    await write(alice, "three")
    const later = resealedMessage(one, log, await readMeeting(bob.client, meetingId), asId("message", random(16)))
    expect(await shownWithLie([...truth, "three"], added(later))).to.deep.equal([...truth, "three", "bad-signature"])
  })

  it("written into the past by somebody removed, with the server: late, and it changes nothing (CH7, CH11)", async () => {
    await write(alice, "one")
    await write(bob, "two")
    const old = await readMeeting(bob.client, meetingId)
    const reader = await ChatReader.open(bob.client, meetingId)
    const two = reader.entries().find((entry) => entry.kind === "authentic" && entry.served.seq === 1)
    if (two?.kind !== "authentic") return expect.fail("two is there")
    await removeMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    await write(alice, "three")
    const backdated = await forgedMessage(bob, old, "I was never told")
    const deletion = await forgedMessage(bob, old, "", {
      content: { type: "deletion", target: { messageId: two.messageId, hash: two.hash } },
    })
    const rewritten = await forgedMessage(bob, old, "two, rewritten", { counter: 0, prev: ZERO_HASH })
    const truth = ["one", "two", "three"]
    expect(await shownWithLie(truth, added(backdated), alice)).to.deep.equal([...truth, "I was never told late"])
    expect(await shownWithLie(truth, added(deletion), alice)).to.deep.equal([...truth, "deletion: late late"])
    expect(await shownWithLie(truth, added(rewritten), alice)).to.deep.equal([...truth, "two, rewritten late fork"])
    // In the place of what it wrote in time, it is not what was vouched for.
    expect(await shownWithLie(truth, put(1, rewritten), alice)).to.deep.equal(["one", "two, rewritten late", "three"])
  })

  it("two of one device in one place, with the server or without (CH6)", async () => {
    await write(alice, "one", "two")
    const log = await readMeeting(alice.client, meetingId)
    const [first] = (await ChatReader.open(alice.client, meetingId)).entries()
    const prev = first?.kind === "authentic" ? first.hash : ZERO_HASH
    const other = await forgedMessage(alice, log, "another two", { counter: 1, prev })
    expect(await shownWithLie(["one", "two"], added(other))).to.deep.equal(["one", "two fork", "another two fork"])
    // Who saw the first of them knows which came later.
    await ChatReader.open(bob.client, meetingId)
    const told = scene.liar.lie({
      path: MESSAGES,
      tell: json<ServedPage>((page) => added(fromBase64Url(page.messages[0]?.message ?? ""))(put(1, other)(page))),
    })
    const refused: unknown = await shown(bob).catch((error: unknown) => (error as { code: string }).code)
    told.stop()
    expect(refused).to.equal("fork")
  })

  it("a server that says it holds other bytes than were sent is not believed (CH12)", async () => {
    await write(alice, "one")
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
    await write(alice, "one")
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
    await write(alice, "in its place")
    expect(await shown(bob)).to.deep.equal(["one", "refused, it said fork", "in its place fork"])
  })

  it("a server that keeps the chat back keeps nobody from being removed; what it kept back is late", async () => {
    await write(alice, "one")
    await write(bob, "two")
    await forgetChats(alice)
    const told = scene.liar.lie({
      path: MESSAGES,
      tell: (answer) => ({ ...answer, status: 404, body: Buffer.from("{}") }),
    })
    await removeMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    expect(told.delivered()).to.be.greaterThan(0)
    told.stop()
    expect(await shown(alice)).to.deep.equal(["one late", "two late"])
    await write(alice, "three")
    expect(await shown(alice)).to.deep.equal(["one", "two late", "three"])
  })

  describe("files, where a message names what is not its own", () => {
    const statesOf = async (...rawHeaders: readonly Uint8Array[]): Promise<readonly (string | undefined)[]> =>
      await Promise.all(
        rawHeaders.map(async (header) => {
          const ids = [decodeAssetHeader(header).assetId]
          const rows = await scene.service.catalog.query<{ state: string }>(
            "SELECT state FROM assets WHERE asset_id = $1",
            ids,
          )
          return rows[0]?.state
        }),
      )

    async function sendFile({ client }: TestClient): Promise<SentFile> {
      const file = await uploadSentFile(client, meetingId, {
        fileName: "figures.csv",
        mediaType: "text/csv",
        source: bytesSource(random(1_000)),
      })
      const { trouble } = await sendMessage(client, meetingId, textContent("", { files: [file] }))
      expect(trouble).to.equal(null)
      return file
    }

    async function nameFile(person: TestClient, file: SentFile): Promise<void> {
      const log = await readMeeting(person.client, meetingId)
      const { state } = person.client
      const raw = await forgedMessage(person, log, "", { content: textContent("", { files: [file] }) })
      await postForged(person, log, raw)
      // As its program would go on behind it.
      await state.update((current) => ({
        ...current,
        chats: current.chats.map((chat) =>
          equalBytes(chat.meetingHash, log.meetingHash)
            ? { ...chat, next: { counter: chat.next.counter + 1, prev: messageHash(raw) } }
            : chat,
        ),
      }))
    }

    async function deleteThat(by: TestClient, isIt: (entry: StandingMessage) => boolean) {
      const reader = await ChatReader.open(by.client, meetingId)
      const found = reader.entries().find((entry) => entry.kind === "authentic" && isIt(entry))
      if (found?.kind !== "authentic") return expect.fail("it is not there")
      const { trouble, files } = await deleteMessage(by.client, meetingId, found)
      expect([trouble, files.trouble]).to.deep.equal([null, null])
      return [files.deleted, files.kept]
    }

    const isBy =
      ({ client }: TestClient) =>
      ({ statement }: StandingMessage): boolean =>
        equalBytes(statement.authorGenesisHash, client.state.current.secrets.genesisHash)

    it("a member's message that names another's recording, or the file of another's message, takes neither along (CH15)", async () => {
      await scene.upload(random(1_000), alice, meetingId)
      const [recording] = (await readMeeting(bob.client, meetingId)).recordings
      const [asset, box] = [recording!.opened!.assets[0]!, recording!.fields.uploadSecretBoxes[0]!]
      const file = await sendFile(alice)
      // With the boxes that Alice, who deletes it as an admin, can open.
      await nameFile(bob, { ...asset, fileName: "figures.csv", uploadSecretBox: box })
      await nameFile(bob, file)
      for (const named of [asset, file])
        expect(
          await deleteThat(
            alice,
            (entry) =>
              isBy(bob)(entry) &&
              entry.content.type === "text" &&
              equalBytes(entry.content.files[0]!.rawHeader, named.rawHeader),
          ),
        ).to.deep.equal([0, 1])
      expect(await statesOf(asset.rawHeader, file.rawHeader)).to.deep.equal(["stored", "stored"])
      expect(await deleteThat(alice, isBy(alice))).to.deep.equal([1, 0])
      expect(await statesOf(asset.rawHeader, file.rawHeader)).to.deep.equal(["stored", "marked"])
    })

    it("a file that its author named in two messages goes with the last of them (CH15)", async () => {
      const file = await sendFile(bob)
      await nameFile(bob, file)
      const seen: Uint8Array[] = []
      const isNext = (entry: StandingMessage): boolean => {
        const isIt = isBy(bob)(entry) && entry.content.type === "text" && !includesHash(seen, entry.messageId)
        if (isIt) seen.push(entry.messageId)
        return isIt
      }
      expect(await deleteThat(bob, isNext)).to.deep.equal([0, 1])
      expect(await statesOf(file.rawHeader)).to.deep.equal(["stored"])
      expect(await deleteThat(bob, isNext)).to.deep.equal([1, 0])
      expect(await statesOf(file.rawHeader)).to.deep.equal(["marked"])
    })

    it("a deletion that has no effect deletes no file (CH11, CH15)", async () => {
      const file = await sendFile(alice)
      const message = (await ChatReader.open(alice.client, meetingId)).entries()[0]
      if (message?.kind !== "authentic") return expect.fail("it is not there")
      const { trouble } = await deleteMessage(alice.client, meetingId, { ...message, hash: random(32) })
      expect(trouble).to.equal(null)
      expect(await statesOf(file.rawHeader)).to.deep.equal(["stored"])
    })
  })
})
