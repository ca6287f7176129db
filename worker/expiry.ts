import { assetPrefix, assetRecordKey } from "../shared/server/assets/layout.js"
import { buryAsset, cancelAbandoned, doomedAssets, forgetPieces } from "../shared/server/catalog/cleaning.js"
import { beginPurge, buryMeeting, dueAssets, dueMeetings } from "../shared/server/catalog/deletion.js"
import { beginRemoval, forgetHeldAsset, forgetOutlivedRows, nextOutlivedAsset } from "../shared/server/catalog/holds.js"
import { markOutlived } from "../shared/server/catalog/keeping.js"
import { markOutlivedMessages, meetingsWithDueMessages, purgeMessages } from "../shared/server/catalog/messages.js"
import { failpoint } from "../shared/server/failpoints.js"
import type { WorkerContext } from "./context.js"

const ASSETS_PER_PASS = 100
const MEETINGS_PER_PASS = 100
/** Longer than storing a chunk can take, all retries of the object store's client included. */
export const SETTLE_MS = 15 * 60 * 1000

export interface ExpiryTimes {
  /** After so long without a piece an upload is given up. */
  readonly abandonedMs: number
  /** How long the row stays of an asset whose bytes were removed, so that a chunk that was being stored meanwhile is found and deleted too. */
  readonly settleMs: number
  /** Days between the end of a meeting's retention and the purge day. */
  readonly purgeGraceDays: number
}

/** Gives up abandoned uploads. */
export async function expireUploads({ catalog, logger }: WorkerContext, times: ExpiryTimes): Promise<void> {
  const abandoned = await cancelAbandoned(catalog, times.abandonedMs)
  if (abandoned > 0) logger.info("abandoned uploads were cancelled", { uploads: abandoned })
  failpoint("worker.expiry.after-cancel")
}

/** Marks what its meeting is not to keep any longer, and begins to purge what has reached its purge day. SPEC.md §15. */
export async function beginPurges({ catalog, logger }: WorkerContext, times: ExpiryTimes): Promise<void> {
  const outlived = await markOutlived(catalog, times.purgeGraceDays)
  if (outlived > 0) logger.info("assets reached the end of their meeting's retention", { assets: outlived })
  let begun = 0
  for (const assetId of await dueAssets(catalog, ASSETS_PER_PASS)) {
    if (await beginPurge(catalog, assetId)) begun += 1
    failpoint("worker.purge.after-begin")
  }
  if (begun > 0) logger.info("deleted assets are being purged", { assets: begun })
}

/** The same for messages, which are rows alone. */
export async function purgeOutlivedMessages({ catalog, logger }: WorkerContext, times: ExpiryTimes): Promise<void> {
  const outlived = await markOutlivedMessages(catalog, times.purgeGraceDays)
  if (outlived > 0) logger.info("messages reached the end of their meeting's retention", { messages: outlived })
  let purged = 0
  for (const meetingId of await meetingsWithDueMessages(catalog, MEETINGS_PER_PASS))
    purged += await purgeMessages(catalog, meetingId)
  if (purged > 0) logger.info("messages were purged", { messages: purged })
}

/**
 * Removes all that cancelled uploads and purged assets left: pieces, objects, at last the row, which leaves a tombstone. Of what a hold is on, pieces and
 * objects stay, and the row goes at the same time as it would without.
 * Harmless when run twice, by two workers at once, or ended anywhere: the row stands until everything else is gone.
 */
export async function removeDoomed(context: WorkerContext, times: ExpiryTimes): Promise<void> {
  const { catalog, spool } = context
  for (const { assetId, settled } of await doomedAssets(catalog, times.settleMs, ASSETS_PER_PASS)) {
    if (await beginRemoval(catalog, assetId)) {
      failpoint("worker.expiry.after-begin")
      for (const name of await forgetPieces(catalog, assetId)) await spool.remove(name)
      failpoint("worker.expiry.after-pieces")
      await deleteObjects(context, assetId)
      failpoint("worker.expiry.after-objects")
    }
    if (settled) await buryAsset(catalog, assetId)
    failpoint("worker.expiry.after-row")
  }
}

/** Replaces deleted meetings, whose assets are gone, by their tombstones. */
export async function buryMeetings({ catalog, logger }: WorkerContext): Promise<void> {
  let buried = 0
  for (const meetingId of await dueMeetings(catalog, MEETINGS_PER_PASS)) {
    if (await buryMeeting(catalog, meetingId)) buried += 1
    failpoint("worker.purge.after-meeting")
  }
  if (buried > 0) logger.info("deleted meetings were purged", { meetings: buried })
}

/** Lets go of what was deleted while a hold was on it, once none is any more. */
export async function removeOutlived(context: WorkerContext): Promise<void> {
  const { catalog, spool, logger } = context
  let assets = 0
  for (; assets < ASSETS_PER_PASS; assets++) {
    const outlived = await nextOutlivedAsset(catalog)
    if (outlived === null) break
    failpoint("worker.held.after-begin")
    for (const name of outlived.spoolNames) await spool.remove(name)
    await deleteObjects(context, outlived.assetId)
    failpoint("worker.held.after-objects")
    await forgetHeldAsset(catalog, outlived.assetId)
  }
  const rows = await forgetOutlivedRows(catalog)
  if (assets + rows > 0) logger.info("what outlived its hold was removed", { assets, rows })
}

/** The asset's record first: chunks that it names no longer look like an asset to whoever reads the store alone. SPEC.md §13. */
async function deleteObjects(context: WorkerContext, assetId: Uint8Array): Promise<void> {
  await context.objects.delete(assetRecordKey(assetId))
  failpoint("worker.expiry.after-record")
  const keys: string[] = []
  for await (const { key } of context.objects.list(assetPrefix(assetId))) keys.push(key)
  for (const key of keys) await context.objects.delete(key)
}
