import { expect } from "chai"
import { sodiumReady } from "../../client/crypto/sodium.js"
import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { type ErrorCode, isArchiveError } from "../../shared/protocol/errors.js"
import { allFormats } from "../support/formats/all.js"
import type { Format } from "../support/formats/format.js"
import { unfrozenFormats } from "../support/formats/unfrozen.js"
import { type Chance, chanceOf } from "../support/chance.js"
import { TEST_RUN } from "../support/config.js"
import { mutateBytes, mutateMaterial } from "./mutations.js"

const RUNS_PER_DECODER = TEST_RUN.isFull ? 100_000 : 3_000
/** Of those whose inputs are chains of accounts with all their signatures: these take as long as all the runs of another. */
const RUNS_OF_SIGNATURES = TEST_RUN.isFull ? 10_000 : 1_000
const LARGEST_LIMIT_BYTES = 64 * 1024 * 1024
/** One buffer for every input above a limit; each takes its part. */
const oversized = new Uint8Array(LARGEST_LIMIT_BYTES + 1)

/**
 * A pinned link goes through all that a link does, an invitation's box through all that a box and an offer's box do, and a sealed invite link through all
 * that an open one does: X-Wing and signatures are slow.
 */
const WITHIN_ANOTHER: ReadonlySet<string> = new Set(["link", "hpke-box", "offer-box", "invite-link"])

const MANY_SIGNATURES: ReadonlySet<string> = new Set(["opening-head", "opening-messages"])

interface Input {
  readonly raw: Uint8Array
  /** Whether the test itself signed or sealed it. */
  readonly signedAgain: boolean
}

interface Outcome {
  readonly accepted: number
  readonly codes: ReadonlyMap<ErrorCode, number>
}

describe(`fuzzing ${RUNS_PER_DECODER} inputs per decoder from TACITURN_TEST_SEED=${TEST_RUN.seed}`, function () {
  this.timeout(3_600_000)
  let formats: readonly Format[] = []

  const { stackTraceLimit } = Error

  before(async () => {
    await sodiumReady()
    // A seventh of the time goes to the stacks of refusals; the seed and the run say where one came from.
    Error.stackTraceLimit = 0
    formats = [...allFormats().filter(({ name }) => !WITHIN_ANOTHER.has(name)), ...unfrozenFormats()]
  })

  after(() => {
    Error.stackTraceLimit = stackTraceLimit
  })

  it("every decoder throws the one error class alone, reaches every code it documents, and accepts nothing unsigned", () => {
    const raws = formats.map((format) => format.assemble(format.material))
    for (const format of formats) {
      const { accepted, codes } = fuzz(format, raws)
      expect([...codes.keys()].toSorted(), `codes of ${format.name}`).to.deep.equal(format.codes.toSorted())
      expect(accepted, `${format.name} accepts what is right`).to.be.greaterThan(0)
    }
  })
})

function fuzz(format: Format, others: readonly Uint8Array[]): Outcome {
  const chance = chanceOf(TEST_RUN.seed, format.name)
  const valid = format.assemble(format.material)
  const codes = new Map<ErrorCode, number>()
  let accepted = 0
  const runs = MANY_SIGNATURES.has(format.name) ? RUNS_OF_SIGNATURES : RUNS_PER_DECODER
  for (let run = 0; run < runs; run++) {
    const { raw, signedAgain } = inputOf(format, valid, others, run, chance)
    const code = decodeOrCode(format, raw, run)
    if (code !== null) {
      codes.set(code, (codes.get(code) ?? 0) + 1)
      continue
    }
    accepted++
    if (format.vouched && !signedAgain && !equalBytes(raw, valid))
      throw new Error(`${format.name} accepts bytes that nobody signed, run ${run}: ${toHex(raw)}`)
  }
  return { accepted, codes }
}

/** Every other input is a mutation that was signed or sealed again; the others are what a stranger can send. */
function inputOf(format: Format, valid: Uint8Array, others: readonly Uint8Array[], run: number, chance: Chance): Input {
  if (run === 0) return { raw: valid, signedAgain: true }
  if (run % 2 === 0) return { raw: format.assemble(mutateMaterial(format.material, chance)), signedAgain: true }
  const kind = chance.below(100)
  if (kind < 55) return { raw: mutateBytes(valid, chance), signedAgain: false }
  if (kind < 75)
    return { raw: chance.bytes(chance.below(Math.min(2 * valid.length, format.limitBytes) + 1)), signedAgain: false }
  if (kind < 85) return { raw: chance.pick(others), signedAgain: true }
  if (kind < 99 && format.refusals.length > 0) return { raw: chance.pick(format.refusals).raw, signedAgain: true }
  return { raw: oversized.subarray(0, format.limitBytes + 1), signedAgain: false }
}

function decodeOrCode(format: Format, raw: Uint8Array, run: number): ErrorCode | null {
  try {
    format.decode(raw)
    return null
  } catch (error) {
    if (isArchiveError(error)) return error.code
    throw new Error(`${format.name} throws another error in run ${run}: ${toHex(raw.subarray(0, 4_096))}`, {
      cause: error,
    })
  }
}
