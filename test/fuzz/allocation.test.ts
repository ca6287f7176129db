import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { expect } from "chai"
import { sodiumReady } from "../../client/crypto/sodium.js"
import { concatBytes } from "../../shared/protocol/bytes.js"
import { encodeCbor } from "../../shared/protocol/cbor.js"
import { isArchiveError } from "../../shared/protocol/errors.js"
import { allFormats } from "../support/formats/all.js"
import { TEST_RUN } from "../support/config.js"
import type { Format } from "../support/formats/format.js"
import { unfrozenFormats } from "../support/formats/unfrozen.js"
import { LYING_HEADS } from "./mutations.js"

/** In how many places of a valid input each lie is told. */
const PLACES = TEST_RUN.isFull ? 8 : 4
const MEBIBYTE = 1024 * 1024
/** What the measuring itself, an error and its stack cost. */
const NOISE_BYTES = MEBIBYTE
/** Copies of byte strings, 32 bytes for an item in each 16 of the limit, and arrays that grow by doubling. */
const LARGEST_FACTOR = 4

setFlagsFromString("--expose-gc")
const collectGarbage = runInNewContext("gc") as () => void

/** A collection frees the memory of buffers in the background; the next waits until that is done. */
function collectTwice(): void {
  collectGarbage()
  collectGarbage()
}

/** Bytes that `work` left allocated, on the heap and beside it. It runs in one go, so little of them is collected before they are counted. */
function allocatedBy(work: () => void): number {
  const before = process.memoryUsage()
  work()
  const after = process.memoryUsage()
  return after.heapUsed + after.external - before.heapUsed - before.external
}

/** The same of several runs: what other code left behind may be freed during one of them, and would hide as much. */
function mostAllocatedBy(make: () => unknown): number {
  let most = 0
  for (let run = 0; run < 5; run++) {
    let kept: unknown
    collectTwice()
    const allocated = allocatedBy(() => (kept = make()))
    if (kept !== undefined) most = Math.max(most, allocated)
  }
  return most
}

/** The newest result: while it is kept, no collection hides what it takes. */
const newest: unknown[] = []

function decodeQuietly(format: Format, raw: Uint8Array): void {
  try {
    newest[0] = format.decode(raw)
  } catch (error) {
    if (!isArchiveError(error)) throw error
  }
}

/** What a right input costs beside its result, as the verifying of a chain's links does: a wrong one may cost that too. */
function usualBytes(format: Format): number {
  const valid = format.assemble(format.material)
  collectGarbage()
  const measures = Array.from({ length: 5 }, () =>
    allocatedBy(() => {
      decodeQuietly(format, valid)
    }),
  )
  return Math.max(0, ...measures)
}

/** What an input costs it costs each time; what the machine does beside is there once, so a cost above the limit is measured again. */
function expectWithin(limitBytes: number, format: Format, raw: Uint8Array): void {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < 5 && least >= limitBytes + NOISE_BYTES; run++) {
    if (run > 0) collectTwice()
    const allocated = allocatedBy(() => {
      decodeQuietly(format, raw)
    })
    least = Math.min(least, allocated)
  }
  expect(least, format.name).to.be.below(limitBytes + NOISE_BYTES)
}

/** A length or count that is a lie: alone, and in each place of a valid input. */
function* liesIn(format: Format): Generator<Uint8Array> {
  const valid = format.assemble(format.material)
  const step = Math.max(1, Math.floor(valid.length / PLACES))
  for (const head of LYING_HEADS) {
    yield head
    yield format.assemble(head)
    for (let at = 0; at < Math.min(valid.length, PLACES * step); at += step)
      yield concatBytes(valid.subarray(0, at), head, valid.subarray(at))
  }
  // Counts in counts: what each of them reserved would multiply.
  const nested = concatBytes(...Array.from({ length: 15 }, () => Uint8Array.of(0x9a, 0x00, 0x00, 0x40, 0x00)))
  yield concatBytes(nested, new Uint8Array(0x4000))
}

/** The costliest inputs that are as long as the limit. */
function* largestFor(limitBytes: number): Generator<Uint8Array> {
  const items = Math.max(1, limitBytes - 5)
  const head = Uint8Array.of(0x9a, items >>> 24, (items >>> 16) & 255, (items >>> 8) & 255, items & 255)
  yield concatBytes(head, new Uint8Array(items)).subarray(0, limitBytes)
  yield concatBytes(head, new Uint8Array(items).fill(0x80)).subarray(0, limitBytes)
  yield encodeCbor(new Uint8Array(items)).subarray(0, limitBytes)
  yield encodeCbor([1, new Uint8Array(Math.max(0, limitBytes - 7))]).subarray(0, limitBytes)
  yield new Uint8Array(limitBytes + 1)
}

describe("what a decoder allocates", function () {
  this.timeout(120_000)
  let formats: readonly Format[] = []

  before(async () => {
    await sodiumReady()
    formats = [...allFormats(), ...unfrozenFormats()]
  })

  it("the measure sees a buffer and an array that nothing was written to", () => {
    expect(mostAllocatedBy(() => new Uint8Array(64 * MEBIBYTE))).to.be.at.least(64 * MEBIBYTE - NOISE_BYTES)
    expect(mostAllocatedBy(() => new Array(8 * MEBIBYTE))).to.be.at.least(8 * MEBIBYTE - NOISE_BYTES)
    const [format] = formats
    const greedy = { ...format!, decode: () => new Uint8Array(8 * MEBIBYTE) }
    expect(() => {
      expectWithin(4 * MEBIBYTE, greedy, new Uint8Array(1))
    }).to.throw(format!.name)
  })

  it("stays within the format's limit, whatever length an input claims (B1)", () => {
    for (const format of formats) {
      for (const raw of liesIn(format)) decodeQuietly(format, raw)
      const limitBytes = format.limitBytes + usualBytes(format)
      for (const raw of liesIn(format)) expectWithin(limitBytes, format, raw)
    }
  })

  it("input of the largest size costs a few times its length at most", () => {
    for (const format of formats) {
      collectGarbage()
      for (const raw of largestFor(format.limitBytes)) expectWithin(LARGEST_FACTOR * format.limitBytes, format, raw)
    }
  })
})
