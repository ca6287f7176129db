import * as z from "zod"

const environment = z.object({
  TACITURN_TEST_FULL: z.literal("1").optional(),
  TACITURN_TEST_PROCESSES: z.string().min(1).optional(),
  TACITURN_TEST_SEED: z.coerce.number().int().min(0).max(0xffff_ffff).optional(),
})

const parsed = environment.parse(process.env)
const isFull = parsed.TACITURN_TEST_FULL === "1"

/** What a commit's tests say must not hang on the day: a run that looks for what nobody has seen yet is one with `--full`. From this one on a script failed once. */
const SEED = 1_795_462_475

/** How much of what can be repeated at will is run, and from which seed: the same seed gives the same. */
export const TEST_RUN = {
  /** A file for the ids of processes that end by themselves with the run: whoever began it waits for them. */
  processesPath: parsed.TACITURN_TEST_PROCESSES ?? null,
  isFull,
  seed: parsed.TACITURN_TEST_SEED ?? (isFull ? Math.floor(Date.now() / 1_000) % 0xffff_ffff : SEED),
} as const
