import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { compareBytes, utf8 } from "../../shared/protocol/bytes.js"
import type { CborValue } from "../../shared/protocol/cbor.js"
import type { Field } from "../../shared/protocol/statement.js"

/** The fields of a statement, each with a salt of its own, with a `nonce`, sorted by name. SPEC.md §6. */
export function saltFields(
  values: readonly (readonly [name: string, value: CborValue])[],
  random: RandomBytes,
): readonly Field[] {
  return [...values, ["nonce", random(32)] as const]
    .map(([name, value]): Field => ({ name, salt: random(32), value }))
    .toSorted((a, b) => compareBytes(utf8(a.name), utf8(b.name)))
}
