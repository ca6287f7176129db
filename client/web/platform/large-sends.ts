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
/** So much is sent by one worker, then the next begins: what a browser copied to send it, it keeps for long, but not beyond the worker's end. */
const MOST_BYTES = 32 * 1024 * 1024

interface Sending {
  readonly resolve: (response: Response) => void
  readonly reject: (error: unknown) => void
}

interface Sender {
  readonly worker: Worker
  readonly waiting: Map<number, Sending>
  sentBytes: number
}

/** The one that sends what comes next. */
let current: Sender | null = null
let lastId = 0
let ending: ReturnType<typeof setTimeout> | undefined
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
  const sender = (current ??= startSender())
  const { worker, waiting } = sender
  sender.sentBytes += body.length
  if (sender.sentBytes >= MOST_BYTES) current = null
  const id = ++lastId
  const stop = (): void => {
    worker.postMessage({ kind: "stop", id } satisfies SendingRequest)
  }
  signal.addEventListener("abort", stop)
  try {
    return await new Promise<Response>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      const asked = { kind: "send", id, url, method, headers, buffer, sizeBytes: body.length } as const
      worker.postMessage(asked satisfies SendingRequest, [buffer.buffer])
    })
  } finally {
    signal.removeEventListener("abort", stop)
    if (waiting.size === 0) {
      if (sender === current) ending = setTimeout(endIdle, IDLE_MS)
      else end(sender)
    }
  }
}

/** In portions: copying a whole piece into fresh memory would have the page stand still. */
async function copyOf(body: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const buffer = spare.pop() ?? new Uint8Array(LARGE_BODY_BYTES.most)
  for (let at = 0; at < body.length; at += PORTION_BYTES) {
    await nextTask()
    buffer.set(body.subarray(at, at + PORTION_BYTES), at)
  }
  return buffer
}

function startSender(): Sender {
  const worker = new Worker(trustedScriptUrl(workerUrl), { type: "module" })
  const sender: Sender = { worker, waiting: new Map(), sentBytes: 0 }
  worker.addEventListener("message", ({ data }: MessageEvent<SendingAnswer>) => {
    const { id, buffer, response } = data
    spare.push(buffer)
    const sending = sender.waiting.get(id)
    sender.waiting.delete(id)
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
    worker.addEventListener(kind, (event) => {
      event.preventDefault()
      end(sender)
    })
  return sender
}

function endIdle(): void {
  if (current !== null) end(current)
  spare = []
}

/** Whoever waits is told; what is sent next has another one begin. */
function end(sender: Sender): void {
  if (sender === current) current = null
  sender.worker.terminate()
  for (const { reject } of sender.waiting.values()) reject(new Error("the worker that sends ended"))
  sender.waiting.clear()
}
