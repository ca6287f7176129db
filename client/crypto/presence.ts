import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { concatBytes, equalBytes, u64 } from "../../shared/protocol/bytes.js"
import { makeEnvelope, openEnvelope, type Signer } from "../../shared/protocol/envelope.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { padTo, unpad } from "../../shared/protocol/padding.js"
import {
  decodePresence,
  encodePresence,
  PRESENCE_BYTES,
  PRESENCE_PLAINTEXT_BYTES,
  type PresenceStatement,
} from "../../shared/protocol/presence.js"
import { openRecord, sealRecord, type SealPlace } from "./committed-seal.js"
import type { EpochKeys } from "./epoch-keys.js"
import { verifySignature } from "./sodium.js"

/** Signs and seals what is said to whoever else has the meeting open: always {@link PRESENCE_BYTES}. SPEC.md §11.2. */
export function sealPresence(
  keys: EpochKeys,
  said: Omit<PresenceStatement, "epoch" | "deviceKey">,
  signer: Signer,
  random: RandomBytes,
): Uint8Array {
  const statement = encodePresence({ ...said, epoch: keys.epoch, deviceKey: signer.publicKey })
  const envelope = makeEnvelope(LABELS.signPresence, signer, statement)
  return sealRecord(placeOf(keys, said.meetingHash), padTo(envelope, PRESENCE_PLAINTEXT_BYTES), random)
}

/**
 * What a device said, for this meeting and epoch; whether that is a member's, and not said again, is the caller's to check.
 * @throws {@link ArchiveError} `cannot-open`, `malformed`, `unsupported-version`, `bad-signature`. PR3, PR4.
 */
export function openPresence(keys: EpochKeys, meetingHash: Uint8Array, sealed: Uint8Array): PresenceStatement {
  if (sealed.length !== PRESENCE_BYTES) throw new ArchiveError("malformed", "presence of another size")
  const rawEnvelope = unpad(openRecord(placeOf(keys, meetingHash), sealed))
  if (rawEnvelope === null) throw new ArchiveError("malformed", "presence with other padding")
  const envelope = openEnvelope(rawEnvelope, LABELS.signPresence, verifySignature, PRESENCE_PLAINTEXT_BYTES)
  const said = decodePresence(envelope.statement)
  const isOfHere =
    equalBytes(said.deviceKey, envelope.publicKey) &&
    equalBytes(said.meetingHash, meetingHash) &&
    said.epoch === keys.epoch
  if (!isOfHere) throw new ArchiveError("bad-signature", "presence that was signed by another device, or for elsewhere")
  return said
}

function placeOf({ presenceKey, epoch }: EpochKeys, meetingHash: Uint8Array): SealPlace {
  return {
    key: presenceKey,
    label: LABELS.presence,
    context: concatBytes(meetingHash, u64(epoch)),
    aad: new Uint8Array(0),
  }
}
