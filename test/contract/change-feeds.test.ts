import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import { Redis } from "ioredis"
import { type Closers, startRedis, until } from "../../scripts/services.js"
import { toHex } from "../../shared/protocol/bytes.js"
import { PRESENCE_BYTES } from "../../shared/protocol/presence.js"
import { createInProcessFeed } from "../../shared/server/changes/in-process.js"
import { openRedisFeed } from "../../shared/server/changes/redis.js"
import type { ChangeFeed, Said } from "../../shared/server/ports.js"
import { random } from "../support/people.js"
import { temporaryFolder } from "../support/programs.js"
import { startTcpRelay, type TcpRelay } from "../support/tcp-relay.js"

const QUIET_MS = 200
/** What is told only to see whether a feed hears. */
const NOBODY = "0".repeat(32)

function newSaid(): Said {
  return { meetingId: random(16), epoch: 2 ** 40, sealed: random(PRESENCE_BYTES) }
}

function listen(feed: ChangeFeed): { readonly changes: string[]; readonly said: string[] } {
  const heard = { changes: [] as string[], said: [] as string[] }
  feed.listen((subject) => heard.changes.push(toHex(subject)))
  feed.listenToSaid((said) => heard.said.push(textOf(said)))
  return heard
}

function textOf({ meetingId, epoch, sealed }: Said): string {
  return [toHex(meetingId), epoch, toHex(sealed)].join(" ")
}

/** What every feed does, however many processes there are. */
function changeFeedContract(open: () => Promise<ChangeFeed> | ChangeFeed): void {
  it("tells its own process what changed at once, and never what it said itself", async () => {
    const feed = await open()
    const heard = listen(feed)
    const subject = random(16)
    feed.tell(subject)
    expect(heard.changes).to.deep.equal([toHex(subject)])
    feed.pass(newSaid())
    feed.tellOthers(random(16))
    await delay(QUIET_MS)
    expect(heard.changes.filter((changed) => changed !== NOBODY)).to.deep.equal([toHex(subject)])
    expect(heard.said).to.deep.equal([])
    await feed.close()
  })

  it("takes what is told and said after its end, and does nothing with it", async () => {
    const feed = await open()
    await feed.close()
    feed.tell(random(16))
    feed.pass(newSaid())
    await delay(QUIET_MS)
  })
}

describe("changes within one process", () => {
  changeFeedContract(createInProcessFeed)
})

describe("changes between processes, by Redis", function () {
  this.timeout(90_000)
  const closers: Closers = []
  let relay: TcpRelay
  let port: number

  before(async () => {
    const { path, remove } = await temporaryFolder()
    closers.push(remove)
    ;({ port } = await startRedis(path, closers))
    relay = await startTcpRelay({ host: "127.0.0.1", port })
    closers.push(() => relay.stop())
  })
  after(async () => {
    for (const close of closers.toReversed()) await close()
  })

  /** Ready once it hears another connection. */
  const open = async (): Promise<ChangeFeed> => {
    const feed = openRedisFeed(`redis://127.0.0.1:${relay.port}`, random, () => undefined)
    const heard = listen(feed)
    const probe = new Redis(port)
    await until(async () => {
      await probe.publish("taciturn:changes", Buffer.alloc(32))
      return heard.changes.length > 0
    }, "the feed")
    probe.disconnect()
    return feed
  }

  changeFeedContract(open)

  it("PR1: passes what is said to the other processes as it is, once, and to nobody's log or key", async () => {
    const [near, far] = [await open(), await open()]
    const [here, there] = [listen(near), listen(far)]
    const said = [newSaid(), newSaid()]
    for (const one of said) near.pass(one)
    await until(() => Promise.resolve(there.said.length === 2), "what was said")
    await delay(QUIET_MS)
    expect(there.said).to.deep.equal(said.map(textOf))
    expect(here.said).to.deep.equal([])
    const probe = new Redis(port)
    expect(await probe.keys("*")).to.deep.equal([])
    probe.disconnect()
    for (const feed of [near, far]) await feed.close()
  })

  it("tells the other processes what changed, each once", async () => {
    const [near, far] = [await open(), await open()]
    const { changes } = listen(far)
    const [first, second] = [random(16), random(16)]
    near.tellOthers(first)
    near.tell(second)
    await until(() => Promise.resolve(changes.includes(toHex(second))), "what changed")
    await delay(QUIET_MS)
    expect(changes.filter((changed) => changed !== NOBODY)).to.deep.equal([first, second].map(toHex))
    for (const feed of [near, far]) await feed.close()
  })

  it("loses what is said while Redis is away, and passes what comes after; what has another form is nobody's", async () => {
    const [near, far] = [await open(), await open()]
    const { said } = listen(far)
    relay.cut()
    near.pass(newSaid())
    await delay(QUIET_MS)
    relay.mend()
    const probe = new Redis(port)
    await until(async () => {
      await probe.publish("taciturn:said", Buffer.alloc(7))
      const after = newSaid()
      near.pass(after)
      await delay(50)
      return said.at(-1) === textOf(after)
    }, "what was said after")
    expect(said.filter((one) => one.length < 2 * PRESENCE_BYTES)).to.deep.equal([])
    probe.disconnect()
    for (const feed of [near, far]) await feed.close()
  })
})
