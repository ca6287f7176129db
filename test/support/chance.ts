import { utf8 } from "../../shared/protocol/bytes.js"

/** A fast generator of numbers that a seed repeats; nothing secret comes from it. */
export interface Chance {
  /** 0 to `below` - 1. */
  below(limit: number): number
  /** True in one of `n` cases. */
  oneIn(n: number): boolean
  pick<T>(choices: readonly T[]): T
  bytes(count: number): Uint8Array
}

/** mulberry32, seeded by a number and a name. */
export function chanceOf(seed: number, name: string): Chance {
  let state = utf8(name).reduce((hash, byte) => Math.imul(hash ^ byte, 0x0100_0193) >>> 0, (seed ^ 0x811c_9dc5) >>> 0)
  const next = (): number => {
    state = (state + 0x6d2b_79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (limit: number): number => next() % limit
  return {
    below,
    oneIn: (n) => below(n) === 0,
    pick: (choices) => {
      const choice = choices[below(choices.length)]
      if (choice === undefined) throw new TypeError("nothing to pick from")
      return choice
    },
    bytes: (count) => {
      const bytes = new Uint8Array(count)
      for (let at = 0; at < count; at++) bytes[at] = next()
      return bytes
    },
  }
}
