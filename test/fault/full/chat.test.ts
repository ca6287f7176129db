import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  adoptKeyring,
  ChatFollower,
  type ChatReader,
  createMeeting,
  flushChat,
  listInvitations,
  type MeetingId,
  queueMessage,
  textContent,
  unsentMessages,
  watchMeeting,
  whoAmI,
} from "../../../client/sdk/index.js"
import type { MeetingLog } from "../../../client/crypto/meeting-log.js"
import { type Closers, freePort, startRedis } from "../../../scripts/services.js"
import { toHex } from "../../../shared/protocol/bytes.js"
import type { MessageId } from "../../../shared/protocol/ids.js"
import { openCatalog } from "../../../shared/server/catalog/database.js"
import type { Catalog } from "../../../shared/server/ports.js"
import { chanceOf } from "../../support/chance.js"
import { TEST_RUN } from "../../support/config.js"
import { createTestDatabase } from "../../support/postgres.js"
import { temporaryFolder } from "../../support/programs.js"
import { recoverClient, startClient, type TestClient } from "../../support/sdk/clients.js"
import { type ServiceProcess, startProcess } from "../../support/service-process.js"
import { startTcpRelay } from "../../support/tcp-relay.js"

const NODES = 3
/** Each with so many devices, each of which sends so many messages. */
const [PEOPLE, DEVICES, MESSAGES] = TEST_RUN.isFull ? [10, 5, 20] : [4, 3, 8]
const LONGEST_PAUSE_MS = 250
const RETRY_MS = 200
const LOOK_MS = 100
/** So that whatever comes was heard of on a socket. */
const NEVER_MS = 600_000

interface Speaker extends TestClient {
  readonly queued: MessageId[]
  /** What this one reads, as of now. */
  reader: ChatReader | null
  /** Has what waits sent by who follows. */
  wake: () => void
}

/** Where somebody's connections go, as a proxy in front of all nodes sees to it. */
interface Door {
  node: number
  readonly url: string
}

describe("chat, over three API processes", function () {
  this.timeout(TEST_RUN.isFull ? 900_000 : 180_000)
  const closers: Closers = []
  const nodes: ServiceProcess[] = []
  const doors: Door[] = []
  const speakers: Speaker[] = []
  const following = new AbortController()
  const followers: Promise<void>[] = []
  const redis = { port: 0, pid: 0 }
  let folder: string
  let catalog: Catalog
  let meetingId: MeetingId

  before(async () => {
    const temporary = await temporaryFolder()
    folder = temporary.path
    closers.push(temporary.remove)
    const database = await createTestDatabase()
    closers.push(() => database.stop())
    catalog = openCatalog(database.url)
    closers.push(() => catalog.close())
    await restartRedis()
    const redisRelay = await startTcpRelay({
      host: "127.0.0.1",
      get port() {
        return redis.port
      },
    })
    closers.push(() => redisRelay.stop())
    const ports: number[] = []
    for (let node = 0; node < NODES; node++) {
      ports.push(await freePort())
      const door = { node, url: "" }
      const relay = await startTcpRelay({
        host: "127.0.0.1",
        get port() {
          return ports[door.node] ?? 0
        },
      })
      closers.push(() => relay.stop())
      doors.push(Object.assign(door, { url: `http://127.0.0.1:${relay.port}` }))
    }
    for (const port of ports)
      nodes.push(
        startProcess("api", {
          PORT: String(port),
          PUBLIC_URLS: doors.map(({ url }) => url).join(),
          DATABASE_URL: database.url,
          REDIS_URL: `redis://127.0.0.1:${redisRelay.port}`,
          TACITURN_DATA: folder,
          REQUESTS_PER_MINUTE: "0",
          ANONYMOUS_REQUESTS_PER_MINUTE: "0",
          DRAIN_SECONDS: "0.5",
        }),
      )
    closers.push(async () => {
      for (const node of nodes) node.signal("SIGKILL")
      await Promise.all(nodes.map((node) => node.exited()))
    })
    await Promise.all(nodes.map((node) => node.waitFor(/the API listens/)))
    closers.push(async () => {
      following.abort()
      await Promise.all(followers)
      for (const speaker of speakers) await speaker.close()
    })
    await gather()
  })
  after(async () => {
    for (const close of closers.toReversed()) await close()
  })

  async function restartRedis(): Promise<void> {
    const begun = await startRedis(folder, closers)
    Object.assign(redis, { port: begun.port, pid: begun.pid })
  }

  /** Everybody is in one meeting, and follows its chat. */
  async function gather(): Promise<void> {
    const join = (client: TestClient): void => {
      speakers.push({ ...client, queued: [], reader: null, wake: () => undefined })
    }
    // So that each person's devices are at different processes.
    const placeOfNext = (): { readonly url: string; readonly folder: string } => ({
      url: doors[speakers.length % NODES]!.url,
      folder,
    })
    for (let person = 0; person < PEOPLE; person++) join(await startClient(placeOfNext(), `person ${person}`))
    const [host, ...guests] = speakers.slice()
    meetingId = await createMeeting(host!.client, "Crowd")
    for (const { client } of guests) {
      await addMember(host!.client, meetingId, whoAmI(client).accountId)
      const [waiting] = await listInvitations(client)
      await acceptInvitation(client, waiting!)
    }
    for (const { recoveryPhrase } of [host!, ...guests])
      for (let device = 1; device < DEVICES; device++) {
        const other = await recoverClient(placeOfNext(), recoveryPhrase, `device ${device}`)
        await adoptKeyring(other.client)
        join(other)
      }
    for (const speaker of speakers) {
      const { signal } = following
      const chat = new ChatFollower(speaker.client, meetingId, {
        signal,
        pollMs: NEVER_MS,
        onChange: (reader) => {
          speaker.reader = reader
        },
      })
      const onChange = (log: MeetingLog): void => {
        chat.follow(log)
      }
      speaker.wake = () => {
        chat.wake()
      }
      followers.push(watchMeeting(speaker.client, meetingId, { signal, chat, onChange }), chat.read())
    }
  }

  /** Every other one sends by HTTP, the others on the socket by which they follow. */
  async function send({ client, wake }: Speaker, index: number): Promise<void> {
    if (index % 2 === 0) while ((await flushChat(client, meetingId)).trouble !== null) await delay(RETRY_MS)
    else
      while (unsentMessages(client, meetingId).length > 0) {
        wake()
        await delay(RETRY_MS)
      }
  }

  async function speak(speaker: Speaker, index: number): Promise<void> {
    const chance = chanceOf(TEST_RUN.seed, `speaker ${index}`)
    for (let number = 0; number < MESSAGES; number++) {
      speaker.queued.push(await queueMessage(speaker.client, meetingId, textContent(`${index}.${number}`)))
      await send(speaker, index)
      await delay(chance.below(LONGEST_PAUSE_MS))
    }
  }

  /** What each shows as stored. */
  function storedBy({ client, queued }: Speaker): readonly string[] {
    const unsent = new Set(unsentMessages(client, meetingId).map(({ messageId }) => toHex(messageId)))
    return queued.map(toHex).filter((id) => !unsent.has(id))
  }

  async function committed(): Promise<readonly string[]> {
    const rows = await catalog.query<{ id: Uint8Array }>("SELECT message_id AS id FROM messages ORDER BY seq", [])
    return rows.map(({ id }) => toHex(id))
  }

  async function whenStored(share: number): Promise<void> {
    while (speakers.flatMap(storedBy).length < share * PEOPLE * DEVICES * MESSAGES) await delay(LOOK_MS)
  }

  it("keeps all that was acknowledged, once and in one order, while Redis dies and comes back and a process is killed", async () => {
    let looks = 0
    let isOver = false
    const looking = async (): Promise<void> => {
      while (!isOver) {
        const stored = speakers.flatMap(storedBy)
        expect(await committed()).to.include.members(stored)
        looks += 1
        await delay(LOOK_MS)
      }
    }
    const breaking = async (): Promise<void> => {
      await whenStored(0.2)
      process.kill(redis.pid, "SIGKILL")
      await whenStored(0.4)
      nodes[2]!.signal("SIGKILL")
      await nodes[2]!.exited()
      doors[2]!.node = 0
      await whenStored(0.6)
      await restartRedis()
    }
    const looked = looking()
    await Promise.all([...speakers.map(speak), breaking()])
    isOver = true
    await looked
    expect(looks).to.be.greaterThan(3)

    const order = await committed()
    expect(order).to.have.length(PEOPLE * DEVICES * MESSAGES)
    expect(order).to.have.members(speakers.flatMap(({ queued }) => queued.map(toHex)))
    for (const speaker of speakers) {
      while ((speaker.reader?.until ?? 0) < order.length) await delay(LOOK_MS)
      const reader = speaker.reader!
      while (await reader.readOlder());
      const shown = reader.entries().map((entry) => {
        if (entry.kind !== "authentic") return entry.kind
        const { isVouched, missingBefore, conflict } = entry.standing
        return isVouched && missingBefore === 0 && conflict === null ? toHex(entry.messageId) : "of no good standing"
      })
      expect(shown).to.deep.equal(order)
    }
  })
})
