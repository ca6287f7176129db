import { createHash, type Hash } from "node:crypto"
import { HASH_BYTES } from "../../protocol/hash.js"
import { SEGMENT_BYTES } from "../../protocol/sizes.js"

const LEAF_PREFIX = Uint8Array.of(0)

export interface PieceHashes {
  readonly sizeBytes: number
  readonly sha256: Uint8Array
  /** RFC 6962 leaf hash of each segment, 32 bytes each. SPEC.md §4.4. */
  readonly leafHashes: Uint8Array
}

/** Hashes a piece as its bytes pass by: every segment as a leaf of the Merkle tree, and the piece as a whole. */
export class PieceHasher {
  readonly #piece = createHash("sha256")
  readonly #leaves: Uint8Array[] = []
  #leaf: Hash | undefined
  #leafBytes = 0
  #sizeBytes = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  update(bytes: Uint8Array): void {
    this.#piece.update(bytes)
    this.#sizeBytes += bytes.length
    for (let offset = 0; offset < bytes.length;) {
      const part = bytes.subarray(offset, offset + SEGMENT_BYTES - this.#leafBytes)
      this.#leaf ??= createHash("sha256").update(LEAF_PREFIX)
      this.#leaf.update(part)
      this.#leafBytes += part.length
      offset += part.length
      if (this.#leafBytes === SEGMENT_BYTES) this.#endLeaf()
    }
  }

  /** To be called once; a shorter last segment is a leaf too. */
  finish(): PieceHashes {
    this.#endLeaf()
    const leafHashes = new Uint8Array(this.#leaves.length * HASH_BYTES)
    for (const [index, leaf] of this.#leaves.entries()) leafHashes.set(leaf, index * HASH_BYTES)
    return { sizeBytes: this.#sizeBytes, sha256: this.#piece.digest(), leafHashes }
  }

  #endLeaf(): void {
    if (this.#leaf === undefined) return
    this.#leaves.push(this.#leaf.digest())
    this.#leaf = undefined
    this.#leafBytes = 0
  }
}
