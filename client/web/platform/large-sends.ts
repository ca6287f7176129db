import { CHUNK_BYTES } from "../../../shared/protocol/sizes.js"
import { nextTask } from "./next-task.js"
import type { SendingAnswer, SendingRequest } from "./sending-messages.js"
import workerUrl from "./sending-worker.ts?worker&url"
import { trustedScriptUrl } from "./trusted-urls.js"

/**
 * Sending beside the page, in a web worker that is there while something is sent: a browser copies what it sends in the thread that asks for it, and does so for
 * longer than a page may stand still.
 */

/** What is sent so: pieces of what is uploaded. */
export const LARGE_BODY_BYTES = { least: 1024 * 1024, most: CHUNK_BYTES } as const
const PORTION_BYTES = 1024 * 1024
/** After so long without anything to send the worker ends, and the memory that it takes is free. */
const IDLE_MS = 5_000

interface Sending {
  readonly resolve: (response: Response) => void
  readonly reject: (error: unknown) => void
}

let worker: Worker | null = null
let lastId = 0
let ending: ReturnType<typeof setTimeout> | undefined
const waiting = new Map<number, Sending>()
/** What crosses to the worker and back: fresh memory for each piece would cost more than copying does. */
let spare: Uint8Array<ArrayBuffer>[] = []

/**
 * As `fetch` does, for a large body, of which a copy is sent, and a small answer.
 * Rejects where no answer comes, or the signal comes first.
 */
export async function sendByWorker(
  url: string,
  request: {
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: Uint8Array
    readonly signal: AbortSignal
  },
): Promise<Response> {
  const { method, headers, body, signal } = request
  signal.throwIfAborted()
  const buffer = await copyOf(body)
  if (signal.aborted) spare.push(buffer)
  signal.throwIfAborted()
  clearTimeout(ending)
  const running = (worker ??= startWorker())
  const id = ++lastId
  const stop = (): void => {
    running.postMessage({ kind: "stop", id } satisfies SendingRequest)
  }
  signal.addEventListener("abort", stop)
  try {
    return await new Promise<Response>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      const asked = { kind: "send", id, url, method, headers, buffer, sizeBytes: body.length } as const
      running.postMessage(asked satisfies SendingRequest, [buffer.buffer])
    })
  } finally {
    signal.removeEventListener("abort", stop)
    if (waiting.size === 0) ending = setTimeout(end, IDLE_MS)
  }
}

/** In portions: copying a whole piece into fresh memory would have the page stand still. */
async function copyOf(body: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const buffer = spare.pop() ?? new Uint8Array(LARGE_BODY_BYTES.most)
  for (let at = 0; at < body.length; at += PORTION_BYTES) {
    if (at > 0) await nextTask()
    buffer.set(body.subarray(at, at + PORTION_BYTES), at)
  }
  return buffer
}

function startWorker(): Worker {
  const started = new Worker(trustedScriptUrl(workerUrl), { type: "module" })
  started.addEventListener("message", ({ data }: MessageEvent<SendingAnswer>) => {
    const { id, buffer, response } = data
    spare.push(buffer)
    const sending = waiting.get(id)
    waiting.delete(id)
    if (response === null) {
      sending?.reject(new Error("no answer came"))
      return
    }
    const { status, headers, body } = response
    // Of some answers there is no body, not even an empty one.
    const given = body.length === 0 ? null : (body as Uint8Array<ArrayBuffer>)
    sending?.resolve(new Response(given, { status, headers }))
  })
  for (const kind of ["error", "messageerror"])
    started.addEventListener(kind, (event) => {
      event.preventDefault()
      end()
    })
  return started
}

/** Whoever waits is told; what is sent next has another one begin. */
function end(): void {
  worker?.terminate()
  worker = null
  spare = []
  for (const { reject } of waiting.values()) reject(new Error("the worker that sends ended"))
  waiting.clear()
}
