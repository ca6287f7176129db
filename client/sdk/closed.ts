import { isClosed, type VerifiedChain } from "../../shared/protocol/chain.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { formatId } from "../../shared/protocol/ids.js"

/** Nothing is sealed to an account that was closed. SPEC.md §5.1. @throws {@link ArchiveError} `gone`. */
export function assertOpen(chain: VerifiedChain): void {
  if (isClosed(chain)) throw new ArchiveError("gone", `${formatId("account", chain.accountId)} was closed`)
}
