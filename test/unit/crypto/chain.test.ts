import { expect } from "chai"
import { makeDevice, makeRecoveryPhrase, type UserSeed } from "../../../client/crypto/account-keys.js"
import {
  type MadeLink,
  makeAddDevice,
  makeClose,
  makeRenameDevice,
  makeReplaceRecovery,
  makeRevokeDevices,
  openUserSeeds,
} from "../../../client/crypto/account-links.js"
import { publicKeysOf } from "../../../client/crypto/account-keys.js"
import { signerOfSeed, sodiumReady, verifySignature } from "../../../client/crypto/sodium.js"
import {
  activeDevices,
  assertBoxesOfHead,
  type ChainPin,
  heldGeneration,
  isActiveAt,
  isClosed,
  type VerifiedChain,
  verifyChain,
} from "../../../shared/protocol/chain.js"
import { makeEnvelope, type Signer } from "../../../shared/protocol/envelope.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import {
  countersignedBytes,
  encodeLink,
  encodeLinkStatement,
  type LinkBody,
  type LinkStatement,
  openLink,
} from "../../../shared/protocol/link.js"
import { makePerson, type Person, random } from "../../support/people.js"

const ambient = { nowMs: 1_790_000_000_000, random }

/** An account as it grows, with every secret at hand. */
class TestChain {
  readonly links: Uint8Array[]
  readonly boxes: Uint8Array[]
  readonly devices: ReturnType<typeof makeDevice>[]
  userSeed: UserSeed

  constructor(readonly person: Person) {
    this.links = [person.account.genesisLink]
    this.boxes = [...person.account.boxes]
    this.devices = [person.secrets.device]
    this.userSeed = person.secrets.userSeeds[0]!
  }

  get chain(): VerifiedChain {
    return verifyChain(this.links, verifySignature)
  }

  signer(index = 0): Signer {
    return signerOfSeed(this.devices[index]!.ed25519Seed)
  }

  append({ link, boxes }: MadeLink): void {
    this.links.push(link)
    this.boxes.push(...boxes)
  }

  addDevice(): void {
    const secrets = makeDevice(random)
    this.append(makeAddDevice(this.chain, this.signer(), this.userSeed, { secrets, name: "another" }, ambient))
    this.devices.push(secrets)
  }

  revoke(index: number): void {
    const key = publicKeysOf(this.devices[index]!).ed25519
    const made = makeRevokeDevices(this.chain, this.signer(), this.userSeed, [key], ambient)
    this.append(made)
    this.userSeed = made.userSeed
  }

  /** The newest link again, its statement changed, signed and countersigned as honestly as can be. */
  forged(change: (statement: LinkStatement) => LinkStatement, signer = this.signer(), added: readonly Signer[] = []) {
    const statement = encodeLinkStatement(change(openLink(this.links.at(-1)!, verifySignature)))
    const countersignatures = added.map((key) => ({
      key: key.publicKey,
      signature: key.sign(countersignedBytes(statement)),
    }))
    return [...this.links.slice(0, -1), encodeLink(makeEnvelope(LABELS.signLink, signer, statement), countersignatures)]
  }
}

const codeOf = (links: readonly Uint8Array[], pin?: ChainPin, verify = verifySignature): string => {
  try {
    verifyChain(links, verify, pin)
  } catch (error) {
    if (isArchiveError(error)) return error.code
    throw error
  }
  return "taken"
}

const body = <Type extends LinkBody["type"]>(statement: LinkStatement, type: Type): LinkBody & { type: Type } => {
  if (statement.body.type !== type) throw new Error("another type")
  return statement.body as LinkBody & { type: Type }
}

describe("a sigchain (SPEC.md §5.1)", () => {
  let account: TestChain

  before(() => sodiumReady())
  beforeEach(() => {
    account = new TestChain(makePerson("alice"))
  })

  it("asks for no signature up to a head that was verified before, and for each behind it and below any other pin (L13)", () => {
    account.addDevice()
    account.addDevice()
    const { links, chain } = account
    const pinAt = (seq: number, isVerified: boolean): ChainPin => {
      const { genesisHash } = chain
      return { genesisHash, seq, headHash: chain.linkHashes[seq]!, isVerified }
    }
    const seen: number[] = []
    const counting = (...call: Parameters<typeof verifySignature>): boolean => {
      seen.push(call.length)
      return verifySignature(...call)
    }
    expect(codeOf(links, pinAt(2, true), counting)).to.equal("taken")
    expect(seen, "all of it was verified before").to.deep.equal([])
    const lastAltered = links.map((link, seq) => (seq === 2 ? link.with(-1, link.at(-1)! ^ 1) : link))
    expect(codeOf(lastAltered, pinAt(2, true)), "other bytes have another hash").to.equal("fork")
    expect(codeOf(lastAltered, pinAt(1, true))).to.equal("bad-signature")
    expect(codeOf(lastAltered, pinAt(2, false))).to.equal("bad-signature")
    const firstAltered = links.map((link, seq) => (seq === 1 ? link.with(-1, link.at(-1)! ^ 1) : link))
    expect(codeOf(firstAltered, pinAt(2, true)), "the next one does not continue it").to.equal("bad-chain")
    expect(codeOf(links.slice(0, 2), pinAt(2, true))).to.equal("fork")
  })

  it("adds, renames and revokes devices, replaces the recovery device, and brings every device every seed", () => {
    account.addDevice()
    account.addDevice()
    const key = publicKeysOf(account.devices[1]!).ed25519
    account.append(makeRenameDevice(account.chain, account.signer(1), account.userSeed, key, "renamed", ambient))
    account.revoke(2)
    const { device } = makeRecoveryPhrase(random)
    const replaced = makeReplaceRecovery(account.chain, account.signer(1), account.userSeed, device, ambient)
    account.append(replaced)
    const { chain } = account
    expect(activeDevices(chain).map(({ nameGeneration }) => nameGeneration)).to.deep.equal([1, 1])
    for (const holder of [account.devices[0]!, account.devices[1]!, device])
      expect(openUserSeeds(chain, holder, account.boxes).map(({ generation }) => generation)).to.deep.equal([1, 2, 3])
    expect(() => openUserSeeds(chain, account.devices[2]!, account.boxes)).to.throw("opened")
    const revoked = publicKeysOf(account.devices[2]!).ed25519
    expect([3, 4].map((seq) => isActiveAt(chain, revoked, seq))).to.deep.equal([true, false])
    expect([1, 2].map((generation) => heldGeneration(chain, revoked, generation))).to.deep.equal([true, false])
  })

  it("L1: a chain without links, or with too many, or a link of another type, is refused", () => {
    expect(codeOf([])).to.equal("bad-chain")
    expect(codeOf(Array.from({ length: 1_001 }, () => account.links[0]!))).to.equal("bad-chain")
    expect(codeOf([random(20)])).to.equal("malformed")
  })

  it("L2: links that are reordered, dropped, repeated, or of another account are refused", () => {
    account.addDevice()
    account.addDevice()
    const [genesis, second, third] = account.links as [Uint8Array, Uint8Array, Uint8Array]
    const other = new TestChain(makePerson("bob"))
    other.addDevice()
    for (const lie of [
      [genesis, third],
      [genesis, third, second],
      [genesis, second, second],
      [second],
      [genesis, other.links[1]!],
      [genesis, genesis],
    ])
      expect(codeOf(lie)).to.equal("bad-chain")
    expect(
      codeOf(account.forged((statement) => ({ ...statement, seq: 3 }), account.signer(), [account.signer(2)])),
    ).to.equal("bad-chain")
  })

  it("L3, L4: only a device that is active before it, or the recovery device, signs a link", () => {
    account.addDevice()
    account.addDevice()
    account.revoke(2)
    const same = (statement: LinkStatement): LinkStatement => statement
    expect(codeOf(account.forged(same, signerOfSeed(random(32))))).to.equal("bad-signature")
    const named = (signer: Signer) => (statement: LinkStatement) => ({ ...statement, signerKey: signer.publicKey })
    const stranger = signerOfSeed(random(32))
    expect(codeOf(account.forged(named(stranger), stranger))).to.equal("bad-signature")
    expect(codeOf(account.forged(named(account.signer(1)), account.signer(1)))).to.equal("taken")
    const key = publicKeysOf(account.devices[0]!).ed25519
    account.append(makeRenameDevice(account.chain, account.signer(1), account.userSeed, key, "x", ambient))
    expect(codeOf(account.forged(named(account.signer(2)), account.signer(2)))).to.equal("bad-signature")
  })

  it("L5: a device that is added countersigns, and nobody else does", () => {
    account.addDevice()
    const same = (statement: LinkStatement): LinkStatement => statement
    expect(codeOf(account.forged(same, account.signer(), [account.signer(1)]))).to.equal("taken")
    expect(codeOf(account.forged(same))).to.equal("malformed")
    expect(codeOf(account.forged(same, account.signer(), [account.signer()]))).to.equal("bad-signature")
  })

  it("L6: no key comes back, in whatever role, and not after it was revoked", () => {
    account.addDevice()
    account.addDevice()
    account.revoke(1)
    const again = account.devices[1]!
    account.append(
      makeAddDevice(account.chain, account.signer(), account.userSeed, { secrets: again, name: "back" }, ambient),
    )
    expect(codeOf(account.links)).to.equal("bad-chain")
    account.links.pop()
    const made = makeReplaceRecovery(account.chain, account.signer(), account.userSeed, account.devices[2]!, ambient)
    expect(codeOf([...account.links, made.link])).to.equal("bad-chain")
  })

  it("L7: an account has at most 20 devices", () => {
    while (account.devices.length < 20) account.addDevice()
    const { chain } = account
    const secrets = makeDevice(random)
    const add = (at: VerifiedChain): Uint8Array =>
      makeAddDevice(at, account.signer(), account.userSeed, { secrets, name: "x" }, ambient).link
    expect(() => add(chain)).to.throw("at most 20")
    expect(codeOf([...account.links, add({ ...chain, devices: chain.devices.slice(1) })])).to.equal("bad-chain")
    account.revoke(5)
    account.addDevice()
    expect(activeDevices(account.chain)).to.have.length(20)
  })

  it("L8: devices that are not active are neither revoked nor renamed, and never all are revoked", () => {
    account.addDevice()
    account.addDevice()
    account.revoke(2)
    const keys = account.devices.map((device) => publicKeysOf(device).ed25519)
    const revoking =
      (revoked: readonly Uint8Array[]) =>
      (statement: LinkStatement): LinkStatement => ({
        ...statement,
        body: { ...body(statement, "revoke-devices"), revoked },
      })
    expect(codeOf(account.forged(revoking([])))).to.equal("bad-chain")
    expect(codeOf(account.forged(revoking([random(32)])))).to.equal("bad-chain")
    expect(codeOf(account.forged(revoking(keys.toSorted(Buffer.compare))))).to.equal("bad-chain")
    expect(codeOf(account.forged(revoking(keys.slice(0, 2).toSorted(Buffer.compare).toReversed())))).to.equal(
      "malformed",
    )
    const rename = makeRenameDevice(account.chain, account.signer(), account.userSeed, keys[2]!, "x", ambient)
    expect(codeOf([...account.links, rename.link])).to.equal("bad-chain")
  })

  it("L9: a user key is the next generation", () => {
    account.addDevice()
    account.revoke(1)
    for (const generation of [1, 3])
      expect(
        codeOf(
          account.forged((statement) => {
            const made = body(statement, "revoke-devices")
            return {
              ...statement,
              body: { ...made, next: { ...made.next, userKey: { ...made.next.userKey, generation } } },
            }
          }),
        ),
      ).to.equal("bad-chain")
  })

  it("L10: its boxes go to exactly the devices that stay, and are those that the link names", () => {
    account.addDevice()
    account.addDevice()
    const before = account.chain.boxes.length
    account.revoke(1)
    const [first, ...rest] = account.chain.boxes.slice(before)
    const boxes = account.boxes.slice(-3)
    assertBoxesOfHead(account.chain, before, boxes)
    for (const lie of [
      boxes.slice(1),
      boxes.toReversed(),
      [...boxes, random(1_168)],
      [random(1_168), ...boxes.slice(1)],
    ])
      expect(() => {
        assertBoxesOfHead(account.chain, before, lie)
      }).to.throw("boxes that are not")
    for (const named of [rest, [...rest, first!], [first!, ...rest, first!]])
      expect(
        codeOf(
          account.forged((statement) => {
            const made = body(statement, "revoke-devices")
            return { ...statement, body: { ...made, next: { ...made.next, boxes: named } } }
          }),
        ),
      ).to.equal("bad-chain")
  })

  it("L11: only an active device closes the account, not the recovery device; then no device is active", () => {
    account.addDevice()
    account.revoke(1)
    account.append(makeClose(account.chain, account.signer(), ambient))
    const { chain } = account
    expect([isClosed(chain), isClosed(verifyChain(account.links.slice(0, -1), verifySignature))]).to.deep.equal([
      true,
      false,
    ])
    const [key] = chain.devices.map(({ ed25519 }) => ed25519)
    expect([isActiveAt(chain, key!, 2), isActiveAt(chain, key!, 3)]).to.deep.equal([true, false])
    const recovery = makeRecoveryPhrase(random).device
    const replaced = new TestChain(makePerson("bob"))
    replaced.append(makeReplaceRecovery(replaced.chain, replaced.signer(), replaced.userSeed, recovery, ambient))
    for (const signer of [signerOfSeed(recovery.ed25519Seed), account.signer(1)]) {
      const { link } = makeClose(replaced.chain, signer, ambient)
      expect(codeOf([...replaced.links, link])).to.equal("bad-signature")
    }
  })

  it("L12: nothing stands behind the link that closes the account", () => {
    const open = account.chain
    account.append(makeClose(open, account.signer(), ambient))
    const { chain } = account
    const secrets = makeDevice(random)
    const key = publicKeysOf(account.devices[0]!).ed25519
    for (const { link } of [
      makeClose(chain, account.signer(), ambient),
      makeAddDevice(chain, account.signer(), account.userSeed, { secrets, name: "late" }, ambient),
      makeRenameDevice(chain, account.signer(), account.userSeed, key, "late", ambient),
    ])
      expect(codeOf([...account.links, link])).to.equal("bad-chain")
    expect(codeOf(account.forged((statement) => ({ ...statement, prev: random(32) })))).to.equal("bad-chain")
  })

  it("a seed that is not behind the chain's key is not taken (L15)", () => {
    account.addDevice()
    const secrets = makeDevice(random)
    const lie = makeAddDevice(
      account.chain,
      account.signer(),
      { generation: 1, seed: random(32) },
      { secrets, name: "x" },
      ambient,
    )
    account.append(lie)
    expect(codeOf(account.links)).to.equal("taken")
    expect(() => openUserSeeds(account.chain, secrets, account.boxes)).to.throw("not behind")
  })
})
