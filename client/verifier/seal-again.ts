import { assetHeaderHash } from "../../shared/protocol/asset-header.js"
import { MerkleAccumulator } from "../../shared/protocol/merkle.js"
import { PADDING_MARK } from "../../shared/protocol/padding.js"
import {
  SEGMENT_OVERHEAD_BYTES,
  SEGMENT_PLAINTEXT_BYTES,
  segmentCount,
  segmentSize,
} from "../../shared/protocol/sizes.js"
import type { SegmentPrimitives } from "../crypto/primitives.js"
import { type AssetKey, sealSegmentBySecret, type SegmentPlace, segmentSecret } from "../crypto/segments.js"

/** The file that somebody has, which is to be what was sealed. SPEC.md §20. */
export interface FileBytes {
  readonly sizeBytes: number
  /** The bytes from `start` to before `end`, all of them. */
  read(start: number, end: number): Promise<Uint8Array>
}

/** A segment as its author sealed it, if the file is what was sealed: then it has the leaf that was signed. */
export async function sealAgain(
  file: FileBytes,
  at: SegmentPlace,
  secret: Uint8Array,
  sealedBytes: number,
  primitives: SegmentPrimitives,
): Promise<Uint8Array> {
  const plaintext = new Uint8Array(sealedBytes - SEGMENT_OVERHEAD_BYTES)
  const offset = at.index * SEGMENT_PLAINTEXT_BYTES
  const end = Math.min(offset + plaintext.length, file.sizeBytes)
  if (offset < end) plaintext.set(await file.read(offset, end))
  if (file.sizeBytes >= offset && file.sizeBytes < offset + plaintext.length)
    plaintext[file.sizeBytes - offset] = PADDING_MARK
  const sealed = new Uint8Array(sealedBytes)
  sealSegmentBySecret(secret, at, plaintext, sealed, primitives)
  return sealed
}

/** The root of all of a file's segments, as its author sealed them. */
export async function rootOfFile(
  file: FileBytes,
  { rawHeader, contentKey, storedBytes }: AssetKey & { readonly storedBytes: number },
  primitives: SegmentPrimitives,
): Promise<Uint8Array> {
  const headerHash = assetHeaderHash(rawHeader)
  const leaves = new MerkleAccumulator()
  const segments = segmentCount(storedBytes)
  for (let index = 0; index < segments; index++) {
    const at = { headerHash, index, last: index === segments - 1 }
    const secret = segmentSecret(contentKey, headerHash, index)
    leaves.add(primitives.leafHash(await sealAgain(file, at, secret, segmentSize(index, storedBytes), primitives)))
  }
  return leaves.root()
}
