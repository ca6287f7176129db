import { expect } from "chai"
import {
  adoptKeyring,
  ChatReader,
  type Client,
  createMeeting,
  flushChat,
  lookAtChat,
  lookAtMeeting,
  lookForMessages,
  type MeetingId,
  queueMessage,
  readKeyring,
  readMeeting,
  setPolicy,
  shareLooks,
  textContent,
} from "../../../client/sdk/index.js"
import { chatStateOf } from "../../../client/sdk/chat/chat-state.js"
import { compactKeyring } from "../../../client/sdk/keyring.js"
import { readMarksIn } from "../../../client/sdk/keyring-views.js"
import { withLook } from "../../../client/sdk/read-marks.js"
import { linkClient, type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"
import { admit } from "../../hostile/support.js"

const MINUTE_MS = 60_000

describe("SDK: what was looked at, on several devices of one account", function () {
  this.timeout(60_000)
  let service: Service
  let alice: TestClient
  let phone: TestClient
  let laptop: TestClient
  let meetingId: MeetingId
  let meetingHash: Uint8Array
  const everybody: TestClient[] = []

  before(async () => {
    service = await startService()
    alice = await startClient(service, "Alice's laptop")
    phone = await startClient(service, "Bob's phone")
    laptop = await linkClient(service, phone.client, "Bob's laptop")
    everybody.push(alice, phone, laptop)
    meetingId = await createMeeting(alice.client, "Marks")
    await admit(alice, phone, meetingId)
    meetingHash = (await readMeeting(phone.client, meetingId)).meetingHash
    await say("before")
    for (const { client } of [phone, laptop]) await readAll(client)
  })
  after(async () => {
    for (const person of everybody) await person.close()
    await service.stop()
  })

  const say = async (text: string): Promise<void> => {
    await queueMessage(alice.client, meetingId, textContent(text))
    expect((await flushChat(alice.client, meetingId)).trouble).to.equal(null)
  }
  const meetingOf = ({ state }: Client) =>
    state.current.meetings.find((meeting) => meeting.meetingHash.join() === meetingHash.join())!
  /** As the web app does in its round. */
  const readAll = async (client: Client): Promise<void> => {
    await readMeeting(client, meetingId)
    await lookForMessages(client, meetingOf(client))
  }
  const newTo = ({ client }: TestClient) => [
    meetingOf(client).unseen.changes,
    chatStateOf(client.state.current, meetingHash).unread.messages,
  ]
  const look = async ({ client }: TestClient): Promise<void> => {
    await lookAtMeeting(client, await readMeeting(client, meetingId))
    await lookAtChat(client, await ChatReader.open(client, meetingId))
  }
  const shareAfter = async ({ client }: TestClient, minutes: number): Promise<number> => {
    const later = { ...client, clock: { nowMs: () => Date.now() + minutes * MINUTE_MS } }
    const before = (await readKeyring(client)).hashes.length
    await shareLooks(later)
    return (await readKeyring(client)).hashes.length - before
  }

  it("RM1: is told some time later, in one record, and is new on no other device then", async () => {
    await say("one")
    await say("two")
    await setPolicy(alice.client, meetingId, "from-join")
    for (const device of [phone, laptop]) {
      await readAll(device.client)
      expect(newTo(device)).to.deep.equal([1, 2])
    }
    await look(phone)
    const told = []
    for (const minutes of [0, 14, 46, 47, 200]) told.push(await shareAfter(phone, minutes))
    expect(told).to.deep.equal([0, 0, 1, 0, 0])
    expect(newTo(laptop), "before the keyring was read").to.deep.equal([1, 2])
    await adoptKeyring(laptop.client)
    expect([newTo(phone), newTo(laptop)]).to.deep.equal([
      [0, 0],
      [0, 0],
    ])
    await readAll(laptop.client)
    expect(newTo(laptop)).to.deep.equal([0, 0])
  })

  it("what came behind the look stays new, once it is read again", async () => {
    await say("three")
    await setPolicy(alice.client, meetingId, "shared")
    await look(phone)
    await say("four")
    await setPolicy(alice.client, meetingId, "from-join")
    await setPolicy(alice.client, meetingId, "shared")
    await readAll(laptop.client)
    expect(newTo(laptop)).to.deep.equal([3, 2])
    await shareAfter(phone, 0)
    expect(await shareAfter(phone, 46)).to.equal(1)
    await adoptKeyring(laptop.client)
    await readAll(laptop.client)
    expect(newTo(laptop)).to.deep.equal([2, 1])
  })

  it("a device that comes new counts from there on, and who only read looked at nothing", async () => {
    const tablet = await linkClient(service, phone.client, "Bob's tablet")
    everybody.push(tablet)
    await adoptKeyring(tablet.client)
    await readAll(tablet.client)
    expect(newTo(tablet)).to.deep.equal([2, 1])
    expect(tablet.client.state.current.looks).to.deep.equal([])
  })

  it("a keyring that is compacted has one mark of each meeting", async () => {
    for (let n = 0; n < 40; n++)
      await phone.client.state.update((state) =>
        withLook(state, {
          meetingHash: new Uint8Array(32).fill(n + 1),
          events: n,
          chat: { incarnation: 0, seq: 7 },
        }),
      )
    await shareAfter(phone, 0)
    expect(await shareAfter(phone, 46), "sixteen in a record").to.equal(3)
    const before = readMarksIn((await readKeyring(phone.client)).entries)
    await compactKeyring(phone.client)
    const { entries } = await readKeyring(laptop.client)
    expect(readMarksIn(entries)).to.deep.equal(before)
    expect(before).to.have.length(41)
    expect(entries.filter(({ type }) => type === "read-marks")).to.have.length(3)
  })

  it("an account of one device tells nobody", async () => {
    await look(alice)
    expect(alice.client.state.current.looks).to.have.length(1)
    await shareAfter(alice, 0)
    expect(await shareAfter(alice, 46)).to.equal(0)
    expect(alice.client.state.current.looks).to.have.length(1)
  })
})
