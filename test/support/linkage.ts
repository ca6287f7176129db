import type { Chance } from "./chance.js"

/** What an analyst of a seized server has of one life: how far each account stands from each meeting, and who really was in which. */
export interface LifeTable {
  /** By account, then meeting; infinite where the account, or the meeting, shows nothing. */
  readonly distances: readonly (readonly number[])[]
  readonly isMember: readonly (readonly boolean[])[]
}

/**
 * The probability that accounts stand as near to their own meetings as these do if storage knew nothing of who is in which: by permuting, within each
 * life, whose memberships are whose. Only the order of an account's distances to the meetings of its life counts, so an account that is near to all, or a
 * meeting that all are near to, is no evidence. The analyst is given the lives, and that is more than it has.
 */
export function linkageProbability(lives: readonly LifeTable[], chance: Chance, permutations: number): number {
  const scores = lives.map(({ distances, isMember }) => scoresOf(distances.map(ranksOf), isMember))
  const observed = scores.reduce((sum, life) => sum + trace(life), 0)
  let asNear = 1
  for (let n = 0; n < permutations; n++) {
    let sum = 0
    for (const life of scores) sum += permutedTrace(life, chance)
    // Sums of halves are exact.
    if (sum <= observed) asNear++
  }
  return asNear / (permutations + 1)
}

/** [a][b]: the sum of the ranks of a's distances if a had b's memberships. */
function scoresOf(
  ranks: readonly (readonly number[])[],
  isMember: readonly (readonly boolean[])[],
): readonly (readonly number[])[] {
  return ranks.map((row) =>
    isMember.map((memberships) =>
      row.reduce((sum, rank, meeting) => sum + (memberships[meeting] === true ? rank : 0), 0),
    ),
  )
}

function trace(scores: readonly (readonly number[])[]): number {
  return scores.reduce((sum, row, index) => sum + (row[index] ?? 0), 0)
}

function permutedTrace(scores: readonly (readonly number[])[], chance: Chance): number {
  const order = scores.map((_, index) => index)
  let sum = 0
  for (let last = order.length - 1; last >= 0; last--) {
    const at = chance.below(last + 1)
    const picked = order[at] ?? 0
    order[at] = order[last] ?? 0
    sum += scores[last]?.[picked] ?? 0
  }
  return sum
}

/** Ranks from 1 on; what is equal shares the mean of its ranks. */
function ranksOf(values: readonly number[]): readonly number[] {
  return values.map(
    (value) =>
      values.filter((other) => other < value).length + (values.filter((other) => other === value).length + 1) / 2,
  )
}

/** The least distance between any of these places and any of those. */
export function leastDistance(these: readonly number[] = [], those: readonly number[] = []): number {
  let least = Infinity
  for (const one of these) for (const other of those) least = Math.min(least, Math.abs(one - other))
  return least
}
