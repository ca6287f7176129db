import { expect } from "chai"
import { decode } from "cborg"
import fc from "fast-check"
import {
  compareBytes,
  concatBytes,
  equalBytes,
  fromBase64Url,
  fromHex,
  toBase64Url,
  toHex,
  u64,
} from "../../shared/protocol/bytes.js"
import { type CborValue, decodeCbor, encodeCbor } from "../../shared/protocol/cbor.js"
import { chunkSubtreeRoot, encodeChunkHashes, openChunkHashes } from "../../shared/protocol/chunk-hashes.js"
import { asId, formatId, type IdKind, parseId } from "../../shared/protocol/ids.js"
import { auditPath, leafHash, merkleRoot, rootFromPath } from "../../shared/protocol/merkle.js"
import { padRecord, padTo, storedBytesOfFile, unpad, unpadRecord } from "../../shared/protocol/padding.js"
import {
  CHUNK_BYTES,
  chunkCount,
  chunkSize,
  isStreamSize,
  plaintextBytes,
  SEGMENT_BYTES,
  SEGMENT_PLAINTEXT_BYTES,
  sealedBytes,
  segmentCount,
  segmentsInChunk,
  segmentSize,
} from "../../shared/protocol/sizes.js"

const bytes = (maxLength = 300): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const cborValue: fc.Arbitrary<CborValue> = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 8 },
    fc.maxSafeNat(),
    fc.string({ unit: "grapheme" }),
    fc.boolean(),
    fc.constant(null),
    bytes(80),
    fc.array(tie("value"), { maxLength: 6 }),
  ),
})).value
const kinds: readonly IdKind[] = ["account", "device", "meeting", "recording", "asset", "instance"]

describe("properties of the protocol", () => {
  it("hex and base64url bring every byte back", () => {
    fc.assert(
      fc.property(bytes(), (value) => {
        expect(fromHex(toHex(value))).to.deep.equal(value)
        expect(fromBase64Url(toBase64Url(value))).to.deep.equal(value)
        expect(toBase64Url(value)).to.equal(Buffer.from(value).toString("base64url"))
      }),
    )
  })

  it("base64url accepts no second spelling of the same bytes", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."AQgw_-z09"), maxLength: 24 }), (text) => {
        let decoded: Uint8Array
        try {
          decoded = fromBase64Url(text)
        } catch {
          return
        }
        expect(toBase64Url(decoded)).to.equal(text)
      }),
    )
  })

  it("comparing bytes orders as Buffer does, and equality is being the same", () => {
    fc.assert(
      fc.property(bytes(6), bytes(6), (a, b) => {
        expect(Math.sign(compareBytes(a, b))).to.equal(Buffer.compare(a, b))
        expect(equalBytes(a, b)).to.equal(Buffer.compare(a, b) === 0)
      }),
    )
  })

  it("u64 keeps order", () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.maxSafeNat(),
        (a, b) => Math.sign(compareBytes(u64(a), u64(b))) === Math.sign(a - b),
      ),
    )
  })

  it("CBOR brings every value back, and only from its own bytes", () => {
    fc.assert(
      fc.property(cborValue, (value) => {
        const raw = encodeCbor(value)
        expect(decodeCbor(raw, 1_000_000)).to.deep.equal(value)
        expect(() => decodeCbor(concatBytes(raw, Uint8Array.of(0)), 1_000_000)).to.throw()
        expect(() => decodeCbor(raw.subarray(0, raw.length - 1), 1_000_000)).to.throw()
      }),
    )
  })

  it("any bytes that decode as CBOR are the one encoding of their value (B1)", () => {
    fc.assert(
      fc.property(cborValue, fc.nat(), fc.nat(255), (value, place, byte) => {
        const raw = encodeCbor(value)
        raw[place % raw.length] = byte
        let decoded: CborValue
        try {
          decoded = decodeCbor(raw, 1_000_000)
        } catch {
          return
        }
        expect(encodeCbor(decoded)).to.deep.equal(raw)
      }),
      { numRuns: 2_000 },
    )
  })

  it("CBOR decodes to what cborg decodes to", () => {
    fc.assert(
      fc.property(cborValue, (value) => {
        const raw = encodeCbor(value)
        expect(decodeCbor(raw, 1_000_000)).to.deep.equal(decode(raw, { strict: true }))
      }),
    )
  })

  it("CBOR's integers and lengths have one form at every border", () => {
    for (const value of [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      expect(decodeCbor(encodeCbor(value), 16)).to.equal(value)
    }
    for (const length of [0, 23, 24, 255, 256, 65_535, 65_536]) {
      const [text, data] = ["x".repeat(length), new Uint8Array(length)]
      expect(decodeCbor(encodeCbor([text, data]), 200_000)).to.deep.equal([text, data])
      expect(decodeCbor(encodeCbor(Array.from({ length }, () => 0)), 2_000_000)).to.have.length(length)
    }
  })

  it("ids survive their text form in any case, and no other kind reads them (B4)", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.constantFrom(...kinds),
        fc.constantFrom(...kinds),
        (value, kind, other) => {
          const text = formatId(kind, asId(kind, value))
          expect(parseId(kind, text)).to.deep.equal(value)
          expect(parseId(kind, text.toUpperCase())).to.deep.equal(value)
          if (other !== kind) expect(() => parseId(other, text)).to.throw("is needed")
        },
      ),
    )
  })

  it("an id with one character changed is refused (B4)", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.nat(31),
        fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz234567"),
        (value, place, character) => {
          const text = formatId("asset", asId("asset", value))
          const changed = text.slice(0, 6 + place) + character + text.slice(7 + place)
          if (changed !== text) expect(() => parseId("asset", changed)).to.throw()
        },
      ),
    )
  })

  it("padding comes off as it went on", () => {
    fc.assert(
      fc.property(bytes(900), fc.nat(50), (value, room) => {
        expect(unpadRecord(padRecord(value))).to.deep.equal(value)
        expect(padRecord(value).length % 256).to.equal(0)
        expect(padRecord(value).length - value.length).to.be.within(1, 256)
        expect(unpad(padTo(value, value.length + 1 + room))).to.deep.equal(value)
      }),
    )
  })

  it("a record's padding is refused where the mark is missing, or too far from the end", () => {
    fc.assert(
      fc.property(bytes(200), (value) => {
        expect(unpad(concatBytes(value, Uint8Array.of(0x81, 0)))).to.equal(null)
        expect(unpadRecord(concatBytes(value, Uint8Array.of(0x80), new Uint8Array(256)))).to.equal(null)
        expect(unpad(new Uint8Array(value.length))).to.equal(null)
      }),
    )
  })

  it("plaintextBytes inverts sealedBytes for every file", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: SEGMENT_PLAINTEXT_BYTES, max: 2 ** 42 }),
        (plain) => plaintextBytes(sealedBytes(plain)) === plain,
      ),
    )
  })

  it("every file's stored size is possible, monotonic, and holds the file and its mark", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 42 }), (trueBytes) => {
        const stored = storedBytesOfFile(trueBytes)
        expect(isStreamSize(stored, "file")).to.equal(true)
        expect(plaintextBytes(stored)).to.be.at.least(trueBytes + 1)
        expect(storedBytesOfFile(trueBytes + 1)).to.be.at.least(stored)
      }),
    )
  })

  it("segments and chunks add up to the stream", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 * CHUNK_BYTES }), (trueBytes) => {
        const stored = storedBytesOfFile(trueBytes)
        const chunks = Array.from({ length: chunkCount(stored) }, (_, index) => index)
        expect(chunks.reduce((sum, index) => sum + chunkSize(index, stored), 0)).to.equal(stored)
        expect(chunks.reduce((sum, index) => sum + segmentsInChunk(index, stored), 0)).to.equal(segmentCount(stored))
        expect((segmentCount(stored) - 1) * SEGMENT_BYTES + segmentSize(segmentCount(stored) - 1, stored)).to.equal(
          stored,
        )
      }),
    )
  })

  it("the Merkle tree over all segments is the tree over the chunks' subtree roots", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), (count) => {
        const leaves = Array.from({ length: count }, (_, index) => leafHash(u64(index)))
        const chunks = Array.from({ length: Math.ceil(count / 128) }, (_, chunk) =>
          concatBytes(...leaves.slice(chunk * 128, (chunk + 1) * 128)),
        )
        const chunkRoots = chunks.map(chunkSubtreeRoot)
        const root = merkleRoot(leaves)
        expect(merkleRoot(chunkRoots)).to.deep.equal(root)
        const storedBytes = count * SEGMENT_BYTES
        chunks.forEach((raw, chunk) => {
          const opened = openChunkHashes(encodeChunkHashes(raw, chunkRoots, chunk), { chunk, storedBytes, root })
          expect(concatBytes(...opened)).to.deep.equal(raw)
        })
      }),
      { numRuns: 12 },
    )
  })

  it("no path proves another leaf", () => {
    fc.assert(
      fc.property(fc.array(hash, { minLength: 2, maxLength: 20 }), fc.nat(), hash, (leaves, place, other) => {
        const index = place % leaves.length
        const root = rootFromPath(other, index, leaves.length, auditPath(leaves, index))
        expect(equalBytes(root, merkleRoot(leaves))).to.equal(equalBytes(other, leaves[index] ?? other))
      }),
    )
  })
})
