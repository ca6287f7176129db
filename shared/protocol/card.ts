import { concatBytes } from "./bytes.js"
import { formatChecked, parseChecked } from "./checked-text.js"
import { PUBLIC_KEY_BYTES } from "./envelope.js"
import { HASH_BYTES } from "./hash.js"

/** By what an account is known to others, in full: whoever has the card can be shown no other account. SPEC.md §5.6. */
export interface ContactCard {
  readonly genesisHash: Uint8Array
  readonly instanceKey: Uint8Array
}

const PREFIX = "card_"

/** `card_…`: 109 characters. */
export function formatCard({ genesisHash, instanceKey }: ContactCard): string {
  return formatChecked(PREFIX, concatBytes(genesisHash, instanceKey))
}

/** The card behind the fragment, so that no server's log has it. */
export function cardLink(baseUrl: string, card: ContactCard): string {
  return `${baseUrl}/c#${formatCard(card)}`
}

/** A card, or a link with one. @throws {@link ArchiveError} `malformed`. */
export function parseCard(text: string): ContactCard {
  const bytes = parseChecked(PREFIX, text.trim().replace(/^https?:\/\/[^#]*#/, ""), HASH_BYTES + PUBLIC_KEY_BYTES)
  return { genesisHash: bytes.slice(0, HASH_BYTES), instanceKey: bytes.slice(HASH_BYTES) }
}

/** Whether somebody means a card by it. */
export function looksLikeCard(text: string): boolean {
  return /(?:^|#)card_/.test(text.trim())
}
