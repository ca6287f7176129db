import { equalBytes, utf8 } from "./bytes.js"
import { decodeCbor, encodeCbor, readBytes, readText, readUint, readVersioned } from "./cbor.js"
import { openEnvelope, PUBLIC_KEY_BYTES, type VerifySignature } from "./envelope.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES } from "./hash.js"
import { LABELS } from "./labels.js"
import { LIMITS } from "./limits.js"

/** What somebody who came by an invite link signs: "admit this account of mine". SPEC.md §9.2. */
export interface Offer {
  readonly newcomerGenesisHash: Uint8Array
  readonly newcomerChainHead: Uint8Array
  readonly deviceKey: Uint8Array
  /** Who made the link. */
  readonly recipientGenesisHash: Uint8Array
  readonly linkId: Uint8Array
  readonly meetingHash: Uint8Array
  readonly instanceKey: Uint8Array
  readonly timeMs: number
  /** What the newcomer calls itself: a claim, may be empty. */
  readonly name: string
}

export function encodeOffer(offer: Offer): Uint8Array {
  return encodeCbor([
    1,
    offer.newcomerGenesisHash,
    offer.newcomerChainHead,
    offer.deviceKey,
    offer.recipientGenesisHash,
    offer.linkId,
    offer.meetingHash,
    offer.instanceKey,
    offer.timeMs,
    offer.name,
  ])
}

/** @throws {@link ArchiveError} `malformed`, `too-large`, `unsupported-version`, `bad-signature`. SPEC.md §9.2. */
export function openOfferEnvelope(raw: Uint8Array, verify: VerifySignature): Offer {
  const envelope = openEnvelope(raw, LABELS.signOffer, verify, LIMITS.invitationPaddedBytes)
  const items = readVersioned(decodeCbor(envelope.statement, LIMITS.invitationPaddedBytes), "offer", 10)
  const hash = (index: number, what: string): Uint8Array => readBytes(items[index], what, HASH_BYTES)
  const deviceKey = readBytes(items[3], "device key", PUBLIC_KEY_BYTES)
  if (!equalBytes(deviceKey, envelope.publicKey))
    throw new ArchiveError("bad-signature", "an offer that names another key than the one that signed it")
  return {
    newcomerGenesisHash: hash(1, "newcomer"),
    newcomerChainHead: hash(2, "newcomer's chain head"),
    deviceKey,
    recipientGenesisHash: hash(4, "recipient"),
    linkId: hash(5, "id of the link"),
    meetingHash: hash(6, "meeting hash"),
    instanceKey: hash(7, "instance key"),
    timeMs: readUint(items[8], "time"),
    name: readText(items[9], "name", LIMITS.offerNameBytes),
  }
}

/** `info` of the box around an offer. SPEC.md §9.2. */
export function offerInfo(recipientGenesisHash: Uint8Array, generation: number): Uint8Array {
  return encodeCbor([utf8(LABELS.hpkeOffer), recipientGenesisHash, generation])
}
