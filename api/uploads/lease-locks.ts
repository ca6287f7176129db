import { setTimeout as delay } from "node:timers/promises"
import type { Lock } from "@tus/server"
import { toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { acquireLease, releaseLease, renewLease } from "../../shared/server/catalog/leases.js"
import type { Catalog } from "../../shared/server/ports.js"

/** A lease outlives its holder by this, at most. */
const LEASE_MS = 30_000
const RENEW_MS = 10_000
/** How long a newcomer lets the holder end what it is doing; after that the newcomer is taken to be the same client on a new connection. */
const GRACE_MS = 1_000
const RETRY_MS = 50

/** The lock on one upload that a request holds. */
export interface HeldLease {
  readonly token: number
  /** Aborts when the lease was lost: to a newer request, or because it could not be renewed. */
  readonly signal: AbortSignal
}

export interface LeaseLocks {
  /**
   * The lock that tus takes around each operation on an upload, kept in the catalog.
   * @param onHeld gets the lease once it is held.
   */
  lock(assetId: Uint8Array, onHeld: (lease: HeldLease) => void): Lock
}

/** tus asks that a newer request can end an older one that hangs; between processes the fencing token sees to it. */
export function createLeaseLocks(catalog: Catalog): LeaseLocks {
  const holders = new Map<string, AbortController>()

  async function acquire(assetId: Uint8Array, signal: AbortSignal): Promise<number> {
    for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
      const token = await acquireLease(catalog, assetId, LEASE_MS, waitedMs >= GRACE_MS)
      if (token !== null) return token
      if (waitedMs >= GRACE_MS) throw new ArchiveError("not-found", "no such upload")
      if (signal.aborted) throw new ArchiveError("interrupted", "the request ended early")
      await delay(RETRY_MS)
    }
  }

  return {
    lock(assetId, onHeld) {
      const key = toHex(assetId)
      const lost = new AbortController()
      let token: number | undefined
      let renewal: NodeJS.Timeout | undefined

      return {
        async lock(signal) {
          token = await acquire(assetId, signal)
          holders.get(key)?.abort()
          holders.set(key, lost)
          renewal = setInterval(() => {
            void renewLease(catalog, assetId, token ?? 0, LEASE_MS).then(
              (renewed) => renewed || lost.abort(),
              () => lost.abort(),
            )
          }, RENEW_MS)
          onHeld({ token, signal: lost.signal })
        },
        async unlock() {
          clearInterval(renewal)
          if (holders.get(key) === lost) holders.delete(key)
          if (token !== undefined) await releaseLease(catalog, assetId, token)
        },
      }
    },
  }
}
