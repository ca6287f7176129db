import { existsSync } from "node:fs"
import { Worker } from "node:worker_threads"
import { nodePrimitives } from "../../crypto/node-primitives.js"
import { type SegmentAnswer, SegmentCalls, type SegmentRequest } from "../segment-calls.js"
import { inlineSegmentWork, type SegmentWork } from "../segment-work.js"

/** What is smaller is done here: it is over before another thread had begun. */
const WORTHWHILE_BYTES = 512 * 1024

/** It holds little beside the buffers that pass through; its heap must not grow with them. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 96 }

const ENTRY = new URL("./segment-thread-worker.js", import.meta.url)

/**
 * Sealing and opening in a thread beside the one that serves sockets and files. It starts with the first work, and `close` ends it.
 * Run from source there is no compiled `entry` to start: then all is done in the calling thread.
 */
export function createSegmentThread(entry: URL = ENTRY): SegmentWork & { close(): Promise<void> } {
  const inline = inlineSegmentWork(nodePrimitives)
  if (!existsSync(entry)) return { ...inline, close: () => Promise.resolve() }
  const calls = new SegmentCalls()
  let thread: Worker | null = null

  const ended = (cause: unknown): void => {
    thread = null
    calls.fail(cause)
  }
  const start = (): Worker => {
    const started = new Worker(entry, { resourceLimits: THREAD_LIMITS })
    started.unref()
    started.on("message", (answer: SegmentAnswer) => {
      calls.settle(answer)
      // One that is being closed is waited for.
      if (calls.count === 0 && thread === started) started.unref()
    })
    started.on("error", ended)
    started.on("exit", ended)
    return started
  }
  const post = (request: SegmentRequest, buffers: ArrayBuffer[]): void => {
    thread ??= start()
    // While work is under way the process must not end.
    thread.ref()
    thread.postMessage(request, buffers)
  }

  return {
    seal: async (piece) =>
      piece.plaintextBytes < WORTHWHILE_BYTES ? await inline.seal(piece) : await calls.seal(piece, post),
    open: async (window) =>
      window.sealedBytes < WORTHWHILE_BYTES ? await inline.open(window) : await calls.open(window, post),
    close: async () => {
      const ending = thread
      thread = null
      await ending?.terminate()
    },
  }
}
