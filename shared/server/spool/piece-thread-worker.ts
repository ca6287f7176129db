import { parentPort, workerData } from "node:worker_threads"
import { ArchiveError, isArchiveError } from "../../protocol/errors.js"
import type { PieceHashes } from "../assets/piece-hasher.js"
import type { SpoolFile } from "../ports.js"
import { createPieceFile } from "./piece-file.js"
import type { ThreadAnswer, ThreadRequest } from "./piece-thread.js"

/** The other end of piece-thread.ts. */

const root = String(workerData)
const files = new Map<number, SpoolFile>()

parentPort?.on("message", (request: ThreadRequest) => {
  const { id } = request
  if (request.kind === "add") {
    add(id, request.packets)
    return
  }
  answerOf(request).then(
    (hashes) => {
      post({ id, kind: "done", hashes })
    },
    (error: unknown) => {
      const { code, message } = isArchiveError(error) ? error : new ArchiveError("internal", String(error))
      post({ id, kind: "failed", code, message })
    },
  )
})

function add(id: number, packets: readonly Uint8Array[]): void {
  const file = files.get(id)
  let sizeBytes = 0
  let busy: Promise<void> | null = null
  for (const packet of packets) {
    sizeBytes += packet.length
    busy = file?.add(packet) ?? null
  }
  if (busy === null) post({ id, kind: "took", sizeBytes })
  else
    void busy.then(() => {
      post({ id, kind: "took", sizeBytes })
    })
}

async function answerOf(request: Exclude<ThreadRequest, { kind: "add" }>): Promise<PieceHashes | null> {
  const { id } = request
  if (request.kind === "create") {
    files.set(id, await createPieceFile(root, request.name))
    return null
  }
  const file = files.get(id)
  if (file === undefined) throw new ArchiveError("internal", "a spool file that was ended before")
  if (request.kind === "discard") {
    files.delete(id)
    await file.discard()
    return null
  }
  const hashes = await file.commit()
  files.delete(id)
  return hashes
}

function post(answer: ThreadAnswer): void {
  parentPort?.postMessage(answer)
}
