import { concatBytes } from "./bytes.js"
import { ArchiveError } from "./errors.js"
import { type HashFunction, sha256 } from "./hash.js"

/** RFC 6962 §2.1 with SHA-256. SPEC.md §4.4. */
const LEAF_PREFIX = Uint8Array.of(0)
const NODE_PREFIX = Uint8Array.of(1)

export function leafHash(data: Uint8Array, hash: HashFunction = sha256): Uint8Array {
  return hash(concatBytes(LEAF_PREFIX, data))
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(NODE_PREFIX, left, right))
}

/** Takes leaf hashes one by one and keeps one hash per level. */
export class MerkleAccumulator {
  /** Roots of complete subtrees, largest first; sizes are the bits of `count`. */
  readonly #subtrees: Uint8Array[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  add(leaf: Uint8Array): void {
    let node = leaf
    for (let bits = this.#count; bits % 2 === 1; bits = Math.floor(bits / 2))
      node = nodeHash(this.#subtrees.pop() ?? node, node)
    this.#subtrees.push(node)
    this.#count++
  }

  /** The root over all leaves so far; of no leaves, the hash of nothing. */
  root(): Uint8Array {
    const [last, ...rest] = this.#subtrees.toReversed()
    if (last === undefined) return sha256(new Uint8Array(0))
    return rest.reduce((right, left) => nodeHash(left, right), last)
  }
}

export function merkleRoot(leafHashes: readonly Uint8Array[]): Uint8Array {
  const accumulator = new MerkleAccumulator()
  for (const leaf of leafHashes) accumulator.add(leaf)
  return accumulator.root()
}

/** RFC 6962 §2.1.1: what proves leaf `index`, nearest sibling first. */
export function auditPath(leafHashes: readonly Uint8Array[], index: number): readonly Uint8Array[] {
  const count = leafHashes.length
  if (!Number.isSafeInteger(index) || index < 0 || index >= count)
    throw new ArchiveError("malformed", `no leaf ${index} of ${count}`)
  if (count === 1) return []
  const split = largestPowerOfTwoBelow(count)
  const [left, right] = [leafHashes.slice(0, split), leafHashes.slice(split)]
  return index < split
    ? [...auditPath(left, index), merkleRoot(right)]
    : [...auditPath(right, index - split), merkleRoot(left)]
}

/**
 * The root that `path` claims for `leaf` at `index` of `count`.
 * @throws {@link ArchiveError} `integrity` if there is no such leaf, or the path has not the length that the tree's shape demands.
 */
export function rootFromPath(leaf: Uint8Array, index: number, count: number, path: readonly Uint8Array[]): Uint8Array {
  if (!Number.isSafeInteger(index) || index < 0 || index >= count)
    throw new ArchiveError("integrity", `no leaf ${index} of ${count}`)
  const steps = sidesOf(index, count)
  if (steps.length !== path.length)
    throw new ArchiveError("integrity", `an audit path of ${path.length} steps instead of ${steps.length}`)
  return steps.reduce((node, side, step) => {
    const sibling = path[step] ?? node
    return side === "left" ? nodeHash(sibling, node) : nodeHash(node, sibling)
  }, leaf)
}

/** On which side the sibling stands at each step from leaf `index` up. */
function sidesOf(index: number, count: number): readonly ("left" | "right")[] {
  const sides: ("left" | "right")[] = []
  let [position, size] = [index, count]
  while (size > 1) {
    const split = largestPowerOfTwoBelow(size)
    if (position < split) {
      sides.unshift("right")
      size = split
    } else {
      sides.unshift("left")
      position -= split
      size -= split
    }
  }
  return sides
}

function largestPowerOfTwoBelow(count: number): number {
  let power = 1
  while (power * 2 < count) power *= 2
  return power
}
