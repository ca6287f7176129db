import { assetHeaderHash } from "../../shared/protocol/asset-header.js"
import { concatBytes, equalBytes, lengthPrefixed, u64, utf8 } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { SEGMENT_OVERHEAD_BYTES, SEGMENT_PLAINTEXT_BYTES } from "../../shared/protocol/sizes.js"
import type { SegmentPrimitives } from "./primitives.js"
import { blake2b } from "./sodium.js"

const COMMITMENT_BYTES = 32
const LABEL = lengthPrefixed(utf8(LABELS.segment))
const NONCES = { inner: new Uint8Array(12), last: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1) }

/** An asset's key and header: what its segments are sealed under. */
export interface AssetKey {
  readonly contentKey: Uint8Array
  readonly rawHeader: Uint8Array
}

/** Seals segments of one asset; the caller never gives two plaintexts for one index. SPEC.md §4.3. */
export interface SegmentSealer {
  /** Writes `plaintext.length + 48` bytes into `out`. */
  seal(index: number, last: boolean, plaintext: Uint8Array, out: Uint8Array): void
}

/** Opens segments of one asset. */
export interface SegmentOpener {
  /** @throws {@link ArchiveError} `integrity`, with the place; no byte is given out before. */
  open(index: number, last: boolean, sealed: Uint8Array): Uint8Array
}

export function createSegmentSealer(asset: AssetKey, primitives: SegmentPrimitives): SegmentSealer {
  const headerHash = assetHeaderHash(asset.rawHeader)
  return {
    seal: (index, last, plaintext, out) => {
      sealSegmentBySecret(
        segmentSecret(asset.contentKey, headerHash, index),
        { headerHash, index, last },
        plaintext,
        out,
        primitives,
      )
    },
  }
}

/** Seals as the asset's author did, by a segment's secret alone: into `plaintext.length + 48` bytes of `out`. SPEC.md §4.3. */
export function sealSegmentBySecret(
  secret: Uint8Array,
  at: SegmentPlace,
  plaintext: Uint8Array,
  out: Uint8Array,
  primitives: SegmentPrimitives,
): void {
  const { commitment, key, aad } = deriveSegment(secret, at)
  out.set(commitment)
  primitives.seal(key, at.last ? NONCES.last : NONCES.inner, aad, plaintext, out.subarray(COMMITMENT_BYTES))
}

export function createSegmentOpener(asset: AssetKey, primitives: SegmentPrimitives): SegmentOpener {
  const headerHash = assetHeaderHash(asset.rawHeader)
  return {
    open: (index, last, sealed) =>
      openSegmentBySecret(
        segmentSecret(asset.contentKey, headerHash, index),
        { headerHash, index, last },
        sealed,
        primitives,
      ),
  }
}

/** Which segment of which asset. */
export interface SegmentPlace {
  readonly headerHash: Uint8Array
  readonly index: number
  readonly last: boolean
}

/**
 * Opens one segment by its secret alone, as an opening reveals it. SPEC.md §4.3.
 * @throws {@link ArchiveError} `integrity`, with the place; no byte is given out before.
 */
export function openSegmentBySecret(
  secret: Uint8Array,
  at: SegmentPlace,
  sealed: Uint8Array,
  primitives: SegmentPrimitives,
): Uint8Array {
  const { index, last } = at
  const place = `segment ${index}`
  const plaintextBytes = sealed.length - SEGMENT_OVERHEAD_BYTES
  const wholeUnlessLast = last
    ? plaintextBytes >= 1 && plaintextBytes <= SEGMENT_PLAINTEXT_BYTES
    : plaintextBytes === SEGMENT_PLAINTEXT_BYTES
  if (!wholeUnlessLast) throw new ArchiveError("integrity", "a segment of impossible size", { place })
  const { commitment, key, aad } = deriveSegment(secret, at)
  const committed = equalBytes(commitment, sealed.subarray(0, COMMITMENT_BYTES))
  const plaintext = committed
    ? primitives.open(key, last ? NONCES.last : NONCES.inner, aad, sealed.subarray(COMMITMENT_BYTES))
    : null
  if (plaintext === null) throw new ArchiveError("integrity", "a segment that is not what was sealed", { place })
  return plaintext
}

/** What opens segment `index` and no other: what an opening reveals. SPEC.md §4.3. */
export function segmentSecret(contentKey: Uint8Array, headerHash: Uint8Array, index: number): Uint8Array {
  return blake2b(32, contentKey, concatBytes(LABEL, headerHash, u64(index)))
}

function deriveSegment(
  secret: Uint8Array,
  { headerHash, index, last }: SegmentPlace,
): { readonly commitment: Uint8Array; readonly key: Uint8Array; readonly aad: Uint8Array } {
  const aad = concatBytes(headerHash, u64(index), Uint8Array.of(last ? 1 : 0))
  const derived = blake2b(64, secret, concatBytes(LABEL, aad))
  return { commitment: derived.subarray(0, COMMITMENT_BYTES), key: derived.subarray(COMMITMENT_BYTES), aad }
}
