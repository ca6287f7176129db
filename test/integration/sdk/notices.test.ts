import { expect } from "chai"
import {
  accountNotices,
  addMember,
  acceptInvitation,
  createMeeting,
  heedNotices,
  isArchiveError,
  listInvitations,
  meetingNotices,
  readMeeting,
  removeMember,
  unheededNotices,
  whoAmI,
} from "../../../client/sdk/index.js"
import { closeCase, releaseCase } from "../../../shared/server/catalog/cases.js"
import { ACTOR, hold, openTestCase } from "../../support/cases.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"

/** SPEC.md §17, NO1. */
describe("SDK: what the operator tells of authorities", function () {
  this.timeout(60_000)
  let service: Service
  let [alice, bob]: TestClient[] = []

  before(async () => {
    service = await startService()
    alice = await startClient(service, "Alice's laptop")
    bob = await startClient(service, "Bob's phone")
  })
  after(async () => {
    await Promise.all([alice, bob].map(async (person) => await person?.close()))
    await service.stop()
  })

  it("reaches every member of the meeting, and the account that it is about", async () => {
    const meetingId = await createMeeting(alice!.client, "Weekly call")
    await addMember(alice!.client, meetingId, whoAmI(bob!.client).accountId)
    const [invitation] = await listInvitations(bob!.client)
    await acceptInvitation(bob!.client, invitation!)
    const caseId = await openTestCase(service.catalog, [
      { kind: "meeting", id: meetingId },
      { kind: "account", id: whoAmI(bob!.client).accountId },
    ])
    const told = async (person: TestClient): Promise<number> =>
      (await meetingNotices(person.client, await readMeeting(person.client, meetingId))).length
    expect([await told(alice!), await told(bob!)]).to.deep.equal([0, 0])
    await hold(service.catalog, caseId)
    expect([await told(alice!), await told(bob!)]).to.deep.equal([1, 1])
    expect((await accountNotices(alice!.client)).length).to.equal(0)
    const [notice] = await accountNotices(bob!.client)
    expect(notice?.steps.map(({ action }) => action)).to.deep.equal(["hold"])

    const asMember = await readMeeting(bob!.client, meetingId)
    await removeMember(alice!.client, meetingId, whoAmI(bob!.client).accountId)
    expect(await told(alice!)).to.equal(1)
    const refused: unknown = await meetingNotices(bob!.client, asMember).catch((error: unknown) => error)
    expect(isArchiveError(refused), "a former member is told nothing").to.equal(true)
  })

  it("is put aside on a device until there is more of it", async () => {
    const meetingId = await createMeeting(alice!.client, "Another call")
    const log = await readMeeting(alice!.client, meetingId)
    const { accountId } = whoAmI(alice!.client)
    const caseId = await openTestCase(service.catalog, [
      { kind: "meeting", id: meetingId },
      { kind: "account", id: accountId },
    ])
    await hold(service.catalog, caseId)
    const shown = async (): Promise<number> =>
      unheededNotices(alice!.client, await meetingNotices(alice!.client, log)).length
    expect(await shown()).to.equal(1)
    await heedNotices(alice!.client, await meetingNotices(alice!.client, log))
    expect(await shown()).to.equal(0)
    // The same case may be of the account, too: that is another notice.
    expect(unheededNotices(alice!.client, await accountNotices(alice!.client))).to.have.length(1)
    expect(unheededNotices(alice!.again(), await meetingNotices(alice!.client, log))).to.deep.equal([])
    await releaseCase(service.catalog, caseId, ACTOR)
    expect(await shown()).to.equal(1)
    await closeCase(service.catalog, caseId, ACTOR, "preserved")
    await heedNotices(alice!.client, await meetingNotices(alice!.client, log))
    expect(await shown()).to.equal(0)
  })
})
