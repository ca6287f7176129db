import { createSegmentOpener, createSegmentSealer } from "../../../client/crypto/segments.js"
import { sodiumPrimitives } from "../../../client/crypto/primitives.js"
import { ASSET_HEADER_BYTES, decodeAssetHeader, encodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { decodeAssetRecord, encodeAssetRecord } from "../../../shared/protocol/asset-record.js"
import { concatBytes } from "../../../shared/protocol/bytes.js"
import {
  CHUNK_HASHES_MAX_BYTES,
  chunkSubtreeRoot,
  encodeChunkHashes,
  openChunkHashes,
} from "../../../shared/protocol/chunk-hashes.js"
import { asId } from "../../../shared/protocol/ids.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { merkleRoot } from "../../../shared/protocol/merkle.js"
import { CHUNK_BYTES, SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { bytesOf, commonRefusals, edit, flip, type Format, NOTHING, unchanged } from "./format.js"

export const sampleHeader: Uint8Array = encodeAssetHeader({
  kind: "file",
  assetId: asId("asset", bytesOf("asset id", 16)),
  salt: bytesOf("asset salt"),
})

function set(raw: Uint8Array, offset: number, byte: number): Uint8Array {
  const changed = raw.slice()
  changed[offset] = byte
  return changed
}

function assetHeader(): Format {
  return {
    name: "asset-header",
    section: "4.1",
    codes: ["malformed", "unsupported-version"],
    limitBytes: ASSET_HEADER_BYTES,
    vouched: false,
    material: sampleHeader,
    assemble: unchanged,
    decode: decodeAssetHeader,
    refusals: [
      { name: "nothing", code: "malformed", raw: NOTHING },
      { name: "one byte short", code: "malformed", raw: sampleHeader.slice(1) },
      { name: "one byte more", code: "malformed", raw: concatBytes(sampleHeader, Uint8Array.of(0)) },
      { name: "other magic", code: "malformed", raw: flip(sampleHeader, 0) },
      { name: "version 2", code: "unsupported-version", raw: set(sampleHeader, 8, 2) },
      { name: "suite 2", code: "unsupported-version", raw: set(sampleHeader, 9, 2) },
      { name: "kind 0", code: "malformed", raw: set(sampleHeader, 10, 0) },
      { name: "kind 3", code: "malformed", raw: set(sampleHeader, 10, 3) },
      { name: "a reserved byte that is set", code: "malformed", raw: set(sampleHeader, 15, 1) },
    ],
  }
}

function assetRecord(): Format {
  const raw = encodeAssetRecord({
    header: sampleHeader,
    meetingId: asId("meeting", bytesOf("meeting id", 16)),
    storedBytes: CHUNK_BYTES + SEGMENT_BYTES,
    root: bytesOf("root"),
    chunkHashes: bytesOf("chunk hashes", 64),
  })
  return {
    name: "asset-record",
    section: "13",
    codes: ["malformed", "too-large", "unsupported-version"],
    limitBytes: LIMITS.assetRecordBytes,
    vouched: false,
    material: raw,
    assemble: unchanged,
    decode: decodeAssetRecord,
    refusals: [
      ...commonRefusals(raw, raw, LIMITS.assetRecordBytes, unchanged),
      { name: "a size that no stream has", code: "malformed", raw: edit(raw, [3], SEGMENT_BYTES + 48) },
      { name: "one chunk hash too few", code: "malformed", raw: edit(raw, [5], bytesOf("chunk hashes", 32)) },
      {
        name: "a header of another version",
        code: "unsupported-version",
        raw: edit(raw, [1], set(sampleHeader, 8, 2)),
      },
    ],
  }
}

function chunkHashes(): Format {
  const leavesOf = (chunk: number): Uint8Array => bytesOf(`leaves of chunk ${chunk}`, 32 * (chunk === 4 ? 3 : 128))
  const chunkRoots = [0, 1, 2, 3, 4].map((chunk) => chunkSubtreeRoot(leavesOf(chunk)))
  const expected = { chunk: 4, storedBytes: 4 * CHUNK_BYTES + 2 * SEGMENT_BYTES + 49, root: merkleRoot(chunkRoots) }
  const raw = encodeChunkHashes(leavesOf(4), chunkRoots, 4)
  return {
    name: "chunk-hashes",
    section: "4.4",
    codes: ["malformed", "too-large", "unsupported-version", "integrity"],
    limitBytes: CHUNK_HASHES_MAX_BYTES,
    vouched: true,
    material: raw,
    assemble: unchanged,
    decode: (given) => openChunkHashes(given, expected),
    refusals: [
      ...commonRefusals(raw, raw, CHUNK_HASHES_MAX_BYTES, unchanged),
      { name: "a leaf with one bit turned", code: "integrity", raw: edit(raw, [1], flip(leavesOf(4), 40)) },
      { name: "one leaf too few", code: "integrity", raw: edit(raw, [1], leavesOf(4).slice(32)) },
      { name: "leaves that are cut", code: "malformed", raw: edit(raw, [1], leavesOf(4).slice(1)) },
      { name: "an empty path", code: "integrity", raw: edit(raw, [2], []) },
      { name: "a step of 31 bytes", code: "malformed", raw: edit(raw, [2, 0], bytesOf("step", 31)) },
      { name: "the hashes of another chunk", code: "integrity", raw: encodeChunkHashes(leavesOf(3), chunkRoots, 3) },
    ],
  }
}

function segment(): Format {
  const asset = { contentKey: bytesOf("content key"), rawHeader: sampleHeader }
  const [sealer, opener] = [createSegmentSealer(asset, sodiumPrimitives), createSegmentOpener(asset, sodiumPrimitives)]
  const seal = (index: number, last: boolean, plaintext: Uint8Array, key = sealer): Uint8Array => {
    const out = new Uint8Array(plaintext.length + 48)
    key.seal(index, last, plaintext, out)
    return out
  }
  const plaintext = bytesOf("plaintext", 200)
  const raw = seal(7, true, plaintext)
  const otherKey = createSegmentSealer({ ...asset, contentKey: bytesOf("another content key") }, sodiumPrimitives)
  const otherHeader = createSegmentSealer({ ...asset, rawHeader: flip(sampleHeader, 63) }, sodiumPrimitives)
  return {
    name: "segment",
    section: "4.3",
    codes: ["integrity"],
    limitBytes: SEGMENT_BYTES,
    vouched: true,
    material: plaintext,
    assemble: (material) => seal(7, true, material),
    decode: (given) => opener.open(7, true, given),
    refusals: [
      { name: "nothing", code: "integrity", raw: NOTHING },
      { name: "an empty plaintext", code: "integrity", raw: seal(7, true, NOTHING) },
      { name: "a commitment with one bit turned", code: "integrity", raw: flip(raw, 0) },
      { name: "a ciphertext with one bit turned", code: "integrity", raw: flip(raw, 32) },
      { name: "a tag with one bit turned", code: "integrity", raw: flip(raw, -1) },
      { name: "cut short by one byte", code: "integrity", raw: raw.slice(0, -1) },
      { name: "sealed as not the last", code: "integrity", raw: seal(7, false, plaintext) },
      { name: "sealed for another place", code: "integrity", raw: seal(6, true, plaintext) },
      { name: "sealed with another content key", code: "integrity", raw: seal(7, true, plaintext, otherKey) },
      { name: "sealed under another header", code: "integrity", raw: seal(7, true, plaintext, otherHeader) },
    ],
  }
}

export function assetFormats(): readonly Format[] {
  return [assetHeader(), assetRecord(), chunkHashes(), segment()]
}
