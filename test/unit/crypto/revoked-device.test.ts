import { expect } from "chai"
import { makeDevice, publicKeysOf } from "../../../client/crypto/account-keys.js"
import { makeAddDevice, makeRevokeDevices } from "../../../client/crypto/account-links.js"
import { type Author, makeEvent } from "../../../client/crypto/log-event.js"
import { signerOfSeed, sodiumReady, verifySignature } from "../../../client/crypto/sodium.js"
import { verifyChain } from "../../../shared/protocol/chain.js"
import { makePerson, type Person, random, TestMeeting } from "../../support/people.js"

/** A device counts as long as the log does not name a head at which it is revoked. SPEC.md §7. */
describe("statements of a device that was revoked (M13)", () => {
  let alice: Person
  let byPhone: Author
  let afterwards: Author

  before(async () => {
    await sodiumReady()
    const laptop = makePerson("alice")
    const [userSeed] = laptop.secrets.userSeeds
    const phone = makeDevice(random)
    const ambient = { nowMs: 1_790_000_000_000, random }
    const signer = laptop.author.signer
    const add = makeAddDevice(laptop.chain, signer, userSeed!, { secrets: phone, name: "phone" }, ambient)
    const links = [laptop.account.genesisLink, add.link]
    const added = verifyChain(links, verifySignature)
    const revoke = makeRevokeDevices(added, signer, userSeed!, [publicKeysOf(phone).ed25519], ambient)
    const chain = verifyChain([...links, revoke.link], verifySignature)
    const secrets = { ...laptop.secrets, userSeeds: [userSeed!, revoke.userSeed] }
    // To a meeting she comes as she was before the revocation.
    alice = {
      ...laptop,
      secrets,
      chain: { ...chain, headHash: added.headHash },
      author: { ...laptop.author, chainHead: added.headHash },
    }
    afterwards = { ...laptop.author, chainHead: chain.headHash }
    byPhone = { ...alice.author, signer: signerOfSeed(phone.ed25519Seed) }
  })

  const entry = (chainHead: Uint8Array, generation: number) => ({
    genesisHash: alice.chain.genesisHash,
    chainHead,
    generation,
    role: "admin" as const,
  })

  async function note(meeting: TestMeeting, by: Author): Promise<void> {
    const { meetingId, meetingHash, head, current } = await meeting.read(alice)
    meeting.events.push(
      makeEvent(
        { meetingId, meetingHash, seq: head.seq + 1, prev: head.hash },
        current.keys,
        by,
        { type: "renewal", values: [], assets: [], carried: [], epochPart: null },
        { timeMs: 5, random },
      ),
    )
  }

  it("count while the log names no newer head, and are void from then on, whatever head they name", async () => {
    const meeting = new TestMeeting(alice)
    await note(meeting, byPhone)
    expect((await meeting.read(alice)).voids).to.deep.equal([])
    await note(meeting, afterwards)
    await note(meeting, byPhone)
    await note(meeting, { ...byPhone, chainHead: afterwards.chainHead })
    const { voids, notes } = await meeting.read(alice)
    expect(voids.map(({ code }) => code)).to.deep.equal(["not-authorised", "not-authorised"])
    expect(notes).to.have.length(2)
  })

  it("count no more once a roster names the head, and make no epoch", async () => {
    const meeting = new TestMeeting(alice)
    expect((await meeting.read(alice)).isOutdated).to.equal(true)
    const roster = [entry(afterwards.chainHead, 2)]
    const userPublicKeyOf = ({ generation }: { readonly generation: number }) =>
      alice.chain.userKeys[generation - 1]!.publicKey
    await meeting.nextEpoch(alice, roster, { userPublicKeyOf, author: afterwards })
    await note(meeting, byPhone)
    await meeting.nextEpoch(alice, roster, { userPublicKeyOf, author: byPhone })
    const { voids, isOutdated } = await meeting.read(alice)
    expect(voids.map(({ code }) => code)).to.deep.equal(["not-authorised", "not-authorised"])
    expect(isOutdated).to.equal(false)
  })
})
