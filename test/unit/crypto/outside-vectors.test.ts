import { createPrivateKey, sign } from "node:crypto"
import { expect } from "chai"
import { concatBytes, fromHex, toHex } from "../../../shared/protocol/bytes.js"
import { verifySignature as serverVerifies } from "../../../shared/server/signatures.js"
import { nodePrimitives } from "../../../client/crypto/node-primitives.js"
import { sodiumPrimitives } from "../../../client/crypto/primitives.js"
import { blake2b, signerOfSeed, sodiumReady, verifySignature } from "../../../client/crypto/sodium.js"

/** Values that others published, and the classes of forgery that Project Wycheproof tests for. */
describe("primitives against outside vectors", () => {
  before(sodiumReady)

  const aead = {
    key: fromHex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
    nonce: fromHex("070000004041424344454647"),
    aad: fromHex("50515253c0c1c2c3c4c5c6c7"),
    plaintext: new TextEncoder().encode(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    ),
    sealed: fromHex(
      "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
    ),
  }

  for (const [name, primitives] of [
    ["node:crypto", nodePrimitives],
    ["libsodium", sodiumPrimitives],
  ] as const) {
    it(`ChaCha20-Poly1305 of ${name} gives RFC 8439 §2.8.2`, () => {
      const out = new Uint8Array(aead.plaintext.length + 16)
      primitives.seal(aead.key, aead.nonce, aead.aad, aead.plaintext, out)
      expect(toHex(out)).to.equal(toHex(aead.sealed))
      expect(primitives.open(aead.key, aead.nonce, aead.aad, out)).to.deep.equal(
        primitives === nodePrimitives ? Buffer.from(aead.plaintext) : aead.plaintext,
      )
    })

    it(`ChaCha20-Poly1305 of ${name} refuses every flipped bit, a cut tag, another nonce or aad`, () => {
      for (let bit = 0; bit < aead.sealed.length * 8; bit += 7) {
        const forged = aead.sealed.slice()
        forged[bit >> 3]! ^= 1 << (bit & 7)
        expect(primitives.open(aead.key, aead.nonce, aead.aad, forged), `bit ${bit}`).to.equal(null)
      }
      expect(primitives.open(aead.key, aead.nonce, aead.aad, aead.sealed.subarray(0, -1))).to.equal(null)
      expect(primitives.open(aead.key, new Uint8Array(12), aead.aad, aead.sealed)).to.equal(null)
      expect(primitives.open(aead.key, aead.nonce, new Uint8Array(0), aead.sealed)).to.equal(null)
    })
  }

  // RFC 8032 §7.1, tests 1 to 3.
  const signatures = [
    {
      seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      message: "",
      signature:
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    },
    {
      seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      message: "72",
      signature:
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    },
    {
      seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      message: "af82",
      signature:
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    },
  ]

  signatures.forEach(({ seed, publicKey, message, signature }, index) => {
    it(`Ed25519 gives RFC 8032 §7.1 test ${index + 1}, on both sides`, () => {
      const signer = signerOfSeed(fromHex(seed))
      expect(toHex(signer.publicKey)).to.equal(publicKey)
      expect(toHex(signer.sign(fromHex(message)))).to.equal(signature)
      for (const verify of [verifySignature, serverVerifies]) {
        expect(verify(fromHex(signature), fromHex(message), fromHex(publicKey))).to.equal(true)
      }
    })
  })

  it("Ed25519 refuses what Wycheproof's invalid cases are made of (B5)", () => {
    const [, { publicKey, message, signature }] = signatures as [unknown, (typeof signatures)[number]]
    const [key, raw] = [fromHex(publicKey), fromHex(signature)]
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    const [r, s] = [raw.slice(0, 32), littleEndian(raw.slice(32))]
    const smallOrder = fromHex("0100000000000000000000000000000000000000000000000000000000000000")
    const forged: Readonly<Record<string, readonly [Uint8Array, Uint8Array, Uint8Array]>> = {
      "signature malleability: S + L": [concatBytes(r, toLittleEndian(s + order)), fromHex(message), key],
      "S = L": [concatBytes(r, toLittleEndian(order)), fromHex(message), key],
      "all zeros": [new Uint8Array(64), fromHex(message), key],
      "R and S zero under a key of small order": [
        concatBytes(smallOrder, new Uint8Array(32)),
        fromHex(message),
        smallOrder,
      ],
      "another message": [raw, fromHex("73"), key],
      "cut by one byte": [raw.slice(0, 63), fromHex(message), key],
      "one byte too long": [concatBytes(raw, new Uint8Array(1)), fromHex(message), key],
      empty: [new Uint8Array(0), fromHex(message), key],
      "a key that is no point": [raw, fromHex(message), new Uint8Array(32).fill(0xff)],
      "a key cut by one byte": [raw, fromHex(message), key.slice(0, 31)],
      "halves exchanged": [concatBytes(raw.slice(32), r), fromHex(message), key],
    }
    for (const [name, [badSignature, badMessage, badKey]] of Object.entries(forged)) {
      for (const verify of [verifySignature, serverVerifies])
        expect(verify(badSignature, badMessage, badKey), name).to.equal(false)
    }
  })

  it("Ed25519 signs as node:crypto does", () => {
    const seed = fromHex(signatures[2]!.seed)
    const privateKey = createPrivateKey({
      key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]),
      format: "der",
      type: "pkcs8",
    })
    const message = new Uint8Array(1_000).fill(7)
    expect(toHex(signerOfSeed(seed).sign(message))).to.equal(sign(null, message, privateKey).toString("hex"))
  })

  it("keyed BLAKE2b-512 gives the first known answers of the BLAKE2 authors", () => {
    const key = Uint8Array.from({ length: 64 }, (_, index) => index)
    expect(toHex(blake2b(64, key, new Uint8Array(0)))).to.equal(
      "10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aefcbc13fc51568",
    )
    expect(toHex(blake2b(64, key, Uint8Array.of(0)))).to.equal(
      "961f6dd1e4dd30f63901690c512e78e4b45e4742ed197c3c5e45c549fd25f2e4187b0bc9fe30492b16b0d0bc4ef9b0f34c7003fac09a5ef1532e69430234cebd",
    )
  })
})

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n)
}

function toLittleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn))
}
