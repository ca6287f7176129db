import { errorFields } from "../shared/server/logger.js"
import { remindOfCases } from "./case-reminders.js"
import type { WorkerContext } from "./context.js"
import type { ExpiryTimes } from "./expiry.js"
import { keepLedger, replayAtStart } from "./ledger.js"
import { packMessages } from "./pack-messages.js"
import { cleanUp, nudgeUnfinished } from "./reconciler.js"
import { runJob } from "./run-job.js"

export interface WorkerOptions extends ExpiryTimes {
  /** Days after which messages are packed. */
  readonly packAfterDays: number
  readonly ledgerFile: string
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
  let unfinished: ReadonlySet<string> = new Set()
  let [remindedDay, packedDay] = [0, 0]
  let noted: string | null = null
  const reconcile = async (): Promise<void> => {
    unfinished = await nudgeUnfinished(context, unfinished)
    // Nothing may go before it is known what is held.
    if (noted === null) await replayAtStart(context, options.ledgerFile)
    await cleanUp(context, options)
    packedDay = await packMessages(context, options.packAfterDays, packedDay)
    remindedDay = await remindOfCases(context, remindedDay)
    noted = await keepLedger(context, options.ledgerFile, noted)
  }
  const next = (): void => {
    pass = reconcile()
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
