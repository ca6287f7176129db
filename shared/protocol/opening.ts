import { concatBytes, equalBytes, lengthPrefixed, utf8 } from "./bytes.js"
import {
  type CborValue,
  decodeCbor,
  encodeCbor,
  readArray,
  readBytes,
  readNullable,
  readBoolean,
  readUint,
  readVersioned,
} from "./cbor.js"
import { CHUNK_HASHES_MAX_BYTES } from "./chunk-hashes.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES, sha256 } from "./hash.js"
import { LIMITS } from "./limits.js"
import { type MessagesHead, messagesHeadValues, readItems, readMessagesHead } from "./opening-messages.js"
import { MAX_STREAM_BYTES, SEGMENT_BYTES, SEGMENTS_PER_CHUNK, segmentCount } from "./sizes.js"

/** What an opening's file is made of; whether it is true `opening-check.ts` says. SPEC.md §18. */

const MAGIC = utf8("taciturn/opening")
const LENGTH_BYTES = 4
/** What stands before the head: the magic, and the head's length. */
export const OPENING_PREFIX_BYTES = MAGIC.length + LENGTH_BYTES
/** What stands before a block: its length. */
export const OPENING_BLOCK_PREFIX_BYTES = LENGTH_BYTES
export const SEGMENT_SECRET_BYTES = 32

/** Segments that stand beside each other and are opened. */
export interface SegmentRange {
  readonly first: number
  readonly count: number
}

/** Which minutes were chosen; nobody signed that. */
export interface OpenedPart {
  readonly fromMs: number
  readonly toMs: number
}

/** What an opening of a recording has beside its statement. */
export interface OpenedAssetContent {
  /** The server's word that it stored the asset, and its key's certificate. */
  readonly receipt: { readonly rawReceipt: Uint8Array; readonly rawServerKey: Uint8Array } | null
  /** Whether the sealed segments are in the file; else they are in a production. */
  readonly isCarried: boolean
  /** Ascending, none touching the next. */
  readonly ranges: readonly SegmentRange[]
  /** `null` where all of the asset is opened, as a file. */
  readonly part: OpenedPart | null
}

/** Of a recording or an event; messages are in `opening-messages.ts`. */
export interface OpeningHead {
  /** Shown fields of one statement, SPEC.md §6. */
  readonly shown: readonly Uint8Array[]
  /** The author's chain up to the head that the statement names. */
  readonly links: readonly Uint8Array[]
  /** `null` in an opening of an event's fields. */
  readonly asset: OpenedAssetContent | null
}

/** A chunk's opened segments: its leaf hashes with their path to the root, and the segments' secrets in order. */
export interface OpeningBlock {
  readonly rawChunkHashes: Uint8Array
  readonly secrets: readonly Uint8Array[]
}

/** An opening's beginning, up to its first block. */
export function encodeOpeningHead(opening: OpeningHead | MessagesHead): Uint8Array {
  const values = "messages" in opening ? ["messages", ...messagesHeadValues(opening)] : statementValues(opening)
  const head = lengthPrefixed(encodeCbor([1, ...values]))
  return concatBytes(MAGIC, head, sha256(head))
}

function statementValues({ shown, links, asset }: OpeningHead): readonly CborValue[] {
  const content =
    asset === null
      ? null
      : [
          asset.receipt === null ? null : [asset.receipt.rawReceipt, asset.receipt.rawServerKey],
          asset.isCarried,
          asset.ranges.map(({ first, count }) => [first, count]),
          asset.part === null ? null : [asset.part.fromMs, asset.part.toMs],
        ]
  return [asset === null ? "event" : "recording", shown, links, content]
}

/** How many bytes of head and check follow the prefix. @throws {@link ArchiveError} `malformed`, `too-large`. OP1. */
export function openingHeadBytes(rawPrefix: Uint8Array): number {
  if (rawPrefix.length !== OPENING_PREFIX_BYTES || !equalBytes(rawPrefix.subarray(0, MAGIC.length), MAGIC))
    throw new ArchiveError("malformed", "this file is no opening", { place: "head" })
  return readLength(rawPrefix.subarray(MAGIC.length), LIMITS.openingHeadBytes - HASH_BYTES, "head") + HASH_BYTES
}

/** How many bytes a block has. @throws {@link ArchiveError} `too-large`. OP1. */
export function openingBlockBytes(rawPrefix: Uint8Array, place: string): number {
  return readLength(rawPrefix, LIMITS.openingBlockBytes, place)
}

function readLength(raw: Uint8Array, limitBytes: number, place: string): number {
  const length = new DataView(raw.buffer, raw.byteOffset, raw.byteLength).getUint32(0)
  if (length > limitBytes) throw new ArchiveError("too-large", "a part of an opening is longer than any", { place })
  return length
}

/**
 * @param raw the head and its check, as {@link openingHeadBytes} counts them.
 * @throws {@link ArchiveError} `integrity` where the check fails; `malformed`, `too-large`, `unsupported-version`. OP1, OP6, OP11.
 */
export function decodeOpeningHead(raw: Uint8Array): OpeningHead | MessagesHead {
  if (raw.length > LIMITS.openingHeadBytes)
    throw new ArchiveError("too-large", "an opening's beginning is longer than any")
  const rawHead = raw.subarray(0, Math.max(0, raw.length - HASH_BYTES))
  if (!equalBytes(sha256(lengthPrefixed(rawHead)), raw.subarray(rawHead.length)))
    throw new ArchiveError("integrity", "the opening's beginning was changed since it was made", { place: "head" })
  const [, kind, rawShown, rawLinks, content] = readVersioned(
    decodeCbor(rawHead, LIMITS.openingHeadBytes),
    "opening",
    5,
  )
  if (kind === "messages") return readMessagesHead(rawShown, rawLinks, content)
  if (kind !== "recording" && kind !== "event")
    throw new ArchiveError("unsupported-version", "an opening of a kind that this program does not know")
  const shown = readItems(rawShown, "shown fields", LIMITS.fields, LIMITS.eventBytes)
  const links = readItems(rawLinks, "links", LIMITS.links, LIMITS.linkBytes)
  if ((content === null) !== (kind === "event"))
    throw new ArchiveError("malformed", "an opening with another content than its kind has")
  return { shown, links, asset: readNullable(content, readAssetContent) }
}

function readAssetContent(raw: CborValue | undefined): OpenedAssetContent {
  const [receipt, isCarried, rawRanges, part] = readArray(raw, "content of an opening", 4)
  const ranges = readArray(rawRanges, "ranges").map((item): SegmentRange => {
    const [first, count] = readArray(item, "range", 2)
    return { first: readUint(first, "first segment", MOST_SEGMENTS), count: readUint(count, "count", MOST_SEGMENTS) }
  })
  assertRanges(ranges)
  return {
    receipt: readNullable(receipt, (value) => {
      const [rawReceipt, rawServerKey] = readArray(value, "receipt", 2)
      return {
        rawReceipt: readBytes(rawReceipt, "receipt", { min: 1, max: LIMITS.receiptBytes }),
        rawServerKey: readBytes(rawServerKey, "server key", { min: 1, max: LIMITS.serverKeyBytes }),
      }
    }),
    isCarried: readBoolean(isCarried, "whether it carries the sealed segments"),
    ranges,
    part: readNullable(part, readPart),
  }
}

const MOST_SEGMENTS = segmentCount(MAX_STREAM_BYTES)

function assertRanges(ranges: readonly SegmentRange[]): void {
  const areApart = ranges.every(({ first, count }, index) => {
    const before = ranges[index - 1]
    return count > 0 && (before === undefined || first > before.first + before.count)
  })
  if (ranges.length === 0 || ranges.length > LIMITS.openingRanges || !areApart)
    throw new ArchiveError("malformed", "ranges of segments that are not in order, or touch each other")
}

function readPart(raw: CborValue | undefined): OpenedPart {
  const [from, to] = readArray(raw, "part", 2)
  const part = { fromMs: readUint(from, "beginning"), toMs: readUint(to, "end") }
  if (part.fromMs >= part.toMs) throw new ArchiveError("malformed", "a part that ends before it begins")
  return part
}

export function encodeOpeningBlock({ rawChunkHashes, secrets }: OpeningBlock): Uint8Array {
  return lengthPrefixed(encodeCbor([1, rawChunkHashes, concatBytes(...secrets)]))
}

/**
 * @param segments how many segments of the chunk are opened.
 * @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`. OP7.
 */
export function decodeOpeningBlock(raw: Uint8Array, segments: number): OpeningBlock {
  const [, rawChunkHashes, rawSecrets] = readVersioned(decodeCbor(raw, LIMITS.openingBlockBytes), "block", 3)
  const secrets = readBytes(rawSecrets, "secrets of segments", segments * SEGMENT_SECRET_BYTES)
  return {
    rawChunkHashes: readBytes(rawChunkHashes, "chunk hashes", { min: 1, max: CHUNK_HASHES_MAX_BYTES }),
    secrets: Array.from({ length: segments }, (_, index) =>
      secrets.subarray(index * SEGMENT_SECRET_BYTES, (index + 1) * SEGMENT_SECRET_BYTES),
    ),
  }
}

/** Opened segments of one chunk, in order. */
export interface OpenedChunk {
  readonly chunk: number
  readonly segments: readonly number[]
}

/** The chunks that opened segments stand in, in order: each has its block. */
export function* chunksOfRanges(ranges: readonly SegmentRange[]): Generator<OpenedChunk> {
  let chunk = -1
  let segments: number[] = []
  for (const { first, count } of ranges) {
    for (let segment = first; segment < first + count; segment++) {
      const here = Math.floor(segment / SEGMENTS_PER_CHUNK)
      if (here !== chunk && segments.length > 0) {
        yield { chunk, segments }
        segments = []
      }
      chunk = here
      segments.push(segment)
    }
  }
  if (segments.length > 0) yield { chunk, segments }
}

/** The ranges of segments that hold these plaintext bytes, `end` exclusive. */
export function rangesOfBytes(
  pieces: readonly { readonly start: number; readonly end: number }[],
  plaintextBytesPerSegment: number,
): readonly SegmentRange[] {
  const ranges: { first: number; count: number }[] = []
  for (const { start, end } of pieces.toSorted((a, b) => a.start - b.start)) {
    if (start >= end) continue
    const first = Math.floor(start / plaintextBytesPerSegment)
    const last = Math.floor((end - 1) / plaintextBytesPerSegment)
    const before = ranges.at(-1)
    if (before !== undefined && first <= before.first + before.count)
      before.count = Math.max(before.count, last + 1 - before.first)
    else ranges.push({ first, count: last + 1 - first })
  }
  return ranges
}

export function segmentsInRanges(ranges: readonly SegmentRange[]): number {
  return ranges.reduce((sum, { count }) => sum + count, 0)
}

/** Bytes of an asset that has so many, in these ranges, as sealed. */
export function sealedBytesOfRanges(ranges: readonly SegmentRange[], storedBytes: number): number {
  return ranges.reduce(
    (sum, { first, count }) =>
      sum + Math.min((first + count) * SEGMENT_BYTES, storedBytes) - Math.min(first * SEGMENT_BYTES, storedBytes),
    0,
  )
}
