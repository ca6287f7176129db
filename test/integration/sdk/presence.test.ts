import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import { until } from "../../../scripts/services.js"
import {
  acceptInvitation,
  addMember,
  type Client,
  createMeeting,
  expireMeeting,
  listInvitations,
  type MeetingId,
  readMeeting,
  rekeyMeeting,
  removeMember,
  renewMeeting,
  Typing,
  whoAmI,
} from "../../../client/sdk/index.js"
import { deviceSigner } from "../../../client/crypto/account-keys.js"
import { equalBytes, utf8 } from "../../../shared/protocol/bytes.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"
import { type Onlooker, openOnlooker } from "../../support/sdk/onlooker.js"

describe("SDK: who has a meeting open", function () {
  this.timeout(60_000)
  let service: Service
  let alice: TestClient
  let bob: TestClient
  let carol: TestClient
  let meetingId: MeetingId
  const everybody: TestClient[] = []
  let open: Onlooker[] = []

  before(async () => {
    service = await startService()
    for (const name of ["Alice's laptop", "Bob's phone", "Carol's tablet"])
      everybody.push(await startClient(service, name))
    ;[alice, bob, carol] = everybody as [TestClient, TestClient, TestClient]
    meetingId = await createMeeting(alice.client, "Here")
    for (const person of [bob, carol]) await admit(person)
  })
  afterEach(async () => {
    for (const onlooker of open) await onlooker.stop()
    open = []
  })
  after(async () => {
    for (const person of everybody) await person.close()
    await service.stop()
  })

  async function admit(person: TestClient): Promise<void> {
    await addMember(alice.client, meetingId, whoAmI(person.client).accountId)
    const [waiting] = await listInvitations(person.client)
    await acceptInvitation(person.client, waiting!)
  }

  async function onlookers(...clients: readonly Client[]): Promise<readonly Onlooker[]> {
    const opened = await Promise.all(clients.map(async (client) => await openOnlooker(client, meetingId)))
    open.push(...opened)
    return opened
  }

  /** A client whose clock can be moved. */
  function shiftable(client: Client): { readonly client: Client; shift(byMs: number): void } {
    let shiftMs = 0
    return {
      client: { ...client, clock: { nowMs: () => Date.now() + shiftMs } },
      shift: (byMs) => {
        shiftMs += byMs
      },
    }
  }

  it("PR7, PR8: who comes is seen at once and sees who was there before, until they go", async () => {
    const [a, b, c] = await onlookers(alice.client, bob.client, carol.client)
    b!.presence.come()
    await a!.sees(bob.client)
    await c!.sees(bob.client)
    // Nobody answers who does not say to be here.
    expect(b!.present()).to.deep.equal([])
    a!.presence.come()
    await b!.sees(alice.client)
    await c!.sees(alice.client, bob.client)
    c!.presence.come()
    await a!.sees(bob.client, carol.client)
    await b!.sees(alice.client, carol.client)
    await c!.sees(alice.client, bob.client)
    b!.presence.go()
    await a!.sees(carol.client)
    b!.presence.come()
    await a!.sees(bob.client, carol.client)
    await b!.stop()
    await a!.sees(carol.client)
    expect([a!.refused, c!.refused]).to.deep.equal([[], []])
  })

  it("PR8: a newcomer, to whom nothing of before was said, is answered by everybody who is here", async () => {
    const [a, b] = await onlookers(alice.client, bob.client)
    a!.presence.come()
    b!.presence.come()
    await a!.sees(bob.client)
    await b!.sees(alice.client)
    const [c] = await onlookers(carol.client)
    c!.presence.come()
    await c!.sees(alice.client, bob.client)
  })

  it("PR7: of whom nothing is heard for 45 s is not here any more, though nobody said so", async () => {
    const moved = shiftable(alice.client)
    const [a, b, c] = await onlookers(moved.client, bob.client, carol.client)
    b!.presence.come()
    await a!.sees(bob.client)
    moved.shift(44_000)
    c!.presence.come()
    await a!.sees(bob.client, carol.client)
    moved.shift(2_000)
    c!.presence.say("typing")
    await a!.sees(carol.client)
  })

  it("PR9: who types is shown for 7 s, until a message of that device comes or they go, and says so at most once in 5 s", async () => {
    const [moved, writer] = [shiftable(alice.client), shiftable(bob.client)]
    const shown: string[] = []
    const typing = new Typing(moved.client, (people) => {
      shown.push(people.map((genesisHash) => nameOf(genesisHash)).join())
    })
    const [b] = await onlookers(writer.client)
    const a = await openOnlooker(moved.client, meetingId, (said) => {
      typing.hear(said)
    })
    open.push(a)
    const nameOf = (genesisHash: Uint8Array): string =>
      equalBytes(genesisHash, bob.client.state.current.secrets.genesisHash) ? "Bob" : "another"
    const saying = new Typing(writer.client, () => undefined)
    const heard = (): number => a.said.filter((one) => one === "typing:").length
    const hears = async (count: number): Promise<void> => {
      await until(() => Promise.resolve(heard() === count), "what was said")
    }
    for (let letter = 0; letter < 5; letter++) saying.say(b!.presence)
    await hears(1)
    expect(shown).to.deep.equal(["Bob"])
    writer.shift(5_001)
    saying.say(b!.presence)
    await hears(2)
    // A message came, and what is typed behind it is said anew.
    typing.wrote(deviceSigner(bob.client.state.current.secrets).publicKey)
    saying.sent()
    saying.say(b!.presence)
    await hears(3)
    expect(shown).to.deep.equal(["Bob", "", "Bob"])
    b!.presence.come()
    b!.presence.go()
    await until(() => Promise.resolve(shown.length === 4), "that nobody types")
    writer.shift(5_001)
    saying.say(b!.presence)
    await hears(4)
    moved.shift(7_001)
    await until(() => Promise.resolve(shown.length === 6), "that nobody types any more")
    expect(shown).to.deep.equal(["Bob", "", "Bob", "", "Bob", ""])
    typing.end()
  })

  it("PR7: two windows of one account are one member, who is here until both are gone; the account sees itself there", async () => {
    const [a, first, second] = await onlookers(alice.client, bob.client, bob.client)
    first!.presence.come()
    await a!.sees(bob.client)
    await second!.sees(bob.client)
    second!.presence.come()
    await first!.sees(bob.client)
    first!.presence.go()
    await second!.sees()
    await a!.sees(bob.client)
    second!.presence.go()
    await a!.sees()
  })

  it("PR7: other types are passed on to who knows them, and say nothing of being here", async () => {
    const [a, b] = await onlookers(alice.client, bob.client)
    b!.presence.say("typing", utf8("on and on"))
    b!.presence.say("of a later version", new Uint8Array(512))
    await until(
      () => Promise.resolve(a!.said.filter((one) => !one.startsWith("a probe")).length === 2),
      "what was said",
    )
    expect(a!.said).to.include("typing:on and on")
    expect(a!.present()).to.deep.equal([])
    expect(() => b!.presence.say("typing", new Uint8Array(513))).to.throw("a body 512")
  })

  it("PR8: a client says at most 40 things a minute, so that its socket never ends for that", async () => {
    const [listening, speaking] = [shiftable(alice.client), shiftable(bob.client)]
    const [a, b] = await onlookers(listening.client, speaking.client)
    const heard = (): number => a!.said.filter((one) => one === "typing:").length
    const speak = (): number => Array.from({ length: 100 }, () => b!.presence.say("typing")).filter(Boolean).length
    // One went before, to see that the socket is open.
    expect(speak()).to.equal(39)
    // Presence is best effort: where a slow machine loses some of it, all is said again a minute later.
    let went = 39
    for (let minute = 0; minute < 5 && !(await settles(() => heard() === went)); minute++) {
      for (const clock of [listening, speaking]) clock.shift(60_000)
      went = heard()
      await until(() => Promise.resolve(b!.presence.say("typing")), "a socket")
      expect(speak()).to.equal(39)
      went += 40
    }
    expect(heard()).to.equal(went)
    speaking.shift(60_000)
    expect(b!.presence.say("typing")).to.equal(true)
  })

  async function settles(check: () => boolean): Promise<boolean> {
    for (let tries = 0; tries < 100 && !check(); tries++) await delay(50)
    return check()
  }

  it("PR1, PR7: over a new epoch everybody who stays is here, and who was removed is not, and hears no more", async () => {
    const [a, b, c] = await onlookers(alice.client, bob.client, carol.client)
    for (const onlooker of [a!, b!, c!]) onlooker.presence.come()
    await a!.sees(bob.client, carol.client)
    const ended = b!.ended
    await removeMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    const { epoch } = (await readMeeting(alice.client, meetingId)).current.keys
    await a!.reaches(epoch)
    await a!.sees(carol.client)
    await c!.reaches(epoch)
    await c!.sees(alice.client)
    c!.presence.go()
    await a!.sees()
    c!.presence.come()
    await a!.sees(carol.client)
    open = open.filter((onlooker) => onlooker !== b)
    expect(await ended).to.equal("not-authorised")
    expect(b!.present()).to.deep.equal([])
    await admit(bob)
  })

  it("PR8: nothing is said to a meeting to which nothing is sealed, and goes on behind a renewal or a rekey", async () => {
    const [a, b] = await onlookers(alice.client, bob.client)
    b!.presence.come()
    await a!.sees(bob.client)
    await expireMeeting(alice.client, meetingId)
    await until(() => Promise.resolve(!b!.presence.say("typing")), "the end of the meeting")
    await renewMeeting(alice.client, meetingId)
    await until(() => Promise.resolve(b!.presence.say("typing")), "the renewal")
    await rekeyMeeting(alice.client, meetingId)
    const { epoch } = (await readMeeting(alice.client, meetingId)).current.keys
    await a!.reaches(epoch)
    await b!.reaches(epoch)
    b!.presence.go()
    await a!.sees()
  })
})
