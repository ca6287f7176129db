import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { decodeAssetHeader } from "../../shared/protocol/asset-header.js"
import { uploadSecretInfo } from "../../shared/protocol/recording.js"
import { hpkeOpen, hpkeSeal } from "./hpke.js"

/** What deletes an asset at the server, as its author keeps it for itself where others see it. SPEC.md §8. */

interface UploadedAsset {
  readonly rawHeader: Uint8Array
}

/** @param userPublicKey the author's own. */
export function sealUploadSecret(
  userPublicKey: Uint8Array,
  { rawHeader, uploadSecret }: UploadedAsset & { readonly uploadSecret: Uint8Array },
  random: RandomBytes,
): Uint8Array {
  const info = uploadSecretInfo(decodeAssetHeader(rawHeader).assetId)
  return hpkeSeal({ recipientPublicKey: userPublicKey, info, aad: rawHeader, plaintext: uploadSecret }, random)
}

/** @throws {@link ArchiveError} `cannot-open`. */
export function openUploadSecret(userSeed: Uint8Array, { rawHeader }: UploadedAsset, box: Uint8Array): Uint8Array {
  return hpkeOpen(userSeed, uploadSecretInfo(decodeAssetHeader(rawHeader).assetId), box, rawHeader)
}
