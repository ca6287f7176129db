import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  createMeeting,
  listDevices,
  listInvitations,
  type MeetingId,
  readMeeting,
  rekeyMeeting,
  removeMember,
  renewMeeting,
  revokeDevices,
  whoAmI,
} from "../../../client/sdk/index.js"
import { accountCapability } from "../../../client/sdk/account.js"
import { openBareSocket } from "../../support/live-client.js"
import { recoverClient, type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"
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

  it("S9 every event comes as it is appended, over a new epoch and a lost connection, until the account is taken out", async () => {
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

  it("S9 a watch that is stopped ends without an error", async () => {
    const watch = startWatch(alice.client, meetingId, NEVER_MS)
    await watch.until(await head())
    await watch.stop()
    expect(await watch.ended).to.equal(null)
  })

  it("S5 revoking a device ends the account's sockets, and its token opens none", async () => {
    const lost = await recoverClient(service, alice.recoveryPhrase, "Alice's phone")
    everybody.push(lost)
    const token = await lost.client.tokens.with(lost.client.http, accountCapability(lost.client), (it) =>
      Promise.resolve(it),
    )
    const socket = await openBareSocket(service.url, "account", token)
    await socket.hears("chain")
    const devices = await listDevices(alice.client)
    const phone = devices.find(({ name }) => name === "Alice's phone")
    await revokeDevices(alice.client, [phone!.deviceId])
    const { afterMs, code } = await socket.ends()
    expect([code, afterMs < 5_000]).to.deep.equal(["unauthenticated", true])
    const again = await openBareSocket(service.url, "account", token).catch(
      (error: unknown) => (error as Error).message,
    )
    expect(again).to.equal("unauthenticated")
  })
})
