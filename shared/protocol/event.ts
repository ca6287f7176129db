import { concatBytes, u64 } from "./bytes.js"
import {
  assertAscending,
  type CborValue,
  decodeCbor,
  encodeCbor,
  readArray,
  readBytes,
  readNullable,
  readUint,
  readVersioned,
} from "./cbor.js"
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES, signedBytes, type Signer, type VerifySignature } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES, ID_BYTES, sha256 } from "./hash.js"
import { asId, type MeetingId } from "./ids.js"
import { LABELS } from "./labels.js"
import { LIMITS } from "./limits.js"

/** X-Wing ciphertext 1,120, two 32-byte values, tag 16. SPEC.md §7.1. */
export const EPOCH_BOX_BYTES = 1_200
export const BOX_TAG_BYTES = 16

export interface EpochBox {
  readonly tag: Uint8Array
  readonly memberBox: Uint8Array
  readonly adminBox: Uint8Array
}

/** The visible part of an event that begins an epoch. */
export interface EpochPart {
  readonly base: Uint8Array
  readonly accessKey: Uint8Array
  readonly adminKey: Uint8Array
  readonly sealedHistory: Uint8Array | null
  readonly boxes: readonly EpochBox[]
}

/** What a server sees of an event. SPEC.md §7. */
export interface MeetingEvent {
  readonly meetingId: MeetingId
  readonly seq: number
  readonly prev: Uint8Array
  readonly epoch: number
  readonly statementHash: Uint8Array
  /** SHA-256 of the headers of the assets that the event publishes. */
  readonly assets: readonly Uint8Array[]
  readonly sealedBody: Uint8Array
  readonly epochPart: EpochPart | null
}

export function encodeEvent(event: MeetingEvent): Uint8Array {
  return encodeCbor([
    1,
    event.meetingId,
    event.seq,
    event.prev,
    event.epoch,
    event.statementHash,
    event.assets,
    event.sealedBody,
    event.epochPart === null ? null : epochPartValue(event.epochPart),
  ])
}

function epochPartValue(part: EpochPart): CborValue {
  return [part.base, part.accessKey, part.adminKey, part.sealedHistory, boxesValue(part.boxes)]
}

function boxesValue(boxes: readonly EpochBox[]): CborValue {
  return boxes.map(({ tag, memberBox, adminBox }) => [tag, memberBox, adminBox])
}

/** The hash that an epoch statement carries of its boxes. SPEC.md §7.1. */
export function boxesHash(boxes: readonly EpochBox[]): Uint8Array {
  return sha256(encodeCbor(boxesValue(boxes)))
}

export function eventHash(rawEvent: Uint8Array): Uint8Array {
  return sha256(rawEvent)
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`. SPEC.md §7. */
export function decodeEvent(raw: Uint8Array): MeetingEvent {
  const items = readVersioned(decodeCbor(raw, LIMITS.epochEventBytes), "event", 9)
  const epochPart = readNullable(items[8], readEpochPart)
  if (epochPart === null && raw.length > LIMITS.eventBytes)
    throw new ArchiveError("too-large", "an event larger than allowed")
  const assets = readArray(items[6], "assets of an event").map((hash) =>
    readBytes(hash, "hash of an asset's header", HASH_BYTES),
  )
  if (assets.length > LIMITS.assetsPerEvent)
    throw new ArchiveError("malformed", "an event with more assets than allowed")
  return {
    meetingId: asId("meeting", readBytes(items[1], "meeting id", ID_BYTES)),
    seq: readUint(items[2], "seq"),
    prev: readBytes(items[3], "prev", HASH_BYTES),
    epoch: readUint(items[4], "epoch", 0xffff_ffff),
    statementHash: readBytes(items[5], "statement hash", HASH_BYTES),
    assets,
    sealedBody: readBytes(items[7], "sealed body", { min: 336, max: LIMITS.epochEventBytes }),
    epochPart,
  }
}

function readEpochPart(raw: CborValue | undefined): EpochPart {
  const items = readArray(raw, "epoch part", 5)
  const boxes = readArray(items[4], "boxes").map((item): EpochBox => {
    const [tag, memberBox, adminBox] = readArray(item, "box", 3)
    return {
      tag: readBytes(tag, "tag of a box", BOX_TAG_BYTES),
      memberBox: readBytes(memberBox, "box", EPOCH_BOX_BYTES),
      adminBox: readBytes(adminBox, "admin box", EPOCH_BOX_BYTES),
    }
  })
  if (boxes.length === 0 || boxes.length > 2 * LIMITS.members || !Number.isInteger(Math.log2(boxes.length))) {
    throw new ArchiveError("malformed", `${boxes.length} boxes are no power of two`)
  }
  assertAscending(
    boxes.map((box) => box.tag),
    "boxes",
  )
  return {
    base: readBytes(items[0], "base", HASH_BYTES),
    accessKey: readBytes(items[1], "access key", PUBLIC_KEY_BYTES),
    adminKey: readBytes(items[2], "admin key", PUBLIC_KEY_BYTES),
    sealedHistory: readNullable(items[3], (value) => readBytes(value, "sealed history", 336)),
    boxes,
  }
}

/** What the seal of the body authenticates: all visible fields. SPEC.md §7. */
export function eventAad(event: Omit<MeetingEvent, "sealedBody">): Uint8Array {
  const part = event.epochPart === null ? null : sha256(encodeCbor(epochPartValue(event.epochPart)))
  return encodeCbor([1, event.meetingId, event.seq, event.prev, event.epoch, event.statementHash, event.assets, part])
}

/** `meetingHash ‖ u64(epoch) ‖ u64(seq)`; the meeting hash is zeros in a genesis. SPEC.md §7. */
export function eventContext(meetingHash: Uint8Array, event: Pick<MeetingEvent, "epoch" | "seq">): Uint8Array {
  return concatBytes(meetingHash, u64(event.epoch), u64(event.seq))
}

/** Proof that whoever posts an epoch event holds its new keys. SPEC.md §7, Posting. */
export function makeCertificate(rawEvent: Uint8Array, access: Signer, admin: Signer | null): Uint8Array {
  const message = signedBytes(LABELS.signEpochKeys, eventHash(rawEvent))
  return encodeCbor([1, access.sign(message), admin === null ? null : admin.sign(message)])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`, `bad-signature`. SPEC.md §7, Posting. */
export function verifyCertificate(
  rawCertificate: Uint8Array,
  rawEvent: Uint8Array,
  part: EpochPart,
  options: { readonly adminKeyIsNew: boolean },
  verify: VerifySignature,
): void {
  const [, rawAccess, rawAdmin] = readVersioned(decodeCbor(rawCertificate, LIMITS.certificateBytes), "certificate", 3)
  const message = signedBytes(LABELS.signEpochKeys, eventHash(rawEvent))
  const admin = readNullable(rawAdmin, (value) => readBytes(value, "admin signature", SIGNATURE_BYTES))
  const accessHeld = verify(readBytes(rawAccess, "access signature", SIGNATURE_BYTES), message, part.accessKey)
  const adminHeld = admin === null ? !options.adminKeyIsNew : verify(admin, message, part.adminKey)
  if (!accessHeld || !adminHeld) throw new ArchiveError("bad-signature", "an epoch whose keys the sender does not hold")
}
