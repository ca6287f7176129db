import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { makeEnvelope, type Signer } from "../../shared/protocol/envelope.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import {
  encodeInvitation,
  type Invitation,
  invitationInfo,
  openInvitationEnvelope,
} from "../../shared/protocol/invitation.js"
import { LABELS } from "../../shared/protocol/labels.js"
import type { AccountSecrets } from "./account-keys.js"
import { openFromInbox, sealToInbox } from "./inbox-box.js"
import { verifySignature } from "./sodium.js"

/** A signed invitation, sealed to its recipient. SPEC.md §9. */
export function makeInvitationBox(
  invitation: Invitation,
  signer: Signer,
  recipient: { readonly userPublicKey: Uint8Array; readonly generation: number },
  random: RandomBytes,
): Uint8Array {
  const envelope = makeEnvelope(LABELS.signInvitation, signer, encodeInvitation(invitation))
  return sealToInbox(envelope, invitationInfo, { ...recipient, genesisHash: invitation.recipientGenesisHash }, random)
}

/**
 * Opens and verifies an inbox entry; who the inviter is, and whether the meeting's log bears it out, is the caller's to check.
 * @throws {@link ArchiveError} `cannot-open`, `bad-signature`, `malformed`.
 */
export function openInvitationBox(box: Uint8Array, secrets: AccountSecrets): Invitation {
  const invitation = openInvitationEnvelope(openFromInbox(box, invitationInfo, secrets), verifySignature)
  if (!equalBytes(invitation.recipientGenesisHash, secrets.genesisHash))
    throw new ArchiveError("not-authorised", "an invitation for somebody else")
  return invitation
}
