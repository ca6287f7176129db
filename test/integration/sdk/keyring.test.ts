import { expect } from "chai"
import { blockAccount, listBlocked } from "../../../client/sdk/blocks.js"
import {
  addContact,
  createMeeting,
  formatId,
  readKeyring,
  readMeeting,
  renameContact,
  whoAmI,
} from "../../../client/sdk/index.js"
import { adoptKeyring, compactKeyring } from "../../../client/sdk/keyring.js"
import { linkClient, type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"

describe("SDK: a keyring that is compacted", function () {
  this.timeout(60_000)
  let service: Service
  let laptop: TestClient
  let bob: TestClient
  let phone: TestClient

  before(async () => {
    service = await startService()
    laptop = await startClient(service, "Alice's laptop")
    bob = await startClient(service, "Bob's phone")
    phone = await linkClient(service, laptop.client, "Alice's phone")
  })
  after(async () => {
    await Promise.all(
      [laptop, bob, phone].map(async (person) => {
        await person.close()
      }),
    )
    await service.stop()
  })

  const contactsOf = ({ client }: TestClient) => client.state.current.contacts.map(({ name }) => name)

  it("says the same from a snapshot, to a device that saw the records and to one that did not", async () => {
    const meetingId = await createMeeting(laptop.client, "Kept")
    let contact = await addContact(laptop.client, formatId("account", whoAmI(bob.client).accountId), "Bob")
    await adoptKeyring(phone.client)
    contact = await renameContact(laptop.client, contact, "Bobby")
    await blockAccount(laptop.client, whoAmI(bob.client).accountId)
    const before = await readKeyring(laptop.client)
    await compactKeyring(laptop.client)
    const after = await readKeyring(laptop.client)
    expect([before.recordCount, after.recordCount]).to.deep.equal([4, 1])
    expect(after.hashes.slice(0, -1)).to.deep.equal(before.hashes)
    expect(after.entries.map(({ type }) => type)).to.deep.equal(["meeting", "contact", "block", "snapshot"])
    for (const device of [phone, await linkClient(service, laptop.client, "Alice's tablet")]) {
      await adoptKeyring(device.client)
      expect(contactsOf(device)).to.deep.equal(["Bobby"])
      const seen = () => device.client.state.current.meetings.map((meeting) => meeting.seen)
      expect(seen()).to.deep.equal([{ title: "Kept", epoch: null, members: null, recordings: null }])
      await readMeeting(device.client, meetingId)
      expect(seen()).to.deep.equal([{ title: "Kept", epoch: 0, members: 1, recordings: 0 }])
      expect((await listBlocked(device.client)).accounts).to.deep.equal([whoAmI(bob.client).accountId])
      if (device !== phone) await device.close()
    }
    await compactKeyring(phone.client)
    expect((await readKeyring(laptop.client)).entries.map(({ type }) => type)).to.deep.equal([
      "meeting",
      "contact",
      "block",
      "snapshot",
    ])
    expect(contact.name).to.equal("Bobby")
  })

  it("goes by itself after many records, while two devices write at once", async () => {
    const [contact] = laptop.client.state.current.contacts
    const writing = async ({ client }: TestClient): Promise<void> => {
      for (let n = 0; n < 35; n++) await renameContact(client, contact!, `${whoAmI(client).deviceName} ${n}`)
    }
    await Promise.all([writing(laptop), writing(phone)])
    const { recordCount, hashes } = await readKeyring(laptop.client)
    expect(recordCount).to.be.lessThan(66)
    expect(hashes.length).to.be.greaterThan(70)
    await Promise.all([adoptKeyring(laptop.client), adoptKeyring(phone.client)])
    expect(contactsOf(laptop)).to.deep.equal(contactsOf(phone))
  })
})
