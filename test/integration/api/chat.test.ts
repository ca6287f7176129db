import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import * as z from "zod"
import { toBase64Url } from "../../../shared/protocol/bytes.js"
import {
  AppendEventRequest,
  HTTP_LIMITS,
  MessagesResponse,
  PostMessageRequest,
  PostMessageResponse,
} from "../../../shared/protocol/http.js"
import { sha256 } from "../../../shared/protocol/hash.js"
import { asId } from "../../../shared/protocol/ids.js"
import { messageHash } from "../../../shared/protocol/message.js"
import {
  markOutlivedMessages,
  meetingsWithDueMessages,
  purgeMessages,
} from "../../../shared/server/catalog/messages.js"
import { buryMeeting, markMeeting } from "../../../shared/server/catalog/deletion.js"
import { type Answer, call, meetingPath, meetingToken, postMeeting } from "../../support/api-client.js"
import { makePerson, type Person, random } from "../../support/people.js"
import { newMeeting, nextEpoch, type PostedMeeting, sealedMessage } from "../../support/posted-meeting.js"
import { startTestApi, type TestApi } from "../../support/test-api.js"

describe("chat over HTTP", () => {
  let api: TestApi
  let anna: Person

  before(async function () {
    this.timeout(90_000)
    api = await startTestApi()
    anna = makePerson("anna's laptop")
  })
  after(() => api.stop())

  async function begin(): Promise<{ readonly meeting: PostedMeeting; readonly token: Uint8Array }> {
    const meeting = newMeeting(anna)
    await postMeeting(api.url, meeting)
    return { meeting, token: await meetingToken(api.url, meeting) }
  }

  async function say(
    meeting: PostedMeeting,
    token: Uint8Array,
    message = sealedMessage(meeting),
    url = api.url,
  ): Promise<Answer> {
    return call(url, "POST", meetingPath(meeting, "messages"), {
      json: z.encode(PostMessageRequest, { message }),
      token,
    })
  }

  async function read(
    meeting: PostedMeeting,
    token: Uint8Array,
    query = "",
  ): Promise<z.output<typeof MessagesResponse>> {
    const { status, json, text } = await call(api.url, "GET", meetingPath(meeting, `messages${query}`), { token })
    expect(status, text).to.equal(200)
    return MessagesResponse.parse(json)
  }

  async function rotate(meeting: PostedMeeting, token: Uint8Array): Promise<PostedMeeting> {
    const next = nextEpoch(meeting)
    const json = z.encode(AppendEventRequest, { event: next.newest.rawEvent, certificate: next.newest.certificate })
    expect((await call(api.url, "POST", meetingPath(meeting, "events"), { json, token })).status).to.equal(201)
    return next
  }

  const seqs = ({ messages }: z.output<typeof MessagesResponse>): readonly number[] => messages.map(({ seq }) => seq)

  it("a message is kept where it was acknowledged to be, with its bytes as they came", async () => {
    const { meeting, token } = await begin()
    const sent = [sealedMessage(meeting), sealedMessage(meeting)]
    for (const [seq, message] of sent.entries()) {
      const { status, json } = await say(meeting, token, message)
      expect([status, PostMessageResponse.parse(json)]).to.deep.equal([
        201,
        { seq, incarnation: 0, hash: messageHash(message) },
      ])
    }
    const page = await read(meeting, token, "?from=0")
    expect(page.messages.map(({ message }) => toBase64Url(message))).to.deep.equal(sent.map(toBase64Url))
    expect([page.first, page.count, page.incarnation, page.next]).to.deep.equal([0, 2, 0, null])
    const [row] = await api.catalog.query("SELECT message_count, message_bytes FROM meetings WHERE meeting_id = $1", [
      meeting.meetingId,
    ])
    expect(row).to.deep.equal({ message_count: 2, message_bytes: sent.reduce((sum, { length }) => sum + length, 0) })
  })

  it("a known id is answered as the first time, with other bytes and in later epochs too (CS2)", async () => {
    const { meeting, token } = await begin()
    const messageId = asId("message", random(16))
    const first = sealedMessage(meeting, "one", messageId)
    expect((await say(meeting, token, first)).status).to.equal(201)
    const later = await rotate(meeting, token)
    const newToken = await meetingToken(api.url, later)
    for (const again of [first, sealedMessage(meeting, "another", messageId), sealedMessage(later, "x", messageId)]) {
      const { status, json } = await say(meeting, newToken, again)
      expect([status, PostMessageResponse.parse(json)]).to.deep.equal([
        200,
        { seq: 0, incarnation: 0, hash: messageHash(first) },
      ])
    }
    expect((await read(later, newToken)).count).to.equal(1)
  })

  it("a new epoch ends what is sealed to the one before (CS3)", async () => {
    const { meeting, token } = await begin()
    const later = await rotate(meeting, token)
    expect((await say(meeting, token)).status).to.equal(403)
    const newToken = await meetingToken(api.url, later)
    expect((await say(meeting, newToken)).status).to.equal(409)
    expect((await say(later, newToken)).status).to.equal(201)
  })

  it("with a token that was good before nothing is kept in a later epoch, at another process neither, nor said of what is there (CS1)", async function () {
    this.timeout(90_000)
    const other = await startTestApi({ database: api.database })
    try {
      const { meeting, token } = await begin()
      const known = sealedMessage(meeting)
      for (const url of [api.url, other.url]) expect((await say(meeting, token, known, url)).status).to.be.lessThan(300)
      const later = await rotate(meeting, token)
      for (const url of [api.url, other.url])
        for (const message of [known, sealedMessage(meeting), sealedMessage(later)])
          expect((await say(meeting, token, message, url)).status).to.equal(403)
      expect((await read(later, await meetingToken(api.url, later))).count).to.equal(1)
    } finally {
      await other.stop()
    }
  })

  it("with a token that has ended nothing is kept, though it was good a moment before (T3)", async () => {
    const { meeting, token } = await begin()
    await api.catalog.query("UPDATE tokens SET expires_at = now() + interval '1 s' WHERE token_hash = $1", [
      sha256(token),
    ])
    expect((await say(meeting, token)).status).to.equal(201)
    await delay(1_000)
    expect((await say(meeting, token)).status).to.equal(401)
  })

  it("many at once, at two processes, an epoch between: each acknowledged once, one order, no seq left out (CS3)", async function () {
    this.timeout(90_000)
    const other = await startTestApi({ database: api.database })
    try {
      const { meeting, token } = await begin()
      const messages = Array.from({ length: 200 }, () => sealedMessage(meeting))
      const answers = Promise.all(
        // Each is sent to both, as by a client that lost an answer.
        messages.flatMap((message, index) =>
          [api.url, other.url].map(async (url) => {
            const answer = await say(meeting, token, message, url)
            return { index, ...answer }
          }),
        ),
      )
      const later = await rotate(meeting, token)
      const placed = new Map<number, Set<number>>()
      for (const { index, status, json } of await answers) {
        expect([200, 201, 403, 409]).to.include(status)
        if (status < 300) placed.set(index, (placed.get(index) ?? new Set()).add(PostMessageResponse.parse(json).seq))
      }
      const kept: Uint8Array[] = []
      for (let from: number | null = 0; from !== null;) {
        const page: z.output<typeof MessagesResponse> = await read(
          later,
          await meetingToken(api.url, later),
          `?from=${from}`,
        )
        expect(seqs(page)).to.deep.equal(page.messages.map((_, at) => kept.length + at))
        kept.push(...page.messages.map(({ message }) => message))
        from = page.next
      }
      for (const [index, [seq, ...others]] of [...placed].map(([at, places]) => [at, [...places]] as const)) {
        expect(others).to.deep.equal([])
        expect(toBase64Url(kept[seq ?? -1] ?? new Uint8Array(0))).to.equal(toBase64Url(messages[index]!))
      }
      expect(kept).to.have.lengthOf(placed.size)
    } finally {
      await other.stop()
    }
  })

  it("is read upwards, downwards, and from a day on, page by page (CS4)", async () => {
    const { meeting, token } = await begin()
    for (let index = 0; index < 7; index++) expect((await say(meeting, token)).status).to.equal(201)
    await api.catalog.query("UPDATE messages SET day = day - 5 + seq / 2 WHERE meeting_id = $1", [meeting.meetingId])
    const newest = await read(meeting, token, "?limit=3")
    expect([seqs(newest), newest.next]).to.deep.equal([[6, 5, 4], 4])
    const older = await read(meeting, token, `?before=${newest.next ?? ""}&limit=3`)
    expect([seqs(older), older.next]).to.deep.equal([[3, 2, 1], 1])
    const oldest = await read(meeting, token, `?before=${older.next ?? ""}&limit=3`)
    expect([seqs(oldest), oldest.next]).to.deep.equal([[0], null])
    const upwards = await read(meeting, token, "?from=2&limit=4")
    expect([seqs(upwards), upwards.next]).to.deep.equal([[2, 3, 4, 5], 6])
    const day = newest.messages[2]?.day ?? 0
    const ofDay = await read(meeting, token, `?day=${day}`)
    expect([seqs(ofDay), ofDay.next]).to.deep.equal([[4, 5, 6], null])
    expect(seqs(await read(meeting, token, `?day=${day + 2}`))).to.deep.equal([])
    expect(seqs(await read(meeting, token, "?from=9007199254740991"))).to.deep.equal([])
    expect(seqs(await read(meeting, token, "?before=0"))).to.deep.equal([])
  })

  it("is read over what went, however much that is, in both ways (CS4)", async () => {
    const { meeting, token } = await begin()
    for (let index = 0; index < 12; index++) expect((await say(meeting, token)).status).to.equal(201)
    await api.catalog.query(
      "UPDATE messages SET purge_day = 60000 WHERE meeting_id = $1 AND (seq < 2 OR seq BETWEEN 4 AND 8 OR seq = 10)",
      [meeting.meetingId],
    )
    async function pagesOf(next: (place: number) => string, begins: string): Promise<readonly (readonly number[])[]> {
      const pages: (readonly number[])[] = []
      for (let query: string | null = begins; query !== null;) {
        const page: z.output<typeof MessagesResponse> = await read(meeting, token, query)
        pages.push(seqs(page))
        query = page.next === null ? null : next(page.next)
      }
      return pages
    }
    const upwards = (limit: number) => pagesOf((from) => `?from=${from}&limit=${limit}`, `?from=0&limit=${limit}`)
    const downwards = (limit: number) => pagesOf((before) => `?before=${before}&limit=${limit}`, `?limit=${limit}`)
    expect(await upwards(2)).to.deep.equal([[2, 3], [9], [11]])
    expect(await upwards(20)).to.deep.equal([[2, 3, 9, 11]])
    expect(await downwards(2)).to.deep.equal([[11], [9], [3, 2]])
    expect(await downwards(20)).to.deep.equal([[11, 9, 3, 2]])
    await api.catalog.query("UPDATE messages SET purge_day = 60000 WHERE meeting_id = $1", [meeting.meetingId])
    expect([await upwards(2), await downwards(2)]).to.deep.equal([[[]], [[]]])
  })

  it("a page has at most 200 messages, and about 4 MiB", async function () {
    this.timeout(90_000)
    const { meeting, token } = await begin()
    const large = Array.from({ length: 120 }, () => sealedMessage(meeting, "x".repeat(16_384)))
    await Promise.all(large.map((message) => say(meeting, token, message)))
    await api.catalog.query(
      `UPDATE messages SET message = message || decode(repeat('00', 22000), 'hex') WHERE meeting_id = $1`,
      [meeting.meetingId],
    )
    const rows = await api.catalog.query("SELECT 1 FROM messages WHERE meeting_id = $1", [meeting.meetingId])
    expect(rows).to.have.lengthOf(120)
    const { status, text } = await call(api.url, "GET", meetingPath(meeting, "messages?from=0"), { token })
    expect(status).to.equal(200)
    const page = JSON.parse(text) as { messages: unknown[]; next: number }
    expect(page.messages.length).to.be.within(100, 115)
    expect(page.next).to.equal(page.messages.length)
    expect(HTTP_LIMITS.messagesPerPage).to.equal(200)
  })

  it("counts toward the meeting's room; what is known is answered without (CS3)", async () => {
    const database = api.database
    const capped = await startTestApi({ database, byteCaps: { meetingBytes: 2_500, instanceBytes: null } })
    try {
      const { meeting, token } = await begin()
      const first = sealedMessage(meeting)
      expect((await say(meeting, token, first, capped.url)).status).to.equal(201)
      const statuses = await Promise.all(
        Array.from({ length: 4 }, async () => (await say(meeting, token, sealedMessage(meeting), capped.url)).status),
      )
      expect(statuses.filter((status) => status === 201)).to.have.lengthOf(Math.floor(2_500 / first.length) - 1)
      expect(statuses.filter((status) => status === 507)).to.have.lengthOf(5 - Math.floor(2_500 / first.length))
      expect((await say(meeting, token, first, capped.url)).status).to.equal(200)
    } finally {
      await capped.stop()
    }
  })

  it("what a meeting is not to keep any longer nobody reads, and on its purge day it goes (CS5)", async () => {
    const { meeting, token } = await begin()
    for (let index = 0; index < 5; index++) await say(meeting, token)
    const { catalog } = api
    const { meetingId } = meeting
    await catalog.query("UPDATE messages SET day = day - 10 WHERE meeting_id = $1 AND seq < 3", [meetingId])
    expect(await markOutlivedMessages(catalog, 7)).to.equal(0)
    await catalog.query("UPDATE meetings SET retention_days = 10 WHERE meeting_id = $1", [meetingId])
    expect(await markOutlivedMessages(catalog, 7)).to.equal(3)
    expect(await meetingsWithDueMessages(catalog, 10)).to.deep.equal([])
    expect(await purgeMessages(catalog, meetingId)).to.equal(0)
    const after = await read(meeting, token, "?from=0")
    expect([seqs(after), after.first, after.count]).to.deep.equal([[3, 4], 3, 5])
    expect((await read(meeting, token)).next).to.equal(null)
    await catalog.query("UPDATE messages SET purge_day = purge_day - 7 WHERE meeting_id = $1 AND seq < 2", [meetingId])
    await hold(meetingId)
    expect((await meetingsWithDueMessages(catalog, 10)).map(toBase64Url)).to.deep.equal([toBase64Url(meetingId)])
    expect(await purgeMessages(catalog, meetingId)).to.equal(2)
    const [row] = await catalog.query(
      `SELECT purged_messages, message_count, message_bytes = (SELECT sum(length(message)) FROM messages WHERE meeting_id = $1) AS fits
       FROM meetings WHERE meeting_id = $1`,
      [meetingId],
    )
    expect(row).to.deep.equal({ purged_messages: 2, message_count: 5, fits: true })
    expect((await say(meeting, token)).status).to.equal(201)
    expect((await read(meeting, token)).count).to.equal(6)
    const kept = await catalog.query(
      "SELECT contents ->> 'seq' AS seq FROM held_rows WHERE subject = $1 AND table_name = 'messages' ORDER BY 1",
      [meetingId],
    )
    expect(kept, "a hold keeps apart what goes (HO1)").to.deep.equal([{ seq: "0" }, { seq: "1" }])
  })

  /** Of a case that is nothing but that. */
  async function hold(meetingId: Uint8Array): Promise<void> {
    const caseId = random(16)
    await api.catalog.query(
      `INSERT INTO cases (case_id, kind, authority, country, reference, notice_day, opened_day)
       VALUES ($1, 'preserve', 'A court', 'DE', '1', 0, 0)`,
      [caseId],
    )
    await api.catalog.query(
      `INSERT INTO holds (case_id, kind, id, placed_day, until_day) VALUES ($1, 'meeting', $2, 0, 2147483647)`,
      [caseId, meetingId],
    )
  }

  it("of a deleted meeting nothing is read or written, and its messages go with it (CS5)", async () => {
    const { meeting, token } = await begin()
    const first = sealedMessage(meeting)
    await say(meeting, token, first)
    await markMeeting(api.catalog, meeting.meetingId, 0)
    expect((await say(meeting, token)).status).to.equal(410)
    expect((await say(meeting, token, first)).status).to.equal(200)
    expect((await call(api.url, "GET", meetingPath(meeting, "messages"), { token })).status).to.equal(410)
    expect(await buryMeeting(api.catalog, meeting.meetingId)).to.equal(true)
    expect(await api.catalog.query("SELECT 1 FROM messages WHERE meeting_id = $1", [meeting.meetingId])).to.deep.equal(
      [],
    )
  })
})
