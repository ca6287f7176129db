import { expect } from "chai"
import { assetHeaderHash, encodeAssetHeader } from "../../shared/protocol/asset-header.js"
import { concatBytes, equalBytes, lengthPrefixed, u64, utf8 } from "../../shared/protocol/bytes.js"
import { asId } from "../../shared/protocol/ids.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { nodePrimitives } from "../../client/crypto/node-primitives.js"
import { sodiumPrimitives } from "../../client/crypto/primitives.js"
import { type AssetKey, createSegmentOpener, segmentSecret } from "../../client/crypto/segments.js"
import { blake2b, sodiumReady } from "../../client/crypto/sodium.js"
import { random } from "../support/people.js"
import { sealForTwoKeys } from "./two-key-ciphertext.js"

const NONCE_OF_LAST = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)

/** SPEC.md §4.3, written a second time: the last segment's commitment, key and aad. */
function derivedSegment(key: AssetKey, index: number): Record<"commitment" | "key" | "aad", Uint8Array> {
  const headerHash = assetHeaderHash(key.rawHeader)
  const aad = concatBytes(headerHash, u64(index), Uint8Array.of(1))
  const secret = segmentSecret(key.contentKey, headerHash, index)
  const derived = blake2b(64, secret, concatBytes(lengthPrefixed(utf8(LABELS.segment)), aad))
  return { commitment: derived.slice(0, 32), key: derived.slice(32), aad }
}

describe("a ciphertext that opens under two ChaCha20-Poly1305 keys", () => {
  before(sodiumReady)

  it("opens under one content key only: the commitment tells them apart", () => {
    const first = {
      contentKey: random(32),
      rawHeader: encodeAssetHeader({ kind: "file", assetId: asId("asset", random(16)), salt: random(32) }),
    }
    const second = { ...first, contentKey: random(32) }
    const [one, other] = [first, second].map((key) => derivedSegment(key, 0))
    const forged = sealForTwoKeys(one!.key, other!.key, NONCE_OF_LAST, one!.aad)
    for (const primitives of [nodePrimitives, sodiumPrimitives]) {
      const plaintexts = [one!, other!].map(({ key, aad }) => primitives.open(key, NONCE_OF_LAST, aad, forged))
      expect(plaintexts, "the forgery itself").not.to.include(null)
      expect(equalBytes(plaintexts[0]!, plaintexts[1]!)).to.equal(false)
      const segment = concatBytes(one!.commitment, forged)
      expect(equalBytes(createSegmentOpener(first, primitives).open(0, true, segment), plaintexts[0]!)).to.equal(true)
      expect(() => createSegmentOpener(second, primitives).open(0, true, segment))
        .to.throw()
        .with.property("code", "integrity")
    }
  })
})
