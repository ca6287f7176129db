import { buffer } from "node:stream/consumers"
import { expect } from "chai"
import * as z from "zod"
import { ChatFeed } from "../../../api/live/chat-feed.js"
import { until } from "../../../scripts/services.js"
import { fromHex, toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { MessagesResponse, PostMessageRequest, PostMessageResponse } from "../../../shared/protocol/http.js"
import { messageHash } from "../../../shared/protocol/message.js"
import { forgetOutlivedRows } from "../../../shared/server/catalog/holds.js"
import { markOutlivedMessages, messagesFrom, purgeMessages } from "../../../shared/server/catalog/messages.js"
import { beginPack, finishPack, nextPackable } from "../../../shared/server/catalog/packs.js"
import { makePack, PACKS_PREFIX, packKey } from "../../../shared/server/chat-pack.js"
import { createLogger } from "../../../shared/server/logger.js"
import type { ObjectStore } from "../../../shared/server/ports.js"
import { packMessages, removeStrayPacks } from "../../../worker/pack-messages.js"
import { call, meetingPath, meetingToken, postMeeting } from "../../support/api-client.js"
import { makePerson, type Person, random } from "../../support/people.js"
import { newMeeting, type PostedMeeting, sealedMessage } from "../../support/posted-meeting.js"
import { startTestApi, type TestApi } from "../../support/test-api.js"

const AFTER_DAYS = 2
/** As many as make a pack worth while. */
const MESSAGES = 50
const FOREVER = 2_147_483_647

describe("packed chat", function () {
  this.timeout(60_000)
  let api: TestApi
  let anna: Person
  /** Called before the API reads from the store. */
  let beforeReading = (): Promise<void> => Promise.resolve()
  const logger = createLogger("silent")

  before(async () => {
    api = await startTestApi({ objectsOf: listening })
    anna = makePerson("anna's laptop")
  })
  after(() => api.stop())

  function listening(objects: ObjectStore): ObjectStore {
    const get: ObjectStore["get"] = async (key, range) => {
      await beforeReading()
      return await objects.get(key, range)
    }
    return { ...objects, get }
  }

  interface Chat {
    readonly meeting: PostedMeeting
    readonly token: Uint8Array
    readonly sent: readonly Uint8Array[]
  }

  /** With so many messages of three days ago, and so many of today. */
  async function begin(old = MESSAGES, fresh = 3): Promise<Chat> {
    const meeting = newMeeting(anna)
    await postMeeting(api.url, meeting)
    const token = await meetingToken(api.url, meeting)
    const sent = Array.from({ length: old + fresh }, (_, index) => sealedMessage(meeting, `Message ${index}`))
    for (const message of sent) await say({ meeting, token }, message)
    await api.catalog.query("UPDATE messages SET day = day - 3 WHERE meeting_id = $1 AND seq < $2", [
      meeting.meetingId,
      old,
    ])
    return { meeting, token, sent }
  }

  async function say({ meeting, token }: Pick<Chat, "meeting" | "token">, message: Uint8Array): Promise<unknown> {
    const json = z.encode(PostMessageRequest, { message })
    const answer = await call(api.url, "POST", meetingPath(meeting, "messages"), { json, token })
    return { status: answer.status, ...PostMessageResponse.parse(answer.json) }
  }

  async function read({ meeting, token }: Chat, query: string): Promise<string> {
    const { status, text } = await call(api.url, "GET", meetingPath(meeting, `messages${query}`), { token })
    expect(status, text).to.equal(200)
    return text
  }

  /** Until nothing is left to be packed. */
  async function pack(): Promise<void> {
    expect(await packMessages(context(), AFTER_DAYS, 0)).to.be.greaterThan(0)
  }

  const context = () => ({ catalog: api.catalog, objects: api.objects, logger })
  const rowsOf = async ({ meeting }: Chat, where = "true") =>
    await api.catalog.query<{ seq: number; pack_id: Uint8Array }>(
      `SELECT seq, pack_id FROM messages WHERE meeting_id = $1 AND ${where} ORDER BY seq`,
      [meeting.meetingId],
    )
  const packsOf = async (chat: Chat) => [
    ...new Set((await rowsOf(chat, "message IS NULL")).map(({ pack_id: id }) => toHex(id))),
  ]

  async function isStored(packId: string): Promise<boolean> {
    const keys: string[] = []
    for await (const { key } of api.objects.list(PACKS_PREFIX)) keys.push(key)
    return keys.includes(packKey(fromHex(packId)))
  }

  async function holdOn({ meeting }: Chat): Promise<void> {
    const caseId = random(16)
    await api.catalog.query(
      `INSERT INTO cases (case_id, kind, authority, country, reference, notice_day, opened_day)
       VALUES ($1, 'preserve', 'A court', 'DE', '1', 0, 0)`,
      [caseId],
    )
    await api.catalog.query(
      "INSERT INTO holds (case_id, kind, id, placed_day, until_day) VALUES ($1, 'meeting', $2, 0, $3)",
      [caseId, meeting.meetingId, FOREVER],
    )
  }

  async function outlive({ meeting }: Chat): Promise<void> {
    await api.catalog.query("UPDATE meetings SET retention_days = 3 WHERE meeting_id = $1", [meeting.meetingId])
    expect(await markOutlivedMessages(api.catalog, 0)).to.equal(MESSAGES)
    expect(await purgeMessages(api.catalog, meeting.meetingId)).to.equal(MESSAGES)
  }

  it("a pack says what it has, byte for byte (CS7)", () => {
    const [meetingId, message] = [new Uint8Array(16).fill(7), new Uint8Array([1, 2, 3])]
    const { bytes, offsets } = makePack(meetingId, [
      { seq: 5, incarnation: 1, day: 20_000, message },
      { seq: 300, incarnation: 1, day: 20_000, message },
    ])
    expect(toHex(bytes)).to.equal(`820150${"07".repeat(16)}840501194e20430102038419012c01194e2043010203`)
    expect(offsets.map((at) => toHex(bytes.subarray(at, at + 3)))).to.deep.equal(["010203", "010203"])
  })

  it("reads as before on every route, and what is known stays known (CS2, CS8)", async () => {
    const chat = await begin()
    const queries = [
      "",
      "?limit=10",
      "?from=0",
      "?from=45&limit=20",
      "?before=52&limit=30",
      "?before=7",
      "?day=0&limit=60",
    ]
    const before = await Promise.all(queries.map((query) => read(chat, query)))
    const fed = await messagesFrom(context(), chat.meeting.meetingId, 40, 64)
    await pack()
    expect((await rowsOf(chat, "message IS NULL")).map(({ seq }) => seq)).to.deep.equal(
      Array.from({ length: MESSAGES }, (_, seq) => seq),
    )
    expect(await packsOf(chat)).to.have.lengthOf(1)
    expect(await Promise.all(queries.map((query) => read(chat, query)))).to.deep.equal(before)
    expect(await messagesFrom(context(), chat.meeting.meetingId, 40, 64)).to.deep.equal(fed)
    expect(await say(chat, chat.sent[4]!)).to.deep.equal({
      status: 200,
      seq: 4,
      incarnation: 0,
      hash: messageHash(chat.sent[4]!),
    })
    expect(await say(chat, sealedMessage(chat.meeting))).to.include({ status: 201, seq: MESSAGES + 3 })
  })

  it("each pack has messages of one day, and what is little stays in its rows (CS7)", async () => {
    const chat = await begin(MESSAGES * 2 + 5, 0)
    await api.catalog.query("UPDATE messages SET day = day - 1 WHERE meeting_id = $1 AND seq < $2", [
      chat.meeting.meetingId,
      MESSAGES,
    ])
    await api.catalog.query("UPDATE messages SET day = day - 1 WHERE meeting_id = $1 AND seq < 5", [
      chat.meeting.meetingId,
    ])
    const before = await read(chat, "?from=0")
    await pack()
    expect((await rowsOf(chat, "message IS NOT NULL")).map(({ seq }) => seq)).to.deep.equal([0, 1, 2, 3, 4])
    const days = await api.catalog.query<{ days: number }>(
      "SELECT count(DISTINCT day)::int AS days FROM messages WHERE meeting_id = $1 AND pack_id IS NOT NULL GROUP BY pack_id",
      [chat.meeting.meetingId],
    )
    expect(days).to.deep.equal([{ days: 1 }, { days: 1 }])
    expect(await read(chat, "?from=0")).to.equal(before)
  })

  it("goes with the messages that retention took, not before (CS9)", async () => {
    const chat = await begin()
    await pack()
    const [packId = ""] = await packsOf(chat)
    await removeStrayPacks(context(), 0)
    expect(await isStored(packId)).to.equal(true)
    await outlive(chat)
    await removeStrayPacks(context(), 0)
    expect(await isStored(packId)).to.equal(false)
    expect(await api.catalog.query("SELECT 1 FROM message_packs WHERE pack_id = $1", [fromHex(packId)])).to.deep.equal(
      [],
    )
    const page = MessagesResponse.parse(JSON.parse(await read(chat, "?from=0")))
    expect([page.first, page.messages.length]).to.deep.equal([MESSAGES, 3])
  })

  it("stays while a hold keeps rows that have their bytes there, and goes when it ends (CS9)", async () => {
    const chat = await begin()
    await pack()
    const [packId = ""] = await packsOf(chat)
    await holdOn(chat)
    await outlive(chat)
    await removeStrayPacks(context(), 0)
    expect(await isStored(packId)).to.equal(true)
    const [held] = await api.catalog.query<{ at: number; size: number; hash: string }>(
      `SELECT (contents ->> 'pack_offset')::bigint AS at, (contents ->> 'packed_bytes')::int AS size, contents ->> 'hash' AS hash
       FROM held_rows WHERE subject = $1 AND table_name = 'messages' AND contents ->> 'seq' = '9'`,
      [chat.meeting.meetingId],
    )
    const { at = 0, size = 0, hash } = held ?? {}
    const kept = await buffer(await api.objects.get(packKey(fromHex(packId)), { start: at, end: at + size - 1 }))
    expect([toHex(kept), hash]).to.deep.equal([toHex(chat.sent[9]!), `\\x${toHex(messageHash(chat.sent[9]!))}`])
    await api.catalog.query("UPDATE holds SET released_day = 0 WHERE id = $1", [chat.meeting.meetingId])
    expect(await forgetOutlivedRows(api.catalog)).to.equal(MESSAGES)
    await removeStrayPacks(context(), 0)
    expect(await isStored(packId)).to.equal(false)
  })

  it("a pack is of all its messages or of none, whoever else packs or purges (CS7)", async () => {
    const chat = await begin()
    const { meetingId } = chat.meeting
    const begun = async () => {
      const packable = await nextPackable(api.catalog, AFTER_DAYS)
      if (packable === null) return expect.fail("nothing to be packed")
      const { bytes, offsets } = makePack(packable.meetingId, packable.messages)
      const packId = random(16)
      await beginPack(api.catalog, { packId, sha256: random(32), sizeBytes: bytes.length })
      return { packId, finish: () => finishPack(api.catalog, packId, packable, offsets) }
    }
    const [first, second, third] = [await begun(), await begun(), await begun()]
    await api.catalog.query("UPDATE messages SET purge_day = 0 WHERE meeting_id = $1 AND seq = 0", [meetingId])
    expect(await first.finish()).to.equal(false)
    expect(await packsOf(chat)).to.deep.equal([])
    await api.catalog.query("UPDATE messages SET purge_day = NULL WHERE meeting_id = $1", [meetingId])
    expect(await Promise.all([second.finish(), third.finish()])).to.have.members([true, false])
    expect(await packsOf(chat)).to.have.lengthOf(1)
  })

  it("one that was begun by a worker that died is removed, and can't be finished then (CS9)", async () => {
    const chat = await begin()
    const packable = await nextPackable(api.catalog, AFTER_DAYS)
    if (packable === null) return expect.fail("nothing to be packed")
    const { bytes, offsets } = makePack(packable.meetingId, packable.messages)
    const packId = random(16)
    const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes)))
    await beginPack(api.catalog, { packId, sha256, sizeBytes: bytes.length })
    await api.objects.put(packKey(packId), { kind: "bytes", bytes, sha256 })
    await removeStrayPacks(context(), 60_000)
    expect(await isStored(toHex(packId))).to.equal(true)
    await removeStrayPacks(context(), 0)
    expect(await isStored(toHex(packId))).to.equal(false)
    expect(await finishPack(api.catalog, packId, packable, offsets)).to.equal(false)
    expect(await packsOf(chat)).to.deep.equal([])
    await pack()
    expect(await packsOf(chat)).to.have.lengthOf(1)
  })

  it("a pack that goes between its rows and its bytes makes no reader fail (CS8)", async () => {
    const chat = await begin()
    await pack()
    let removals = 0
    beforeReading = async () => {
      beforeReading = () => Promise.resolve()
      removals += 1
      await outlive(chat)
      await removeStrayPacks(context(), 0)
    }
    const page = MessagesResponse.parse(JSON.parse(await read(chat, "?from=0")))
    expect([removals, page.first, page.messages.length]).to.deep.equal([1, MESSAGES, 3])
  })

  it("bytes that are lost, or others, are left out and logged, and all around them is served (CS8)", async () => {
    const chat = await begin(MESSAGES * 2 + 5, 3)
    for (const before of [MESSAGES, 5])
      await api.catalog.query("UPDATE messages SET day = day - 1 WHERE meeting_id = $1 AND seq < $2", [
        chat.meeting.meetingId,
        before,
      ])
    await pack()
    const [packId = ""] = await packsOf(chat)
    const key = packKey(fromHex(packId))
    const whole = await buffer(await api.objects.get(key))
    const put = async (bytes: Uint8Array): Promise<void> => {
      await api.objects.delete(key)
      const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes)))
      await api.objects.put(key, { kind: "bytes", bytes, sha256 })
    }
    const page = async (query: string) => {
      const { messages, next } = MessagesResponse.parse(JSON.parse(await read(chat, query)))
      return [messages.map(({ seq }) => seq), next]
    }
    const seqs = (from: number, until: number) => Array.from({ length: until - from }, (_, index) => from + index)
    await api.objects.delete(key)
    // An empty page ends nobody's reading, in neither direction.
    expect(await page("?before=55&limit=20")).to.deep.equal([seqs(50, 55).toReversed(), 35])
    expect(await page("?before=35&limit=20")).to.deep.equal([[], 15])
    expect(await page("?before=15&limit=20")).to.deep.equal([seqs(0, 5).toReversed(), null])
    expect(await page("?from=0&limit=10")).to.deep.equal([seqs(0, 5), 10])
    expect(await page("?from=10&limit=20")).to.deep.equal([[], 30])
    const logged: unknown[] = []
    const error = (message: string, fields: unknown): void => void logged.push([message, fields])
    const fed = await messagesFrom({ ...context(), logger: { error } }, chat.meeting.meetingId, 40, 20)
    expect([fed.messages.map(({ seq }) => seq), fed.next, fed.isAll]).to.deep.equal([seqs(50, 60), 60, false])
    expect(logged).to.deep.equal([["messages of a pack are lost", { code: "integrity", pack: packId, messages: 10 }]])
    const places = await api.catalog.query<{ seq: number; begin: number; end: number }>(
      "SELECT seq, pack_offset AS begin, pack_offset + packed_bytes AS end FROM messages WHERE pack_id = $1",
      [fromHex(packId)],
    )
    const all = seqs(0, MESSAGES * 2 + 8)
    const without = (isLost: (place: { readonly begin: number; readonly end: number }) => boolean) => {
      const lost = places.filter(isLost).map(({ seq }) => seq)
      expect(lost).to.not.have.lengthOf(0)
      return [all.filter((seq) => !lost.includes(seq)), null]
    }
    await put(whole.with(20_000, whole[20_000]! ^ 1))
    expect(await page("?from=0")).to.deep.equal(without(({ begin, end }) => begin <= 20_000 && end > 20_000))
    await put(whole.subarray(0, 20_000))
    expect(await page("?from=0")).to.deep.equal(without(({ end }) => end > 20_000))
    expect(await page("?from=45&limit=5")).to.deep.equal([[], 50])
    // A store that is away is no loss.
    beforeReading = () => Promise.reject(new ArchiveError("unavailable", "not now"))
    const { token } = chat
    expect((await call(api.url, "GET", meetingPath(chat.meeting, "messages"), { token })).status).to.equal(503)
    beforeReading = () => Promise.resolve()
    await put(whole)
    expect(await page("?from=0")).to.deep.equal([all, null])
  })

  it("what stands behind lost bytes is said, however many these are, and what is not there yet is not passed (CS6, CS8)", async () => {
    // More than a look reads.
    const chat = await begin(MESSAGES * 3)
    await pack()
    for (const packId of await packsOf(chat)) await api.objects.delete(packKey(fromHex(packId)))
    const { meetingId } = chat.meeting
    const said: number[] = []
    const feed = new ChatFeed(
      context(),
      (_, messages) => void said.push(...messages.map(({ seq }) => seq)),
      (error) => expect.fail(String(error)),
    )
    feed.stands(meetingId, 0)
    feed.stands(meetingId, chat.sent.length)
    const first = MESSAGES * 3
    await until(() => Promise.resolve(said.length >= 3), "what is behind")
    // A look that finds nothing, and one of a message that is kept while it goes on.
    for (let looks = 0; looks < 3; looks++) {
      feed.changed(meetingId)
      const message = sealedMessage(chat.meeting)
      await say(chat, message)
      const seq = first + 3 + looks
      feed.kept(meetingId, [{ seq, incarnation: 0, day: 0, message }])
      await until(() => Promise.resolve(said.includes(seq)), "one that is kept")
    }
    expect(said).to.deep.equal(Array.from({ length: 6 }, (_, index) => first + index))
  })
})
