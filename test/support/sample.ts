import { chanceOf } from "./chance.js"
import { TEST_RUN } from "./config.js"

/** Everything in a full run; else `count` of it, by the seed, in its order. */
export function sampleOf<T>(name: string, all: readonly T[], count: number): readonly T[] {
  if (TEST_RUN.isFull || count >= all.length) return all
  const chance = chanceOf(TEST_RUN.seed, name)
  const chosen = new Set<number>()
  while (chosen.size < count) chosen.add(chance.below(all.length))
  return all.filter((_item, index) => chosen.has(index))
}
