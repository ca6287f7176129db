import { expect } from "chai"
import fc from "fast-check"
import { encodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { asId } from "../../../shared/protocol/ids.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { SEGMENT_PLAINTEXT_BYTES } from "../../../shared/protocol/sizes.js"
import { openRecord, openWithRecordSecret, recordSecretOf, sealRecord } from "../../../client/crypto/committed-seal.js"
import { createKeystoreLock, keystoreNeedsPassphrase, openKeystore } from "../../../client/crypto/keystore.js"
import { nodePrimitives } from "../../../client/crypto/node-primitives.js"
import { sodiumPrimitives } from "../../../client/crypto/primitives.js"
import { createSegmentOpener, createSegmentSealer } from "../../../client/crypto/segments.js"
import { sodiumReady } from "../../../client/crypto/sodium.js"
import { random } from "../../support/people.js"

const asset = (): { contentKey: Uint8Array; rawHeader: Uint8Array } => ({
  contentKey: random(32),
  rawHeader: encodeAssetHeader({ kind: "file", assetId: asId("asset", random(16)), salt: random(32) }),
})

function sealWith(
  primitives: typeof nodePrimitives,
  key: ReturnType<typeof asset>,
  index: number,
  last: boolean,
  plaintext: Uint8Array,
): Uint8Array {
  const out = new Uint8Array(plaintext.length + 48)
  createSegmentSealer(key, primitives).seal(index, last, plaintext, out)
  return out
}

describe("the committed seal", () => {
  before(sodiumReady)
  const place = { key: random(32), label: LABELS.event, context: random(48), aad: random(20) }

  it("opens what it sealed, at any length, and pads to steps of 256 bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_100 }), (plaintext) => {
        const sealed = sealRecord(place, plaintext, random)
        expect((sealed.length - 80) % 256).to.equal(0)
        return equalBytes(openRecord(place, sealed), plaintext)
      }),
    )
  })

  it("every way to fail reads the same (E1)", () => {
    const sealed = sealRecord(place, random(300), random)
    const changes = [
      { ...place, key: random(32) },
      { ...place, label: LABELS.keyring },
      { ...place, context: random(48) },
      { ...place, aad: random(20) },
    ].map((other) => () => openRecord(other, sealed))
    const bytes = [0, 31, 32, 63, 64, 200, sealed.length - 1].map((at) => () => {
      const changed = sealed.slice()
      changed[at]! ^= 1
      return openRecord(place, changed)
    })
    const lengths = [0, 63, 335, sealed.length - 1, sealed.length - 256].map(
      (length) => () => openRecord(place, sealed.slice(0, length)),
    )
    for (const lie of [...changes, ...bytes, ...lengths]) {
      expect(lie).to.throw("this cannot be opened").with.property("code", "cannot-open")
    }
  })

  it("a record secret opens its own record and no other", () => {
    const [first, second] = [sealRecord(place, random(9), random), sealRecord(place, random(9), random)]
    const secret = recordSecretOf(place, first.slice(0, 32))
    expect(openWithRecordSecret(secret, place, first)).to.have.length(9)
    expect(() => openWithRecordSecret(secret, place, second))
      .to.throw()
      .with.property("code", "cannot-open")
  })
})

describe("segments", () => {
  before(sodiumReady)

  it("node:crypto and libsodium give the same bytes, and open each other's", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 3_000 }), fc.nat(2 ** 40), (plaintext, index) => {
        const key = asset()
        const sealed = sealWith(nodePrimitives, key, index, true, plaintext)
        expect(equalBytes(sealed, sealWith(sodiumPrimitives, key, index, true, plaintext))).to.equal(true)
        expect(equalBytes(nodePrimitives.leafHash(sealed), sodiumPrimitives.leafHash(sealed))).to.equal(true)
        return [nodePrimitives, sodiumPrimitives].every((primitives) =>
          equalBytes(createSegmentOpener(key, primitives).open(index, true, sealed), plaintext),
        )
      }),
    )
    const whole = random(SEGMENT_PLAINTEXT_BYTES)
    const key = asset()
    expect(
      equalBytes(sealWith(nodePrimitives, key, 7, false, whole), sealWith(sodiumPrimitives, key, 7, false, whole)),
    ).to.equal(true)
  })

  for (const primitives of [nodePrimitives, sodiumPrimitives]) {
    it(`any other byte, place, last flag, header or key is refused, with the place (${primitives === nodePrimitives ? "node:crypto" : "libsodium"})`, () => {
      const key = asset()
      const plaintext = random(SEGMENT_PLAINTEXT_BYTES)
      const sealed = sealWith(primitives, key, 3, false, plaintext)
      const open =
        (index: number, last: boolean, bytes: Uint8Array, other = key) =>
        () =>
          createSegmentOpener(other, primitives).open(index, last, bytes)
      const flipped = [0, 31, 32, 5_000, sealed.length - 16, sealed.length - 1].map((at) => {
        const changed = sealed.slice()
        changed[at]! ^= 0x80
        return open(3, false, changed)
      })
      const lies = [
        ...flipped,
        open(4, false, sealed),
        open(3, true, sealed),
        open(3, false, sealed, { ...key, contentKey: random(32) }),
        open(3, false, sealed, { ...key, rawHeader: asset().rawHeader }),
        open(3, false, sealed.slice(0, -1)),
        open(3, false, sealed.slice(0, 48)),
        open(3, true, new Uint8Array(0)),
      ]
      for (const lie of lies) expect(lie).to.throw().with.property("code", "integrity")
      expect(open(4, false, sealed))
        .to.throw()
        .with.property("place", "segment 4")
      expect(equalBytes(open(3, false, sealed)(), plaintext)).to.equal(true)
    })
  }
})

describe("the keystore", () => {
  before(sodiumReady)

  it("opens with its passphrase, in whatever form Unicode writes it, and with no other", function () {
    this.timeout(90_000)
    const content = random(1_000)
    const lock = createKeystoreLock("caf\u00e9 au lait", random)
    const raw = lock.seal(content)
    expect(keystoreNeedsPassphrase(raw)).to.equal(true)
    const opened = openKeystore(raw, "cafe\u0301 au lait", random)
    expect(equalBytes(opened.content, content)).to.equal(true)
    expect(equalBytes(lock.reopen(opened.lock.seal(content)), content)).to.equal(true)
    expect(() => openKeystore(raw, "cafe au lait", random))
      .to.throw()
      .with.property("code", "cannot-open")
    expect(() => openKeystore(raw, null, random))
      .to.throw()
      .with.property("code", "cannot-open")
  })

  it("without a passphrase holds its content as it is", () => {
    const content = random(10)
    const raw = createKeystoreLock(null, random).seal(content)
    expect(keystoreNeedsPassphrase(raw)).to.equal(false)
    expect(equalBytes(openKeystore(raw, null, random).content, content)).to.equal(true)
  })
})
