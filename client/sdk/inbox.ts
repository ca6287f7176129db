import { toBase64Url } from "../../shared/protocol/bytes.js"
import { type ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { InboxResponse } from "../../shared/protocol/http.js"
import { includesHash, sha256 } from "../../shared/protocol/hash.js"
import type { Invitation } from "../../shared/protocol/invitation.js"
import type { Offer } from "../../shared/protocol/offer.js"
import type { AccountSecrets } from "../crypto/account-keys.js"
import { openInvitationBox } from "../crypto/invitation-box.js"
import { openOfferBox } from "../crypto/offer-box.js"
import { accountCapability } from "./account.js"
import type { Client } from "./client.js"
import { refreshKeys } from "./links.js"

/** One's own inbox: what anyone may have left there, sealed. SPEC.md §5.3. */

export interface InboxEntry {
  readonly entry: Uint8Array
  /** What was dealt with is known by it, under whatever entry it comes back. */
  readonly sealedHash: Uint8Array
}

export type InboxContent =
  | { readonly kind: "invitation"; readonly invitation: Invitation }
  | { readonly kind: "offer"; readonly offer: Offer }
  | { readonly kind: "unreadable"; readonly problem: ArchiveError }

export type InboxItem = InboxEntry & { readonly content: InboxContent }

/** What waits, opened, oldest first, without what this device has dealt with. */
export async function readInbox(client: Client): Promise<readonly InboxItem[]> {
  const { entries } = await client.tokens.with(
    client.http,
    accountCapability(client),
    async (token, subject) =>
      await client.http.json(InboxResponse, { path: `/v1/accounts/${subject}/inbox`, subject, token }),
  )
  if (entries.length === 0) return []
  // After the entries: what was sealed to a newer user key opens too.
  await refreshKeys(client)
  const { handled, secrets } = client.state.current
  return entries
    .map(({ entry, sealed }) => ({ entry, sealed, sealedHash: sha256(sealed) }))
    .filter(({ sealedHash }) => !includesHash(handled, sealedHash))
    .map(({ entry, sealed, sealedHash }) => ({ entry, sealedHash, content: openContent(sealed, secrets) }))
}

/** A box doesn't say what it is: its `info` does, by opening. */
function openContent(sealed: Uint8Array, secrets: AccountSecrets): InboxContent {
  try {
    return { kind: "invitation", invitation: openInvitationBox(sealed, secrets) }
  } catch (error) {
    if (!isArchiveError(error)) throw error
    if (error.code !== "cannot-open") return { kind: "unreadable", problem: error }
  }
  try {
    return { kind: "offer", offer: openOfferBox(sealed, secrets) }
  } catch (error) {
    if (!isArchiveError(error)) throw error
    return { kind: "unreadable", problem: error }
  }
}

/** Takes entries out of the inbox, and never looks at them again even if the server gives them. */
export async function dismiss(client: Client, items: readonly InboxEntry[]): Promise<void> {
  if (items.length === 0) return
  const hashes = items.map(({ sealedHash }) => sealedHash)
  await client.state.update((state) => ({ ...state, handled: [...state.handled, ...hashes] }))
  for (const { entry } of items)
    await client.tokens.with(
      client.http,
      accountCapability(client),
      async (token, subject) =>
        await client.http.headOf({
          method: "DELETE",
          path: `/v1/accounts/${subject}/inbox/${toBase64Url(entry)}`,
          subject,
          token,
        }),
    )
}
