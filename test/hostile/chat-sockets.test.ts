import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import { Server } from "socket.io"
import { io as connectTo, type Socket } from "socket.io-client"
import { until } from "../../scripts/services.js"
import {
  ChatReader,
  createMeeting,
  followChat,
  type MeetingId,
  queueMessage,
  sendMessage,
  type SendReport,
  textContent,
  unsentMessages,
} from "../../client/sdk/index.js"
import { toBase64Url } from "../../shared/protocol/bytes.js"
import { LIVE_NAMESPACES, LIVE_PATH } from "../../shared/protocol/live.js"
import { random } from "../support/people.js"
import { shownOf } from "./chat-lies.js"
import { admit, json, openScene, type Scene } from "./support.js"

interface Answer {
  readonly refused: unknown
  readonly placed: { readonly seq: number; readonly incarnation: number; readonly hash: string }
}

/** What a client hears in place of the answer; `undefined`: nothing. */
type Tell = (answer: Answer) => unknown

const POLL_MS = 100

describe("a server that lies where messages are posted on sockets (CH12)", function () {
  this.timeout(60_000)
  let scene: Scene
  let io: Server
  let meetingId: MeetingId
  let tell: Tell = (answer) => answer
  let told = 0
  /** What Alice's client said of what waited, and what it showed last. */
  const reports: SendReport[] = []
  let heard: readonly string[] = []
  const passedOn: Socket[] = []

  before(async () => {
    scene = await openScene()
    io = new Server(scene.liar.server, { path: LIVE_PATH })
    // What is posted comes to the real server: only the answer is another.
    io.of(LIVE_NAMESPACES.meeting).on("connection", (socket) => {
      const real = connectTo(`${scene.service.url}${LIVE_NAMESPACES.meeting}`, {
        path: LIVE_PATH,
        transports: ["websocket"],
        auth: socket.handshake.auth,
        forceNew: true,
      })
      passedOn.push(real)
      socket.on("post", (message: unknown, acknowledge: (answer: unknown) => void) => {
        void real.emitWithAck("post", message).then((answer) => {
          told += 1
          const said = tell(answer as Answer)
          if (said !== undefined) acknowledge(said)
        })
      })
    })
  })
  after(async () => {
    for (const socket of passedOn) socket.disconnect()
    io.disconnectSockets(true)
    await scene.close()
  })
  beforeEach(async () => {
    meetingId = await createMeeting(scene.alice.client, "Chat")
    await admit(scene.alice, scene.bob, meetingId)
    ;[tell, told, heard] = [(answer) => answer, 0, []]
    reports.length = 0
  })

  /** Alice writes while she follows, until something became of it. @returns how often she posted by HTTP. */
  async function write(text: string, isDone: (report: SendReport) => boolean): Promise<number> {
    const { client } = scene.alice
    const ended = new AbortController()
    expect((await sendMessage(client, meetingId, textContent("before"))).trouble).to.equal(null)
    const following = followChat(client, meetingId, {
      signal: ended.signal,
      pollMs: POLL_MS,
      onChange: (reader) => {
        heard = shownOf(reader)
      },
      onSent: (report) => reports.push(report),
    })
    await until(() => Promise.resolve(heard.length > 0), "the chat")
    await until(async () => (await io.of(LIVE_NAMESPACES.meeting).fetchSockets()).length > 0, "a socket")
    await delay(POLL_MS)
    scene.liar.asked()
    await queueMessage(client, meetingId, textContent(text))
    await until(() => Promise.resolve(reports.some(isDone)), "what became of it")
    ended.abort()
    await following
    return scene.liar.asked().filter(({ method, path }) => method === "POST" && path.endsWith("/messages")).length
  }

  async function shown(): Promise<readonly string[]> {
    return shownOf(await ChatReader.open(scene.bob.client, meetingId))
  }

  const isStored = ({ stored, trouble }: SendReport): boolean => stored === 1 && trouble === null

  it("by one that does not, it is kept on a socket alone", async () => {
    expect(await write("after", isStored)).to.equal(0)
    expect(told).to.equal(1)
    expect(await shown()).to.deep.equal(["before", "after"])
  })

  it("one that says it holds other bytes than were sent is not believed", async () => {
    const hash = toBase64Url(random(32))
    tell = (answer) => ({ ...answer, placed: { ...answer.placed, hash } })
    // As what is on its way when the socket ends goes by HTTP, it says so there, too.
    const lie = scene.liar.lie({
      method: "POST",
      path: /\/messages$/,
      tell: json((body: object) => (told === 0 ? body : { ...body, hash })),
    })
    await write("after", ({ trouble }) => trouble?.code === "integrity").finally(() => {
      lie.stop()
    })
    expect(told).to.be.greaterThan(0)
    expect(unsentMessages(scene.alice.client, meetingId).map(({ content }) => content)).to.have.length(1)
  })

  for (const [what, lie] of [
    ["says nothing", () => undefined],
    ["answers in another form", () => ({ refused: null, placed: "somewhere" })],
    ["refuses nothing, and says no place", () => ({ refused: null })],
    ["says that it is not ready", () => ({ refused: { code: "unavailable", detail: "not now", retryable: true } })],
    [
      "says that the token is of an older epoch",
      () => ({ refused: { code: "forbidden", detail: "", retryable: false } }),
    ],
  ] satisfies readonly (readonly [string, Tell])[])
    it(`one that ${what} is asked by HTTP, and the message stands there once`, async () => {
      tell = lie
      expect(await write("after", isStored)).to.equal(1)
      expect(told).to.equal(1)
      expect(await shown()).to.deep.equal(["before", "after"])
    })

  it("one that keeps an answer back keeps nobody from hearing what others say meanwhile", async () => {
    tell = () => undefined
    const writing = write("mine", isStored)
    await until(() => Promise.resolve(told > 0), "a post")
    expect((await sendMessage(scene.bob.client, meetingId, textContent("yours"))).trouble).to.equal(null)
    await until(() => Promise.resolve(heard.includes("yours")), "what Bob said")
    expect(reports, "nothing came of Alice's own yet").to.deep.equal([])
    expect(await writing, "by HTTP, and what Bob said").to.equal(2)
  })
})
