import { existsSync } from "node:fs"
import { Worker } from "node:worker_threads"
import { ArchiveError, type ErrorCode } from "../../../shared/protocol/errors.js"
import { nodePrimitives } from "../../crypto/node-primitives.js"
import {
  inlineSegmentWork,
  type OpenedWindow,
  type PlaintextPiece,
  type SealedPiece,
  type SealedWindow,
  type SegmentWork,
} from "../segment-work.js"

export type ThreadRequest = { readonly id: number } & (
  { readonly kind: "seal"; readonly piece: PlaintextPiece } | { readonly kind: "open"; readonly window: SealedWindow }
)

export type ThreadAnswer =
  | { readonly id: number; readonly result: SealedPiece | OpenedWindow }
  | {
      readonly id: number
      readonly failure: { readonly code: ErrorCode; readonly message: string; readonly place: string | undefined }
    }

interface Waiting {
  readonly resolve: (result: never) => void
  readonly reject: (error: ArchiveError) => void
}

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
  const waiting = new Map<number, Waiting>()
  let thread: Worker | null = null
  let lastId = 0

  const failAll = (cause: unknown): void => {
    thread = null
    for (const { reject } of waiting.values())
      reject(new ArchiveError("internal", "the sealing thread ended", { cause }))
    waiting.clear()
  }
  const start = (): Worker => {
    const started = new Worker(entry, { resourceLimits: THREAD_LIMITS })
    started.unref()
    started.on("message", (answer: ThreadAnswer) => {
      const waiter = waiting.get(answer.id)
      waiting.delete(answer.id)
      // One that is being closed is waited for.
      if (waiting.size === 0 && thread === started) started.unref()
      if ("result" in answer) waiter?.resolve(answer.result as never)
      else waiter?.reject(errorOf(answer.failure))
    })
    started.on("error", failAll)
    started.on("exit", failAll)
    return started
  }
  const ask = async <Result>(kind: "seal" | "open", work: object, buffer: ArrayBuffer): Promise<Result> => {
    thread ??= start()
    const id = ++lastId
    const answered = new Promise<Result>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
    })
    // While work is under way the process must not end.
    thread.ref()
    thread.postMessage({ id, kind, ...work }, [buffer])
    return await answered
  }

  return {
    seal: async (piece) =>
      piece.plaintextBytes < WORTHWHILE_BYTES
        ? await inline.seal(piece)
        : await ask("seal", { piece }, piece.buffer.buffer),
    open: async (window) =>
      window.sealedBytes < WORTHWHILE_BYTES
        ? await inline.open(window)
        : await ask("open", { window }, window.buffer.buffer),
    close: async () => {
      const ending = thread
      thread = null
      await ending?.terminate()
    },
  }
}

function errorOf(failure: {
  readonly code: ErrorCode
  readonly message: string
  readonly place: string | undefined
}): ArchiveError {
  return new ArchiveError(failure.code, failure.message, failure.place === undefined ? {} : { place: failure.place })
}
