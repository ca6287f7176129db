import { concatBytes, lengthPrefixed, u64, utf8 } from "../../shared/protocol/bytes.js"
import type { Signer } from "../../shared/protocol/envelope.js"
import { type Label, LABELS } from "../../shared/protocol/labels.js"
import { blake2b, signerOfSeed } from "./sodium.js"

/** All that derives from an epoch secret. SPEC.md §7.2. */
export interface EpochKeys {
  readonly epoch: number
  readonly secret: Uint8Array
  readonly logKey: Uint8Array
  readonly chatKey: Uint8Array
  readonly contentWrapKey: Uint8Array
  readonly presenceKey: Uint8Array
  readonly access: Signer
  readonly commitment: Uint8Array
}

export function deriveEpochKeys(secret: Uint8Array, epoch: number): EpochKeys {
  const derive = (label: Label): Uint8Array => blake2b(32, secret, concatBytes(lengthPrefixed(utf8(label)), u64(epoch)))
  return {
    epoch,
    secret,
    logKey: derive(LABELS.epochLog),
    chatKey: derive(LABELS.epochChat),
    contentWrapKey: derive(LABELS.epochContentWrap),
    presenceKey: derive(LABELS.epochPresence),
    access: signerOfSeed(derive(LABELS.epochAccess)),
    commitment: derive(LABELS.epochCommitment),
  }
}

/** The key pair that the admins of a meeting share. SPEC.md §7.2. */
export function adminSigner(adminSeed: Uint8Array): Signer {
  return signerOfSeed(blake2b(32, adminSeed, lengthPrefixed(utf8(LABELS.adminSign))))
}

/** The key of a recording's seals: of its capture epoch and its publishing epoch together. SPEC.md §8. */
export function recordingJointKey(capture: EpochKeys, publishing: EpochKeys): Uint8Array {
  return blake2b(
    32,
    capture.contentWrapKey,
    concatBytes(lengthPrefixed(utf8(LABELS.recordingWrapKey)), publishing.contentWrapKey),
  )
}
