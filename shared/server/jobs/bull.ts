import Queue from "bull"
import { ArchiveError } from "../../protocol/errors.js"
import type { Job, JobQueue } from "../ports.js"
import { jobKey, parseJob } from "./job-key.js"

const QUEUE_NAME = "taciturn"
const ENQUEUE_TIMEOUT_MS = 2_000
/** States of a Redis client that had a connection and lost it. */
const AWAY: ReadonlySet<string> = new Set(["close", "reconnecting", "end"])

/**
 * Jobs by Bull on Redis. Bull drops a job whose id still exists, hence `removeOnComplete` and `removeOnFail`: a job that ran may come again.
 * Redis may lose everything; while it is away, enqueueing fails and the reconciler makes good.
 */
export function openBullQueue(redisUrl: string, onError: (error: unknown) => void): JobQueue {
  const queue = new Queue<Job>(QUEUE_NAME, redisUrl, {
    redis: {
      maxRetriesPerRequest: null,
      enableReadyCheck: false,
      retryStrategy: (attempt: number) => Math.min(attempt * 200, 2_000),
    },
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  })
  queue.on("error", onError)
  return {
    enqueue: async (job) => {
      // What is asked of a connection that broke would wait for its end, and whoever uploads with it.
      if (AWAY.has(queue.client.status)) throw new ArchiveError("unavailable", "the queue is away")
      const added = queue.add(job.name, job, { jobId: jobKey(job) })
      added.catch(() => undefined)
      await withTimeout(added, ENQUEUE_TIMEOUT_MS)
    },
    work: (handler, { concurrency }) => {
      queue
        .process("*", concurrency, async (raw) => {
          await handler(parseJob(raw.data))
        })
        .catch(onError)
    },
    close: async () => {
      await withTimeout(queue.close(), 10_000).catch(() => undefined)
    },
  }
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  try {
    return await Promise.race([
      work,
      new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
          reject(new ArchiveError("unavailable", "the queue does not answer"))
        }, timeoutMs)
      }),
    ])
  } finally {
    clearTimeout(timer)
  }
}
