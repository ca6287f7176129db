import { dayOf } from "../../../shared/protocol/ambient.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import type { AuthenticMessage } from "../../crypto/message-judge.js"
import type { Client } from "../client.js"
import { contactOf } from "../contacts.js"

/** Days begin at another moment for a clock that is a little off. */
const SLACK_DAYS = 1

/** How well this account knows who wrote: only who was verified, or came by card, is known to be who the name says. */
export function authorStateOf(client: Client, genesisHash: Uint8Array): "self" | "known" | "unverified" {
  if (equalBytes(genesisHash, client.state.current.secrets.genesisHash)) return "self"
  const state = contactOf(client, genesisHash)?.state
  return state === "verified" || state === "card" ? "known" : "unverified"
}

/** Whether the author's clock says another day than the server's. Nothing vouches for either. */
export function isClockOff({ statement, served }: Pick<AuthenticMessage, "statement" | "served">): boolean {
  return Math.abs(dayOf(statement.timeMs) - served.day) > SLACK_DAYS
}
