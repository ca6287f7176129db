import { hash } from "node:crypto"
import { concatBytes } from "../../protocol/bytes.js"
import { ArchiveError } from "../../protocol/errors.js"
import { HASH_BYTES } from "../../protocol/hash.js"

const NODE_PREFIX = Uint8Array.of(1)

/**
 * The Merkle tree of an asset from its chunks' subtree roots up, level by level, so that an audit path costs no hashing.
 * Pairing neighbours and moving an odd last node up gives the tree of RFC 6962 §2.1. SPEC.md §4.4.
 */
export interface ChunkTree {
  /** Level 0 holds the chunks' subtree roots, the last level the root; 32 bytes a node. */
  readonly levels: readonly Uint8Array[]
  readonly sizeBytes: number
}

/** Builds the tree over `chunkRoots`, 32 bytes each, at least one. */
export function buildChunkTree(chunkRoots: Uint8Array): ChunkTree {
  const levels = [chunkRoots]
  for (let level = chunkRoots; level.length > HASH_BYTES;) {
    level = levelAbove(level)
    levels.push(level)
  }
  return { levels, sizeBytes: levels.reduce((total, level) => total + level.length, 0) }
}

/** The audit path of chunk `n`, nearest sibling first. @throws {@link ArchiveError} `not-found` if there is no such chunk. */
export function chunkAuditPath(tree: ChunkTree, n: number): readonly Uint8Array[] {
  const chunks = (tree.levels[0]?.length ?? 0) / HASH_BYTES
  if (!Number.isSafeInteger(n) || n < 0 || n >= chunks)
    throw new ArchiveError("not-found", `no chunk ${n} of ${chunks}`)
  const path: Uint8Array[] = []
  let index = n
  for (const level of tree.levels) {
    const sibling = index % 2 === 0 ? index + 1 : index - 1
    if (sibling * HASH_BYTES < level.length) path.push(level.subarray(sibling * HASH_BYTES, (sibling + 1) * HASH_BYTES))
    index = Math.floor(index / 2)
  }
  return path
}

/** The root of the subtree over `leafHashes`, 32 bytes each, at least one. */
export function subtreeRoot(leafHashes: Uint8Array): Uint8Array {
  let level = leafHashes
  while (level.length > HASH_BYTES) level = levelAbove(level)
  return level
}

function levelAbove(level: Uint8Array): Uint8Array {
  const nodes = level.length / HASH_BYTES
  const above = new Uint8Array(Math.ceil(nodes / 2) * HASH_BYTES)
  for (let node = 0; node < nodes; node += 2) {
    const pair = level.subarray(node * HASH_BYTES, (node + 2) * HASH_BYTES)
    above.set(
      pair.length === HASH_BYTES ? pair : hash("sha256", concatBytes(NODE_PREFIX, pair), "buffer"),
      (node / 2) * HASH_BYTES,
    )
  }
  return above
}
