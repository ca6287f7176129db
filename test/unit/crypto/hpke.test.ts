import { CipherSuite, HkdfSha256 } from "@hpke/core"
import { Chacha20Poly1305 } from "@hpke/chacha20poly1305"
import { XWing } from "@hpke/hybridkem-x-wing"
import { expect } from "chai"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { hpkeOpen, hpkeSeal, hpkeSealWithCoins } from "../../../client/crypto/hpke.js"
import { sodiumReady, xwingPublicKey } from "../../../client/crypto/sodium.js"
import { random } from "../../support/people.js"

const ENCAPSULATED_BYTES = 1_120

describe("HPKE with X-Wing", () => {
  before(sodiumReady)

  const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Chacha20Poly1305() })
  const [seed, info, aad, plaintext] = [random(32), random(40), random(8), random(64)]

  it("what we seal, @hpke/core opens", async () => {
    const box = hpkeSeal({ recipientPublicKey: xwingPublicKey(seed), info, aad, plaintext }, random)
    const recipientKey = await suite.kem.deserializePrivateKey(copy(seed))
    const recipient = await suite.createRecipientContext({
      recipientKey,
      enc: copy(box.slice(0, ENCAPSULATED_BYTES)),
      info: copy(info),
    })
    const opened = await recipient.open(copy(box.slice(ENCAPSULATED_BYTES)), copy(aad))
    expect(equalBytes(new Uint8Array(opened), plaintext)).to.equal(true)
  })

  it("what @hpke/core seals, we open", async () => {
    const recipientPublicKey = await suite.kem.deserializePublicKey(copy(xwingPublicKey(seed)))
    const sender = await suite.createSenderContext({ recipientPublicKey, info: copy(info) })
    const ciphertext = new Uint8Array(await sender.seal(copy(plaintext), copy(aad)))
    const box = new Uint8Array([...new Uint8Array(sender.enc), ...ciphertext])
    expect(equalBytes(hpkeOpen(seed, info, box, aad), plaintext)).to.equal(true)
  })

  it("the same coins give the same box, other coins another", () => {
    const message = { recipientPublicKey: xwingPublicKey(seed), info, plaintext }
    const coins = random(64)
    expect(equalBytes(hpkeSealWithCoins(message, coins), hpkeSealWithCoins(message, coins))).to.equal(true)
    expect(equalBytes(hpkeSealWithCoins(message, coins), hpkeSealWithCoins(message, random(64)))).to.equal(false)
  })

  it("another info, aad, key, or any changed byte: the same refusal", () => {
    const box = hpkeSeal({ recipientPublicKey: xwingPublicKey(seed), info, aad, plaintext }, random)
    const lies: (() => unknown)[] = [
      () => hpkeOpen(seed, random(40), box, aad),
      () => hpkeOpen(seed, info, box),
      () => hpkeOpen(random(32), info, box, aad),
      () => hpkeOpen(seed, info, box.slice(0, -1), aad),
      () => hpkeOpen(seed, info, box.slice(0, 100), aad),
      ...[0, 1_087, 1_088, 1_119, 1_120, box.length - 1].map((at) => () => {
        const changed = box.slice()
        changed[at]! ^= 1
        return hpkeOpen(seed, info, changed, aad)
      }),
    ]
    const messages = lies.map((lie) => {
      try {
        lie()
        return "opened"
      } catch (error) {
        expect(error).to.have.property("code", "cannot-open")
        return (error as Error).message
      }
    })
    expect(new Set(messages).size).to.equal(1)
  })
})

function copy(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
