import { equalBytes } from "../../shared/protocol/bytes.js"
import type { Blockable, KeyringEntry } from "../../shared/protocol/keyring-entry.js"

/** What the entries of a keyring come to, taken together. SPEC.md §5.4. */

export interface Blocks {
  /** Genesis hashes. */
  readonly accounts: readonly Uint8Array[]
  readonly meetings: readonly Uint8Array[]
}

/** What is blocked by the newest word on each. */
export function blocksIn(entries: readonly KeyringEntry[]): Blocks {
  const blocked = (kind: Blockable): readonly Uint8Array[] =>
    entries.reduce<readonly Uint8Array[]>((hashes, entry) => {
      if (entry.type !== "block" || entry.kind !== kind) return hashes
      const others = hashes.filter((hash) => !equalBytes(hash, entry.hash))
      return entry.isBlocked ? [...others, entry.hash] : others
    }, [])
  return { accounts: blocked("account"), meetings: blocked("meeting") }
}

/** Hashes of the invitation boxes that were declined. */
export function declinedIn(entries: readonly KeyringEntry[]): readonly Uint8Array[] {
  return entries.flatMap((entry) => (entry.type === "declined" ? entry.boxHashes : []))
}
