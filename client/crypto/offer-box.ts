import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { makeEnvelope, type Signer } from "../../shared/protocol/envelope.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { encodeOffer, type Offer, offerInfo, openOfferEnvelope } from "../../shared/protocol/offer.js"
import type { AccountSecrets } from "./account-keys.js"
import { openFromInbox, sealToInbox } from "./inbox-box.js"
import { verifySignature } from "./sodium.js"

/** A signed offer, sealed to who made the link; for the server it looks as an invitation does. SPEC.md §9.2. */
export function makeOfferBox(
  offer: Offer,
  signer: Signer,
  recipient: { readonly userPublicKey: Uint8Array; readonly generation: number },
  random: RandomBytes,
): Uint8Array {
  const envelope = makeEnvelope(LABELS.signOffer, signer, encodeOffer(offer))
  return sealToInbox(envelope, offerInfo, { ...recipient, genesisHash: offer.recipientGenesisHash }, random)
}

/**
 * Opens and verifies an inbox entry; whether the device is the newcomer's, and the link one of this account's, is the caller's to check.
 * @throws {@link ArchiveError} `cannot-open`, `bad-signature`, `malformed`; `not-authorised` where it was made for somebody else.
 */
export function openOfferBox(box: Uint8Array, secrets: AccountSecrets): Offer {
  const offer = openOfferEnvelope(openFromInbox(box, offerInfo, secrets), verifySignature)
  if (!equalBytes(offer.recipientGenesisHash, secrets.genesisHash))
    throw new ArchiveError("not-authorised", "an offer to somebody else")
  return offer
}
