import { toHex } from "../shared/protocol/bytes.js"
import { parsePieceName } from "../shared/server/assets/layout.js"
import { finishedAssets } from "../shared/server/catalog/assets.js"
import { pendingChunks } from "../shared/server/catalog/chunks.js"
import { endStaleLeases, orphanedFiles, type SpooledFile } from "../shared/server/catalog/cleaning.js"
import { failpoint } from "../shared/server/failpoints.js"
import type { WorkerContext } from "./context.js"
import { type ExpiryTimes, expireUploads } from "./expiry.js"

/** Per pass; what is left waits for the next. */
const JOBS_PER_PASS = 1_000
const FILES_PER_QUERY = 1_000

/**
 * Makes good whatever was lost: from the catalog alone it finds what is unfinished, and nudges again.
 * A queue that still has the job ignores a second one; a queue that lost everything gets it back here.
 */
export async function reconcile(context: WorkerContext, times: ExpiryTimes): Promise<void> {
  await nudgeUnfinished(context)
  await endStaleLeases(context.catalog)
  await expireUploads(context, times)
  await removeOrphanedFiles(context)
}

async function nudgeUnfinished(context: WorkerContext): Promise<void> {
  const { catalog, jobs } = context
  failpoint("worker.reconcile.before-nudge")
  for (const { assetId, n } of await pendingChunks(catalog, JOBS_PER_PASS))
    await jobs.enqueue({ name: "store-chunk", asset: toHex(assetId), chunk: n })
  for (const assetId of await finishedAssets(catalog, JOBS_PER_PASS))
    await jobs.enqueue({ name: "finish-asset", asset: toHex(assetId) })
  failpoint("worker.reconcile.after-nudge")
}

/** Removes what killed requests and killed workers left in the spool. A file with another name than a piece's is not ours to remove. */
async function removeOrphanedFiles(context: WorkerContext): Promise<void> {
  const files: SpooledFile[] = []
  for (const { name } of await context.spool.list()) {
    const parsed = parsePieceName(name)
    if (parsed !== null) files.push({ name, ...parsed })
  }
  for (let first = 0; first < files.length; first += FILES_PER_QUERY) {
    const orphans = await orphanedFiles(context.catalog, files.slice(first, first + FILES_PER_QUERY))
    for (const name of orphans) await context.spool.remove(name)
    failpoint("worker.reconcile.after-remove")
    if (orphans.length > 0)
      context.logger.info("files without a piece were removed from the spool", { files: orphans.length })
  }
}
