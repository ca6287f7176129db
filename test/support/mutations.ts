import { concatBytes, equalBytes } from "../../shared/protocol/bytes.js"
import type { Chance } from "./chance.js"

/** Where what tells most stands in a file. */
const FIRST_BYTES = 12_000

/** One change of a file, half of them in its first bytes. */
export function mutated(raw: Uint8Array, chance: Chance): { readonly name: string; readonly raw: Uint8Array } {
  const within = chance.oneIn(2) ? Math.min(raw.length, FIRST_BYTES) : raw.length
  for (;;) {
    const at = chance.below(within)
    const [before, after] = [raw.subarray(0, at), raw.subarray(at)]
    const count = 1 + chance.below(64)
    const changed = {
      change: raw.with(at, chance.below(256)),
      removal: concatBytes(before, after.subarray(count)),
      addition: concatBytes(before, chance.bytes(count), after),
      swap: concatBytes(before, after.subarray(count, 2 * count), after.subarray(0, count), after.subarray(2 * count)),
    }
    const name = chance.pick(["change", "removal", "addition", "swap"] as const)
    if (!equalBytes(changed[name], raw)) return { name: `${name} at ${at}`, raw: changed[name] }
  }
}
