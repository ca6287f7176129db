import type { AssetReader } from "../../sdk/reader/asset-reader.js"
import type { PlayBytes, PlayHead, PlayPull, PlayRequest } from "../service-worker/messages.js"
import { type AnsweredRange, answerHead } from "./play-head.js"
import type { Failures } from "./played.js"
import { tellServiceWorker } from "./register.js"

/** The page's end of playback: answers what the service worker asks for. */

interface Served {
  readonly reader: Pick<AssetReader, "sizeBytes" | "mediaType" | "read">
  readonly download: string | undefined
  readonly failures: Failures
}

/** A browser stops a worker to which nothing was said for half a minute, whatever it is in the middle of. */
const STAY_MS = 15_000

const served = new Map<string, Served & { readonly closing: AbortController }>()
let underWay = 0
let staying: ReturnType<typeof setInterval> | undefined
let isListening = false

/** @returns what ends it. */
export function servePlayback(id: string, playback: Served): () => void {
  listen()
  const closing = new AbortController()
  served.set(id, { ...playback, closing })
  return () => {
    served.delete(id)
    closing.abort()
  }
}

function listen(): void {
  if (isListening) return
  isListening = true
  const { serviceWorker } = navigator
  serviceWorker.addEventListener("message", ({ data, ports }: MessageEvent<{ readonly kind: string }>) => {
    const [port] = ports
    if (data.kind === "play" && port !== undefined) answer(data as PlayRequest, port)
  })
  serviceWorker.startMessages()
}

function answer(request: PlayRequest, port: MessagePort): void {
  const playback = served.get(request.id)
  if (playback === undefined) {
    port.postMessage({ kind: "unknown" } satisfies PlayHead)
    return
  }
  const { head, range } = answerHead(playback.reader, request, playback.download)
  if (range !== null) giveBytes(playback, range, port)
  port.postMessage(head)
}

function giveBytes(
  { reader, failures, closing }: Served & { readonly closing: AbortController },
  range: AnsweredRange,
  port: MessagePort,
): void {
  const gone = new AbortController()
  const bytes = reader.read(range.start, range.end, AbortSignal.any([gone.signal, closing.signal]))
  stay(1)
  const end = (): void => {
    if (gone.signal.aborted) return
    gone.abort()
    stay(-1)
    port.close()
    // A reader that was stopped in the middle says so; nobody asks any more.
    bytes.return(undefined).catch(() => undefined)
  }
  const say = (said: PlayBytes): void => {
    if (said.kind === "bytes") {
      port.postMessage(said, [said.bytes.buffer])
      return
    }
    port.postMessage(said)
    end()
  }
  const give = async (): Promise<void> => {
    try {
      const next = await bytes.next()
      // What was read is valid until the next is asked for; what is handed over is a copy.
      say(next.done === true ? { kind: "end" } : { kind: "bytes", bytes: new Uint8Array(next.value) })
    } catch (error) {
      failures.report(error)
      say({ kind: "failed" })
    }
  }
  port.onmessage = ({ data }: MessageEvent<PlayPull>) => {
    if (data.kind === "pull") void give()
    else end()
  }
  // Where browsers tell of it: a worker that was stopped takes no more.
  port.addEventListener("close", end)
}

function stay(change: 1 | -1): void {
  underWay += change
  if (underWay === 0) {
    clearInterval(staying)
    staying = undefined
  } else
    staying ??= setInterval(() => {
      tellServiceWorker("stay").catch(() => undefined)
    }, STAY_MS)
}
