import { parentPort } from "node:worker_threads"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import type { CopyAnswer, CopyRequest } from "./copiers.js"
import { copyHashed, createHashedFile, type HashedBytes, type HashedFile, hashWritten } from "./hashed-file.js"

/** The other end of copiers.ts. */

/** Those whose bytes are handed over, and what such a one failed with. */
const files = new Map<number, HashedFile | ArchiveError>()

parentPort?.on("message", (request: CopyRequest) => {
  const { id } = request
  switch (request.kind) {
    case "copy":
      answer(id, copyHashed(request.from, request.to))
      break
    case "hash":
      answer(id, hashWritten(request.path, request.known))
      break
    case "create":
      files.set(
        id,
        attempt(() => createHashedFile(request.to)),
      )
      break
    case "add":
      add(id, request.bytes.subarray(0, request.filledBytes))
      post({ kind: "took", bytes: request.bytes }, [request.bytes.buffer])
      break
    case "commit":
      answer(id, commit(id))
      break
    case "abandon":
      answer(id, abandon(id))
      break
  }
})

function add(id: number, bytes: Uint8Array): void {
  const file = files.get(id)
  if (file === undefined || isArchiveError(file)) return
  const failure = attempt(() => {
    file.add(bytes)
  })
  if (failure === undefined) return
  file.abandon()
  files.set(id, failure)
}

async function commit(id: number): Promise<HashedBytes> {
  const file = files.get(id)
  files.delete(id)
  if (file === undefined) throw new ArchiveError("internal", "a file that was never begun")
  if (isArchiveError(file)) throw file
  try {
    return await file.commit()
  } finally {
    file.abandon()
  }
}

function abandon(id: number): Promise<null> {
  const file = files.get(id)
  files.delete(id)
  if (file !== undefined && !isArchiveError(file)) file.abandon()
  return Promise.resolve(null)
}

function attempt<T>(work: () => T): T | ArchiveError {
  try {
    return work()
  } catch (error) {
    return asArchiveError(error)
  }
}

function answer(id: number, work: Promise<HashedBytes | null>): void {
  work.then(
    (hashes) => {
      post({ id, kind: "done", hashes })
    },
    (error: unknown) => {
      const { code, message } = asArchiveError(error)
      post({ id, kind: "failed", code, message })
    },
  )
}

function asArchiveError(error: unknown): ArchiveError {
  return isArchiveError(error) ? error : new ArchiveError("internal", String(error))
}

function post(said: CopyAnswer, transferred: ArrayBuffer[] = []): void {
  parentPort?.postMessage(said, transferred)
}
