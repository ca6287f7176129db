import { concatBytes, equalBytes, u64, utf8 } from "./bytes.js"
import {
  type CborValue,
  decodeCbor,
  encodeCbor,
  readArray,
  readBytes,
  readNullable,
  readText,
  readUint,
  readVersioned,
} from "./cbor.js"
import { ASSET_HEADER_BYTES, type AssetHeader, decodeAssetHeader } from "./asset-header.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES, ID_BYTES } from "./hash.js"
import { asId, type AssetId, type RecordingId } from "./ids.js"
import { LABELS } from "./labels.js"
import { LIMITS } from "./limits.js"
import { storedBytesOfFile } from "./padding.js"
import { isStreamSize } from "./sizes.js"
import { type Field, fieldBytes, fieldValue } from "./statement.js"

export const ASSET_ROLES = ["media", "poster", "waveform", "captions", "import"] as const
export type AssetRole = (typeof ASSET_ROLES)[number]

/** One asset in a manifest. SPEC.md §8. */
export interface ManifestAsset {
  readonly role: AssetRole
  readonly rawHeader: Uint8Array
  readonly header: AssetHeader
  readonly storedBytes: number
  readonly trueBytes: number
  readonly root: Uint8Array
  readonly mediaType: string
}

/** What a recording's statement says in its fields; the seals in it are opened by the joint key. */
export interface RecordingFields {
  readonly recordingId: RecordingId
  readonly captureEpoch: number
  readonly assets: readonly ManifestAsset[]
  readonly sealedContentKeys: readonly Uint8Array[]
  readonly sealedDetails: Uint8Array
  readonly uploadSecretBoxes: readonly Uint8Array[]
}

/** What is sealed of a recording beside its bytes. */
export interface RecordingDetails {
  readonly title: string
  readonly fileName: string | null
  readonly capturedAtMs: number | null
  readonly durationMs: number | null
  readonly prepared: "as-is" | "remuxed"
}

/** An HPKE box of 32 bytes. */
export const UPLOAD_SECRET_BOX_BYTES = 1_168

function assetFieldName(index: number): string {
  return `asset:${String(index).padStart(2, "0")}`
}

/** The fields of a recording's statement as names and values; the caller salts them. */
export function recordingFieldValues(
  recording: Omit<RecordingFields, "assets"> & { readonly assets: readonly Omit<ManifestAsset, "header">[] },
): readonly (readonly [name: string, value: CborValue])[] {
  return [
    ...recording.assets.map(
      (asset, index) =>
        [
          assetFieldName(index),
          [asset.role, asset.rawHeader, asset.storedBytes, asset.trueBytes, asset.root, asset.mediaType],
        ] as const,
    ),
    ["captureEpoch", recording.captureEpoch],
    ["contentKeys", recording.sealedContentKeys],
    ["details", recording.sealedDetails],
    ["recording", recording.recordingId],
    ["uploadSecrets", recording.uploadSecretBoxes],
  ]
}

/** @throws {@link ArchiveError} `malformed` for every rule of SPEC.md §8, `unsupported-version`. */
export function readRecordingFields(fields: readonly Field[]): RecordingFields {
  const assetFields = fields.filter((field) => field.name.startsWith("asset:"))
  const count = assetFields.length
  if (count === 0 || count > LIMITS.assetsPerEvent)
    throw new ArchiveError("malformed", `a recording of ${count} assets`)
  const assets = assetFields.map((field, index) => {
    if (field.name !== assetFieldName(index))
      throw new ArchiveError("malformed", "assets that are not numbered in order")
    return readManifestAsset(field.value)
  })
  assets.forEach((asset, index) => {
    if ((asset.role === "media") !== (index === 0))
      throw new ArchiveError("malformed", "a recording's media must come first, and once")
    const repeated = assets
      .slice(0, index)
      .some(
        ({ header }) => equalBytes(header.assetId, asset.header.assetId) || equalBytes(header.salt, asset.header.salt),
      )
    if (repeated) throw new ArchiveError("malformed", "a recording that names one asset twice")
  })
  const list = (name: string, length: number): readonly Uint8Array[] =>
    readArray(fieldValue(fields, name), `field ${name}`, count).map((item) =>
      readBytes(item, `item of ${name}`, length),
    )
  return {
    recordingId: asId("recording", fieldBytes(fields, "recording", ID_BYTES)),
    captureEpoch: readUint(fieldValue(fields, "captureEpoch"), "capture epoch", 0xffff_ffff),
    assets,
    sealedContentKeys: list("contentKeys", 336),
    sealedDetails: fieldBytes(fields, "details", { min: 336, max: 8_192 }),
    uploadSecretBoxes: list("uploadSecrets", UPLOAD_SECRET_BOX_BYTES),
  }
}

/** One of a recording's files, from its field alone. @throws {@link ArchiveError} `malformed`, `unsupported-version`. */
export function readAssetField({ name, value }: Field): ManifestAsset {
  if (!/^asset:\d\d$/.test(name)) throw new ArchiveError("malformed", "a field that names no file")
  return readManifestAsset(value)
}

function readManifestAsset(raw: CborValue): ManifestAsset {
  const [rawRole, header, stored, trueSize, root, mediaType] = readArray(raw, "asset", 6)
  const role = ASSET_ROLES.find((name) => name === rawRole)
  if (role === undefined) throw new ArchiveError("malformed", "an asset of unknown role")
  const rawHeader = readBytes(header, "header", ASSET_HEADER_BYTES)
  const decoded = decodeAssetHeader(rawHeader)
  const storedBytes = readUint(stored, "stored size")
  const trueBytes = readUint(trueSize, "true size")
  const fits = decoded.kind === "file" ? storedBytes === storedBytesOfFile(trueBytes) : true
  if (!fits || !isStreamSize(storedBytes, decoded.kind))
    throw new ArchiveError("malformed", "an asset whose sizes do not fit each other")
  return {
    role,
    rawHeader,
    header: decoded,
    storedBytes,
    trueBytes,
    root: readBytes(root, "root", HASH_BYTES),
    mediaType: readText(mediaType, "media type", LIMITS.mediaTypeBytes),
  }
}

export function encodeRecordingDetails(details: RecordingDetails): Uint8Array {
  return encodeCbor([1, details.title, details.fileName, details.capturedAtMs, details.durationMs, details.prepared])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`. SPEC.md §8. */
export function decodeRecordingDetails(raw: Uint8Array): RecordingDetails {
  const [, title, fileName, capturedAtMs, durationMs, prepared] = readVersioned(decodeCbor(raw, 8_192), "details", 6)
  if (prepared !== "as-is" && prepared !== "remuxed")
    throw new ArchiveError("malformed", "an unknown way of preparation")
  return {
    title: readText(title, "title", LIMITS.titleBytes),
    fileName: readNullable(fileName, (value) => readText(value, "file name", LIMITS.fileNameBytes)),
    capturedAtMs: readNullable(capturedAtMs, (value) => readUint(value, "time of capture")),
    durationMs: readNullable(durationMs, (value) => readUint(value, "duration")),
    prepared,
  }
}

/** Context of a recording's seals: `meetingHash ‖ u64(captureEpoch) ‖ u64(epoch) ‖ id of the asset or recording`. SPEC.md §8. */
export function recordingContext(
  meetingHash: Uint8Array,
  captureEpoch: number,
  epoch: number,
  id: AssetId | RecordingId,
): Uint8Array {
  return concatBytes(meetingHash, u64(captureEpoch), u64(epoch), id)
}

/** `info` of the box in which an author keeps an upload secret for itself. SPEC.md §8. */
export function uploadSecretInfo(assetId: AssetId): Uint8Array {
  return encodeCbor([utf8(LABELS.hpkeUploadSecret), assetId])
}
