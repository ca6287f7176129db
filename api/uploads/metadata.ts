import { type AssetHeader, assetHeaderHash, decodeAssetHeader } from "../../shared/protocol/asset-header.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { HASH_BYTES } from "../../shared/protocol/hash.js"

/** What tus's `Upload-Metadata` brings at creation. */
export interface UploadMetadata {
  readonly header: AssetHeader
  readonly rawHeader: Uint8Array
  readonly headerHash: Uint8Array
  readonly secretHash: Uint8Array
}

/** Two keys, their base64 of 88 and 44 characters, and little between. */
const MAX_CHARACTERS = 256

/**
 * Parses `header <base64>,secretHash <base64>` (tus 1.0, creation), in any order, with nothing else.
 * @throws {@link ArchiveError} `malformed`, `unsupported-version`.
 */
export function parseUploadMetadata(text: string | undefined): UploadMetadata {
  if (text === undefined || text.length > MAX_CHARACTERS)
    throw new ArchiveError("malformed", "Upload-Metadata with header and secretHash is needed")
  const values = new Map<string, Uint8Array>()
  for (const item of text.split(",")) {
    const [key, base64, ...rest] = item.trim().split(" ")
    if (key === undefined || base64 === undefined || rest.length > 0 || values.has(key))
      throw new ArchiveError("malformed", "Upload-Metadata that is no list of keys and values")
    values.set(key, decodeBase64(base64))
  }
  const rawHeader = values.get("header")
  const secretHash = values.get("secretHash")
  if (rawHeader === undefined || secretHash?.length !== HASH_BYTES || values.size !== 2) {
    throw new ArchiveError("malformed", "Upload-Metadata with header and secretHash is needed")
  }
  return { header: decodeAssetHeader(rawHeader), rawHeader, headerHash: assetHeaderHash(rawHeader), secretHash }
}

function decodeBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64")
  if (bytes.toString("base64") !== text) throw new ArchiveError("malformed", "not base64")
  return bytes
}
