import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import { Server } from "socket.io"
import { until } from "../../scripts/services.js"
import { readMeeting, renewMeeting } from "../../client/sdk/index.js"
import { LIVE_LIMITS, LIVE_NAMESPACES, LIVE_PATH } from "../../shared/protocol/live.js"
import { toBase64Url } from "../../shared/protocol/bytes.js"
import { random } from "../support/people.js"
import { startWatch } from "../support/sdk/watcher.js"
import { openScene, type Scene } from "./support.js"

const NEVER_MS = 600_000
const LIES = 500

describe("a server that lies on sockets", function () {
  this.timeout(60_000)
  let scene: Scene
  let io: Server

  before(async () => {
    scene = await openScene()
    io = new Server(scene.liar.server, { path: LIVE_PATH })
  })
  after(async () => {
    io.disconnectSockets(true)
    await scene.close()
  })

  it("S9: a server that says what is not so causes fetches that come ever more seldom, and nothing else", async () => {
    const { alice, bob, meetingId, liar } = scene
    const { seq, hash } = (await readMeeting(alice.client, meetingId)).head
    const meeting = io.of(LIVE_NAMESPACES.meeting)
    const opened = new Promise<void>((resolve) =>
      meeting.once("connection", () => {
        resolve()
      }),
    )
    const watch = startWatch(bob.client, meetingId, NEVER_MS)
    await watch.until(seq)
    await opened
    // The truth, once: what is known already is not fetched, and what is new is.
    liar.asked()
    meeting.emit("log", { seq, hash: toBase64Url(hash) })
    await delay(200)
    expect(liar.asked()).to.deep.equal([])
    await renewMeeting(alice.client, meetingId)
    const { head } = await readMeeting(alice.client, meetingId)
    meeting.emit("log", { seq: head.seq, hash: toBase64Url(head.hash) })
    await watch.until(head.seq)

    // Too large to be taken: the socket ends, and there will be another.
    const [first] = await meeting.fetchSockets()
    meeting.emit("log", { seq: 0, hash: "A".repeat(2 * LIVE_LIMITS.messageBytes) })
    await until(async () => {
      const [next, ...others] = await meeting.fetchSockets()
      return next !== undefined && next.id !== first?.id && others.length === 0
    }, "another socket")

    liar.asked()
    for (let lie = 0; lie < LIES; lie++) {
      meeting.emit("log", { seq: lie, hash: toBase64Url(random(32)) })
      meeting.emit("log", lie % 2 === 0 ? "nothing" : { seq: -1, hash: null })
      meeting.emit("end", { code: "not-authorised", detail: "you were taken out", retryable: false })
      await delay(2)
    }
    const asked = liar.asked()
    expect(new Set(asked.map(({ method }) => method))).to.deep.equal(new Set(["GET"]))
    const fetches = asked.filter(({ path }) => path.includes("/events")).length
    expect(fetches).to.be.within(1, 8)
    expect(watch.heads).to.deep.equal([seq, head.seq])
    await watch.stop()
    expect(await watch.ended).to.equal(null)
  })

  it("S9: a server that opens sockets and says nothing is found out by fetching from time to time", async () => {
    const { alice, bob, meetingId } = scene
    const { seq } = (await readMeeting(alice.client, meetingId)).head
    const watch = startWatch(bob.client, meetingId, 200)
    await watch.until(seq)
    await renewMeeting(alice.client, meetingId)
    await watch.until(seq + 1)
    expect((await io.of(LIVE_NAMESPACES.meeting).fetchSockets()).length).to.equal(1)
    await watch.stop()
  })

  it("S9: a server that refuses sockets, or ends each at once, is believed nothing, and asked for a new one ever more seldom", async () => {
    const { alice, bob, meetingId } = scene
    let asked = 0
    const meeting = io.of(LIVE_NAMESPACES.meeting)
    meeting.use((_socket, next) => {
      asked += 1
      const data = { code: "fork", detail: "all that you know is wrong", retryable: false }
      next(asked % 2 === 0 ? Object.assign(new Error(), { data }) : undefined)
    })
    meeting.on("connection", (socket) => {
      socket.disconnect(true)
    })
    const { seq } = (await readMeeting(alice.client, meetingId)).head
    const watch = startWatch(bob.client, meetingId, 200)
    await delay(1_500)
    await renewMeeting(alice.client, meetingId)
    await watch.until(seq + 1)
    expect(asked).to.be.within(2, 7)
    expect(watch.troubles.map(({ code }) => code)).to.include("fork")
    await watch.stop()
  })
})
