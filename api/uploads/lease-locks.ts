import { setTimeout as delay } from "node:timers/promises"
import type { Lock } from "@tus/server"
import { toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { acquireLease, type AcquiredLease, releaseLease, renewLease } from "../../shared/server/catalog/leases.js"
import { findUpload, type Upload } from "../../shared/server/catalog/uploads.js"
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
  /** As it stood when the lease began; nobody else changes it while that lasts. */
  readonly upload: Upload
  /** To be called by who ended the lease together with what it was held for: so it needs no ending of its own. */
  readonly wasEnded: () => void
  /** Aborts when the lease was lost: to a newer request, or because it could not be renewed. */
  readonly signal: AbortSignal
}

export interface LeaseLocks {
  /**
   * The lock that tus takes around each operation on an upload, kept in the catalog.
   * @param startBytes where what the request brings begins; `null` where it brings nothing.
   * @param onHeld gets the lease once it is held.
   */
  lock(assetId: Uint8Array, startBytes: number | null, onHeld: (lease: HeldLease) => void): Lock
}

interface Holder {
  readonly lost: AbortController
  readonly released: Promise<void>
}

/**
 * tus asks that a newer request can end an older one that hangs; between processes the fencing token sees to it.
 * A request for what lies ahead of the offset waits for the piece before, as long as that takes: so a client may send the next piece on another
 * connection without waiting for the answer. Where no piece before comes, it is refused.
 */
export function createLeaseLocks(catalog: Catalog): LeaseLocks {
  const holders = new Map<string, Holder>()

  async function acquire(assetId: Uint8Array, startBytes: number | null, signal: AbortSignal): Promise<AcquiredLease> {
    const startedMs = performance.now()
    for (;;) {
      const patient = performance.now() - startedMs < GRACE_MS
      const lease = await acquireLease(catalog, assetId, LEASE_MS, !patient, startBytes ?? 0)
      if (lease !== null) return lease
      if (!patient && (await findUpload(catalog, assetId)) === null)
        throw new ArchiveError("not-found", "no such upload")
      if (signal.aborted) throw new ArchiveError("interrupted", "the request ended early")
      const holder = holders.get(toHex(assetId))
      await (holder === undefined ? delay(RETRY_MS) : Promise.race([delay(RETRY_MS), holder.released]))
    }
  }

  return {
    lock(assetId, startBytes, onHeld) {
      const key = toHex(assetId)
      let token: number | undefined
      let renewal: NodeJS.Timeout | undefined
      let release = (): void => undefined
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      const holder: Holder = { lost: new AbortController(), released }

      return {
        async lock(signal) {
          const lease = await acquire(assetId, startBytes, signal)
          token = lease.token
          holders.get(key)?.lost.abort()
          holders.set(key, holder)
          const lose = (): void => {
            holder.lost.abort()
          }
          renewal = setInterval(() => {
            renewLease(catalog, assetId, lease.token, LEASE_MS).then((renewed) => {
              if (!renewed) lose()
            }, lose)
          }, RENEW_MS)
          onHeld({
            ...lease,
            signal: holder.lost.signal,
            wasEnded: () => {
              token = undefined
            },
          })
        },
        async unlock() {
          clearInterval(renewal)
          // A lease that can't be ended now ends by itself, and must not hide what went wrong before.
          if (token !== undefined) await releaseLease(catalog, assetId, token).catch(() => undefined)
          if (holders.get(key) === holder) holders.delete(key)
          release()
        },
      }
    },
  }
}
