import { assetPrefix } from "../shared/server/assets/layout.js"
import { buryAsset, cancelAbandoned, cancelledAssets, forgetPieces } from "../shared/server/catalog/cleaning.js"
import { failpoint } from "../shared/server/failpoints.js"
import type { WorkerContext } from "./context.js"

const ASSETS_PER_PASS = 100
/** Longer than storing a chunk can take, all retries of the object store's client included. */
export const SETTLE_MS = 15 * 60 * 1000

export interface ExpiryTimes {
  /** After so long without a piece an upload is given up. */
  readonly abandonedMs: number
  /** How long a cancelled asset's row stays, so that a chunk that was being stored meanwhile is found and deleted too. */
  readonly settleMs: number
}

/** Gives up abandoned uploads, and removes all that cancelled ones left: pieces, objects, at last the row, which leaves a tombstone. */
export async function expireUploads(context: WorkerContext, times: ExpiryTimes): Promise<void> {
  const { catalog, spool } = context
  const abandoned = await cancelAbandoned(catalog, times.abandonedMs)
  if (abandoned > 0) context.logger.info("abandoned uploads were cancelled", { uploads: abandoned })
  failpoint("worker.expiry.after-cancel")
  for (const { assetId, settled } of await cancelledAssets(catalog, times.settleMs, ASSETS_PER_PASS)) {
    for (const name of await forgetPieces(catalog, assetId)) await spool.remove(name)
    failpoint("worker.expiry.after-pieces")
    await deleteObjects(context, assetId)
    failpoint("worker.expiry.after-objects")
    if (settled) await buryAsset(catalog, assetId)
    failpoint("worker.expiry.after-row")
  }
}

async function deleteObjects(context: WorkerContext, assetId: Uint8Array): Promise<void> {
  const keys: string[] = []
  for await (const { key } of context.objects.list(assetPrefix(assetId))) keys.push(key)
  for (const key of keys) await context.objects.delete(key)
}
