import { expect } from "chai"
import {
  addContact,
  addMember,
  cardLink,
  createMeeting,
  formatCard,
  formatId,
  listContacts,
  type MeetingId,
  ownCard,
  readMeeting,
  renameDevice,
  setHandle,
  verifyContact,
  whoAmI,
} from "../../client/sdk/index.js"
import { fetchChainOf } from "../../client/sdk/chains.js"
import { adoptKeyring } from "../../client/sdk/keyring.js"
import { linkClient, type TestClient } from "../support/sdk/clients.js"
import { random } from "../support/people.js"
import { expectRefused, json, openScene, refusal, type Scene } from "./support.js"

/** Somebody in another's place, at the moment when two people find each other. */
describe("contacts by a server that lies", function () {
  this.timeout(60_000)
  let scene: Scene
  let alice: TestClient
  let bob: TestClient
  let mallory: TestClient
  let meetingId: MeetingId

  before(async () => {
    scene = await openScene()
    ;({ alice, bob } = scene)
    mallory = await scene.newClient("Mallory")
    meetingId = await createMeeting(alice.client, "With contacts")
    await setHandle(bob.client, "bob.b")
  })
  after(() => scene.close())

  const accountOf = ({ client }: TestClient): string => formatId("account", whoAmI(client).accountId)
  const genesisOf = ({ client }: TestClient): Uint8Array => client.state.current.secrets.genesisHash
  const chainAt = (person: TestClient): RegExp => new RegExp(`/v1/accounts/${accountOf(person)}/chain$`)
  const chainOf = async (person: TestClient): Promise<Buffer> =>
    Buffer.from(await (await fetch(`${scene.service.url}/v1/accounts/${accountOf(person)}/chain`)).arrayBuffer())
  const contacts = async () =>
    (await listContacts(alice.client)).map(({ name, state, problem }) => [name, state, problem?.code])
  const pointsAtMallory = {
    path: /\/v1\/handles\/bob\.b$/,
    tell: json(() => ({ account: accountOf(mallory) })),
  }

  it("C1: a card can be answered with no other account, as text or as a link", async () => {
    const other = await chainOf(mallory)
    for (const card of [formatCard(ownCard(bob.client)), cardLink(scene.liar.url, ownCard(bob.client))]) {
      await expectRefused(
        scene,
        { path: chainAt(bob), tell: () => other },
        async () => await addContact(alice.client, card, "Bob"),
        ["fork", undefined],
      )
    }
    const dave = await scene.newClient("Dave")
    const told = scene.liar.lie({ path: chainAt(dave), tell: () => other })
    expect((await refusal(() => addContact(alice.client, formatCard(ownCard(dave.client)))))[0]).to.equal("bad-chain")
    told.stop()
    expect(told.delivered()).to.equal(1)
    expect(await contacts()).to.deep.equal([["Bob", "card", undefined]])
  })

  it("C1: a card of another server, or with a typing error, adds nobody", async () => {
    const elsewhere = formatCard({ ...ownCard(mallory.client), instanceKey: random(32) })
    expect((await refusal(() => addContact(alice.client, elsewhere)))[0]).to.equal("instance-changed")
    const right = formatCard(ownCard(mallory.client))
    const wrong = `${right.slice(0, -3)}${right.at(-3) === "a" ? "b" : "a"}${right.slice(-2)}`
    expect((await refusal(() => addContact(alice.client, wrong)))[0]).to.equal("usage")
    expect(await contacts()).to.have.length(1)
  })

  it("C2: a handle that is pointed at another account is shown as changed, and adds nobody", async () => {
    await addContact(alice.client, "@bob.b")
    expect((await listContacts(alice.client))[0]?.handle).to.equal("bob.b")
    await expectRefused(scene, pointsAtMallory, async () => await addContact(alice.client, "@bob.b"), [
      "changed",
      undefined,
    ])
    const told = scene.liar.lie(pointsAtMallory)
    expect(await contacts()).to.deep.equal([["Bob", "card", "changed"]])
    told.stop()
    expect(told.delivered()).to.equal(1)
  })

  it("C3: nothing is sealed to whom a handle alone names, until words were compared", async () => {
    const carol = await scene.newClient("Carol")
    const told = scene.liar.lie({
      path: /\/v1\/handles\/carol$/,
      tell: (answer) => ({
        ...answer,
        status: 200,
        body: Buffer.from(JSON.stringify({ account: accountOf(mallory) })),
      }),
    })
    await setHandle(carol.client, "carol")
    // At first contact nothing tells the lie from the truth.
    const found = await addContact(alice.client, "@carol")
    told.stop()
    expect([found.state, found.genesisHash]).to.deep.equal(["handle", genesisOf(mallory)])
    scene.liar.asked()
    expect((await refusal(() => addMember(alice.client, meetingId, whoAmI(mallory.client).accountId)))[0]).to.equal(
      "not-authorised",
    )
    expect(scene.liar.asked().filter(({ method }) => method === "POST")).to.deep.equal([])
    const words = whoAmI(carol.client).safetyWords
    expect((await refusal(() => verifyContact(alice.client, found.genesisHash, words)))[0]).to.equal("not-authorised")
    expect((await contacts()).at(-1)).to.deep.equal(["carol", "handle", "changed"])
    const right = await addContact(alice.client, formatCard(ownCard(carol.client)), "Carol")
    await verifyContact(alice.client, right.genesisHash, ` ${words.toUpperCase()}\n`)
    await addMember(alice.client, meetingId, whoAmI(carol.client).accountId)
    expect((await readMeeting(alice.client, meetingId)).current.roster).to.have.length(2)
  })

  it("C4: a new device is shown no older chain of a contact than the keyring knows", async () => {
    const older = await chainOf(bob)
    await renameDevice(bob.client, whoAmI(bob.client).deviceId, "Bob's new phone")
    await addContact(alice.client, formatCard(ownCard(bob.client)))
    const phone = await linkClient({ url: scene.liar.url, folder: alice.home }, alice.client, "Alice's phone")
    await adoptKeyring(phone.client)
    await expectRefused(
      scene,
      { path: chainAt(bob), tell: () => older },
      async () => await fetchChainOf(phone.client, genesisOf(bob)),
      ["fork", undefined],
    )
    await phone.close()
  })
})
