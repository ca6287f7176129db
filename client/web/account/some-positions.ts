import type { RandomBytes } from "../../../shared/protocol/ambient.js"

const ASKED = 4

/** Four of the places of a phrase, at random, in their order. */
export function somePositions(count: number, random: RandomBytes): readonly number[] {
  const order = Array.from(random(count), (key, position) => ({ key, position }))
  return order
    .sort((one, other) => one.key - other.key)
    .slice(0, ASKED)
    .map(({ position }) => position)
    .sort((one, other) => one - other)
}
