import { expect } from "chai"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { padme, paddedPlaintextBytes, storedBytesOfFile } from "../../../shared/protocol/padding.js"
import {
  CHUNK_BYTES,
  chunkCount,
  chunkSize,
  isStreamSize,
  MAX_STREAM_BYTES,
  plaintextBytes,
  SEGMENT_BYTES,
  SEGMENT_PLAINTEXT_BYTES,
  sealedBytes,
  segmentCount,
  segmentOfPlaintext,
  segmentsInChunk,
  segmentSize,
} from "../../../shared/protocol/sizes.js"

/** The definition in whole numbers, as SPEC.md §4.2 writes it. */
function padmeByDefinition(length: bigint): bigint {
  if (length < 2n) return length
  const exponent = BigInt(length.toString(2).length - 1)
  const step = BigInt(exponent.toString(2).length)
  const mask = exponent > step ? (1n << (exponent - step)) - 1n : 0n
  return (length + mask) & ~mask
}

describe("padmé", () => {
  // Nikitin et al. 2019, and by hand: E, S, then the next multiple of 2^(E-S).
  const known = [
    [1, 1],
    [2, 2],
    [3, 3],
    [8, 8],
    [9, 10],
    [10, 10],
    [17, 18],
    [100, 104],
    [1_000, 1_024],
    [65_488, 65_536],
    [65_489, 65_536],
    [65_537, 67_584],
    [1_000_000, 1_015_808],
    [1_073_741_825, 1_107_296_256],
  ] as const
  for (const [length, padded] of known) {
    it(`pads ${length} to ${padded}`, () => {
      expect(padme(length)).to.equal(padded)
    })
  }

  it("is what whole numbers give, at and around every power of two up to the largest stream", () => {
    for (let exponent = 1; exponent <= 43; exponent++) {
      for (const length of [2 ** exponent - 1, 2 ** exponent, 2 ** exponent + 1, 2 ** exponent + 12_345]) {
        expect(padme(length), String(length)).to.equal(Number(padmeByDefinition(BigInt(length))))
      }
    }
  })

  it("adds at most 12 %", () => {
    for (let length = 2; length < 100_000; length += 7) expect(padme(length) / length).to.be.below(1.12)
  })
})

describe("sizes of a stream", () => {
  it("a file is never stored as less than one whole segment", () => {
    for (const trueBytes of [0, 1, 63_486, 63_487]) {
      expect(paddedPlaintextBytes(trueBytes)).to.equal(SEGMENT_PLAINTEXT_BYTES)
      expect(storedBytesOfFile(trueBytes)).to.equal(SEGMENT_BYTES)
    }
    // One byte more, with the padding mark, and Padmé steps beyond a segment.
    expect(storedBytesOfFile(63_488)).to.equal(65_536 + 2 * 48)
  })

  it("knows which sizes no stream has (A2)", () => {
    const file = [
      [SEGMENT_BYTES - 1, false],
      [SEGMENT_BYTES, true],
      [SEGMENT_BYTES + 48, false],
      [SEGMENT_BYTES + 49, true],
      [MAX_STREAM_BYTES, true],
      [MAX_STREAM_BYTES + SEGMENT_BYTES, false],
      [0, false],
      [-SEGMENT_BYTES, false],
      [Number.NaN, false],
      [SEGMENT_BYTES + 0.5, false],
      [2 ** 60, false],
    ] as const
    for (const [bytes, possible] of file) expect(isStreamSize(bytes, "file"), String(bytes)).to.equal(possible)
    for (const [bytes, possible] of [
      [0, false],
      [49, false],
      [SEGMENT_BYTES, true],
      [SEGMENT_BYTES + 49, false],
      [3 * SEGMENT_BYTES, true],
    ] as const)
      expect(isStreamSize(bytes, "live"), String(bytes)).to.equal(possible)
    expect(() => plaintextBytes(SEGMENT_BYTES + 48))
      .to.throw()
      .that.satisfies((error: unknown) => isArchiveError(error) && error.code === "malformed")
  })

  it("counts and measures segments and chunks at the borders", () => {
    const stored = CHUNK_BYTES + SEGMENT_BYTES + 49
    expect([
      segmentCount(stored),
      chunkCount(stored),
      segmentsInChunk(0, stored),
      segmentsInChunk(1, stored),
    ]).to.deep.equal([130, 2, 128, 2])
    expect([
      segmentSize(129, stored),
      segmentSize(128, stored),
      chunkSize(0, stored),
      chunkSize(1, stored),
    ]).to.deep.equal([49, SEGMENT_BYTES, CHUNK_BYTES, SEGMENT_BYTES + 49])
    expect([
      segmentOfPlaintext(SEGMENT_PLAINTEXT_BYTES - 1),
      segmentOfPlaintext(SEGMENT_PLAINTEXT_BYTES),
    ]).to.deep.equal([0, 1])
    expect(sealedBytes(SEGMENT_PLAINTEXT_BYTES + 1)).to.equal(SEGMENT_BYTES + 49)
  })
})
