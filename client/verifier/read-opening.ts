import { openChunkHashes } from "../../shared/protocol/chunk-hashes.js"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { ZERO_HASH } from "../../shared/protocol/hash.js"
import type { AssetId } from "../../shared/protocol/ids.js"
import { type CheckedAsset, type CheckedOpening, checkOpening } from "../../shared/protocol/opening-check.js"
import { type CheckedMessages, checkMessages, type MessagesHead } from "../../shared/protocol/opening-messages.js"
import {
  chunksOfRanges,
  decodeOpeningBlock,
  decodeOpeningHead,
  OPENING_BLOCK_PREFIX_BYTES,
  OPENING_PREFIX_BYTES,
  openingBlockBytes,
  type OpeningHead,
  openingHeadBytes,
} from "../../shared/protocol/opening.js"
import { PADDING_MARK } from "../../shared/protocol/padding.js"
import {
  SEGMENT_BYTES,
  SEGMENT_PLAINTEXT_BYTES,
  SEGMENTS_PER_CHUNK,
  segmentCount,
  segmentSize,
} from "../../shared/protocol/sizes.js"
import type { SegmentPrimitives } from "../crypto/primitives.js"
import { openMessageBySecret } from "../crypto/message.js"
import { openSegmentBySecret } from "../crypto/segments.js"
import { verifySignature } from "../crypto/sodium.js"
import { ByteReader } from "./byte-reader.js"
import { type FileBytes, sealAgain } from "./seal-again.js"

/** Where the sealed segments are that an opening does not carry. */
export interface SealedBytes {
  /** @throws {@link ArchiveError} `not-found` where it has not these bytes. */
  read(assetId: AssetId, start: number, end: number): Promise<Uint8Array>
}

/** True bytes of an opened file, verified. */
export interface OpenedBytes {
  readonly segment: number
  /** Where in the file they stand. */
  readonly offset: number
  readonly bytes: Uint8Array
}

export interface OpeningReader {
  readonly opening: CheckedOpening | CheckedMessages
  /**
   * Every opened segment in order, each given out only after its leaf, its commitment and its tag were verified; ends only where the file does.
   * @throws {@link ArchiveError} `integrity`, `truncated`, `malformed`, with the place; `not-found`. OP1, OP7, OP8.
   */
  segments(): AsyncGenerator<OpenedBytes>
}

export interface ReadOptions {
  readonly primitives: SegmentPrimitives
  /** Needed where the opening carries no sealed segments. */
  readonly sealed?: SealedBytes | undefined
  /** Or the opened file itself: its segments are sealed again by their secrets. SPEC.md §20. */
  readonly file?: FileBytes | undefined
}

/**
 * Reads an opening's beginning and checks all that it says. SPEC.md §18.
 * @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`, `truncated`, `integrity`, `bad-signature`, `bad-chain`, `not-authorised`, `bad-receipt`.
 */
export async function readOpening(source: AsyncIterable<Uint8Array>, options: ReadOptions): Promise<OpeningReader> {
  const reader = new ByteReader(source)
  try {
    const headBytes = openingHeadBytes(await reader.take(OPENING_PREFIX_BYTES, "head"))
    const head = decodeOpeningHead(await reader.take(headBytes, "head"))
    const opening = checkHead(head)
    return { opening, segments: () => readSegments(reader, assetOf(opening), options) }
  } catch (error) {
    await reader.close()
    throw placed(error, "head")
  }
}

/**
 * All that an opening's beginning says.
 * @throws {@link ArchiveError} as {@link checkOpening} and {@link checkMessages}.
 */
export function checkHead(head: OpeningHead | MessagesHead): CheckedOpening | CheckedMessages {
  return "messages" in head
    ? checkMessages(head, verifySignature, openMessageBySecret)
    : checkOpening(head, verifySignature)
}

/** What of a recording is opened; `null` in openings of something else. */
export function assetOf(opening: CheckedOpening | CheckedMessages): CheckedAsset | null {
  return "asset" in opening ? opening.asset : null
}

async function* readSegments(
  reader: ByteReader,
  asset: CheckedAsset | null,
  options: ReadOptions,
): AsyncGenerator<OpenedBytes> {
  try {
    for (const { chunk, segments } of asset === null ? [] : chunksOfRanges(asset.content.ranges))
      if (asset !== null) yield* readChunk(reader, asset, chunk, segments, options)
    await reader.assertEnd()
  } finally {
    await reader.close()
  }
}

async function* readChunk(
  reader: ByteReader,
  { manifest, headerHash, content }: CheckedAsset,
  chunk: number,
  segments: readonly number[],
  { primitives, sealed, file }: ReadOptions,
): AsyncGenerator<OpenedBytes> {
  const place = `chunk ${chunk}`
  const { storedBytes, trueBytes, root, header } = manifest
  const [first = 0] = segments
  const firstOfChunk = first - (first % SEGMENTS_PER_CHUNK)
  const blockBytes = openingBlockBytes(await reader.take(OPENING_BLOCK_PREFIX_BYTES, place), place)
  const rawBlock = await reader.take(blockBytes, place)
  const { leaves, secrets } = checkedBlock(rawBlock, { chunk, segments: segments.length, storedBytes, root })
  for (const [position, index] of segments.entries()) {
    const [start, size] = [index * SEGMENT_BYTES, segmentSize(index, storedBytes)]
    const at = { headerHash, index, last: index === segmentCount(storedBytes) - 1 }
    const secret = secrets[position] ?? ZERO_HASH
    const segment = content.isCarried
      ? await reader.take(size, `segment ${index}`)
      : file === undefined
        ? await requireSealed(sealed).read(header.assetId, start, start + size)
        : await sealAgain(file, at, secret, size, primitives)
    if (!equalBytes(primitives.leafHash(segment), leaves[index - firstOfChunk] ?? ZERO_HASH))
      throw new ArchiveError("integrity", "a segment that is not what was published", { place: `segment ${index}` })
    const plaintext = openSegmentBySecret(secret, at, segment, primitives)
    const offset = index * SEGMENT_PLAINTEXT_BYTES
    assertPadding(plaintext, offset, trueBytes, index)
    yield { segment: index, offset, bytes: plaintext.subarray(0, Math.max(0, trueBytes - offset)) }
  }
}

function checkedBlock(
  rawBlock: Uint8Array,
  expected: {
    readonly chunk: number
    readonly segments: number
    readonly storedBytes: number
    readonly root: Uint8Array
  },
): { readonly leaves: readonly Uint8Array[]; readonly secrets: readonly Uint8Array[] } {
  try {
    const { rawChunkHashes, secrets } = decodeOpeningBlock(rawBlock, expected.segments)
    return { leaves: openChunkHashes(rawChunkHashes, expected), secrets }
  } catch (error) {
    throw placed(error, `chunk ${expected.chunk}`)
  }
}

/** Behind the true bytes stand 0x80 and zeros, nothing else. A3. */
function assertPadding(plaintext: Uint8Array, offset: number, trueBytes: number, segment: number): void {
  for (let at = Math.max(0, trueBytes - offset); at < plaintext.length; at++) {
    if (plaintext[at] === (offset + at === trueBytes ? PADDING_MARK : 0)) continue
    throw new ArchiveError("integrity", "bytes hidden behind the end of a recording", { place: `segment ${segment}` })
  }
}

function requireSealed(sealed: SealedBytes | undefined): SealedBytes {
  if (sealed === undefined)
    throw new ArchiveError("usage", "this opening carries no sealed segments: give the production that has them")
  return sealed
}

/** Every refusal names where in the file it was. */
function placed(error: unknown, place: string): unknown {
  if (!isArchiveError(error) || error.place !== undefined) return error
  return new ArchiveError(error.code, error.message, { place, cause: error })
}
