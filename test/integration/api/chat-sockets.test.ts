import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import * as z from "zod"
import { until } from "../../../scripts/services.js"
import { fromBase64Url, toBase64Url } from "../../../shared/protocol/bytes.js"
import { AppendEventRequest, PostMessageRequest } from "../../../shared/protocol/http.js"
import { messageHash } from "../../../shared/protocol/message.js"
import { accountToken, call, meetingPath, meetingToken, postAccount, postMeeting } from "../../support/api-client.js"
import { type BareSocket, openBareSocket } from "../../support/live-client.js"
import { makePerson, random } from "../../support/people.js"
import { newMeeting, nextEpoch, type PostedMeeting, sealedMessage } from "../../support/posted-meeting.js"
import { startTestApi, type TestApi } from "../../support/test-api.js"

const PATIENCE_MS = 5_000
const PER_MINUTE = 20
const BURST = 200
const TOGETHER = 40
/** More together than a connection holds, and than may wait for one. */
const [LONG_COUNT, LONG_TEXT] = [800, "x".repeat(16_000)]

interface Answer {
  readonly refused: { readonly code: string } | null
  readonly placed?: { readonly seq: number; readonly incarnation: number; readonly hash: string }
}

describe("messages that are posted on sockets", function () {
  this.timeout(30_000)
  let api: TestApi

  before(async () => {
    api = await startTestApi({ requestsPerMinute: PER_MINUTE })
  })
  after(() => api.stop())

  async function begin(): Promise<{ meeting: PostedMeeting; token: Uint8Array; socket: BareSocket }> {
    const meeting = newMeeting(makePerson("anna's laptop"))
    await postMeeting(api.url, meeting)
    const token = await meetingToken(api.url, meeting)
    return { meeting, token, socket: await openBareSocket(api.url, "meeting", token) }
  }

  async function post({ socket }: BareSocket, message: unknown): Promise<Answer> {
    const raw = message instanceof Uint8Array ? z.encode(PostMessageRequest, { message }) : message
    return (await socket.timeout(PATIENCE_MS).emitWithAck("post", raw)) as Answer
  }

  async function refusalOf(socket: BareSocket, message: unknown): Promise<string | undefined> {
    return (await post(socket, message)).refused?.code
  }

  it("are kept and said as those that come by HTTP, in order, and answered alike when they come again (CS1, CS2, CS6)", async () => {
    const { meeting, token, socket } = await begin()
    const other = await openBareSocket(api.url, "meeting", token)
    const messages = Array.from({ length: 5 }, (_, n) => sealedMessage(meeting, `Message ${n}`))
    const answers = await Promise.all(messages.map(async (message) => await post(socket, message)))
    expect(answers).to.deep.equal(
      messages.map((message, seq) => ({
        refused: null,
        placed: { seq, incarnation: 0, hash: toBase64Url(messageHash(message)) },
      })),
    )
    expect(await post(other, messages[2])).to.deep.equal(answers[2])
    const byHttp = z.encode(PostMessageRequest, { message: messages[3] ?? new Uint8Array(0) })
    const { status, json } = await call(api.url, "POST", meetingPath(meeting, "messages"), { json: byHttp, token })
    expect([status, json]).to.deep.equal([200, answers[3]?.placed])
    // Whoever asks for no answer gets none.
    socket.socket.emit("post", z.encode(PostMessageRequest, { message: sealedMessage(meeting, "unanswered") }))
    for (const one of [socket, other]) {
      const lastIs = (value: unknown): boolean =>
        (value as { readonly messages: readonly { readonly seq: number }[] }).messages.at(-1)?.seq === messages.length
      await one.hears("messages", lastIs)
      const said = one.heard
        .filter(([name]) => name === "messages")
        .flatMap(([, value]) => (value as { readonly messages: readonly { readonly message: string }[] }).messages)
      expect(said.slice(0, -1).map(({ message }) => message)).to.deep.equal(messages.map(toBase64Url))
    }
  })

  it("are refused as those that come by HTTP, and the socket stays (CS1, CS3)", async () => {
    const { meeting, token, socket } = await begin()
    expect(await refusalOf(socket, { message: toBase64Url(random(100)) })).to.equal("malformed")
    for (const raw of [null, "message", {}, { message: 1 }, { message: "", more: 1 }])
      expect(await refusalOf(socket, raw)).to.equal("malformed")
    expect(await refusalOf(socket, sealedMessage(newMeeting(makePerson("b"))))).to.equal("bad-chain")
    const admin = await openBareSocket(api.url, "meeting", await meetingToken(api.url, meeting, "admin"))
    expect(await refusalOf(admin, sealedMessage(meeting))).to.equal("forbidden")
    // By the token that it has then.
    expect(await admin.renew(token)).to.deep.equal({ refused: null })
    expect(await refusalOf(admin, sealedMessage(meeting))).to.equal(undefined)
    expect(await refusalOf(socket, sealedMessage(nextEpoch(meeting)))).to.equal("conflict")
    expect(await refusalOf(socket, sealedMessage(meeting))).to.equal(undefined)
  })

  it("are of the newest epoch, also in the moment before the socket ends (CS3)", async () => {
    const { meeting, token, socket } = await begin()
    const known = sealedMessage(meeting)
    expect(await refusalOf(socket, known)).to.equal(undefined)
    const later = nextEpoch(meeting)
    const { rawEvent, certificate } = later.newest
    const json = z.encode(AppendEventRequest, { event: rawEvent, certificate })
    const appending = call(api.url, "POST", meetingPath(meeting, "events"), { json, token })
    const answers: Answer[] = []
    while (socket.socket.connected)
      answers.push(await post(socket, sealedMessage(meeting)).catch(() => ({ refused: { code: "ended" } })))
    expect((await appending).status).to.equal(201)
    const kept = answers.filter(({ refused }) => refused === null).length
    const next = await openBareSocket(api.url, "meeting", await meetingToken(api.url, later))
    expect((await post(next, sealedMessage(later))).placed?.seq).to.equal(kept + 1)
    expect(await refusalOf(next, sealedMessage(meeting))).to.equal("conflict")
  })

  it("are counted by their token, and refused above as many as it may send requests; the socket stays, and others are not kept from anything", async () => {
    const { meeting, token, socket } = await begin()
    const second = await openBareSocket(api.url, "meeting", token)
    const codes: (string | undefined)[] = []
    for (let n = 0; n < PER_MINUTE + 2; n++)
      codes.push(await refusalOf(n % 2 === 0 ? socket : second, sealedMessage(meeting)))
    expect(codes).to.deep.equal([
      ...Array.from({ length: PER_MINUTE }, () => undefined),
      "rate-limited",
      "rate-limited",
    ])
    expect(await socket.renew(token)).to.deep.equal({ refused: null })
    const other = await openBareSocket(api.url, "meeting", await meetingToken(api.url, meeting))
    expect(await refusalOf(other, sealedMessage(meeting))).to.equal(undefined)
  })

  it("a burst of many is said once, in order, at every socket (CS6)", async () => {
    const unlimited = await startTestApi()
    try {
      const meeting = newMeeting(makePerson("anna's laptop"))
      await postMeeting(unlimited.url, meeting)
      const token = await meetingToken(unlimited.url, meeting)
      const sockets = await Promise.all(
        Array.from({ length: 5 }, async () => await openBareSocket(unlimited.url, "meeting", token)),
      )
      const answers = await Promise.all(
        Array.from({ length: BURST }, async (_, n) => {
          // Some come while those before are being kept, and some behind.
          await delay(n % 40)
          return await post(sockets[n % sockets.length]!, sealedMessage(meeting))
        }),
      )
      const seqs = answers.map(({ placed }) => placed?.seq).toSorted((a = 0, b = 0) => a - b)
      expect(seqs).to.deep.equal(Array.from({ length: BURST }, (_, seq) => seq))
      const hashes = new Map(answers.map(({ placed }) => [placed?.seq, placed?.hash]))
      for (const { heard } of sockets) {
        const said = (): readonly { readonly seq: number; readonly message: string }[] =>
          heard
            .filter(([name]) => name === "messages")
            .flatMap(([, value]) => (value as { readonly messages: { seq: number; message: string }[] }).messages)
        await until(() => Promise.resolve(said().length >= BURST), "all of them")
        expect(said().map(({ seq }) => seq)).to.deep.equal(Array.from({ length: BURST }, (_, seq) => seq))
        for (const { seq, message } of said())
          expect(toBase64Url(messageHash(fromBase64Url(message)))).to.equal(hashes.get(seq))
      }
    } finally {
      await unlimited.stop()
    }
  })

  it("are not held back for a socket that takes nothing: once it does, it hears how many there are", async () => {
    const unlimited = await startTestApi()
    try {
      const meeting = newMeeting(makePerson("anna's laptop"))
      await postMeeting(unlimited.url, meeting)
      const token = await meetingToken(unlimited.url, meeting)
      const [silent, writer] = [
        await openBareSocket(unlimited.url, "meeting", token),
        await openBareSocket(unlimited.url, "meeting", token),
      ]
      await silent.hears("chat")
      const { ws } = silent.socket.io.engine.transport as unknown as { readonly ws: { pause(): void; resume(): void } }
      ws.pause()
      for (let n = 0; n < LONG_COUNT; n += TOGETHER) {
        const messages = Array.from({ length: TOGETHER }, () => sealedMessage(meeting, LONG_TEXT))
        await Promise.all(messages.map(async (message) => await post(writer, message)))
      }
      ws.resume()
      await silent.hears("chat", (value) => (value as { readonly count: number }).count === LONG_COUNT)
      const seqs = silent.heard
        .filter(([name]) => name === "messages")
        .flatMap(([, value]) => (value as { readonly messages: readonly { readonly seq: number }[] }).messages)
        .map(({ seq }) => seq)
      expect(seqs.length).to.be.within(1, LONG_COUNT - 1)
      expect(seqs).to.deep.equal(seqs.map((_, seq) => seq))
    } finally {
      await unlimited.stop()
    }
  })

  it("an account's socket takes none", async () => {
    const bob = makePerson("bob's phone")
    await postAccount(api.url, bob)
    const account = await openBareSocket(api.url, "account", await accountToken(api.url, bob))
    account.socket.emit("post", z.encode(PostMessageRequest, { message: random(100) }))
    expect((await account.ends()).code).to.equal("malformed")
  })
})
