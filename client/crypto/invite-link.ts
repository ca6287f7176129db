import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { makeEnvelope, type Signer } from "../../shared/protocol/envelope.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { encodeInviteLink, type InviteLink, openInviteLinkEnvelope } from "../../shared/protocol/invite-link.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { padTo, unpad } from "../../shared/protocol/padding.js"
import { deriveFromSeed } from "./account-keys.js"
import { openRecord, sealRecord, type SealPlace } from "./committed-seal.js"
import { verifySignature } from "./sodium.js"

export const INVITE_SECRET_BYTES = 32

/** What names an invite link where people with its secret speak of it; no server ever gets it. SPEC.md §9.1. */
export function inviteLinkId(secret: Uint8Array): Uint8Array {
  return deriveFromSeed(secret, LABELS.inviteLinkId)
}

/** What opens the link at the server, which keeps its SHA-256. SPEC.md §9.1. */
export function inviteOpenKey(secret: Uint8Array): Uint8Array {
  return deriveFromSeed(secret, LABELS.inviteLinkOpen)
}

/** Signs a link and seals it under its secret: always 1,104 bytes. */
export function sealInviteLink(link: InviteLink, signer: Signer, secret: Uint8Array, random: RandomBytes): Uint8Array {
  const envelope = makeEnvelope(LABELS.signInviteLink, signer, encodeInviteLink(link))
  return sealRecord(placeOf(secret), padTo(envelope, LIMITS.inviteLinkPaddedBytes), random)
}

/**
 * Opens what the server keeps of a link, rules J1 to J3 of SPEC.md §9.1; whether it still holds, and whose it is, is the caller's to check.
 * @throws {@link ArchiveError} `cannot-open`, `malformed`, `bad-signature`; `replayed` for another link's statement.
 */
export function openInviteLink(sealed: Uint8Array, secret: Uint8Array): InviteLink {
  const envelope = unpad(openRecord(placeOf(secret), sealed))
  if (envelope === null) throw new ArchiveError("malformed", "an invite link with other padding")
  const link = openInviteLinkEnvelope(envelope, verifySignature)
  if (!equalBytes(link.linkId, inviteLinkId(secret)))
    throw new ArchiveError("replayed", "what was signed for another invite link")
  return link
}

function placeOf(secret: Uint8Array): SealPlace {
  return {
    key: deriveFromSeed(secret, LABELS.inviteLinkSeal),
    label: LABELS.inviteLink,
    context: inviteLinkId(secret),
    aad: new Uint8Array(0),
  }
}
