import { once } from "node:events"
import { request } from "node:http"
import { connect } from "node:net"
import { text } from "node:stream/consumers"
import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import * as z from "zod"
import { accountCapability } from "../../../client/sdk/account.js"
import {
  acceptInvitation,
  addMember,
  type Client,
  createMeeting,
  listInvitations,
  readMeeting,
  removeMember,
  revokeDevices,
  whoAmI,
} from "../../../client/sdk/index.js"
import { currentCapability } from "../../../client/sdk/meetings.js"
import type { Capability } from "../../../client/sdk/tokens.js"
import { type Closers, freePort, startRedis, until } from "../../../scripts/services.js"
import { toBase64Url } from "../../../shared/protocol/bytes.js"
import { sha256, ZERO_HASH } from "../../../shared/protocol/hash.js"
import { AppendEventRequest, InboxPostResponse, PostMessageRequest } from "../../../shared/protocol/http.js"
import { encodeKeyringRecord } from "../../../shared/protocol/keyring.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { LIVE_LIMITS, LIVE_NAMESPACES, LIVE_PATH } from "../../../shared/protocol/live.js"
import { PRESENCE_BYTES } from "../../../shared/protocol/presence.js"
import { openCatalog } from "../../../shared/server/catalog/database.js"
import { openRedisFeed } from "../../../shared/server/changes/redis.js"
import {
  accountPath,
  accountToken,
  call,
  meetingPath,
  meetingToken,
  postAccount,
  postMeeting,
} from "../../support/api-client.js"
import { type BareSocket, connected, openBareSocket } from "../../support/live-client.js"
import { makePerson, random } from "../../support/people.js"
import { newMeeting, nextEpoch, nextEvent, type PostedMeeting, sealedMessage } from "../../support/posted-meeting.js"
import { createTestDatabase } from "../../support/postgres.js"
import { temporaryFolder } from "../../support/programs.js"
import { recoverClient, startClient } from "../../support/sdk/clients.js"
import { startProcess } from "../../support/service-process.js"
import { startTcpRelay, type TcpRelay } from "../../support/tcp-relay.js"
import { startTestApi, type TestApi } from "../../support/test-api.js"

const END_MS = 5_000

async function tokenBy({ tokens, http }: Client, capability: Capability): Promise<Uint8Array> {
  return await tokens.with(http, capability, (token) => Promise.resolve(token))
}

describe("sockets, of two API processes on one Redis", function () {
  this.timeout(90_000)
  const closers: Closers = []
  /** One in this process, one in its own. */
  let near: TestApi
  let far: { readonly url: string }
  let folder: string
  let relay: TcpRelay

  before(async () => {
    const { path, remove } = await temporaryFolder()
    folder = path
    closers.push(remove)
    const database = await createTestDatabase()
    closers.push(() => database.stop())
    const redis = await startRedis(path, closers)
    relay = await startTcpRelay({ host: "127.0.0.1", port: redis.port })
    closers.push(() => relay.stop())
    const ports = [await freePort(), await freePort()]
    const publicUrls = ports.map((port) => `http://127.0.0.1:${port}`)
    const redisUrl = `redis://127.0.0.1:${relay.port}`
    const changes = openRedisFeed(redisUrl, random, () => undefined)
    near = await startTestApi({ database, changes, port: ports[0]!, publicUrls, drainMs: 500 })
    closers.push(async () => {
      await near.stop()
      await changes.close()
    })
    const process = startProcess("api", {
      PORT: String(ports[1]),
      PUBLIC_URLS: publicUrls.join(),
      DATABASE_URL: database.url,
      REDIS_URL: redisUrl,
      TACITURN_DATA: folder,
      ANONYMOUS_REQUESTS_PER_MINUTE: "0",
      DRAIN_SECONDS: "0.5",
    })
    closers.push(async () => {
      process.signal("SIGTERM")
      expect(await process.exited()).to.equal(0)
    })
    await process.waitFor(/the API listens/)
    far = { url: publicUrls[1]! }
  })
  after(async () => {
    for (const close of closers.toReversed()) await close()
  })

  async function newPosted(): Promise<{ meeting: PostedMeeting; token: Uint8Array }> {
    const meeting = newMeeting(makePerson("anna's laptop"))
    await postMeeting(near.url, meeting)
    return { meeting, token: await tokenOf(meeting) }
  }

  async function tokenOf(meeting: PostedMeeting): Promise<Uint8Array> {
    // Challenges name the first of the accepted origins.
    return await meetingToken(near.url, meeting)
  }

  async function append(
    meeting: PostedMeeting,
    token: Uint8Array,
    event: Uint8Array,
    certificate?: Uint8Array,
  ): Promise<void> {
    const json = z.encode(AppendEventRequest, { event, ...(certificate === undefined ? {} : { certificate }) })
    const { status } = await call(near.url, "POST", meetingPath(meeting, "events"), { json, token })
    expect(status).to.equal(201)
  }

  async function rotate(meeting: PostedMeeting, token: Uint8Array): Promise<PostedMeeting> {
    const next = nextEpoch(meeting)
    await append(next, token, next.newest.rawEvent, next.newest.certificate)
    return next
  }

  async function onBoth(token: Uint8Array): Promise<readonly BareSocket[]> {
    return await Promise.all([near, far].map(async ({ url }) => await openBareSocket(url, "meeting", token)))
  }

  function headOf({ head }: PostedMeeting): unknown {
    return { seq: head.seq, hash: toBase64Url(head.hash) }
  }

  async function refused(opening: Promise<unknown>): Promise<string> {
    return await opening.then(
      () => expect.fail("it was let in"),
      (error: unknown) => (error as Error).message,
    )
  }

  it("S4: a rotation ends the older epoch's sockets on every process, and a token of the new epoch opens one", async () => {
    const { meeting, token } = await newPosted()
    const sockets = await onBoth(token)
    const next = await rotate(meeting, token)
    for (const { afterMs, code } of await Promise.all(sockets.map((socket) => socket.ends()))) {
      expect(code).to.equal("forbidden")
      expect(afterMs).to.be.lessThan(1_000)
    }
    expect(await refused(openBareSocket(far.url, "meeting", token))).to.equal("forbidden")
    const { socket } = await openBareSocket(far.url, "meeting", await tokenOf(next))
    socket.disconnect()
  })

  it("S4: a rotation ends them within 5 s also where no word comes through Redis, and nudges come late", async () => {
    const { meeting, token } = await newPosted()
    const sockets = await onBoth(token)
    relay.cut()
    try {
      const event = nextEvent(meeting)
      await append(meeting, token, event.rawEvent)
      for (const socket of sockets) await socket.hears("log", (head) => (head as { seq: number }).seq === 1)
      await rotate(event.meeting, token)
      for (const { afterMs, code } of await Promise.all(sockets.map((socket) => socket.ends()))) {
        expect(code).to.equal("forbidden")
        expect(afterMs).to.be.lessThan(END_MS)
      }
    } finally {
      relay.mend()
    }
  })

  it("S4, S5: who is removed, and a device that is revoked, lose their sockets on both processes within 5 s, with Redis and without", async () => {
    const [alice, bob] = [
      await startClient({ url: near.url, folder }, "laptop"),
      await startClient({ url: near.url, folder }, "phone"),
    ]
    const meetingId = await createMeeting(alice.client, "Both")
    const { accountId: bobId } = whoAmI(bob.client)
    for (const isCut of [false, true]) {
      await addMember(alice.client, meetingId, bobId)
      const [waiting] = await listInvitations(bob.client)
      await acceptInvitation(bob.client, waiting!)
      const lost = await recoverClient({ url: near.url, folder }, alice.recoveryPhrase, `lost ${String(isCut)}`)
      const memberToken = await tokenBy(bob.client, currentCapability(await readMeeting(bob.client, meetingId)))
      const deviceToken = await tokenBy(lost.client, accountCapability(lost.client))
      const sockets = [
        ...(await onBoth(memberToken)),
        ...(await Promise.all([near, far].map(({ url }) => openBareSocket(url, "account", deviceToken)))),
      ]
      if (isCut) relay.cut()
      const endings = sockets.map((socket) => socket.ends())
      await removeMember(alice.client, meetingId, bobId)
      await revokeDevices(alice.client, [whoAmI(lost.client).deviceId])
      const ended = await Promise.all(endings)
      relay.mend()
      expect(ended.map(({ code }) => code)).to.deep.equal([
        "forbidden",
        "forbidden",
        "unauthenticated",
        "unauthenticated",
      ])
      for (const { afterMs } of ended) expect(afterMs).to.be.lessThan(END_MS)
      for (const { url } of [near, far]) {
        expect(await refused(openBareSocket(url, "meeting", memberToken))).to.equal("forbidden")
        expect(await refused(openBareSocket(url, "account", deviceToken))).to.equal("unauthenticated")
      }
      await lost.close()
    }
    for (const person of [alice, bob]) await person.close()
  })

  it("S5: no token is given while a link is being appended that may end it", async () => {
    const bob = makePerson("bob's phone")
    await postAccount(near.url, bob)
    let asking: Promise<unknown> = Promise.resolve()
    await near.catalog.transaction(async (transaction) => {
      await transaction.query("SELECT 1 FROM accounts WHERE account_id = $1 FOR UPDATE", [bob.chain.accountId])
      asking = accountToken(near.url, bob)
      expect(await Promise.race([asking, delay(300, "waits")])).to.equal("waits")
    })
    await asking
  })

  it("S6: each append is told on every process, by Redis without waiting for the sweep, and once", async () => {
    const { meeting, token } = await newPosted()
    const [, there] = await onBoth(token)
    await there!.hears("log")
    const from = performance.now()
    const said = [headOf(meeting)]
    let head = meeting
    for (let n = 0; n < 5; n++) {
      const { rawEvent, meeting: after } = nextEvent(head)
      head = after
      said.push(headOf(after))
      await append(after, token, rawEvent)
      await there!.hears("log", (value) => (value as { seq: number }).seq === after.head.seq)
    }
    // Sweeps alone would take 1.5 s for each.
    expect(performance.now() - from).to.be.lessThan(4_000)
    const heardOf = (name: string) => there!.heard.filter((entry) => entry[0] === name).map(([, value]) => value)
    expect(heardOf("log")).to.deep.equal(said)
    // Said on opening (CS6), and by no append.
    expect(heardOf("chat")).to.deep.equal([{ count: 0 }])
    expect(there!.heard).to.have.length(said.length + 1)
    there!.socket.disconnect()
  })

  it("each message of a chat that goes on is said once at every process, in order, and nobody who hears it is told how many there are (CS6)", async () => {
    const { meeting, token } = await newPosted()
    const both = await onBoth(token)
    for (const socket of both) await socket.hears("chat")
    // Longer than two sweeps take.
    const untilMs = performance.now() + 3_500
    const sent: string[] = []
    while (performance.now() < untilMs) {
      const message = sealedMessage(meeting)
      sent.push(toBase64Url(message))
      const json = z.encode(PostMessageRequest, { message })
      const { url } = sent.length % 3 === 0 ? far : near
      expect((await call(url, "POST", meetingPath(meeting, "messages"), { json, token })).status).to.equal(201)
    }
    for (const { heard, socket } of both) {
      const said = () =>
        heard
          .filter(([name]) => name === "messages")
          .flatMap(([, value]) => (value as { messages: { message: string }[] }).messages)
          .map(({ message }) => message)
      await until(() => Promise.resolve(said().length >= sent.length), "what was said")
      expect(said()).to.deep.equal(sent)
      expect(heard.filter(([name]) => name === "chat")).to.deep.equal([["chat", { count: 0 }]])
      socket.disconnect()
    }
  })

  it("S6: an account's socket tells of its inbox, its keyring and its chain, and of no other account's", async () => {
    const [bob, carol] = [makePerson("bob's phone"), makePerson("carol's tablet")]
    await postAccount(near.url, bob)
    await postAccount(near.url, carol)
    const socket = await openBareSocket(far.url, "account", await accountToken(near.url, bob))
    const other = await openBareSocket(far.url, "account", await accountToken(near.url, carol))
    const waiting = (entries: number) => (value: unknown) => (value as { entries: number }).entries === entries
    const token = await accountToken(near.url, bob)
    await socket.hears("inbox", waiting(0))
    const bytes = random(LIMITS.invitationBytes)
    const posted = await call(near.url, "POST", accountPath(bob, "inbox"), { bytes })
    const { entry } = InboxPostResponse.parse(posted.json)
    expect(await socket.hears("inbox", waiting(1))).to.deep.equal({ entries: 1, newest: toBase64Url(entry) })
    expect(await socket.hears("chain")).to.deep.equal({ seq: 0, hash: toBase64Url(bob.chain.headHash) })
    const record = encodeKeyringRecord({ seq: 0, prev: ZERO_HASH, generation: 1, sealed: random(336) })
    await call(near.url, "POST", accountPath(bob, "keyring"), { token, json: { record: toBase64Url(record) } })
    expect(await socket.hears("keyring")).to.deep.equal({ seq: 0, hash: toBase64Url(sha256(record)) })
    await other.hears("chain")
    expect(other.heard.map(([name]) => name)).to.have.members(["chain", "inbox"])
    for (const { socket: open } of [socket, other]) open.disconnect()
  })

  it("S3: a token that ends ends its socket, unless a newer one of the same subject took its place", async () => {
    const { meeting, token } = await newPosted()
    const { token: others } = await newPosted()
    const [kept, lost] = await onBoth(token)
    const renewed = await tokenOf(meeting)
    const { renew } = kept!
    expect(await renew(others)).to.have.nested.property("refused.code", "forbidden")
    expect(await renew(random(32))).to.have.nested.property("refused.code", "unauthenticated")
    expect(await renew(random(31))).to.have.nested.property("refused.code", "malformed")
    expect(await renew(renewed)).to.deep.equal({ refused: null })
    await near.catalog.query("UPDATE tokens SET expires_at = now() WHERE token_hash = $1", [sha256(token)])
    const { afterMs, code } = await lost!.ends()
    expect([code, afterMs < END_MS]).to.deep.equal(["unauthenticated", true])
    expect(await refused(openBareSocket(near.url, "meeting", token))).to.equal("unauthenticated")
    expect(kept!.socket.connected).to.equal(true)
    await near.catalog.query("UPDATE tokens SET expires_at = now() WHERE token_hash = $1", [sha256(renewed)])
    expect((await kept!.ends()).code).to.equal("unauthenticated")
    const gone = await openBareSocket(far.url, "meeting", await tokenOf(meeting))
    for (const table of ["meeting_epochs", "meeting_events", "meetings"])
      await near.catalog.query(`DELETE FROM ${table} WHERE meeting_id = $1`, [meeting.meetingId])
    expect((await gone.ends()).code).to.equal("unauthenticated")
  })

  it("S2: a connection carries one subject, and a token opens only the kind of socket that it is for", async () => {
    const bob = makePerson("bob's phone")
    await postAccount(near.url, bob)
    const session = await accountToken(near.url, bob)
    const { token } = await newPosted()
    const { token: second } = await newPosted()
    expect(await refused(openBareSocket(near.url, "account", token))).to.equal("forbidden")
    expect(await refused(openBareSocket(near.url, "meeting", session))).to.equal("forbidden")
    expect(await refused(openBareSocket(near.url, "meeting", random(32)))).to.equal("unauthenticated")
    for (const auth of [{}, { token: [1] }, { token: toBase64Url(token), more: 1 }])
      expect(await refused(openBareSocket(near.url, "meeting", token, { auth }))).to.equal("malformed")
    const first = await openBareSocket(near.url, "meeting", token)
    const { socket } = first
    const account = socket.io.socket(LIVE_NAMESPACES.account, { auth: { token: toBase64Url(session) } })
    expect(await refused(connected(account))).to.equal("forbidden")
    expect(await refused(connected(socket.io.socket("/")))).to.equal("no such namespace")
    expect(await first.renew(token)).to.deep.equal({ refused: null })
    // The client has one socket for a namespace: a second one is the packet alone, and ends them both.
    socket.io.engine.send(`0${LIVE_NAMESPACES.meeting},${JSON.stringify({ token: toBase64Url(second) })}`)
    await first.ends()
  })

  function newSaying(): { readonly sealed: string } {
    return { sealed: toBase64Url(random(PRESENCE_BYTES)) }
  }

  function saidOn({ heard }: BareSocket): readonly unknown[] {
    return heard.filter(([name]) => name === "said").map(([, value]) => value)
  }

  /** What is said may be lost, of all that is said something comes. */
  async function hearsOne(speaker: BareSocket, hearer: BareSocket): Promise<void> {
    const before = saidOn(hearer).length
    await until(async () => {
      speaker.socket.emit("say", newSaying())
      await delay(200)
      return saidOn(hearer).length > before
    }, "what was said")
  }

  it("PR1: what is said on a meeting's socket comes to its other ones at every process, as it is, and to no other meeting's", async () => {
    const { meeting, token } = await newPosted()
    const { token: others } = await newPosted()
    const [speaker, there] = await onBoth(token)
    const here = await openBareSocket(near.url, "meeting", await tokenOf(meeting))
    const outside = await onBoth(others)
    const sayings = [newSaying(), newSaying()]
    for (const saying of sayings) speaker!.socket.emit("say", saying)
    for (const socket of [here, there!]) {
      await socket.hears("said", (value) => (value as { sealed: string }).sealed === sayings[1]!.sealed)
      expect(saidOn(socket)).to.deep.equal(sayings)
    }
    there!.socket.emit("say", sayings[0])
    await speaker!.hears("said")
    await delay(200)
    expect(saidOn(speaker!)).to.deep.equal([sayings[0]])
    for (const socket of outside) expect(saidOn(socket)).to.deep.equal([])
    const logged = near.logged.join("\n")
    for (const { sealed } of sayings) expect(logged).not.to.contain(sealed.slice(0, 16))
    for (const { socket } of [speaker!, there!, here, ...outside]) socket.disconnect()
  })

  it("PR1: sockets of an older epoch neither hear the newer one's nor are heard, not even in the moment before they end", async () => {
    const { meeting, token } = await newPosted()
    // Without a word from Redis the sweep alone ends the older one's sockets of the other process.
    relay.cut()
    try {
      const [, old] = await onBoth(token)
      const next = await rotate(meeting, token)
      const fresh = await openBareSocket(far.url, "meeting", await tokenOf(next))
      fresh.socket.emit("say", newSaying())
      old!.socket.emit("say", newSaying())
      await old!.ends()
      expect([saidOn(old!), saidOn(fresh)]).to.deep.equal([[], []])
      fresh.socket.disconnect()
    } finally {
      relay.mend()
    }
  })

  it("PR1: another size, another form, and anything said on an account's socket, end that socket", async () => {
    const { token } = await newPosted()
    const bob = makePerson("bob's phone")
    await postAccount(near.url, bob)
    for (const saying of [{ sealed: toBase64Url(random(PRESENCE_BYTES - 1)) }, { ...newSaying(), to: "bob" }, "here"]) {
      const bare = await openBareSocket(near.url, "meeting", token)
      bare.socket.emit("say", saying)
      expect((await bare.ends()).code).to.equal("malformed")
    }
    const account = await openBareSocket(near.url, "account", await accountToken(near.url, bob))
    account.socket.emit("say", newSaying())
    expect((await account.ends()).code).to.equal("malformed")
  })

  it("PR2: a flood on many sockets of a meeting is passed within the limit at each process, and other meetings are heard meanwhile", async () => {
    const { token } = await newPosted()
    const { token: calm } = await newPosted()
    const [hearer, farHearer] = await onBoth(token)
    const [speaker, calmFar] = await onBoth(calm)
    const flooding = await Promise.all(
      Array.from({ length: 30 }, async () => await openBareSocket(near.url, "meeting", token)),
    )
    const from = performance.now()
    for (let n = 0; n < LIVE_LIMITS.requestsPerMinute - 1; n++) {
      for (const { socket } of flooding) socket.emit("say", newSaying())
      if (n % 20 === 0) await hearsOne(speaker!, calmFar!)
    }
    await delay(300)
    const windows = Math.ceil((performance.now() - from) / 1_000) + 1
    for (const socket of [hearer!, farHearer!])
      expect(saidOn(socket).length).to.be.within(1, windows * LIVE_LIMITS.saidPerSecond)
    expect(flooding.length * (LIVE_LIMITS.requestsPerMinute - 1)).to.be.greaterThan(windows * LIVE_LIMITS.saidPerSecond)
    const [over] = flooding
    for (let n = 0; n < 2; n++) over!.socket.emit("say", newSaying())
    expect((await over!.ends()).code).to.equal("rate-limited")
    for (const { socket } of [hearer!, farHearer!, speaker!, calmFar!, ...flooding]) socket.disconnect()
  })

  it("S1: a socket is a WebSocket to its one address, from an accepted origin or from none", async () => {
    const { token } = await newPosted()
    expect(await upgrade(near.url, { origin: "https://elsewhere.example" })).to.deep.equal([403, "forbidden"])
    expect(await upgrade(near.url, { origin: "null" })).to.deep.equal([403, "forbidden"])
    expect(await upgrade(near.url, {}, "/v1/alive")).to.deep.equal([404, "not-found"])
    expect((await call(near.url, "GET", `${LIVE_PATH}/?EIO=4&transport=polling`)).json).to.include({
      code: "not-found",
    })
    const { socket, heard } = await openBareSocket(near.url, "meeting", token, { origin: far.url })
    socket.disconnect()
    expect(heard.filter(([name]) => name === "end")).to.deep.equal([])
  })

  it("S7: too large a message, an unknown request and too many requests end the socket", async () => {
    const { token } = await newPosted()
    const open = async (): Promise<BareSocket> => await openBareSocket(near.url, "meeting", token)
    const large = await open()
    large.socket.emit("renew", { token: "A".repeat(LIVE_LIMITS.messageBytes) })
    expect((await large.ends()).code).to.equal(undefined)
    const unknown = await open()
    unknown.socket.emit("log", {})
    expect((await unknown.ends()).code).to.equal("malformed")
    const many = await open()
    for (let n = 0; n <= LIVE_LIMITS.requestsPerMinute; n++) many.socket.emit("renew", {})
    expect((await many.ends()).code).to.equal("rate-limited")
  })

  it("S7: handshakes are counted by address, which a proxy may name only where one is trusted", async () => {
    const api = await startTestApi({ database: near.database, anonymousRequestsPerMinute: 2 })
    try {
      const answers: unknown[] = []
      for (let n = 0; n < 3; n++) answers.push(await upgrade(api.url, { "x-forwarded-for": `192.0.2.${n}` }))
      expect(answers).to.deep.equal([
        [101, null],
        [101, null],
        [429, "rate-limited"],
      ])
    } finally {
      await api.stop()
    }
  })

  it("S7: who is refused and does not hang up keeps no connection, nor the process from stopping", async () => {
    const api = await startTestApi({ database: near.database })
    const held = connect({ port: api.port, host: "127.0.0.1", allowHalfOpen: true })
    held.write("GET /nowhere HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    const [answer] = (await once(held, "data")) as [Buffer]
    expect(answer.toString()).to.match(/^HTTP\/1.1 404 Not Found\r\n/)
    await api.stop()
    held.destroy()
  })

  it("S8: sockets end within 5 s where the catalog says nothing any more, and when the process stops", async () => {
    const { meeting, token } = await newPosted()
    const database = await startTcpRelay({ host: "127.0.0.1", port: Number(new URL(near.database.url).port) })
    const url = new URL(near.database.url)
    url.port = String(database.port)
    const catalog = openCatalog(url.href)
    const api = await startTestApi({ database: near.database, catalog, publicUrls: [near.url] })
    const own = `http://127.0.0.1:${api.port}`
    try {
      const cut = await openBareSocket(own, "meeting", token)
      await cut.hears("log")
      database.mute()
      const { afterMs, code } = await cut.ends()
      expect([code, afterMs < END_MS]).to.deep.equal(["unavailable", true])
      database.cut()
      database.mend()
      const stopped = await openBareSocket(own, "meeting", await tokenOf(meeting))
      const [ended] = await Promise.all([stopped.ends(), api.stop()])
      expect(ended.code).to.equal("unavailable")
      expect(ended.afterMs).to.be.lessThan(1_000)
    } finally {
      await catalog.close()
      await database.stop()
    }
  })
})

/** The status that an upgrade is answered with, and the code of its problem. */
async function upgrade(
  url: string,
  headers: Readonly<Record<string, string>>,
  path: string = LIVE_PATH,
): Promise<readonly [number | undefined, unknown]> {
  const asked = request(`${url}${path}/?EIO=4&transport=websocket`, {
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
      ...headers,
    },
  })
  asked.end()
  return await new Promise((resolve, reject) => {
    asked.once("error", reject)
    asked.once("upgrade", ({ statusCode }, socket) => {
      socket.destroy()
      resolve([statusCode, null])
    })
    asked.once("response", (response) => {
      text(response).then((body) => {
        resolve([response.statusCode, (JSON.parse(body) as { code: unknown }).code])
      }, reject)
    })
  })
}
