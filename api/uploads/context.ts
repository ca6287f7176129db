import type { ByteCaps } from "../../shared/server/config.js"
import type { Catalog, Spool } from "../../shared/server/ports.js"

/** What the upload routes are given. */
export interface UploadContext {
  readonly catalog: Catalog
  readonly spool: Spool
  /** Bytes of one upload that may wait in the spool before it is told to wait. */
  readonly unstoredBytes: number
  /** Bytes that stay free on the spool's disk. */
  readonly reserveBytes: number
  readonly byteCaps: ByteCaps
  /** Tells the worker of a complete chunk, or of a finished upload. A nudge that fails is made good by the reconciler. */
  readonly nudge: (assetId: Uint8Array, chunk: number | null) => Promise<void>
}
