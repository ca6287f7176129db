import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  blockAccount,
  blockMeeting,
  createMeeting,
  declineInvitations,
  inviteAgain,
  listBlocked,
  listInvitations,
  type MeetingId,
  readMeeting,
  unblockAccount,
  unblockMeeting,
  whoAmI,
} from "../../../client/sdk/index.js"
import { idOfHash } from "../../../shared/protocol/ids.js"
import { code as codeOf } from "../../contract/object-store.js"
import { recoverClient, type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"

describe("SDK: joining", function () {
  this.timeout(60_000)
  let service: Service
  let alice: TestClient
  let bob: TestClient
  let bobsPhone: TestClient
  const opened: TestClient[] = []

  async function open(client: Promise<TestClient>): Promise<TestClient> {
    opened.push(await client)
    return await client
  }

  before(async () => {
    service = await startService()
    alice = await open(startClient(service, "Alice's laptop"))
    bob = await open(startClient(service, "Bob's laptop"))
    bobsPhone = await open(recoverClient(service, bob.recoveryPhrase, "Bob's phone"))
  })
  after(async () => {
    for (const client of opened) await client.close()
    await service.stop()
  })

  const idOf = ({ client }: TestClient) => whoAmI(client).accountId
  const waitingFor = async ({ client }: TestClient): Promise<readonly MeetingId[]> =>
    (await listInvitations(client)).map(({ invitation }) =>
      idOfHash("meeting", invitation?.meetingHash ?? new Uint8Array(16)),
    )
  async function invited(title: string): Promise<MeetingId> {
    const meetingId = await createMeeting(alice.client, title)
    await addMember(alice.client, meetingId, idOf(bob))
    return meetingId
  }

  it("what was declined is shown on no device again; another invitation is, and can be accepted", async () => {
    const meetingId = await invited("Declined")
    const onPhone = await listInvitations(bobsPhone.client)
    expect(onPhone).to.have.length(1)
    await declineInvitations(bob.client, await listInvitations(bob.client))
    expect([await waitingFor(bob), await waitingFor(bobsPhone)]).to.deep.equal([[], []])
    expect(bob.client.state.current.meetings).to.deep.equal([])
    await inviteAgain(alice.client, meetingId, idOf(bob))
    expect(await waitingFor(bobsPhone)).to.deep.equal([meetingId])
    const [again] = await listInvitations(bob.client)
    expect(await acceptInvitation(bob.client, again!)).to.deep.equal(meetingId)
    expect((await readMeeting(bob.client, meetingId)).isMember).to.equal(true)
  })

  it("a blocked inviter's invitations are dropped on every device, until it is unblocked", async () => {
    const meetingId = await invited("From somebody blocked")
    await blockAccount(bob.client, idOf(alice))
    await inviteAgain(alice.client, meetingId, idOf(bob))
    expect([await waitingFor(bobsPhone), await waitingFor(bob)]).to.deep.equal([[], []])
    expect(await listBlocked(bobsPhone.client)).to.deep.equal({ accounts: [idOf(alice)], meetings: [] })
    await unblockAccount(bobsPhone.client, idOf(alice))
    expect(await waitingFor(bob), "what came meanwhile is gone").to.deep.equal([])
    await inviteAgain(alice.client, meetingId, idOf(bob))
    expect(await waitingFor(bob)).to.deep.equal([meetingId])
  })

  it("a blocked meeting's invitations are dropped, others by the same inviter are not", async () => {
    const [unwanted] = await waitingFor(bob)
    await blockMeeting(bob.client, unwanted!)
    const other = await invited("Another one")
    await inviteAgain(alice.client, unwanted!, idOf(bob))
    expect(await waitingFor(bobsPhone)).to.deep.equal([other])
    await unblockMeeting(bobsPhone.client, unwanted!)
    await inviteAgain(alice.client, unwanted!, idOf(bob))
    expect(await waitingFor(bob)).to.deep.equal([other, unwanted])
    expect(await codeOf(blockAccount(bob.client, idOf(bobsPhone)))).to.equal("usage")
    expect(await codeOf(unblockMeeting(bob.client, other))).to.equal("not-found")
  })
})
