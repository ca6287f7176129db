import { dateOfDay } from "../../shared/protocol/ambient.js"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { formatId, idOfHash } from "../../shared/protocol/ids.js"
import type { Client } from "../sdk/client.js"
import { contactOf } from "../sdk/contacts.js"
import type { RecordingFate } from "../sdk/keeping.js"

/** How commands say what several of them show. */

export function accountOf(genesisHash: Uint8Array): string {
  return formatId("account", idOfHash("account", genesisHash))
}

/** What this account calls somebody, and how well it knows them. */
export function knownAs(
  client: Client,
  genesisHash: Uint8Array,
): { readonly name: string | null; readonly state: string } {
  if (equalBytes(genesisHash, client.state.current.secrets.genesisHash)) return { name: null, state: "self" }
  const contact = contactOf(client, genesisHash)
  return { name: contact?.name ?? null, state: contact?.state ?? "unknown" }
}

/** Behind an account id. */
export function nameText(client: Client, genesisHash: Uint8Array): string {
  const { name, state } = knownAs(client, genesisHash)
  if (state === "self") return "  you"
  return name === null ? "" : `  ${name} (${state})`
}

export function purgeDocument(purgeDay: number | null): { readonly purgeDay: string | null } {
  return { purgeDay: purgeDay === null ? null : dateOfDay(purgeDay) }
}

/** When bytes truly go, as the server says. */
export function purgeLine(purgeDay: number | null): string {
  return purgeDay === null
    ? "The server says that the bytes are gone."
    : `Nobody can read it on the server any more. The server says that it removes the bytes on ${dateOfDay(purgeDay)} (UTC); backups of its own are its operator's.`
}

/** Behind a recording's title; empty for one that is as it should be. */
export function fateText(fate: RecordingFate): string {
  switch (fate) {
    case "kept":
      return ""
    case "withdrawn":
      return "  (deleted)"
    case "deleted":
      return "  (deleted with its meeting)"
    case "outlived":
      return "  (gone: its meeting keeps recordings no longer)"
    case "missing":
      return "  (MISSING: the server does not give it, and the log does not say why)"
  }
}
