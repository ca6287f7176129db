import { compareBytes, equalBytes } from "../../../shared/protocol/bytes.js"
import { includesHash } from "../../../shared/protocol/hash.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { Client } from "../../sdk/client.js"
import { contactOf } from "../../sdk/contacts.js"
import { nameOf } from "../signed-in/naming.js"

/** Somebody of the meeting who can be named in a message: by what this account calls them. */
export interface Mentionable {
  readonly genesisHash: Uint8Array
  readonly name: string
}

/** @returns the other members, as far as this account has a name for them. */
export function mentionableIn(client: Client, log: MeetingLog): readonly Mentionable[] {
  const self = client.state.current.secrets.genesisHash
  return log.current.roster.flatMap(({ genesisHash }) => {
    const contact = equalBytes(genesisHash, self) ? null : contactOf(client, genesisHash)
    return contact === null ? [] : [{ genesisHash, name: nameOf(contact) }]
  })
}

/** Who a text names with an `@`, as a message says it. */
export function mentionsIn(text: string, people: readonly Mentionable[]): readonly Uint8Array[] {
  return people
    .filter(({ name }) => isNamed(text, name))
    .map(({ genesisHash }) => genesisHash)
    .toSorted(compareBytes)
    .slice(0, LIMITS.mentions)
}

/** As {@link mentionsIn}, of a message that was changed: whoever it named otherwise than by a name that is known here, it names still. */
export function mentionsInEdit(
  text: string,
  people: readonly Mentionable[],
  before: { readonly text: string | null; readonly mentions: readonly { readonly genesisHash: Uint8Array }[] },
): readonly Uint8Array[] {
  const known = mentionsIn(before.text ?? "", people)
  const named = mentionsIn(text, people)
  const others = before.mentions
    .map(({ genesisHash }) => genesisHash)
    .filter((genesisHash) => !includesHash(known, genesisHash) && !includesHash(named, genesisHash))
  return [...named, ...others].toSorted(compareBytes).slice(0, LIMITS.mentions)
}

function isNamed(text: string, name: string): boolean {
  for (let at = text.indexOf(`@${name}`); at >= 0; at = text.indexOf(`@${name}`, at + 1)) {
    const after = text.slice(at + name.length + 1)
    // Who is called Ann is not meant by @Anna.
    if (!/^[\p{L}\p{N}_]/u.test(after)) return true
  }
  return false
}

/** What somebody types behind an `@`, and where that stands; `null` where it is no beginning of a name. */
export function mentionAt(text: string, caret: number): { readonly from: number; readonly typed: string } | null {
  const found = /(?:^|\s)@([^\s@]*(?: [^\s@]*)?)$/u.exec(text.slice(0, caret))
  if (found === null) return null
  const typed = found[1] ?? ""
  return { from: caret - typed.length - 1, typed }
}
