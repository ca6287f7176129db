import { sodiumPrimitives } from "../../crypto/primitives.js"
import { sodiumReady } from "../../crypto/sodium.js"
import { answerSegmentRequest, type SegmentAnswer, type SegmentRequest } from "../../sdk/segment-calls.js"

/** The other end of segment-workers.ts: seals and opens what it is given, in turn. */

declare const self: DedicatedWorkerGlobalScope

const ready = sodiumReady()
const post = (answer: SegmentAnswer, buffers: ArrayBuffer[]): void => {
  self.postMessage(answer, buffers)
}

self.addEventListener("message", ({ data }: MessageEvent<SegmentRequest>) => {
  ready.then(
    () => {
      answerSegmentRequest(data, sodiumPrimitives, post)
    },
    (error: unknown) => {
      post({ id: data.id, failure: { code: "internal", message: String(error), place: undefined } }, [])
    },
  )
})
