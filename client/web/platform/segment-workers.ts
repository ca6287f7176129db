import { sodiumPrimitives } from "../../crypto/primitives.js"
import { type SegmentAnswer, SegmentCalls, type SegmentRequest } from "../../sdk/segment-calls.js"
import { inlineSegmentWork, type SegmentWork } from "../../sdk/segment-work.js"
import { SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import workerUrl from "./segment-worker.ts?worker&url"
import { trustedScriptUrl } from "./trusted-urls.js"

/** A second one seals while the first does, where the page and the browser beside them have a processor left. */
const MOST_WORKERS = 2
/** What a read begins with is done here, within a millisecond: the first picture does not wait for a worker to start. */
const INLINE_BYTES = 2 * SEGMENT_BYTES

interface SegmentThread {
  readonly calls: SegmentCalls
  readonly post: (request: SegmentRequest, buffers: ArrayBuffer[]) => void
  end(): void
}

/** Sealing and opening beside the page, in web workers that start with the first work; `close` ends them. */
export function createSegmentWorkers(): SegmentWork & { close(): void } {
  const inline = inlineSegmentWork(sodiumPrimitives)
  const size = Math.max(1, Math.min(MOST_WORKERS, (navigator.hardwareConcurrency || 1) - 1))
  const threads = new Set<SegmentThread>()

  const start = (): SegmentThread => {
    const worker = new Worker(trustedScriptUrl(workerUrl), { type: "module" })
    const calls = new SegmentCalls()
    const thread: SegmentThread = {
      calls,
      post: (request, buffers) => {
        worker.postMessage(request, buffers)
      },
      end: () => {
        threads.delete(thread)
        worker.terminate()
        calls.fail("it was closed")
      },
    }
    worker.addEventListener("message", ({ data }: MessageEvent<SegmentAnswer>) => {
      calls.settle(data)
    })
    for (const kind of ["error", "messageerror"])
      worker.addEventListener(kind, (event) => {
        // A page that is left without its worker's file, or memory for it, is not helped by a browser's own message.
        event.preventDefault()
        thread.end()
      })
    threads.add(thread)
    return thread
  }
  /** One that has nothing to do, or a new one, or else the one with the least to do. */
  const idlest = (): SegmentThread => {
    const [first] = [...threads].sort((one, other) => one.calls.count - other.calls.count)
    return first !== undefined && (first.calls.count === 0 || threads.size >= size) ? first : start()
  }

  return {
    seal: async (piece) => {
      if (piece.plaintextBytes <= INLINE_BYTES) return await inline.seal(piece)
      const { calls, post } = idlest()
      return await calls.seal(piece, post)
    },
    open: async (window) => {
      if (window.sealedBytes <= INLINE_BYTES) return await inline.open(window)
      const { calls, post } = idlest()
      return await calls.open(window, post)
    },
    close: () => {
      for (const thread of threads) thread.end()
    },
  }
}
