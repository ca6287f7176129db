import { equalBytes } from "../../../shared/protocol/bytes.js"
import type { Client } from "../../sdk/client.js"
import { contactOf } from "../../sdk/contacts.js"
import { strings } from "../strings.js"

export type KnownState = keyof typeof strings.common.known

/** What this account calls somebody, and how well it knows them: the same on every screen. */
export function knownAs(
  client: Client,
  genesisHash: Uint8Array,
): { readonly name: string; readonly state: KnownState } {
  if (equalBytes(genesisHash, client.state.current.secrets.genesisHash))
    return { name: strings.common.you, state: "self" }
  const contact = contactOf(client, genesisHash)
  return contact === null
    ? { name: strings.common.unknownPerson, state: "unknown" }
    : { name: contact.name, state: contact.state }
}
