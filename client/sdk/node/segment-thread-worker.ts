import { parentPort } from "node:worker_threads"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { nodePrimitives } from "../../crypto/node-primitives.js"
import { sodiumReady } from "../../crypto/sodium.js"
import { openWindow, sealPiece } from "../segment-work.js"
import type { ThreadAnswer, ThreadRequest } from "./segment-thread.js"

/** The other end of segment-thread.ts: seals and opens what it is given, in turn. */

await sodiumReady()

parentPort?.on("message", (request: ThreadRequest) => {
  const answer = answerOf(request)
  const buffers = "result" in answer ? [answer.result.buffer.buffer] : []
  parentPort?.postMessage(answer, buffers)
})

function answerOf(request: ThreadRequest): ThreadAnswer {
  try {
    const result =
      request.kind === "seal" ? sealPiece(request.piece, nodePrimitives) : openWindow(request.window, nodePrimitives)
    return { id: request.id, result }
  } catch (error) {
    const failure = isArchiveError(error)
      ? { code: error.code, message: error.message, place: error.place }
      : { code: "internal" as const, message: String(error), place: undefined }
    return { id: request.id, failure }
  }
}
