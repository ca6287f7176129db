import { isArchiveError } from "../../../shared/protocol/errors.js"
import { registerAccount } from "../../sdk/account.js"
import type { Client } from "../../sdk/client.js"
import { rekeyPending } from "../../sdk/devices.js"
import { fetchInstance } from "../../sdk/instance.js"
import { refreshKeys } from "../../sdk/links.js"
import { admitPreApproved } from "../../sdk/offers.js"

/**
 * What every visit begins with: the server is the one that was pinned and knows the account, what an earlier visit could not end is gone on with, and
 * whoever came by a link that asks nothing is let in.
 * @throws {@link ArchiveError} `instance-changed`; `not-authorised` where this device was removed; `gone` where the account was closed; `unavailable`.
 */
export async function catchUp(client: Client): Promise<void> {
  await fetchInstance(client.http, client.state.current.instanceKey)
  await registerAccount(client)
  await refreshKeys(client)
  await rekeyPending(client)
  if (client.state.current.preApprovedUntilMs > client.clock.nowMs()) await admitPreApproved(client)
}

/** What ended this device's part in its account, or `null`. */
export function endOf(error: unknown): "removed" | "closed" | null {
  if (!isArchiveError(error)) return null
  return error.code === "not-authorised" ? "removed" : error.code === "gone" ? "closed" : null
}
