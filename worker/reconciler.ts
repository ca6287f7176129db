import { toHex } from "../shared/protocol/bytes.js"
import { parsePieceName } from "../shared/server/assets/layout.js"
import { finishedAssets } from "../shared/server/catalog/assets.js"
import { pendingChunks } from "../shared/server/catalog/chunks.js"
import { endStaleLeases, orphanedFiles, type SpooledFile } from "../shared/server/catalog/cleaning.js"
import { failpoint } from "../shared/server/failpoints.js"
import { jobKey } from "../shared/server/jobs/job-key.js"
import { errorFields } from "../shared/server/logger.js"
import type { Catalog, Job } from "../shared/server/ports.js"
import type { WorkerContext } from "./context.js"
import {
  beginPurges,
  buryMeetings,
  type ExpiryTimes,
  expireUploads,
  purgeOutlivedMessages,
  removeDoomed,
  removeOutlived,
} from "./expiry.js"
import { removeStrayPacks } from "./pack-messages.js"
import { runJob } from "./run-job.js"

/** Per pass; what is left waits for the next. */
const JOBS_PER_PASS = 1_000
const DIRECT_JOBS_PER_PASS = 32
const FILES_PER_QUERY = 1_000

/**
 * Makes good whatever the queue lost: from the catalog alone it finds what is unfinished, and nudges again. What was unfinished at the pass before
 * too it does at once, by itself: a queue drops a second job of a name while it believes that a worker, killed since, has the first.
 * @param before what the pass before returned.
 * @returns what is unfinished.
 */
export async function nudgeUnfinished(
  context: WorkerContext,
  before: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  failpoint("worker.reconcile.before-nudge")
  const jobs = await unfinishedJobs(context.catalog)
  const stale = jobs.filter((job) => before.has(jobKey(job)))
  await enqueueAll(
    context,
    jobs.filter((job) => !before.has(jobKey(job))),
  )
  failpoint("worker.reconcile.after-nudge")
  await runDirectly(context, stale.slice(0, DIRECT_JOBS_PER_PASS))
  return new Set(jobs.map(jobKey))
}

/** Up to the first that fails: while the queue is away, the next pass does what is unfinished by itself. */
async function enqueueAll(context: WorkerContext, jobs: readonly Job[]): Promise<void> {
  try {
    for (const job of jobs) await context.jobs.enqueue(job)
  } catch (error) {
    context.logger.warn("the queue did not take a job", errorFields(error))
  }
}

async function unfinishedJobs(catalog: Catalog): Promise<readonly Job[]> {
  const chunks = await pendingChunks(catalog, JOBS_PER_PASS)
  const assets = await finishedAssets(catalog, JOBS_PER_PASS)
  return [
    ...chunks.map(({ assetId, n }): Job => ({ name: "store-chunk", asset: toHex(assetId), chunk: n })),
    ...assets.map((assetId): Job => ({ name: "finish-asset", asset: toHex(assetId) })),
  ]
}

/** Up to the first that fails: where the store is away, the others would fail too, each after its time. */
async function runDirectly(context: WorkerContext, jobs: readonly Job[]): Promise<void> {
  for (const job of jobs) {
    try {
      await runJob(context, job)
    } catch (error) {
      context.logger.warn("a job failed again", { job: job.name, asset: job.asset, ...errorFields(error) })
      return
    }
  }
}

/** Ends stale leases, gives up abandoned uploads, purges what is due, and removes what is left of those and of killed requests. */
export async function cleanUp(context: WorkerContext, times: ExpiryTimes): Promise<void> {
  await endStaleLeases(context.catalog)
  await expireUploads(context, times)
  await beginPurges(context, times)
  await purgeOutlivedMessages(context, times)
  await removeDoomed(context, times)
  await buryMeetings(context)
  await removeOutlived(context)
  await removeStrayPacks(context, times.settleMs)
  await removeOrphanedFiles(context)
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
