import { equalBytes, toBase64Url } from "../../shared/protocol/bytes.js"
import { InboxResponse } from "../../shared/protocol/http.js"
import { sha256 } from "../../shared/protocol/hash.js"
import { accountCapability } from "./account.js"
import type { Client } from "./client.js"

/** One's own inbox: what anyone may have left there, sealed. SPEC.md §5.3. */

export interface InboxItem {
  readonly entry: Uint8Array
  readonly sealed: Uint8Array
  /** What was dealt with is known by it, under whatever entry it comes back. */
  readonly sealedHash: Uint8Array
}

/** What waits, oldest first, without what this device has dealt with. */
export async function fetchInbox(client: Client): Promise<readonly InboxItem[]> {
  const { entries } = await client.tokens.with(
    client.http,
    accountCapability(client),
    async (token, subject) =>
      await client.http.json(InboxResponse, { path: `/v1/accounts/${subject}/inbox`, subject, token }),
  )
  const { handled } = client.state.current
  return entries
    .map(({ entry, sealed }) => ({ entry, sealed, sealedHash: sha256(sealed) }))
    .filter(({ sealedHash }) => !handled.some((known) => equalBytes(known, sealedHash)))
}

/** Takes entries out of the inbox, and never looks at them again even if the server gives them. */
export async function dismiss(client: Client, items: readonly Omit<InboxItem, "sealed">[]): Promise<void> {
  if (items.length === 0) return
  const hashes = items.map(({ sealedHash }) => sealedHash)
  await client.state.update((state) => ({ ...state, handled: [...state.handled, ...hashes] }))
  for (const { entry } of items)
    await client.tokens.with(
      client.http,
      accountCapability(client),
      async (token, subject) =>
        await client.http.send({
          method: "DELETE",
          path: `/v1/accounts/${subject}/inbox/${toBase64Url(entry)}`,
          subject,
          token,
        }),
    )
}
