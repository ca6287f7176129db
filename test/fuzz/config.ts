import { z } from "zod"

const environment = z.object({
  TACITURN_TEST_FULL: z.literal("1").optional(),
  TACITURN_FUZZ_SEED: z.coerce.number().int().min(0).max(0xffff_ffff).optional(),
})

const parsed = environment.parse(process.env)

const FULL_RUNS = 100_000
const QUICK_RUNS = 10_000

/** How much is fuzzed, and from which seed: the same seed gives the same inputs. */
export const FUZZING = {
  isFull: parsed.TACITURN_TEST_FULL === "1",
  runsPerDecoder: parsed.TACITURN_TEST_FULL === "1" ? FULL_RUNS : QUICK_RUNS,
  seed: parsed.TACITURN_FUZZ_SEED ?? Math.floor(Date.now() / 1_000) % 0xffff_ffff,
} as const
