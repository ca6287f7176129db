import { equalBytes, utf8 } from "./bytes.js"
import { decodeCbor, encodeCbor, readBytes, readText, readUint, readVersioned } from "./cbor.js"
import { openEnvelope, PUBLIC_KEY_BYTES, type VerifySignature } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES } from "./hash.js"
import { LABELS } from "./labels.js"
import { LIMITS } from "./limits.js"

/** What an inviter signs. SPEC.md §9. */
export interface Invitation {
  readonly inviterGenesisHash: Uint8Array
  readonly inviterChainHead: Uint8Array
  readonly deviceKey: Uint8Array
  readonly recipientGenesisHash: Uint8Array
  readonly meetingHash: Uint8Array
  readonly epoch: number
  readonly base: Uint8Array
  readonly eventHash: Uint8Array
  readonly epochSecret: Uint8Array
  /** 32 zeros for members who are no admins. */
  readonly adminSeed: Uint8Array
  readonly instanceKey: Uint8Array
  readonly timeMs: number
  readonly title: string
}

export function encodeInvitation(i: Invitation): Uint8Array {
  return encodeCbor([
    1,
    i.inviterGenesisHash,
    i.inviterChainHead,
    i.deviceKey,
    i.recipientGenesisHash,
    i.meetingHash,
    i.epoch,
    i.base,
    i.eventHash,
    i.epochSecret,
    i.adminSeed,
    i.instanceKey,
    i.timeMs,
    i.title,
  ])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`, `bad-signature`. SPEC.md §9. */
export function openInvitationEnvelope(raw: Uint8Array, verify: VerifySignature): Invitation {
  const envelope = openEnvelope(raw, LABELS.signInvitation, verify, LIMITS.invitationPaddedBytes)
  const items = readVersioned(decodeCbor(envelope.statement, LIMITS.invitationPaddedBytes), "invitation", 14)
  const bytes = (index: number, what: string): Uint8Array => readBytes(items[index], what, HASH_BYTES)
  const deviceKey = readBytes(items[3], "device key", PUBLIC_KEY_BYTES)
  if (!equalBytes(deviceKey, envelope.publicKey))
    throw new ArchiveError("bad-signature", "an invitation that names another key than the one that signed it")
  return {
    inviterGenesisHash: bytes(1, "inviter"),
    inviterChainHead: bytes(2, "inviter's chain head"),
    deviceKey,
    recipientGenesisHash: bytes(4, "recipient"),
    meetingHash: bytes(5, "meeting hash"),
    epoch: readUint(items[6], "epoch", 0xffff_ffff),
    base: bytes(7, "base"),
    eventHash: bytes(8, "event hash"),
    epochSecret: bytes(9, "epoch secret"),
    adminSeed: bytes(10, "admin seed"),
    instanceKey: bytes(11, "instance key"),
    timeMs: readUint(items[12], "time"),
    title: readText(items[13], "title", LIMITS.titleBytes),
  }
}

/** `info` of the box around an invitation. SPEC.md §9. */
export function invitationInfo(recipientGenesisHash: Uint8Array, generation: number): Uint8Array {
  return encodeCbor([utf8(LABELS.hpkeInvitation), recipientGenesisHash, generation])
}
