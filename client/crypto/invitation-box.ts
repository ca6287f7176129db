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
import { LIMITS } from "../../shared/protocol/limits.js"
import { padTo, unpad } from "../../shared/protocol/padding.js"
import type { AccountSecrets } from "./account-keys.js"
import { hpkeOpen, hpkeSeal } from "./hpke.js"
import { verifySignature } from "./sodium.js"

/** A signed invitation, sealed to its recipient: always 4,096 bytes. SPEC.md §9. */
export function makeInvitationBox(
  invitation: Invitation,
  signer: Signer,
  recipient: { readonly userPublicKey: Uint8Array; readonly generation: number },
  random: RandomBytes,
): Uint8Array {
  const envelope = makeEnvelope(LABELS.signInvitation, signer, encodeInvitation(invitation))
  const info = invitationInfo(invitation.recipientGenesisHash, recipient.generation)
  return hpkeSeal(
    { recipientPublicKey: recipient.userPublicKey, info, plaintext: padTo(envelope, LIMITS.invitationPaddedBytes) },
    random,
  )
}

/**
 * Opens and verifies an inbox entry; who the inviter is, and whether the meeting's log bears it out, is the caller's to check.
 * @throws {@link ArchiveError} `cannot-open`, `bad-signature`, `malformed`.
 */
export function openInvitationBox(box: Uint8Array, secrets: AccountSecrets): Invitation {
  const padded = openUnderAnyGeneration(box, secrets)
  const envelope = unpad(padded)
  if (envelope === null) throw new ArchiveError("malformed", "an invitation with other padding")
  const invitation = openInvitationEnvelope(envelope, verifySignature)
  if (!equalBytes(invitation.recipientGenesisHash, secrets.genesisHash))
    throw new ArchiveError("not-authorised", "an invitation for somebody else")
  return invitation
}

function openUnderAnyGeneration(box: Uint8Array, secrets: AccountSecrets): Uint8Array {
  for (const { generation, seed } of secrets.userSeeds.toReversed()) {
    try {
      return hpkeOpen(seed, invitationInfo(secrets.genesisHash, generation), box)
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== "cannot-open") throw error
    }
  }
  throw new ArchiveError("cannot-open", "this cannot be opened")
}
