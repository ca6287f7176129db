import { fromHex, toHex } from "../../protocol/bytes.js"

/** Where the parts of an asset stand in the object store (SPEC.md §13), and its pieces in the spool. */

/** What the name of every object of an asset begins with. */
export const ASSETS_PREFIX = "c/"

/** The name of chunk `n`: it says what the bytes hash to, so two writers of one chunk are harmless. */
export function chunkKey(assetId: Uint8Array, n: number, sha256: Uint8Array): string {
  return `${assetPrefix(assetId)}${n}/${toHex(sha256)}`
}

export function assetRecordKey(assetId: Uint8Array): string {
  return `${assetPrefix(assetId)}asset.cbor`
}

/** What the name of every object of the asset begins with. */
export function assetPrefix(assetId: Uint8Array): string {
  return `${ASSETS_PREFIX}${toHex(assetId)}/`
}

/**
 * The spool's name for a piece. It says under which lease it is written, so that a file which no row names can be told from one that is still
 * being received.
 */
export function pieceName(assetId: Uint8Array, leaseToken: number, random: Uint8Array): string {
  return `${toHex(assetId)}-${leaseToken}-${toHex(random)}`
}

/** Asset and fencing token of a piece's file; `null` for a file that has no such name. */
export function parsePieceName(name: string): { readonly assetId: Uint8Array; readonly leaseToken: number } | null {
  const [, assetId, leaseToken] = /^([0-9a-f]{32})-([0-9]{1,15})-[0-9a-f]{16}$/.exec(name) ?? []
  return assetId === undefined ? null : { assetId: fromHex(assetId), leaseToken: Number(leaseToken) }
}
