import { sealRecord } from "../../../client/crypto/committed-seal.js"
import { deriveEpochKeys, type EpochKeys, recordingJointKey } from "../../../client/crypto/epoch-keys.js"
import { makeRecordingContent, openRecordingSeals } from "../../../client/crypto/recording-event.js"
import { decodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { concatBytes } from "../../../shared/protocol/bytes.js"
import { type CborValue, encodeCbor } from "../../../shared/protocol/cbor.js"
import { asId } from "../../../shared/protocol/ids.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { storedBytesOfFile } from "../../../shared/protocol/padding.js"
import {
  decodeRecordingDetails,
  encodeRecordingDetails,
  readRecordingFields,
  recordingContext,
  type RecordingFields,
} from "../../../shared/protocol/recording.js"
import type { Field } from "../../../shared/protocol/statement.js"
import { SAMPLE_TIME_MS, sampleUserPublicKey } from "./accounts.js"
import { sampleHeader } from "./assets.js"
import {
  arrayOf,
  bytesOf,
  commonRefusals,
  edit,
  flip,
  type Format,
  itemsOf,
  NOTHING,
  seededBytes,
  unchanged,
  valueAt,
} from "./format.js"

interface SampleRecording {
  readonly fields: readonly Field[]
  readonly capture: EpochKeys
  readonly publishing: EpochKeys
}

const MEETING_HASH = bytesOf("meeting hash")
const RECORDING_ID = asId("recording", bytesOf("recording id", 16))
const DETAILS = {
  title: "Kick-off",
  fileName: "kick-off.mp4",
  capturedAtMs: SAMPLE_TIME_MS,
  durationMs: 61_000,
  prepared: "remuxed",
} as const

function sampleRecording(): SampleRecording {
  const random = seededBytes("recording")
  const [capture, publishing] = [
    deriveEpochKeys(bytesOf("capture epoch"), 2),
    deriveEpochKeys(bytesOf("publishing epoch"), 3),
  ]
  const asset = (role: "media" | "poster", seed: string, trueBytes: number, mediaType: string) => {
    const rawHeader = concatBytes(sampleHeader.slice(0, 16), bytesOf(seed, 48))
    return {
      role,
      rawHeader,
      header: decodeAssetHeader(rawHeader),
      storedBytes: storedBytesOfFile(trueBytes),
      trueBytes,
      root: bytesOf(`${seed} root`),
      mediaType,
      contentKey: bytesOf(`${seed} key`),
      uploadSecret: bytesOf(`${seed} secret`),
    }
  }
  const recording = {
    recordingId: RECORDING_ID,
    assets: [asset("media", "media", 1_000_000, "video/mp4"), asset("poster", "poster", 12_345, "image/jpeg")],
    details: DETAILS,
    authorUserPublicKey: sampleUserPublicKey(),
  }
  const { values } = makeRecordingContent(recording, MEETING_HASH, capture, publishing, random)
  const fields = values.map(([name, value]) => ({ name, salt: random(32), value }))
  return { fields, capture, publishing }
}

export function encodeFields(fields: readonly Field[]): Uint8Array {
  return encodeCbor(fields.map(({ name, salt, value }) => [name, salt, value]))
}

/** Fields as a body brings them, without what a body checks before. */
export function fieldsOf(raw: Uint8Array): readonly Field[] {
  const items = arrayOf(raw, LIMITS.eventBytes) ?? []
  return items.flatMap((item) => {
    const [name, salt, value] = Array.isArray(item) ? (item as readonly CborValue[]) : []
    return typeof name === "string" && salt instanceof Uint8Array && value !== undefined ? [{ name, salt, value }] : []
  })
}

function recording(): Format {
  const { fields } = sampleRecording()
  const raw = encodeFields(fields)
  const [media, poster] = [itemsOf(valueAt(raw, [0])), itemsOf(valueAt(raw, [1]))]
  return {
    name: "recording",
    section: "8",
    codes: ["malformed", "unsupported-version"],
    limitBytes: LIMITS.eventBytes,
    vouched: false,
    material: raw,
    assemble: unchanged,
    decode: (given): RecordingFields => readRecordingFields(fieldsOf(given)),
    refusals: [
      { name: "no assets", code: "malformed", raw: encodeFields(fields.slice(2)) },
      {
        name: "media that is not first",
        code: "malformed",
        raw: edit(edit(raw, [0, 2], poster[2] ?? null), [1, 2], media[2] ?? null),
      },
      { name: "media twice", code: "malformed", raw: edit(raw, [1, 2, 0], "media") },
      { name: "assets that are not numbered in order", code: "malformed", raw: edit(raw, [1, 0], "asset:02") },
      { name: "one asset twice", code: "malformed", raw: edit(raw, [1, 2, 1], valueAt(raw, [0, 2, 1])) },
      { name: "a size that does not fit the true size", code: "malformed", raw: edit(raw, [0, 2, 3], 2_000_000) },
      { name: "an unknown role", code: "malformed", raw: edit(raw, [1, 2, 0], "subtitle") },
      {
        name: "a header of version 2",
        code: "unsupported-version",
        raw: edit(raw, [0, 2, 1], (valueAt(raw, [0, 2, 1]) as Uint8Array).with(8, 2)),
      },
      {
        name: "one content key too few",
        code: "malformed",
        raw: edit(raw, [3, 2], itemsOf(valueAt(raw, [3, 2])).slice(1)),
      },
      {
        name: "an upload secret's box of another size",
        code: "malformed",
        raw: edit(raw, [6, 2, 0], bytesOf("box", 1_167)),
      },
    ],
  }
}

function recordingDetails(): Format {
  const raw = encodeRecordingDetails(DETAILS)
  return {
    name: "recording-details",
    section: "8",
    codes: ["malformed", "too-large", "unsupported-version"],
    limitBytes: 8_192,
    vouched: false,
    material: raw,
    assemble: unchanged,
    decode: decodeRecordingDetails,
    refusals: [
      ...commonRefusals(raw, raw, 8_192, unchanged),
      { name: "a title of 513 bytes", code: "malformed", raw: edit(raw, [1], "x".repeat(513)) },
      { name: "an unknown way of preparation", code: "malformed", raw: edit(raw, [5], "guessed") },
      { name: "a duration that is text", code: "malformed", raw: edit(raw, [4], "61") },
    ],
  }
}

/** The seals of a recording around any details, right or wrong. */
function recordingSeals(): Format {
  const { fields, capture, publishing } = sampleRecording()
  const read = readRecordingFields(fields)
  const place = {
    key: recordingJointKey(capture, publishing),
    label: LABELS.recordingDetails,
    context: recordingContext(MEETING_HASH, 2, 3, RECORDING_ID),
    aad: NOTHING,
  }
  const assemble = (details: Uint8Array): Uint8Array => sealRecord(place, details, seededBytes("salt of details"))
  const material = encodeRecordingDetails(DETAILS)
  const raw = assemble(material)
  return {
    name: "recording-seals",
    section: "8",
    codes: ["cannot-open", "malformed", "unsupported-version"],
    limitBytes: 8_192,
    vouched: true,
    material,
    assemble,
    decode: (given) => openRecordingSeals({ ...read, sealedDetails: given }, MEETING_HASH, capture, publishing),
    refusals: [
      { name: "one bit turned", code: "cannot-open", raw: flip(raw, 100) },
      {
        name: "the details of another recording",
        code: "cannot-open",
        raw: sealRecord(
          { ...place, context: recordingContext(MEETING_HASH, 2, 3, asId("recording", bytesOf("another", 16))) },
          material,
          seededBytes("salt of details"),
        ),
      },
      {
        name: "sealed under the publishing epoch alone",
        code: "cannot-open",
        raw: sealRecord(
          { ...place, key: recordingJointKey(publishing, publishing) },
          material,
          seededBytes("salt of details"),
        ),
      },
      { name: "version 2", code: "unsupported-version", raw: assemble(edit(material, [0], 2)) },
      { name: "something else sealed", code: "malformed", raw: assemble(bytesOf("something else")) },
    ],
  }
}

export function recordingFormats(): readonly Format[] {
  return [recording(), recordingDetails(), recordingSeals()]
}
