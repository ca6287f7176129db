import { parentPort } from "node:worker_threads"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import type { CopyAnswer, CopyRequest } from "./copiers.js"
import {
  addBytes,
  copyHashed,
  createHashedFile,
  type HashedBytes,
  type HashedFile,
  hashWritten,
} from "./hashed-file.js"

/** The other end of copiers.ts. */

/** Those whose bytes are handed over, each with what was asked of it before. */
const files = new Map<number, Promise<HashedFile>>()

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
      keep(id, create(request.to))
      break
    case "add":
      keep(id, add(begun(id), request.bytes, request.filledBytes))
      break
    case "commit":
      answer(id, commit(begun(id)))
      files.delete(id)
      break
    case "abandon":
      answer(id, abandon(begun(id)))
      files.delete(id)
      break
  }
})

/** What it failed with is said once it is committed. */
function keep(id: number, file: Promise<HashedFile>): void {
  file.catch(() => undefined)
  files.set(id, file)
}

async function begun(id: number): Promise<HashedFile> {
  const file = files.get(id)
  if (file === undefined) throw new ArchiveError("internal", "a file that was never begun")
  return await file
}

async function create(path: string): Promise<HashedFile> {
  return await Promise.resolve(createHashedFile(path))
}

async function add(
  begunFile: Promise<HashedFile>,
  bytes: Uint8Array<ArrayBuffer>,
  filledBytes: number,
): Promise<HashedFile> {
  try {
    const file = await begunFile
    try {
      await addBytes(file, bytes.subarray(0, filledBytes))
      return file
    } catch (error) {
      file.abandon()
      throw error
    }
  } finally {
    post({ kind: "took", bytes }, [bytes.buffer])
  }
}

async function commit(begunFile: Promise<HashedFile>): Promise<HashedBytes> {
  const file = await begunFile
  try {
    return await file.commit()
  } finally {
    file.abandon()
  }
}

async function abandon(begunFile: Promise<HashedFile>): Promise<null> {
  const file = await begunFile.catch(() => null)
  file?.abandon()
  return null
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
