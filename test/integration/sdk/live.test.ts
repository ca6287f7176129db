import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  createMeeting,
  listInvitations,
  type MeetingId,
  readMeeting,
  rekeyMeeting,
  removeMember,
  renewMeeting,
  whoAmI,
} from "../../../client/sdk/index.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"
import { startWatch } from "../../support/sdk/watcher.js"

/** So that whatever comes was heard of on a socket. */
const NEVER_MS = 600_000

describe("SDK: following a meeting", function () {
  this.timeout(60_000)
  let service: Service
  let alice: TestClient
  let bob: TestClient
  let meetingId: MeetingId
  const everybody: TestClient[] = []

  before(async () => {
    service = await startService()
    for (const name of ["Alice's laptop", "Bob's phone"]) everybody.push(await startClient(service, name))
    ;[alice, bob] = everybody as [TestClient, TestClient]
    meetingId = await createMeeting(alice.client, "Followed")
    await addMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    const [waiting] = await listInvitations(bob.client)
    await acceptInvitation(bob.client, waiting!)
  })
  after(async () => {
    for (const person of everybody) await person.close()
    await service.stop()
  })

  async function head(): Promise<number> {
    return (await readMeeting(alice.client, meetingId)).head.seq
  }

  it("S9: every event comes as it is appended, over a new epoch and a lost connection, until the account is taken out", async () => {
    const watch = startWatch(bob.client, meetingId, NEVER_MS)
    await watch.until(await head())
    for (const change of [renewMeeting, rekeyMeeting, renewMeeting]) {
      await change(alice.client, meetingId)
      await watch.until(await head())
    }
    service.relay.cut()
    service.relay.mend()
    await renewMeeting(alice.client, meetingId)
    await watch.until(await head())
    expect(watch.heads).to.deep.equal([...new Set(watch.heads)].toSorted((a, b) => a - b))
    await removeMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    expect(await watch.ended).to.equal("not-authorised")
  })

  it("S9: a watch that is stopped ends without an error", async () => {
    const watch = startWatch(alice.client, meetingId, NEVER_MS)
    await watch.until(await head())
    await watch.stop()
    expect(await watch.ended).to.equal(null)
  })
})
