import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  createMeeting,
  listInvitations,
  readKeyring,
  readMeeting,
  registerAccount,
  whoAmI,
} from "../../../client/sdk/index.js"
import type { MeetingId } from "../../../client/sdk/index.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"

describe("SDK: people and meetings", function () {
  this.timeout(60_000)
  let service: Service
  let [alice, bob, carol]: TestClient[] = []

  before(async () => {
    service = await startService()
    alice = await startClient(service, "Alice's laptop")
    bob = await startClient(service, "Bob's phone")
    carol = await startClient(service, "Carol's desktop")
  })
  after(async () => {
    await Promise.all([alice, bob, carol].map(async (person) => await person?.close()))
    await service.stop()
  })

  async function join(person: TestClient, meetingId: MeetingId): Promise<void> {
    const [waiting] = await listInvitations(person.client)
    if (waiting === undefined) throw new Error("no invitation came")
    expect(await acceptInvitation(person.client, waiting)).to.deep.equal(meetingId)
    expect(await listInvitations(person.client)).to.deep.equal([])
  }

  it("registers once, also where the answer was lost", async () => {
    const person = await startClient(service, "Dora's laptop", { register: false })
    await registerAccount(person.again())
    const account = await registerAccount(person.again())
    expect(account).to.deep.equal(whoAmI(person.client).accountId)
    await person.close()
  })

  it("makes a meeting, and a member who was added opens it", async () => {
    const meetingId = await createMeeting(alice!.client, "Quarterly review")
    expect(await addMember(alice!.client, meetingId, whoAmI(bob!.client).accountId)).to.equal(1)
    await join(bob!, meetingId)
    const log = await readMeeting(bob!.client, meetingId)
    expect(log.current.title).to.equal("Quarterly review")
    expect(log.current.roster).to.have.length(2)
    expect(log.isMember).to.equal(true)
    const { entries } = await readKeyring(bob!.client)
    expect(entries.map(({ type }) => type)).to.deep.equal(["meeting"])
  })

  it("lets a member who was away follow epochs that began meanwhile", async () => {
    const meetingId = await createMeeting(alice!.client, "Growing")
    await addMember(alice!.client, meetingId, whoAmI(bob!.client).accountId)
    await join(bob!, meetingId)
    await addMember(alice!.client, meetingId, whoAmI(carol!.client).accountId)
    const log = await readMeeting(bob!.client, meetingId)
    expect(log.current.keys.epoch).to.equal(2)
    expect(log.current.roster).to.have.length(3)
    await join(carol!, meetingId)
    expect((await readMeeting(carol!.client, meetingId)).epochs).to.have.length(3)
  })

  it("lets somebody join although another epoch began between invitation and acceptance", async () => {
    const meetingId = await createMeeting(alice!.client, "Late")
    await addMember(alice!.client, meetingId, whoAmI(bob!.client).accountId)
    await addMember(alice!.client, meetingId, whoAmI(carol!.client).accountId)
    await join(bob!, meetingId)
    expect((await readMeeting(bob!.client, meetingId)).current.keys.epoch).to.equal(2)
    await join(carol!, meetingId)
  })
})
