import { expect } from "chai"
import { equalBytes, toBase64Url } from "../../shared/protocol/bytes.js"
import { formatId, idOfHash, type MeetingId } from "../../shared/protocol/ids.js"
import { type InviteLink, parseInviteUrl } from "../../shared/protocol/invite-link.js"
import type { Offer } from "../../shared/protocol/offer.js"
import { deviceSigner, newestUserSeed } from "../../client/crypto/account-keys.js"
import { inviteLinkId, sealInviteLink } from "../../client/crypto/invite-link.js"
import { makeOfferBox } from "../../client/crypto/offer-box.js"
import { xwingPublicKey } from "../../client/crypto/sodium.js"
import {
  admitPreApproved,
  createInviteLink,
  createMeeting,
  listOffers,
  offerByLink,
  readMeeting,
  removeMember,
  whoAmI,
} from "../../client/sdk/index.js"
import { random } from "../support/people.js"
import type { AskedRequest, Lie } from "../support/liar.js"
import type { TestClient } from "../support/sdk/clients.js"
import { expectRefused, json, openScene, refusal, type Scene } from "./support.js"

interface Opened {
  readonly sealed: string
}
interface Inbox {
  readonly entries: readonly { readonly entry: string; readonly sealed: string; readonly day: number }[]
}

const DAY_MS = 86_400_000

describe("invite links, among people and by a server that lie", function () {
  this.timeout(90_000)
  let scene: Scene
  let mallory: TestClient
  let meetingId: MeetingId
  let meetingHash: Uint8Array

  before(async () => {
    scene = await openScene()
    mallory = await scene.newClient("Mallory's laptop")
  })
  beforeEach(async () => {
    meetingId = await createMeeting(scene.alice.client, "By a link")
    ;({ meetingHash } = await readMeeting(scene.alice.client, meetingId))
  })
  after(() => scene.close())

  const genesisOf = ({ client }: TestClient): Uint8Array => client.state.current.secrets.genesisHash
  const accountOf = (person: TestClient): string => formatId("account", whoAmI(person.client).accountId)
  const linkOf = async (uses: number, isPreApproved: boolean): Promise<Uint8Array> => {
    const options = { expiresAtMs: Date.now() + DAY_MS, uses, isPreApproved, showsTitle: false }
    return parseInviteUrl((await createInviteLink(scene.alice.client, meetingId, options)).url).secret
  }
  const membersIn = async (): Promise<number> =>
    (await readMeeting(scene.alice.client, meetingId)).current.roster.length
  const offersBy = async (secret: Uint8Array) =>
    (await listOffers(scene.alice.client)).filter(({ link }) => equalBytes(link.secret, secret))
  const opening = (tell: (sealed: string) => Uint8Array | string): Lie => ({
    path: /\/invites\/open$/,
    tell: json<Opened>(({ sealed }) => {
      const lie = tell(sealed)
      return { sealed: typeof lie === "string" ? lie : toBase64Url(lie) }
    }),
  })
  /** What would tell the server or anybody else of an account, or of an offer. */
  const offers = ({ method, path }: AskedRequest): boolean => method === "POST" && /\/(inbox|accounts)$/.test(path)

  describe("are opened by the newcomer, who offers itself to nobody where", () => {
    let secret: Uint8Array
    let newcomer: TestClient

    before(async () => {
      newcomer = await scene.newClient("Newcomer's laptop")
    })
    beforeEach(async () => {
      secret = await linkOf(100, false)
    })

    /** What Alice would sign, with lies in it. */
    const signed = (lies: Partial<InviteLink>, by = scene.alice, under = secret): Uint8Array => {
      const signer = deviceSigner(by.client.state.current.secrets)
      const link: InviteLink = {
        inviterGenesisHash: genesisOf(scene.alice),
        inviterChainHead: genesisOf(scene.alice),
        deviceKey: signer.publicKey,
        meetingHash,
        instanceKey: scene.alice.client.state.current.instanceKey,
        linkId: inviteLinkId(secret),
        expiresAtMs: Date.now() + DAY_MS,
        uses: 1,
        isPreApproved: false,
        timeMs: 1,
        title: null,
        ...lies,
      }
      return sealInviteLink(link, signer, under, random)
    }

    const lies: readonly (readonly [rule: string, code: string, tell: (sealed: string) => Uint8Array | string])[] = [
      ["J1: the server gives another link's statement", "cannot-open", () => signed({}, scene.alice, random(32))],
      [
        "J1: the server turned a bit",
        "cannot-open",
        (sealed) => `${sealed.slice(0, -9)}${sealed.at(-9) === "A" ? "B" : "A"}${sealed.slice(-8)}`,
      ],
      [
        "J2: another device signed than is named",
        "bad-signature",
        () => signed({ deviceKey: deviceSigner(mallory.client.state.current.secrets).publicKey }),
      ],
      ["J3: it was signed for another link", "replayed", () => signed({ linkId: random(32) })],
      ["J4: it is of another server", "instance-changed", () => signed({ instanceKey: random(32) })],
      ["J5: it has expired by the newcomer's clock", "not-authorised", () => signed({ expiresAtMs: Date.now() - 1 })],
      ["J6: the device is not its maker's", "not-authorised", () => signed({}, mallory)],
    ]
    for (const [rule, code, tell] of lies)
      it(rule, async () => {
        const asked = await expectRefused(
          scene,
          opening(tell),
          async () => await offerByLink(newcomer.client, secret, ""),
          [code, undefined],
        )
        expect(asked.filter(offers)).to.deep.equal([])
      })
  })

  it("tell the server neither who made one, nor to what, nor who opened it", async () => {
    const { alice, liar } = scene
    const bob = await scene.newClient("Bob's tablet")
    liar.asked()
    await offerByLink(bob.client, await linkOf(1, false), "Bob")
    const asked = liar.asked().filter(({ path }) => /invites/.test(path))
    expect(asked.map(({ path, headers }) => [path, headers["authorization"]])).to.deep.equal([
      ["/v1/invites", undefined],
      ["/v1/invites/open", undefined],
    ])
    const [created, opened] = asked.map(({ body }) => JSON.parse(body.toString("utf8")) as Record<string, string>)
    expect(created).to.have.all.keys("openHash", "sealed", "uses", "expiresDay")
    expect(opened).to.have.all.keys("key", "opening")
    for (const hash of [meetingHash, genesisOf(alice), genesisOf(bob)])
      expect(`${created?.["openHash"]} ${opened?.["key"]}`).to.not.contain(toBase64Url(hash))
  })

  /** An offer by Mallory's hand, with lies in it, left in Alice's inbox. */
  async function leave(lies: Partial<Offer>, secret: Uint8Array): Promise<void> {
    const { secrets, instanceKey } = mallory.client.state.current
    const signer = deviceSigner(secrets)
    const { generation, seed } = newestUserSeed(scene.alice.client.state.current.secrets)
    const box = makeOfferBox(
      {
        newcomerGenesisHash: genesisOf(mallory),
        newcomerChainHead: genesisOf(mallory),
        deviceKey: signer.publicKey,
        recipientGenesisHash: genesisOf(scene.alice),
        linkId: inviteLinkId(secret),
        meetingHash,
        instanceKey,
        timeMs: 1,
        name: "",
        ...lies,
      },
      signer,
      { userPublicKey: xwingPublicKey(seed), generation },
      random,
    )
    const { status } = await fetch(`${scene.service.url}/v1/accounts/${accountOf(scene.alice)}/inbox`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: new Uint8Array(box),
    })
    expect(status).to.equal(201)
  }

  it("O1, O2, O3: an offer by no link of the admin's, for another meeting or server, or in another's name is thrown away", async () => {
    const { alice, bob } = scene
    const secret = await linkOf(10, true)
    for (const lies of [
      { linkId: random(32) },
      { meetingHash: random(32) },
      { instanceKey: random(32) },
      { newcomerGenesisHash: genesisOf(bob), newcomerChainHead: genesisOf(bob) },
      { newcomerChainHead: random(32) },
    ])
      await leave(lies, secret)
    expect(await admitPreApproved(alice.client)).to.deep.equal({ admitted: [], failed: [] })
    expect(await offersBy(secret)).to.deep.equal([])
    expect(await membersIn()).to.equal(1)
    await leave({}, secret)
    expect((await admitPreApproved(alice.client)).admitted).to.have.length(1)
  })

  it("O5: a server that lets one use be opened again and again gets one account in", async () => {
    const { alice, liar } = scene
    const secret = await linkOf(1, true)
    const crowd = await Promise.all(["1", "2", "3"].map(async (name) => await scene.newClient(name)))
    const [first, ...others] = crowd
    let sealed = ""
    const seen = liar.lie(opening((truth) => (sealed = truth)))
    await offerByLink(first!.client, secret, "")
    seen.stop()
    const told = liar.lie({
      path: /\/invites\/open$/,
      tell: (answer) => ({ ...answer, status: 200, body: Buffer.from(JSON.stringify({ sealed })) }),
    })
    await Promise.all(others.map(async ({ client }) => await offerByLink(client, secret, "")))
    told.stop()
    expect(told.delivered()).to.equal(2)
    const { admitted } = await admitPreApproved(alice.client)
    expect(admitted.map(({ accountId }) => accountId)).to.deep.equal([idOfHash("account", genesisOf(first!))])
    const left = await offersBy(secret)
    expect(left.map(({ problem }) => problem?.code)).to.deep.equal(["not-authorised", "not-authorised"])
    expect(await membersIn()).to.equal(2)
  })

  it("O6, O7: who was removed is not in again, by its old offer replayed, by a new one, nor by another pre-approved link", async () => {
    const { alice, liar } = scene
    const dave = await scene.newClient("Dave's laptop")
    const [secret, another] = [await linkOf(10, true), await linkOf(10, true)]
    await offerByLink(dave.client, secret, "")
    let held: Inbox["entries"] = []
    const inbox = new RegExp(`/${accountOf(alice)}/inbox$`)
    const seen = liar.lie({
      method: "GET",
      path: inbox,
      tell: json<Inbox>((body) => {
        held = held.length === 0 ? body.entries : held
        return body
      }),
    })
    expect((await admitPreApproved(alice.client)).admitted).to.have.length(1)
    seen.stop()
    await removeMember(alice.client, meetingId, whoAmI(dave.client).accountId)
    // Also to a device that has forgotten what it dealt with.
    await alice.client.state.update((state) => ({ ...state, handled: [] }))
    const replayed = liar.lie({
      method: "GET",
      path: inbox,
      tell: json<Inbox>(() => ({
        entries: held.map((old) => ({ ...old, entry: toBase64Url(random(16)) })),
      })),
    })
    expect(await admitPreApproved(alice.client)).to.deep.equal({ admitted: [], failed: [] })
    replayed.stop()
    expect(replayed.delivered()).to.be.greaterThan(0)
    await offerByLink(dave.client, secret, "")
    await offerByLink(dave.client, another, "")
    expect(await admitPreApproved(alice.client)).to.deep.equal({ admitted: [], failed: [] })
    expect(await membersIn()).to.equal(1)
    const asked = (await listOffers(alice.client)).filter(({ offer }) =>
      equalBytes(offer.newcomerGenesisHash, genesisOf(dave)),
    )
    expect(
      asked.map(({ link }) => equalBytes(link.secret, another)),
      "an admin may decide otherwise",
    ).to.deep.equal([true])
  })

  it("O3: an account whose chain is not what it was is shown with that, and admitted by nobody's mistake", async () => {
    const { alice, liar } = scene
    const secret = await linkOf(10, true)
    const [erin, frank] = await Promise.all([scene.newClient("Erin"), scene.newClient("Frank")])
    await Promise.all([erin, frank].map(async ({ client }) => await offerByLink(client, secret, "")))
    const told = liar.lie({
      path: new RegExp(`/${accountOf(erin)}/chain$`),
      tell: json<{ links: readonly string[] }>(() => ({
        links: [toBase64Url(mallory.client.state.current.genesisLink)],
      })),
    })
    const { admitted } = await admitPreApproved(alice.client)
    const shown = await offersBy(secret)
    told.stop()
    expect(told.delivered()).to.be.greaterThan(0)
    expect(admitted.map(({ accountId }) => accountId)).to.deep.equal([whoAmI(frank.client).accountId])
    expect(shown.map(({ problem }) => problem?.code)).to.deep.equal(["bad-chain"])
    expect((await admitPreApproved(alice.client)).admitted).to.have.length(1)
    expect(await refusal(() => offerByLink(alice.client, secret, ""))).to.deep.equal(["usage", undefined])
  })
})
