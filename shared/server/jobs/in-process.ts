import type { Job, JobQueue } from "../ports.js"
import { jobKey } from "./job-key.js"

/** Jobs within one process: a job that waits already is not taken twice. */
export function createInProcessQueue(): JobQueue {
  const waiting = new Map<string, Job>()
  const running = new Set<Promise<void>>()
  let worker: { readonly handler: (job: Job) => Promise<void>; readonly concurrency: number } | null = null
  let closed = false

  const pump = (): void => {
    while (worker !== null && !closed && running.size < worker.concurrency) {
      const [next] = waiting
      if (next === undefined) return
      const [key, job] = next
      waiting.delete(key)
      // What a handler throws is the reconciler's to make good; handlers log for themselves.
      const run = worker.handler(job).catch(() => undefined)
      running.add(run)
      void run.then(() => {
        running.delete(run)
        pump()
      })
    }
  }

  return {
    enqueue: (job) => {
      if (!closed) waiting.set(jobKey(job), job)
      setImmediate(pump)
      return Promise.resolve()
    },
    work: (handler, { concurrency }) => {
      worker = { handler, concurrency }
      pump()
    },
    close: async () => {
      closed = true
      await Promise.all(running)
    },
  }
}
