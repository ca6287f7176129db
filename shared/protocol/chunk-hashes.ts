import { equalBytes } from "./bytes.js"
import { decodeCbor, encodeCbor, readArray, readBytes, readVersioned } from "./cbor.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES } from "./hash.js"
import { auditPath, merkleRoot, rootFromPath } from "./merkle.js"
import { chunkCount, SEGMENTS_PER_CHUNK, segmentsInChunk } from "./sizes.js"

/** Leaf hashes, audit path of at most 20 steps, and their CBOR heads. */
export const CHUNK_HASHES_MAX_BYTES = SEGMENTS_PER_CHUNK * HASH_BYTES + 24 * (HASH_BYTES + 2) + 64

/** Chunk hashes as served, SPEC.md §4.4. `leaves` are 32 bytes per segment; `chunkRoots` are the subtree roots of all chunks. */
export function encodeChunkHashes(leaves: Uint8Array, chunkRoots: readonly Uint8Array[], chunk: number): Uint8Array {
  return encodeCbor([1, leaves, auditPath(chunkRoots, chunk)])
}

/** The root of a chunk's subtree. */
export function chunkSubtreeRoot(leaves: Uint8Array): Uint8Array {
  return merkleRoot(splitHashes(leaves))
}

/** 32-byte hashes that stand one after another. @throws {@link ArchiveError} `malformed` for a rest. */
export function splitHashes(hashes: Uint8Array): readonly Uint8Array[] {
  if (hashes.length % HASH_BYTES !== 0) throw new ArchiveError("malformed", "hashes are not a multiple of 32 bytes")
  return Array.from({ length: hashes.length / HASH_BYTES }, (_, index) =>
    hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
  )
}

/**
 * Checks a chunk's hashes against the root that a manifest names, and gives the leaf hashes of its segments.
 * @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`; `integrity` where they do not lead to `root`.
 */
export function openChunkHashes(
  raw: Uint8Array,
  expected: { readonly chunk: number; readonly storedBytes: number; readonly root: Uint8Array },
): readonly Uint8Array[] {
  const [, rawLeaves, rawPath] = readVersioned(decodeCbor(raw, CHUNK_HASHES_MAX_BYTES), "chunk hashes", 3)
  const leaves = splitHashes(
    readBytes(rawLeaves, "leaf hashes", { min: HASH_BYTES, max: SEGMENTS_PER_CHUNK * HASH_BYTES }),
  )
  const path = readArray(rawPath, "audit path").map((step) => readBytes(step, "step of the audit path", HASH_BYTES))
  const place = `chunk ${expected.chunk}`
  if (leaves.length !== segmentsInChunk(expected.chunk, expected.storedBytes)) {
    throw new ArchiveError("integrity", "the hashes of a chunk are not as many as its segments", { place })
  }
  let root: Uint8Array
  try {
    root = rootFromPath(merkleRoot(leaves), expected.chunk, chunkCount(expected.storedBytes), path)
  } catch (error) {
    throw new ArchiveError("integrity", "the hashes of a chunk do not lead to the signed root", { place, cause: error })
  }
  if (!equalBytes(root, expected.root))
    throw new ArchiveError("integrity", "the hashes of a chunk do not lead to the signed root", { place })
  return leaves
}
