import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  type Client,
  createMeeting,
  listInvitations,
  type MeetingId,
  readKeyring,
  readMeeting,
  renameDevice,
  setPolicy,
  type Transport,
  whoAmI,
} from "../../../client/sdk/index.js"
import { fetchChain } from "../../../client/sdk/chains.js"
import { type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"

describe("SDK: two things at once with one account", function () {
  this.timeout(60_000)
  let service: Service
  let alice: TestClient
  let bob: TestClient
  let meetingId: MeetingId

  before(async () => {
    service = await startService()
    alice = await startClient(service, "Alice's laptop")
    bob = await startClient(service, "Bob's phone")
    meetingId = await createMeeting(alice.client, "At once")
    await addMember(alice.client, meetingId, whoAmI(bob.client).accountId)
    const [waiting] = await listInvitations(bob.client)
    await acceptInvitation(bob.client, waiting!)
  })
  after(async () => {
    await Promise.all([alice.close(), bob.close()])
    await service.stop()
  })

  /**
   * Asks by a client whose first answer of such a path comes only after `meanwhile`, which the same account sees first.
   * @returns how often it was asked.
   */
  async function overtaken(
    path: RegExp,
    ask: (slow: Client) => Promise<unknown>,
    meanwhile: () => Promise<unknown>,
  ): Promise<number> {
    let asked = 0
    const transport: Transport = async (request) => {
      const response = await alice.transport(request)
      if (request.method !== "GET" || !path.test(request.url) || ++asked > 1) return response
      const bytes = await response.bytes(16 * 1024 * 1024)
      await meanwhile()
      return { ...response, bytes: async () => await Promise.resolve(bytes) }
    }
    await ask(alice.again({ transport }))
    return asked
  }

  it("a log that was overtaken on its way is asked for again, and no rollback", async () => {
    const before = (await readMeeting(alice.client, meetingId)).head.seq
    let head = 0
    const asked = await overtaken(
      /\/events\?/,
      async (slow) => {
        head = (await readMeeting(slow, meetingId)).head.seq
      },
      async () => await setPolicy(alice.client, meetingId, "from-join"),
    )
    expect(asked).to.be.above(1)
    expect(head).to.equal(before + 1)
  })

  it("so is a chain", async () => {
    const { accountId, deviceId } = whoAmI(bob.client)
    let links = 0
    const asked = await overtaken(
      /\/chain$/,
      async (slow) => {
        links = (await fetchChain(slow, accountId)).linkHashes.length
      },
      async () => {
        await renameDevice(bob.client, deviceId, "Bob's other phone")
        await fetchChain(alice.client, accountId)
      },
    )
    expect([asked, links]).to.deep.equal([2, 2])
  })

  it("so is a keyring", async () => {
    const before = (await readKeyring(alice.client)).hashes.length
    let records = 0
    const asked = await overtaken(
      /\/keyring\?/,
      async (slow) => {
        records = (await readKeyring(slow)).hashes.length
      },
      async () => await createMeeting(alice.client, "Meanwhile"),
    )
    expect([asked, records]).to.deep.equal([2, before + 1])
  })
})
