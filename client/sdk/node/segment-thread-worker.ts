import { parentPort } from "node:worker_threads"
import { nodePrimitives } from "../../crypto/node-primitives.js"
import { sodiumReady } from "../../crypto/sodium.js"
import { answerSegmentRequest, type SegmentRequest } from "../segment-calls.js"

/** The other end of segment-thread.ts: seals and opens what it is given, in turn. */

await sodiumReady()

parentPort?.on("message", (request: SegmentRequest) => {
  answerSegmentRequest(request, nodePrimitives, (answer, buffers) => {
    parentPort?.postMessage(answer, buffers)
  })
})
