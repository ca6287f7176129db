import { decodeAssetHeader, ASSET_HEADER_BYTES } from "./asset-header.js"
import { decodeCbor, encodeCbor, readBytes, readUint, readVersioned } from "./cbor.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES, ID_BYTES } from "./hash.js"
import { asId, type MeetingId } from "./ids.js"
import { LIMITS } from "./limits.js"
import { chunkCount, isStreamSize, MAX_STREAM_BYTES } from "./sizes.js"

/** What stands beside an asset's chunks in the object store, so that the catalog can be rebuilt from it. SPEC.md §13. */
export interface AssetRecord {
  readonly header: Uint8Array
  readonly meetingId: MeetingId
  readonly storedBytes: number
  readonly root: Uint8Array
  /** SHA-256 of every chunk, one after another. */
  readonly chunkHashes: Uint8Array
}

/** `asset.cbor`, SPEC.md §13. */
export function encodeAssetRecord(record: AssetRecord): Uint8Array {
  return encodeCbor([1, record.header, record.meetingId, record.storedBytes, record.root, record.chunkHashes])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`. */
export function decodeAssetRecord(raw: Uint8Array): AssetRecord {
  const items = readVersioned(decodeCbor(raw, LIMITS.assetRecordBytes), "asset record", 6)
  const header = readBytes(items[1], "header", ASSET_HEADER_BYTES)
  const meetingId = asId("meeting", readBytes(items[2], "meeting id", ID_BYTES))
  const storedBytes = readUint(items[3], "stored bytes", MAX_STREAM_BYTES)
  const root = readBytes(items[4], "root", HASH_BYTES)
  if (!isStreamSize(storedBytes, decodeAssetHeader(header).kind))
    throw new ArchiveError("malformed", `no stream is ${storedBytes} bytes long`)
  const chunkHashes = readBytes(items[5], "chunk hashes", chunkCount(storedBytes) * HASH_BYTES)
  return { header, meetingId, storedBytes, root, chunkHashes }
}
