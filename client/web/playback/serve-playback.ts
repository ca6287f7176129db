import type { AssetReader } from "../../sdk/reader/asset-reader.js"
import type { PlayHead, PlayRequest } from "../service-worker/messages.js"
import { flow } from "./byte-flow.js"
import { answerHead } from "./play-head.js"
import type { Failures } from "./played.js"

/** The page's end of playback: answers what the service worker asks for. */

interface Served {
  readonly reader: Pick<AssetReader, "sizeBytes" | "mediaType" | "read">
  readonly download: string | undefined
  readonly failures: Failures
}

/** An answer that is under way, and the run of the service worker that takes it. */
interface Flowing {
  readonly id: string
  readonly worker: string
  end(): void
}

const served = new Map<string, Served>()
let flowing: readonly Flowing[] = []
let isListening = false

/** @returns what ends it. */
export function servePlayback(id: string, playback: Served): () => void {
  listen()
  served.set(id, playback)
  return () => {
    served.delete(id)
    endWhere((answer) => answer.id === id)
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
  // A worker that was stopped says nothing of it: the next run of it does, by asking.
  endWhere(({ worker }) => worker !== request.worker)
  const playback = served.get(request.id)
  if (playback === undefined) {
    port.postMessage({ kind: "unknown" } satisfies PlayHead)
    return
  }
  const { reader, download, failures } = playback
  const { head, range } = answerHead(reader, request, download)
  port.postMessage(head)
  if (range === null) return
  const { id, worker } = request
  const answer: Flowing = { id, worker, end: flow(reader, range, port, failures, forget) }
  function forget(): void {
    flowing = flowing.filter((other) => other !== answer)
  }
  flowing = [...flowing, answer]
}

function endWhere(isOver: (answer: Flowing) => boolean): void {
  for (const answer of flowing.filter(isOver)) answer.end()
}
