import { expect } from "chai"
import fc from "fast-check"
import { seedBoxInfo } from "../../../shared/protocol/boxes.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ZERO_HASH } from "../../../shared/protocol/hash.js"
import { makeEnvelope } from "../../../shared/protocol/envelope.js"
import { encodeInvitation, type Invitation, invitationInfo } from "../../../shared/protocol/invitation.js"
import type { KeyringEntry } from "../../../shared/protocol/keyring-entry.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { padTo } from "../../../shared/protocol/padding.js"
import { recoveryDeviceOfPhrase, safetyWords } from "../../../client/crypto/account-keys.js"
import { hpkeOpen, hpkeSeal } from "../../../client/crypto/hpke.js"
import { makeInvitationBox, openInvitationBox } from "../../../client/crypto/invitation-box.js"
import { EMPTY_KEYRING, makeKeyringRecord, openKeyringRecords } from "../../../client/crypto/keyring-record.js"
import { signerOfSeed, sodiumReady } from "../../../client/crypto/sodium.js"
import { makePerson, type Person, random } from "../../support/people.js"

describe("an account", () => {
  let alice: Person
  let bob: Person

  before(async () => {
    await sodiumReady()
    ;[alice, bob] = [makePerson("Alice's laptop"), makePerson("bob")]
  })

  it("comes back from its 24 words: they open the recovery device's box, and no other's do", () => {
    const { account, chain, secrets } = alice
    const recovery = recoveryDeviceOfPhrase(`  ${account.recoveryPhrase.toUpperCase().replaceAll(" ", "\n")} `)
    const { publicKey } = signerOfSeed(recovery.ed25519Seed)
    expect(equalBytes(publicKey, chain.recovery.ed25519)).to.equal(true)
    const info = seedBoxInfo(publicKey, 1, ZERO_HASH)
    const userSeed = hpkeOpen(recovery.xwingSeed, info, account.boxes[1])
    expect(equalBytes(userSeed, secrets.userSeeds[0]!.seed)).to.equal(true)
    expect(() => hpkeOpen(recoveryDeviceOfPhrase(bob.account.recoveryPhrase).xwingSeed, info, account.boxes[1]))
      .to.throw()
      .with.property("code", "cannot-open")
  })

  it("a phrase with a word less, a word exchanged, or of twelve words is none", () => {
    const words = alice.account.recoveryPhrase.split(" ")
    const twelve = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
    const lies = [words.slice(1), ["zoo", "zoo", ...words.slice(2, -1), "zoo", "zoo"], twelve.split(" "), []]
    for (const lie of lies)
      expect(() => recoveryDeviceOfPhrase(lie.join(" ")))
        .to.throw()
        .with.property("code", "usage")
  })

  it("has 24 safety words, which no other genesis hash gives", () => {
    fc.assert(
      fc.property(fc.nat(255), (bit) => {
        const other = alice.chain.genesisHash.slice()
        other[bit >> 3]! ^= 1 << (bit & 7)
        return safetyWords(other) !== safetyWords(alice.chain.genesisHash)
      }),
    )
    expect(safetyWords(alice.chain.genesisHash).split(" ")).to.have.length(24)
  })
})

describe("a keyring", () => {
  let alice: Person
  let bob: Person
  let records: Uint8Array[]
  let hashes: readonly Uint8Array[]

  const ambient = { timeMs: 1, random }
  const entry = (): KeyringEntry => ({
    type: "meeting",
    meetingHash: random(32),
    epoch: 0,
    eventHash: random(32),
    epochSecret: random(32),
    adminSeed: null,
    title: "A meeting",
  })

  before(async () => {
    await sodiumReady()
    ;[alice, bob] = [makePerson("alice"), makePerson("bob")]
    const first = makeKeyringRecord(alice.secrets, EMPTY_KEYRING, entry(), ambient)
    const second = makeKeyringRecord(alice.secrets, first.head, entry(), ambient)
    records = [first.rawRecord, second.rawRecord]
    hashes = [first.head.hash, second.head.hash]
  })

  it("opens in one go and from where it was read to", () => {
    const whole = openKeyringRecords(alice.secrets, alice.chain, EMPTY_KEYRING, records)
    expect(whole.entries).to.have.length(2)
    expect(whole.head.seq).to.equal(1)
    const rest = openKeyringRecords(
      alice.secrets,
      alice.chain,
      { seq: 0, hash: hashes[0]!, generation: 1 },
      records.slice(1),
    )
    expect(rest.entries).to.deep.equal(whole.entries.slice(1))
    expect(equalBytes(rest.head.hash, whole.head.hash)).to.equal(true)
  })

  it("stops at records that are dropped, exchanged, repeated, of another branch or another account (K3, K4)", () => {
    const [first, second] = records as [Uint8Array, Uint8Array]
    const branch = makeKeyringRecord(alice.secrets, { seq: 0, hash: random(32) }, entry(), ambient).rawRecord
    const open = (given: readonly Uint8Array[]) => () =>
      openKeyringRecords(alice.secrets, alice.chain, EMPTY_KEYRING, given)
    for (const lie of [[second], [second, first], [first, first], [first, branch]])
      expect(open(lie)).to.throw().with.property("code", "bad-chain")
    const bobs = makeKeyringRecord(bob.secrets, EMPTY_KEYRING, entry(), ambient).rawRecord
    expect(open([bobs]))
      .to.throw()
      .with.property("code", "cannot-open")
  })

  it("refuses a record that a device of somebody else signed, though it was sealed with the account's key (K4)", () => {
    const thief = { ...alice.secrets, device: bob.secrets.device }
    const { rawRecord } = makeKeyringRecord(thief, EMPTY_KEYRING, entry(), ambient)
    expect(() => openKeyringRecords(alice.secrets, alice.chain, EMPTY_KEYRING, [rawRecord]))
      .to.throw()
      .with.property("code", "not-authorised")
  })
})

describe("an invitation", () => {
  let alice: Person
  let bob: Person

  before(async () => {
    await sodiumReady()
    ;[alice, bob] = [makePerson("alice"), makePerson("bob")]
  })

  const invitationTo = (person: Person, title = "Budget"): Invitation => ({
    inviterGenesisHash: alice.chain.genesisHash,
    inviterChainHead: alice.chain.headHash,
    deviceKey: alice.author.signer.publicKey,
    recipientGenesisHash: person.chain.genesisHash,
    meetingHash: random(32),
    epoch: 3,
    base: random(32),
    eventHash: random(32),
    epochSecret: random(32),
    adminSeed: ZERO_HASH,
    instanceKey: random(32),
    timeMs: 7,
    title,
  })

  const seal = (invitation: Invitation, recipient: Person, signer = alice.author.signer): Uint8Array => {
    const { publicKey, generation } = recipient.chain.userKeys[0]!
    return makeInvitationBox(invitation, signer, { userPublicKey: publicKey, generation }, random)
  }

  it("is 4,096 bytes whatever its title, and says to its recipient what was said", () => {
    for (const title of ["", "Budget", "ü".repeat(256)]) {
      const invitation = invitationTo(bob, title)
      const box = seal(invitation, bob)
      expect(box).to.have.length(4_096)
      expect(openInvitationBox(box, bob.secrets)).to.deep.equal(invitation)
    }
  })

  it("does not open for others, passed on or changed; another's signature does not count", () => {
    const invitation = invitationTo(bob)
    const box = seal(invitation, bob)
    const changed = box.slice()
    changed[2_000]! ^= 1
    for (const [raw, secrets] of [
      [box, alice.secrets],
      [changed, bob.secrets],
    ] as const)
      expect(() => openInvitationBox(raw, secrets))
        .to.throw()
        .with.property("code", "cannot-open")
    expect(() => openInvitationBox(seal(invitation, bob, bob.author.signer), bob.secrets))
      .to.throw()
      .with.property("code", "bad-signature")
  })

  it("for one account, sealed on to another by who received it, is refused there (V2)", () => {
    const envelope = makeEnvelope(LABELS.signInvitation, alice.author.signer, encodeInvitation(invitationTo(alice)))
    const box = hpkeSeal(
      {
        recipientPublicKey: bob.chain.userKeys[0]!.publicKey,
        info: invitationInfo(bob.chain.genesisHash, 1),
        plaintext: padTo(envelope, LIMITS.invitationPaddedBytes),
      },
      random,
    )
    expect(() => openInvitationBox(box, bob.secrets))
      .to.throw()
      .with.property("code", "not-authorised")
  })
})
