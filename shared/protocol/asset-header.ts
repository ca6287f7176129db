import { concatBytes, equalBytes, utf8 } from "./bytes.js"
import { ArchiveError } from "./errors.js"
import { sha256 } from "./hash.js"
import { asId, type AssetId } from "./ids.js"

/** SPEC.md §4.1. */
export const ASSET_HEADER_BYTES = 64
export const ASSET_SALT_BYTES = 32
const MAGIC = utf8("TACITURN")
const VERSION = 1
const SUITE = 1
const KINDS = { file: 1, live: 2 } as const

export type AssetKind = keyof typeof KINDS

export interface AssetHeader {
  readonly kind: AssetKind
  readonly assetId: AssetId
  readonly salt: Uint8Array
}

/** 64 bytes; they name no meeting, file or person. SPEC.md §4.1. */
export function encodeAssetHeader(header: AssetHeader): Uint8Array {
  return concatBytes(
    MAGIC,
    Uint8Array.of(VERSION, SUITE, KINDS[header.kind], 0, 0, 0, 0, 0),
    header.assetId,
    header.salt,
  )
}

/** @throws {@link ArchiveError} `malformed`, or `unsupported-version` for another version or suite. SPEC.md §4.1. */
export function decodeAssetHeader(raw: Uint8Array): AssetHeader {
  if (raw.length !== ASSET_HEADER_BYTES || !equalBytes(raw.subarray(0, 8), MAGIC)) {
    throw new ArchiveError("malformed", "not the header of an asset")
  }
  if (raw[8] !== VERSION || raw[9] !== SUITE) {
    throw new ArchiveError(
      "unsupported-version",
      `an asset of version ${raw[8] ?? 0}, suite ${raw[9] ?? 0}; this program knows 1, 1`,
    )
  }
  const kind = (Object.keys(KINDS) as AssetKind[]).find((name) => KINDS[name] === raw[10])
  if (kind === undefined || raw.subarray(11, 16).some((byte) => byte !== 0)) {
    throw new ArchiveError("malformed", "an asset's header with an unknown kind or reserved bytes set")
  }
  return { kind, assetId: asId("asset", raw.slice(16, 32)), salt: raw.slice(32, 64) }
}

/** `H` of SPEC.md §4.1. */
export function assetHeaderHash(rawHeader: Uint8Array): Uint8Array {
  return sha256(rawHeader)
}
