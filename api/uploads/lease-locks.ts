import { setTimeout as delay } from "node:timers/promises"
import type { Lock } from "@tus/server"
import { toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { acquireLease, releaseLease, renewLease } from "../../shared/server/catalog/leases.js"
import { findUpload, type Upload } from "../../shared/server/catalog/uploads.js"
import type { Catalog } from "../../shared/server/ports.js"
import { Turn } from "./turn.js"

/** A lease outlives its holder by this, at most. */
const LEASE_MS = 30_000
const RENEW_MS = 10_000
/** How long a newcomer lets the holder end what it is doing; after that the newcomer is taken to be the same client on a new connection. */
const GRACE_MS = 1_000
const RETRY_MS = 50

/** The lock on one upload that a request holds. */
export interface HeldLease {
  readonly token: number
  /** As it stands when the turn before is acknowledged; nobody else changes it while the lease lasts. */
  readonly upload: Upload
  /** What the request brings, and what it follows. */
  readonly turn: Turn
  /** Aborts when the lease was lost: to a newer request, because it could not be renewed, or because a turn of it failed. */
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

/** A lease of this process, held by one turn, or by two of which one follows the other. */
interface SharedLease {
  readonly token: number
  readonly lost: AbortController
  readonly renewal: NodeJS.Timeout
  turns: number
}

interface Held {
  readonly lease: SharedLease
  readonly upload: Upload
  readonly turn: Turn
}

/**
 * tus asks that a newer request can end an older one that hangs; between processes the fencing token sees to it.
 * A request for what lies ahead of the offset waits for the piece before, as long as that takes: so a client may send the next piece on another
 * connection without waiting for the answer. Where the piece before is being received by this process, the lease is handed on once all of it is
 * here, so that one is received while the other becomes durable. Where no piece before comes, the request is refused.
 */
export function createLeaseLocks(catalog: Catalog): LeaseLocks {
  const latest = new Map<string, Held>()

  async function acquire(assetId: Uint8Array, startBytes: number | null, signal: AbortSignal): Promise<Held> {
    const startedMs = performance.now()
    for (;;) {
      const before = latest.get(toHex(assetId))
      const followed = startBytes === null || before === undefined ? null : follow(before, startBytes)
      if (followed !== null) return followed
      const isAhead = before !== undefined && (startBytes ?? 0) > before.upload.offsetBytes
      if (!isAhead) {
        const patient = performance.now() - startedMs < GRACE_MS
        const acquired = await acquireLease(catalog, assetId, LEASE_MS, !patient, startBytes ?? 0)
        if (acquired !== null) return begin(assetId, acquired.token, acquired.upload)
        if (!patient && (await findUpload(catalog, assetId)) === null)
          throw new ArchiveError("not-found", "no such upload")
      }
      if (signal.aborted) throw new ArchiveError("interrupted", "the request ended early")
      await (before === undefined ? delay(RETRY_MS) : Promise.race([delay(RETRY_MS), before.turn.changed]))
    }
  }

  function begin(assetId: Uint8Array, token: number, upload: Upload): Held {
    const lost = new AbortController()
    const lose = (): void => {
      lost.abort()
    }
    const renewal = setInterval(() => {
      renewLease(catalog, assetId, token, LEASE_MS).then((renewed) => {
        if (!renewed) lose()
      }, lose)
    }, RENEW_MS)
    latest.get(toHex(assetId))?.lease.lost.abort()
    return { lease: { token, lost, renewal, turns: 1 }, upload, turn: new Turn(null) }
  }

  async function end(assetId: Uint8Array, { lease, turn }: Held): Promise<void> {
    lease.turns -= 1
    if (lease.turns === 0) clearInterval(lease.renewal)
    // A lease that can't be ended now ends by itself, and must not hide what went wrong before.
    if (lease.turns === 0 && !turn.endedLease) await releaseLease(catalog, assetId, lease.token).catch(() => undefined)
  }

  return {
    lock(assetId, startBytes, onHeld) {
      const key = toHex(assetId)
      let held: Held | undefined
      return {
        async lock(signal) {
          held = await acquire(assetId, startBytes, signal)
          latest.set(key, held)
          const { lease, upload, turn } = held
          onHeld({ token: lease.token, upload, turn, signal: lease.lost.signal })
        },
        async unlock() {
          if (held === undefined) return
          if (held.turn.end() === "failed-followed") held.lease.lost.abort()
          await end(assetId, held)
          if (latest.get(key) === held) latest.delete(key)
          held.turn.release()
        },
      }
    },
  }
}

/** The lease handed on, if what begins at `startBytes` comes next. */
function follow(before: Held, startBytes: number): Held | null {
  const { lease, turn } = before
  if (lease.lost.signal.aborted) return null
  const upload = turn.followAt(startBytes)
  if (upload === null) return null
  lease.turns += 1
  return { lease, upload, turn: new Turn(turn) }
}
