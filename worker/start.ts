import { fromHex } from "../shared/protocol/bytes.js"
import { errorFields } from "../shared/server/logger.js"
import type { Job } from "../shared/server/ports.js"
import type { WorkerContext } from "./context.js"
import type { ExpiryTimes } from "./expiry.js"
import { finishAsset } from "./finish-asset.js"
import { reconcile } from "./reconciler.js"
import { storeChunk } from "./store-chunk.js"

export interface WorkerOptions extends ExpiryTimes {
  readonly concurrency: number
  readonly reconcileMs: number
}

export interface RunningWorker {
  /** Takes no further work and waits for what runs. The adapters are the caller's to close, but for the queue. */
  stop(): Promise<void>
}

/** Takes jobs, and reconciles now and then every `reconcileMs`. */
export function startWorker(context: WorkerContext, options: WorkerOptions): RunningWorker {
  const { logger } = context
  context.jobs.work(
    async (job) => {
      try {
        await runJob(context, job)
      } catch (error) {
        logger.warn("a job failed; the reconciler will bring it again", {
          job: job.name,
          asset: job.asset,
          ...errorFields(error),
        })
      }
    },
    { concurrency: options.concurrency },
  )

  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let pass: Promise<void> = Promise.resolve()
  const next = (): void => {
    pass = reconcile(context, options)
      .catch((error: unknown) => {
        logger.warn("a pass of the reconciler failed", errorFields(error))
      })
      .then(() => {
        if (!stopped) timer = setTimeout(next, options.reconcileMs)
      })
  }
  next()
  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await context.jobs.close()
      await pass
    },
  }
}

/** One job; what it is about is read from the catalog. */
export async function runJob(context: WorkerContext, job: Job): Promise<void> {
  const assetId = fromHex(job.asset)
  switch (job.name) {
    case "store-chunk":
      await storeChunk(context, assetId, job.chunk)
      break
    case "finish-asset":
      await finishAsset(context, assetId)
      break
  }
}
