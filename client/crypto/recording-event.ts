import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { assetHeaderHash } from "../../shared/protocol/asset-header.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import type { RecordingId } from "../../shared/protocol/ids.js"
import { LABELS } from "../../shared/protocol/labels.js"
import {
  decodeRecordingDetails,
  encodeRecordingDetails,
  type ManifestAsset,
  recordingContext,
  type RecordingDetails,
  recordingFieldValues,
  type RecordingFields,
} from "../../shared/protocol/recording.js"
import { openRecord, sealRecord, type SealPlace } from "./committed-seal.js"
import { type EpochKeys, recordingJointKey } from "./epoch-keys.js"
import type { EventContent } from "./log-event.js"
import { sealUploadSecret } from "./upload-secret.js"

/** An asset as its author knows it. */
export interface AuthoredAsset extends ManifestAsset {
  readonly contentKey: Uint8Array
  readonly uploadSecret: Uint8Array
}

/** An asset as a member opens it. */
export interface OpenedAsset extends ManifestAsset {
  readonly contentKey: Uint8Array
}

export interface NewRecording {
  readonly recordingId: RecordingId
  readonly assets: readonly AuthoredAsset[]
  readonly details: RecordingDetails
  readonly authorUserPublicKey: Uint8Array
}

const EMPTY = new Uint8Array(0)

/** What a recording's event says, its keys and title sealed under both epochs together. SPEC.md §8. */
export function makeRecordingContent(
  recording: NewRecording,
  meetingHash: Uint8Array,
  capture: EpochKeys,
  publishing: EpochKeys,
  random: RandomBytes,
): EventContent {
  const jointKey = recordingJointKey(capture, publishing)
  const values = recordingFieldValues({
    recordingId: recording.recordingId,
    captureEpoch: capture.epoch,
    assets: recording.assets,
    sealedContentKeys: recording.assets.map((asset) =>
      sealRecord(
        contentKeyPlace(jointKey, meetingHash, capture.epoch, publishing.epoch, asset),
        asset.contentKey,
        random,
      ),
    ),
    sealedDetails: sealRecord(
      detailsPlace(jointKey, meetingHash, capture.epoch, publishing.epoch, recording.recordingId),
      encodeRecordingDetails(recording.details),
      random,
    ),
    uploadSecretBoxes: recording.assets.map((asset) => sealUploadSecret(recording.authorUserPublicKey, asset, random)),
  })
  return {
    type: "recording",
    values,
    assets: recording.assets.map((asset) => assetHeaderHash(asset.rawHeader)),
    carried: [],
    epochPart: null,
  }
}

/** @throws {@link ArchiveError} `cannot-open`, `malformed`. */
export function openRecordingSeals(
  fields: RecordingFields,
  meetingHash: Uint8Array,
  capture: EpochKeys,
  publishing: EpochKeys,
): { readonly details: RecordingDetails; readonly assets: readonly OpenedAsset[] } {
  const jointKey = recordingJointKey(capture, publishing)
  const assets = fields.assets.map((asset, index) => {
    const contentKey = openRecord(
      contentKeyPlace(jointKey, meetingHash, capture.epoch, publishing.epoch, asset),
      fields.sealedContentKeys[index] ?? EMPTY,
    )
    if (contentKey.length !== 32) throw new ArchiveError("malformed", "a content key of another length")
    return { ...asset, contentKey }
  })
  const rawDetails = openRecord(
    detailsPlace(jointKey, meetingHash, capture.epoch, publishing.epoch, fields.recordingId),
    fields.sealedDetails,
  )
  return { details: decodeRecordingDetails(rawDetails), assets }
}

function contentKeyPlace(
  key: Uint8Array,
  meetingHash: Uint8Array,
  captureEpoch: number,
  epoch: number,
  asset: Pick<ManifestAsset, "header" | "rawHeader">,
): SealPlace {
  return {
    key,
    label: LABELS.recordingContentKey,
    context: recordingContext(meetingHash, captureEpoch, epoch, asset.header.assetId),
    aad: asset.rawHeader,
  }
}

function detailsPlace(
  key: Uint8Array,
  meetingHash: Uint8Array,
  captureEpoch: number,
  epoch: number,
  recordingId: RecordingId,
): SealPlace {
  return {
    key,
    label: LABELS.recordingDetails,
    context: recordingContext(meetingHash, captureEpoch, epoch, recordingId),
    aad: EMPTY,
  }
}
