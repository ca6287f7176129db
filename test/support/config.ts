import * as z from "zod"

const environment = z.object({
  TACITURN_TEST_FULL: z.literal("1").optional(),
  TACITURN_TEST_PROCESSES: z.string().min(1).optional(),
  TACITURN_TEST_SEED: z.coerce.number().int().min(0).max(0xffff_ffff).optional(),
})

const parsed = environment.parse(process.env)

/** How much of what can be repeated at will is run, and from which seed: the same seed gives the same. */
export const TEST_RUN = {
  /** A file for the ids of processes that end by themselves with the run: whoever began it waits for them. */
  processesPath: parsed.TACITURN_TEST_PROCESSES ?? null,
  isFull: parsed.TACITURN_TEST_FULL === "1",
  seed: parsed.TACITURN_TEST_SEED ?? Math.floor(Date.now() / 1_000) % 0xffff_ffff,
} as const
