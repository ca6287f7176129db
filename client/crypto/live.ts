import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { assetHeaderHash, decodeAssetHeader } from "../../shared/protocol/asset-header.js"
import { concatBytes, equalBytes, u64 } from "../../shared/protocol/bytes.js"
import { decodeCbor, encodeCbor, readBytes, readText, readUint, readVersioned } from "../../shared/protocol/cbor.js"
import { makeEnvelope, openEnvelope, type Signer } from "../../shared/protocol/envelope.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import {
  decodeLiveHead,
  encodeLiveHead,
  LIVE_HEAD_BYTES,
  LIVE_HEAD_PLAINTEXT_BYTES,
  type LiveHead,
} from "../../shared/protocol/live-asset.js"
import { padTo, unpad } from "../../shared/protocol/padding.js"
import { openRecord, sealRecord, type SealPlace } from "./committed-seal.js"
import type { EpochKeys } from "./epoch-keys.js"
import type { AssetKey } from "./segments.js"
import { verifySignature } from "./sodium.js"

/** What is sealed of a live asset beside its bytes: its key, for the members of the epoch in force, and its heads. SPEC.md §4.5, §7.6. */

export interface LiveSecret {
  readonly contentKey: Uint8Array
  readonly title: string
  readonly capturedAtMs: number
}

const CONTENT_KEY_BYTES = 32
const SECRET_LIMIT_BYTES = 8_192

export function sealLiveSecret(
  rawHeader: Uint8Array,
  secret: LiveSecret,
  meetingHash: Uint8Array,
  keys: EpochKeys,
  random: RandomBytes,
): Uint8Array {
  const plaintext = encodeCbor([1, secret.contentKey, secret.title, secret.capturedAtMs])
  return sealRecord(secretPlace(rawHeader, meetingHash, keys), plaintext, random)
}

/** @throws {@link ArchiveError} `cannot-open`, `malformed`, `unsupported-version`. */
export function openLiveSecret(
  live: { readonly rawHeader: Uint8Array; readonly sealedKey: Uint8Array },
  meetingHash: Uint8Array,
  keys: EpochKeys,
): LiveSecret {
  const plaintext = openRecord(secretPlace(live.rawHeader, meetingHash, keys), live.sealedKey)
  const [, contentKey, title, capturedAtMs] = readVersioned(
    decodeCbor(plaintext, SECRET_LIMIT_BYTES),
    "key of a live asset",
    4,
  )
  return {
    contentKey: readBytes(contentKey, "content key", CONTENT_KEY_BYTES),
    title: readText(title, "title", LIMITS.titleBytes),
    capturedAtMs: readUint(capturedAtMs, "time of capture"),
  }
}

function secretPlace(rawHeader: Uint8Array, meetingHash: Uint8Array, keys: EpochKeys): SealPlace {
  const context = concatBytes(meetingHash, u64(keys.epoch), decodeAssetHeader(rawHeader).assetId)
  return { key: keys.contentWrapKey, label: LABELS.liveKey, context, aad: rawHeader }
}

/** A signed head, sealed in {@link LIVE_HEAD_BYTES}. */
export function sealLiveHead(
  asset: AssetKey,
  head: Omit<LiveHead, "headerHash" | "deviceKey">,
  signer: Signer,
  random: RandomBytes,
): Uint8Array {
  const statement = { ...head, headerHash: assetHeaderHash(asset.rawHeader), deviceKey: signer.publicKey }
  const envelope = makeEnvelope(LABELS.signLiveHead, signer, encodeLiveHead(statement))
  return sealRecord(headPlace(asset), padTo(envelope, LIVE_HEAD_PLAINTEXT_BYTES), random)
}

/**
 * A head as its recorder signed it.
 * @param deviceKey the one that the asset's `live` event names.
 * @throws {@link ArchiveError} `cannot-open`; `bad-signature` also for a head of another asset, or by another device. LH2.
 */
export function openLiveHead(asset: AssetKey, deviceKey: Uint8Array, sealed: Uint8Array): LiveHead {
  if (sealed.length !== LIVE_HEAD_BYTES) throw new ArchiveError("malformed", "a live head of another size")
  const rawEnvelope = unpad(openRecord(headPlace(asset), sealed))
  if (rawEnvelope === null) throw new ArchiveError("malformed", "a live head with other padding")
  const { statement, publicKey } = openEnvelope(
    rawEnvelope,
    LABELS.signLiveHead,
    verifySignature,
    LIVE_HEAD_PLAINTEXT_BYTES,
  )
  const head = decodeLiveHead(statement)
  const isOwn =
    equalBytes(publicKey, deviceKey) &&
    equalBytes(head.deviceKey, deviceKey) &&
    equalBytes(head.headerHash, assetHeaderHash(asset.rawHeader))
  if (!isOwn) throw new ArchiveError("bad-signature", "a head that is not this asset's recorder's")
  return head
}

function headPlace({ contentKey, rawHeader }: AssetKey): SealPlace {
  return { key: contentKey, label: LABELS.liveHead, context: assetHeaderHash(rawHeader), aad: rawHeader }
}
