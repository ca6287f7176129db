import { sealRecord } from "../../../client/crypto/committed-seal.js"
import { deriveEpochKeys } from "../../../client/crypto/epoch-keys.js"
import { openLiveHead, openLiveSecret } from "../../../client/crypto/live.js"
import { assetHeaderHash, encodeAssetHeader } from "../../../shared/protocol/asset-header.js"
import { concatBytes, u64 } from "../../../shared/protocol/bytes.js"
import { encodeCbor } from "../../../shared/protocol/cbor.js"
import { makeEnvelope, type Signer } from "../../../shared/protocol/envelope.js"
import { asId } from "../../../shared/protocol/ids.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { encodeLiveHead, LIVE_HEAD_BYTES, LIVE_HEAD_PLAINTEXT_BYTES } from "../../../shared/protocol/live-asset.js"
import { padTo } from "../../../shared/protocol/padding.js"
import { bytesOf, edit, flip, type Format, NOTHING, seededBytes, signerOf } from "./format.js"

const assetId = asId("asset", bytesOf("live asset id", 16))
export const liveHeader: Uint8Array = encodeAssetHeader({ kind: "live", assetId, salt: bytesOf("live asset salt") })

const DEVICE = "a recording device"

function head(): Format {
  const contentKey = bytesOf("live content key")
  const signer = signerOf(DEVICE)
  const material = encodeLiveHead({
    headerHash: assetHeaderHash(liveHeader),
    deviceKey: signer.publicKey,
    segments: 300,
    root: bytesOf("live root"),
    timeMs: 1_800_000_000_000,
    isLast: false,
    flushes: [
      { segment: 290, timeMs: 1_799_999_998_000, clockMs: 61_000 },
      { segment: 295, timeMs: 1_799_999_999_000, clockMs: 62_000 },
    ],
  })
  const assemble = (statement: Uint8Array, by: Signer = signer): Uint8Array => {
    const envelope = makeEnvelope(LABELS.signLiveHead, by, statement)
    const isFitting = envelope.length < LIVE_HEAD_PLAINTEXT_BYTES
    return sealRecord(
      { key: contentKey, label: LABELS.liveHead, context: assetHeaderHash(liveHeader), aad: liveHeader },
      isFitting ? padTo(envelope, LIVE_HEAD_PLAINTEXT_BYTES) : envelope,
      seededBytes("salt of a live head"),
    )
  }
  const other = signerOf("another device")
  return {
    name: "live-head",
    section: "4.5",
    codes: ["malformed", "cannot-open", "bad-signature", "unsupported-version"],
    limitBytes: LIVE_HEAD_BYTES,
    vouched: true,
    material,
    assemble: (statement) => assemble(statement),
    decode: (raw) => openLiveHead({ contentKey, rawHeader: liveHeader }, signer.publicKey, raw),
    refusals: [
      { name: "nothing", code: "malformed", raw: NOTHING },
      { name: "a seal with one bit turned", code: "cannot-open", raw: flip(assemble(material), 70) },
      { name: "version 2", code: "unsupported-version", raw: assemble(edit(material, [0], 2)) },
      { name: "the head of another asset", code: "bad-signature", raw: assemble(edit(material, [1], bytesOf("H"))) },
      {
        name: "signed by another device",
        code: "bad-signature",
        raw: assemble(edit(material, [2], other.publicKey), other),
      },
      { name: "that names another device", code: "bad-signature", raw: assemble(edit(material, [2], other.publicKey)) },
      { name: "no segment", code: "malformed", raw: assemble(edit(edit(material, [3], 0), [7], [])) },
      { name: "a flush behind its end", code: "malformed", raw: assemble(edit(material, [7, 1, 0], 300)) },
      { name: "flushes in another order", code: "malformed", raw: assemble(edit(material, [7, 1, 0], 289)) },
      {
        name: "thirteen flushes",
        code: "malformed",
        raw: assemble(
          edit(
            material,
            [7],
            Array.from({ length: 13 }, (_, index) => [index, 0, 0]),
          ),
        ),
      },
      {
        name: "a flush at more than seven weeks of its recording",
        code: "malformed",
        raw: assemble(edit(material, [7, 1, 2], 2 ** 32)),
      },
      { name: "neither the last nor not", code: "malformed", raw: assemble(edit(material, [6], 0)) },
    ],
  }
}

function secret(): Format {
  const keys = deriveEpochKeys(bytesOf("live epoch"), 3)
  const meetingHash = bytesOf("live meeting")
  const material = encodeCbor([1, bytesOf("live content key"), "Standup", 1_800_000_000_000])
  const assemble = (plaintext: Uint8Array): Uint8Array =>
    sealRecord(
      {
        key: keys.contentWrapKey,
        label: LABELS.liveKey,
        context: concatBytes(meetingHash, u64(3), assetId),
        aad: liveHeader,
      },
      plaintext,
      seededBytes("salt of a live key"),
    )
  return {
    name: "live-key",
    section: "7.6",
    codes: ["malformed", "cannot-open", "unsupported-version"],
    limitBytes: 8_192,
    vouched: true,
    material,
    assemble,
    decode: (raw) => openLiveSecret({ rawHeader: liveHeader, sealedKey: raw }, meetingHash, keys),
    refusals: [
      { name: "nothing", code: "cannot-open", raw: NOTHING },
      { name: "a seal with one bit turned", code: "cannot-open", raw: flip(assemble(material), 70) },
      { name: "version 2", code: "unsupported-version", raw: assemble(edit(material, [0], 2)) },
      { name: "a key of 31 bytes", code: "malformed", raw: assemble(edit(material, [1], bytesOf("key", 31))) },
      { name: "a title of 513 bytes", code: "malformed", raw: assemble(edit(material, [2], "x".repeat(513))) },
    ],
  }
}

export function liveFormats(): readonly Format[] {
  return [head(), secret()]
}
