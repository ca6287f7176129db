import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  admitPreApproved,
  adoptKeyring,
  approveOffer,
  blockAccount,
  type Client,
  createInviteLink,
  createMeeting,
  type InviteLinkOptions,
  listInvitations,
  listInviteLinks,
  listOffers,
  type MeetingId,
  offerByLink,
  readMeeting,
  refuseOffer,
  removeMember,
  revokeDevices,
  revokeInviteLink,
  whoAmI,
} from "../../../client/sdk/index.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { parseInviteUrl } from "../../../shared/protocol/invite-link.js"
import { code as codeOf } from "../../contract/object-store.js"
import { recoverClient, type Service, startClient, startService, type TestClient } from "../../support/sdk/clients.js"

const DAY_MS = 86_400_000

describe("SDK: invite links", function () {
  this.timeout(60_000)
  let service: Service
  let alice: TestClient
  let meetingId: MeetingId
  const opened: TestClient[] = []

  async function open(client: Promise<TestClient>): Promise<TestClient> {
    opened.push(await client)
    return await client
  }

  before(async () => {
    service = await startService()
    alice = await open(startClient(service, "Alice's laptop"))
  })
  beforeEach(async () => {
    meetingId = await createMeeting(alice.client, "By a link")
  })
  after(async () => {
    for (const client of opened) await client.close()
    await service.stop()
  })

  const idOf = ({ client }: TestClient) => whoAmI(client).accountId
  /** Somebody who has no account yet. */
  const newcomer = async (name: string): Promise<TestClient> =>
    await open(startClient(service, name, { register: false }))
  const linkFor = async (options: Partial<InviteLinkOptions> = {}) => {
    const made = await createInviteLink(alice.client, meetingId, {
      expiresAtMs: Date.now() + DAY_MS,
      uses: 1,
      isPreApproved: false,
      showsTitle: false,
      ...options,
    })
    return { ...made, secret: parseInviteUrl(made.url).secret }
  }
  const later = (days: number): Client => ({ ...alice.client, clock: { nowMs: () => Date.now() + days * DAY_MS } })
  const membersIn = async (): Promise<number> => (await readMeeting(alice.client, meetingId)).current.roster.length
  /** As if the server had forgotten that the link was opened: what one newcomer's opening was, another's is. */
  async function comeUncounted(person: TestClient, like: TestClient, secret: Uint8Array): Promise<void> {
    const { openings } = like.client.state.current
    await person.client.state.update((state) => ({ ...state, openings }))
    await offerByLink(person.client, secret, "")
  }

  it("bring somebody without an account in, when an admin approves", async () => {
    const { url, secret } = await linkFor({ showsTitle: true })
    expect(url).to.equal(`${service.url}/j/#${Buffer.from(secret).toString("base64url")}`)
    const carol = await newcomer("Carol's laptop")
    const link = await offerByLink(carol.client, secret, "Carol")
    expect([link.title, link.uses, link.isPreApproved]).to.deep.equal(["By a link", 1, false])
    expect(link.inviterGenesisHash).to.deep.equal(alice.client.state.current.secrets.genesisHash)
    expect(await listInvitations(alice.client), "an offer is no invitation").to.deep.equal([])
    const [waiting] = await listOffers(alice.client)
    expect([waiting?.offer.name, waiting?.problem]).to.deep.equal(["Carol", null])
    expect(await membersIn(), "nobody is in before an admin says so").to.equal(1)
    expect(await approveOffer(alice.client, meetingId, idOf(carol))).to.equal(1)
    expect(await listOffers(alice.client)).to.deep.equal([])
    const [invitation] = await listInvitations(carol.client)
    await acceptInvitation(carol.client, invitation!)
    expect((await readMeeting(carol.client, meetingId)).current.title).to.equal("By a link")
    expect((await listInviteLinks(alice.client)).at(-1)?.admitted).to.have.length(1)
  })

  it("are used up at the server; asking again with the same account counts once, and is one offer", async () => {
    const { secret } = await linkFor({ uses: 2 })
    const [first, second, third] = await Promise.all([newcomer("1"), newcomer("2"), newcomer("3")])
    await offerByLink(first.client, secret, "")
    await Promise.all([first, second].map(async ({ client }) => await offerByLink(client, secret, "")))
    expect(await codeOf(offerByLink(third.client, secret, ""))).to.equal("not-found")
    expect(third.client.state.current.registered, "no account was made for nothing").to.equal(false)
    const offers = await listOffers(alice.client)
    expect(offers.map(({ entries }) => entries.length)).to.have.members([2, 1])
    for (const { accountId } of [whoAmI(first.client), whoAmI(second.client)])
      await refuseOffer(alice.client, meetingId, accountId)
    await offerByLink(second.client, secret, "please")
    expect(await listOffers(alice.client), "who was refused is not shown again by that link").to.deep.equal([])
    expect(await membersIn()).to.equal(1)
  })

  it("that are pre-approved admit without asking, once, and nobody who was a member before", async () => {
    const { secret } = await linkFor({ isPreApproved: true, uses: 3 })
    const [dave, former] = [await newcomer("Dave"), await open(startClient(service, "Former"))]
    await addMember(alice.client, meetingId, idOf(former))
    await removeMember(alice.client, meetingId, idOf(former))
    await Promise.all([dave, former].map(async ({ client }) => await offerByLink(client, secret, "")))
    const phone = await open(recoverClient(service, alice.recoveryPhrase, "Alice's phone"))
    await adoptKeyring(phone.client)
    expect(phone.client.state.current.preApprovedUntilMs, "another device knows when to look").to.be.greaterThan(0)
    const report = await admitPreApproved(phone.client)
    expect(report).to.deep.equal({ admitted: [{ meetingId, accountId: idOf(dave) }], failed: [] })
    expect(await admitPreApproved(alice.client)).to.deep.equal({ admitted: [], failed: [] })
    const [invitation] = await listInvitations(dave.client)
    await acceptInvitation(dave.client, invitation!)
    const [asked] = await listOffers(alice.client)
    expect(asked?.offer.newcomerGenesisHash).to.deep.equal(former.client.state.current.secrets.genesisHash)
    await approveOffer(alice.client, meetingId, idOf(former))
    expect(await membersIn()).to.equal(3)
  })

  it("O5: give one use to one of two people, though two devices of the admin approve at once", async () => {
    const { secret } = await linkFor()
    const phone = await open(recoverClient(service, alice.recoveryPhrase, "Alice's tablet"))
    await adoptKeyring(phone.client)
    const [erin, frank] = [await newcomer("Erin"), await newcomer("Frank")]
    await offerByLink(erin.client, secret, "")
    await comeUncounted(frank, erin, secret)
    const codes = await Promise.all([
      codeOf(approveOffer(alice.client, meetingId, idOf(erin))),
      codeOf(approveOffer(phone.client, meetingId, idOf(frank))),
    ])
    expect(codes).to.have.members([null, "not-authorised"])
    expect(await membersIn()).to.equal(2)
  })

  it("an admission that was begun and interrupted is finished, and is one use", async () => {
    const { secret } = await linkFor({ isPreApproved: true })
    const grace = await newcomer("Grace")
    await offerByLink(grace.client, secret, "")
    const dying = alice.again({
      failpoint: (name) => {
        if (name === "member.invitation-kept") throw new Error("died")
      },
    })
    expect(await admitPreApproved(dying).catch(String)).to.contain("died")
    expect(await membersIn()).to.equal(1)
    expect((await admitPreApproved(alice.again())).admitted).to.have.length(1)
    expect(await membersIn()).to.equal(2)
    expect((await listInviteLinks(alice.client)).at(-1)?.admitted).to.have.length(1)
  })

  it("O1, O4: that were revoked, or have expired by the admin's own clock, admit nobody", async () => {
    const revoked = await linkFor({ isPreApproved: true })
    const expiring = await linkFor({ isPreApproved: true })
    const [heidi, ivan, judy] = [await newcomer("Heidi"), await newcomer("Ivan"), await newcomer("Judy")]
    await Promise.all([offerByLink(heidi.client, revoked.secret, ""), offerByLink(ivan.client, expiring.secret, "")])
    await revokeInviteLink(alice.client, revoked.linkId)
    await revokeInviteLink(alice.client, revoked.linkId)
    expect(await admitPreApproved(later(2))).to.deep.equal({ admitted: [], failed: [] })
    const offers = (await listOffers(later(2))).filter(({ link }) => equalBytes(link.secret, expiring.secret))
    expect(offers.map(({ offer, problem }) => [offer.newcomerGenesisHash, problem?.code])).to.deep.equal([
      [ivan.client.state.current.secrets.genesisHash, "not-authorised"],
    ])
    expect(await codeOf(approveOffer(later(2), meetingId, idOf(ivan)))).to.equal("not-authorised")
    expect(await codeOf(offerByLink(judy.client, revoked.secret, ""))).to.equal("not-found")
    await blockAccount(alice.client, idOf(ivan))
    const left = (await listOffers(alice.client)).map(({ offer }) => offer.newcomerGenesisHash)
    expect(left, "what a blocked account asks is dropped").to.not.deep.include(
      ivan.client.state.current.secrets.genesisHash,
    )
    expect(await membersIn()).to.equal(1)
  })

  it("O1: that a lost device knew end with it", async () => {
    const admin = await open(startClient(service, "Admin's laptop"))
    const lost = await open(recoverClient(service, admin.recoveryPhrase, "Admin's phone"))
    const ofAdmin = await createMeeting(admin.client, "Of a lost device")
    const { url } = await createInviteLink(admin.client, ofAdmin, {
      expiresAtMs: Date.now() + DAY_MS,
      uses: 1,
      isPreApproved: true,
      showsTitle: false,
    })
    await revokeDevices(admin.client, [whoAmI(lost.client).deviceId])
    const thief = await newcomer("Thief")
    await offerByLink(thief.client, parseInviteUrl(url).secret, "")
    expect(await admitPreApproved(admin.client)).to.deep.equal({ admitted: [], failed: [] })
    expect(await listOffers(admin.client)).to.deep.equal([])
    expect((await readMeeting(admin.client, ofAdmin)).current.roster).to.have.length(1)
  })

  it("are made by admins alone, for a while, for some", async () => {
    const member = await open(startClient(service, "Member"))
    await addMember(alice.client, meetingId, idOf(member))
    await acceptInvitation(member.client, (await listInvitations(member.client))[0]!)
    const options = { expiresAtMs: Date.now() + DAY_MS, uses: 1, isPreApproved: false, showsTitle: false }
    expect(await codeOf(createInviteLink(member.client, meetingId, options))).to.equal("not-authorised")
    for (const wrong of [
      { uses: 0 },
      { uses: 101 },
      { expiresAtMs: Date.now() },
      { expiresAtMs: Date.now() + 31 * DAY_MS },
    ])
      expect(await codeOf(linkFor(wrong)), JSON.stringify(wrong)).to.equal("usage")
  })
})
