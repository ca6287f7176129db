import { equalBytes } from "../../../shared/protocol/bytes.js"
import { formatId, idOfHash } from "../../../shared/protocol/ids.js"
import type { Client } from "../../sdk/client.js"
import { contactOf } from "../../sdk/contacts.js"
import type { Contact } from "../../sdk/state.js"
import { strings } from "../strings.js"

export type KnownState = keyof typeof strings.common.known

const SHORT_ID = 12

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
    : { name: nameOf(contact), state: contact.state }
}

/** Somebody may be known without a name. */
export function nameOf({ name, handle, genesisHash }: Contact): string {
  if (name !== "") return name
  if (handle !== null) return strings.people.handleOf(handle)
  return strings.people.unnamed(`${formatId("account", idOfHash("account", genesisHash)).slice(0, SHORT_ID)}…`)
}
