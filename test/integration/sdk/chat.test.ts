import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  adoptKeyring,
  ChatReader,
  type ChatLine,
  createMeeting,
  deleteMessage,
  discardMessage,
  flushChat,
  foldChat,
  foldUnsent,
  followChat,
  listInvitations,
  lookAtChat,
  lookForMessages,
  type MeetingId,
  isArchiveError,
  queueDeletion,
  queueMessage,
  readMeeting,
  readSentFile,
  rememberUnread,
  rekeyMeeting,
  removeMember,
  revokeDevices,
  sendMessage,
  settleAllFiles,
  textContent,
  unsentMessages,
  uploadSentFile,
  whoAmI,
} from "../../../client/sdk/index.js"
import type { StandingMessage } from "../../../client/crypto/chat-order.js"
import { chatStateOf } from "../../../client/sdk/chat/chat-state.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import type { MessageContent, MessageTarget } from "../../../shared/protocol/message-content.js"
import { PACKS_PREFIX } from "../../../shared/server/chat-pack.js"
import { createLogger } from "../../../shared/server/logger.js"
import { openFolderStore } from "../../../shared/server/objects/folder.js"
import { packMessages } from "../../../worker/pack-messages.js"
import { RoomChat } from "../../../client/web/chat/room-chat.js"
import { fillChat } from "../../bench/sealed-chat.js"
import { random } from "../../support/people.js"
import { memoryStateBox } from "../../support/sdk/memory.js"
import { bytesSource, readAll } from "../../support/sdk/sources.js"
import { recoverClient, type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"

/** So that whatever comes was heard of on a socket. */
const NEVER_MS = 600_000

describe("SDK: chat", function () {
  this.timeout(120_000)
  let service: Service
  let alice: TestClient
  let bob: TestClient
  let meetingId: MeetingId
  const everybody: TestClient[] = []

  before(async () => {
    service = await startService()
    for (const name of ["Alice's laptop", "Bob's phone"]) everybody.push(await startClient(service, name))
    ;[alice, bob] = everybody as [TestClient, TestClient]
  })
  after(async () => {
    for (const person of everybody) await person.close()
    await service.stop()
  })
  beforeEach(async () => {
    meetingId = await createMeeting(alice.client, "Chat")
    await addMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    const [waiting] = await listInvitations(bob.client)
    await acceptInvitation(bob.client, waiting!)
  })

  async function say({ client }: TestClient, content: string | MessageContent): Promise<MessageTarget> {
    const { messageId, trouble } = await sendMessage(
      client,
      meetingId,
      typeof content === "string" ? textContent(content) : content,
    )
    expect(trouble).to.equal(null)
    const reader = await ChatReader.open(client, meetingId)
    const entry = reader.entries().findLast((candidate) => candidate.kind === "authentic")
    if (entry?.kind !== "authentic") return expect.fail("it is not there")
    return { messageId, hash: entry.hash }
  }

  const linesOf = (reader: ChatReader): readonly ChatLine[] => foldChat(reader.entries(), reader.log.epochs)
  const read = async ({ client }: TestClient): Promise<readonly ChatLine[]> =>
    linesOf(await ChatReader.open(client, meetingId))

  function shown(line: ChatLine): string {
    if (line.kind === "gap" || line.kind === "closed") return line.kind
    if (line.kind === "refused") return line.code
    const { isVouched, missingBefore, conflict } = line.message.standing
    const marks = `${isVouched ? "" : " late"}${missingBefore > 0 ? ` -${missingBefore}` : ""}${conflict === null ? "" : ` ${conflict}`}`
    return line.kind === "without-effect"
      ? `${line.message.statement.type}: ${line.reason}${marks}`
      : `${line.text ?? "(deleted)"}${marks}`
  }

  it("what one writes the other reads, in one order, edited, reacted to and deleted (CH11)", async () => {
    const first = await say(alice, "one")
    const second = await say(bob, textContent("two", { replyTo: first }))
    await say(alice, { type: "edit", target: first, text: "one, better", mentions: [] })
    await say(bob, { type: "reaction", target: first, reaction: "👍", isSet: true })
    await say(alice, { type: "reaction", target: first, reaction: "👍", isSet: true })
    await say(alice, { type: "reaction", target: first, reaction: "👍", isSet: false })
    await say(bob, { type: "deletion", target: second })
    for (const person of [alice, bob]) {
      const lines = await read(person)
      expect(lines.map(shown)).to.deep.equal(["one, better", "(deleted)"])
      const [line] = lines
      if (line?.kind !== "text") return expect.fail("a text comes first")
      expect(line.reactions).to.deep.equal([
        { reaction: "👍", authors: [bob.client.state.current.secrets.genesisHash] },
      ])
    }
  })

  it("nobody edits or deletes for somebody else, but that an admin deletes (CH11)", async () => {
    const first = await say(alice, "one")
    const second = await say(bob, "two")
    await say(bob, { type: "edit", target: first, text: "not hers", mentions: [] })
    await say(bob, { type: "deletion", target: first })
    await say(bob, { type: "edit", target: { ...second, hash: first.hash }, text: "of other bytes", mentions: [] })
    await say(alice, { type: "edit", target: second, text: "not his", mentions: [] })
    expect((await read(bob)).map(shown)).to.deep.equal([
      "one",
      "two",
      "edit: not-authorised",
      "deletion: not-authorised",
      "edit: no-target",
      "edit: not-authorised",
    ])
    await say(alice, { type: "deletion", target: second })
    expect((await read(bob)).map(shown)[1]).to.equal("(deleted)")
  })

  it("what was written without a network waits, is sent in order as it was kept, and only once (CH12)", async () => {
    const { client } = alice
    service.relay.cut()
    for (const text of ["one", "two"]) await queueMessage(client, meetingId, textContent(text))
    const kept = unsentMessages(client, meetingId)
    expect(kept.map(({ content }) => content.type === "text" && content.text)).to.deep.equal(["one", "two"])
    const offline = await flushChat(client, meetingId)
    expect([offline.stored, offline.trouble?.code]).to.deep.equal([0, "unavailable"])
    service.relay.mend()
    // The answer to the first is lost with the process.
    const dying = alice.again({
      failpoint: (name) => {
        if (name === "chat.sent") throw new Error("the process ends")
      },
    })
    expect(await flushChat(dying, meetingId).catch((error: unknown) => String(error))).to.equal(
      "Error: the process ends",
    )
    expect(unsentMessages(client, meetingId).map(({ hash }) => hash)).to.deep.equal(kept.map(({ hash }) => hash))
    expect(await flushChat(alice.again(), meetingId)).to.deep.equal({ stored: 2, trouble: null })
    expect((await read(bob)).map(shown)).to.deep.equal(["one", "two"])
  })

  it("what an epoch ended before it was sent is sealed anew, with what follows it and names it (CH12)", async () => {
    const { client } = alice
    await say(alice, "before")
    const messageId = await queueMessage(client, meetingId, textContent("one"))
    const [waiting] = unsentMessages(client, meetingId)
    await queueMessage(client, meetingId, {
      type: "edit",
      target: { messageId, hash: waiting!.hash },
      text: "one, better",
      mentions: [],
    })
    await rekeyMeeting(bob.client, meetingId)
    expect(await flushChat(client, meetingId)).to.deep.equal({ stored: 2, trouble: null })
    for (const person of [alice, bob]) expect((await read(person)).map(shown)).to.deep.equal(["before", "one, better"])
    const reader = await ChatReader.open(bob.client, meetingId)
    const anew = reader.entries().flatMap((entry) => (entry.kind === "authentic" ? [entry.replaces.length] : []))
    expect(anew).to.deep.equal([0, 1, 1])
    await say(alice, "after")
    expect((await read(bob)).map(shown)).to.deep.equal(["before", "one, better", "after"])
  })

  it("what the server refuses for good is thrown away, and what waits behind it goes on without a gap (CH12)", async () => {
    await say(bob, "before")
    const refused = await queueMessage(bob.client, meetingId, textContent("refused"))
    const [first] = unsentMessages(bob.client, meetingId)
    const target = { messageId: refused, hash: first!.hash }
    await queueMessage(bob.client, meetingId, { type: "edit", target, text: "of what is refused", mentions: [] })
    const reply = await queueMessage(bob.client, meetingId, textContent("a reply", { replyTo: target }))
    await queueMessage(bob.client, meetingId, textContent("more"))
    await removeMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    expect((await flushChat(bob.client, meetingId)).trouble?.code).to.equal("not-authorised")
    const thrown = await discardMessage(bob.client, meetingId, refused)
    expect(thrown).to.have.length(2)
    expect(equalBytes(thrown[0]!, refused)).to.equal(true)
    const waiting = unsentMessages(bob.client, meetingId)
    expect(waiting.map(({ content }) => content.type === "text" && [content.text, content.replyTo])).to.deep.equal([
      ["a reply", null],
      ["more", null],
    ])
    expect(equalBytes(waiting[0]!.messageId, reply)).to.equal(true)
    await addMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    for (const again of await listInvitations(bob.client)) await acceptInvitation(bob.client, again)
    expect(await flushChat(bob.client, meetingId)).to.deep.equal({ stored: 2, trouble: null })
    await say(bob, "after")
    for (const person of [alice, bob])
      expect((await read(person)).map(shown)).to.deep.equal(["before", "a reply", "more", "after"])
  })

  it("what the server may have, or has, is not thrown away; what waits behind it is", async () => {
    const { client } = alice
    service.relay.cut()
    const first = await queueMessage(client, meetingId, textContent("one"))
    const second = await queueMessage(client, meetingId, textContent("two"))
    await queueMessage(client, meetingId, textContent("three"))
    const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
      await work.then(
        () => null,
        (error: unknown) => isArchiveError(error) && error.code,
      )
    expect(await codeOf(discardMessage(client, meetingId, first))).to.equal("unavailable")
    expect(await discardMessage(client, meetingId, second)).to.have.length(1)
    expect(unsentMessages(client, meetingId)).to.have.length(2)
    service.relay.mend()
    expect(await discardMessage(client, meetingId, first), "it could be sent").to.deep.equal([])
    expect(unsentMessages(client, meetingId)).to.deep.equal([])
    expect((await read(bob)).map(shown)).to.deep.equal(["one", "three"])
  })

  it("an epoch vouches for what was there; who was removed is not heard of later (CH7)", async () => {
    await say(alice, "one")
    await say(bob, "two")
    await removeMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    expect((await read(alice)).map(shown)).to.deep.equal(["one", "two"])
    const { trouble } = await sendMessage(bob.client, meetingId, textContent("still here"))
    expect(trouble?.code).to.equal("not-authorised")
    const second = await startClient(service, "Carol's desktop")
    everybody.push(second)
    await addMember(alice.client, meetingId, whoAmI(second.client).accountId)
    const [waiting] = await listInvitations(second.client)
    await acceptInvitation(second.client, waiting!)
    expect((await read(second)).map(shown)).to.deep.equal(["one", "two"])
  })

  it("a screen that is left open at the newest lets go of what is long ago, and one that is further up does not", async () => {
    await fillChat(service.databaseUrl, meetingId, [alice.client, bob.client], 4_300)
    // What Node lacks: nobody's network comes and goes here.
    const nothing = (): void => undefined
    Object.assign(globalThis, { addEventListener: nothing })
    const closing = new AbortController()
    // What it keeps is written beside what it shows: a disk would be behind at its end.
    const client = { ...bob.client, state: memoryStateBox(bob.client.state.current) }
    const room = new RoomChat(client, meetingId, {
      signal: closing.signal,
      onTyping: nothing,
      onSent: nothing,
      onMessage: nothing,
    })
    try {
      const until = async (holds: () => boolean): Promise<void> => {
        await new Promise<void>((resolve) => {
          room.subscribe(() => {
            if (holds()) resolve()
          })
        })
      }
      const isRead = until(() => room.view.isRead)
      room.follow(await readMeeting(client, meetingId))
      await isRead
      const held = (): number => (room.reader === null ? 0 : room.reader.until - room.reader.from)
      while (held() <= 4_100) await room.readOlder()
      const come = async (): Promise<void> => {
        const before = room.reader?.until ?? 0
        await sendMessage(alice.client, meetingId, textContent("new"))
        const isThere = until(() => (room.reader?.until ?? 0) > before)
        room.counted(before + 1)
        await isThere
      }
      room.standAtNewest(false)
      await come()
      expect(held()).to.be.greaterThan(4_100)
      room.standAtNewest(true)
      await come()
      expect(held()).to.equal(1_000)
      expect(room.view.hasOlder).to.equal(true)
      expect(room.view.lines.length).to.be.within(500, 1_000)
    } finally {
      closing.abort()
    }
  })

  it("what others wrote since one looked is new, counted once it is verified, and not what was there at first", async () => {
    const { client } = bob
    const { meetingHash } = client.state.current.meetings.at(-1)!
    const unread = () => {
      const { messages, mentions } = chatStateOf(client.state.current, meetingHash).unread
      return [messages, mentions]
    }
    const lookFor = async () => {
      await lookForMessages(
        client,
        client.state.current.meetings.find((meeting) => equalBytes(meeting.meetingHash, meetingHash))!,
      )
      return unread()
    }
    await say(alice, "before")
    expect(await lookFor()).to.deep.equal([0, 0])
    const self = client.state.current.secrets.genesisHash
    const second = await say(alice, textContent("for Bob", { mentions: [self] }))
    await say(alice, { type: "reaction", target: second, reaction: "👍", isSet: true })
    await say(bob, "own")
    await say(alice, "for all")
    expect(await lookFor()).to.deep.equal([2, 1])
    expect(await lookFor(), "again").to.deep.equal([2, 1])
    await lookAtChat(client, await ChatReader.open(client, meetingId))
    expect(unread()).to.deep.equal([0, 0])
    expect(await lookFor()).to.deep.equal([0, 0])
    const later = await say(alice, "later")
    expect(await lookFor()).to.deep.equal([1, 0])
    // Who is named by an edit is told, also of what they looked at before; whom one names no more has no news.
    const edit = async (target: typeof later, text: string, mentions: readonly Uint8Array[]) => {
      await say(alice, { type: "edit", target, text, mentions })
      return await lookFor()
    }
    expect(await edit(later, "later, @Bob", [self])).to.deep.equal([1, 1])
    expect(await edit(later, "later", [])).to.deep.equal([1, 0])
    expect(await edit(second, "for Bob, still", [self])).to.deep.equal([1, 0])
    await lookAtChat(client, await ChatReader.open(client, meetingId))
    expect(await edit(later, "later, @Bob", [self])).to.deep.equal([0, 1])
    await lookAtChat(client, await ChatReader.open(client, meetingId))
    expect(unread()).to.deep.equal([0, 0])
  })

  it("more than a page of what is new is counted, with who is named in it; of very much it is said that there is more", async () => {
    const { client } = bob
    const { meetingHash } = client.state.current.meetings.at(-1)!
    const unread = () => chatStateOf(client.state.current, meetingHash).unread
    const lookFor = async () => {
      // There is a newer epoch.
      await readMeeting(client, meetingId)
      await lookForMessages(
        client,
        client.state.current.meetings.find((meeting) => equalBytes(meeting.meetingHash, meetingHash))!,
      )
      return unread()
    }
    await say(alice, "before")
    await lookFor()
    await say(alice, textContent("for Bob", { mentions: [client.state.current.secrets.genesisHash] }))
    await fillChat(service.databaseUrl, meetingId, [alice.client], 500)
    const found = await lookFor()
    const reader = await ChatReader.open(client, meetingId)
    while (await reader.readOlder());
    const texts = linesOf(reader).filter(({ kind }) => kind === "text")
    expect(found).to.deep.equal({ messages: texts.length - 1, mentions: 1, isMore: false })
    expect(found.messages).to.be.greaterThan(400)
    // Who opens the chat and reads its newest page alone takes nothing back of that.
    await rememberUnread(client, await ChatReader.open(client, meetingId))
    expect(unread()).to.deep.equal({ ...found, isMore: true })
    await fillChat(service.databaseUrl, meetingId, [alice.client], 2_000)
    const { messages, isMore } = await lookFor()
    expect(messages).to.be.within(1_600, 2_000)
    expect(isMore).to.equal(true)
    await lookAtChat(client, await ChatReader.open(client, meetingId))
    expect(unread()).to.deep.equal({ messages: 0, mentions: 0, isMore: false })
  })

  it("what is older is let go of, and read again", async () => {
    for (const text of ["a", "b", "c", "d"]) await say(alice, text)
    const reader = await ChatReader.open(bob.client, meetingId)
    reader.forgetOlder(2)
    expect(linesOf(reader).map(shown)).to.deep.equal(["c", "d"])
    expect(reader.hasOlder).to.equal(true)
    await reader.readOlder()
    expect(linesOf(reader).map(shown)).to.deep.equal(["a", "b", "c", "d"])
  })

  it("what waits shows what it will come to, though it has no place yet", async () => {
    const target = await say(alice, "said")
    const { client } = alice
    const self = client.state.current.secrets.genesisHash
    await queueMessage(client, meetingId, { type: "edit", target, text: "said better", mentions: [] })
    await queueMessage(client, meetingId, { type: "reaction", target, reaction: "👍", isSet: true })
    await queueMessage(client, meetingId, textContent("more"))
    const reader = await ChatReader.open(client, meetingId)
    const [line] = foldUnsent(linesOf(reader), unsentMessages(client, meetingId), self)
    if (line?.kind !== "text") return expect.fail("it is gone")
    expect([line.text, line.reactions.map(({ reaction }) => reaction)]).to.deep.equal(["said better", ["👍"]])
    await flushChat(client, meetingId)
    await reader.readNewer()
    expect(linesOf(reader).map(shown)).to.deep.equal(["said better", "more"])
  })

  it("a file goes along with a message, sealed, and comes out as it went in, after a new epoch too", async () => {
    const bytes = random(200_000)
    const source = bytesSource(bytes)
    const file = await uploadSentFile(alice.client, meetingId, {
      fileName: "figures.csv",
      mediaType: "text/csv",
      source,
    })
    await say(alice, textContent("", { files: [file] }))
    const reader = await ChatReader.open(bob.client, meetingId)
    const [line] = linesOf(reader)
    if (line?.kind !== "text") return expect.fail("it is not there")
    const [received] = line.content.files
    expect(received).to.deep.include({ fileName: "figures.csv", mediaType: "text/csv", trueBytes: bytes.length })
    await rekeyMeeting(alice.client, meetingId)
    expect((await readAll(readSentFile(bob.client, reader.log, received!))).equals(bytes)).to.equal(true)
  })

  /** In which states the server has files of this meeting. */
  async function storedFiles(): Promise<readonly string[]> {
    const rows = await service.catalog.query<{ state: string }>(
      "SELECT state FROM assets WHERE meeting_id = $1 ORDER BY state",
      [meetingId],
    )
    return rows.map(({ state }) => state)
  }

  async function sendFile(person: TestClient, text = ""): Promise<StandingMessage> {
    const file = await uploadSentFile(person.client, meetingId, {
      fileName: "figures.csv",
      mediaType: "text/csv",
      source: bytesSource(random(1_000)),
    })
    const { messageId } = await say(person, textContent(text, { files: [file] }))
    return await messageOf(person, messageId)
  }

  async function messageOf({ client }: TestClient, messageId: Uint8Array): Promise<StandingMessage> {
    const reader = await ChatReader.open(client, meetingId)
    const found = reader.entries().find((entry) => entry.kind === "authentic" && equalBytes(entry.messageId, messageId))
    return found?.kind === "authentic" ? found : expect.fail("it is not there")
  }

  it("who deletes a message deletes its files, from another device and under another user key too", async () => {
    const first = await sendFile(alice, "one")
    const second = await sendFile(alice, "two")
    expect(await storedFiles()).to.deep.equal(["stored", "stored"])
    const { trouble, files } = await deleteMessage(alice.again(), meetingId, first)
    expect([trouble, files.deleted, files.kept, files.trouble]).to.deep.equal([null, 1, 0, null])
    expect(files.purgeDay).to.be.a("number")
    expect(await storedFiles()).to.deep.equal(["marked", "stored"])
    const phone = await recoverClient(service, alice.recoveryPhrase, "Alice's phone")
    const lost = await recoverClient(service, alice.recoveryPhrase, "Alice's lost tablet")
    everybody.push(phone, lost)
    await adoptKeyring(phone.client)
    await revokeDevices(phone.client, [whoAmI(lost.client).deviceId])
    expect((await deleteMessage(phone.client, meetingId, second)).files.deleted).to.equal(1)
    expect(await storedFiles()).to.deep.equal(["marked", "marked"])
  })

  it("files go once the deletion is stored, however late that is, and not where it is thrown away", async () => {
    const message = await sendFile(bob, "one")
    service.relay.cut()
    const offline = await deleteMessage(bob.client, meetingId, message)
    expect([offline.trouble?.code, offline.files.deleted]).to.deep.equal(["unavailable", 0])
    service.relay.mend()
    // The process ends between the deletion and the files.
    const dying = bob.again({
      failpoint: (name) => {
        if (name === "chat.sent") service.relay.cut()
      },
    })
    expect((await flushChat(dying, meetingId)).stored).to.equal(1)
    const [waits] = await settleAllFiles(dying)
    expect([waits?.deleted, waits?.trouble?.code]).to.deep.equal([0, "unavailable"])
    service.relay.mend()
    expect(await storedFiles()).to.deep.equal(["stored"])
    expect((await settleAllFiles(bob.again())).map(({ deleted }) => deleted)).to.deep.equal([1])
    expect(await storedFiles()).to.deep.equal(["marked"])
    expect(await settleAllFiles(bob.again())).to.deep.equal([])

    const other = await sendFile(bob, "two")
    const deletion = await queueDeletion(bob.client, meetingId, other)
    await removeMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    expect(await discardMessage(bob.client, meetingId, deletion)).to.have.length(1)
    expect(await settleAllFiles(bob.client)).to.deep.equal([])
    expect(await storedFiles()).to.deep.equal(["marked", "stored"])
  })

  it("files of a message that is thrown away unsent go, and those of one that still waits stay", async () => {
    const upload = async () =>
      await uploadSentFile(bob.client, meetingId, {
        fileName: "figures.csv",
        mediaType: "text/csv",
        source: bytesSource(random(1_000)),
      })
    const [thrown, waits] = [await upload(), await upload()]
    const refused = await queueMessage(bob.client, meetingId, textContent("", { files: [thrown] }))
    await queueMessage(bob.client, meetingId, textContent("", { files: [waits] }))
    await removeMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    expect(await discardMessage(bob.client, meetingId, refused)).to.have.length(1)
    expect((await settleAllFiles(bob.again())).map(({ deleted, trouble }) => [deleted, trouble])).to.deep.equal([
      [1, null],
    ])
    expect(await storedFiles()).to.deep.equal(["marked", "stored"])
    expect(await settleAllFiles(bob.again())).to.deep.equal([])
  })

  it("files whose message never came to be go after a week, and those that could not be given up go at once", async () => {
    const days = (count: number) => ({ ...bob.again(), clock: { nowMs: () => Date.now() + count * 86_400_000 } })
    const file = (source = bytesSource(random(1_000))) => ({ fileName: "figures.csv", mediaType: "text/csv", source })
    const loose = () => bob.client.state.current.chats.flatMap(({ looseFiles }) => looseFiles).length
    await uploadSentFile(bob.client, meetingId, file())
    const sent = await uploadSentFile(bob.client, meetingId, file())
    await queueMessage(bob.client, meetingId, textContent("", { files: [sent] }))
    expect(loose()).to.equal(1)
    expect([await settleAllFiles(days(6)), await storedFiles()]).to.deep.equal([[], ["stored", "stored"]])
    expect((await settleAllFiles(days(8))).map(({ deleted }) => deleted)).to.deep.equal([1])
    expect(await storedFiles()).to.deep.equal(["marked", "stored"])
    const cut = bytesSource(random(3_000_000))
    const open = async () => {
      service.relay.cut()
      return await cut.open()
    }
    const stopped = uploadSentFile(bob.client, meetingId, file({ ...cut, open }), { patienceMs: 200 })
    expect(await stopped.catch((error: unknown) => isArchiveError(error) && error.code)).to.equal("unavailable")
    expect(loose()).to.equal(1)
    service.relay.mend()
    expect((await settleAllFiles(bob.again())).map(({ trouble }) => trouble)).to.deep.equal([null])
    expect(loose()).to.equal(0)
  })

  it("a chat that is followed deletes files whose message was deleted meanwhile", async () => {
    const message = await sendFile(bob, "one")
    await queueDeletion(bob.client, meetingId, message)
    const ended = new AbortController()
    const following = followChat(bob.client, meetingId, { signal: ended.signal, onChange: () => undefined })
    while ((await storedFiles())[0] !== "marked") await delay(100)
    ended.abort()
    await following
  })

  it("a file that is given up leaves no upload behind", async () => {
    const stopping = new AbortController()
    const uploading = uploadSentFile(
      alice.client,
      meetingId,
      { fileName: "a.bin", mediaType: "application/octet-stream", source: bytesSource(random(3_000_000)) },
      {
        signal: stopping.signal,
        onProgress: () => {
          stopping.abort()
        },
      },
    )
    expect(await uploading.catch((error: unknown) => isArchiveError(error) && error.code)).to.equal("interrupted")
    expect((await storedFiles()).filter((state) => state !== "cancelled")).to.deep.equal([])
  })

  it("long chats are read from the newest back, page by page", async () => {
    for (let index = 0; index < 23; index++) await queueMessage(alice.client, meetingId, textContent(`m${index}`))
    expect((await flushChat(alice.client, meetingId)).stored).to.equal(23)
    const reader = await ChatReader.open(bob.client, meetingId, { pageMessages: 10 })
    expect([reader.from, reader.until, reader.hasOlder]).to.deep.equal([13, 23, true])
    expect(linesOf(reader).map(shown)).to.deep.equal(Array.from({ length: 10 }, (_, index) => `m${13 + index}`))
    while (await reader.readOlder(10));
    expect(linesOf(reader).map(shown)).to.deep.equal(Array.from({ length: 23 }, (_, index) => `m${index}`))
    expect(await reader.readNewer()).to.equal(false)
    await say(bob, "newest")
    expect(await reader.readNewer()).to.equal(true)
    expect(linesOf(reader).map(shown).at(-1)).to.equal("newest")
  })

  it("a pack that is gone is a gap, and what is before it is read (CS8)", async () => {
    for (let index = 0; index < 60; index++) await queueMessage(alice.client, meetingId, textContent(`m${index}`))
    expect((await flushChat(alice.client, meetingId)).stored).to.equal(60)
    for (const before of [55, 5])
      await service.catalog.query("UPDATE messages SET day = day - 10 WHERE meeting_id = $1 AND seq < $2", [
        meetingId,
        before,
      ])
    const objects = await openFolderStore(join(service.folder, "data", "objects"))
    const context = { catalog: service.catalog, objects, logger: createLogger("silent") }
    expect(await packMessages(context, 5, 0)).to.be.greaterThan(0)
    for await (const { key } of objects.list(PACKS_PREFIX)) await objects.delete(key)
    await objects.close()
    const reader = await ChatReader.open(bob.client, meetingId, { pageMessages: 10 })
    while (await reader.readOlder(10));
    const kinds = reader.entries().map((entry) => (entry.kind === "gap" ? [entry.fromSeq, entry.untilSeq] : entry.kind))
    expect(kinds).to.deep.equal([...Array<string>(5).fill("authentic"), [5, 55], ...Array<string>(5).fill("authentic")])
    expect(await reader.readNewer()).to.equal(false)
    // Also where nothing else is on the newest page, and what this device saw last is lost.
    await service.catalog.query("UPDATE messages SET purge_day = 0 WHERE meeting_id = $1 AND seq >= 55", [meetingId])
    const again = await ChatReader.open(bob.client, meetingId, { pageMessages: 10 })
    while (await again.readOlder(10));
    expect(again.entries().map(({ kind }) => kind)).to.deep.equal([...Array<string>(5).fill("authentic"), "gap"])
  })

  it("who follows gets each message on its socket, over a new epoch and a lost connection (CS6)", async () => {
    const ended = new AbortController()
    let seen: readonly string[] = []
    let wake = (): void => undefined
    const following = followChat(bob.client, meetingId, {
      signal: ended.signal,
      pollMs: NEVER_MS,
      onChange: (reader) => {
        seen = linesOf(reader).map(shown)
        wake()
      },
    })
    const until = async (expected: readonly string[]): Promise<void> => {
      while (JSON.stringify(seen) !== JSON.stringify(expected))
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
    await say(alice, "one")
    await until(["one"])
    await rekeyMeeting(alice.client, meetingId)
    await say(alice, "two")
    await until(["one", "two"])
    service.relay.cut()
    service.relay.mend()
    await say(alice, "three")
    await until(["one", "two", "three"])
    ended.abort()
    await following
  })
})
