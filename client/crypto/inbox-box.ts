import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { padTo, unpad } from "../../shared/protocol/padding.js"
import type { AccountSecrets } from "./account-keys.js"
import { hpkeOpen, hpkeSeal } from "./hpke.js"

/** `info` of a box, by purpose: of an invitation, or of an offer. */
export type InboxInfo = (recipientGenesisHash: Uint8Array, generation: number) => Uint8Array

export interface InboxRecipient {
  readonly genesisHash: Uint8Array
  readonly userPublicKey: Uint8Array
  readonly generation: number
}

/** An envelope sealed to an account: always 4,096 bytes, whatever it says. SPEC.md §5.3. */
export function sealToInbox(
  envelope: Uint8Array,
  infoOf: InboxInfo,
  { genesisHash, userPublicKey, generation }: InboxRecipient,
  random: RandomBytes,
): Uint8Array {
  return hpkeSeal(
    {
      recipientPublicKey: userPublicKey,
      info: infoOf(genesisHash, generation),
      plaintext: padTo(envelope, LIMITS.invitationPaddedBytes),
    },
    random,
  )
}

/** The envelope in a box to this account, under whichever user key. @throws {@link ArchiveError} `cannot-open`, `malformed`. */
export function openFromInbox(box: Uint8Array, infoOf: InboxInfo, secrets: AccountSecrets): Uint8Array {
  const envelope = unpad(openUnderAnyGeneration(box, infoOf, secrets))
  if (envelope === null) throw new ArchiveError("malformed", "a box with other padding")
  return envelope
}

function openUnderAnyGeneration(box: Uint8Array, infoOf: InboxInfo, secrets: AccountSecrets): Uint8Array {
  for (const { generation, seed } of secrets.userSeeds.toReversed()) {
    try {
      return hpkeOpen(seed, infoOf(secrets.genesisHash, generation), box)
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== "cannot-open") throw error
    }
  }
  throw new ArchiveError("cannot-open", "this cannot be opened")
}
